"""Several policies of one log: its own, and narrower ones of handlers; who gets what."""

from __future__ import annotations

import json
import logging
import logging.handlers
import queue

import pytest

from jupyter_telemetry import ConfigurationError, EventLog
from jupyter_telemetry.disclosure import sent
from jupyter_telemetry.governance import govern
from jupyter_telemetry.journal import JournalHandler, JournalReader
from jupyter_telemetry.privacy import DECISION_SCHEMA, DecisionStore

SAVE, OPEN = "https://example.org/save", "https://example.org/open"
PLAIN = "https://example.org/plain"
SCHEMAS = [
    {
        "$id": schema_id,
        "version": 1,
        "type": "object",
        "properties": {
            "action": {"type": "string", "categories": ["unrestricted"]},
            "name": {"type": "string", "categories": ["user-identifier"]},
        },
    }
    for schema_id in (SAVE, OPEN)
] + [{"$id": PLAIN, "version": 1, "type": "object", "properties": {"a": {"type": "string"}}}]
EVENT = {"action": "save", "name": "zoe"}
WITH_NAMES = {SAVE: {"allowed_categories": ["user-identifier"]}, OPEN: {}}
WIDER = "A handler can only get less than the log allows: allow it there too, or leave it out here"


class Keeping(logging.Handler):
    """Keeps the events that it gets; `limits` are its own."""

    def __init__(self, **limits):
        super().__init__()
        self.records = []
        if limits:
            self.event_limits = limits

    def emit(self, record):
        self.records.append(record)

    @property
    def got(self):
        return [own(record.event) for record in self.records]


def own(capsule):
    """The event's own properties."""
    return {name: value for name, value in capsule.items() if not name.startswith("__")}


@pytest.fixture
def make_log():
    """Make an EventLog that is closed in the end, with SCHEMAS registered; names are allowed for SAVE alone."""
    logs = []

    def make(*handlers, **settings):
        log = EventLog(handlers=list(handlers), **{"allowed_schemas": WITH_NAMES, "consent": "inform", **settings})
        logs.append(log)
        for schema in SCHEMAS:
            log.register_schema(schema)
        return log

    yield make
    for log in logs:
        log.close()


def refused(*handlers, **settings):
    with pytest.raises(ConfigurationError) as caught:
        EventLog(handlers=list(handlers), **{"allowed_schemas": WITH_NAMES, **settings})
    return str(caught.value)


# One file with names for those who need them, one without for analysts


def test_one_file_with_names_and_one_without(make_log, tmp_path):
    whole = logging.FileHandler(tmp_path / "names.log")
    narrow = {"class": "logging.FileHandler", "filename": str(tmp_path / "analysts.log"), "allowed_schemas": [SAVE]}
    log = make_log(whole, narrow)
    capsules = [log.record_event(each, 1, EVENT) for each in (SAVE, OPEN, SAVE)]
    log.close()
    whole.close()
    with_names = [json.loads(line) for line in (tmp_path / "names.log").read_text().splitlines()]
    without = [json.loads(line) for line in (tmp_path / "analysts.log").read_text().splitlines()]
    assert with_names == capsules
    assert [own(each) for each in with_names] == [EVENT, {"action": "save", "name": None}, EVENT]
    assert without == [{**capsules[0], "name": None}, {**capsules[2], "name": None}]
    assert "zoe" not in (tmp_path / "analysts.log").read_text()


