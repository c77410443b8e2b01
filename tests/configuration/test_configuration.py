"""An EventLog is configured wherever a Jupyter application is: in files and on the command line."""

from __future__ import annotations

import json

import pytest
from jupyter_core.application import JupyterApp
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from jupyter_telemetry import ConfigurationError, EventLog

from .applications import ID, KEPT, Example, Unaware, file_dict, names, record


class JupyterExample(JupyterApp):
    name = "jupyter-example"
    classes = [EventLog]


def loaded(text, tmp_path):
    (tmp_path / "some_config.py").write_text(text)
    return PyFileConfigLoader("some_config.py", str(tmp_path)).load_config()


# Where settings come from


def test_an_event_log_needs_no_application(make_log, make_file_handler, tmp_path):
    record(make_log(handlers=[make_file_handler()], allowed_schemas=[ID]))
    assert names(tmp_path / "events.log") == ["x"]


PY_CONFIG = {
    "a list of handlers": "[logging.FileHandler({path!r})]",
    "a tuple of handlers": "(logging.FileHandler({path!r}),)",
    "a callable": "lambda: [logging.FileHandler({path!r})]",
    "a function with a lock": "functools.partial(list, [logging.FileHandler({path!r})])",
    "dicts": "[{{'class': 'logging.FileHandler', 'filename': {path!r}}}]",
    "a callable that returns dicts": "lambda: [{{'class': 'logging.FileHandler', 'filename': {path!r}}}]",
}


@pytest.mark.parametrize("app_class", [Example, JupyterExample])
@pytest.mark.parametrize("handlers", PY_CONFIG.values(), ids=PY_CONFIG.keys())
def test_a_config_file_in_python_says_handlers_in_many_ways(make_log, monkeypatch, tmp_path, app_class, handlers):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "none"))
    path = str(tmp_path / "events.log")
    (tmp_path / "example_config.py").write_text(
        "import functools, logging\n"
        f"c.EventLog.handlers = {handlers.format(path=path)}\n"
        f"c.EventLog.allowed_schemas = [{ID!r}]\n"
    )
    (tmp_path / "jupyter_example_config.py").write_text((tmp_path / "example_config.py").read_text())
    app = app_class()
    app.initialize([])
    if app_class is Example:
        app.load_config_file("example_config", path=[str(tmp_path)])
    app.update_config(Config({"Example": {"log_level": 30}}))  # copies the configuration, and the locks in it
    log = make_log(parent=app)
    record(log)
    assert names(tmp_path / "events.log") == ["x"]
    for handler in log.handlers:
        handler.close()


@pytest.mark.parametrize("value", ["None", "[]", "()", "lambda: None"])
def test_no_handlers_can_be_said_too(make_log, tmp_path, value):
    log = make_log(config=loaded(f"c.EventLog.handlers = {value}\nc.EventLog.allowed_schemas = [{ID!r}]", tmp_path))
    assert log.handlers == []
    assert record(log)["name"] == "x"


@pytest.mark.parametrize("allowed", [[ID], {ID: KEPT}])
def test_a_config_file_in_json_says_the_same(make_log, tmp_path, allowed):
    settings = {"handlers": [file_dict(tmp_path)], "allowed_schemas": allowed, "max_event_bytes": 300}
    (tmp_path / "example_config.json").write_text(json.dumps({"EventLog": settings}))
    app = Example()
    app.initialize([])
    app.load_config_file("example_config", path=[str(tmp_path)])
    log = make_log(parent=app)
    record(log)
    assert names(tmp_path / "events.log") == ["x"]
    assert (log.allowed_schemas, log.max_event_bytes) == (allowed, 300)


@pytest.mark.parametrize(
    ("argv", "allowed"),
    [
        ([f"--EventLog.allowed_schemas={ID}"], [ID]),
        (["--EventLog.allowed_schemas", ID], [ID]),
        ([f"--EventLog.allowed_schemas={ID}", "--EventLog.allowed_schemas=b"], [ID, "b"]),
        ([f'--EventLog.allowed_schemas=["{ID}","b"]'], [ID, "b"]),
        ([f'--EventLog.allowed_schemas={{"{ID}":{json.dumps(KEPT)}}}'], {ID: KEPT}),
        (
            [f'--EventLog.allowed_schemas={{"{ID}":{json.dumps(KEPT)}}}', "--EventLog.allowed_schemas=b"],
            {ID: KEPT, "b": {}},
        ),
        (["--EventLog.allowed_schemas=https://example.org/*"], ["https://example.org/*"]),
    ],
)
@pytest.mark.parametrize("app_class", [Example, Unaware])
def test_a_command_line_says_what_is_allowed(make_log, app_class, argv, allowed):
    app = app_class()
    app.initialize(argv)
    log = make_log(parent=app)
    assert log.allowed_schemas == allowed
    assert record(log)["name"] == "x"


