"""A shipper ships in a thread or in the caller's, stops in time, and one is at work at a time."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import tempfile
import threading
import time

import pytest
from journal.lines import event_id, line

from jupyter_telemetry import EventLog
from jupyter_telemetry.convention import default_handlers
from jupyter_telemetry.destination import journal_directory
from jupyter_telemetry.dispatch import SHIPPER_OPTIONS
from jupyter_telemetry.errors import ConfigurationError
from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.journal.cursors import Cursor
from jupyter_telemetry.shipping import BatchLimits, Shipper
from jupyter_telemetry.shipping.shipper import directory_name
from jupyter_telemetry.shipping.state import read_state

from .scene import Destination, PlannedSink, put


@pytest.fixture
def make(journal):
    """Make shippers that wait next to nothing, and stop them in the end."""
    made = []

    def make_one(sink, **settings):
        quick = {"first_backoff_s": 0.001, "longest_backoff_s": 0.01, "poll_interval_s": 0.005}
        made.append(Shipper(journal, sink, **{**quick, **settings}))
        return made[-1]

    yield make_one
    for shipper in made:
        shipper.sink.faults.clear()
        shipper.stop(10.0)


def wait_until(condition):
    for _ in range(10_000):
        if condition():
            return
        time.sleep(0.001)
    pytest.fail("it never came to pass")


class Gate:
    """Holds up whoever comes by, until it is opened."""

    def __init__(self):
        self.arrived, self.opened = threading.Event(), threading.Event()

    def __call__(self):
        self.arrived.set()
        assert self.opened.wait(10)


# Splitting a batch


def test_a_batch_that_is_split_is_done_with_though_the_time_is_over(make, journal, destination):
    sink = PlannedSink(destination, ["refuse"] * 100, limits=BatchLimits(64, 10**6, 0.0))
    sink.before = lambda: time.sleep(0.02)
    put(journal, *(line(number, name="poison" if number == 37 else "good") for number in range(64)))
    shipper = make(sink)
    for _ in range(2):  # the first may be over before it sends anything
        shipper.ship(0.05)
    assert len(destination.lines) == 63


def test_a_batch_that_is_split_is_given_up_when_the_caller_wants_it(make, journal, destination):
    sink, stop = PlannedSink(destination, ["refuse"] * 100, limits=BatchLimits(64, 10**6, 0.0)), threading.Event()
    sink.before = stop.set
    put(journal, *(line(number, name="poison" if number == 37 else "good") for number in range(64)))
    assert not make(sink).ship(stop=stop)
    assert (len(sink.sent), len(destination.lines)) == (1, 0)


# What may be asked for


NUMBERS = [0, -1, float("nan"), float("inf"), 10**400, "60", True, [1], b"1"]
WHOLE = ("batch_events", "batch_bytes")
MAY_BE_0 = ("batch_age_s", "exit_timeout_s")
ABOVE_0 = ("first_backoff_s", "longest_backoff_s", "lease_s", "poll_interval_s")


@pytest.mark.parametrize("given", [*NUMBERS, 1.5], ids=lambda given: repr(given)[:10])
@pytest.mark.parametrize("name", [*WHOLE, *MAY_BE_0, *ABOVE_0])
def test_what_cannot_be_meant_is_an_error(make, destination, name, given):
    if (
        (given == 1.5 and name not in WHOLE)
        or (given == 0 and name in MAY_BE_0)
        or (given == 10**400 and name in WHOLE)
    ):
        make(PlannedSink(destination), **{"longest_backoff_s": 10, name: given})
        return
    what = "a whole number above 0" if name in WHOLE else "a number of seconds, "
    with pytest.raises(ConfigurationError, match=f"^Shipper: {name} must be {what}"):
        make(PlannedSink(destination), **{name: given})


@pytest.mark.parametrize("name", ["", None, 7, b"x", "\udc80"], ids=repr)
def test_a_sink_needs_a_name(make, destination, name):
    sink = PlannedSink(destination)
    sink.name = name
    with pytest.raises(ConfigurationError, match="the sink's name must be a text"):
        make(sink)


def test_a_sink_that_changes_its_name_stays_the_same_destination(make, destination, journal):
    put(journal, line(1))
    sink = PlannedSink(destination)
    shipper = make(sink)
    sink.name = 7
    assert shipper.ship()
    assert shipper.destination == PlannedSink.name
    assert Cursor.load(shipper.place / "cursor.json", "").sink == PlannedSink.name


def test_every_number_is_checked():
    numbers = {*WHOLE, *MAY_BE_0, *ABOVE_0}
    assert set(inspect.signature(Shipper).parameters) == {"journal", "sink", *numbers}
    assert set(SHIPPER_OPTIONS) == numbers


def test_the_longest_wait_is_not_below_the_first(make, destination):
    with pytest.raises(ConfigurationError, match=r"must not be below first_backoff_s, which is 400\.0"):
        Shipper("journal", PlannedSink(destination), first_backoff_s=400)


@pytest.mark.parametrize("journal", [5, "", b"journal", "a\0b", ["journal"], JournalHandler], ids=repr)
def test_what_is_no_journal_is_an_error(destination, journal):
    with pytest.raises(ConfigurationError, match="Shipper: journal must be "):
        Shipper(journal, PlannedSink(destination))


@pytest.mark.parametrize("sink", [None, "https://host", {"to": "https://host"}, PlannedSink], ids=repr)
def test_what_is_no_sink_is_an_error(sink):
    with pytest.raises(ConfigurationError, match=r"Shipper: sink must be a Sink, such as .*make_sink returns, not "):
        Shipper("journal", sink)


def test_a_journal_is_a_directory_a_handler_or_the_default(journal, destination, monkeypatch, tmp_path):
    sink = PlannedSink(destination)
    assert Shipper(str(journal), sink).directory == journal
    handler = JournalHandler(journal)
    assert Shipper(handler, sink).directory == journal
    handler.close()
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    assert Shipper(None, sink).directory == tmp_path / "telemetry" / "journal"


@pytest.mark.parametrize("variable", ["", "JUPYTERHUB_USER"])
def test_the_default_is_where_a_log_that_ships_writes_and_where_the_command_looks(
    destination, monkeypatch, tmp_path, variable
):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    if variable:
        monkeypatch.setenv(variable, "ada")
    shipper = Shipper(None, PlannedSink(destination))
    (handler,) = default_handlers([shipper])
    assert shipper.directory == journal_directory(handler)
    with EventLog(handlers=[handler]) as log:
        assert log.handlers[0].directory == shipper.directory
    assert shipper.directory.is_relative_to(tmp_path / "data") == (not variable)


def test_a_destinations_directory_is_readable_and_its_own():
    names = ["postgresql://db.example.org/telemetry", "postgresql://db.example.org/Telemetry", "/", "ü", "x" * 500]
    found = [directory_name(name) for name in names]
    assert found[0] == "postgresql-db-example-org-telemetry-d5735032"
    assert len(set(found)) == len(names)
    assert all(len(name) < 60 and name.isascii() and "/" not in name for name in found)


# In the caller's thread


def test_all_is_shipped_and_handed_back(make, journal, destination):
    put(journal, *map(line, range(7)))
    sink = PlannedSink(destination)
    shipper = make(sink)
    assert shipper.ship()
    assert (len(destination.lines), sink.is_open, os.path.lexists(shipper.place / "lease")) == (7, False, False)
    assert read_state(shipper.place)["delivered"] == 7
    assert shipper.ship()


def test_it_gives_up_when_its_time_is_over(make, journal, destination):
    put(journal, line(1))
    assert not make(PlannedSink(destination, ["down"] * 100_000)).ship(0.05)


def test_it_gives_up_between_two_batches_too(make, journal, destination):
    put(journal, *map(line, range(10)))
    sink = PlannedSink(destination, limits=BatchLimits(1, 1, 0.0))
    shipper = make(sink)

    def be_late():
        shipper._give_up_at = 0.0

    sink.after = be_late
    assert not shipper.ship(60.0)
    assert len(destination.lines) == 1


def test_while_another_one_is_at_work_nothing_is_shipped(make, journal, destination):
    put(journal, line(1))
    gate = Gate()
    first, second = PlannedSink(destination), PlannedSink(destination)
    first.before = gate
    shipper = make(first)
    shipper.start()
    assert gate.arrived.wait(10)
    assert not make(second).ship()
    with pytest.raises(ConfigurationError, match="in a thread of its own already"):
        shipper.ship()
    gate.opened.set()
    assert shipper.stop(10.0)
    assert (len(first.sent), len(second.sent)) == (1, 0)


# In a thread


def test_what_is_recorded_later_is_shipped(make, journal, destination):
    others = threading.active_count()
    shipper = make(PlannedSink(destination))
    shipper.start()
    shipper.start()
    assert threading.active_count() == others + 1
    handler = JournalHandler(journal)
    for number in range(30):
        handler.write_event(line(number))
        wait_until(lambda number=number: event_id(number) in destination.lines)
    handler.close()
    assert shipper.stop()
    assert not [each for each in threading.enumerate() if shipper.sink.name in each.name]


def test_what_is_left_is_shipped_when_it_is_stopped(make, journal, destination):
    shipper = make(PlannedSink(destination, limits=BatchLimits(1000, 10**6, 3600.0)))
    shipper.start()
    put(journal, *map(line, range(10)))
    assert shipper.stop(10.0)
    assert len(destination.lines) == 10


def test_stopping_takes_no_longer_than_it_may_and_hands_back(make, journal, destination):
    put(journal, line(1))
    shipper = make(PlannedSink(destination, ["down"] * 1_000_000), longest_backoff_s=300.0)
    shipper.start()
    wait_until(lambda: shipper.state.failures)
    assert not shipper.stop(0.05)
    wait_until(lambda: not os.path.lexists(shipper.place / "lease"))
    assert make(PlannedSink(destination)).ship()
    assert len(destination.lines) == 1


def test_a_sink_that_does_not_return_is_not_waited_for(make, journal, destination):
    put(journal, line(1))
    gate = Gate()
    sink = PlannedSink(destination)
    sink.before = gate
    shipper = make(sink)
    shipper.start()
    assert gate.arrived.wait(10)
    assert not shipper.stop(0.01)
    shipper.start()  # one thread at a time calls the sink, whoever starts it
    put(journal, line(2), begun_at=2e9)
    assert len(sink.sent) == 1
    gate.opened.set()
    wait_until(lambda: len(destination.lines) == 2)
    assert shipper.stop(10.0)


def test_it_can_be_started_again(make, journal, destination):
    shipper = make(PlannedSink(destination))
    for number in range(3):
        put(journal, line(number), begun_at=1e9 + number)
        shipper.start()
        assert shipper.stop(10.0)
    assert len(destination.lines) == 3
    assert shipper.stop()


@pytest.mark.parametrize("error", [SystemExit(), KeyboardInterrupt(), MemoryError(), GeneratorExit()], ids=repr)
def test_nothing_ends_the_thread(make, journal, destination, error):
    put(journal, line(1))
    errors = [error]
    sink = PlannedSink(destination)

    def fail():
        if errors:
            raise errors.pop()

    sink.before = fail
    shipper = make(sink)
    shipper.start()
    wait_until(lambda: destination.lines)
    assert shipper.stop(10.0)
    assert not errors


def test_a_destination_that_is_configured_wrongly_is_said_and_asked_again(make, journal, destination):
    put(journal, line(1))
    errors = [ConfigurationError("password_file cannot be read")]
    sink = PlannedSink(destination)
    open_well = sink.open

    def open_badly():
        if errors:
            raise errors[0]
        open_well()

    sink.open = open_badly
    shipper = make(sink)
    shipper.start()
    wait_until(lambda: shipper.state.reason == "password_file cannot be read")
    errors.clear()
    wait_until(lambda: destination.lines)
    assert shipper.stop(10.0)
    assert shipper.state.reason == ""


# Forks and the end of the interpreter


def test_in_the_child_of_a_fork_it_is_the_parent_that_ships(make, journal, destination):
    shipper = make(PlannedSink(destination))
    shipper.start()
    wait_until(lambda: shipper._lease.is_held or not journal.exists())
    pid = os.fork()
    if pid == 0:
        shipper.start()
        os._exit(threading.active_count() != 1 or not shipper.stop())
    assert os.waitpid(pid, 0)[1] == 0
    put(journal, line(1))
    wait_until(lambda: destination.lines)


def test_one_that_was_not_started_before_a_fork_ships_in_the_child(make, journal, destination):
    put(journal, line(1))
    shipper = make(PlannedSink(destination))
    pid = os.fork()
    if pid == 0:
        shipper.start()
        os._exit(not shipper.stop(10.0) or len(destination.lines) != 1)
    assert os.waitpid(pid, 0)[1] == 0


def test_what_is_left_at_the_end_of_the_interpreter_is_shipped(journal, tmp_path):
    program = """
