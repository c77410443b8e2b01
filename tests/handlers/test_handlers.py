"""Every handler of logging gets every event, as its line, at the level and in the form that the user gives it."""

from __future__ import annotations

import http.server
import io
import json
import logging
import logging.handlers
import pickle
import queue
import re
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest
from pythonjsonlogger.json import JsonFormatter

from jupyter_telemetry import EventLog
from jupyter_telemetry.handlers import is_line_handler

from .recorded import OPEN, SAVE, SCHEMAS, Keeping, LineKeeping, line_of, record_two

# The handlers of logging, each for real


def test_a_line_is_the_event_as_json_metadata_first(make_log):
    kept = Keeping()
    capsule = make_log(kept).record_event(SAVE, 1, {"name": "ä", "size": 3})
    assert re.fullmatch(
        r'\{"__timestamp__":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z","__schema__":"https://example.org/save",'
        r'"__schema_version__":1,"__metadata_version__":2,"__id__":"[0-9a-f-]{36}","name":"ä","size":3\}',
        kept.lines[0],
    )
    assert kept.lines == [line_of(capsule)]


def test_a_file_handler_writes_the_lines(make_log, tmp_path):
    lines = record_two(make_log(logging.FileHandler(tmp_path / "events.log", encoding="utf-8")))
    assert (tmp_path / "events.log").read_bytes().decode() == "".join(f"{line}\n" for line in lines)


def test_a_rotating_file_handler_rotates(make_log, tmp_path):
    path = tmp_path / "events.log"
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=1000, backupCount=99, encoding="utf-8")
    log = make_log(handler)
    lines = [line for _ in range(20) for line in record_two(log)]
    files = [path, *(path.with_name(f"events.log.{number}") for number in range(1, 100))]
    written = [file.read_text(encoding="utf-8").splitlines() for file in files if file.exists()]
    assert len(written) > 5
    assert [line for file in reversed(written) for line in file] == lines


def test_a_timed_rotating_file_handler_rotates(make_log, tmp_path):
    handler = logging.handlers.TimedRotatingFileHandler(tmp_path / "events.log", when="H", encoding="utf-8")
    log = make_log(handler)
    yesterday = record_two(log)
    handler.rolloverAt = int(time.time())  # the hour is over
    today = record_two(log)
    rotated, current = sorted(tmp_path.iterdir(), key=lambda file: file.name == "events.log")
    assert rotated.name.startswith("events.log.")
    assert rotated.read_text(encoding="utf-8").splitlines() == yesterday
    assert current.read_text(encoding="utf-8").splitlines() == today


def test_a_stream_handler_writes_the_lines(make_log):
    stream = io.StringIO()
    lines = record_two(make_log(logging.StreamHandler(stream)))
    assert stream.getvalue() == "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("family", ["udp", "unix"])
def test_a_syslog_handler_sends_the_lines(make_log, tmp_path, family):
    kind = socket.AF_INET if family == "udp" else socket.AF_UNIX
    with socket.socket(kind, socket.SOCK_DGRAM) as server:
        server.settimeout(30)
        server.bind(("127.0.0.1", 0) if family == "udp" else str(tmp_path / "s"))
        lines = record_two(make_log(logging.handlers.SysLogHandler(address=server.getsockname())))
        received = [server.recv(65536) for _ in lines]
    assert received == [f"<14>{line}\0".encode() for line in lines]  # 14: facility USER, severity INFO


def test_a_socket_handler_sends_records_that_logging_makes_anew(make_log, serve):
    received = queue.Queue()

    class Receiver(socketserver.StreamRequestHandler):
        def handle(self):
            while head := self.rfile.read(4):
                received.put(pickle.loads(self.rfile.read(struct.unpack(">L", head)[0])))

    host, port = serve(socketserver.TCPServer(("127.0.0.1", 0), Receiver))
    handler = logging.handlers.SocketHandler(host, port)
    lines = record_two(make_log(handler))
    handler.close()
    records = [logging.makeLogRecord(received.get(timeout=30)) for _ in lines]
    assert [record.getMessage() for record in records] == lines
    assert [record.levelname for record in records] == ["INFO", "INFO"]
    assert [record.event for record in records] == [json.loads(line) for line in lines]
    assert [record.schema_id for record in records] == [SAVE, OPEN]
    assert [record.schema_version for record in records] == [1, 1]


