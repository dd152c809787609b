"""The audit record: what it says, how it is kept, how it is found again and how it is proved untouched.

::

    record      an event -> the bytes of a CloudTrail record
    chain       frames, hash chain and segment headers: the bytes of a journal
    checkpoint  Ed25519-signed statements about a journal's head
    anchor      the keyed note of the newest durable head
    layout      where everything lies; errors  what can go wrong
    segment     reading segments, plain or compressed
    writer      appending to the files of one journal, with recovery
    journal     the worker's journal: asyncio in front, group commit behind
    outbox      records of changes: from the change's own transaction into the journal "changes"
    shipping    checkpoints copied to a directory outside
    trail       the queryable trail, built from the journals
    verify      the offline verifier; report  what it says
    rejects     bounded counts of unauthenticated requests
"""
