"""An EventLog is configured wherever a Jupyter application is: in files, on the command line, at run time."""

from __future__ import annotations

import gc
import http.server
import json
import logging
import logging.handlers
import queue
import subprocess
import sys
import threading

import pytest
from jupyter_core.application import JupyterApp
from traitlets import TraitError
from traitlets.config import Application, Config, Configurable
from traitlets.config.loader import PyFileConfigLoader

from jupyter_telemetry import ConfigurationError, EventLog, InvalidEvent, InvalidSchema

ID = "https://example.org/save"
SCHEMA = {
    "$id": ID,
    "version": 1,
    "type": "object",
    "properties": {
        "name": {"type": "string", "categories": ["unrestricted"]},
        "path": {"type": "string", "categories": ["personal-data"]},
    },
    "required": ["name"],
}
KEPT = {"allowed_properties": ["path"]}


class Example(Application):
    name = "example"
    classes = [EventLog]
    aliases = {"allow": "EventLog.allowed_schemas"}


class Unaware(Application):
    """An application whose command line does not know that there is an EventLog: traitlets then parses it late."""


class JupyterExample(JupyterApp):
    name = "jupyter-example"
    classes = [EventLog]


@pytest.fixture
def make_log():
    """Make an EventLog that is closed in the end, with SCHEMA registered."""
    logs = []

    def make(**settings):
        logs.append(log := EventLog(**settings))
        log.register_schema(SCHEMA)
        return log

    yield make
    for log in logs:
        log.close()


@pytest.fixture
def make_file_handler(tmp_path):
    """Make a FileHandler, as a configuration file does; it is closed in the end."""
    made = []

    def make(name="events.log"):
        made.append(logging.FileHandler(tmp_path / name))
        return made[-1]

    yield make
    for handler in made:
        handler.close()


def file_dict(tmp_path, name="events.log", **more):
    return {"class": "logging.FileHandler", "filename": str(tmp_path / name), **more}


def record(log, name="x"):
    return log.record_event(ID, 1, {"name": name})


def names(path):
    """The names of the events in a file."""
    return [json.loads(line)["name"] for line in path.read_text().splitlines()]


def loaded(text, tmp_path):
    (tmp_path / "some_config.py").write_text(text)
    return PyFileConfigLoader("some_config.py", str(tmp_path)).load_config()


# Where settings come from


def test_an_event_log_needs_no_application(make_log, make_file_handler, tmp_path):
    record(make_log(handlers=[make_file_handler()], allowed_schemas=[ID]))
    assert names(tmp_path / "events.log") == ["x"]


PY_CONFIG = {
    "a list of handlers": "[logging.FileHandler({path!r})]",
    "a tuple of handlers": "(logging.FileHandler({path!r}),)",
    "a callable": "lambda: [logging.FileHandler({path!r})]",
    "a function with a lock": "functools.partial(list, [logging.FileHandler({path!r})])",
    "dicts": "[{{'class': 'logging.FileHandler', 'filename': {path!r}}}]",
    "a callable that returns dicts": "lambda: [{{'class': 'logging.FileHandler', 'filename': {path!r}}}]",
}


@pytest.mark.parametrize("app_class", [Example, JupyterExample])
@pytest.mark.parametrize("handlers", PY_CONFIG.values(), ids=PY_CONFIG.keys())
def test_a_config_file_in_python_says_handlers_in_many_ways(make_log, monkeypatch, tmp_path, app_class, handlers):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "none"))
    path = str(tmp_path / "events.log")
    (tmp_path / "example_config.py").write_text(
        "import functools, logging\n"
        f"c.EventLog.handlers = {handlers.format(path=path)}\n"
        f"c.EventLog.allowed_schemas = [{ID!r}]\n"
    )
    (tmp_path / "jupyter_example_config.py").write_text((tmp_path / "example_config.py").read_text())
    app = app_class()
    app.initialize([])
    if app_class is Example:
        app.load_config_file("example_config", path=[str(tmp_path)])
    app.update_config(Config({"Example": {"log_level": 30}}))  # copies the configuration, and the locks in it
    log = make_log(parent=app)
    record(log)
    assert names(tmp_path / "events.log") == ["x"]
    for handler in log.handlers:
        handler.close()


