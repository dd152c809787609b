"""Benchmarks: every claim of speed, each a ratio against a reference in the same run."""
