"""A handler that fails breaks nobody, is counted and said, and prints no event."""

from __future__ import annotations

import io
import logging
import logging.handlers
import pickle
import queue
import socket
import socketserver
import struct
import sys

import pytest

from jupyter_telemetry.notice import Notices

from .recorded import SAVE, SECRET, Keeping, LineKeeping, RaisesFromEmit, RaisesThroughHandleError, record_two


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
