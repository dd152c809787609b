"""Tests of the cryptographic engines."""
