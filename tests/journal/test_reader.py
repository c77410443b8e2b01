from __future__ import annotations

import itertools
import os
import shutil
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.journal import Damage, JournalHandler, JournalReader
from jupyter_telemetry.journal.segment import new_name

from .lines import event_id, line, names, numbers

NOW = 1_795_455_725


def put(directory, lines, begun_at: float = NOW, suffix: str = ".jsonl"):
    """Put a segment that begins at a time into a directory."""
    directory.mkdir(exist_ok=True)
    path = directory / (new_name(begun_at) + suffix)
    path.write_bytes(b"".join(lines))
    return path


def at(number: int, seconds_later: float) -> bytes:
    """Return a line whose id says when it was made."""
    return line(number, round((NOW + seconds_later) * 1000))


def test_a_journal_that_is_not_there_yet_is_empty(directory):
    reader = JournalReader(directory)

    assert (reader.segments(), reader.schemas(), list(reader.lines()), reader.latest(5)) == ([], {}, [], [])


def test_the_default_directory_is_jupyters(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))

    assert JournalReader().directory == tmp_path / "telemetry" / "journal"


def test_a_file_is_no_journal(tmp_path):
    (tmp_path / "file").touch()
    reader = JournalReader(tmp_path / "file")

    for method in (reader.segments, reader.schemas, reader.lines, reader.follow, lambda: reader.latest(1)):
        with pytest.raises(JournalError) as caught:
            method()
        assert str(caught.value) == f"the journal {tmp_path / 'file'} cannot be read: Not a directory"


def test_segments_are_listed_the_oldest_first(directory):
    paths = [put(directory, [line(1)], NOW + 1, ".open.jsonl"), put(directory, [line(2)], NOW)]

    found = JournalReader(directory).segments()

    assert [(each.path, each.sealed, each.size) for each in found] == [
        (paths[1], True, len(line(2))),
        (paths[0], False, len(line(1))),
    ]


def test_lines_are_as_they_were_written_and_events_are_dicts(directory):
    put(directory, [line(1, text="größer")])
    reader = JournalReader(directory)

    assert list(reader.lines()) == [line(1, text="größer")]
    assert [(event["__id__"], event["text"]) for event in reader.events()] == [(event_id(1), "größer")]


@given(st.lists(st.lists(st.integers(0, 1000), max_size=8), max_size=6), st.none() | st.integers(0, 1000))
def test_lines_come_in_order_across_segments(tmp_path_factory, segments, after):
    directory = tmp_path_factory.mktemp("journal")
    for offset, standing in enumerate(segments):
        put(directory, map(line, standing), NOW + offset)

    found = JournalReader(directory).lines(None if after is None else event_id(after), damage=pytest.fail)

    expected = sorted(number for number in itertools.chain(*segments) if after is None or number > after)
    assert numbers(found) == expected


def test_a_segment_is_opened_only_when_its_first_event_may_be_the_next(directory):
    put(directory, [at(1, 0), at(2, 1)])
    later = put(directory, [at(3, 500)], NOW + 500)
    lines = JournalReader(directory).lines()

    assert numbers([next(lines)]) == [1]
    later.unlink()
    assert numbers(lines) == [2]


def test_an_event_may_be_a_minute_older_than_its_segment(directory):
    put(directory, [at(1, 0), at(3, 30)])
    put(directory, [at(2, 10), at(4, 80)], NOW + 70)

    assert numbers(JournalReader(directory).lines()) == [1, 2, 3, 4]


def test_an_event_that_is_older_still_is_read_late_and_not_lost(directory):
    put(directory, [at(1, 0), at(3, 30), at(4, 40)])
    put(directory, [at(2, 10)], NOW + 95)

    assert numbers(JournalReader(directory).lines()) == [1, 3, 2, 4]


def test_a_file_that_another_program_named_is_read_too(directory):
    put(directory, [at(2, 0)])
    (directory / "archive.jsonl").write_bytes(at(1, -1000) + at(3, 1000))

    assert numbers(JournalReader(directory).lines()) == [1, 2, 3]


def test_what_lies_behind_is_skipped_without_losing_a_late_line(directory):
    put(directory, [at(1, 0), at(2, 1)])
    put(directory, [at(4, 100), at(3, 50)], NOW + 40)
    reader = JournalReader(directory)

    assert numbers(reader.lines(after=event_id(0, (NOW + 70) * 1000))) == [4]
    assert numbers(reader.lines(after=event_id(1, NOW * 1000))) == [2, 3, 4]
    assert numbers(reader.lines(after="g")) == []


def test_a_damaged_line_is_told_with_file_and_number_and_reading_goes_on(directory):
    first = put(directory, [line(1), b'{"secret":\n', line(3)], NOW)
    second = put(directory, [bytes(100) + b"\n", line(2), line(4)[:-1]], NOW + 1)
    damaged: list[Damage] = []
    reader = JournalReader(directory)

    assert numbers(reader.lines(damage=damaged.append)) == [1, 2, 3]
    assert damaged == [Damage(first, 2, "not UTF-8 JSON"), Damage(second, 1, "zeros")]
    assert numbers(reader.lines()) == [1, 2, 3]


def test_a_segment_that_cannot_be_read_is_told(directory):
    put(directory, [line(1)])
    listed = put(directory, [line(2)], NOW + 1000)
    damaged: list[Damage] = []
    lines = JournalReader(directory).lines(damage=damaged.append)
    listed.unlink()
    listed.symlink_to(directory)  # what a symlink leads to is never read

    assert numbers(lines) == [1]
    assert damaged == [Damage(listed, 0, "Too many levels of symbolic links")]