@pytest.mark.parametrize("value", ["None", "[]", "()", "lambda: None"])
def test_no_handlers_can_be_said_too(make_log, tmp_path, value):
    log = make_log(config=loaded(f"c.EventLog.handlers = {value}\nc.EventLog.allowed_schemas = [{ID!r}]", tmp_path))
    assert log.handlers == []
    assert record(log)["name"] == "x"


@pytest.mark.parametrize("allowed", [[ID], {ID: KEPT}])
def test_a_config_file_in_json_says_the_same(make_log, tmp_path, allowed):
    settings = {"handlers": [file_dict(tmp_path)], "allowed_schemas": allowed, "max_event_bytes": 300}
    (tmp_path / "example_config.json").write_text(json.dumps({"EventLog": settings}))
    app = Example()
    app.initialize([])
    app.load_config_file("example_config", path=[str(tmp_path)])
    log = make_log(parent=app)
    record(log)
    assert names(tmp_path / "events.log") == ["x"]
    assert (log.allowed_schemas, log.max_event_bytes) == (allowed, 300)


@pytest.mark.parametrize(
    ("argv", "allowed"),
    [
        ([f"--EventLog.allowed_schemas={ID}"], [ID]),
        (["--EventLog.allowed_schemas", ID], [ID]),
        ([f"--EventLog.allowed_schemas={ID}", "--EventLog.allowed_schemas=b"], [ID, "b"]),
        ([f'--EventLog.allowed_schemas=["{ID}","b"]'], [ID, "b"]),
        ([f'--EventLog.allowed_schemas={{"{ID}":{json.dumps(KEPT)}}}'], {ID: KEPT}),
        (
            [f'--EventLog.allowed_schemas={{"{ID}":{json.dumps(KEPT)}}}', "--EventLog.allowed_schemas=b"],
            {ID: KEPT, "b": {}},
        ),
        (["--EventLog.allowed_schemas=https://example.org/*"], ["https://example.org/*"]),
    ],
)
@pytest.mark.parametrize("app_class", [Example, Unaware])
def test_a_command_line_says_what_is_allowed(make_log, app_class, argv, allowed):
    app = app_class()
    app.initialize(argv)
    log = make_log(parent=app)
    assert log.allowed_schemas == allowed
    assert record(log)["name"] == "x"


@pytest.mark.parametrize("more", [[], ["b"]])
def test_an_alias_may_stand_on_a_command_line_several_times(make_log, more):
    app = Example()
    app.initialize([f"--allow={each}" for each in [ID, *more]])
    assert make_log(parent=app).allowed_schemas == [ID, *more]


@pytest.mark.parametrize("app_class", [Example, Unaware])
@pytest.mark.parametrize("form", ["[{}]", "{}"])
def test_a_command_line_says_handlers_and_they_add_up(make_log, tmp_path, app_class, form):
    options = [form.format(json.dumps(file_dict(tmp_path, name))) for name in ("a.log", "b.log")]
    app = app_class()
    app.initialize([*(f"--EventLog.handlers={option}" for option in options), f"--EventLog.allowed_schemas={ID}"])
    record(make_log(parent=app))
    assert names(tmp_path / "a.log") == names(tmp_path / "b.log") == ["x"]


@pytest.mark.parametrize("trait", ["handlers", "allowed_schemas"])
@pytest.mark.parametrize("more", [[], ["b"]])
@pytest.mark.parametrize("app_class", [Example, Unaware])
def test_what_a_command_line_says_wrongly_is_an_error(app_class, trait, more):
    app = app_class()
    app.initialize([f'--EventLog.{trait}=["a', *(f"--EventLog.{trait}={each}" for each in more)])
    with pytest.raises(ConfigurationError) as caught:
        EventLog(parent=app)
    assert str(caught.value) == f"EventLog.{trait}: neither JSON nor a Python literal: '[\"a'"


def test_the_command_line_wins_over_files_and_files_over_defaults(make_log, monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "none"))
    (tmp_path / "jupyter_example_config.py").write_text(
        "c.EventLog.allowed_schemas = ['of the file']\nc.EventLog.max_event_bytes = 1000\n"
    )
    app = JupyterExample()
    app.initialize([f"--EventLog.allowed_schemas={ID}"])
    log = make_log(parent=app)
    assert (log.allowed_schemas, log.max_event_bytes, log.on_invalid) == ([ID], 1000, "raise")


