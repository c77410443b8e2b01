"""Every handler of logging gets every event, as its line; one that fails breaks nobody, and prints no event."""

from __future__ import annotations

import gc
import http.server
import io
import json
import logging
import logging.handlers
import os
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
import weakref
from contextlib import suppress
from unittest.mock import MagicMock

import pytest
from pythonjsonlogger.json import JsonFormatter

from jupyter_telemetry import EventLog
from jupyter_telemetry.handlers import behind, is_line_handler, walk
from jupyter_telemetry.notice import Notices

SECRET = "s3cret-välue"
SAVE = "https://example.org/save"
OPEN = "https://example.org/open"
SCHEMAS = [
    {
        "$id": schema_id,
        "version": 1,
        "type": "object",
        "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
        "required": ["name"],
    }
    for schema_id in (SAVE, OPEN)
]


@pytest.fixture
def make_log():
    """Make an EventLog with these handlers; all are closed in the end."""
    made = []

    def make(*handlers, **settings):
        log = EventLog(handlers=list(handlers), **{"allowed_schemas": [SAVE, OPEN], **settings})
        for schema in SCHEMAS:
            log.register_schema(schema)
        made.append((log, handlers))
        return log

    yield make
    for log, handlers in made:
        log.close()
        for handler in handlers:
            with suppress(ValueError, OSError):  # of one that failed in the test
                handler.close()


