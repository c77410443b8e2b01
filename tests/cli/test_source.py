from __future__ import annotations

from pathlib import Path

from jupyter_telemetry.cli.source import find_source
from jupyter_telemetry.journal import default_directory

CONFIGURED = (
    'c.EventLog.handlers = [{"class": "jupyter_telemetry.journal.JournalHandler", "directory": "/tmp/configured"}]'
)


def _configure(home: Path, text: str = CONFIGURED) -> Path:
    (home / "config").mkdir()
    path = home / "config" / "jupyter_server_config.py"
    path.write_text(text)
    return path


def test_a_journal_that_is_named_is_taken_without_reading_any_configuration(home):
    _configure(home, "raise RuntimeError")
    source = find_source(Path("/tmp/named"), None)
    assert (source.directory, source.found_by, source.configuration) == (Path("/tmp/named"), "--journal", None)


def test_else_the_configured_one(home):
    source = find_source(None, _configure(home))
    assert (source.directory, source.found_by) == (Path("/tmp/configured"), "the configuration")
    assert find_source(None, None).directory == Path("/tmp/configured")


def test_else_the_default_below_jupyter_s_data(home):
    source = find_source(None, None)
    assert (source.directory, source.found_by) == (default_directory(), "default")
    assert source.directory == home / "data" / "telemetry" / "journal"


def test_a_journal_and_a_configuration_may_both_be_named(home, tmp_path):
    source = find_source(tmp_path, _configure(home))
    assert (source.directory, source.configuration.journals) == (tmp_path, [Path("/tmp/configured")])