def test_a_section_under_the_application_s_wins(make_log):
    config = Config({"EventLog": {"allowed_schemas": ["a"]}, "Example": {"EventLog": {"allowed_schemas": [ID]}}})
    assert make_log(parent=Example(config=config)).allowed_schemas == [ID]


def test_arguments_win_over_configuration(make_log, make_file_handler, tmp_path):
    config = Config({"EventLog": {"handlers": [file_dict(tmp_path, "config.log")], "allowed_schemas": ["a"]}})
    record(make_log(config=config, handlers=[make_file_handler("argument.log")], allowed_schemas=[ID]))
    assert names(tmp_path / "argument.log") == ["x"]
    assert names(tmp_path / "config.log") == []


def test_a_setting_that_is_misspelt_in_a_file_is_said(tmp_path):
    config = loaded(f"c.EventLog.allowed_schema = [{ID!r}]", tmp_path)
    with pytest.warns(
        UserWarning, match="`allowed_schema` not recognized by `EventLog`.*Did you mean `allowed_schemas`"
    ):
        EventLog(config=config)


def test_two_applications_share_one_configuration_and_neither_changes_it(make_log, make_file_handler, tmp_path):
    config = Config()
    config.EventLog.handlers = handlers = [make_file_handler()]
    config.EventLog.allowed_schemas = [ID]
    first, second = Example(config=config), Example(config=config)
    for app in (first, second, first):
        app.update_config(Config({"Example": {"log_level": 30}}))
        record(make_log(parent=app))
    assert names(tmp_path / "events.log") == ["x", "x", "x"]
    assert config == {"EventLog": {"handlers": handlers, "allowed_schemas": [ID]}}


def test_help_and_a_generated_config_file_know_the_settings(capsys):
    app = Example()
    text = app.generate_config_file()
    app.print_help(classes=True)
    told = capsys.readouterr().out
    for trait in EventLog.class_trait_names(config=True):
        assert f"# c.EventLog.{trait} = " in text
        assert f"--EventLog.{trait}=" in told


# What files append


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        (f"c.EventLog.allowed_schemas.append({ID!r})", [ID]),
        (f"c.EventLog.allowed_schemas.extend([{ID!r}, 'b'])", [ID, "b"]),
        (f"c.EventLog.allowed_schemas.prepend([{ID!r}])", [ID]),
        (f"c.EventLog.allowed_schemas.insert(0, {ID!r})", [ID]),
        (f"c.EventLog.allowed_schemas.add({ID!r})", [ID]),
        (f"c.EventLog.allowed_schemas.update([{ID!r}])", [ID]),
        (f"c.EventLog.allowed_schemas.update({{{ID!r}: {KEPT}}})", {ID: KEPT}),
        (
            f"c.EventLog.allowed_schemas.append({ID!r})\nc.EventLog.allowed_schemas.update({{'b': {KEPT}}})",
            {ID: {}, "b": KEPT},
        ),
        (f"c.EventLog.allowed_schemas = ['b']\nc.EventLog.allowed_schemas.append({ID!r})", ["b", ID]),
        (f"c.EventLog.allowed_schemas = ['b']\nc.EventLog.allowed_schemas += [{ID!r}]", ["b", ID]),
        (f"c.EventLog.allowed_schemas = {{}}\nc.EventLog.allowed_schemas[{ID!r}] = {KEPT}", {ID: KEPT}),
    ],
)
def test_files_may_add_to_what_is_allowed(make_log, tmp_path, text, allowed):
    log = make_log(config=loaded(text, tmp_path))
    assert log.allowed_schemas == allowed
    assert record(log)["name"] == "x"


@pytest.mark.parametrize(
    ("first", "second", "allowed"),
    [
        ("= ['a']", ".append('b')", ["a", "b"]),
        (".append('a')", ".append('b')", ["a", "b"]),
        (".append('a')", ".prepend(['b'])", ["b", "a"]),
        (".append('a')", f".update({{'b': {KEPT}}})", {"a": {}, "b": KEPT}),
        (f"= {{'a': {KEPT}}}", ".update({'b': {}})", {"a": KEPT, "b": {}}),
        (".append('a')", "= ['b']", ["b"]),
    ],
)
def test_several_files_add_up(make_log, tmp_path, first, second, allowed):
    app = Example()
    for number, change in enumerate((first, second)):
        (tmp_path / f"config{number}.py").write_text(f"c.EventLog.allowed_schemas {change}")
        app.load_config_file(f"config{number}", path=[str(tmp_path)])
    assert make_log(parent=app).allowed_schemas == allowed
    assert make_log(parent=app).allowed_schemas == allowed  # again, of the same configuration