class Keeping(logging.Handler):
    """Keeps the lines that it gets."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


def line_of(capsule):
    return json.dumps(capsule, separators=(",", ":"), ensure_ascii=False)


def record_two(log):
    """Record two events; return their lines."""
    return [
        line_of(log.record_event(SAVE, 1, {"name": f"{SECRET} % %s {{}}", "size": 3})),
        line_of(log.record_event(OPEN, "1", {"name": "x"})),
    ]


@pytest.fixture
def serve():
    """Run a socketserver in a thread; it is stopped in the end."""
    running = []

    def run(server):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((server, thread))
        return server.server_address

    yield run
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


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


class LineKeeping(logging.Handler):
    """What the journal is to an EventLog."""

    def __init__(self):
        super().__init__()
        self.got = []

    def write_event(self, line):
        self.got.append(line)

    def write_schema(self, schema_id, version, schema):
        self.got.append((schema_id, version, schema))

    def emit(self, record):
        self.got.append(record)


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


# Handlers that fail


class RaisesFromEmit(logging.Handler):
    def emit(self, record):
        raise ValueError(record.getMessage())


class RaisesThroughHandleError(logging.Handler):
    def emit(self, record):
        try:
            raise ValueError(record.getMessage())
        except ValueError:
            self.handleError(record)


class RaisesFromItsLine(LineKeeping):
    def write_event(self, line):
        raise ValueError(line)

    def write_schema(self, schema_id, version, schema):
        pass


class RaisesFromFormat(logging.Formatter):
    def format(self, record):
        raise ValueError(record.getMessage())


class HandlesItsErrors(RaisesThroughHandleError):
    """Shows what it has at hand, as error trackers do, and then does as logging does."""

    def handleError(self, record):
        error = sys.exc_info()[1]
        print(vars(record), repr(error), repr(error.__context__), repr(error.__cause__), file=sys.stderr)
        super().handleError(record)


def raising_filter():
    handler = Keeping()
    handler.addFilter(lambda record: 1 / 0)
    return handler


def raising_formatter():
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(RaisesFromFormat())
    return handler


def unknown_field():
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(logging.Formatter("%(message)s %(no_such_field)s"))
    return handler


def closed_stream():
    handler = logging.StreamHandler(io.StringIO())
    handler.stream.close()
    return handler


def ascii_stream():
    return logging.StreamHandler(io.TextIOWrapper(io.BytesIO(), encoding="ascii"))


def behind_memory(target):
    return logging.handlers.MemoryHandler(1, target=target)


# What fails, and as what it is said to fail.
FAILING = {
    "raises from emit": (RaisesFromEmit, "RaisesFromEmit", "ValueError"),
    "raises through handleError": (RaisesThroughHandleError, "RaisesThroughHandleError", "ValueError"),
    "raises from write_event": (RaisesFromItsLine, "RaisesFromItsLine", "ValueError"),
    "has a filter that raises": (raising_filter, "Keeping", "ZeroDivisionError"),
    "has a formatter that raises": (raising_formatter, "StreamHandler", "ValueError"),
    "has a formatter that asks for what is not there": (unknown_field, "StreamHandler", "ValueError"),
    "writes to a closed stream": (closed_stream, "StreamHandler", "ValueError"),
    "writes to a stream without room for the text": (ascii_stream, "StreamHandler", "UnicodeEncodeError"),
    "passes on to one that fails": (
        lambda: behind_memory(RaisesThroughHandleError()),
        "RaisesThroughHandleError",
        "ValueError",
    ),
    "passes on to one that raises": (lambda: behind_memory(RaisesFromEmit()), "MemoryHandler", "ValueError"),
    "passes on twice": (lambda: behind_memory(behind_memory(closed_stream())), "StreamHandler", "ValueError"),
}


@pytest.fixture(params=FAILING.values(), ids=FAILING.keys())
def failing(request):
    make, *said = request.param
    return make(), *said


def test_a_failing_handler_starves_no_other_and_breaks_no_caller(make_log, failing):
    before, after = Keeping(), Keeping()
    lines = record_two(make_log(before, failing[0], after))
    assert before.lines == after.lines == lines


def test_a_failing_handler_is_counted_and_said_once_and_prints_no_event(make_log, failing, capfd, caplog):
    assert logging.raiseExceptions
    handler, name, error = failing
    log = make_log(handler)
    for _ in range(3):
        log.record_event(SAVE, 1, {"name": SECRET})
    assert log.counts() == {
        "recorded": 3,
        "not_allowed": 0,
        "invalid": 0,
        "rate_limited": 0,
        "handler_failures": 3,
        "redaction_failures": 0,
    }
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        (
            "WARNING",
            f"A {name} failed to take an event: {error}. The other handlers have it; this one may have lost it.",
        )
    ]
    assert capfd.readouterr() == ("", "")


def test_a_failing_handler_is_said_once_a_minute_with_how_often_since(make_log, caplog):
    now = [0.0]
    log = make_log(RaisesFromEmit())
    log._attachment._notices = Notices(logging.getLogger("jupyter_telemetry"), lambda: now[0])
    for now[0] in (0, 1, 59, 60, 61, 121):
        log.record_event(SAVE, 1, {"name": SECRET})
    said = (
        "A RaisesFromEmit failed to take an event: ValueError. The other handlers have it; this one may have lost it."
    )
    assert [record.getMessage() for record in caplog.records] == [
        said,
        f"{said} (and 2 more like it since the last such line)",
        f"{said} (and 1 more like it since the last such line)",
    ]


def test_a_full_disk_loses_lines_and_breaks_nobody(make_log, capfd):
    full, kept = logging.FileHandler("/dev/full"), Keeping()
    log = make_log(full, kept)
    lines = record_two(log)
    assert (kept.lines, log.counts()["handler_failures"]) == (lines, 2)
    assert capfd.readouterr() == ("", "")


def test_a_closed_file_handler_opens_its_file_again(make_log, tmp_path):
    handler = logging.FileHandler(tmp_path / "events.log", encoding="utf-8")
    log = make_log(handler)
    lines = record_two(log)
    handler.close()
    lines += record_two(log)
    assert (tmp_path / "events.log").read_text(encoding="utf-8").splitlines() == lines
    assert log.counts()["handler_failures"] == 0


@pytest.mark.parametrize("make", [RaisesThroughHandleError, closed_stream, unknown_field])
def test_a_handler_that_fails_behind_a_listener_of_the_user_s_prints_no_event(make_log, capfd, make):
    """Nobody can know of it: logging prints what it prints, without the event's line and values."""
    handler, broken = logging.handlers.QueueHandler(queue.Queue()), make()
    broken.formatter = broken.formatter or logging.Formatter("%(message)s %(asctime)s")
    listener = logging.handlers.QueueListener(handler.queue, broken)
    listener.start()
    log = make_log(handler)
    log.record_event(SAVE, 1, {"name": "y"})
    listener.stop()
    printed = capfd.readouterr().err
    assert f"Message: '<event of {SAVE}, not shown>'" in printed
    if make is not RaisesThroughHandleError:  # whose exception holds the line
        assert '"name"' not in printed


def test_a_socket_handler_still_drops_the_socket_that_failed(make_log, serve, capfd):
    received = queue.Queue()

    class Receiver(socketserver.StreamRequestHandler):
        def handle(self):
            while head := self.rfile.read(4):
                received.put(pickle.loads(self.rfile.read(struct.unpack(">L", head)[0]))["event"]["name"])

    class FailsOnDemand(logging.handlers.SocketHandler):
        def makePickle(self, record):
            if record.event["name"] == "bad":
                raise ValueError(record.getMessage())
            return super().makePickle(record)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    handler = FailsOnDemand(*serve(Server(("127.0.0.1", 0), Receiver)))
    handler.closeOnError = True
    log = make_log(handler)
    sockets = []
    for name in ("first", "bad", "last"):
        log.record_event(SAVE, 1, {"name": name})
        sockets.append(handler.sock)
    assert [each is None for each in sockets] == [False, True, False]
    assert sorted(received.get(timeout=30) for _ in range(2)) == ["first", "last"]
    assert log.counts()["handler_failures"] == 1
    assert capfd.readouterr() == ("", "")


