"""`policy check`: what is kept, field by field, and what in a configuration is likely a mistake."""

from __future__ import annotations

import json

import pytest

from .conftest import process

VISIT = {
    "$id": "https://example.org/visit",
    "version": 1,
    "title": "Visit",
    "type": "object",
    "properties": {
        "user": {"type": "object", "properties": {"name": {"type": "string", "categories": ["personal-data"]}}},
        "page": {"type": "string", "categories": ["location"]},
        "count": {"type": "integer", "maximum": 10, "categories": ["unrestricted"]},
    },
    "required": ["page"],
}
CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
NOTICE = "c.EventLog.notice = dict.fromkeys(%r, 'said')\n" % [
    "controller",
    "contact",
    "purpose",
    "legal_basis",
    "recipients",
    "retention",
]
ALLOWED = NOTICE + f"c.EventLog.allowed_schemas = [{VISIT['$id']!r}]\n"
SERVER = NOTICE + "c.EventLog.allowed_schemas = ['https://events.jupyter.org/jupyter_server/*']\n"


@pytest.fixture
def visit(home):
    path = home / "visit.json"
    path.write_text(json.dumps(VISIT))
    return path


@pytest.fixture
def check(run, visit, home):
    """Check an event of the schema."""

    def check(event):
        file = home / "event.json"
        file.write_text(event if isinstance(event, str) else json.dumps(event))
        return run("policy", "check", "--schema", visit, "--event", file)

    return check


def test_each_field_is_shown_with_what_becomes_of_it_and_the_rule(run, visit, configure):
    configure(ALLOWED + "c.EventLog.redactions = {'location': {'truncate': 8}}")
    done = run("policy", "check", "--schema", visit)
    assert (done.status, done.err) == (0, "")
    assert [line.rstrip() for line in done.out.splitlines()] == [
        "https://example.org/visit, version 1",
        "  field       what becomes of it      which rule decided              categories",
        "  /user/name  replaced by null        not allowed: personal-data      personal-data",
        "  /page       cut to 8 characters     redactions: location            location",
        "  /count      kept as it is           allowed: unrestricted           unrestricted",
        "  /*          left out, name and all  the schema does not declare it",
        "",
        "Nothing in the configuration looks like a mistake.",
    ]


def test_json_says_the_same_for_programs(run, visit, configure):
    configure(ALLOWED + "c.EventLog.redactions = {'locatoin': 'drop'}")
    done = run("policy", "check", "--schema", visit, "--json")
    said = json.loads(done.out)
    assert done.status == 1
    assert said["problems"] == [
        "EventLog.redactions: no registered schema has the category 'locatoin'; did you mean 'location'?"
    ]
    (schema,) = said["schemas"]
    assert (schema["schema"], schema["version"], schema["allowed"]) == (VISIT["$id"], 1, True)
    assert [(each["path"], each["action"]) for each in schema["fields"]] == [
        ("/user/name", "null"),
        ("/page", "null"),
        ("/count", "keep"),
        ("/*", "drop"),
    ]
    assert schema["fields"][2] == {
        "path": "/count",
        "action": "keep",
        "form": "kept as it is",
        "rule": "allowed: unrestricted",
        "agreed": True,
        "categories": ["unrestricted"],
    }


