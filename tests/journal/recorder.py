"""Programs that record, for tests that kill, fork and multiply them: `python recorder.py PROGRAM DIRECTORY …`.

They print the ids of the events whose call returned, one on a line.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time

from jupyter_telemetry.journal import JournalHandler


def new_line(schema_id: bytes = b"a") -> tuple[bytes, bytes]:
    """Make an event's id and line, as of now."""
    milliseconds = time.time_ns() // 1_000_000
    event_id = f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7000-8000-{os.urandom(6).hex()}".encode()
    metadata = b'{"__timestamp__":"2026-11-23T17:42:05.123456Z","__schema__":"%b","__schema_version__":1,' % schema_id
    return event_id, metadata + b'"__metadata_version__":2,"__id__":"%b","pid":%d,"pad":"%b"}\n' % (
        event_id,
        os.getpid(),
        bytes(100).hex().encode(),
    )


def record(handler: JournalHandler, count: int, output: int) -> None:
    """Record events, and tell each when its call has returned."""
    for _ in range(count):
        event_id, line = new_line()
        handler.write_event(line)
        os.write(output, event_id + b"\n")


def record_in_threads(handler: JournalHandler, threads: int, count: int, output: int) -> None:
    """Record in several threads at once."""
    running = [threading.Thread(target=record, args=(handler, count, output)) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def killed(directory: str, times: str, seed: str) -> None:
    """Fork children that record, in one or two threads, and kill each at a random moment (signal 9)."""
    chance = random.Random(int(seed))
    for number in range(int(times)):
        segment_bytes, threads = chance.choice([1000, 20_000, 10_000_000]), chance.choice([1, 2])
        outlet, inlet = os.pipe()
        before_fork = JournalHandler(directory, max_segment_bytes=segment_bytes)
        pid = os.fork()
        if pid == 0:
            handler = before_fork if number % 2 else JournalHandler(directory, max_segment_bytes=segment_bytes)
            record_in_threads(handler, threads, 1_000_000, inlet)
        os.close(inlet)
        told = os.read(outlet, 37)
        time.sleep(chance.uniform(0, 0.01))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        while rest := os.read(outlet, 1 << 16):
            told += rest
        os.close(outlet)
        sys.stdout.buffer.write(told)


def shared(directory: str, count: str) -> None:
    """Record in two threads, with segments of a few lines, and end as a program ends."""
    record_in_threads(JournalHandler(directory, max_segment_bytes=5000), 2, int(count), 1)


def forking(directory: str, forks: str) -> None:
    """Fork while other threads record, and record in the children; every other one ends without closing."""
    handler = JournalHandler(directory, max_segment_bytes=20_000)
    is_over = threading.Event()

    def keep_recording() -> None:
        while not is_over.is_set():
            record(handler, 10, 1)

    threads = [threading.Thread(target=keep_recording) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(int(forks)):
        pid = os.fork()
        if pid == 0:
            record_in_threads(handler, 2, 25, 1)
            if number % 2:
                handler.close()
            assert handler.counts() == {"written": 50, "lost": 0, "expired": 0}
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
    is_over.set()
    for thread in threads:
        thread.join()


def mixed(directory: str, segment_bytes: str) -> None:
    """Record in two threads until told to end (SIGTERM), a line of the schema "a" and one of "b"; tell the ids."""
    handler = JournalHandler(directory, max_segment_bytes=int(segment_bytes))
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())

    def keep_recording() -> None:
        while not is_over.wait(random.choice((0.0005, 0.002, 0.05))):  # so that some are idle for a while
            for schema_id in (b"a", b"b"):
                event_id, line = new_line(schema_id)
                handler.write_event(line)
                os.write(1, b"%b %b\n" % (schema_id, event_id))

    threads = [threading.Thread(target=keep_recording) for _ in range(2)]
    for thread in threads:
        thread.start()
    while not is_over.wait(0.1):  # a signal that another thread gets is handled when this one wakes
        pass
    for thread in threads:
        thread.join()
    handler.close()
    assert handler.counts()["lost"] == 0


if __name__ == "__main__":
    {"killed": killed, "shared": shared, "forking": forking, "mixed": mixed}[sys.argv[1]](*sys.argv[2:])