def test_an_event_that_a_socket_handler_cannot_send_is_counted(make_log, serve, caplog, capfd):
    received = queue.Queue()

    class Receiver(socketserver.StreamRequestHandler):
        def handle(self):
            while head := self.rfile.read(4):
                received.put(pickle.loads(self.rfile.read(struct.unpack(">L", head)[0]))["event"]["name"])

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    handler = logging.handlers.SocketHandler(*address)  # nobody listens there any more
    log = make_log(handler)
    for name in ("refused", "while it waits"):
        log.record_event(SAVE, 1, {"name": name})
    handler.handle(logging.makeLogRecord({"msg": "of the application's own log"}))
    assert log.counts()["handler_failures"] == 2
    assert [record.getMessage() for record in caplog.records] == [
        "A SocketHandler failed to take an event: NotConnectedError. The other handlers have it; "
        "this one may have lost it."
    ]
    serve(Server(address, Receiver))
    handler.retryTime = None  # as if it had waited long enough
    log.record_event(SAVE, 1, {"name": "sent"})
    assert received.get(timeout=30) == "sent"
    assert log.counts()["handler_failures"] == 2
    log.remove_handler(handler)
    assert vars(handler).keys() & {"send", "handleError"} == set()
    assert capfd.readouterr() == ("", "")


def test_a_socket_handler_with_a_send_of_its_own_is_left_alone(make_log):
    sent = []

    class Sends(logging.handlers.SocketHandler):
        def send(self, s):
            sent.append(s)

    log = make_log(Sends("localhost", 1))
    record_two(log)
    assert (len(sent), log.counts()["handler_failures"]) == (2, 0)


def test_a_handler_s_own_handle_error_runs_and_sees_nothing_of_the_event(make_log, capfd):
    log = make_log(HandlesItsErrors())
    log.record_event(SAVE, 1, {"name": SECRET})
    printed = capfd.readouterr().err
    assert "<an event, not shown>" in printed
    assert SECRET not in printed
    assert "__id__" not in printed
    assert log.counts()["handler_failures"] == 1


def test_other_records_of_a_handler_fail_as_they_always_did(make_log, capfd):
    handler = closed_stream()
    log = make_log(handler)
    handler.handle(logging.makeLogRecord({"msg": "of the application's own log"}))
    assert "Message: 'of the application's own log'" in capfd.readouterr().err.replace('"', "'")
    assert log.counts()["handler_failures"] == 0


def test_a_removed_handler_handles_its_errors_as_before(make_log):
    plain, own, behind = RaisesFromEmit(), RaisesFromEmit(), RaisesFromEmit()
    own.handleError = handle_error = lambda record: None
    log = make_log(plain, own, memory := behind_memory(behind))
    assert all("handleError" in vars(each) for each in (plain, own, memory, behind))
    for each in (plain, own, memory):
        log.remove_handler(each)
    assert [vars(each).get("handleError") for each in (plain, own, memory, behind)] == [None, handle_error, None, None]


# Handlers behind handlers


def feeding(*fed):
    handler = logging.handlers.QueueHandler(queue.Queue())
    handler.listener = logging.handlers.QueueListener(handler.queue, *fed)
    return handler


def test_a_walk_comes_to_each_handler_behind_another_once_in_order():
    first, second = Keeping(), Keeping()
    memory = logging.handlers.MemoryHandler(9, target=second)
    outer = logging.handlers.MemoryHandler(9, target=feeding(first, memory, second))
    assert list(walk(outer)) == [outer, outer.target, first, memory, second]
    assert list(walk(first)) == [first]


def test_a_walk_treats_dicts_as_the_handlers_that_they_make():
    kept, file = Keeping(), {"class": "logging.FileHandler", "filename": "a"}
    memory = {"class": "logging.handlers.MemoryHandler", "capacity": 9, "target": kept}
    outer = {"class": "logging.handlers.QueueHandler", "handlers": [file, memory]}
    assert list(walk(outer)) == [outer, file, memory, kept]
    assert list(walk({"target": "ext://their.handler", "handlers": 5})) == [
        {"target": "ext://their.handler", "handlers": 5}
    ]


