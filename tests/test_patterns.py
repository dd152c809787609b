"""Expressions that are compiled at their first use: each one is used here."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import strongroom
from strongroom.patterns import pattern_of

MODULES = tuple(module.name for module in pkgutil.walk_packages(strongroom.__path__, "strongroom."))


def test_every_expression_is_one() -> None:
    """A mistake in one would otherwise be found by the request that needs it."""
    found = 0
    for name in MODULES:
        if name.startswith("strongroom.functions.inside"):  # runs in a sandbox, on nothing of ours
            continue
        for value in vars(importlib.import_module(name)).values():
            if type(value) is type(pattern_of("")):
                assert isinstance(value.pattern, str | bytes)
                found += 1
    assert found > 30


def test_it_behaves_as_a_compiled_one_does() -> None:
    """Its methods and attributes are those of the compiled expression."""
    pattern = pattern_of(r"(?P<word>[a-z]+)", re.ASCII | re.IGNORECASE)
    compiled = re.compile(r"(?P<word>[a-z]+)", re.ASCII | re.IGNORECASE)
    for _ in range(2):
        found = pattern.fullmatch("Word")
        assert found is not None
        assert found["word"] == "Word"
        assert pattern.fullmatch("w0rd") is None
        assert pattern.findall("a 1 b") == compiled.findall("a 1 b")
    assert (pattern.groupindex, pattern.flags) == (compiled.groupindex, compiled.flags)


def test_a_mistake_is_found_at_the_first_use() -> None:
    """And at every one after it."""
    pattern = pattern_of("(")
    for _ in range(2):
        with pytest.raises(re.error, match="unterminated"):
            pattern.match("")
