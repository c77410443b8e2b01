"""What changes while an EventLog is in use takes effect with the next event."""

from __future__ import annotations

import http.server
import json
import threading

import pytest
from traitlets import TraitError
from traitlets.config import Config, Configurable

from jupyter_telemetry import ConfigurationError, InvalidEvent, InvalidSchema

from .applications import ID, KEPT, Example, file_dict, names, record


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
