"""The shippers of a log: made from configuration, started and stopped with it, and told as destinations."""

from __future__ import annotations

import importlib.metadata
import threading

import pytest
from traitlets.config import Config

from jupyter_telemetry import ConfigurationError, EventLog, sinks
from jupyter_telemetry.dispatch import CarriedTo, shipped
from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.shipping import Shipper
from tests.shipping.database import DatabaseSink, events_in

ID = "https://example.org/save"
SCHEMA = {"$id": ID, "version": 1, "type": "object", "properties": {"name": {"type": "string"}}}
JOURNAL = "jupyter_telemetry.journal.JournalHandler"


@pytest.fixture
def journal(tmp_path):
    handler = JournalHandler(tmp_path / "journal")
    yield handler
    handler.close()


def shipper_to(path, journal, **options):
    return Shipper(journal, DatabaseSink(path), poll_interval_s=0.02, **options)


def new_log(journal, *shippers):
    log = EventLog(handlers=[journal], shippers=[*shippers], allowed_schemas=[ID], consent="inform")
    log.register_schema(SCHEMA)
    return log


def threads_to(name):
    return [each for each in threading.enumerate() if name in each.name]


def test_what_is_recorded_arrives_and_close_sends_what_is_left(journal, tmp_path):
    with new_log(journal, shipper_to(tmp_path / "a.db", journal)) as log:
        recorded = [log.record_event(ID, 1, {"name": str(number)}) for number in range(50)]
    assert events_in(tmp_path / "a.db") == recorded
    assert threads_to("a.db") == []


def test_a_dict_makes_a_shipper_of_the_journal_among_the_handlers(tmp_path):
    with EventLog(
        handlers=[{"class": JOURNAL, "directory": str(tmp_path / "journal")}],
        shippers=[{"to": str(tmp_path / "lake"), "batch_events": 7, "exit_timeout_s": 5.0}],
    ) as log:
        (shipper,) = log.running_shippers
        assert (shipper.directory, shipper.exit_timeout_s) == (tmp_path / "journal", 5.0)
        assert type(shipper.sink).__name__ == "LakeSink"
    assert log.running_shippers == ()


def test_a_shipper_may_name_a_journal_that_is_no_handler(tmp_path):
    with EventLog(shippers=[{"to": str(tmp_path / "lake"), "journal": str(tmp_path / "other")}]) as log:
        assert log.running_shippers[0].directory == tmp_path / "other"


def test_another_list_takes_the_place_of_the_first_and_what_did_not_change_goes_on(journal, tmp_path):
    first, second = (shipper_to(tmp_path / name, journal) for name in ("a.db", "b.db"))
    with new_log(journal, first) as log:
        log.max_event_bytes = 10_000
        assert log.running_shippers == (first,)
        assert len(threads_to("a.db")) == 1
        log.shippers = [second]
        assert log.running_shippers == (second,)
        assert (threads_to("a.db"), len(threads_to("b.db"))) == ([], 1)
        log.record_event(ID, 1, {})
    assert (len(events_in(tmp_path / "a.db")), len(events_in(tmp_path / "b.db"))) == (0, 1)


def test_they_are_stopped_all_at_once(journal, tmp_path):
    shippers = []
    for number in range(3):
        (tmp_path / f"{number}.down").touch()  # it waits for a database that does not come back
        shippers.append(shipper_to(tmp_path / f"{number}.db", journal, exit_timeout_s=1.0))
    log = new_log(journal, *shippers)
    log.record_event(ID, 1, {})
    asked = []
    for shipper in shippers:
        ask = shipper._ask_to_stop
        shipper._ask_to_stop = lambda timeout_s, ask=ask: (asked.append(len(threads_to(".db"))), ask(timeout_s))
    log.close()
    assert asked[:3] == [3, 3, 3]  # none had ended before the last was asked
    assert threads_to(".db") == []


