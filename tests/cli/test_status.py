from __future__ import annotations

import json

import pytest

from jupyter_telemetry import EventLog
from jupyter_telemetry.journal.accounts import account
from jupyter_telemetry.privacy import DECISION_SCHEMA
from jupyter_telemetry.shipping import Shipper
from tests.shipping.database import DatabaseSink, KeepingSink

from .conftest import RUN, SAVE, process, record

MOMENT = "2024-11-25T17:42:05.123456Z"
ALLOW = 'c.EventLog.allowed_schemas = ["https://example.org/save"]\n'
SETTINGS = ", ".join(sorted(EventLog.class_trait_names(config=True)))


def _rows(out):
    rows, name = {}, ""
    for line in out[out.index("Journal  ") :].splitlines():  # behind what a user is told
        name = line[:15].strip() or name
        rows.setdefault(name, []).append(line[15:].strip())
    return rows


def test_it_says_what_is_recorded_and_what_is_allowed(run, home, configure):
    journal = home / "data" / "telemetry" / "journal"
    record(journal, SAVE, {"path": "a"}, {"path": "b"})
    record(journal, RUN, {})
    configure(ALLOW)
    size = sum(path.stat().st_size for path in journal.glob("*.jsonl"))
    done = run("status")
    assert done.status == 0
    assert _rows(done.out) == {
        "Journal": [f"{journal} (default)"],
        "Segments": [f"2 in {size} bytes"],
        "Events": ["3, of 2 schemas"],
        "Period": [f"{MOMENT} – {MOMENT}"],
        "Damage": ["none"],
        "Configuration": [str(home / "config" / "jupyter_server_config.py")],
        "Allowed": ["https://example.org/save"],
        "Handlers": ["the default journal of Jupyter Server"],
    }


def test_json_says_the_same(run, home, configure):
    configure(
        ALLOW
        + 'c.EventLog.handlers = [{"class": "jupyter_telemetry.journal.JournalHandler", "directory": "/tmp/none"}]'
    )
    done = run("status", "--json")
    about = json.loads(done.out)
    assert (done.status, len(about.pop("advice"))) == (1, 1)
    assert [each["schema"] for each in about.pop("disclosure")["collected"]] == [DECISION_SCHEMA["$id"]]
    assert about == {
        "journal": "/tmp/none",
        "found_by": "the configuration",
        "segments": 0,
        "open_segments": 0,
        "bytes": 0,
        "events": 0,
        "oldest": None,
        "newest": None,
        "schemas": 0,
        "damage": [],
        "configuration": [str(home / "config" / "jupyter_server_config.py")],
        "allowed_schemas": {"https://example.org/save": {}},
        "handlers": [{"class": "JournalHandler", "directory": "/tmp/none", "problem": None}],
        "unusable": None,
    }


PSEUDONYMS = (
    ALLOW
    + 'c.EventLog.classifications = {"https://example.org/save": {"/path": ["personal-data"]}}\n'
    + 'c.EventLog.redactions = {"personal-data": "pseudonymise"}\n'
    + 'c.EventLog.pseudonym_key_file = "/tmp/none/key"\n'
)


def test_a_configuration_that_cannot_be_used_is_said_first_and_by_the_status(run, home, configure):
    record(home / "data" / "telemetry" / "journal", SAVE, {"path": "a"})
    configure(PSEUDONYMS)
    done = run("status")
    reason = "EventLog.pseudonym_key_file: '/tmp/none/key' cannot be read: No such file or directory"
    first, second, *rest = done.out.splitlines()
    assert first.startswith(f"NOTHING IS RECORDED: the configuration cannot be used: {reason}")
    assert second == "A server that finds it so records nothing until it is mended."
    assert "Decided      *: not recorded: the configuration cannot be used" in [line.rstrip() for line in rest]
    assert any(line.startswith("Save  https://example.org/save, version 1  not recorded now") for line in rest)
    assert _rows(done.out)["Events"] == ["1, of 1 schema"]
    assert done.status == 1
    said = json.loads(run("status", "--json").out)
    assert said["unusable"].startswith(reason)
    assert (said["events"], said["disclosure"]["recording"]) == (1, False)