def test_what_a_handler_gets_less_than_the_log_keeps_is_shown(run, visit, configure):
    configure(
        ALLOWED.replace(
            f"[{VISIT['$id']!r}]", repr({VISIT["$id"]: {"allowed_categories": ["personal-data", "location"]}})
        )
        + "c.EventLog.handlers = [{'class': 'jupyter_telemetry.journal.JournalHandler'},\n"
        "    {'class': 'logging.FileHandler', 'filename': '/tmp/none/audit.log',\n"
        f"     'redactions': {{'location': {{'truncate': 8}}, {VISIT['$id']!r}: {{'/user/name': 'null'}}}}}},\n"
        f"    {{'class': 'logging.StreamHandler', 'allowed_schemas': ['{VISIT['$id']}/of-another']}}]\n"
        f"c.EventLog.allowed_schemas['{VISIT['$id']}/of-another'] = {{}}\n"
    )
    done = run("policy", "check", "--schema", visit)
    assert [line.rstrip() for line in done.out.splitlines()][:10] == [
        "https://example.org/visit, version 1",
        "  field       what becomes of it      which rule decided              categories",
        "  /user/name  kept as it is           allowed: personal-data          personal-data",
        "  /page       kept as it is           allowed: location               location",
        "  /count      kept as it is           allowed: unrestricted           unrestricted",
        "  /*          left out, name and all  the schema does not declare it",
        "  For a file on this machine, audit.log, EventLog.handlers[1], by its own limits:",
        "    /user/name: replaced by null (redactions, by its path)",
        "    /page: cut to 8 characters (redactions: location)",
        "  For the standard error output, EventLog.handlers[2]: nothing of them (its allowed_schemas)",
    ]
    (schema,) = json.loads(run("policy", "check", "--schema", visit, "--json").out)["schemas"]
    of_file, of_stream = schema["narrower"]
    assert (of_file["handler"], of_file["allowed"]) == ("a file on this machine, audit.log, EventLog.handlers[1]", True)
    assert [(each["path"], each["action"]) for each in of_file["fields"]] == [
        ("/user/name", "null"),
        ("/page", "truncate"),
    ]
    assert of_stream == {
        "handler": "the standard error output, EventLog.handlers[2]",
        "allowed": False,
        "fields": [],
    }


def test_without_a_choice_all_that_is_known_is_checked(run, configure):
    configure(SERVER)
    done = run("policy", "check")
    assert done.status == 0
    for name in ("contents_service", "kernel_actions", "gateway_client"):
        assert f"https://events.jupyter.org/jupyter_server/{name}/v1, version 1" in done.out
    configure(NOTICE)
    assert run("policy", "check").out.startswith("Not allowed, so nothing is kept of them: https://")


def test_what_is_not_allowed_is_said(run, visit, configure):
    configure(SERVER)
    done = run("policy", "check", "--schema", visit)
    assert done.out.splitlines()[0] == "Not allowed, so nothing is kept: https://example.org/visit"
    done = run("policy", "check", "--schema", "*contents*", "--schema", visit)
    assert done.out.startswith(f"{CONTENTS}, version 1\n")
    assert "Not allowed, so nothing is kept: https://example.org/visit" in done.out


def test_what_the_user_refuses_is_shown(run, visit, configure):
    entry = {VISIT["$id"]: {"allowed_categories": ["location"]}}
    configure(f"c.EventLog.allowed_schemas = {entry}\nc.EventLog.consent = {{'*': 'inform', 'location': 'opt-in'}}\n")
    fields = json.loads(run("policy", "check", "--schema", visit, "--json").out)["schemas"][0]["fields"]
    # What there is to agree to, and that nobody has.
    assert [(each["form"], each["agreed"]) for each in fields if each["path"] in ("/page", "/count")] == [
        ("kept as it is", False),
        ("kept as it is", True),
    ]


def test_what_users_must_be_told_is_noted_and_no_mistake(run, configure):
    configure(ALLOWED + "c.EventLog.notice = {'controller': 'U', 'contact': 'x'}")
    said = json.loads(run("policy", "check", "--json").out)["notes"]
    assert said == [
        "EventLog.notice does not say legal_basis, purpose, recipients, retention: users must be told (GDPR art. 13)"
    ]


# An event


def test_an_event_is_shown_as_it_would_be_kept(check, configure):
    configure(ALLOWED + "c.EventLog.redactions = {'location': {'truncate': 2}}")
    done = check({"user": {"name": "Ada", "age": 9}, "page": "/home", "count": 3, "more": 1})
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out) == {"user": {"name": None}, "page": "/h", "count": 3}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"page": "SECRET", "count": 777777}, "$.count: must be at most 10 (rule: maximum)"),
        ({"SECRET": "SECRET"}, "$: lacks the required property 'page' (rule: required)"),
        ({"page": "SECRET", "__id__": "SECRET"}, "$: has a name that begins with '__', as metadata does"),
        (["SECRET"], "$: must be an object (a dict) (rule: type)"),
        ('{"page": "SECRET", "count": NaN}', "$.count: is not a finite number (rule: json)"),
        ('{"page": "SECRET', "event.json is no JSON"),
        ('{"page": %s}' % ("[" * 100_000), "event.json is no JSON"),
        ({"page": "SECRET" * 1000}, "1024"),
    ],
)
def test_an_event_that_would_not_be_recorded_is_an_error_without_its_values(check, configure, event, said):
    entry = {VISIT["$id"]: {"allowed_categories": ["location"]}}
    configure(f"c.EventLog.allowed_schemas = {entry}\nc.EventLog.max_event_bytes = 1024\n")
    done = check(event)
    assert (done.status, done.out) == (1, "")
    assert said in done.err
    assert "SECRET" not in done.err
    assert "777777" not in done.err
    assert done.err.count("\n") == 1


