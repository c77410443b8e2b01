"""Links between README, docs and the other files of the repository lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts)]
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[\w-]*)?\)")
OWN = re.compile(r"https://github\.com/jupyter/telemetry/(?:blob|tree)/main/([^)#\s]+)")


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in sorted(PAGES)])
def test_links_lead_to_files_that_are_there(page):
    text = page.read_text(encoding="utf-8")
    targets = {page.parent / target for target in LINK.findall(text)} | {ROOT / target for target in OWN.findall(text)}
    assert [str(target) for target in sorted(targets) if not target.exists()] == []


def test_readme_is_short():
    first = (ROOT / "README.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    assert len(first.splitlines()) <= 12


def test_readme_shows_a_picture_that_is_not_heavy():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = [ROOT / target for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)]
    assert [picture.stat().st_size for picture in pictures if picture.stat().st_size > 300_000] == []
    assert pictures
