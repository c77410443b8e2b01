"""Each fragment of the changelog has the name that CONTRIBUTING asks for, and says something."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def kinds():
    config = (ROOT / "towncrier.toml").read_text(encoding="utf-8")
    return re.findall(r'^directory = "(?!changes")(\w+)"$', config, flags=re.MULTILINE)


def test_contributing_explains_every_kind():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE) == kinds()


def test_fragments_are_named_by_what_and_kind():
    name = re.compile(rf"[a-z0-9]+(?:-[a-z0-9]+)*\.(?:{'|'.join(kinds())})\.md")
    assert [path.name for path in (ROOT / "changes").iterdir() if not name.fullmatch(path.name)] == []


def test_fragments_are_sentences():
    texts = {path.name: path.read_text(encoding="utf-8").strip() for path in (ROOT / "changes").iterdir()}
    assert [name for name, text in texts.items() if not re.fullmatch(r"[A-Z`].*[.)]", text, flags=re.DOTALL)] == []
