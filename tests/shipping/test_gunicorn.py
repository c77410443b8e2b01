"""Under gunicorn, preloaded or not: ids are unique, each worker has its own segments, and one process ships."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import orjson
import psutil
import pytest

from .database import events_in

ROOT = Path(__file__).parents[2]
WORKERS = 3


@contextmanager
def running(home, *options):
    """Run gunicorn; yields its process, and what asks it for `count` requests: (pid, id) of each."""
    log = home / "log.txt"
    command = [sys.executable, "-m", "gunicorn", "--workers", str(WORKERS), "--bind", "127.0.0.1:0", *options]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "tests.shipping.preloaded:app"],
            cwd=ROOT,
            env={**os.environ, "APPLICATION_HOME": str(home), "PYTHONPATH": str(ROOT)},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )

    def ask(count):
        url = wait_for(process, lambda: re.search(r"Listening at: (http://\S+)", log.read_text()))[1]
        with httpx.Client(headers={"Connection": "close"}, timeout=30) as client:
            answers = [client.get(url).raise_for_status().text.split() for _ in range(count)]
        return [(int(pid), event_id) for pid, event_id in answers]

    try:
        yield SimpleNamespace(process=process, ask=ask)
    finally:
        for each in [*workers_of(process), process]:
            each.kill()
        process.wait()


def workers_of(process):
    return psutil.Process(process.pid).children() if process.poll() is None else []


def wait_for(process, condition):
    give_up_at = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < give_up_at
        assert process.poll() is None
        time.sleep(0.02)
    return found


def served_by_all(server):
    """Ask until each of the workers that there are now has answered; return all answers."""
    answers = server.ask(30)
    while not {worker.pid for worker in workers_of(server.process)} <= {pid for pid, _ in answers}:
        answers += server.ask(10)
    return answers


def segments(home):
    """Return the events of each segment."""
    paths = [path for path in (home / "journal").glob("*.jsonl") if path.name != "accounts.jsonl"]
    return [[orjson.loads(line) for line in path.read_bytes().splitlines()] for path in paths]


def who_ships(home):
    """Return the process that has the lease, or None."""
    for place in home.glob("journal/shipping/*"):
        try:
            return int(os.readlink(place / "lease").split(":")[1])
        except FileNotFoundError:
            return None
    return None


@pytest.mark.parametrize("preload", [True, False])
def test_ids_are_unique_segments_are_of_one_process_and_one_ships(tmp_path, preload):
    with running(tmp_path, *(["--preload"] if preload else [])) as server:
        answers = served_by_all(server)
        shipping = wait_for(server.process, lambda: who_ships(tmp_path))
        workers = {worker.pid for worker in workers_of(server.process)}
        assert shipping in ({server.process.pid} if preload else workers)

        killed = next(worker for worker in workers_of(server.process) if preload or worker.pid == shipping)
        killed.kill()
        wait_for(server.process, lambda: {worker.pid for worker in workers_of(server.process)} - workers)
        answers += served_by_all(server)
        recorded = {event_id for _, event_id in answers}
        wait_for(server.process, lambda: recorded <= {event["__id__"] for event in events_in(tmp_path / "events.db")})
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0

    assert len(recorded) == len(answers)
    found = segments(tmp_path)
    assert all(len({event["pid"] for event in segment}) == 1 for segment in found)
    told = {(event["pid"], event["__id__"]) for segment in found for event in segment if event["at"] == "request"}
    assert told == set(answers)
    arrived = [event["__id__"] for event in events_in(tmp_path / "events.db")]
    assert sorted(arrived) == sorted(event["__id__"] for segment in found for event in segment)
    assert len({event["pid"] for segment in found for event in segment if event["at"] == "start"}) == (
        1 if preload else WORKERS + 1
    )
