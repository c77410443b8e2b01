from __future__ import annotations

import csv
import io
import json
import tracemalloc

import pytest

from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.journal import JournalHandler, JournalReader
from jupyter_telemetry.journal.export import FORMATS, export

from .lines import event_id, line

A = "https://example.org/a"
MOMENT = "2026-11-23T17:42:05.123456Z"


@pytest.fixture
def put(directory):
    def put(*lines: bytes) -> JournalReader:
        handler = JournalHandler(directory)
        for each in lines:
            handler.write_event(each)
        handler.close()
        return JournalReader(directory)

    return put


def rows(reader: JournalReader, **settings: object) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(export(reader, "csv", **settings)).decode(), newline="")))


def test_json_lines_are_the_lines_as_they_were_written_in_the_order_of_their_ids(put):
    reader = put(line(2), line(1, text="ü\u2028"))

    assert b"".join(export(reader, "jsonl")) == line(1, text="ü\u2028") + line(2)


def test_csv_has_the_metadata_and_the_properties_as_json(put):
    reader = put(line(1, text='a"b,\nc', __schema_version__="2"), line(2))

    assert rows(reader) == [
        ["__timestamp__", "__schema__", "__schema_version__", "__id__", "event"],
        [MOMENT, A, "2", event_id(1), '{"number":1,"text":"a\\"b,\\nc"}'],
        [MOMENT, A, "1", event_id(2), '{"number":2}'],
    ]


def test_csv_has_the_properties_to_the_letter(put):
    head = line(1).partition(b'"number"')[0]
    own = b'"a":1.0,"b":12345678901234567890123,"c":"\\u00e9\\ud83d\\ude00","d":1E5,"\xc3\xa9":[{}],"a":2}'

    (_, row) = rows(put(head + own + b"\n"))

    assert row[4].encode() == b"{" + own


def test_csv_of_an_event_without_properties_and_of_one_with_other_metadata(put):
    bare = line(1).partition(b',"number"')[0] + b"}\n"
    more = line(2).replace(b'"number"', b'"__source__":"x","number"')

    assert [row[4] for row in rows(put(bare, more))[1:]] == ["{}", '{"__source__":"x","number":2}']


def test_csv_of_what_somebody_else_wrote(put):
    metadata = b'"__id__": "%d", "__schema_version__": "b", "__schema__": "a", "__timestamp__": "2026-11-23T17:42:05Z"'
    deep = b"{" + metadata % 2 + b',"deep":' + b"[" * 500 + b"]" * 500 + b"}"
    reader = put(b'{"z": 1, ' + metadata % 1 + b"}\n", deep + b"\n")

    of_all = ["2026-11-23T17:42:05Z", "a", "b"]
    assert rows(reader)[1:] == [[*of_all, "1", '{"z":1}'], [*of_all, "2", deep.decode()]]


def test_no_formula_reaches_a_spreadsheet(put):
    (_, row) = rows(put(line(1, __schema__='=HYPERLINK("x")', __schema_version__="+1", text="=1+1")))

    assert row[1:3] == ['\'=HYPERLINK("x")', "'+1"]
    assert json.loads(row[4])["text"] == "=1+1"  # inside JSON, which begins with a brace


@pytest.mark.parametrize("form", FORMATS)
def test_only_the_schemas_that_are_asked_for(put, form):
    reader = put(line(1), line(2, __schema__="b"), line(3))
    asked = []

    def wants(schema_id: str) -> bool:
        asked.append(schema_id)
        return schema_id == "b"

    text = b"".join(export(reader, form, wants=wants))
    assert (event_id(2).encode() in text, event_id(1).encode() in text) == (True, False)
    assert asked == [A, "b"]


def test_a_journal_without_events_has_an_empty_export(directory):
    assert b"".join(export(JournalReader(directory), "jsonl")) == b""
    assert rows(JournalReader(directory)) == [["__timestamp__", "__schema__", "__schema_version__", "__id__", "event"]]


def test_damage_is_left_out_and_told(put):
    reader = put(b"garbage\n", line(1))
    told = []

    assert b"".join(export(reader, "jsonl", damage=told.append)) == line(1)
    assert [each.reason for each in told] == ["not UTF-8 JSON"]


def test_another_format_is_an_error_at_once(directory):
    with pytest.raises(ValueError, match="there is no format 'xml'; there are: jsonl, csv"):
        export(JournalReader(directory), "xml")


def test_a_journal_that_cannot_be_read_is_an_error_at_once(directory):
    directory.touch()
    with pytest.raises(JournalError):
        export(JournalReader(directory), "jsonl")


@pytest.mark.parametrize("form", FORMATS)
def test_it_comes_in_pieces_and_the_memory_does_not_grow_with_it(put, form):
    reader = put(*(line(number, text="x" * 900) for number in range(20_000)))
    tracemalloc.start()
    try:
        sizes = [len(piece) for piece in export(reader, form)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert sum(sizes) > 20_000_000
    assert max(sizes) < 70_000
    assert peak < 8_000_000