@pytest.mark.parametrize(
    ("configuration", "reason"),
    [
        (
            ALLOW + 'c.EventLog.redactions = {"personal-data": "pseudonymize"}',
            "EventLog.redactions['personal-data']: 'pseudonymize' is no action",
        ),
        (ALLOW + 'c.EventLog.max_event_bytes = "x"', "The 'max_event_bytes' trait of"),
        (
            ALLOW + 'c.EventLog.handlers = [{"class": "no.Handler"}]',
            "EventLog.handlers: no.Handler: cannot be imported: No module named 'no'",
        ),
    ],
)
def test_whatever_is_wrong_with_it_the_journal_is_told_of(run, home, journal, configure, configuration, reason):
    configure(configuration)
    done = run("status", "--journal", journal)
    assert done.status == 1
    assert done.out.startswith(f"NOTHING IS RECORDED: the configuration cannot be used: {reason}")
    assert _rows(done.out)["Events"] == ["3, of 2 schemas"]
    assert json.loads(run("status", "--journal", journal, "--json").out)["unusable"].startswith(reason)


def test_schemas_are_counted_of_which_there_are_events(run, journal):
    for path in journal.glob("*.jsonl"):
        path.write_bytes(b"".join(line for line in path.read_bytes().splitlines(True) if b"/save" in line))
    assert len(list((journal / "schemas").iterdir())) == 2
    assert json.loads(run("status", "--journal", journal, "--json").out)["schemas"] == 1
    assert _rows(run("status", "--journal", journal).out)["Events"] == ["2, of 1 schema"]


def test_a_file_of_an_extension_is_said_to_be_one(run, home, configure):
    configure(ALLOW)
    (home / "config" / "jupyter_lab_config.py").write_text("c.EventLog.notice = {}\n")
    assert _rows(run("status").out)["Configuration"] == [
        f"{home / 'config' / 'jupyter_lab_config.py'}, where its extension is on",
        str(home / "config" / "jupyter_server_config.py"),
    ]


def test_damage_is_said_with_its_place(run, journal):
    segment = sorted(journal.glob("*.jsonl"))[0]
    segment.write_bytes(b"garbage\n" * 12 + segment.read_bytes())
    rows = _rows(run("status", "--journal", journal).out)
    assert len(rows["Damage"]) == 11
    assert rows["Damage"][0] == f"{segment}, line 1: not UTF-8 JSON"
    assert rows["Damage"][-1] == "… and 2 more"
    assert rows["Events"] == ["3, of 2 schemas"]
    about = json.loads(run("status", "--journal", journal, "--json").out)
    assert about["damage"][1] == {"path": str(segment), "line": 2, "reason": "not UTF-8 JSON"}


def test_json_without_the_metadata_of_an_event_is_damage_wherever_one_looks(run, journal):
    lines = b'{"__id__":"x"}\n{"__timestamp__":"bad","__schema__":"s","__schema_version__":0,"__id__":"y"}\n'
    (journal / "20991231T235959000000Z-00000000.jsonl").write_bytes(lines)
    told = json.loads(run("status", "--journal", journal, "--json").out)
    assert [each["reason"] for each in told["damage"]] == ["no time in __timestamp__"] * 2
    assert (told["events"], told["oldest"], told["newest"]) == (3, MOMENT, MOMENT)
    tail = run("tail", "--journal", journal)
    assert (len(tail.out.splitlines()), "2 damaged lines were skipped" in tail.err) == (3, True)
    assert run("query", "--journal", journal, "--format", "csv", "SELECT count(*) FROM events").out.split()[1:] == ["3"]


def test_a_schema_that_cannot_be_read_is_damage_of_a_whole_file(run, journal):
    path = next((journal / "schemas").iterdir())
    path.write_text("{")
    (damage,) = json.loads(run("status", "--journal", journal, "--json").out)["damage"]
    assert (damage["path"], damage["line"]) == (str(path), 0)


