"""What a line may hold, and where it says that an event does not fit."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from enum import Enum

import pytest

from jupyter_telemetry.encoding import MAX_DEPTH, Encoder, find_misfit, is_too_deep
from jupyter_telemetry.envelope import Envelope
from jupyter_telemetry.errors import InvalidEvent


class Colour(Enum):
    RED = "red"


def encode(event, *, schema_id="https://example.org/save", max_event_bytes=10_000, admits_null=True, names=("a", "b")):
    envelope = Envelope(schema_id, 1)
    encoder = Encoder(envelope, max_event_bytes=max_event_bytes, admits_null=admits_null, names=frozenset(names))
    return encoder.encode(envelope.seal(event), event)


def nested(levels):
    value = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def shared(levels):
    """Return a list of two of a list of two …: 2 ** levels of them to whoever does not know them again."""
    value = []
    for _ in range(levels):
        value = [value, value]
    return value


def test_a_line_is_json_that_ends_in_a_newline():
    event = {"a": ("x", 1), "b": OrderedDict(c=Colour.RED), "ü": None}
    line = encode(event)
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    written = json.loads(line)
    assert {name: written[name] for name in event} == {"a": ["x", 1], "b": {"c": "red"}, "ü": None}


@pytest.mark.parametrize("schema_id", ["x", "null", 'a"__b', "__x__/null", "ü" * 50])
def test_what_the_schemas_id_looks_like_is_no_concern_of_the_event(schema_id):
    assert encode({"a": 1}, schema_id=schema_id).endswith(b'"a":1}\n')
    for event, rule in (
        ({"__a": 1}, "reserved-name"),
        ({"a": math.nan}, "json"),
        ({"a": {"__id__": 1}}, "reserved-name"),
    ):
        with pytest.raises(InvalidEvent) as caught:
            encode(event, schema_id=schema_id)
        assert caught.value.rule == rule


def test_max_event_bytes_is_of_the_line_without_its_newline():
    length = len(encode({"a": "ü"})) - 1
    assert encode({"a": "ü"}, max_event_bytes=length)
    with pytest.raises(InvalidEvent) as caught:
        encode({"a": "ü"}, max_event_bytes=length - 1)
    assert (caught.value.rule, caught.value.json_path) == ("size", "$")


def test_a_text_that_only_looks_like_metadata_or_null_is_recorded():
    for text in ("__x__", "null", '"__x"', '{"__a": null}', "[{" * 300):
        assert json.loads(encode({"a": text}))["a"] == text


@pytest.mark.parametrize(
    ("value", "path", "rule"),
    [
        ({"a": object()}, "a", "json"),
        ({"c": object()}, "*", "json"),
        ({"a": [0, {"c": {"b": {1}}}]}, "a1*b", "json"),
        ({"a": (0, (math.inf,))}, "a10", "json"),
        ({"a": 2**64}, "a", "json"),
        ({"a": -(2**63) - 1}, "a", "json"),
        ({"a": "\ud800"}, "a", "json"),
        ({"\ud800": 1}, "*", "json"),
        ({"a": {1: 2}}, "a", "json"),
        ({"a": [{"__b": 1}]}, "a0", "reserved-name"),
        (nested(MAX_DEPTH + 1), "", "depth"),
    ],
)
def test_a_misfit_is_found_where_it_is_and_names_that_are_values_are_hidden(value, path, rule):
    found = find_misfit(value, {"a", "b"})
    assert "".join(str(step) if isinstance(step, (str, int)) else "*" for step in found.path) == path
    assert found.rule == rule


@pytest.mark.parametrize(
    "value", [{"a": Colour.RED}, {"a": ((), [], {})}, {"a": 2**64 - 1}, {"a": True, "b": None}, nested(MAX_DEPTH)]
)
def test_what_fits_is_no_misfit(value):
    assert find_misfit(value, ()) is None
    assert encode(value)


def test_depth_counts_the_event_itself():
    assert not is_too_deep(nested(MAX_DEPTH))
    assert is_too_deep(nested(2 * MAX_DEPTH))
    assert not is_too_deep({"a": [{} for _ in range(MAX_DEPTH * 2)]})
    with pytest.raises(InvalidEvent) as caught:
        encode(nested(MAX_DEPTH + 1))
    assert caught.value.rule == "depth"


def test_an_event_that_holds_itself_is_too_deep():
    event: dict = {}
    event["a"] = [event]
    assert is_too_deep(event)
    assert find_misfit(event, ()).rule == "depth"


def test_a_list_that_is_shared_many_times_is_looked_at_once_a_level():
    assert not is_too_deep({"a": shared(100)})  # 2 ** 100 lists, told apart
    assert is_too_deep({"a": shared(MAX_DEPTH)})


@pytest.mark.parametrize(("levels", "too_deep"), [(1, False), (200, False), (201, True), (10_000, True)])
def test_levels_are_counted_from_the_event_itself(levels, too_deep):
    event: dict = {}
    for _ in range(levels - 1):
        event = {"a": event}
    assert is_too_deep(event) is too_deep
