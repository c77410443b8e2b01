from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jupyter_telemetry.cli.configuration import ConfiguredHandler, is_of_extension, read_configuration
from jupyter_telemetry.errors import ConfigurationError
from jupyter_telemetry.journal import default_directory


@pytest.fixture
def config(home: Path) -> Path:
    """The user's directory of configuration."""
    directory = home / "config"
    directory.mkdir()
    return directory


def _handlers(text):
    return f"c.EventLog.handlers = {text}\n"


def test_without_files_there_is_nothing(home):
    found = read_configuration()
    assert (found.files, found.handlers, found.allowed_schemas, found.journals) == ((), (), {}, [])


@pytest.mark.parametrize("name", ["jupyter_config", "jupyter_server_config"])
@pytest.mark.parametrize("suffix", [".py", ".json"])
def test_the_files_of_a_server_are_read(config, tmp_path, name, suffix):
    handler = {"class": "jupyter_telemetry.journal.JournalHandler", "directory": str(tmp_path / "j")}
    section = {"handlers": [handler], "allowed_schemas": ["https://example.org/save"]}
    if suffix == ".json":
        (config / f"{name}.json").write_text(json.dumps({"EventLog": section}))
    else:
        lines = [f"c.EventLog.{key} = {value!r}" for key, value in section.items()]
        (config / f"{name}.py").write_text("\n".join(["c.ServerApp.port = 9999", *lines]))
    found = read_configuration()
    assert found.files == (config / f"{name}{suffix}",)
    assert found.journals == [tmp_path / "j"]
    assert found.allowed_schemas == {"https://example.org/save": {}}


def test_files_that_a_package_dropped_are_read_and_count_least(config, tmp_path):
    dropped = config / "jupyter_server_config.d"
    dropped.mkdir()
    (dropped / "a.json").write_text('{"EventLog": {"allowed_schemas": ["https://example.org/a"]}}')
    (dropped / "b.json").write_text('{"EventLog": {"allowed_schemas": ["https://example.org/b"]}}')
    assert read_configuration().allowed_schemas == {"https://example.org/b": {}}
    (config / "jupyter_config.py").write_text('c.EventLog.allowed_schemas = ["https://example.org/save"]')
    found = read_configuration()
    assert found.allowed_schemas == {"https://example.org/save": {}}
    assert found.files == (dropped / "a.json", dropped / "b.json", config / "jupyter_config.py")


def test_the_later_file_wins_as_it_does_for_a_server(config, home, monkeypatch, tmp_path):
    system = tmp_path / "system"
    system.mkdir()
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(system))
    handler = '[{"class": "jupyter_telemetry.journal.JournalHandler", "directory": "/tmp/%s"}]'
    places = [(system, "jupyter_config"), (config, "jupyter_config"), (system, "jupyter_server_config")]
    for number, (directory, name) in enumerate([*places, (config, "jupyter_server_config")]):
        (directory / f"{name}.py").write_text(_handlers(handler % number))
        if number != 1:  # JUPYTER_CONFIG_PATH stands before the user's own directory
            continue
        assert [path.name for path in read_configuration().journals] == ["0"]
    found = read_configuration()
    assert [str(path) for path in found.files] == [
        str(config / "jupyter_config.py"),
        str(system / "jupyter_config.py"),
        str(config / "jupyter_server_config.py"),
        str(system / "jupyter_server_config.py"),
    ]
    assert [path.name for path in found.journals] == ["2"]


def test_a_server_and_we_find_the_same(config, home, tmp_path):
    from jupyter_server.serverapp import ServerApp
    from traitlets.config import Config

    (config / "jupyter_config.py").write_text("c.EventLog.allowed_schemas = ['https://example.org/a']\n")
    (config / "jupyter_server_config.json").write_text('{"EventLog": {"allowed_schemas": ["https://example.org/b"]}}')
    (config / "jupyter_server_config.py").write_text("c.EventLog.allowed_schemas = ['https://example.org/c']\n")
    app = ServerApp(config=Config())
    app.load_config_file(suppress_errors=False)
    assert list(read_configuration().allowed_schemas) == app.config.EventLog.allowed_schemas


def test_the_files_of_extensions_are_read_where_they_speak_of_it(config, home, monkeypatch):
    system = home / "system"
    system.mkdir()
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(system))
    (config / "jupyter_lab_config.py").write_text(
        "c.ServerEventLog.allowed_schemas = ['https://example.org/a']\nc.EventLog.notice = {'contact': 'of lab'}\n"
    )
    (system / "jupyter_lab_config.json").write_text('{"EventLog": {"notice": {"contact": "of the system"}}}')
    (config / "jupyter_notebook_config.py").write_text("# EventLog is not set here\n")
    (config / "jupyter_nbconvert_config.py").write_text("1 / 0\n")  # which speaks of something else
    (config / "jupyter_server_config.py").write_text("c.EventLog.allowed_schemas = ['https://example.org/b']\n")
    found = read_configuration()
    assert found.files == (
        config / "jupyter_lab_config.py",
        system / "jupyter_lab_config.json",
        config / "jupyter_server_config.py",
    )
    assert (list(found.allowed_schemas), found.contact) == (["https://example.org/a"], "of the system")
    assert [is_of_extension(file) for file in found.files] == [True, True, False]
    assert found.unknown == {}