def test_files_may_append_handlers(make_log, tmp_path):
    text = "".join(f"c.EventLog.handlers.append({file_dict(tmp_path, name)})\n" for name in ("a.log", "b.log"))
    log = make_log(config=loaded(text + f"c.EventLog.allowed_schemas = [{ID!r}]", tmp_path))
    record(log)
    assert names(tmp_path / "a.log") == names(tmp_path / "b.log") == ["x"]


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        (f"c.EventLog.allowed_schemas.append([{ID!r}])", ConfigurationError, "a schema id is a str that is not empty"),
        (f"c.EventLog.allowed_schemas.extend({ID!r})", ConfigurationError, "these are the characters of an id"),
        (f"c.EventLog.allowed_schemas.update({ID!r})", ConfigurationError, "these are the characters of an id"),
        (f"c.EventLog.allowed_schemas = {ID!r}", ConfigurationError, "write a list of schema ids, not a str"),
        (
            "c.EventLog.handlers.update({'class': 'x'})",
            ConfigurationError,
            "write a list of logging handlers, not a dict",
        ),
        ("c.EventLog.handlers.append('events.log')", ConfigurationError, "'events.log' is no logging.Handler"),
        (f"c.EventLog.allowed_schemas[{ID!r}] = {{}}", TypeError, "does not support item assignment"),
        (f"c.EventLog.allowed_schemas += [{ID!r}]", TypeError, "unsupported operand type"),
        (
            f"c.EventLog.allowed_schemas = []\nc.EventLog.allowed_schemas.update({{{ID!r}: {{}}}})",
            AttributeError,
            "update",
        ),
    ],
)
def test_what_cannot_be_meant_is_an_error(tmp_path, text, error, said):
    with pytest.raises(error, match=said):
        EventLog(config=loaded(text, tmp_path))


# Changes at run time


def test_what_is_allowed_changes_with_the_next_event(make_log):
    log = make_log()
    assert record(log) is None
    log.allowed_schemas = [ID]
    assert record(log)["name"] == "x"
    log.allowed_schemas = {ID: KEPT}
    assert log.record_event(ID, 1, {"name": "x", "path": "/a"})["path"] == "/a"
    log.allowed_schemas = {ID: {}}
    assert log.record_event(ID, 1, {"name": "x", "path": "/a"})["path"] is None
    log.allowed_schemas = []
    assert record(log) is None
    assert log.counts() == {
        "recorded": 3,
        "not_allowed": 2,
        "invalid": 0,
        "rate_limited": 0,
        "handler_failures": 0,
        "redaction_failures": 0,
    }


def test_handlers_change_with_the_next_event(make_log, make_file_handler, tmp_path):
    log = make_log(handlers=[make_file_handler("a.log")], allowed_schemas=[ID])
    record(log, "1")
    log.handlers = [make_file_handler("b.log")]
    record(log, "2")
    log.add_handler(make_file_handler("c.log"))
    record(log, "3")
    log.handlers = []
    record(log, "4")
    assert [names(tmp_path / f"{name}.log") for name in "abc"] == [["1"], ["2", "3"], ["3"]]


def test_the_longest_event_changes_with_the_next_event(make_log):
    log = make_log(allowed_schemas=[ID])
    record(log, "x" * 1000)
    log.max_event_bytes = 500
    with pytest.raises(InvalidEvent, match=r"longer than max_event_bytes \(500\)"):
        record(log, "x" * 1000)
    log.max_event_bytes = 2000
    record(log, "x" * 1000)


def test_what_becomes_of_invalid_events_changes_with_the_next_event(make_log, caplog):
    log = make_log(allowed_schemas=[ID])
    with pytest.raises(InvalidEvent):
        record(log, 5)
    log.on_invalid = "log"
    assert record(log, 5) is None
    log.on_invalid = "raise"
    with pytest.raises(InvalidEvent):
        record(log, 5)
    assert [each.getMessage() for each in caplog.records] == [
        f"An event was not recorded: {ID}: $.name: must be a string (rule: type)"
    ]


