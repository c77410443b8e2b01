from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_telemetry.journal.line import (
    Examined,
    earliest_id,
    examine,
    id_if_whole,
    id_of,
    schema_and_version_of,
    time_of,
)

from .lines import event_id, line

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(), st.integers() | st.text(), st.dictionaries(st.text(), json_values))
def test_the_quick_way_to_an_id_agrees_with_parsing(schema_id, version, properties):
    metadata = {"__timestamp__": "2026-11-23T17:42:05.123456Z", "__schema__": schema_id}
    metadata |= {"__schema_version__": version, "__metadata_version__": 2, "__id__": "0193"}
    try:
        text = orjson.dumps(metadata | {name: each for name, each in properties.items() if name[:2] != "__"})
    except TypeError:  # an integer that is too long, for one
        return

    assert id_of(text) == b"0193"
    assert examine(text + b"\n") == Examined(b"0193")
    assert id_if_whole(text + b"\n") == b"0193"


@pytest.mark.parametrize("version", [1, "1", "2.0,b", 'a"b', "\\"])
@pytest.mark.parametrize("schema_id", ["https://example.org/a", 'a"b'])
def test_the_quick_way_to_schema_and_version_agrees_with_parsing(schema_id, version):
    metadata = {"__timestamp__": "2024-11-25T17:42:05Z", "__schema__": schema_id, "__schema_version__": version}
    for more in ({"__metadata_version__": 1, "__id__": "x"}, {"__id__": "x"}):
        line = orjson.dumps({**metadata, **more})
        assert schema_and_version_of(line) == (schema_id, str(version))


def test_an_id_that_stands_elsewhere_is_found():
    assert id_of(b' { "__id__" : "a\\u00e9" }') == "aé".encode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"[1]\n", "not a JSON object"),
        (b"7\n", "not a JSON object"),
        (b"{}\n", "no __id__"),
        (b'{"__id__":7}\n', "no __id__"),
        (line(1).replace(event_id(1).encode(), b""), "no __id__"),
        (b'{"__id__":"x"}\n', "no time in __timestamp__"),
        (line(1, __timestamp__="bad"), "no time in __timestamp__"),
        (line(1, __timestamp__="2026-13-23T17:42:05Z"), "no time in __timestamp__"),
        (line(1, __timestamp__=1763919725), "no time in __timestamp__"),
        (line(1, __schema__=None), "no __schema__"),
        (line(1, __schema_version__=None), "no __schema_version__"),
        (line(1, __schema_version__=True), "no __schema_version__"),
        (line(1)[:20] + line(2, __timestamp__="bad"), "not UTF-8 JSON"),
        (b'{"__id__":"a"\n', "not UTF-8 JSON"),
        (b'{"__id__":"a","b":NaN}\n', "not UTF-8 JSON"),
        (b'{"__id__":"\xff"}\n', "not UTF-8 JSON"),
        (b"secret\n", "not UTF-8 JSON"),
        (bytes(4096) + b"\n", "zeros"),
        (line(1)[5:], "not UTF-8 JSON"),
        (line(1)[:-10] + line(2)[:-10] + b"\n", "not UTF-8 JSON"),
        (line(1)[:-1] + b'{"__timestamp__":"x"}\n', "not UTF-8 JSON"),
    ],
)
def test_what_is_no_event_is_told_without_its_content(text, reason):
    assert id_if_whole(text) == b""
    assert examine(text) == Examined(reason=reason)


@pytest.mark.parametrize(
    "metadata",
    [
        {"__timestamp__": "2026-11-23T18:42:05+01:00"},
        {"__timestamp__": "2026-11-23T17:42:05.1Z"},
        {"__schema_version__": "1.0"},
        {"__metadata_version__": 3, "__source__": "x"},
    ],
    ids=str,
)
def test_what_another_program_wrote_is_an_event_if_it_has_the_metadata_of_one(metadata):
    blanks = orjson.dumps(orjson.loads(line(1, **metadata)), option=orjson.OPT_INDENT_2).replace(b"\n", b" ")
    assert examine(blanks) == Examined(event_id(1).encode())


@pytest.mark.parametrize("cut", range(1, len(line(1)) - 1))
def test_the_event_behind_a_torn_one_is_found_wherever_it_was_torn(cut):
    glued = line(1)[:cut] + line(2, nested={"__timestamp__": "x", "__id__": "y"})

    assert examine(glued) == Examined(event_id(2).encode(), cut, "torn, with a whole event behind it")
    assert id_if_whole(glued) == b""


def test_the_event_behind_zeros_is_found():
    assert examine(bytes(100) + line(1)) == Examined(event_id(1).encode(), 100, "torn, with a whole event behind it")


def test_a_line_made_to_be_searched_for_long_is_given_up():
    assert examine(b'{"__timestamp__":"' * 100_000) == Examined(reason="not UTF-8 JSON")


def test_times_and_ids_agree():
    assert earliest_id(4_102_444_800.0) == event_id(0)[:13].encode()
    assert time_of(event_id(5).encode()) == 4_102_444_800.0
    assert earliest_id(4_102_444_800.0) <= event_id(0).encode() < earliest_id(4_102_444_800.001)
    assert earliest_id(-5) == b"00000000-0000"
    assert time_of(b"something else") is None
