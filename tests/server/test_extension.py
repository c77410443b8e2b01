"""The extension in a Jupyter Server, through pytest-jupyter."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from traitlets.config import Config

from jupyter_telemetry import EventLog
from jupyter_telemetry.cli.configuration import read_configuration
from jupyter_telemetry.journal import JournalReader
from jupyter_telemetry.server import extension, get_eventlog

from . import emitting_extension

CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
KERNELS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
PERSONAL = {"allowed_categories": ["personal-data"]}
ROOT = Path(__file__).parents[2]


@pytest.fixture
def eventlog_config() -> dict[str, Any]:
    """What stands under c.EventLog; a test may change it."""
    return {"allowed_schemas": {"https://events.jupyter.org/jupyter_server/*": PERSONAL}}


@pytest.fixture
def jp_server_config(eventlog_config: dict[str, Any]) -> Config:
    return Config({"ServerApp": {"jpserver_extensions": {"jupyter_telemetry": True}}, "EventLog": eventlog_config})


@pytest.fixture
def journal(jp_data_dir: Path) -> Path:
    """Where the journal is by default."""
    return jp_data_dir / "telemetry" / "journal"


def recorded(journal: Path) -> list[dict[str, Any]]:
    """The events of a journal, without their metadata."""
    events = list(JournalReader(journal).events())
    return [{k: v for k, v in event.items() if not k.startswith("__")} for event in events]


def stop(serverapp: Any, loop: asyncio.AbstractEventLoop) -> None:
    loop.run_until_complete(serverapp._cleanup())


# By default


@pytest.mark.parametrize("eventlog_config", [{}])
def test_while_nothing_is_allowed_nothing_is_attached_or_made(jp_serverapp, journal, jp_asyncio_loop):
    assert "emit" not in vars(jp_serverapp.event_logger)
    assert "_cleanup" not in vars(jp_serverapp)
    log = get_eventlog(jp_serverapp)
    assert isinstance(log, EventLog)
    assert jp_serverapp.web_app.settings["eventlog"] is log
    assert get_eventlog(jp_serverapp) is log
    stop(jp_serverapp, jp_asyncio_loop)
    assert not journal.exists()


@pytest.mark.parametrize("eventlog_config", [{}])
async def test_what_is_allowed_while_the_server_runs_is_recorded_from_then_on(jp_serverapp, jp_fetch, journal):
    await jp_fetch("api", "contents")
    get_eventlog(jp_serverapp).allowed_schemas = {CONTENTS: PERSONAL}
    await jp_fetch("api", "contents")
    get_eventlog(jp_serverapp).allowed_schemas = []
    await jp_fetch("api", "contents")
    assert recorded(journal) == [{"action": "get", "path": ""}]


async def test_contents_events_reach_the_journal(jp_fetch, journal):
    await jp_fetch(
        "api", "contents", "a.txt", method="PUT", body=json.dumps({"type": "file", "format": "text", "content": "a"})
    )
    await jp_fetch("api", "contents", "a.txt", method="PATCH", body=json.dumps({"path": "b.txt"}))
    await jp_fetch("api", "contents", method="POST", body=json.dumps({"copy_from": "b.txt"}))
    await jp_fetch("api", "contents", "b.txt", method="DELETE")
    # Each of these reads as well; how often is Jupyter Server's own affair.
    assert [event for event in recorded(journal) if event["action"] != "get"] == [
        {"action": "save", "path": "a.txt"},
        {"action": "rename", "path": "b.txt", "source_path": "a.txt"},
        {"action": "save", "path": "b-Copy1.txt"},
        {"action": "copy", "path": "/b-Copy1.txt", "source_path": "b.txt"},
        {"action": "delete", "path": "b.txt"},
    ]


async def test_listing_a_directory_gives_one_get_a_notebook(jp_fetch, jp_create_notebook, journal):
    for name in ("a.ipynb", "b.ipynb"):
        jp_create_notebook(name)
    await jp_fetch("api", "contents")
    assert sorted(event["path"] for event in recorded(journal)) == ["", "a.ipynb", "b.ipynb"]
    assert {event["action"] for event in recorded(journal)} == {"get"}


async def test_a_new_notebook_gives_get_and_save_but_never_create(jp_fetch, journal):
    await jp_fetch("api", "contents", method="POST", body=json.dumps({"type": "notebook"}))
    assert [event["action"] for event in recorded(journal)] == ["get", "save"]


async def test_an_event_of_a_browser_is_recorded_with_its_time(jp_fetch, journal):
    body = {
        "schema_id": CONTENTS,
        "version": "1",
        "data": {"action": "get", "path": "x"},
        "timestamp": "2022-05-26T13:50:00+05:00Z",
    }
    answer = await jp_fetch("api", "events", method="POST", body=json.dumps(body))
    assert answer.code == 204
    (event,) = JournalReader(journal).events()
    assert event["__timestamp__"] == "2022-05-26T08:50:00.000000Z"


def test_the_journal_is_closed_after_the_last_event_of_a_kernel(jp_serverapp, journal, jp_asyncio_loop):
    kernels = jp_serverapp.kernel_manager
    kernel = jp_asyncio_loop.run_until_complete(kernels.start_kernel(kernel_name="echo"))
    stop(jp_serverapp, jp_asyncio_loop)
    assert [(event["action"], event["kernel_id"]) for event in recorded(journal)] == [
        ("start", kernel),
        ("shutdown", kernel),
    ]
    assert [path for path in journal.glob("*.jsonl") if ".open." in path.name] == []


# Other extensions


BEFORE, AFTER = "emitting_extension", emitting_extension.__name__
"""The same module under two names: one is linked and loaded before jupyter_telemetry, one after it."""


@pytest.fixture(params=[BEFORE, AFTER])
def with_emitting_extension(request, jp_server_config, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    monkeypatch.delitem(sys.modules, BEFORE, raising=False)
    jp_server_config.EventLog = Config({"allowed_schemas": [emitting_extension.SCHEMA_ID]})
    jp_server_config.ServerApp.jpserver_extensions[request.param] = True


def test_what_an_extension_emits_while_it_is_loaded_and_stopped_is_recorded(
    with_emitting_extension, jp_serverapp, journal, jp_asyncio_loop
):
    stop(jp_serverapp, jp_asyncio_loop)
    assert recorded(journal) == [{"when": "loaded"}, {"when": "stopped"}]


def test_an_extension_that_starts_the_server_may_have_the_configuration_in_its_own_file(
    with_emitting_extension, jp_server_config, jp_config_dir, jp_configurable_serverapp, journal, jp_asyncio_loop
):
    jp_server_config.EventLog = Config()
    (jp_config_dir / "jupyter_emitting_config.py").write_text(
        f"c.EventLog.allowed_schemas = [{emitting_extension.SCHEMA_ID!r}]\n"
    )
    stop(jp_configurable_serverapp(), jp_asyncio_loop)
    assert recorded(journal) == [{"when": "loaded"}, {"when": "stopped"}]


@pytest.mark.parametrize("place", ["jp_env_config_path", "jp_config_dir"])
def test_what_an_extension_s_own_file_allows_for_all_users_is_asked_about(
    place, request, with_emitting_extension, jp_server_config, jp_configurable_serverapp, journal, jp_asyncio_loop
):
    jp_server_config.EventLog = Config()
    file = request.getfixturevalue(place) / "jupyter_emitting_config.py"
    file.write_text(f"c.EventLog.allowed_schemas = [{emitting_extension.SCHEMA_ID!r}]\n")
    serverapp = jp_configurable_serverapp()
    (standing,) = get_eventlog(serverapp).governance.consent.standings
    stop(serverapp, jp_asyncio_loop)
    if place == "jp_config_dir":  # it is the user's own
        assert (standing.setting.mode, len(recorded(journal))) == ("inform", 2)
    else:
        assert (standing.setting.mode, recorded(journal)) == ("opt-in", [])


def test_an_eventlog_asked_for_before_the_extension_is_linked_is_the_same(jp_configurable_serverapp, jp_server_config):
    jp_server_config.ServerApp.jpserver_extensions["jupyter_telemetry"] = False
    serverapp = jp_configurable_serverapp()
    log = get_eventlog(serverapp)
    assert "eventlog" not in serverapp.web_app.settings
    assert "emit" not in vars(serverapp.event_logger)
    extension._link_jupyter_server_extension(serverapp)
    extension._load_jupyter_server_extension(serverapp)
    assert serverapp.web_app.settings["eventlog"] is log
    assert "emit" in vars(serverapp.event_logger)


def test_a_server_without_the_hook_for_closing_records_all_the_same(jp_configurable_serverapp, journal, monkeypatch):
    with monkeypatch.context() as without:
        without.delattr(ServerApp, "_cleanup")
        serverapp = jp_configurable_serverapp()
    serverapp.contents_manager.emit({"action": "get", "path": "x"})
    assert recorded(journal) == [{"action": "get", "path": "x"}]
    get_eventlog(serverapp).close()


def test_without_a_bus_there_is_nothing_to_attach_to(jp_serverapp):
    jp_serverapp.event_logger = None
    extension._link_jupyter_server_extension(jp_serverapp)
    assert get_eventlog(jp_serverapp).allowed_schemas


# Configuration


def python_file(directory: Path, allowed: dict[str, Any]) -> list[str]:
    (directory / "jupyter_server_config.py").write_text(f"c.EventLog.allowed_schemas = {allowed!r}\n")
    return []


def python_file_with_update(directory: Path, allowed: dict[str, Any]) -> list[str]:
    (directory / "jupyter_server_config.py").write_text(f"c.EventLog.allowed_schemas.update({allowed!r})\n")
    return []


def json_file(directory: Path, allowed: dict[str, Any]) -> list[str]:
    (directory / "jupyter_server_config.json").write_text(json.dumps({"EventLog": {"allowed_schemas": allowed}}))
    return []


def file_of_the_directory(directory: Path, allowed: dict[str, Any]) -> list[str]:
    dropped = directory / "jupyter_server_config.d" / "telemetry.json"
    dropped.parent.mkdir()
    dropped.write_text(json.dumps({"EventLog": {"allowed_schemas": allowed}}))
    return []


def command_line(directory: Path, allowed: dict[str, Any]) -> list[str]:
    return [f"--EventLog.allowed_schemas={json.dumps(allowed)}"]


def command_line_over_files(directory: Path, allowed: dict[str, Any]) -> list[str]:
    file_of_the_directory(directory, {KERNELS: {}})
    json_file(directory, {KERNELS: {}})
    python_file(directory, {KERNELS: {}})
    return command_line(directory, allowed)


@pytest.mark.parametrize(
    "write",
    [python_file, python_file_with_update, json_file, file_of_the_directory, command_line, command_line_over_files],
)
@pytest.mark.parametrize("eventlog_config", [{}])
def test_configuration_may_stand_wherever_jupyter_s_does(
    write, jp_config_dir, jp_configurable_serverapp, journal, caplog
):
    allowed = {CONTENTS: PERSONAL}
    serverapp = jp_configurable_serverapp(argv=write(jp_config_dir, allowed))
    assert get_eventlog(serverapp).allowed_schemas == allowed
    serverapp.contents_manager.emit({"action": "get", "path": "x"})
    assert recorded(journal) == [{"action": "get", "path": "x"}]
    assert [line for line in caplog.messages if "ecognized" in line] == []


@pytest.mark.parametrize("eventlog_config", [{}])
def test_schemas_may_be_listed_one_by_one_on_the_command_line(jp_configurable_serverapp):
    argv = [f"--EventLog.allowed_schemas={schema}" for schema in (CONTENTS, KERNELS)]
    assert get_eventlog(jp_configurable_serverapp(argv=argv)).allowed_schemas == [CONTENTS, KERNELS]


def test_the_operator_s_handlers_take_the_journal_s_place(
    jp_server_config, eventlog_config, jp_configurable_serverapp, tmp_path, journal, jp_asyncio_loop
):
    file = tmp_path / "events.log"
    jp_server_config.EventLog.handlers = [{"class": "logging.FileHandler", "filename": str(file)}]
    jp_server_config.EventLog.on_invalid = "raise"
    serverapp = jp_configurable_serverapp()
    serverapp.contents_manager.emit({"action": "get", "path": "x"})
    serverapp.contents_manager.emit({"action": "get", "path": 1})
    assert get_eventlog(serverapp).on_invalid == "raise"
    (handler,) = get_eventlog(serverapp).handlers
    stop(serverapp, jp_asyncio_loop)
    assert handler.stream is None
    assert [json.loads(line)["path"] for line in file.read_text().splitlines()] == ["x"]
    assert not journal.exists()


BAD = {"handlers": [{"class": "logging.FileHandler", "filename": "/nowhere/events.log"}], "allowed_schemas": [CONTENTS]}


def test_with_bad_configuration_the_server_runs_and_says_that_nothing_is_recorded(
    jp_server_config, jp_configurable_serverapp, journal, capfd
):
    jp_server_config.EventLog = Config(BAD)
    serverapp = jp_configurable_serverapp()
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("EventLog: ")]
    assert len(said) == 1
    assert said[0].startswith("EventLog: bad configuration, NOTHING IS RECORDED: EventLog.handlers: ")
    assert get_eventlog(serverapp).allowed_schemas == []
    assert "emit" not in vars(serverapp.event_logger)
    serverapp.contents_manager.emit({"action": "get", "path": "x"})
    assert not journal.exists()


def test_with_bad_configuration_a_server_that_shall_fail_with_its_extensions_does_so(
    jp_server_config, jp_configurable_serverapp
):
    jp_server_config.EventLog = Config(BAD)
    jp_server_config.ServerApp.reraise_server_extension_failures = True
    with pytest.raises(SystemExit):
        jp_configurable_serverapp()


@pytest.mark.parametrize("text", ["c.EventLog.handlers = 5", "c.EventLog.max_event_bytes = 1"])
@pytest.mark.parametrize("with_emitting_extension", [AFTER], indirect=True)
def test_bad_configuration_that_comes_late_is_said_and_the_rest_stays(
    text, with_emitting_extension, jp_config_dir, jp_configurable_serverapp, capfd
):
    (jp_config_dir / "jupyter_emitting_config.py").write_text(text)
    serverapp = jp_configurable_serverapp()
    assert "EventLog: bad configuration, not taken over: " in capfd.readouterr().err
    assert get_eventlog(serverapp).allowed_schemas == [emitting_extension.SCHEMA_ID]


@pytest.mark.parametrize("with_emitting_extension", [BEFORE, AFTER], indirect=True)
def test_a_command_makes_of_the_files_of_extensions_what_the_server_makes_of_them(
    with_emitting_extension, jp_config_dir, jp_server_config, jp_configurable_serverapp
):
    del jp_server_config["EventLog"]
    (jp_config_dir / "jupyter_emitting_config.py").write_text(
        f"c.EventLog.allowed_schemas = [{CONTENTS!r}]\n"
        "c.EventLog.max_event_bytes = 1000\n"
        "c.EventLog.notice = {'contact': 'of the extension'}\n"
        "c.ServerEventLog.notice = {'contact': 'of the extension, for servers'}\n"
    )
    (jp_config_dir / "jupyter_server_config.py").write_text("c.EventLog.max_event_bytes = 2000\n")
    log = get_eventlog(jp_configurable_serverapp())
    section = read_configuration().section
    assert (log.allowed_schemas, log.max_event_bytes) == ([CONTENTS], 2000)
    assert log.notice == {"contact": "of the extension, for servers"}
    assert (section.allowed_schemas, section.max_event_bytes) == ([CONTENTS], 2000)
    assert section.notice == log.notice


@pytest.mark.parametrize("with_emitting_extension", [AFTER], indirect=True)
def test_an_extension_s_file_may_mend_what_could_not_be_used(
    with_emitting_extension, jp_config_dir, jp_server_config, jp_configurable_serverapp, journal
):
    jp_server_config.EventLog.redactions = {"personal-data": "pseudonymise"}
    jp_server_config.EventLog.consent = "inform"
    key = jp_config_dir / "key"
    key.write_text("k" * 32)
    key.chmod(0o600)
    (jp_config_dir / "jupyter_emitting_config.py").write_text(f"c.EventLog.pseudonym_key_file = {str(key)!r}")
    log = get_eventlog(jp_configurable_serverapp())
    assert (log.unusable, log.idle_journals, log.knows_grounds) == ("", (), True)
    assert recorded(journal) == [{"when": "loaded"}]


def test_what_was_allowed_since_is_not_undone_when_the_extension_is_loaded(jp_serverapp):
    get_eventlog(jp_serverapp).allowed_schemas = []
    extension._load_jupyter_server_extension(jp_serverapp)
    assert get_eventlog(jp_serverapp).allowed_schemas == []


def test_tornado_settings_that_are_configured_again_do_not_hide_the_eventlog(jp_serverapp):
    del jp_serverapp.web_app.settings["eventlog"]
    extension._load_jupyter_server_extension(jp_serverapp)
    assert jp_serverapp.web_app.settings["eventlog"] is get_eventlog(jp_serverapp)


# Packaging


def test_importing_the_extension_imports_neither_jupyter_server_nor_jupyter_events():
    code = """
import sys
heavy = ("jupyter_server", "jupyter_events", "tornado", "jsonschema", "pydantic")
import jupyter_telemetry
before = set(sys.modules)
points = jupyter_telemetry._jupyter_server_extension_points()
assert set(sys.modules) == before
import importlib
for point in points:
    module = importlib.import_module(point["module"])
    assert callable(module._link_jupyter_server_extension) and callable(module._load_jupyter_server_extension)
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
