"""Tests of fetching from addresses that somebody else chose."""
