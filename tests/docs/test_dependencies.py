"""Each dependency is argued, and each extra explained."""

from __future__ import annotations

import re
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # which coverage brings along there

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "dependencies.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FOR_USERS = ("analysis", "cli", "demo", "lake", "postgresql", "nats", "kafka", "otlp", "http")


def _is_named(requirement):
    name = re.match(r"[\w.-]+", requirement)[0]
    return re.search(rf"(?<![\w-]){re.sub('[-_.]', '[-_.]', name)}(?![\w-])", PAGE, re.IGNORECASE)


def test_every_dependency_is_argued():
    required = [*PROJECT["dependencies"], *(each for extra in FOR_USERS for each in _extra(extra))]
    assert [requirement for requirement in required if not _is_named(requirement)] == []


def _extra(name):
    return [each for each in PROJECT["optional-dependencies"][name] if not each.startswith("jupyter_telemetry[")]


def test_every_extra_is_explained():
    assert [extra for extra in PROJECT["optional-dependencies"] if f"`{extra}`" not in PAGE] == []