def test_what_is_told_of_each_handler_is_what_it_gets(make_log):
    handlers = [
        Keeping(),
        Keeping(allowed_schemas={SAVE: {}}),
        Keeping(redactions={"user-identifier": {"truncate": 1}, OPEN: {"/action": "drop"}}),
    ]
    log = make_log(*handlers)
    for schema_id in (SAVE, OPEN):
        log.record_event(schema_id, 1, EVENT)
    told = []
    for handler in handlers:
        of_schemas = [each for each in sent(handler, log.governance, log.registry) if each["title"] in (SAVE, OPEN)]
        assert [each["schema"] for each in of_schemas] == sorted({record.schema_id for record in handler.records})
        told.append({each["schema"]: {one["form"]: one["paths"] for one in each["forms"]} for each in of_schemas})
    undeclared = {"left out, name and all": ["/*"]}
    emptied = {"kept as it is": ["/action"], "replaced by null": ["/name"], **undeclared}
    assert told == [
        {OPEN: emptied, SAVE: {"kept as it is": ["/action", "/name"], **undeclared}},
        {SAVE: emptied},
        {
            OPEN: {"replaced by null": ["/name"], "left out, name and all": ["/action", "/*"]},
            SAVE: {"kept as it is": ["/action"], "cut to 1 character": ["/name"], **undeclared},
        },
    ]
    assert [handler.got for handler in handlers] == [
        [EVENT, {"action": "save", "name": None}],
        [{"action": "save", "name": None}],
        [{"action": "save", "name": "z"}, {"name": None}],
    ]


def test_a_journal_may_have_limits_of_its_own_and_keeps_its_schemas(make_log, tmp_path):
    journal = {
        "class": "jupyter_telemetry.journal.JournalHandler",
        "directory": str(tmp_path / "journal"),
        "redactions": {"user-identifier": {"truncate": 1}},
    }
    whole = JournalHandler(tmp_path / "whole")
    log = make_log(journal, whole)
    capsule = log.record_event(SAVE, 1, EVENT)
    log.close()
    whole.close()
    for name, kept in (("whole", "zoe"), ("journal", "z")):
        reader = JournalReader(tmp_path / name)
        assert list(reader.events()) == [{**capsule, "name": kept}]
        assert list(reader.schemas().values()) == [SCHEMAS[0]]


def test_handlers_whose_limits_say_the_same_of_a_schema_get_the_same_of_it(make_log):
    one = Keeping(allowed_schemas=[SAVE])
    other = Keeping(allowed_schemas=[SAVE, OPEN])
    fewer = Keeping(allowed_schemas=[SAVE], redactions={"user-identifier": "drop"})
    log = make_log(one, other, fewer)
    log.record_event(SAVE, 1, EVENT)
    log.record_event(OPEN, 1, EVENT)
    assert one.got == [{"action": "save", "name": None}]
    assert other.got == [*one.got, {"action": "save", "name": None}]
    assert fewer.got == [{"action": "save"}]
    assert one.records[0].getMessage() is other.records[0].getMessage()
    classification = log.governance.classification(log.registry.get(SAVE, 1))
    limits = log.governance.limits(SAVE, classifies=classification.classifies)
    shares = log.governance.shares(SAVE, limits, log.handlers, classifies=True)
    assert [share.handlers for share in shares] == [(), (one, other), (fewer,)]


@pytest.mark.parametrize(
    ("limits", "got"),
    [
        ({}, [EVENT, {"action": "save", "name": None}]),
        ({"allowed_schemas": []}, []),
        ({"allowed_schemas": [OPEN]}, [{"action": "save", "name": None}]),
        ({"allowed_schemas": ["https://example.org/*"]}, None),
        ({"allowed_schemas": {SAVE: {"allowed_categories": ["user-identifier"]}}}, [EVENT]),
        ({"allowed_schemas": {SAVE: {"allowed_properties": ["name"]}}}, [EVENT]),
        ({"allowed_schemas": {OPEN: {"allowed_properties": ["name"]}}}, [{"action": "save", "name": None}]),
        ({"redactions": {"user-identifier": "drop"}}, [{"action": "save"}, {"action": "save"}]),
        (
            {"redactions": {SAVE: {"/action": {"truncate": 1}}}},
            [{"action": "s", "name": "zoe"}, {"action": "save", "name": None}],
        ),
        (
            {"allowed_schemas": [SAVE], "redactions": {"unrestricted": {"truncate": 2}}},
            [{"action": "sa", "name": None}],
        ),
        ({"redactions": None}, [EVENT, {"action": "save", "name": None}]),
    ],
)
@pytest.mark.parametrize("beside", [True, False])
def test_a_handler_gets_what_both_the_log_and_its_own_limits_allow(make_log, limits, got, beside):
    if got is None:
        assert "https://example.org/* is not allowed there" in refused(Keeping(**limits))
        return
    narrow, whole = Keeping(**limits), Keeping()
    log = make_log(narrow, *[whole] * beside)
    capsules = [log.record_event(each, 1, EVENT) for each in (SAVE, OPEN)]
    assert narrow.got == got
    assert [own(capsule) for capsule in capsules] == [EVENT, {"action": "save", "name": None}]
    assert whole.got == [own(capsule) for capsule in capsules] * beside
    assert log.counts() == {
        "recorded": 2,
        "not_allowed": 0,
        "invalid": 0,
        "rate_limited": 0,
        "handler_failures": 0,
        "redaction_failures": 0,
    }


