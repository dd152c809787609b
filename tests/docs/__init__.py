"""Tests that the documentation tells the truth."""
