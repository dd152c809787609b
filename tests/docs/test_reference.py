"""The lists in the documents are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from strongroom.cli.commands import COMMANDS
from strongroom.cli.reference import COMMANDS_PAGE, SETTINGS_PAGE, write_pages

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", [SETTINGS_PAGE, COMMANDS_PAGE])
def test_a_reference_page_is_what_the_code_says(page: str, tmp_path: Path) -> None:
    """``make reference`` would change nothing."""
    write_pages(tmp_path)
    assert (DOCS / "reference" / page).read_text() == (tmp_path / page).read_text(), "run: make reference"


def test_every_flag_in_a_guide_exists() -> None:
    """The commands that the guide for operators shows take the flags that it gives them."""
    page = (DOCS / "reference" / COMMANDS_PAGE).read_text()
    known = set(re.findall(r"`(--[a-z-]+)", page))
    guide = (DOCS / "how-to" / "operate.md").read_text()
    shown = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]*)", guide))
    assert shown
    assert shown <= known
    commands = set(re.findall(r"strongroom ([a-z]+) ", guide))
    assert commands
    assert commands <= {name for name, _, _ in COMMANDS}


def test_links_between_documents_lead_somewhere() -> None:
    """No page links to a file that is not there."""
    dead = []
    for page in sorted(DOCS.rglob("*.md")):
        prose = re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8"))  # patterns of members are no links
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose):
            if "://" not in link and not (page.parent / link).exists():
                dead.append(f"{page.relative_to(DOCS)}: {link}")
    assert dead == []
