"""The cryptographic engines: sealing, wrapping, deriving, authenticating, signing, drawing.

Rules that every module here keeps:

1. Primitives come from the ``cryptography`` library; nothing here is invented but formats.
2. No I/O, no clock. Randomness is the kernel's (``os.urandom``), so that a fork or a restored machine
   snapshot cannot repeat a nonce (K-01).
3. A key is chosen by what an authenticated header names, never by trying several (K-04).
4. Errors are those of ``errors.py``; they say which rule was broken and carry no secret material.
"""