def test_whether_references_are_fetched_changes_with_the_next_schema(make_log):
    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"type": "string"}')

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        reference = {"$ref": f"http://127.0.0.1:{server.server_port}/name"}
        schema = {"$id": "https://example.org/r", "version": 1, "type": "object", "properties": {"name": reference}}
        log = make_log()
        with pytest.raises(InvalidSchema):
            log.register_schema(schema)
        log.fetch_references = True
        log.register_schema(schema)
        log.fetch_references = False
        with pytest.raises(InvalidSchema):
            log.register_schema({**schema, "version": 2})
        server.shutdown()
        thread.join()


def test_a_bad_change_is_an_error_and_changes_nothing(make_log, make_file_handler, tmp_path):
    log = make_log(handlers=[make_file_handler()], allowed_schemas=[ID])
    for name, value in (("handlers", ["x"]), ("allowed_schemas", "x"), ("on_invalid", "x"), ("max_event_bytes", 1)):
        with pytest.raises(TraitError, match=name):
            setattr(log, name, value)
    record(log)
    assert names(tmp_path / "events.log") == ["x"]


HANDLERS_OF_A_CONFIG = {
    "dicts": lambda make, given: [given],
    "handlers": lambda make, given: [make()],
    "a callable": lambda make, given: lambda: [make()],
    "a command line": lambda make, given: Example().parse_command_line([]) or _command_line(given),
}


def _command_line(given):
    app = Example()
    app.initialize([f"--EventLog.handlers={json.dumps([given])}"])
    return app.config.EventLog.handlers


@pytest.mark.parametrize("form", HANDLERS_OF_A_CONFIG.values(), ids=HANDLERS_OF_A_CONFIG.keys())
def test_a_change_of_another_setting_leaves_the_handlers_open(make_log, make_file_handler, tmp_path, form):
    given = form(make_file_handler, file_dict(tmp_path))
    log = make_log(config=Config({"EventLog": {"handlers": given, "allowed_schemas": [ID]}}))
    handler, stream = log.handlers[0], log.handlers[0].stream
    record(log, "1")
    log.config = Config({"EventLog": {"handlers": given, "allowed_schemas": [ID], "max_event_bytes": 1000}})
    record(log, "2")
    log.update_config(Config({"EventLog": {"allowed_schemas": [ID, "b"]}}))
    record(log, "3")
    log.update_config(Config({"EventLog": {"handlers": given}}))
    record(log, "4")
    assert log.max_event_bytes == 1000
    assert (log.handlers, log.handlers[0].stream) == ([handler], stream)
    assert names(tmp_path / "events.log") == ["1", "2", "3", "4"]


def test_handlers_that_change_in_the_configuration_take_the_place_of_those_there_were(make_log, tmp_path):
    config = Config({"EventLog": {"handlers": [file_dict(tmp_path, "a.log")], "allowed_schemas": [ID]}})
    log = make_log(config=config)
    first = log.handlers[0]
    record(log, "1")
    config.EventLog.handlers[0]["filename"] = str(tmp_path / "b.log")  # in place
    log.config = config.copy()
    log.update_config(config)
    record(log, "2")
    config.EventLog.handlers.append(file_dict(tmp_path, "c.log"))
    log.update_config(config)
    record(log, "3")
    assert [names(tmp_path / f"{name}.log") for name in "abc"] == [["1"], ["2", "3"], ["3"]]
    log.close()
    assert first.stream is None


def test_configuration_that_adds_at_run_time_adds_to_what_there_is(make_log, make_file_handler, tmp_path):
    log = make_log(handlers=[make_file_handler("a.log")], allowed_schemas=[ID])
    config = Config()
    config.EventLog.allowed_schemas.append("b")
    config.EventLog.handlers.append(file_dict(tmp_path, "b.log"))
    log.update_config(config)
    record(log)
    assert log.allowed_schemas == [ID, "b"]
    assert names(tmp_path / "a.log") == names(tmp_path / "b.log") == ["x"]