@pytest.mark.parametrize("more", [[], ["b"]])
def test_an_alias_may_stand_on_a_command_line_several_times(make_log, more):
    app = Example()
    app.initialize([f"--allow={each}" for each in [ID, *more]])
    assert make_log(parent=app).allowed_schemas == [ID, *more]


@pytest.mark.parametrize("app_class", [Example, Unaware])
@pytest.mark.parametrize("form", ["[{}]", "{}"])
def test_a_command_line_says_handlers_and_they_add_up(make_log, tmp_path, app_class, form):
    options = [form.format(json.dumps(file_dict(tmp_path, name))) for name in ("a.log", "b.log")]
    app = app_class()
    app.initialize([*(f"--EventLog.handlers={option}" for option in options), f"--EventLog.allowed_schemas={ID}"])
    record(make_log(parent=app))
    assert names(tmp_path / "a.log") == names(tmp_path / "b.log") == ["x"]


@pytest.mark.parametrize("trait", ["handlers", "allowed_schemas"])
@pytest.mark.parametrize("more", [[], ["b"]])
@pytest.mark.parametrize("app_class", [Example, Unaware])
def test_what_a_command_line_says_wrongly_is_an_error(app_class, trait, more):
    app = app_class()
    app.initialize([f'--EventLog.{trait}=["a', *(f"--EventLog.{trait}={each}" for each in more)])
    with pytest.raises(ConfigurationError) as caught:
        EventLog(parent=app)
    assert str(caught.value) == f"EventLog.{trait}: neither JSON nor a Python literal: '[\"a'"


def test_the_command_line_wins_over_files_and_files_over_defaults(make_log, monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "none"))
    (tmp_path / "jupyter_example_config.py").write_text(
        "c.EventLog.allowed_schemas = ['of the file']\nc.EventLog.max_event_bytes = 1000\n"
    )
    app = JupyterExample()
    app.initialize([f"--EventLog.allowed_schemas={ID}"])
    log = make_log(parent=app)
    assert (log.allowed_schemas, log.max_event_bytes, log.on_invalid) == ([ID], 1000, "raise")


def test_a_section_under_the_application_s_wins(make_log):
    config = Config({"EventLog": {"allowed_schemas": ["a"]}, "Example": {"EventLog": {"allowed_schemas": [ID]}}})
    assert make_log(parent=Example(config=config)).allowed_schemas == [ID]


def test_arguments_win_over_configuration(make_log, make_file_handler, tmp_path):
    config = Config({"EventLog": {"handlers": [file_dict(tmp_path, "config.log")], "allowed_schemas": ["a"]}})
    record(make_log(config=config, handlers=[make_file_handler("argument.log")], allowed_schemas=[ID]))
    assert names(tmp_path / "argument.log") == ["x"]
    assert names(tmp_path / "config.log") == []


def test_a_setting_that_is_misspelt_in_a_file_is_said(tmp_path):
    config = loaded(f"c.EventLog.allowed_schema = [{ID!r}]", tmp_path)
    with pytest.warns(
        UserWarning, match="`allowed_schema` not recognized by `EventLog`.*Did you mean `allowed_schemas`"
    ):
        EventLog(config=config)


def test_two_applications_share_one_configuration_and_neither_changes_it(make_log, make_file_handler, tmp_path):
    config = Config()
    config.EventLog.handlers = handlers = [make_file_handler()]
    config.EventLog.allowed_schemas = [ID]
    first, second = Example(config=config), Example(config=config)
    for app in (first, second, first):
        app.update_config(Config({"Example": {"log_level": 30}}))
        record(make_log(parent=app))
    assert names(tmp_path / "events.log") == ["x", "x", "x"]
    assert config == {"EventLog": {"handlers": handlers, "allowed_schemas": [ID]}}


def test_help_and_a_generated_config_file_know_the_settings(capsys):
    app = Example()
    text = app.generate_config_file()
    app.print_help(classes=True)
    told = capsys.readouterr().out
    for trait in EventLog.class_trait_names(config=True):
        assert f"# c.EventLog.{trait} = " in text
        assert f"--EventLog.{trait}=" in told


