"""Rotation: secrets are changed where they are used, and no application is locked out meanwhile.

machine.py    which step is next: tables, no clock, no store, no network
rotator.py    the contract of what changes one kind of target
rotators/     those that are built in
runner.py     takes one rotation on, step by step, with each intent durable before the target is touched
journal.py    its lease, and the steps that are committed under it
look.py       the rows and opened values that a step is decided on
loop.py       the rotation process: what is due, how many at once, what a crash left behind
"""
