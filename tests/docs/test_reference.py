"""The reference is whole: what is public stands in it, with the same arguments, and nothing else does."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
DIRECTIVE = re.compile(r":{3,}\{py:(?P<kind>\w+)\} (?P<name>[\w.]+)(?:\((?P<arguments>.*)\))?$")

# What is public. A name that goes breaks somebody's program; one that comes has to be kept.
PUBLIC = {
    "jupyter_telemetry": [
        "TELEMETRY_METADATA_VERSION",
        "ConfigurationError",
        "Event",
        "EventLog",
        "InvalidEvent",
        "InvalidSchema",
        "SchemaAlreadyRegistered",
        "SchemaNotRegistered",
        "TelemetryError",
    ],
    "jupyter_telemetry.errors": [
        "ConfigurationError",
        "ConsentError",
        "InvalidEvent",
        "InvalidSchema",
        "JournalError",
        "LakeError",
        "MissingExtra",
        "QueryError",
        "SchemaAlreadyRegistered",
        "SchemaNotRegistered",
        "TelemetryError",
    ],
    "jupyter_telemetry.analysis": ["Column", "JournalDatabase", "Result", "View", "open_journal", "open_lake"],
    "jupyter_telemetry.journal": ["Damage", "JournalHandler", "JournalReader", "default_directory", "view_name"],
    "jupyter_telemetry.lake": ["Compaction", "compact", "read_events"],
    "jupyter_telemetry.server": ["get_eventlog"],
    "jupyter_telemetry.shipping": [
        "Batch",
        "BatchLimits",
        "CannotErase",
        "Head",
        "Receipt",
        "Refused",
        "Shipper",
        "Sink",
        "SinkError",
        "TooLarge",
        "Unavailable",
    ],
    "jupyter_telemetry.testing": ["SinkContract", "recording_eventlog"],
}
# What a class has because of what it is: documented by logging, pydantic or traitlets.
NOT_OURS = {
    "jupyter_telemetry.journal.JournalHandler": {"emit", "setFormatter"},
}


def documented():
    """Read what the reference describes: full name → what stands in the parentheses, or None."""
    found = {}
    for page in sorted(REFERENCE.glob("*.md")):
        module = owner = ""
        for line in page.read_text(encoding="utf-8").splitlines():
            directive = DIRECTIVE.fullmatch(line)
            if directive is None:
                continue
            kind, name, arguments = directive["kind"], directive["name"], directive["arguments"]
            if kind == "currentmodule":
                module = name
            elif kind in ("method", "attribute"):
                found[f"{owner}.{name}"] = arguments
            else:
                owner = f"{module}.{name}"
                found[owner] = arguments
    return found


DOCUMENTED = documented()


def _classes():
    homes = {}
    for module, names in PUBLIC.items():
        for name in names:
            value = getattr(import_module(module), name)
            if inspect.isclass(value) and value not in homes.values() and f"{module}.{name}" in DOCUMENTED:
                homes[f"{module}.{name}"] = value
    return homes


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_are_these(module):
    assert sorted(import_module(module).__all__) == sorted(PUBLIC[module])


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_documented_once(module):
    for name in PUBLIC[module]:
        homes = {
            each
            for each in PUBLIC
            if f"{each}.{name}" in DOCUMENTED
            and getattr(import_module(each), name) is getattr(import_module(module), name)
        }
        assert len(homes) == 1, name


def test_nothing_else_is_documented_as_public():
    owners = {name for name in DOCUMENTED if name.rpartition(".")[0] in PUBLIC}
    assert owners <= {f"{module}.{name}" for module, names in PUBLIC.items() for name in names}


@pytest.mark.parametrize(("name", "cls"), list(_classes().items()), ids=str)
def test_every_public_attribute_of_a_class_is_documented(name, cls):
    own = {each for each in vars(cls) if not each.startswith("_") and each not in ("model_config", "with_traceback")}
    own -= NOT_OURS.get(name, set()) | {each for each in own if each.startswith("test_")}  # which say it themselves
    missing = {each for each in own if f"{name}.{each}" not in DOCUMENTED}
    text = _text_about(name)
    assert {each for each in missing if f"`{each}`" not in text} == set()


def _text_about(name):
    """Return what the reference says of a class, up to the next one."""
    short = name.rpartition(".")[2]
    pages = "\n".join(page.read_text(encoding="utf-8") for page in sorted(REFERENCE.glob("*.md")))
    after = re.split(rf"^:+\{{py:(?:class|exception)\}} {short}\b", pages, flags=re.MULTILINE)[1]
    return re.split(r"^:+\{py:(?:class|exception|function|data)\} ", after, flags=re.MULTILINE)[0]


def _functions():
    """Give each documented function or method, and what the reference says its arguments are."""
    found = []
    for name, arguments in DOCUMENTED.items():
        for module in sorted(PUBLIC, key=len, reverse=True):
            if name.startswith(f"{module}."):
                value = import_module(module)
                for part in name.removeprefix(f"{module}.").split("."):
                    value = getattr(value, part, None)
                if inspect.isfunction(value) or inspect.ismethod(value):
                    found.append(pytest.param(value, arguments, id=name))
                break
    return found


@pytest.mark.parametrize(("function", "arguments"), _functions())
def test_arguments_are_documented_as_they_are(function, arguments):
    def told(parameter):
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        return stars + parameter.name

    real = [told(each) for each in inspect.signature(function).parameters.values() if each.name not in ("self", "cls")]
    written = [each.partition("=")[0].strip() for each in arguments.split(",") if each.strip() not in ("", "*")]
    assert written == [each for each in real if each not in ("*_", "**__")]


def test_every_trait_of_eventlog_says_its_default():
    from jupyter_telemetry import EventLog

    for name in EventLog.class_own_traits(config=True):
        assert f"jupyter_telemetry.EventLog.{name}" in DOCUMENTED
        assert "efault" in _attribute_text("EventLog", name), name


def _attribute_text(owner, name):
    text = _text_about(f"jupyter_telemetry.{owner}")
    return text.partition(f"{{py:attribute}} {name}\n")[2].partition("{py:")[0]


def test_every_error_stands_in_the_tree():
    from jupyter_telemetry import errors

    page = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    tree = page.partition("```text\n")[2].partition("```")[0]
    assert tree.strip() in inspect.getdoc(errors)
    assert set(errors.__all__) == set(re.findall(r"^[├└─ ]*(\w+)", tree, flags=re.MULTILINE))


def test_every_command_and_option_is_documented():
    import click

    from jupyter_telemetry.cli.program import commands

    page = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    context = click.Context(commands)
    for name in commands.list_commands(context):
        section = page.partition(f"\n## `{name}`\n")[2].partition("\n## ")[0]
        command = commands.get_command(context, name)
        options = [option for each in command.params if isinstance(each, click.Option) for option in each.opts]
        assert [option for option in options if option not in section] == []
