"""What an operator may say of privacy: in Python, in files, on the command line, at run time; and what is refused."""

from __future__ import annotations

import json
import logging

import pytest
from traitlets import TraitError
from traitlets.config import Application, Config, Configurable

from jupyter_telemetry import ConfigurationError, EventLog
from jupyter_telemetry.privacy import DecisionStore
from jupyter_telemetry.settings import NOTICE_KEYS, SETTINGS

ID = "https://example.org/save"
SCHEMA = {
    "$id": ID,
    "version": 1,
    "type": "object",
    "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
}
EVENT = {"name": "Ada Lovelace", "size": 17}
CLASSES = {ID: {"/name": ["personal-data"], "/size": {"categories": ["unrestricted"], "reason": "a number"}}}
SETTINGS_OF_PRIVACY = {
    "allowed_schemas": {ID: {"allowed_categories": ["personal-data"]}},
    "redactions": {"personal-data": {"truncate": 3}, ID: {"/size": {"generalise": {"bucket": 10}}}},
    "classifications": CLASSES,
    "consent": {"*": "inform", "personal-data": {"mode": "inform", "reason": "to keep it running"}},
    "notice": {"controller": "Example University", "contact": "data@example.org"},
}
KEPT = {"name": "Ada", "size": 10}


class Example(Application):
    name = "example"
    classes = [EventLog]


class Unaware(Application):
    """An application whose command line does not know that there is an EventLog."""


def own(capsule):
    """The event's own properties."""
    return capsule and {name: value for name, value in capsule.items() if not name.startswith("__")}


def recorded(log):
    """Record EVENT; return what is kept of it."""
    log.register_schema(SCHEMA)
    return own(log.record_event(ID, 1, EVENT))


def said_of(log):
    return {name: getattr(log, name) for name in SETTINGS_OF_PRIVACY}


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


@pytest.fixture
def key_file(tmp_path):
    file = tmp_path / "key"
    file.write_text("k" * 32)
    file.chmod(0o600)
    return file


PSEUDONYMS = {"allowed_schemas": [ID], "consent": "inform", "redactions": {ID: {"/name": "pseudonymise"}}}
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


# Wrong values: the error says what to write instead, and what was in force stays

ACTIONS = (
    'write "null", "drop", "pseudonymise", {"truncate": 8}, {"generalise": …} or a function, as '
    '"package.module:function"'
)
NO_PATH = "write one such as '/user/name' or '/files/*/path'"
A_CLASSIFICATION = '{"https://example.org/my-event": {"/user/name": ["personal-data"]}}'
WRONG = {
    "redactions that are a list": ("redactions", ["null"], "EventLog.redactions: write a dict, not a list"),
    "redactions that are a text": ("redactions", "null", "EventLog.redactions: write a dict, not a str"),
    "redactions of a number": ("redactions", {5: "null"}, "EventLog.redactions: write a dict, not a dict"),
    "an unknown action": (
        "redactions",
        {"a": "pseudonymize"},
        f"EventLog.redactions['a']: 'pseudonymize' is no action (did you mean 'pseudonymise'?); {ACTIONS}",
    ),
    "an unknown action of a path": (
        "redactions",
        {ID: {"/name": "hide"}},
        f"EventLog.redactions['{ID}']['/name']: 'hide' is no action; {ACTIONS}",
    ),
    "names for paths": (
        "redactions",
        {ID: {"name": "null"}},
        f"EventLog.redactions['{ID}']: 'name' is no path; {NO_PATH}",
    ),
    "several names for paths": (
        "redactions",
        {ID: {"user/name": "null", "size": "drop"}},
        f"EventLog.redactions['{ID}']: 'user/name' is no path; {NO_PATH}",
    ),
    "a name beside paths": (
        "redactions",
        {ID: {"/size": "null", "name": "null"}},
        f"EventLog.redactions['{ID}']: 'name' is no path; {NO_PATH}",
    ),
    "a number beside paths": (
        "redactions",
        {ID: {"/size": "null", 5: "null"}},
        f"EventLog.redactions['{ID}']: 5 is no path; {NO_PATH}",
    ),
    "no paths": ("redactions", {ID: {}}, f"EventLog.redactions['{ID}']: {{}} is no action; {ACTIONS}"),
    "no key": (
        "redactions",
        {"a": "pseudonymise"},
        "EventLog.redactions['a']: \"pseudonymise\" needs a key; name its file in c.EventLog.pseudonym_key_file, or "
        "set JUPYTER_TELEMETRY_PSEUDONYM_KEY in the environment",
    ),
    "no number of characters": (
        "redactions",
        {"a": {"truncate": 0}},
        "EventLog.redactions['a']: 0 is not a whole number from 1; write such as {\"truncate\": 8}",
    ),
    "no such unit": (
        "redactions",
        {"a": {"generalise": "hours"}},
        "EventLog.redactions['a']: nothing is generalised to 'hours' (did you mean 'hour'?); write "
        '{"generalise": …} with "hour", "day", "week", "suffix", "network", {"parts": 2} or {"bucket": 10}',
    ),
    "classifications that are a list": (
        "classifications",
        ["a"],
        "EventLog.classifications: write a dict, or the path of a file, not a list",
    ),
    "a classification that is a list": (
        "classifications",
        {ID: ["/name"]},
        f"EventLog.classifications: write a dict from schema ids to dicts of paths, such as {A_CLASSIFICATION}",
    ),
    "a classification of a name": (
        "classifications",
        {ID: {"name": ["a"]}},
        f"EventLog.classifications['{ID}']['name']: no path; {NO_PATH}",
    ),
    "a classification that is a text": (
        "classifications",
        {ID: {"/name": "a"}},
        f"EventLog.classifications['{ID}']['/name']: write a list of categories, such as [\"personal-data\"]",
    ),
    "no categories": (
        "classifications",
        {ID: {"/name": {"categories": []}}},
        f"EventLog.classifications['{ID}']['/name']: write a list of categories, such as [\"personal-data\"]",
    ),
    "a missing file": (
        "classifications",
        "/no/such/file.yaml",
        "EventLog.classifications: the file /no/such/file.yaml cannot be read: [Errno 2] No such file or directory: "
        "'/no/such/file.yaml'",
    ),
    "an unknown mode": (
        "consent",
        "optin",
        "EventLog.consent['*']: unknown mode 'optin' (did you mean 'opt-in'?); write \"inform\", \"opt-out\" or "
        '"opt-in"',
    ),
    "modes in a list": ("consent", ["opt-in"], "EventLog.consent: write a dict, or a mode, not a list"),
    "an unknown key of consent": (
        "consent",
        {"*": {"why": "x"}},
        "EventLog.consent['*']: unknown key 'why'; known are mode, reason, legal_basis and not_erasable",
    ),
    "an unknown key of the notice": (
        "notice",
        {"who": "x"},
        f"EventLog.notice: write a text for each of {', '.join(NOTICE_KEYS)}; not 'who'",
    ),
    "a notice that is no text": (
        "notice",
        {"contact": ["x"]},
        f"EventLog.notice: write a text for each of {', '.join(NOTICE_KEYS)}; not 'contact'",
    ),
    "a notice that is a text": ("notice", "x", "EventLog.notice: write a dict, not a str"),
}


