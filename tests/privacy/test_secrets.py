"""No value that must not be written is in anything that leaves the process: generated schemas, policies and events.

`JUPYTER_TELEMETRY_SECRETS=20000 pytest tests/privacy/test_secrets.py` makes that many, others each time
(`--hypothesis-seed` chooses which); the suite makes 300, always the same.
"""

from __future__ import annotations

import copy
import fnmatch
import json
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_telemetry import EventLog
from jupyter_telemetry.disclosure import disclose, in_words
from jupyter_telemetry.governance import problems
from jupyter_telemetry.journal import JournalHandler

from .oracle import CALLED, FAILS, Limits, Oracle, pruned
from .outputs import Failing, LineHandler, Records, Watch, everything_in, text_of_files
from .trees import (
    CATEGORIES,
    FREE_NAMES,
    UNFOLLOWED,
    Dice,
    Spec,
    Writer,
    begin_anew,
    draw_spec,
    draw_value,
    mark,
    marks_in,
)

ID = "https://example.org/generated"
GLOB = "https://example.org/*"
EXAMPLES = int(os.environ.get("JUPYTER_TELEMETRY_SECRETS", "0"))
ACTIONS = (
    "null",
    "drop",
    "pseudonymise",
    {"truncate": 8},
    {"truncate": 4},
    {"generalise": "suffix"},
    {"generalise": "hour"},
    {"generalise": "network"},
    {"generalise": {"parts": 1}},
    {"generalise": {"parts": 2}},
    {"generalise": {"bucket": 10**9}},
    CALLED,
    *FAILS,
)


class Case(NamedTuple):
    spec: Spec
    schema: dict[str, Any]
    classifies: bool
    event: dict[str, Any]
    overlay: dict[str, Any]
    log: Limits
    handler: Limits
    settings: dict[str, Any]


@st.composite
def cases(draw):
    dice = Dice(draw)
    begin_anew()
    spec = draw_spec(dice, 3, "object")
    spec.typed = True
    if dice.chance(8):
        unclassified(spec)
    writer = Writer(dice, modern=dice.chance(2))
    schema = writer.document(spec, ID)
    paths = ["/" + "/".join(path) for path in paths_of(spec)]

    def path():
        steps = dice.pick(paths).split("/")[1:]
        steps = [step if not dice.chance(4) else "*" for step in steps]
        return "/" + "/".join([*steps, *([dice.pick(FREE_NAMES)] if dice.chance(4) else [])])

    def several(most, make):
        return {path(): make() for _ in range(dice.pick((0, 0, *range(1, most + 1))))}

    def redactions():
        by_category = {each: dice.pick(ACTIONS) for each in CATEGORIES if dice.chance(6)}
        by_path = {subject: several(2, lambda: dice.pick(ACTIONS)) for subject in (ID, GLOB) if dice.chance(2)}
        return {**by_category, **{subject: said for subject, said in by_path.items() if said}}

    def entry(categories):
        named = list(several(2, lambda: None))
        named = [each[1:] if each.count("/") == 1 and dice.chance(2) else each for each in named]
        entry = {"allowed_categories": dice.some(categories), "allowed_properties": named}
        return {name: said for name, said in entry.items() if said}

    overlay = several(2, lambda: dice.some(CATEGORIES, least=1)) if dice.chance(2) else {}
    categories = (*CATEGORIES, UNFOLLOWED)
    allowed = {pattern: entry(categories) for pattern in dice.pick(((ID,), (GLOB,), (ID, GLOB), ("*", GLOB)))}
    refused = [each for each in CATEGORIES if dice.chance(12)]
    pattern = dice.pick((ID, *allowed))
    covering = [said for glob, said in allowed.items() if fnmatch.fnmatchcase(pattern, glob)]
    theirs = sorted({"unrestricted"}.union(*(each.get("allowed_categories", ()) for each in covering)))
    narrower = {pattern: entry(theirs)} if dice.chance(2) else None
    log = Limits(allowed, redactions(), frozenset(refused))
    handler = Limits(narrower, redactions())
    consent = {"*": "inform", **dict.fromkeys(refused, "opt-in")}
    configured = {
        "allowed_schemas": list(allowed) if not any(allowed.values()) else allowed,
        "redactions": log.redactions,
        "classifications": {dice.pick((ID, GLOB)): overlay} if overlay else {},
        "consent": consent,
    }
    event = draw_value(dice, spec)
    return Case(spec, schema, writer.classifies or bool(overlay), event, overlay, log, handler, configured)


def unclassified(spec):
    """Take all categories away."""
    spec.categories, spec.blanket, spec.unfollowed = set(), set(), False
    for below in (*spec.members.values(), *spec.prefix, spec.other, spec.rest):
        if below is not None:
            unclassified(below)


