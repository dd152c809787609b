"""Bytes to typed shapes and back: the engine knows protocols and no services."""