@pytest.mark.parametrize(("name", "value", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_value_is_an_error_that_says_what_to_write_and_changes_nothing(tmp_path, name, value, said):
    log = EventLog(**SETTINGS_OF_PRIVACY)
    with pytest.raises(ConfigurationError) as caught:
        setattr(log, name, value)
    assert str(caught.value) == said
    assert (said_of(log), recorded(log)) == (SETTINGS_OF_PRIVACY, KEPT)
    for config in ({}, {"config": Config({"EventLog": {name: value}})}):
        with pytest.raises(ConfigurationError) as caught:
            EventLog(**(config or {name: value}))
        assert str(caught.value) == said


@pytest.mark.parametrize("value", [5, None, ["key"]])
def test_a_key_file_that_is_no_path_is_an_error(value):
    with pytest.raises(TraitError, match="'pseudonym_key_file' trait of an EventLog instance expected a unicode"):
        EventLog(pseudonym_key_file=value)


@pytest.mark.parametrize("text", ["", "short", None])
def test_a_key_that_cannot_be_used_is_an_error_though_nothing_needs_it_yet(tmp_path, text):
    file = tmp_path / "key"
    if text is not None:
        file.write_text(text)
        file.chmod(0o600)
    log = EventLog(**SETTINGS_OF_PRIVACY)
    with pytest.raises(ConfigurationError) as caught:
        log.pseudonym_key_file = str(file)
    assert str(file) in str(caught.value)
    assert (log.pseudonym_key_file, recorded(log)) == ("", KEPT)


@pytest.mark.parametrize("name", ["redactions", "classifications", "consent"])
@pytest.mark.parametrize("more", [[], ["{}"]])
@pytest.mark.parametrize("app_class", [Example, Unaware])
def test_what_a_command_line_says_wrongly_is_an_error(app_class, name, more):
    app = app_class()
    app.initialize([f'--EventLog.{name}={{"a', *(f"--EventLog.{name}={each}" for each in more)])
    with pytest.raises(ConfigurationError) as caught:
        EventLog(parent=app)
    assert str(caught.value) == f"EventLog.{name}: neither JSON nor a Python literal: '{{\"a'"


@pytest.mark.parametrize(("content", "said"), [("[1]", "holds a list"), ("", "is empty"), ("{", "")])
def test_a_file_that_holds_no_classifications_is_an_error_that_names_it(tmp_path, content, said):
    file = tmp_path / "classes.json"
    file.write_text(content)
    with pytest.raises(ConfigurationError) as caught:
        EventLog(classifications=str(file))
    assert str(caught.value).startswith(f"EventLog.classifications: the file {file} cannot be read: {file}: {said}")


def test_an_error_in_a_file_names_the_file(tmp_path):
    file = tmp_path / "classes.json"
    file.write_text(json.dumps({ID: {"name": ["a"]}}))
    with pytest.raises(ConfigurationError) as caught:
        EventLog(classifications=str(file))
    assert str(caught.value) == f"{file}['{ID}']['name']: no path; {NO_PATH}"


# At run time

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
