"""The IAM policy language: read a policy, compile it, decide a question.

::

    text --document--> Document --compile--> CompiledPolicy --evaluate(question)--> Decision

Rules:
 - Everything here is pure: no I/O, no clock, no randomness. What a request is about comes in as a
   ``Question``.
 - Deny wins. What cannot be evaluated denies: such an Allow does not apply, such a Deny does.
 - A policy is compiled once for each version and then only read; it may be shared by threads.

It knows no services and no stored rows: which policies are in force, which ARN a request is about and which
condition keys it carries is the caller's to say.
"""
