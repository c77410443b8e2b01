"""Threads that record again and again, what they record, and handlers that keep its ids."""

from __future__ import annotations

import json
import logging
import threading
import time

ID = "https://example.org/save"
SCHEMA = {
    "$id": ID,
    "version": 1,
    "type": "object",
    "properties": {"thread": {"type": "integer"}, "number": {"type": "integer"}},
}
THREADS = 8


class Keeping(logging.Handler):
    """Keeps ids, as logging's handlers get them."""

    def __init__(self):
        super().__init__()
        self.ids = []

    def emit(self, record):
        self.ids.append(record.event["__id__"])


class LineKeeping(Keeping):
    """Keeps ids as the journal gets them, and which schemas came before."""

    def __init__(self):
        super().__init__()
        self.schemas = set()
        self.unexplained = []

    def write_event(self, line):
        event = json.loads(line)
        self.ids.append(event["__id__"])
        if (event["__schema__"], event["__schema_version__"]) not in self.schemas:
            self.unexplained.append(event)

    def write_schema(self, schema_id, version, schema):
        self.schemas.add((schema_id, version))


class Crowd:
    """Threads that call something again and again; what each call returned is kept."""

    def __init__(self, call, threads=THREADS):
        self.returned = [[] for _ in range(threads)]
        self.raised = []
        self._call, self._stop = call, threading.Event()
        self._threads = [threading.Thread(target=self._go, args=(number,)) for number in range(threads)]

    def _go(self, thread):
        number = 0
        try:
            while not self._stop.is_set():
                self.returned[thread].append(self._call(thread, number))
                number += 1
        except BaseException as error:
            self.raised.append(error)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads)
        assert self.raised == []

    def wait_for(self, more):
        """Wait until each thread has made so many more calls."""
        goals = [len(outcomes) + more for outcomes in self.returned]
        while not self.raised and any(
            len(outcomes) < goal for outcomes, goal in zip(self.returned, goals, strict=True)
        ):
            time.sleep(0.001)

    @property
    def outcomes(self):
        return [outcome for outcomes in self.returned for outcome in outcomes]


def record(log, thread=0, number=0):
    return log.record_event(ID, 1, {"thread": thread, "number": number})


def assert_same(ids, others):
    """That two hold the same ids, and each once."""
    assert len(ids) == len(set(ids))
    assert sorted(ids) == sorted(others)