def test_a_configuration_that_failed_may_be_tried_again(make_log, tmp_path):
    config = Config({"EventLog": {"handlers": [file_dict(tmp_path, "new/a.log")], "max_event_bytes": 1000}})
    log = make_log(allowed_schemas=[ID])
    with pytest.raises(ConfigurationError, match="FileNotFoundError"):
        log.update_config(config)
    (tmp_path / "new").mkdir()
    log.update_config(Config({"EventLog": {"max_event_bytes": 2000}}))
    log.update_config(config)
    record(log)
    assert names(tmp_path / "new" / "a.log") == ["x"]


def test_a_part_below_the_log_changes_none_of_its_configuration(make_log, tmp_path):
    class Part(Configurable):
        """Something that an application puts under its EventLog."""

    log = make_log(config=Config({"EventLog": {"handlers": [file_dict(tmp_path)], "allowed_schemas": [ID]}}))
    handlers = log.handlers
    Part(parent=log, config=Config({"EventLog": {"handlers": []}}))
    log.update_config(Config({"EventLog": {"max_event_bytes": 1000}}))
    assert log.handlers is handlers


# Handlers in the form of dictConfig


class Named(logging.Filter):
    """Lets events of one name pass."""

    def filter(self, record):
        return record.event["name"] == self.name


def make_stream_handler(prefix, path):
    """What a "()" may name."""
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter(f"{prefix}%(schema_id)s"))
    return handler


def test_a_dict_has_level_formatter_filters_and_properties(make_log, tmp_path):
    log = make_log(
        handlers=[
            file_dict(
                tmp_path,
                "a.log",
                formatter={"format": "{levelname}|{schema_id}|{event[name]}", "style": "{"},
                filters=[{"()": Named, "name": "x"}, {"name": "jupyter_telemetry"}, lambda record: True, Named("x")],
                level="INFO",
            ),
            file_dict(tmp_path, "b.log", level="WARNING"),
            file_dict(tmp_path, "c.log", formatter=logging.Formatter("%(message).15s"), **{".": {"terminator": "|"}}),
        ],
        allowed_schemas=[ID],
    )
    record(log, "x")
    record(log, "y")
    written = [(tmp_path / f"{name}.log").read_text() for name in "abc"]
    assert written == [f"INFO|{ID}|x\n", "", '{"__timestamp__|{"__timestamp__|']


def test_a_dict_may_name_a_factory(make_log, tmp_path):
    path = str(tmp_path / "events.log")
    log = make_log(handlers=[{"()": make_stream_handler, "prefix": "> ", "path": path}], allowed_schemas=[ID])
    record(log)
    assert (tmp_path / "events.log").read_text() == f"> {ID}\n"


def test_a_memory_handler_s_target_is_a_dict_too(make_log, tmp_path):
    memory = {"class": "logging.handlers.MemoryHandler", "capacity": 10, "target": file_dict(tmp_path)}
    log = make_log(handlers=[memory], allowed_schemas=[ID])
    target = log.handlers[0].target
    record(log)
    assert names(tmp_path / "events.log") == []
    log.close()
    assert names(tmp_path / "events.log") == ["x"]
    assert target.stream is None


QUEUE = {"class": "logging.handlers.QueueHandler"}


def test_a_queue_handler_feeds_the_handlers_in_its_dict_until_the_log_is_closed(make_log, tmp_path):
    given = {**QUEUE, "handlers": [file_dict(tmp_path, "a.log"), file_dict(tmp_path, "b.log", level="ERROR")]}
    if sys.version_info < (3, 12):  # whose logging.config knows no listeners
        with pytest.raises(ConfigurationError) as caught:
            make_log(handlers=[given])
        assert str(caught.value) == (
            "EventLog.handlers: a QueueHandler given as a dict has a listener from Python 3.12 on; before, make it and "
            "its QueueListener yourself"
        )
        return
    log = make_log(handlers=[{**given, "respect_handler_level": True}], allowed_schemas=[ID])
    behind = log.handlers[0].listener.handlers
    for number in range(1000):
        record(log, str(number))
    log.close()
    assert names(tmp_path / "a.log") == [str(number) for number in range(1000)]
    assert names(tmp_path / "b.log") == []
    assert [handler.stream for handler in behind] == [None, None]


def test_a_queue_handler_of_a_queue_of_the_user_s_leaves_it_to_the_user(make_log):
    events = queue.Queue()
    log = make_log(handlers=[{**QUEUE, "queue": events}], allowed_schemas=[ID])
    capsule = record(log)
    log.close()
    assert events.get_nowait().event == capsule
    assert events.empty()