def test_an_http_handler_posts_the_record(make_log, serve):
    received = queue.Queue()

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.put((self.path, dict(urllib.parse.parse_qsl(body))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    host, port = serve(http.server.HTTPServer(("127.0.0.1", 0), Receiver))
    lines = record_two(make_log(logging.handlers.HTTPHandler(f"{host}:{port}", "/events", method="POST")))
    posted = [received.get(timeout=30) for _ in lines]
    assert [path for path, _ in posted] == ["/events", "/events"]
    assert [fields["msg"] for _, fields in posted] == lines
    assert [(fields["levelname"], fields["schema_id"]) for _, fields in posted] == [("INFO", SAVE), ("INFO", OPEN)]


def test_a_queue_handler_feeds_a_listener(make_log, tmp_path):
    behind = logging.FileHandler(tmp_path / "events.log", encoding="utf-8")
    handler = logging.handlers.QueueHandler(queue.Queue())
    listener = logging.handlers.QueueListener(handler.queue, behind)
    listener.start()
    lines = record_two(make_log(handler))
    listener.stop()
    behind.close()
    assert (tmp_path / "events.log").read_text(encoding="utf-8").splitlines() == lines


def test_a_memory_handler_fills_and_empties_into_its_target(make_log):
    target = Keeping()
    log = make_log(logging.handlers.MemoryHandler(3, target=target))
    lines = record_two(log)
    assert target.lines == []
    lines += record_two(log)
    assert target.lines == lines[:3]
    log.flush()
    assert target.lines == lines


def test_containers_get_their_lines_on_stdout(tmp_path):
    (tmp_path / "config.json").write_text(
        json.dumps(
            {
                "EventLog": {
                    "handlers": [{"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}],
                    "allowed_schemas": [SAVE],
                }
            }
        )
    )
    code = f"""
import json
from traitlets.config.loader import JSONFileConfigLoader
from jupyter_telemetry import EventLog

log = EventLog(config=JSONFileConfigLoader("config.json", {str(tmp_path)!r}).load_config())
log.register_schema({SCHEMAS[0]!r})
log.record_event({SAVE!r}, 1, {{"name": "x"}})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout)["name"] == "x"


# A user's formatter, level and filters


def test_a_formatter_of_the_user_is_honoured(make_log):
    handler = Keeping()
    handler.setFormatter(logging.Formatter("%(levelname)s %(schema_id)s %(schema_version)s %(message)s"))
    lines = record_two(make_log(handler))
    assert handler.lines == [f"INFO {SAVE} 1 {lines[0]}", f"INFO {OPEN} 1 {lines[1]}"]


def test_a_formatter_that_the_user_sets_later_is_honoured(make_log):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    log = make_log(handler)
    handler.setFormatter(logging.Formatter("%(schema_id)s"))
    record_two(log)
    assert stream.getvalue() == f"{SAVE}\n{OPEN}\n"
    log.remove_handler(handler)
    assert handler.formatter._fmt == "%(schema_id)s"


def test_a_handler_without_a_formatter_has_none_when_it_is_given_back(make_log):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    log = make_log(handler)
    lines = record_two(log)
    handler.handle(logging.makeLogRecord({"msg": "no event"}))
    assert stream.getvalue().splitlines() == [*lines, "no event"]
    log.remove_handler(handler)
    assert handler.formatter is None


def test_python_json_logger_formats_the_record(make_log):
    handler = Keeping()
    handler.setFormatter(JsonFormatter("%(levelname)s %(message)s", json_ensure_ascii=False))
    lines = record_two(make_log(handler))
    assert [json.loads(line) for line in handler.lines] == [
        {
            "levelname": "INFO",
            "message": line,
            "event": json.loads(line),
            "schema_id": json.loads(line)["__schema__"],
            "schema_version": 1,
        }
        for line in lines
    ]


@pytest.mark.parametrize(("level", "gets"), [(logging.DEBUG, 2), (logging.INFO, 2), (logging.WARNING, 0)])
def test_a_level_of_the_user_is_honoured(make_log, level, gets):
    handler = Keeping()
    handler.setLevel(level)
    log = make_log(handler)
    assert handler.lines == record_two(log)[:gets]
    assert log.counts() == {
        "recorded": 2,
        "not_allowed": 0,
        "invalid": 0,
        "rate_limited": 0,
        "handler_failures": 0,
        "redaction_failures": 0,
    }


def test_filters_of_the_user_are_honoured(make_log):
    handler = Keeping()
    handler.addFilter(lambda record: record.schema_id == OPEN and record.event["name"] == "x")
    handler.addFilter(logging.Filter("jupyter_telemetry"))
    assert handler.lines == record_two(make_log(handler))[1:]


def test_each_handler_has_its_own_form(make_log):
    short, whole, none = Keeping(), Keeping(), Keeping()
    short.setFormatter(logging.Formatter("%(schema_id)s"))
    none.setLevel("ERROR")
    lines = record_two(make_log(short, whole, none))
    assert (short.lines, whole.lines, none.lines) == ([SAVE, OPEN], lines, [])


# Handlers that take the line itself


def test_a_line_handler_gets_each_schema_before_its_events_and_the_bytes_of_each_line(make_log):
    handler = LineKeeping()
    assert is_line_handler(handler)
    log = make_log(handler)
    lines = [f"{line}\n".encode() for line in record_two(log)]
    texts = [schema.text for schema in log.registry]
    assert handler.got == [(SAVE, 1, texts[0]), lines[0], (OPEN, 1, texts[1]), lines[1]]
    assert json.loads(texts[0]) == SCHEMAS[0]


def test_a_line_handler_with_a_filter_gets_records(make_log):
    handler = LineKeeping()
    handler.addFilter(lambda record: record.schema_id == OPEN)
    line = record_two(make_log(handler))[1]
    assert [got.getMessage() for got in handler.got if isinstance(got, logging.LogRecord)] == [line]
    assert all(isinstance(got, (tuple, logging.LogRecord)) for got in handler.got)


def test_a_line_handler_above_the_level_of_events_gets_none(make_log):
    handler = LineKeeping()
    handler.setLevel("WARNING")
    record_two(make_log(handler))
    assert all(isinstance(got, tuple) for got in handler.got)


def test_a_line_handler_that_comes_later_gets_the_schemas_first(make_log):
    log, late = make_log(), LineKeeping()
    record_two(log)
    log.add_handler(late)
    record_two(log)
    assert [type(got) for got in late.got] == [tuple, bytes, tuple, bytes]


# Attaching


def test_a_handler_that_is_added_twice_writes_each_event_once(make_log):
    handler = Keeping()
    log = make_log(handler, handler)
    log.add_handler(handler)
    assert handler.lines == record_two(log)


def test_a_removed_handler_gets_no_more_events_and_stays_open(make_log):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    log = make_log(handler)
    lines = record_two(log)
    log.remove_handler(handler)
    record_two(log)
    assert stream.getvalue().splitlines() == lines
    assert not stream.closed


def test_two_logs_have_their_own_handlers(make_log):
    first, second = Keeping(), Keeping()
    make_log(first)
    lines = record_two(make_log(second))
    assert (first.lines, second.lines) == ([], lines)


def test_events_reach_no_other_logger(make_log, caplog):
    with caplog.at_level(1):
        record_two(make_log(Keeping()))
    # What is said is which mode of consent holds.
    assert [record.getMessage() for record in caplog.records] == [
        "EventLog.consent is inform by default: what configures EventLog is the user's own."
    ]


# A handler that blocks


class Blocking(logging.Handler):
    """Waits in emit until it is let go; takes only events of one schema."""

    def __init__(self):
        super().__init__()
        self.addFilter(lambda record: record.schema_id == OPEN)
        self.entered, self.let_go, self.lines = threading.Event(), threading.Event(), []

    def emit(self, record):
        self.entered.set()
        assert self.let_go.wait(60)
        self.lines.append(record.getMessage())


def test_while_a_handler_blocks_all_else_goes_on_and_nothing_is_lost(make_log):
    blocking, before, after = Blocking(), Keeping(), Keeping()
    log = make_log(before, blocking, after)
    blocked = []
    thread = threading.Thread(target=lambda: blocked.append(line_of(log.record_event(OPEN, 1, {"name": "x"}))))
    thread.start()
    assert blocking.entered.wait(60)
    # The event under way holds nothing that others need: neither to record nor to configure.
    lines = [line_of(log.record_event(SAVE, 1, {"name": "y"})) for _ in range(100)]
    log.register_schema({"$id": "https://example.org/late", "version": 1, "type": "object"})
    log.allowed_schemas += ["https://example.org/late"]
    log.add_handler(late := Keeping())
    lines.append(line_of(log.record_event("https://example.org/late", 1, {})))
    assert after.lines == lines
    assert late.lines == lines[-1:]
    assert len(before.lines) == 102
    blocking.let_go.set()
    thread.join(60)
    assert blocking.lines == blocked == before.lines[:1] == after.lines[-1:]
    assert log.counts() == {
        "recorded": 102,
        "not_allowed": 0,
        "invalid": 0,
        "rate_limited": 0,
        "handler_failures": 0,
        "redaction_failures": 0,
    }


def test_handlers_that_record_again_come_to_an_end(caplog):
    class Again(logging.Handler):
        def emit(self, record):
            log.record_event("a", 1, {})

    log = EventLog(allowed_schemas=["a"], handlers=[Again(), Again()])
    log.register_schema({"$id": "a", "version": 1})
    log.record_event("a", 1, {})

    counts = log.counts()
    assert counts["recorded"] == 2**9 - 1
    assert counts["handler_failures"] == 2**9
    assert len(caplog.records) == 2
