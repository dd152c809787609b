"""The operation reference is what the tables of operations say."""

from __future__ import annotations

from pathlib import Path

from tools.operation_reference import render

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "operations.md"


def test_the_operation_reference_is_up_to_date() -> None:
    """The page on disk is what the generator prints from the code."""
    assert PAGE.read_text(encoding="utf-8") == render(), "run: make reference"
