"""Handlers that feed others, themselves or several logs, and what a log leaves of any when it parts with it."""

from __future__ import annotations

import gc
import logging
import logging.handlers
import os
import queue
import sys
import weakref
from unittest.mock import MagicMock

import pytest

from jupyter_telemetry import EventLog
from jupyter_telemetry.handlers import behind, walk

from .recorded import SAVE, SECRET, Keeping, RaisesFromEmit, RaisesThroughHandleError


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