# What files append


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        (f"c.EventLog.allowed_schemas.append({ID!r})", [ID]),
        (f"c.EventLog.allowed_schemas.extend([{ID!r}, 'b'])", [ID, "b"]),
        (f"c.EventLog.allowed_schemas.prepend([{ID!r}])", [ID]),
        (f"c.EventLog.allowed_schemas.insert(0, {ID!r})", [ID]),
        (f"c.EventLog.allowed_schemas.add({ID!r})", [ID]),
        (f"c.EventLog.allowed_schemas.update([{ID!r}])", [ID]),
        (f"c.EventLog.allowed_schemas.update({{{ID!r}: {KEPT}}})", {ID: KEPT}),
        (
            f"c.EventLog.allowed_schemas.append({ID!r})\nc.EventLog.allowed_schemas.update({{'b': {KEPT}}})",
            {ID: {}, "b": KEPT},
        ),
        (f"c.EventLog.allowed_schemas = ['b']\nc.EventLog.allowed_schemas.append({ID!r})", ["b", ID]),
        (f"c.EventLog.allowed_schemas = ['b']\nc.EventLog.allowed_schemas += [{ID!r}]", ["b", ID]),
        (f"c.EventLog.allowed_schemas = {{}}\nc.EventLog.allowed_schemas[{ID!r}] = {KEPT}", {ID: KEPT}),
    ],
)
def test_files_may_add_to_what_is_allowed(make_log, tmp_path, text, allowed):
    log = make_log(config=loaded(text, tmp_path))
    assert log.allowed_schemas == allowed
    assert record(log)["name"] == "x"


@pytest.mark.parametrize(
    ("first", "second", "allowed"),
    [
        ("= ['a']", ".append('b')", ["a", "b"]),
        (".append('a')", ".append('b')", ["a", "b"]),
        (".append('a')", ".prepend(['b'])", ["b", "a"]),
        (".append('a')", f".update({{'b': {KEPT}}})", {"a": {}, "b": KEPT}),
        (f"= {{'a': {KEPT}}}", ".update({'b': {}})", {"a": KEPT, "b": {}}),
        (".append('a')", "= ['b']", ["b"]),
    ],
)
def test_several_files_add_up(make_log, tmp_path, first, second, allowed):
    app = Example()
    for number, change in enumerate((first, second)):
        (tmp_path / f"config{number}.py").write_text(f"c.EventLog.allowed_schemas {change}")
        app.load_config_file(f"config{number}", path=[str(tmp_path)])
    assert make_log(parent=app).allowed_schemas == allowed
    assert make_log(parent=app).allowed_schemas == allowed  # again, of the same configuration


def test_files_may_append_handlers(make_log, tmp_path):
    text = "".join(f"c.EventLog.handlers.append({file_dict(tmp_path, name)})\n" for name in ("a.log", "b.log"))
    log = make_log(config=loaded(text + f"c.EventLog.allowed_schemas = [{ID!r}]", tmp_path))
    record(log)
    assert names(tmp_path / "a.log") == names(tmp_path / "b.log") == ["x"]


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        (f"c.EventLog.allowed_schemas.append([{ID!r}])", ConfigurationError, "a schema id is a str that is not empty"),
        (f"c.EventLog.allowed_schemas.extend({ID!r})", ConfigurationError, "these are the characters of an id"),
        (f"c.EventLog.allowed_schemas.update({ID!r})", ConfigurationError, "these are the characters of an id"),
        (f"c.EventLog.allowed_schemas = {ID!r}", ConfigurationError, "write a list of schema ids, not a str"),
        (
            "c.EventLog.handlers.update({'class': 'x'})",
            ConfigurationError,
            "write a list of logging handlers, not a dict",
        ),
        ("c.EventLog.handlers.append('events.log')", ConfigurationError, "'events.log' is no logging.Handler"),
        (f"c.EventLog.allowed_schemas[{ID!r}] = {{}}", TypeError, "does not support item assignment"),
        (f"c.EventLog.allowed_schemas += [{ID!r}]", TypeError, "unsupported operand type"),
        (
            f"c.EventLog.allowed_schemas = []\nc.EventLog.allowed_schemas.update({{{ID!r}: {{}}}})",
            AttributeError,
            "update",
        ),
    ],
)
def test_what_cannot_be_meant_is_an_error(tmp_path, text, error, said):
    with pytest.raises(error, match=said):
        EventLog(config=loaded(text, tmp_path))