def test_what_is_wrong_in_the_section_of_servers_is_said_too(config):
    (config / "jupyter_lab_config.py").write_text("c.ServerEventLog.handler = []\nc.servereventlog.handlers = []\n")
    assert read_configuration().unknown == {
        "c.servereventlog": "did you mean c.ServerEventLog?",
        "c.EventLog.handler": "did you mean c.EventLog.handlers?",
    }


def test_a_file_that_is_named_takes_the_place_of_the_server_s(config, tmp_path):
    (config / "jupyter_config.py").write_text("c.EventLog.allowed_schemas = ['https://example.org/a']\n")
    (config / "jupyter_server_config.py").write_text("c.EventLog.allowed_schemas = ['https://example.org/b']\n")
    named = tmp_path / "named.py"
    named.write_text(_handlers('[{"class": "jupyter_telemetry.journal.JournalHandler", "directory": "j"}]'))
    found = read_configuration(named)
    assert found.files == (config / "jupyter_config.py", named)
    assert list(found.allowed_schemas) == ["https://example.org/a"]
    assert found.journals == [Path.cwd() / "j"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", []),
        ('[{"class": "jupyter_telemetry.journal.JournalHandler"}]', ["default"]),
        ('[{"()": "jupyter_telemetry.journal.handler.JournalHandler", "directory": "~/j"}]', ["~/j"]),
        ('[JournalHandler("/tmp/j"), JournalHandler("/tmp/k"), JournalHandler("/tmp/j")]', ["/tmp/j", "/tmp/k"]),
        ('lambda: [JournalHandler("/tmp/j")]', ["/tmp/j"]),
        ('[MemoryHandler(10, target=JournalHandler("/tmp/j"))]', ["/tmp/j"]),
        (
            '[{"class": "logging.handlers.MemoryHandler", "capacity": 10, "target": '
            '{"class": "jupyter_telemetry.journal.JournalHandler", "directory": "/tmp/j"}}]',
            ["/tmp/j"],
        ),
        (
            '[{"class": "logging.handlers.QueueHandler", "handlers": [{"class": "logging.NullHandler"}, '
            '{"class": "jupyter_telemetry.journal.JournalHandler", "directory": "/tmp/j"}]}]',
            ["/tmp/j"],
        ),
        (
            '[{"class": "logging.handlers.MemoryHandler", "capacity": 10, "target": JournalHandler("/tmp/j")}]',
            ["/tmp/j"],
        ),
        ('[logging.StreamHandler(), {"class": "logging.NullHandler"}]', []),
    ],
)
def test_a_journal_is_found_in_every_form_of_handlers(config, text, expected):
    imports = "import logging\nfrom logging.handlers import MemoryHandler\n"
    imports += "from jupyter_telemetry.journal import JournalHandler\n"
    (config / "jupyter_server_config.py").write_text(imports + _handlers(text))
    places = [default_directory() if each == "default" else Path(each).expanduser() for each in expected]
    assert read_configuration().journals == places


def test_handlers_that_are_appended_are_found(config):
    text = '{"class": "jupyter_telemetry.journal.JournalHandler", "directory": "/tmp/j"}'
    (config / "jupyter_config.py").write_text("c.EventLog.handlers.append({'class': 'logging.NullHandler'})")
    (config / "jupyter_server_config.py").write_text(f"c.EventLog.handlers.append({text})")
    found = read_configuration()
    assert [each.name for each in found.handlers] == ["NullHandler", "JournalHandler"]
    assert found.journals == [Path("/tmp/j")]


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("= ['https://example.org/a']", {"https://example.org/a": {}}),
        (
            "= {'https://example.org/*': {'allowed_categories': ['personal-data']}}",
            {"https://example.org/*": {"allowed_categories": ["personal-data"]}},
        ),
        (".append('https://example.org/a')", {"https://example.org/a": {}}),
        (".update({'https://example.org/a': {}})", {"https://example.org/a": {}}),
    ],
)
def test_allowed_schemas_are_read_in_every_form(config, text, entries):
    joint = " " if text.startswith("=") else ""
    (config / "jupyter_server_config.py").write_text(f"c.EventLog.allowed_schemas{joint}{text}\n")
    assert read_configuration().allowed_schemas == entries


def test_reading_opens_no_file_and_makes_no_handler(config, tmp_path):
    log = tmp_path / "events.log"
    log.write_text("kept")
    (config / "jupyter_server_config.py").write_text(
        "import logging, logging.handlers\n"
        f"handler = logging.FileHandler({str(log)!r}, mode='w')\n"
        f"rotating = logging.handlers.RotatingFileHandler({str(tmp_path / 'made.log')!r})\n"
        f"as_dict = {{'class': 'logging.FileHandler', 'filename': {str(log)!r}, 'mode': 'w'}}\n"
        "c.EventLog.handlers = [handler, rotating, as_dict]\n"
    )
    assert [each.name for each in read_configuration().handlers] == [
        "FileHandler",
        "RotatingFileHandler",
        "FileHandler",
    ]
    assert log.read_text() == "kept"
    assert sorted(os.listdir(tmp_path)) == ["events.log", "home"]


