"""What is imported when: a library that sits in every process brings along as little as it can."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "IPython",
    "click",
    "duckdb",
    "httpx",
    "jinja2",
    "jsonschema",
    "jsonschema_rs",
    "jupyter_events",
    "jupyter_server",
    "matplotlib",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "pydantic",
    "pythonjsonlogger",
    "referencing",
    "regex",
    "rich",
    "tornado",
    "yaml",
}
RECORD = """
from jupyter_telemetry import EventLog
log = EventLog(handlers=[], allowed_schemas=["url.to.event.schema"])
log.register_schema({"$id": "url.to.event.schema", "version": 1})
log.record_event("url.to.event.schema", 1, {})
"""


def imported_by(code):
    """Run code in a new interpreter; return which packages it has imported."""
    program = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_the_package_imports_nothing():
    assert imported_by("import jupyter_telemetry") & (HEAVY | {"orjson", "traitlets", "jupyter_core"}) == set()


@pytest.mark.parametrize(
    "module", ["jupyter_telemetry.eventlog", "jupyter_telemetry.journal", "jupyter_telemetry.server"]
)
def test_a_part_imports_no_validator_and_nothing_of_jupyter_server(module):
    assert imported_by(f"import {module}") & HEAVY == set()


def test_recording_imports_one_validator_and_no_more():
    assert imported_by(RECORD) & HEAVY == {"jsonschema_rs"}


def test_the_pytest_plugin_imports_nothing_but_pytest():
    assert imported_by("import jupyter_telemetry.testing") & (HEAVY | {"orjson", "traitlets"}) == set()


@pytest.mark.parametrize(("wing", "other"), [("eventlog", "journal"), ("journal", "eventlog")])
def test_neither_wing_imports_the_other(wing, other):
    code = f"import jupyter_telemetry.{wing}\nassert 'jupyter_telemetry.{other}' not in sys.modules"
    assert "jupyter_telemetry" in imported_by(code)