def test_a_glob_of_a_handler_admits_no_schema_that_classifies_nothing(make_log):
    by_glob, by_id = Keeping(allowed_schemas=[f"{PLAIN[:-1]}?"]), Keeping(allowed_schemas=[PLAIN])
    log = make_log(by_glob, by_id, allowed_schemas=[PLAIN, f"{PLAIN[:-1]}?"])
    log.record_event(PLAIN, 1, {"a": "x"})
    assert (by_glob.got, by_id.got) == ([], [{"a": "x"}])


def test_the_stricter_of_the_logs_and_the_handlers_redactions_wins(make_log):
    log_says, handler_says = {SAVE: {"/name": {"truncate": 2}}}, {SAVE: {"/name": {"truncate": 1}}}
    for first, second in ((log_says, handler_says), (handler_says, log_says)):
        narrow = Keeping(redactions=second)
        make_log(narrow, redactions=first).record_event(SAVE, 1, EVENT)
        assert narrow.got == [{"action": "save", "name": "z"}]


def test_what_the_user_refuses_no_handler_gets(make_log, monkeypatch):
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    narrow, whole = Keeping(allowed_schemas={SAVE: {"allowed_categories": ["user-identifier"]}}), Keeping()
    log = make_log(narrow, whole, consent={"*": "inform", "user-identifier": "opt-out"})
    log.record_event(SAVE, 1, EVENT)
    assert narrow.got == whole.got == [{"action": "save", "name": None}]


def test_handlers_with_the_same_limits_share_one_record(make_log):
    first, second, other = Keeping(allowed_schemas=[SAVE]), Keeping(allowed_schemas=[SAVE]), Keeping(redactions={})
    make_log(first, second, other).record_event(SAVE, 1, EVENT)
    assert first.records[0] is second.records[0]
    assert other.got == [EVENT]


def test_limits_of_a_class_are_those_of_its_handlers(make_log):
    class Analysts(Keeping):
        event_limits = {"allowed_schemas": [SAVE]}

    handler = Analysts()
    make_log(handler).record_event(SAVE, 1, EVENT)
    assert handler.got == [{"action": "save", "name": None}]


def test_limits_come_and_go_with_their_handler(make_log):
    narrow, whole = Keeping(redactions={"user-identifier": "drop"}), Keeping()
    log = make_log(whole)
    log.record_event(SAVE, 1, EVENT)
    log.add_handler(narrow)
    log.record_event(SAVE, 1, EVENT)
    log.remove_handler(narrow)
    log.record_event(SAVE, 1, EVENT)
    assert (whole.got, narrow.got) == ([EVENT] * 3, [{"action": "save"}])


def test_decisions_go_to_handlers_that_take_all_schemas(make_log):
    whole, by_form, by_schema = Keeping(), Keeping(redactions={"x": "null"}), Keeping(allowed_schemas=[SAVE])
    log = make_log(whole, by_form, by_schema)
    log.register_schema(DECISION_SCHEMA)
    event = {"decision": "granted", "subject": "*", "mode": "opt-in", "policy": f"sha256:{'0' * 64}", "by": "page"}
    assert own(log.record_event(DECISION_SCHEMA["$id"], 1, event)) == event
    assert (whole.got, by_form.got, by_schema.got) == ([event], [event], [])
    with log.hold_trait_notifications():
        log.allowed_schemas, log.handlers = [], []
    assert log.record_event(DECISION_SCHEMA["$id"], 1, event) is None