def test_afterwards_log_files_are_opened_as_ever(tmp_path):
    import logging

    read_configuration()
    handler = logging.FileHandler(tmp_path / "x.log")
    handler.close()
    assert (tmp_path / "x.log").exists()


def test_what_a_configuration_prints_is_kept_from_standard_output(config, capsys):
    (config / "jupyter_server_config.py").write_text("print('hello')")
    read_configuration()
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c.EventLog.handlers = [", "fails, line 1: SyntaxError"),
        ("\nimport nothing_of_that_name", "fails, line 2: ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("raise SystemExit(3)", "fails, line 1: SystemExit: 3"),
        ("def f():\n    1 / 0\n\nf()", "fails, line 2: ZeroDivisionError"),
        ("c.EventLog.handlers = lambda: 1 / 0", "EventLog.handlers: the function fails: ZeroDivisionError"),
        ("c.EventLog.allowed_schemas = 3", "EventLog.allowed_schemas: write a list of schema ids"),
    ],
)
def test_a_configuration_that_fails_is_an_error_that_says_where(config, text, message):
    path = config / "jupyter_server_config.py"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        read_configuration()
    assert message in str(raised.value)


def test_json_that_is_none_is_an_error_that_names_the_file(config):
    (config / "jupyter_server_config.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"jupyter_server_config\.json fails: JSONDecodeError"):
        read_configuration()


@pytest.mark.parametrize(
    ("text", "handler"),
    [
        ("'events.log'", ConfiguredHandler("str", problem="c.EventLog.handlers must be a list")),
        ("['events.log']", ConfiguredHandler("str", problem="neither a logging.Handler nor a dict")),
        ("[{}]", ConfiguredHandler("?", problem='cannot be imported: it has no "class"')),
        (
            "[{'class': 'logging.NoHandler'}]",
            ConfiguredHandler(
                "logging.NoHandler", problem="cannot be imported: module 'logging' has no attribute 'NoHandler'"
            ),
        ),
        (
            "[{'class': 'nowhere.Handler'}]",
            ConfiguredHandler("nowhere.Handler", problem="cannot be imported: No module named 'nowhere'"),
        ),
        ("[{'class': 'Handler'}]", ConfiguredHandler("Handler", problem="cannot be imported: Empty module name")),
    ],
)
def test_a_handler_that_cannot_be_made_is_described_with_its_problem(config, text, handler):
    (config / "jupyter_server_config.py").write_text(_handlers(text))
    assert read_configuration().handlers == (handler,)


def test_a_class_may_stand_for_its_name(config):
    text = "from jupyter_telemetry.journal import JournalHandler\n" + _handlers(
        "[{'()': JournalHandler, 'directory': '/tmp/j'}]"
    )
    (config / "jupyter_server_config.py").write_text(text)
    journal = ConfiguredHandler("JournalHandler", Path("/tmp/j"), ("a journal on this machine",))
    assert read_configuration().handlers == (journal,)


def test_where_handlers_would_write_is_told_as_a_server_tells_it(config):
    (config / "jupyter_server_config.py").write_text(
        "import logging, sys\n"
        "c.EventLog.handlers = lambda: [logging.StreamHandler(), logging.StreamHandler(sys.stdout),\n"
        "    logging.NullHandler(), {'class': 'logging.StreamHandler', 'stream': 'ext://sys.stdout'}]\n"
    )
    assert [each.destinations for each in read_configuration().handlers] == [
        ("the standard error output",),
        ("the standard output",),
        (),
        ("the standard output",),
    ]


def test_whom_to_ask_is_read_where_it_is_said(config):
    path = config / "jupyter_server_config.py"
    for text, contact in [
        ("c.EventLog.notice = {'contact': 'ops@example.org'}", "ops@example.org"),
        ("c.EventLog.notice.update({'contact': 'ops@example.org'})", "ops@example.org"),
        ("c.EventLog.notice = {'contact': 1}", ""),
        ("c.EventLog.notice = 'ops@example.org'", ""),
        ("", ""),
    ]:
        path.write_text(text)
        assert read_configuration().contact == contact


def test_a_journal_behind_a_queue_is_found(config):
    (config / "jupyter_server_config.py").write_text(
        "import queue\nfrom logging.handlers import QueueHandler, QueueListener\n"
        "from jupyter_telemetry.journal import JournalHandler\n"
        "handler = QueueHandler(queue.Queue())\n"
        "handler.listener = QueueListener(handler.queue, JournalHandler('/tmp/j'))\n"
        "c.EventLog.handlers = [handler]\n"
    )
    assert read_configuration().journals == [Path("/tmp/j")]
