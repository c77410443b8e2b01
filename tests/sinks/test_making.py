"""A sink is made of a URL or a dict, and what cannot be made says why."""

from __future__ import annotations

import importlib.metadata
import re

import pytest

from jupyter_telemetry import sinks
from jupyter_telemetry.errors import ConfigurationError, MissingExtra
from jupyter_telemetry.shipping import BatchLimits
from jupyter_telemetry.sinks import known_sinks, make_sink


class OtherSink:
    """A sink of another package."""

    limits = BatchLimits()
    erases = False
    name = "other"

    def __init__(self, url="", *, table="events", fails=None):
        if fails is not None:
            raise fails
        self.made = url, table

    @classmethod
    def from_url(cls, url, **options):
        return cls(url, **options)

    def open(self): ...

    def close(self): ...

    def send(self, batch): ...

    def erase(self, ids): ...


class NeedySink(OtherSink):
    """One that cannot do without an option."""

    @classmethod
    def from_url(cls, url, *, table):
        return cls(url, table=table)


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """Install OtherSink and NeedySink as entry points."""
    kinds = {"needy": NeedySink, "other": OtherSink}
    points = [
        importlib.metadata.EntryPoint(name, f"{__name__}:{kind.__name__}", sinks.GROUP) for name, kind in kinds.items()
    ]
    monkeypatch.setattr(sinks, "entry_points", lambda group: points if group == sinks.GROUP else [])


def test_all_that_can_be_asked_for_are_known():
    assert known_sinks() == ["http", "kafka", "lake", "nats", "needy", "other", "otlp", "postgresql"]


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("other://host/x", ("other://host/x", "events")),
        ("OTHER://host/x", ("OTHER://host/x", "events")),
        ({"to": "other://host/x"}, ("other://host/x", "events")),
        ({"sink": "other", "to": "https://host/x", "table": "t"}, ("https://host/x", "t")),
        ({"sink": "other", "table": "t"}, ("", "t")),
        ({"sink": "other"}, ("", "events")),
    ],
)
def test_a_url_or_a_dict_makes_one(given, made):
    before = dict(given) if isinstance(given, dict) else given
    assert make_sink(given).made == made
    assert given == before


def test_one_that_is_made_already_is_taken_as_it_is():
    sink = OtherSink()
    assert make_sink(sink) is sink


@pytest.mark.parametrize("given", [7, None, {1, 2}, [], OtherSink], ids=str)
def test_what_is_none_is_an_error(given):
    with pytest.raises(ConfigurationError, match="a sink is a URL, a dict or a Sink, not "):
        make_sink(given)


@pytest.mark.parametrize("given", ["", {}, {"to": 7}, {"table": "t"}], ids=str)
def test_what_does_not_say_where_to_is_an_error(given):
    with pytest.raises(ConfigurationError, match="a sink needs a URL"):
        make_sink(given)


def test_one_that_nobody_knows_is_an_error_that_lists_the_known_and_shows_no_url():
    with pytest.raises(ConfigurationError) as caught:
        make_sink("carrier-pigeon://user:password@host")
    assert str(caught.value) == (
        "there is no sink 'carrier-pigeon'; known are http, kafka, lake, nats, needy, other, otlp, postgresql"
    )


def test_an_option_that_it_has_not_is_an_error():
    with pytest.raises(ConfigurationError, match=re.escape("sink 'other'") + ".*'tabel'.*arguments of OtherSink"):
        make_sink({"sink": "other", "tabel": "t"})


def test_options_that_it_needs_are_asked_for():
    with pytest.raises(ConfigurationError, match=r"sink 'needy': missing a required argument: 'table'"):
        make_sink({"sink": "needy", "to": "https://host"})


@pytest.mark.parametrize("name", ["lake", "nats", "postgresql", "kafka", "otlp", "http"])
def test_ours_say_which_options_they_have(name):
    with pytest.raises(ConfigurationError, match=f"sink '{name}': it has no option 'colour'; its options are .*_file"):
        make_sink({"sink": name, "to": "/srv/lake" if name == "lake" else f"{name}://host/x", "colour": "red"})


@pytest.mark.parametrize("to", [{}, {"to": "other://host"}], ids=repr)
def test_a_type_error_of_what_it_does_with_its_options_comes_through_with_its_cause(to):
    cause = KeyError("in its own code")
    error = TypeError("an integer is required")
    error.__cause__ = cause
    with pytest.raises(TypeError) as caught:
        make_sink({"sink": "other", "fails": error, **to})
    assert caught.value is error
    assert error.__cause__ is cause


@pytest.mark.parametrize("name", [7, ["lake"], True, b"lake"], ids=repr)
def test_a_name_that_is_none_is_an_error(name):
    with pytest.raises(ConfigurationError, match="there is no sink"):
        make_sink({"sink": name, "to": "https://host"})


@pytest.mark.parametrize(
    "error", [ConfigurationError("no"), MissingExtra("a sink", "other"), ValueError("odd")], ids=repr
)
def test_what_it_says_itself_is_not_changed(error):
    with pytest.raises(type(error)) as caught:
        make_sink({"sink": "other", "fails": error})
    assert caught.value is error


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgres://host/db", "postgresql"),
        ("https://host", "http"),
        ("otlp+https://host", "otlp"),
        ("tls://host", "nats"),
        ("s3://bucket/lake", "lake"),
        ("file:///srv/lake", "lake"),
        ("/srv/lake", "lake"),
        ("./2026-11-23T17:42", "lake"),
        ("~/lake", "lake"),
        ("C:\\lake", "lake"),
    ],
)
def test_a_scheme_or_a_path_says_which(url, name):
    assert sinks.sink_name(url) == name


@pytest.mark.parametrize("url", ["events", "db.example.org/telemetry", "host=db password=swordfish", "srv/2026:42"])
def test_what_may_be_a_forgotten_scheme_is_no_lake(url):
    with pytest.raises(ConfigurationError, match="needs a scheme, such as postgresql://") as caught:
        make_sink(url)
    assert url not in str(caught.value)