def test_of_what_cannot_be_used_nothing_is_taken_over(journal, tmp_path):
    with new_log(journal, shipper_to(tmp_path / "a.db", journal)) as log:
        before = log.running_shippers
        with pytest.raises(ConfigurationError, match=r"EventLog\.shippers\[0\]: there is no sink 'nowhere'"):
            log.shippers = [{"to": "nowhere://x"}]
        assert log.running_shippers == before == tuple(log.shippers)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (7, "write a URL, a dict with"),
        (None, "not None"),
        ("", "not an empty str"),
        ({}, "not an empty dict"),
        ({"token_file": "x"}, "not a dict with 'token_file' alone"),
        (Shipper, "not the class Shipper"),
        ({"to": 7}, r"\['to'\]: write a text, not a int"),
        ({"to": "/x", "journal": 7}, r"\['journal'\]: write a text, not a int"),
        ({"to": "/x", "journal": ""}, ": Shipper: journal must be "),
        ({"sink": ["lake"], "to": "/x"}, r"\['sink'\]: write a text, not a list"),
        ({"to": "/x", 7: 8}, ": the name of an option is a text, not a int"),
        ({"to": "/x", "exit_timeout": 5}, ": sink 'lake': it has no option 'exit_timeout'; its options are "),
        (
            {"to": "/x", "exit_timeout_s": -1},
            ": Shipper: exit_timeout_s must be a number of seconds, 0 or more, not -1",
        ),
        ({"to": "/x", "exit_timeout_s": "5"}, ": Shipper: exit_timeout_s must be .*, not '5'"),
        ({"to": "/x", "batch_age_s": float("nan")}, ": Shipper: batch_age_s must be .*, not nan"),
        ({"to": "/x", "batch_events": True}, ": Shipper: batch_events must be a whole number above 0, not True"),
        ({"to": "/x", "lease_s": []}, r": Shipper: lease_s must be .*, not \[\]"),
        ({"to": "http://host/x", "timeout_s": [7]}, ": "),
    ],
    ids=repr,
)
def test_what_cannot_be_meant_is_an_error_that_says_which_one(journal, tmp_path, given, said):
    fine = {"to": str(tmp_path / "lake")}
    with pytest.raises(ConfigurationError, match=r"^EventLog\.shippers\[1\]" + ".*" * (said[0] != ":") + said):
        EventLog(handlers=[journal], shippers=[fine, given])


class BrokenSink(DatabaseSink):
    @classmethod
    def from_url(cls, url):
        raise TypeError("a fault of its own: swordfish")


def test_a_sink_that_fails_as_it_is_made_is_an_error_with_its_cause(journal, monkeypatch):
    point = importlib.metadata.EntryPoint("broken", f"{__name__}:BrokenSink", sinks.GROUP)
    monkeypatch.setattr(sinks, "entry_points", lambda group: [point])
    with pytest.raises(ConfigurationError) as caught:
        EventLog(handlers=[journal], shippers=["broken://x"])
    assert str(caught.value) == "EventLog.shippers[0]: its sink cannot be made: TypeError"
    assert str(caught.value.__cause__) == "a fault of its own: swordfish"


@pytest.mark.parametrize(
    ("handlers", "why"),
    [([], "none of the handlers is a journal"), (["a", "b"], "several of the handlers are journals")],
)
def test_which_journal_is_meant_must_be_clear(tmp_path, handlers, why):
    made = [{"class": JOURNAL, "directory": str(tmp_path / name)} for name in handlers]
    with pytest.raises(ConfigurationError, match=why):
        EventLog(handlers=made, shippers=[str(tmp_path / "lake")])


def test_a_shipper_of_a_configuration_file_is_not_copied(journal, tmp_path):
    shipper = shipper_to(tmp_path / "a.db", journal)
    config = Config({"EventLog": {"handlers": [journal], "shippers": [shipper]}})
    with EventLog(config=config) as log:
        assert log.running_shippers == (shipper,)


@pytest.mark.parametrize(
    ("given", "where", "erases"),
    [
        (
            "postgresql://writer@db.example.org:5433/events?sslmode=require",
            "postgresql://db.example.org:5433/events",
            True,
        ),
        ({"to": "https://example.org/in?key=swordfish", "batch_events": 5}, "https://example.org/in", False),
        (
            {"to": "https://example.org/in", "erase_url": "https://example.org/erase", "journal": "/nowhere/journal"},
            "https://example.org/in",
            True,
        ),
        ({"sink": "postgresql", "to": "host=db password=swordfish"}, "postgresql", False),
        ("/srv/lake", "/srv/lake", True),
    ],
)
def test_where_a_journal_is_carried_to_is_told_without_a_secret(given, where, erases):
    handler = {"class": JOURNAL, "directory": "/nowhere/journal"}
    assert shipped([given], [handler]) == {id(handler): (CarriedTo(where, erases),)}


def test_a_shipper_of_anothers_journal_is_no_destination_of_the_log(journal, tmp_path):
    assert shipped([shipper_to(tmp_path / "a.db", tmp_path / "other")], [journal]) == {}
    assert shipped([shipper_to(tmp_path / "a.db", journal)], [journal]) == {
        id(journal): (CarriedTo("sqlite:a.db", True),)
    }
