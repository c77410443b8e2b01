"""What an operator says wrongly of privacy is refused, with what to write instead, and changes nothing."""

from __future__ import annotations

import json

import pytest
from traitlets import TraitError
from traitlets.config import Config

from jupyter_telemetry import ConfigurationError, EventLog
from jupyter_telemetry.settings import NOTICE_KEYS

from .stated import ID, KEPT, SETTINGS_OF_PRIVACY, Example, Unaware, recorded, said_of

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