def test_a_walk_ends_where_handlers_feed_themselves():
    memory, given = logging.handlers.MemoryHandler(9), {"class": "logging.handlers.MemoryHandler"}
    memory.target = outer = feeding(memory)
    given["target"] = given
    assert list(walk(memory)) == [memory, outer]
    assert [each is given for each in walk(given)] == [True]
    assert behind(memory) == [outer]
    memory.close()


def test_a_walk_goes_as_deep_as_there_are_handlers():
    innermost = outer = Keeping()
    for _ in range(sys.getrecursionlimit() + 1):
        outer = logging.handlers.MemoryHandler(9, target=outer)
    *_, last = walk(outer)
    assert last is innermost


def test_a_log_takes_a_handler_that_feeds_itself_and_gives_it_back(make_log):
    memory = logging.handlers.MemoryHandler(9)
    memory.target = memory
    log = make_log(memory)
    assert "handleError" in vars(memory)
    log.remove_handler(memory)
    assert "handleError" not in vars(memory)
    memory.close()


class WithoutInit(logging.Handler):
    """Does not call logging.Handler.__init__."""

    def __init__(self):
        self.events = []

    def handle(self, record):
        self.events.append(record.event)


class StreamWithoutInit(logging.StreamHandler):
    def __init__(self):
        pass


class Unrestorable(Keeping):
    @property
    def listener(self):
        if self.lines:
            raise RuntimeError
        return None


ODD = [WithoutInit, StreamWithoutInit, lambda: MagicMock(spec=logging.Handler), Unrestorable]


@pytest.mark.parametrize("make", ODD, ids=["without init", "stream without init", "mock", "raises"])
@pytest.mark.parametrize("part", [EventLog.close, lambda log: log.remove_handler(log.handlers[0])])
def test_a_log_parts_with_any_handler_and_closes_its_own(make_log, tmp_path, make, part):
    odd = make()
    file = {"class": "logging.FileHandler", "filename": str(tmp_path / "events.log"), "encoding": "utf-8"}
    log = make_log()
    log.handlers = [odd, file]
    own = log.handlers[1]
    log.record_event(SAVE, 1, {"name": "x"})
    part(log)
    assert odd not in log.handlers
    log.close()
    assert (log.handlers, own.stream) == ([], None)


def test_a_handler_without_a_lock_is_no_trouble_to_a_fork(make_log):
    kept, odd = Keeping(), WithoutInit()
    log = make_log(kept)
    log.add_handler(odd)
    if (child := os.fork()) == 0:
        log.record_event(SAVE, 1, {"name": "x"})
        os._exit(0 if len(kept.lines) == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    gc.collect()  # what the fork's callbacks raise is told by now, and is an error here


def test_a_handler_of_two_logs_is_quiet_until_both_have_removed_it(make_log, capfd):
    handler = RaisesThroughHandleError()
    first, second = make_log(handler), make_log(handler)
    first.remove_handler(handler)
    second.record_event(SAVE, 1, {"name": SECRET})
    assert (first.counts()["handler_failures"], second.counts()["handler_failures"]) == (0, 1)
    assert capfd.readouterr() == ("", "")
    second.remove_handler(handler)
    assert "handleError" not in vars(handler)


def test_a_handler_keeps_no_log_alive(make_log):
    handler = RaisesFromEmit()
    log = weakref.ref(EventLog(handlers=[handler], allowed_schemas=[SAVE]))
    gc.collect()
    assert log() is None


def test_a_handler_that_outlives_many_logs_remembers_only_those_there_are(make_log):
    handler = RaisesFromEmit()
    for _ in range(100):
        EventLog(handlers=[handler])
        gc.collect(0)
    gc.collect()
    log = make_log(handler)
    assert [told().__self__ for told in handler.handleError.told] == [log._attachment]


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


def listened_to():
    """Make a QueueHandler and its listener, as a configuration's "()" may name it."""
    handler = logging.handlers.QueueHandler(queue.Queue())
    handler.listener = logging.handlers.QueueListener(handler.queue, RaisesThroughHandleError())
    handler.listener.start()
    return handler


def test_a_listener_that_fails_while_the_log_closes_is_counted_and_keeps_it_from_nothing(make_log, capfd):
    log = make_log()
    log.handlers = [{"()": listened_to}]
    for _ in range(100):
        log.record_event(SAVE, 1, {"name": SECRET})
    log.close()
    assert log.counts() == {
        "recorded": 100,
        "not_allowed": 0,
        "invalid": 0,
        "rate_limited": 0,
        "handler_failures": 100,
        "redaction_failures": 0,
    }
    assert capfd.readouterr() == ("", "")


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