def paths_of(spec, path=()):
    """Give the paths of the values that a spec speaks of."""
    for name, member in spec.members.items():
        yield (*path, name)
        yield from paths_of(member, (*path, name))
    if spec.recurs:
        yield (*path, "again")
    if spec.others:
        yield (*path, "*")
        yield from paths_of(spec.other, (*path, "*"))
    for index, each in enumerate(spec.prefix):
        yield (*path, str(index))
        yield from paths_of(each, (*path, str(index)))
    if spec.rest:
        yield (*path, "*")
        yield from paths_of(spec.rest, (*path, "*"))


def left_of(case, *limits):
    """Return what must be left of the event, and the marks in it; None if it is not recorded."""
    stated = [each.of(ID, classifies=case.classifies) for each in limits]
    if None in stated:
        return None
    return Oracle(stated, case.overlay).event(case.spec, case.event)


def assert_left(found, expected, text):
    assert [pruned(each) for each in found] == ([] if expected is None else [pruned(expected)])
    assert marks_in(text) == marks_in(json.dumps(expected))


seen: Counter[str] = Counter()


@pytest.fixture(scope="module")
def environment():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_TELEMETRY_PSEUDONYM_KEY", "a key that is long enough")
        patch.delenv("DO_NOT_TRACK", raising=False)
        yield


@settings(
    max_examples=EXAMPLES or 300,
    derandomize=not EXAMPLES,
    suppress_health_check=list(HealthCheck),
)
@given(cases(), st.integers(0, 10**6))
def check(case, number):
    directory = Path(tempfile.mkdtemp())
    journal = JournalHandler(directory / "journal")
    try:
        look_everywhere(case, number, directory, journal)
    finally:
        journal.close()
        shutil.rmtree(directory)


def test_no_secret_is_in_any_output(environment, capfd):
    """And what may be written is written: nothing here is shown by writing nothing."""
    seen.clear()
    check()
    assert marks_in("".join(capfd.readouterr())) == set()
    if EXAMPLES:
        with capfd.disabled():
            print(f"\n{dict(seen)}")
    assert min(seen["kept"], seen["restricted"]) > seen["recorded"] > 0


def look_everywhere(case, number, directory, journal):
    handlers = [Records(), LineHandler(), journal, Failing()]
    limits = {"redactions": case.handler.redactions} if case.handler.redactions else {}
    if case.handler.allowed is not None:
        limits["allowed_schemas"] = case.handler.allowed
    narrower = [Records(limits), LineHandler(limits)] if limits else []
    with Watch(directory / "temporary") as watch:
        (directory / "temporary").mkdir()
        log = EventLog(handlers=[*handlers, *narrower], **case.settings)
        log.register_schema(case.schema)
        event = copy.deepcopy(case.event)
        capsule = log.record_event(ID, 1, event)
        assert event == case.event
        disclosed = disclose(log.governance, log.registry, log.handlers)
        told = [log.counts(), disclosed, in_words(disclosed), repr(log), log.governance.statement]
        told += problems(log.governance, log, log.handlers, log.registry)
        counts = log.counts()
        errors = [watch.error_of(log.record_event, *call) for call in bad_calls(case.event, number)]
        assert capsule is None or None not in errors
        log.on_invalid = "log"
        assert [log.record_event(*call) for call in bad_calls(case.event, number)] == [None] * len(errors)
        assert log.counts()["recorded"] == counts["recorded"]
        log.flush()
    said = everything_in([told, log.counts()]) + watch.text() + text_of_files(directory / "temporary")
    assert marks_in(said) == set()

    expected = left_of(case, case.log)
    record, line, *_ = handlers
    assert_left(record.events(), expected, record.text())
    assert_left(line.events(), expected, line.text())
    assert marks_in(text_of_files(directory / "journal")) == marks_in(json.dumps(expected))
    assert (capsule is None) == (expected is None)
    assert marks_in(everything_in(capsule)) == marks_in(json.dumps(expected))
    for each in narrower:
        assert_left(each.events(), left_of(case, case.log, case.handler), each.text())
    all_marks, kept = marks_in(json.dumps(case.event)), marks_in(json.dumps(expected))
    seen.update(examples=1, recorded=expected is not None, kept=len(kept), restricted=len(all_marks - kept))


def bad_calls(event, number):
    """Return calls with what is no event of the schema, with marks in it."""
    bad = [
        {**event, "must": mark()},
        {**event, "must": {mark(): mark()}},
        {**event, "must": float("nan"), mark(): mark()},
        {**event, "__" + mark(): mark()},
        {**event, "must": {1, mark()}},
        {**event, "must": 2**70, mark(): "\ud800"},
        {**event, "must": ["x" * 2**20 + mark()]},
        [mark()],
        mark(),
    ]
    return [(ID, 1, bad[number % len(bad)]), (ID, bad[0]), (ID, 1, event, mark())]
