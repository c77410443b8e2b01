"""The architecture page shows every room of the house, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "jupyter_telemetry"
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")


def test_every_room_is_shown():
    rooms = {path.name + "/" for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    rooms |= {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py"}
    rooms |= {f"{wing}/{path.name}" for wing in ("journal", "privacy") for path in (PACKAGE / wing).glob("*.py")} - {
        "journal/__init__.py",
        "privacy/__init__.py",
    }
    shown = set(re.findall(r"`([\w/]+(?:\.py|/))`", PAGE))
    wings_in_full = {"journal/", "privacy/"}
    assert rooms - shown - wings_in_full == set()


def test_no_room_is_shown_that_is_not_there():
    shown = set(re.findall(r"`([\w/]+\.py)`", PAGE))
    assert {room for room in shown if not (PACKAGE / room).is_file() and room != "noxfile.py"} == set()
