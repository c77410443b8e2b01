"""What an operator may say of privacy: in Python, in files, on the command line, and with a key of pseudonyms."""

from __future__ import annotations

import json
import logging

import pytest
from traitlets.config import Config, Configurable

from jupyter_telemetry import ConfigurationError, EventLog
from jupyter_telemetry.settings import SETTINGS

from .stated import CLASSES, ID, KEPT, PSEUDONYMS, SETTINGS_OF_PRIVACY, Example, Unaware, recorded, said_of


def loaded(app, tmp_path, **files):
    """Load configuration files into an application."""
    for name, text in files.items():
        (tmp_path / f"{name}_config.py").write_text(text)
        app.load_config_file(f"{name}_config", path=[str(tmp_path)])
    return app


# Wherever an application is configured


def test_python_says_them():
    log = EventLog(**SETTINGS_OF_PRIVACY)
    assert (said_of(log), recorded(log)) == (SETTINGS_OF_PRIVACY, KEPT)


def test_a_config_file_in_python_says_them(tmp_path):
    text = "".join(f"c.EventLog.{name} = {value!r}\n" for name, value in SETTINGS_OF_PRIVACY.items())
    log = EventLog(parent=loaded(Example(), tmp_path, example=text))
    assert (said_of(log), recorded(log)) == (SETTINGS_OF_PRIVACY, KEPT)


def test_a_config_file_in_json_says_them(tmp_path):
    (tmp_path / "example_config.json").write_text(json.dumps({"EventLog": SETTINGS_OF_PRIVACY}))
    app = Example()
    app.load_config_file("example_config", path=[str(tmp_path)])
    log = EventLog(parent=app)
    assert (said_of(log), recorded(log)) == (SETTINGS_OF_PRIVACY, KEPT)


@pytest.mark.parametrize("app_class", [Example, Unaware])
@pytest.mark.parametrize("write", [json.dumps, repr])
def test_a_command_line_says_them(app_class, write):
    app = app_class()
    app.initialize([f"--EventLog.{name}={write(value)}" for name, value in SETTINGS_OF_PRIVACY.items()])
    log = EventLog(parent=app)
    assert (said_of(log), recorded(log)) == (SETTINGS_OF_PRIVACY, KEPT)


@pytest.mark.parametrize("app_class", [Example, Unaware])
def test_options_that_stand_on_a_command_line_several_times_add_up(app_class):
    app = app_class()
    app.initialize(
        [
            f"--EventLog.allowed_schemas={ID}",
            '--EventLog.redactions={"a": "drop", "b": "drop"}',
            '--EventLog.redactions={"b": "null"}',
            "--EventLog.consent=opt-out",
            "--EventLog.classifications={}",
        ]
    )
    log = EventLog(parent=app)
    assert (log.redactions, log.consent, log.classifications) == ({"a": "drop", "b": "null"}, "opt-out", {})


def test_files_add_to_each_other(tmp_path):
    first = 'c.EventLog.redactions.update({"a": "null", "b": "null"})\nc.EventLog.notice = {"contact": "x"}\n'
    second = 'c.EventLog.redactions.update({"b": "drop"})\nc.EventLog.notice.update({"purpose": "y"})\n'
    log = EventLog(parent=loaded(Example(), tmp_path, first=first, second=second))
    assert (log.redactions, log.notice) == ({"a": "null", "b": "drop"}, {"contact": "x", "purpose": "y"})


def test_what_files_add_at_run_time_adds_to_what_there_is():
    log = EventLog(redactions={"a": "null"})
    more = Config()
    more.EventLog.redactions.update({"b": "drop"})
    log.update_config(more)
    assert log.redactions == {"a": "null", "b": "drop"}


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_classifications_may_stand_in_a_file(tmp_path, suffix):
    file = tmp_path / f"classes.{suffix}"
    text = "{id}:\n  /name: [personal-data]\n  /size: {{categories: [unrestricted], reason: a number}}\n"
    file.write_text(json.dumps(CLASSES) if suffix == "json" else text.format(id=ID))
    log = EventLog(**{**SETTINGS_OF_PRIVACY, "classifications": str(file)})
    assert (log.classifications, recorded(log)) == (str(file), KEPT)


def test_by_default_nothing_is_said():
    log = EventLog()
    assert (log.redactions, log.classifications, log.consent, log.notice) == ({}, {}, {}, {})
    assert log.pseudonym_key_file == ""


@pytest.mark.parametrize("name", ["redactions", "classifications", "consent", "notice"])
@pytest.mark.parametrize("value", [None, [], (), {}])
def test_nothing_may_be_written_in_several_ways(name, value):
    assert getattr(EventLog(**{name: value}), name) == {}