@pytest.mark.parametrize("pad", [0, 3000], ids=["small segments", "large segments"])
def test_segments_may_be_sealed_or_deleted_while_they_are_read(directory, pad):
    paths = [
        put(directory, [line(3 * number + segment, text="x" * pad) for number in range(200)], suffix=".open.jsonl")
        for segment in range(3)
    ]
    lines = JournalReader(directory).lines(damage=pytest.fail)

    first = next(lines)
    paths[0].rename(str(paths[0]).replace(".open", ""))
    paths[1].unlink()
    assert numbers([first, *lines]) == list(range(600))


def test_a_segment_that_is_sealed_between_listing_and_opening_is_found(directory):
    path = put(directory, [line(1)], suffix=".open.jsonl")
    lines = JournalReader(directory).lines()
    path.rename(str(path).replace(".open", ""))

    assert numbers(lines) == [1]


def test_a_reading_that_is_broken_off_keeps_no_file_open(directory):
    for _ in range(3):
        put(directory, [line(number, text="x" * 1000) for number in range(500)])
    before = len(os.listdir("/proc/self/fd"))

    lines = JournalReader(directory).lines()
    next(lines)
    assert len(os.listdir("/proc/self/fd")) == before + 3
    del lines

    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("count", [0, 1, 3, 5, 100])
def test_the_latest_are_the_last_in_order_wherever_they_stand(directory, count):
    put(directory, [b"damaged\n", at(1, -200_000)], NOW - 200_000)
    put(directory, [at(3, -30), at(5, -20)], NOW - 3000)
    put(directory, [at(4, -25), at(2, -3000)], NOW - 3000)
    for path in directory.iterdir():
        os.utime(path, (NOW, NOW))
    damaged: list[Damage] = []

    assert numbers(JournalReader(directory).latest(count, damaged.append)) == [1, 2, 3, 4, 5][5 - min(count, 5) :]
    assert len(damaged) == (count > 4)


def test_the_newest_of_several_texts_of_a_schema_counts_and_all_are_there(directory):
    handler = JournalHandler(directory)
    for title in ("old", "new"):
        text = f'{{"$id":"a","title":"{title}","version":1}}'.encode()
        handler.write_schema("a", 1, text)
    handler.write_schema("a", 2, b'{"$id":"a","version":2}')
    handler.close()
    reader = JournalReader(directory)
    for stored in reader.stored_schemas():
        age = {"old": 1, "new": 2}.get(stored.schema.get("title"), 3)
        os.utime(stored.path, (age, age))
    (directory / "schemas" / "bad.json").touch()
    damaged: list[Damage] = []

    assert reader.schemas(damaged.append) == {
        ("a", "1"): {"$id": "a", "title": "new", "version": 1},
        ("a", "2"): {"$id": "a", "version": 2},
    }
    assert [stored.schema.get("title") for stored in reader.stored_schemas()] == ["old", "new", None]
    assert damaged == [
        Damage(directory / "schemas" / "bad.json", 0, "not to be read as the JSON of a schema with $id and version")
    ]


def test_schemas_that_cannot_be_listed_are_an_error(directory):
    directory.mkdir()
    (directory / "schemas").touch()

    with pytest.raises(JournalError):
        JournalReader(directory).schemas()


@given(st.data())
def test_a_journal_cut_at_any_byte_gives_every_whole_line_and_nothing_else(tmp_path_factory, data):
    """Random lines, random rolls of two writers, and then every segment is cut somewhere."""
    directory = tmp_path_factory.mktemp("journal") / "journal"
    texts = data.draw(st.lists(st.text(max_size=20), min_size=1, max_size=30))
    size = data.draw(st.integers(1, 2000))
    writers = [JournalHandler(directory, max_segment_bytes=size) for _ in range(2)]
    for number, text in enumerate(texts):
        writers[data.draw(st.integers(0, 1))].write_event(line(number, text=text))
    for writer in writers[: data.draw(st.integers(0, 2))]:
        writer.close()
    whole = []
    for path in sorted(directory.glob("*.jsonl")):
        content = path.read_bytes()
        end = data.draw(st.integers(0, len(content)))
        path.write_bytes(content[:end])
        whole += content[:end].splitlines(keepends=True)
        if whole and not whole[-1].endswith(b"\n"):
            whole.pop()

    assert list(JournalReader(directory).lines(damage=pytest.fail)) == sorted(whole, key=lambda each: numbers([each]))
    for writer in writers:
        writer.close()


def test_reading_while_threads_record_and_roll_misreads_nothing(directory):
    handler = JournalHandler(directory, max_segment_bytes=20_000)
    done = threading.Event()

    def record(thread: int) -> None:
        for number in range(1500):
            handler.write_event(line(thread * 10_000 + number))

    threads = [threading.Thread(target=record, args=(thread,)) for thread in range(3)]
    reader = JournalReader(directory)
    for thread in threads:
        thread.start()
    seen: set[int] = set()
    while any(thread.is_alive() for thread in threads):
        found = numbers(reader.lines(damage=pytest.fail))
        assert found == sorted(set(found))
        assert seen <= set(found)
        seen = set(found)
    done.set()
    handler.close()

    assert len(list(reader.lines())) == 4500
    assert set(names(directory)) == {"sealed"}


def test_a_journal_that_is_deleted_while_it_is_read_ends(directory):
    put(directory, [at(1, 0)])
    put(directory, [at(2, 1000)], NOW + 1000)
    lines = JournalReader(directory).lines(damage=pytest.fail)

    first = next(lines)
    shutil.rmtree(directory)
    assert numbers([first, *lines]) == [1]