# Behind other handlers


def test_limits_of_a_queue_handler_are_those_of_all_behind_it(make_log, tmp_path):
    file, narrow = logging.FileHandler(tmp_path / "events.log"), logging.handlers.QueueHandler(queue.Queue())
    narrow.event_limits = {"allowed_schemas": [SAVE]}
    listener = logging.handlers.QueueListener(narrow.queue, file)
    listener.start()
    capsule = make_log(narrow).record_event(SAVE, 1, EVENT)
    listener.stop()
    file.close()
    assert [json.loads(line) for line in (tmp_path / "events.log").read_text().splitlines()] == [
        {**capsule, "name": None}
    ]


def test_limits_of_a_memory_handler_are_those_of_its_target(make_log, tmp_path):
    target = {"class": "logging.FileHandler", "filename": str(tmp_path / "events.log")}
    narrow = {
        "class": "logging.handlers.MemoryHandler",
        "capacity": 10,
        "target": target,
        "redactions": {"user-identifier": "drop"},
    }
    log = make_log(narrow)
    log.record_event(SAVE, 1, EVENT)
    log.close()
    assert own(json.loads((tmp_path / "events.log").read_text())) == {"action": "save"}


BEHIND = "EventLog.handlers: allowed_schemas and redactions stand at the outer handler; one behind it gets the same"


def test_limits_of_a_handler_behind_another_are_an_error_that_says_where_they_belong(tmp_path):
    inner = {"class": "logging.NullHandler", "allowed_schemas": [SAVE]}
    assert refused({"class": "logging.handlers.MemoryHandler", "capacity": 1, "target": inner}) == BEHIND
    narrow = Keeping(allowed_schemas=[SAVE])
    once = logging.handlers.MemoryHandler(1, target=narrow)
    assert refused(once) == refused(logging.handlers.MemoryHandler(1, target=once)) == BEHIND
    for handler in (logging.handlers.QueueHandler(queue.Queue()),):
        handler.listener = logging.handlers.QueueListener(handler.queue, narrow)
        assert refused(handler) == BEHIND


def test_a_handler_that_feeds_itself_may_have_limits(make_log):
    itself = logging.handlers.MemoryHandler(9)
    itself.target = itself
    itself.event_limits = {"allowed_schemas": [SAVE]}
    assert make_log(itself).handlers == [itself]
    itself.target = None


# Limits that are wider, or none