def test_an_event_of_a_schema_that_is_not_allowed_is_an_error(check, configure):
    configure(SERVER)
    done = check({"page": "SECRET"})
    assert done.status == 1
    assert done.err == "Error: https://example.org/visit is not allowed: nothing is kept of its events\n"


def test_a_redaction_that_fails_is_said(check, configure):
    configure(ALLOWED + "c.EventLog.redactions = {'location': 'math:sqrt'}")
    done = check({"page": "SECRET"})
    assert (done.status, json.loads(done.out)) == (0, {"page": None})
    assert done.err == "! A redaction failed on a value, which became null.\n"


def test_an_event_needs_one_schema(run, home, configure):
    (home / "event.json").write_text("{}")
    done = run("policy", "check", "--event", home / "event.json")
    assert done.status == 2
    assert "Error: --event is one schema's: choose one of these 4 by --schema\n" in done.err


# What is likely a mistake


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "c.EventLog.redactions = {'personal-dta': 'drop'}",
            "EventLog.redactions: no registered schema has the category 'personal-dta'; did you mean 'personal-data'?",
        ),
        (
            f"c.EventLog.redactions = {{{CONTENTS!r}: {{'/pat': 'drop'}}}}",
            f"EventLog.redactions[{CONTENTS!r}]: '/pat' matches nothing in the schema; did you mean '/path'?",
        ),
        (
            f"c.EventLog.classifications = {{{CONTENTS!r}: {{'/pat': ['location']}}}}",
            f"EventLog.classifications[{CONTENTS!r}]: '/pat' matches nothing in the schema; did you mean '/path'?",
        ),
        (
            f"c.EventLog.allowed_schemas = {{{CONTENTS!r}: {{'allowed_properties': ['pat']}}}}",
            f"EventLog.allowed_schemas[{CONTENTS!r}]['allowed_properties']: 'pat' matches nothing in the schema; did "
            "you mean 'path'?",
        ),
        (
            f"c.EventLog.allowed_schemas = {{{CONTENTS!r}: {{'allowed_categories': ['personal-dta']}}}}",
            f"EventLog.allowed_schemas[{CONTENTS!r}]['allowed_categories']: no registered schema has the category "
            "'personal-dta'; did you mean 'personal-data'?",
        ),
        (
            "c.EventLog.allowed_schemas = ['https://events.jupiter.org/jupyter_server/*']",
            "EventLog.allowed_schemas['https://events.jupiter.org/jupyter_server/*']: matches no registered schema; "
            "did you mean 'https://events.jupyter.org/jupyter_server/kernel_actions/v1'?",
        ),
        (
            "c.EventLog.consent = {'*': 'inform', 'personal-dta': 'opt-in'}",
            "EventLog.consent['personal-dta']: no registered schema and no category is called so; did you mean "
            "'personal-data'?",
        ),
        (
            "c.EventLog.handlers = [{'class': 'logging.FileHandler', 'filename': 'x', "
            "'redactions': {'personal-dta': 'drop'}}]",
            "EventLog.handlers[0]['redactions']: no registered schema has the category 'personal-dta'; did you mean "
            "'personal-data'?",
        ),
        (
            "c.EventLog.redactions = {'personal-data': 'pseudonymise'}",
            "EventLog.redactions['personal-data']: \"pseudonymise\" needs a key; name its file in "
            "c.EventLog.pseudonym_key_file, or set JUPYTER_TELEMETRY_PSEUDONYM_KEY in the environment",
        ),
        (
            "c.EventLog.pseudonym_key_file = '/tmp/none/key'",
            "EventLog.pseudonym_key_file: '/tmp/none/key' cannot be read: No such file or directory",
        ),
    ],
)
def test_a_likely_mistake_is_said_with_what_to_write_instead(run, configure, text, problem):
    configure(SERVER + text)
    done = run("policy", "check")
    assert done.status == 1
    assert [line for line in done.out.splitlines() if line.startswith("! ")] == [f"! {problem}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "c.EventLog.redactions = {'personal-data': 'pseudonymize'}",
            "EventLog.redactions['personal-data']: 'pseudonymize' is no action (did you mean 'pseudonymise'?)",
        ),
        (
            "c.EventLog.handlers = [{'class': 'logging.FileHandler', 'filename': 'x', 'allowed_schemas': ['*']}]",
            "EventLog.handlers[0]['allowed_schemas'] is wider than EventLog.allowed_schemas: * is not allowed there",
        ),
        ("c.EventLog.consent = 'optin'", "EventLog.consent['*']: unknown mode 'optin' (did you mean 'opt-in'?)"),
        ("c.EventLog.notice = {'contrller': 'x'}", "EventLog.notice: write a text for each of controller, contact"),
    ],
)
def test_what_a_server_refuses_is_an_error(run, configure, text, said):
    configure(SERVER + text)
    done = run("policy", "check")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"Error: {said}")