def test_what_is_said_cannot_be_changed_unnoticed():
    given = {ID: {"/name": ["a"]}}
    log = EventLog(classifications=given)
    given[ID]["/name"].append("b")
    assert log.classifications == {ID: {"/name": ["a"]}}
    for change in (lambda: log.classifications[ID].update({}), lambda: log.classifications[ID]["/name"].append("b")):
        with pytest.raises(TypeError, match="cannot be changed in place"):
            change()


# With a key of pseudonyms

OTHER_KEY = "o" * 32


def test_a_key_file_makes_pseudonyms(key_file):
    name = recorded(EventLog(pseudonym_key_file=str(key_file), **PSEUDONYMS))["name"]
    assert name.startswith("pseudonym:")
    assert "k" * 8 not in name


def test_a_key_of_the_environment_makes_the_same_pseudonyms(key_file, monkeypatch):
    by_file = recorded(EventLog(pseudonym_key_file=str(key_file), **PSEUDONYMS))
    monkeypatch.setenv("JUPYTER_TELEMETRY_PSEUDONYM_KEY", "k" * 32)
    assert recorded(EventLog(**PSEUDONYMS)) == by_file


def test_a_key_may_stand_after_the_redactions_that_need_it(key_file):
    config = Config({"EventLog": {**PSEUDONYMS, "pseudonym_key_file": str(key_file)}})
    assert recorded(EventLog(config=config))["name"].startswith("pseudonym:")
    log = EventLog()
    log.update_config(config)
    assert recorded(log)["name"].startswith("pseudonym:")


def test_a_key_that_is_needed_cannot_be_taken_away(key_file):
    log = EventLog(pseudonym_key_file=str(key_file), **PSEUDONYMS)
    before = recorded(log)
    with pytest.raises(ConfigurationError, match='"pseudonymise" needs a key'):
        log.pseudonym_key_file = ""
    assert (log.pseudonym_key_file, recorded(log)) == (str(key_file), before)


def test_another_key_makes_other_pseudonyms_from_the_next_event_on(key_file, tmp_path):
    log = EventLog(pseudonym_key_file=str(key_file), **PSEUDONYMS)
    before = recorded(log)
    other = tmp_path / "other"
    other.write_text(OTHER_KEY)
    other.chmod(0o600)
    log.pseudonym_key_file = str(other)
    assert recorded(log) != before


# What is told of the settings


def test_help_and_a_generated_config_file_know_the_settings(capsys):
    app = Example()
    app.print_help(classes=True)
    text = capsys.readouterr().out + app.generate_config_file()
    for name in SETTINGS:
        assert text.count(f"EventLog.{name}") >= 2


@pytest.mark.parametrize(
    ("consent", "said"),
    [
        ("inform", "EventLog.consent is inform, as the program sets it."),
        (
            {"*": "opt-out", "personal-data": {"mode": "opt-in"}, ID: {"not_erasable": "audits"}},
            "EventLog.consent['*'] is opt-out, EventLog.consent['personal-data'] is opt-in, as the program sets it. "
            "What is opt-in is recorded once the user agrees, which the program asks for by EventLog.decide.",
        ),
    ],
)
def test_a_mode_that_is_stated_is_said_once(caplog, consent, said):
    with caplog.at_level(logging.INFO):
        log = EventLog(allowed_schemas=[ID], consent=consent)
        log.max_event_bytes = 1000
    assert caplog.messages == [said]
    assert caplog.records[0].levelno == logging.INFO


def test_a_mode_of_the_configuration_is_said_with_its_files(caplog, tmp_path):
    file, other = tmp_path / "jupyter_server_config.py", tmp_path / "jupyter_config.py"
    file.write_text("c.EventLog.consent = 'inform'")
    other.write_text("c.EventLog.allowed_schemas = []")

    class App(Configurable):
        loaded_config_files = (str(file), str(other), str(tmp_path / "gone.py"))

    config = Config({"EventLog": {"consent": "inform", "allowed_schemas": [ID]}})
    with caplog.at_level(logging.INFO):
        EventLog(parent=App(config=config))
    assert caplog.messages == [f"EventLog.consent is inform, as c.EventLog.consent says in {file}."]
    caplog.clear()
    with caplog.at_level(logging.INFO):  # from a command line
        EventLog(config=config)
    assert caplog.messages == ["EventLog.consent is inform, as c.EventLog.consent says."]


def test_without_files_the_configuration_is_the_users_own(caplog):
    with caplog.at_level(logging.INFO):
        EventLog(allowed_schemas=[ID])
    assert caplog.messages == ["EventLog.consent is inform by default: what configures EventLog is the user's own."]
