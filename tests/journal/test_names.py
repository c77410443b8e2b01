from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_telemetry.journal import default_directory, view_name


@pytest.mark.parametrize(
    ("schema_id", "version", "name"),
    [
        ("https://events.jupyter.org/jupyter_server/contents_service/v1", "1", "jupyter_server_contents_service_v1"),
        ("https://events.jupyter.org/jupyter_server/contents_service/v1", 1, "jupyter_server_contents_service_v1"),
        ("https://events.jupyter.org/jupyter_server/contents_service/v1", 2, "jupyter_server_contents_service_v1_v2"),
        ("url.to.event.schema", 1, "url_to_event_schema_v1"),
        ("https://example.org/My-Event.yaml", "2.1-beta", "example_org_my_event_v2_1_beta"),
        ("http://events.example.org/login.json#", "v3", "login_v3"),
        ("urn:jupyter:event:login", 1, "jupyter_event_login_v1"),
        ("file:///srv/schemas/2fa.yml", 7, "srv_schemas_2fa_v7"),
        ("2fa", 1, "event_2fa_v1"),
        ("v1", 1, "event_v1"),
        ("https://events.example.org/", "", "event_v0"),
        ("ευδαιμονία", 1, "event_v1"),
        ("x" * 300 + "/end", 1, "x" * 96 + "_end_v1"),
    ],
)
def test_a_view_is_named_readably_after_id_and_version(schema_id, version, name):
    assert view_name(schema_id, version) == name


@given(st.text(), st.integers() | st.text())
def test_any_id_and_version_give_a_plain_sql_identifier(schema_id, version):
    name = view_name(schema_id, version)

    assert re.fullmatch(r"[a-z][a-z0-9_]*_v[a-z0-9_]+", name)
    assert len(name) < 160


def test_the_default_directory_is_below_jupyters_data_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))

    assert default_directory() == Path(tmp_path, "telemetry", "journal")
    assert list(tmp_path.iterdir()) == []


def test_importing_the_journal_imports_nothing_that_it_may_not_need():
    script = """
import sys
import jupyter_telemetry.journal
heavy = {"jsonschema", "jsonschema_rs", "pydantic", "duckdb", "jupyter_core", "yaml", "asyncio"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
