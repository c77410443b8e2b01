"""The child of a fork that ends in the ordinary way ends at once, and its parent's shipper goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_telemetry.journal import JournalReader
from jupyter_telemetry.sinks.inherited import abandon

from .running import Program, WebServer

PROGRAM = """
import os, signal, sys, time
from journal.lines import line
from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.shipping import Shipper
from jupyter_telemetry.sinks import make_sink

handler = JournalHandler(sys.argv[1], durability="memory")
shipper = Shipper(handler, make_sink(sys.argv[2]), batch_age_s=0.01, poll_interval_s=0.01, exit_timeout_s=20.0)
shipper.start()

def record(first):
    for number in range(first, first + 100):
        handler.write_event(line(number))
    handler.flush()

def wait_for(events):
    give_up_at = time.monotonic() + 30
    while shipper.state.delivered_events < events:
        assert time.monotonic() < give_up_at, shipper.state.reason
        time.sleep(0.01)

record(0)
wait_for(100)
for round in (1, 2):
    for number in range(900, 950):
        handler.write_event(line(1000 * round + number))
    if (pid := os.fork()) == 0:
        signal.alarm(30)
        assert not shipper.ship()
        sys.exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    record(100 * round)
    wait_for(100 + 150 * round)
assert shipper.stop(20.0)
print(shipper._carrier._delivery.retries)
"""

TESTS = Path(__file__).parents[1]
NUMBERS = [*range(300), *range(1900, 1950), *range(2900, 2950)]


@pytest.fixture
def web(tmp_path):
    place = tmp_path / "web"
    place.mkdir()
    server = WebServer("web_server.py", place)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def cluster():
    program = Program("kafka_mock.py", 1)
    program.start()
    yield program
    program.kill()


def ship_and_fork(journal, url):
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PROGRAM, str(journal), url]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")
    assert sorted(event["number"] for event in JournalReader(journal).events()) == NUMBERS


def test_over_http_the_parent_keeps_its_one_connection(tmp_path, web):
    ship_and_fork(tmp_path / "journal", web.url())
    assert len({request["port"] for request in web.requests()}) == 1
    assert web.rows("select count(*) from events") == [(len(NUMBERS),)]


def test_a_child_that_has_a_kafka_producer_of_its_parents_ends(tmp_path, cluster):
    ship_and_fork(tmp_path / "journal", f"kafka://{cluster.said}/events")


def test_a_copy_of_a_socket_is_replaced_by_what_goes_nowhere():
    reading, writing = os.pipe()
    copy = os.dup(writing)
    abandon(object(), [copy, -1])
    assert os.write(copy, b"to nobody") == 9
    os.write(writing, b"to somebody")
    assert os.read(reading, 100) == b"to somebody"
    for fd in (reading, writing, copy):
        os.close(fd)
