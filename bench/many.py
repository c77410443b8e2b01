"""Threads of one process, and processes that share a directory."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from jupyter_telemetry.journal import JournalHandler

from .event import EVENT, SCHEMA, VERSION
from .ours import new_log
from .subjects import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["WORKERS", "four_processes", "four_threads", "four_threads_locked", "one_process", "one_thread"]

WORKERS = 4  # threads, or processes


def _shared(record: Callable[[int], None], workers: int) -> Callable[[int], None]:
    """Share the work out among threads."""

    def run(times: int) -> None:
        threads = [threading.Thread(target=record, args=(share,)) for share in _shares(times, workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run


def _shares(times: int, workers: int) -> list[int]:
    return [times // workers + (number < times % workers) for number in range(workers)]


@contextmanager
def _threads(directory: Path, workers: int) -> Iterator[Subject]:
    handler = JournalHandler(directory)
    log, schema_id = new_log(handler, SCHEMA), SCHEMA["$id"]

    def record(times: int) -> None:
        record_event = log.record_event
        for _ in range(times):
            record_event(schema_id, VERSION, EVENT)

    yield Subject(_shared(record, workers))
    handler.close()


@contextmanager
def one_thread(directory: Path) -> Iterator[Subject]:
    """All events from one thread, started for it as the four are."""
    with _threads(directory, 1) as subject:
        yield subject


@contextmanager
def four_threads(directory: Path) -> Iterator[Subject]:
    """The same number of events from four threads."""
    with _threads(directory, WORKERS) as subject:
        yield subject


@contextmanager
def four_threads_locked(directory: Path) -> Iterator[Subject]:
    """The same with a plain lock around the whole path."""
    handler, lock = JournalHandler(directory), threading.Lock()
    log, schema_id = new_log(handler, SCHEMA), SCHEMA["$id"]

    def record(times: int) -> None:
        record_event = log.record_event
        for _ in range(times):
            with lock:
                record_event(schema_id, VERSION, EVENT)

    yield Subject(_shared(record, WORKERS))
    handler.close()


@contextmanager
def _processes(directory: Path, workers: int) -> Iterator[Subject]:
    """Start recorders, which wait for what they have to do."""
    command = [sys.executable, "-m", "bench.many", str(directory)]
    with ExitStack() as stack:
        recorders = [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            for _ in range(workers)
        ]

        def run(times: int) -> None:
            for recorder, share in zip(recorders, _shares(times, workers), strict=True):
                assert recorder.stdin is not None
                recorder.stdin.write(b"%d\n" % share)
                recorder.stdin.flush()
            for recorder in recorders:
                assert recorder.stdout is not None
                if recorder.stdout.readline() != b"done\n":
                    raise RuntimeError("a recorder ended before its time")

        yield Subject(run)


@contextmanager
def one_process(directory: Path) -> Iterator[Subject]:
    """All events from one process."""
    with _processes(directory, 1) as subject:
        yield subject


@contextmanager
def four_processes(directory: Path) -> Iterator[Subject]:
    """The same number of events from four processes, into one directory."""
    with _processes(directory, WORKERS) as subject:
        yield subject


def _recorder(directory: str) -> None:
    """Record as many events as a line of stdin says, say so, and wait for the next."""
    handler = JournalHandler(directory)
    record, schema_id = new_log(handler, SCHEMA).record_event, SCHEMA["$id"]
    for line in sys.stdin:
        for _ in range(int(line)):
            record(schema_id, VERSION, EVENT)
        sys.stdout.write("done\n")
        sys.stdout.flush()
    handler.close()


if __name__ == "__main__":
    _recorder(sys.argv[1])
