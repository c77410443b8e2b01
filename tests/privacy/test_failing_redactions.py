"""A value on which a redaction fails is null, is counted, and is in nothing that is said of it."""

from __future__ import annotations

import logging

import pytest

from . import operators_own
from .redacted import ID, SECRET, THINGS, Lines, S, kept, recorded


def test_the_value_that_a_redaction_failed_on_is_no_context_of_what_is_said_of_it(capfd):
    """A handler of the application's log that fails prints what was handled meanwhile."""

    class Full(logging.Handler):
        def emit(self, record):
            try:
                raise OSError("no space left on device")
            except OSError:
                self.handleError(record)

    logger, full = logging.getLogger("jupyter_telemetry"), Full()
    logger.addHandler(full)
    try:
        schema = {"properties": {"a": {"type": "string", **S}}}
        redactions = {"secret": "tests.privacy.operators_own:fail"}
        assert kept(schema, {"a": SECRET}, redactions=redactions) == {"a": None}
    finally:
        logger.removeHandler(full)
    said = capfd.readouterr().err
    assert "no space left on device" in said
    assert SECRET not in said


FAILING = [f"{operators_own.__name__}:{name}" for name in ("fail", "not_json", "reserved")]


@pytest.mark.parametrize("action", [*FAILING, {"generalise": "hour"}, {"generalise": "network"}])
@pytest.mark.parametrize("by", ["category", "path"])
def test_a_value_on_which_an_action_fails_is_null_and_leaves_no_trace(action, by, caplog, capfd, recwarn):
    redactions = {"unrestricted": action} if by == "category" else {ID: {"/t": action}}
    lines = Lines()
    log, capsule = recorded(THINGS, {"t": SECRET}, lines, redactions=redactions)
    for _ in range(2):
        log.record_event(ID, 1, {"t": SECRET})
    assert capsule["t"] is None
    assert log.counts() == {
        "recorded": 3,
        "not_allowed": 0,
        "invalid": 0,
        "rate_limited": 0,
        "handler_failures": 0,
        "redaction_failures": 3,
    }
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage() for record in warnings] == [
        f"A redaction failed on a value of {ID}, which became null. `jupyter telemetry policy check` shows what "
        "becomes of each field."
    ]
    said = "".join(f"{vars(record)}" for record in (*caplog.records, *lines.records))
    out, err = capfd.readouterr()
    assert SECRET not in said + out + err
    assert [str(warning.message) for warning in recwarn] == []


def test_an_action_that_fails_for_a_handler_is_counted_too(caplog):
    narrow, whole = Lines(redactions={ID: {"/t": f"{operators_own.__name__}:fail"}}), Lines()
    log, _ = recorded(THINGS, {"t": SECRET}, narrow, whole)
    assert (narrow.kept, whole.kept) == ({"t": None}, {"t": SECRET})
    assert log.counts()["redaction_failures"] == 1


def test_an_object_that_no_action_fits_is_null():
    schema = {"properties": {"o": {"type": "object", **S}, "l": {"type": "array", **S}}}
    event = {"o": {"x": SECRET}, "l": [SECRET]}
    assert kept(schema, event, redactions={"secret": {"truncate": 3}}) == {"o": None, "l": None}
    spoilt = f"{operators_own.__name__}:spoil"
    assert kept(schema, event, redactions={"secret": spoilt}) == {
        "o": {"x": SECRET, "spoilt": True},
        "l": [SECRET, "spoilt"],
    }
    assert event == {"o": {"x": SECRET}, "l": [SECRET]}


def test_a_function_that_ends_the_program_makes_null_and_is_counted():
    log, capsule = recorded(
        {"properties": {"a": S}}, {"a": SECRET}, redactions={"secret": f"{operators_own.__name__}:leave"}
    )
    assert (capsule["a"], log.counts()["redaction_failures"]) == (None, 1)