import sys
from pathlib import Path
from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.shipping import Shipper
from journal.lines import line
from shipping.database import DatabaseSink

handler = JournalHandler(sys.argv[1])
shipper = Shipper(handler, DatabaseSink(Path(sys.argv[2])), batch_age_s=3600.0, exit_timeout_s=30.0)
shipper.start()
for number in range(10):
    handler.write_event(line(number))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    path = tmp_path / "events.db"
    subprocess.run([sys.executable, "-c", program, str(journal), str(path)], check=True, env=environment)

    from .database import events_in

    assert [event["number"] for event in events_in(path)] == list(range(10))
    assert [place for place in journal.glob("shipping/*") if os.path.lexists(place / "lease")] == []


def test_a_library_that_loads_late_what_it_needs_is_first_used_at_the_end_of_the_interpreter(journal, tmp_path):
    program = """
import sys
from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.shipping import Shipper
from jupyter_telemetry.sinks.lake import LakeSink  # pyarrow looks for pandas when it makes its first array
from journal.lines import line

handler = JournalHandler(sys.argv[1])
shipper = Shipper(handler, LakeSink(sys.argv[2]), batch_events=5, batch_age_s=3600.0, exit_timeout_s=30.0)
for number in range(20):
    handler.write_event(line(number))
assert "pandas" not in sys.modules
shipper.start()
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-c", program, str(journal), str(tmp_path / "lake")]
    ended = subprocess.run(argv, check=True, env=environment, stderr=subprocess.PIPE)

    from jupyter_telemetry.lake import Lake

    assert sorted(event["number"] for event in Lake(tmp_path / "lake").events()) == list(range(20))
    assert ended.stderr == b""


def test_a_symlink_in_the_place_of_a_directory_leads_nobody_elsewhere(journal, tmp_path):
    put(journal, line(1))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shipper = Shipper(journal, PlannedSink(Destination()))
    for name in ("shipping", f"shipping/{shipper.place.name}"):
        link = journal / name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(elsewhere)
        assert not Shipper(journal, PlannedSink(Destination())).ship(0.1)
        assert list(elsewhere.iterdir()) == []
        link.unlink()
    assert shipper.ship()
