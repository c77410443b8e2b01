"""What an operator says of privacy at run time takes effect with the next event, as a whole or not at all."""

from __future__ import annotations

import json
import logging

import pytest
from traitlets.config import Config

from jupyter_telemetry import ConfigurationError, EventLog
from jupyter_telemetry.privacy import DecisionStore
from jupyter_telemetry.settings import SETTINGS

from .stated import CLASSES, EVENT, ID, KEPT, PSEUDONYMS, SCHEMA, SETTINGS_OF_PRIVACY, own, recorded

CHANGES = {
    "allowed_schemas": (["b"], None),
    "redactions": ({"personal-data": "drop"}, {"size": 17}),
    "classifications": ({ID: {"/size": ["personal-data"]}}, {"name": None, "size": None}),
    "notice": ({"purpose": "x"}, KEPT),
}


@pytest.mark.parametrize(("name", "value", "kept"), [(name, *change) for name, change in CHANGES.items()])
@pytest.mark.parametrize("by", ["assignment", "configuration"])
def test_a_change_takes_effect_with_the_next_event(name, value, kept, by):
    log = EventLog(**SETTINGS_OF_PRIVACY)
    assert recorded(log) == KEPT
    if by == "assignment":
        setattr(log, name, value)
    else:
        log.update_config(Config({"EventLog": {name: value}}))
    assert recorded(log) == kept


def test_consent_changes_with_the_next_event(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    log = EventLog(**SETTINGS_OF_PRIVACY)
    assert recorded(log) == KEPT
    log.consent = {"*": "inform", "personal-data": "opt-in"}
    assert recorded(log) == {"name": None, "size": 10}
    log.consent = "opt-in"
    assert recorded(log) is None


def narrow(allowed):
    handler = logging.NullHandler()
    handler.event_limits = {"allowed_schemas": allowed}
    return handler


@pytest.mark.parametrize("first", ["allowed_schemas", "handlers"])
def test_settings_that_fit_together_may_come_from_several_places(first):
    settings = {"allowed_schemas": [ID], "handlers": [narrow([ID])]}
    argument = {first: settings.pop(first)}
    log = EventLog(config=Config({"EventLog": settings}), consent="inform", **argument)
    assert recorded(log) == EVENT


def test_several_settings_that_change_at_once_need_only_fit_together():
    log = EventLog(allowed_schemas=[ID], handlers=[narrow([ID])], consent="inform")
    with log.hold_trait_notifications():
        log.allowed_schemas = ["b"]
        log.handlers = [narrow(["b"])]
    assert (log.allowed_schemas, recorded(log)) == (["b"], None)


def test_of_several_changes_at_once_that_do_not_fit_none_is_taken_over():
    log = EventLog(allowed_schemas=[ID], handlers=[narrow([ID])], consent="inform", max_event_bytes=1000)
    before = {name: getattr(log, name) for name in SETTINGS}
    change = {"allowed_schemas": ["b"], "max_event_bytes": 256, "redactions": {ID: {"/name": "drop"}}}
    change["handlers"] = [narrow([ID])]
    with pytest.raises(ConfigurationError, match="is wider than"):
        log.update_config(Config({"EventLog": change}))
    assert {name: getattr(log, name) for name in SETTINGS} == before
    log.register_schema(SCHEMA)
    assert own(log.record_event(ID, 1, {"name": "x" * 300})) == {"name": "x" * 300}


def test_what_the_user_decides_is_obeyed_though_a_file_of_the_configuration_is_gone(tmp_path, key_file, monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr("jupyter_telemetry.eventlog.LOOK_INTERVAL_S", 0.0)
    classes = tmp_path / "classes.json"
    classes.write_text(json.dumps(CLASSES))
    log = EventLog(
        **{**PSEUDONYMS, "consent": "opt-out"}, classifications=str(classes), pseudonym_key_file=str(key_file)
    )
    kept = recorded(log)
    assert kept["name"].startswith("pseudonym:")
    classes.unlink()
    key_file.unlink()
    elsewhere = DecisionStore()
    elsewhere.decide({"*": False}, statement=log.governance.statement, shown="x", by="command line")
    assert recorded(log) is None
    log.decide({"*": True}, shown="x", by="page")
    assert recorded(log) == kept
