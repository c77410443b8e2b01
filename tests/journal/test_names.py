from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_telemetry.journal import default_directory, view_name
from jupyter_telemetry.journal.names import DefaultPlace, default_place, refuse_planted


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


# Where a journal stands that nobody placed


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "home"))
    return tmp_path / "home" / "telemetry" / "journal"


@pytest.fixture
def scratch(tmp_path) -> Path:
    (tmp_path / "scratch").mkdir(mode=0o777)
    return tmp_path / "scratch"


@pytest.mark.parametrize("has_shipper", [False, True])
def test_outside_of_a_hub_it_is_the_home_at_process(home, has_shipper):
    assert default_place({}, has_shipper=has_shipper) == DefaultPlace(
        home, "process", False, "it is not under a JupyterHub, so its home is taken for a local disk"
    )


@pytest.mark.parametrize("variable", ["JUPYTERHUB_API_TOKEN", "JUPYTERHUB_USER", "JUPYTERHUB_SERVICE_NAME"])
def test_under_a_hub_it_is_the_home_through_a_thread_if_nothing_ships_it(home, variable):
    assert default_place({variable: "x"}, has_shipper=False) == DefaultPlace(
        home,
        "memory",
        False,
        f"{variable} is set, so this belongs to a JupyterHub, where a home may be on a network; nothing ships it, so "
        "it has to outlive the container",
    )


def test_under_a_hub_it_is_the_local_disk_if_something_ships_it(home, scratch):
    place = default_place({"JUPYTERHUB_USER": "x"}, has_shipper=True, scratch=str(scratch))

    assert place[:3] == (scratch / f"jupyter_telemetry-{os.getuid()}", "process", True)
    assert place.reason.endswith("it is shipped from the local disk")
    assert list(scratch.iterdir()) == []


def test_a_local_directory_that_somebody_planted_is_not_used(home, scratch):
    planted = scratch / f"jupyter_telemetry-{os.getuid()}"
    planted.mkdir()
    planted.chmod(0o777)
    place = default_place({"JUPYTERHUB_USER": "x"}, has_shipper=True, scratch=str(scratch))

    assert place[:3] == (home, "memory", False)
    assert place.reason.endswith(f"the local {planted} cannot be used: it is not a directory of this user alone")


def test_what_is_not_a_directory_of_ours_alone_is_refused(tmp_path):
    ours = tmp_path / "ours"
    refuse_planted(ours)
    ours.mkdir(mode=0o700)
    refuse_planted(ours)
    (tmp_path / "link").symlink_to(ours)
    (tmp_path / "file").touch(mode=0o600)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o750)

    for name in ("link", "file", "open"):
        with pytest.raises(PermissionError, match="not a directory of this user alone"):
            refuse_planted(tmp_path / name)


def test_a_directory_of_another_user_is_refused(tmp_path):
    """Only root can give one away; for anybody else root's own will do."""
    place = tmp_path / "theirs"
    if os.geteuid() == 0:
        place.mkdir(mode=0o700)
        os.chown(place, 54321, -1)
    else:
        place = Path("/")
    with pytest.raises(PermissionError, match="not a directory of this user alone"):
        refuse_planted(place)
