"""The reference names each variable of the environment that is a setting, each trait, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jupyter_telemetry.convention import VARIABLES, settings_in_environment
from jupyter_telemetry.privacy.pseudonym import KEY_VARIABLE
from jupyter_telemetry.settings import SETTINGS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
TEXTS = {
    "max_event_bytes": "1000",
    "max_rates": "5",
    "fetch_references": "true",
    "handlers": "[]",
    "notice": "{}",
    "redactions": "{}",
}


def table(heading):
    """Return the cells of a column of names below a heading."""
    section = f"\n{PAGE}".partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    return [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]


def test_each_variable_that_is_a_setting_is_in_the_table_and_no_other():
    names = re.findall(r"`(?:…|JUPYTER_TELEMETRY)_(\w+)`", "".join(table("## In the environment")))
    assert sorted(names) == sorted([*map(str.upper, SETTINGS), KEY_VARIABLE.removeprefix(VARIABLES)])


@pytest.mark.parametrize("name", SETTINGS)
def test_each_is_taken_from_the_environment(name):
    assert set(settings_in_environment({VARIABLES + name.upper(): TEXTS.get(name, "text")})) == {name}


def test_each_trait_is_in_the_first_table_and_no_other():
    names = re.findall(r"`(\w+)`", "".join(table("# Configuration")))
    assert sorted(names) == sorted(SETTINGS)
