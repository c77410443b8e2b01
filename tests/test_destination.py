"""Where events go, in words: a handler and the dict that makes it say the same, and no path."""

from __future__ import annotations

import io
import logging
import logging.config
import logging.handlers
import queue
import sys
from pathlib import Path

import pytest

from jupyter_telemetry.destination import destinations, journal_directory
from jupyter_telemetry.handlers import close_handlers, make_handler
from jupyter_telemetry.journal import default_directory


class Theirs(logging.Handler):
    """Some handler that nothing is known of."""


class TheirFile(logging.handlers.RotatingFileHandler):
    """A handler that is known by its class."""


THEIRS = f"{__name__}.Theirs"
HERE = "a file on this machine"


@pytest.fixture
def make():
    """Make handlers as an EventLog does, and close them in the end."""
    made = []

    def make_one(given):
        made.append(make_handler(given))
        return made[-1]

    yield make_one
    close_handlers(made)


def cases(directory):
    """Return dicts in dictConfig's form, with the words for each."""
    file = {"filename": str(directory / "events-4711.log"), "delay": True}
    return {
        "file": ({"class": "logging.FileHandler", **file}, [HERE]),
        "rotated": ({"class": "logging.handlers.TimedRotatingFileHandler", **file}, [HERE]),
        "watched": ({"class": "logging.handlers.WatchedFileHandler", **file}, [HERE]),
        "a class of their own": ({"()": TheirFile, **file}, [HERE]),
        "a device": ({"class": "logging.FileHandler", "filename": "/dev/stdout"}, ["the standard output"]),
        "journal": (
            {"class": "jupyter_telemetry.journal.JournalHandler", "directory": str(directory)},
            ["a journal on this machine"],
        ),
        "stdout": ({"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}, ["the standard output"]),
        "stderr": ({"class": "logging.StreamHandler", "stream": sys.stderr}, ["the standard error output"]),
        "by default": ({"class": "logging.StreamHandler"}, ["the standard error output"]),
        "memory": ({"class": "logging.StreamHandler", "stream": io.StringIO()}, ["a stream (_io.StringIO)"]),
        "syslog": ({"class": "logging.handlers.SysLogHandler"}, ["syslog at localhost:514"]),
        "syslog elsewhere": (
            {"class": "logging.handlers.SysLogHandler", "address": ("127.0.0.1", 1514)},
            ["syslog at 127.0.0.1:1514"],
        ),
        "socket": ({"class": "logging.handlers.SocketHandler", "host": "::1", "port": 9}, ["a socket at [::1]:9"]),
        "datagrams": (
            {"class": "logging.handlers.DatagramHandler", "host": "logs.example.org", "port": 9},
            ["a socket at logs.example.org:9"],
        ),
        "a Unix socket": (
            {"class": "logging.handlers.SocketHandler", "host": "/run/x", "port": None},
            ["a socket on this machine"],
        ),
        "http": (
            {"class": "logging.handlers.HTTPHandler", "host": "example.org:8080", "url": "/in"},
            ["HTTP at example.org:8080"],
        ),
        "https, and a password": (
            {"class": "logging.handlers.HTTPHandler", "host": "u:p@example.org", "url": "/in", "secure": True},
            ["HTTPS at example.org"],
        ),
        "mail": (
            {
                "class": "logging.handlers.SMTPHandler",
                "mailhost": "mx.example.org",
                "fromaddr": "a@example.org",
                "toaddrs": ["b@example.org", "c@example.org"],
                "subject": "events",
            },
            ["e-mail to b@example.org, c@example.org"],
        ),
        "nowhere": ({"class": "logging.NullHandler"}, []),
        "buffered": (
            {"class": "logging.handlers.MemoryHandler", "capacity": 9, "target": {"class": THEIRS}},
            [THEIRS],
        ),
        "buffered for nobody": (
            {"class": "logging.handlers.MemoryHandler", "capacity": 9},
            ["logging.handlers.MemoryHandler"],
        ),
        "theirs": ({"class": THEIRS}, [THEIRS]),
    }


@pytest.mark.parametrize("name", cases(__import__("pathlib").Path("/")))
def test_a_handler_and_its_dict_say_the_same(name, make, tmp_path):
    given, words = cases(tmp_path)[name]
    assert destinations([given]) == words
    assert destinations([make(given)]) == words


@pytest.mark.parametrize(("more", "found"), [({"directory": "/tmp/none/j"}, Path("/tmp/none/j")), ({}, None)])
def test_where_a_journal_is_is_known_of_its_handler_and_of_its_dict(make, more, found):
    journal = {"class": "jupyter_telemetry.journal.JournalHandler", **more}
    assert journal_directory(journal) == journal_directory(make(journal)) == (found or default_directory())


def test_of_nothing_else_there_is_such_a_place():
    for given in (Theirs(), {"class": THEIRS}, {"class": "no.Handler"}, {"()": list}):
        assert journal_directory(given) is None
    assert journal_directory({"class": "jupyter_telemetry.journal.JournalHandler", "directory": 5}) is None


def test_syslog_by_a_device_stays_on_this_machine():
    assert destinations([{"class": "logging.handlers.SysLogHandler", "address": "/dev/log"}]) == [
        "syslog on this machine"
    ]


def test_what_is_behind_a_queue_is_told(tmp_path):
    behind = [logging.FileHandler(tmp_path / "a", delay=True), Theirs()]
    handler = logging.handlers.QueueHandler(queue.Queue())
    assert destinations([handler]) == ["logging.handlers.QueueHandler"]
    handler.listener = logging.handlers.QueueListener(handler.queue, *behind)
    assert destinations([handler]) == [HERE, THEIRS]
    given = {
        "class": "logging.handlers.QueueHandler",
        "handlers": [{"class": "logging.FileHandler", "filename": "a"}, behind[1]],
    }
    assert destinations([given]) == [HERE, THEIRS]
    assert destinations([{"class": "logging.handlers.QueueHandler", "queue": queue.Queue()}]) == [
        "logging.handlers.QueueHandler"
    ]


def test_a_handler_that_feeds_itself_is_told_once():
    handler = logging.handlers.MemoryHandler(9)
    handler.target = handler
    assert destinations([handler]) == []
    handler.close()


def test_a_handler_of_their_own_that_feeds_another_is_told_with_it(tmp_path):
    handler = Theirs()
    handler.target = logging.FileHandler(tmp_path / "a", delay=True)
    assert destinations([handler]) == [THEIRS, HERE]


def test_each_place_is_told_once_in_the_order_of_the_handlers():
    file, theirs = {"class": "logging.FileHandler", "filename": "a"}, {"class": THEIRS}
    assert destinations([theirs, file, {**file, "filename": "b"}, theirs]) == [THEIRS, HERE]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"class": "no.such.Handler"}, ["no.such.Handler"]),
        ({"()": "logging.getLogger"}, ["logging.getLogger"]),
        ({"()": lambda: Theirs()}, [f"{__name__}.<lambda>"]),
        ({"()": 1}, ["a handler made by an object of int"]),
        ({}, ["a handler made by an object of NoneType"]),
        ({"class": "logging.StreamHandler", "stream": "ext://their.stream"}, ["logging.StreamHandler"]),
        ({"class": "logging.handlers.SocketHandler"}, ["logging.handlers.SocketHandler"]),
        ({"class": "logging.handlers.HTTPHandler", "url": "/"}, ["logging.handlers.HTTPHandler"]),
    ],
)
def test_what_cannot_be_found_out_is_told_by_its_name(given, words):
    assert destinations([given]) == words


def test_nothing_is_opened_and_nothing_written(tmp_path):
    destinations([given for given, _ in cases(tmp_path).values()])
    assert list(tmp_path.iterdir()) == []


def test_an_open_file_is_a_file(tmp_path):
    with (tmp_path / "events.log").open("w") as stream:
        assert destinations([logging.StreamHandler(stream)]) == [HERE]