def test_a_segment_that_is_written_to_is_said_to_be_open(run, tmp_path):
    from jupyter_telemetry.journal import JournalHandler

    handler = JournalHandler(tmp_path)
    with EventLog(handlers=[handler], allowed_schemas=[SAVE["$id"]]) as log:
        log.register_schema(SAVE)
        log.record_event(SAVE["$id"], 1, {"path": "x" * 5000})
        assert _rows(run("status", "--journal", tmp_path).out)["Segments"] == ["1 in 5.2 kB, 1 open"]
    handler.close()


@pytest.mark.parametrize(
    ("configuration", "advice"),
    [
        ("", "Nothing is allowed, so nothing is recorded."),
        (ALLOW, "Events are allowed, but none has come."),
        (
            ALLOW + 'c.EventLog.handlers = [{"class": "logging.NullHandler"}]',
            "Events are recorded, but into no journal.",
        ),
        (
            ALLOW + 'c.EventLog.handlers = [{"class": "no.Handler"}]',
            "no.Handler: cannot be imported: No module named 'no'",
        ),
    ],
)
def test_where_nothing_is_recorded_it_says_what_to_do(run, configure, configuration, advice):
    configure(configuration)
    done = run("status")
    assert done.status == 1
    assert any(line.startswith(advice) for line in _rows(done.out)["Next"])


@pytest.mark.parametrize(
    ("configuration", "advice"),
    [
        (
            "c.EventLog.handler = []",
            "c.EventLog.handler: there is no such setting, and it does nothing; did you mean c.EventLog.handlers?",
        ),
        (
            "c.EventLog.allowed_schema = []\nc.EventLog.on_invalid = 'log'",
            "c.EventLog.allowed_schema: there is no such setting, and it does nothing; did you mean "
            "c.EventLog.allowed_schemas?",
        ),
        (
            "c.EventLog.colour = 'red'",
            f"c.EventLog.colour: there is no such setting, and it does nothing; there are {SETTINGS}.",
        ),
        (
            "c.Eventlog.handlers = []",
            "c.Eventlog: there is no such setting, and it does nothing; did you mean c.EventLog?",
        ),
    ],
)
def test_a_setting_that_there_is_not_is_said_with_the_nearest_there_is(run, configure, journal, configuration, advice):
    configure(ALLOW + configuration)
    assert json.loads(run("status", "--journal", journal, "--json").out)["advice"] == [advice]


def test_every_setting_there_is_is_known(run, configure, journal):
    configure(
        ALLOW
        + "".join(
            f"c.EventLog.{name} = {value!r}\n"
            for name, value in EventLog(allowed_schemas=["x"]).trait_defaults(config=True).items()
            if name not in ("handlers", "allowed_schemas")
        )
    )
    assert json.loads(run("status", "--journal", journal, "--json").out)["advice"] == []


def test_the_advice_for_a_beginner_is_a_configuration_that_works(run, home, configure):
    (home / "config").mkdir()
    advice = _rows(run("status").out)["Next"]
    configure(advice[-1])
    allowed = json.loads(run("status", "--json").out)["allowed_schemas"]
    assert allowed == {"https://events.jupyter.org/jupyter_server/*": {"allowed_categories": ["personal-data"]}}


def test_a_journal_that_is_not_there_is_asked_for(run, tmp_path):
    out = run("status", "--journal", tmp_path / "nowhere").out
    assert "is it the one that the JournalHandler was given?" in out


def test_an_entry_is_shown_with_what_it_allows(run, configure):
    configure(
        'c.EventLog.allowed_schemas = {"https://example.org/a": '
        '{"allowed_categories": ["x", "y"], "allowed_properties": ["p"]}}'
    )
    assert _rows(run("status").out)["Allowed"] == [
        "https://example.org/a; allowed categories: x, y; allowed properties: p"
    ]