# What the log made is the log's to close


def test_the_log_closes_what_it_made_and_nothing_else(make_log, make_file_handler, tmp_path):
    theirs = make_file_handler("theirs.log")
    with EventLog(handlers=[theirs, file_dict(tmp_path)]) as log:
        made = log.handlers[1]
        assert made.stream is not None
    assert log.handlers == []
    assert made.stream is None
    assert theirs.stream is not None
    log.close()  # again


def test_a_log_that_is_dropped_closes_what_it_made(tmp_path):
    handler = EventLog(handlers=[file_dict(tmp_path)]).handlers[0]
    gc.collect()
    assert handler.stream is None


def test_what_was_replaced_is_closed_when_no_call_under_way_can_use_it_or_with_the_log(tmp_path):
    log = EventLog(handlers=[file_dict(tmp_path, "a.log")])
    handlers = [log.handlers[0]]
    for name in ("b.log", "c.log", "d.log"):
        log.handlers = [file_dict(tmp_path, name)]
        handlers.append(log.handlers[0])
        log._attachment._retired[handlers[0]] = -1000.0  # it was long ago
    assert [handler.stream is None for handler in handlers] == [True, False, False, False]
    log.close()
    assert [handler.stream is None for handler in handlers] == [True, True, True, True]


def test_a_handler_that_comes_back_stays_open(make_log, tmp_path):
    log = make_log(handlers=[file_dict(tmp_path)], allowed_schemas=[ID])
    handlers = log.handlers
    for _ in range(3):
        log.handlers = []
        log.handlers = handlers
    record(log)
    assert names(tmp_path / "events.log") == ["x"]
    assert handlers[0].stream is not None


def test_a_handler_that_fails_to_close_keeps_the_others_from_nothing(tmp_path):
    full = {
        "class": "logging.handlers.MemoryHandler",
        "capacity": 10,
        "target": {"class": "logging.FileHandler", "filename": "/dev/full"},
    }
    log = EventLog(handlers=[full, file_dict(tmp_path)], allowed_schemas=[ID])
    log.register_schema(SCHEMA)
    record(log)
    made = log.handlers[1]
    log.close()
    assert made.stream is None
    assert log.counts()["handler_failures"] > 0


def test_what_was_made_before_an_error_is_closed(tmp_path):
    memory = {"class": "logging.handlers.MemoryHandler", "target": file_dict(tmp_path, "b.log")}  # no capacity
    before = set(logging._handlerList)
    with pytest.raises(ConfigurationError):
        EventLog(handlers=[file_dict(tmp_path, "a.log"), memory])
    gc.collect()
    assert [each for each in (made() for made in set(logging._handlerList) - before) if each and each.stream] == []


def test_logging_s_own_configuration_closes_none_of_the_log_s_handlers(make_log, tmp_path):
    memory = {"class": "logging.handlers.MemoryHandler", "capacity": 10, "target": file_dict(tmp_path)}
    log = make_log(handlers=[memory], allowed_schemas=[ID])
    record(log, "1")
    Example().log.debug("which configures logging")
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})
    record(log, "2")
    log.close()
    assert names(tmp_path / "events.log") == ["1", "2"]


@pytest.mark.parametrize("ending", ["", "log.close()", "log.close(); log.close()", "raise SystemExit(0)", "del log"])
def test_the_end_of_the_interpreter_flushes_and_closes_what_the_log_made(tmp_path, ending):
    handlers = {
        "file.log": file_dict(tmp_path, "file.log"),
        "memory.log": {
            "class": "logging.handlers.MemoryHandler",
            "capacity": 10_000,
            "target": file_dict(tmp_path, "memory.log"),
        },
    }
    if sys.version_info >= (3, 12):
        handlers["queue.log"] = {**QUEUE, "handlers": [file_dict(tmp_path, "queue.log")]}
    code = f"""
from jupyter_telemetry import EventLog

log = EventLog(handlers={list(handlers.values())!r}, allowed_schemas=[{ID!r}])
log.register_schema({SCHEMA!r})
for number in range(1000):
    log.record_event({ID!r}, 1, {{"name": str(number)}})
{ending}
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert {name: names(tmp_path / name) for name in handlers} == {
        name: [str(number) for number in range(1000)] for name in handlers
    }
