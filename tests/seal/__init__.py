"""Tests of the seals: where the root key comes from."""