@pytest.mark.parametrize(
    ("allowed", "reason"),
    [
        ([PLAIN], f"{PLAIN} is not allowed there"),
        ([SAVE, PLAIN], f"{PLAIN} is not allowed there"),
        (["*"], "* is not allowed there"),
        (
            {OPEN: {"allowed_categories": ["user-identifier", "unrestricted"]}},
            f"user-identifier of {OPEN} is not allowed there",
        ),
        (
            {SAVE: {"allowed_categories": ["y", "x"]}, PLAIN: {}},
            f"x of {SAVE} is not allowed there; y of {SAVE} is not allowed there; {PLAIN} is not allowed there",
        ),
    ],
)
@pytest.mark.parametrize("form", ["dict", "object"])
def test_a_handler_wider_than_the_log_is_an_error_at_start(allowed, reason, form):
    given = {"class": "logging.NullHandler", "allowed_schemas": allowed}
    handler = given if form == "dict" else Keeping(allowed_schemas=allowed)
    assert refused(Keeping(), handler) == (
        f"EventLog.handlers[1]['allowed_schemas'] is wider than EventLog.allowed_schemas: {reason}. {WIDER}"
    )


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (["x"], ": its event_limits are a dict with allowed_schemas or redactions, and nothing else"),
        ({"redaction": {}}, ": its event_limits are a dict with allowed_schemas or redactions, and nothing else"),
        ({"redactions": ["x"]}, "['redactions']: write a dict, as for EventLog.redactions"),
        ({"redactions": {5: "null"}}, "['redactions']: write a dict, as for EventLog.redactions"),
        (
            {"redactions": {"x": "drpo"}},
            "['redactions']['x']: 'drpo' is no action (did you mean 'drop'?); write \"null\", \"drop\", "
            '"pseudonymise", {"truncate": 8}, {"generalise": …} or a function, as "package.module:function"',
        ),
        (
            {"redactions": {SAVE: {"/name": "pseudonymise"}}},
            f"['redactions']['{SAVE}']['/name']: \"pseudonymise\" needs a key; name its file in "
            "c.EventLog.pseudonym_key_file, or set JUPYTER_TELEMETRY_PSEUDONYM_KEY in the environment",
        ),
        (
            {"redactions": {SAVE: {"/name": "null", "name": "null"}}},
            f"['redactions']['{SAVE}']: 'name' is no path; write one such as '/user/name' or '/files/*/path'",
        ),
        (
            {"allowed_schemas": None},
            "['allowed_schemas']: write a list of schema ids, not a NoneType: "
            "c.EventLog.handlers[0]['allowed_schemas'] = [\"https://example.org/my-event\"]",
        ),
        (
            {"allowed_schemas": {SAVE: {"allowed": []}}},
            f"['allowed_schemas']['{SAVE}']: unknown key 'allowed'; known are allowed_properties and "
            "allowed_categories",
        ),
    ],
)
def test_limits_that_cannot_be_meant_are_an_error_that_says_what_to_write(limits, said):
    handler = Keeping()
    handler.event_limits = limits
    assert refused(handler) == f"EventLog.handlers[0]{said}"


def test_a_handler_that_is_refused_later_gets_nothing_and_what_was_in_force_stays(make_log):
    whole, wider = Keeping(), Keeping(allowed_schemas=[PLAIN])
    log = make_log(whole)
    with pytest.raises(ConfigurationError, match="is wider than"):
        log.add_handler(wider)
    log.record_event(SAVE, 1, EVENT)
    assert (whole.got, wider.got, list(log.handlers)) == ([EVENT], [], [whole])


# What users are asked about


def statement(*handlers, **settings):
    return EventLog(handlers=list(handlers), **{"allowed_schemas": WITH_NAMES, **settings}).governance.statement


def test_a_place_with_limits_of_its_own_is_another_place_for_the_user(tmp_path):
    narrow = {"class": "logging.handlers.SocketHandler", "host": "h", "port": 1}
    whole = statement({**narrow})["destinations"]
    limited = [
        statement({**narrow, "redactions": {"x": action}})["destinations"] for action in ("null", "drop", "null")
    ]
    assert limited[0] == limited[2] != limited[1]
    assert whole == ["a socket at h:1"]
    assert all(each[0].startswith("a socket at h:1, limited (") for each in limited)


def test_handlers_may_be_the_dicts_that_make_them(tmp_path):
    given = {"class": "logging.handlers.SocketHandler", "host": "h", "port": 1, "allowed_schemas": [SAVE]}
    log = EventLog(allowed_schemas=WITH_NAMES, consent="inform")
    governance = govern(log, [given], DecisionStore(), default_mode="inform")
    assert governance.narrower(given).patterns == [SAVE]
    assert (
        governance.statement
        == EventLog(handlers=[given], allowed_schemas=WITH_NAMES, consent="inform").governance.statement
    )


def test_what_a_log_allows_may_be_narrowed_at_any_time(make_log):
    lines = Keeping(allowed_schemas=[SAVE])
    log = make_log(lines)
    log.allowed_schemas = []
    assert log.record_event(SAVE, 1, EVENT) is None
    assert lines.records == []
    with pytest.raises(ConfigurationError, match=r"is wider than EventLog\.allowed_schemas"):
        log.add_handler(Keeping(allowed_schemas=[SAVE]))
