"""A server and the commands agree on what is so by default, and on the files that packages drop."""

from __future__ import annotations

import os
import tempfile

from jupyter_telemetry.convention import default_handlers, dropped_files, settings_in_environment
from jupyter_telemetry.destination import journal_directory
from jupyter_telemetry.handlers import close_handlers, make_handler
from jupyter_telemetry.journal import JournalHandler, default_directory


def test_by_default_there_is_a_journal_that_touches_no_disk(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    made = [make_handler(each) for each in default_handlers([])]
    assert [(type(each), each.directory) for each in made] == [(JournalHandler, default_directory())]
    close_handlers(made)
    assert list(tmp_path.iterdir()) == []


def test_dropped_files_are_listed_by_directory_and_name(tmp_path):
    for place, name in [("b", "2.json"), ("b", "1.json"), ("a", "3.json"), ("a", "4.py")]:
        (tmp_path / place / "jupyter_server_config.d").mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "jupyter_server_config.d" / name).touch()
    found = dropped_files([tmp_path / "b", str(tmp_path / "a"), tmp_path / "nowhere"])
    assert [(path.parts[-3], path.name) for path in found] == [("b", "1.json"), ("b", "2.json"), ("a", "3.json")]


def test_settings_may_stand_in_the_environment():
    environ = {
        "JUPYTER_TELEMETRY_ALLOWED_SCHEMAS": '{"https://example.org/*": {"allowed_categories": ["personal-data"]}}',
        "JUPYTER_TELEMETRY_SHIPPERS": "/srv/lake",
        "JUPYTER_TELEMETRY_CONSENT": "opt-out",
        "JUPYTER_TELEMETRY_ON_INVALID": "",
        "JUPYTER_TELEMETRY_PSEUDONYM_KEY": "a key, and no setting",
        "HOME": "/root",
    }
    assert settings_in_environment(environ) == {
        "allowed_schemas": {"https://example.org/*": {"allowed_categories": ["personal-data"]}},
        "shippers": ["/srv/lake"],
        "consent": "opt-out",
    }
    assert settings_in_environment({"HOME": "/root"}) == {}


def test_under_a_hub_a_journal_that_is_shipped_stands_on_the_local_disk(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    for shippers, place, durability in (
        ([], tmp_path / "data" / "telemetry" / "journal", "memory"),
        (["/srv/lake"], tmp_path / "scratch" / f"jupyter_telemetry-{os.getuid()}", "process"),
    ):
        (given,) = default_handlers(shippers)
        handler = make_handler(dict(given))
        assert (handler.directory, handler.durability) == (place, durability)
        assert journal_directory(given) == place
        close_handlers([handler])