def test_sizes_are_said_in_units_that_matter():
    from jupyter_telemetry.cli.status import _size

    assert [_size(count) for count in (0, 999, 1500, 2_500_000, 3_000_000_000_000)] == [
        "0 bytes",
        "999 bytes",
        "1.5 kB",
        "2.5 MB",
        "3,000.0 GB",
    ]


def test_a_configuration_that_fails_is_one_line(home, configure):
    configure("1 / 0")
    done = process("status")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "ZeroDivisionError" in done.stderr


def test_sinks_says_what_became_of_every_event_for_each_destination(run, journal, tmp_path):
    path = tmp_path / "events.db"
    assert Shipper(journal, DatabaseSink(path)).ship(30)
    path.with_suffix(".down").touch()
    record(journal, SAVE, {"path": "later.ipynb"})
    assert not Shipper(journal, DatabaseSink(path), first_backoff_s=0.01).ship(0.3)
    account(journal, "lost", 2, "No space left on device")
    done = run("status", "--sinks", "--journal", journal, "--json")
    assert done.status == 1
    (sink,) = json.loads(done.out)["sinks"]
    assert sink.pop("failing_since") > "2026"
    assert sink.pop("last_delivered_at") is None  # by the shipper that wrote last
    assert sink == {
        "destination": "sqlite:events.db",
        "problem": None,
        "delivered": 3,
        "refused": 0,
        "expired": 0,
        "erased": 0,
        "waiting": 1,
        "lost": 2,
        "recorded": 6,
        "reason": "the database is down",
        "untold": 0,
        "unerased": 0,
    }
    shown = run("status", "--sinks", "--journal", journal).out
    assert shown.splitlines()[0].split() == [
        *("Destination", "Delivered", "Waiting", "Dead", "letters", "Expired", "Erased", "Lost", "Recorded", "Now")
    ]
    assert shown.splitlines()[1].split()[:8] == ["sqlite:events.db", "3", "1", "0", "0", "0", "2", "6"]
    assert "the database is down" in shown


def test_sinks_of_a_journal_that_was_never_shipped_says_what_to_do(run, journal):
    done = run("status", "--sinks", "--journal", journal)
    assert (done.status, done.out) == (1, "")
    assert "was never shipped: c.EventLog.shippers or `jupyter telemetry ship` says where to" in done.err


def test_sinks_says_which_cursor_cannot_be_read(run, journal, tmp_path):
    assert Shipper(journal, DatabaseSink(tmp_path / "events.db")).ship(30)
    (cursor,) = (journal / "shipping").glob("*/cursor.json")
    cursor.write_text("{")
    done = run("status", "--sinks", "--journal", journal)
    assert done.status == 1
    assert f"{cursor} is no cursor" in done.out


def test_sinks_says_what_a_destination_keeps_that_was_erased_here(run, journal, tmp_path):
    shipper = Shipper(journal, KeepingSink(tmp_path / "events.db"))
    assert shipper.ship(30)
    assert run("erase", "--journal", journal, "--yes").status == 0
    assert "it is yet to be told of 3 that were erased here" in run("status", "--sinks", "--journal", journal).out
    assert shipper.ship(30)
    assert "it keeps 3 that were erased here" in (said := run("status", "--sinks", "--journal", journal).out)
    assert "told" not in said


def test_a_destination_is_forgotten_and_never_in_silence(run, journal, tmp_path):
    sink = DatabaseSink(tmp_path / "events.db")
    assert Shipper(journal, sink).ship()
    record(journal, SAVE, {"path": "later.ipynb"})
    done = run("status", "--sinks", "--journal", journal, "--forget", sink.name)
    assert (done.status, done.err) == (0, "")
    assert done.out == f"{sink.name} is forgotten.\nDelivered: 3. Still waiting, and not sent any more: 1.\n"
    again = run("status", "--sinks", "--journal", journal, "--forget", sink.name)
    assert (again.status, again.err) == (
        1,
        f"Error: nothing is shipped to '{sink.name}'; known are no destinations\n",
    )
    assert "--forget goes with --sinks" in run("status", "--journal", journal, "--forget", sink.name).err