def test_a_key_that_others_may_read_is_said_without_the_key(home, configure):
    key = home / "key"
    key.write_text("the key that nobody is to see")
    key.chmod(0o644)
    configure(SERVER + f"c.EventLog.pseudonym_key_file = {str(key)!r}")
    done = process("policy", "check")
    said = (
        f"EventLog.pseudonym_key_file: every user of this machine may read {str(key)!r}, and undo pseudonyms by trying "
        f"all names; run: chmod o-r {key}"
    )
    assert done.returncode == 1
    assert f"! {said}" in done.stdout.splitlines()
    assert "nobody is to see" not in done.stdout + done.stderr
    key.chmod(0o600)
    done = process("policy", "check")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("*nothing*", "no known schema is called so; `jupyter telemetry schemas` lists what is recorded"),
        ("bad.json", "schema x: $.version: is missing"),
    ],
)
def test_a_schema_that_is_none_is_an_error(run, home, wanted, said):
    (home / "bad.json").write_text('{"$id": "x"}')
    done = run("policy", "check", "--schema", wanted)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"Error: {said}")


# What others wrote


HOSTILE = "\x1b]0;owned\x07\x9b31m\u202e"


@pytest.fixture
def hostile(home, configure):
    schema = {
        **VISIT,
        "title": f"T{HOSTILE}",
        "properties": {f"p{HOSTILE}": {"type": "string", "categories": [f"c{HOSTILE}", "unrestricted"]}},
        "required": [],
    }
    path = home / "hostile.json"
    path.write_text(json.dumps(schema))
    configure(ALLOWED)
    return path


@pytest.mark.parametrize("columns", ["20", "80", "300"])
def test_names_in_a_schema_stay_text(run_on_terminal, hostile, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    shown = run_on_terminal("policy", "check", "--schema", hostile)
    assert not {"\x07", "\x9b", "\u202e"} & set(shown)
    assert "\x1b]" not in shown
    if columns == "300":
        assert r"/p\x1b]0;owned\x07\x9b31m\u202e" in shown


def test_an_event_stays_text_on_a_terminal(run_on_terminal, home, visit, configure):
    configure(ALLOWED + "c.EventLog.redactions = {'location': {'truncate': 80}}")
    (home / "event.json").write_text(json.dumps({"page": HOSTILE}))
    shown = run_on_terminal("policy", "check", "--schema", visit, "--event", home / "event.json")
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown)
    assert "owned" in shown


def test_a_setting_that_there_is_not_is_said(run, configure):
    configure(ALLOWED + "c.EventLog.redaction = {}")
    done = run("policy", "check", "--json")
    assert (done.status, json.loads(done.out)["problems"][0]) == (
        1,
        "c.EventLog.redaction: there is no such setting, and it does nothing; did you mean c.EventLog.redactions?",
    )
