from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from jupyter_telemetry.journal.schemas import SchemaStore, stored_schemas

SCHEMA_ID = "https://example.org/a"


def schema(version: int | str = 1, **more: object) -> bytes:
    return orjson.dumps({"$id": SCHEMA_ID, "version": version, **more})


@pytest.fixture
def store(directory):
    return SchemaStore(str(directory))


def stored(directory):
    return sorted(path.name for path in (directory / "schemas").iterdir())


def test_the_same_schema_with_its_keys_in_another_order_is_stored_once_as_it_was_given_first(directory, store):
    texts = [
        b'{"$id":"https://example.org/a","version":1,"z":1,"a":2}',
        b'{"a":2,"z":1,"version":1,"$id":"https://example.org/a"}',
    ]
    assert [store.give(SCHEMA_ID, 1, text) for text in texts] == [True, False]
    other = SchemaStore(str(directory))
    assert other.give(SCHEMA_ID, 1, texts[1])
    for each in (store, other):
        each.store()
    (name,) = stored(directory)
    assert (directory / "schemas" / name).read_bytes() == texts[0]


def test_a_schema_is_stored_under_its_views_name_and_its_hash(directory, store):
    assert store.give(SCHEMA_ID, 1, schema())
    assert not directory.exists()
    store.store()

    digest = hashlib.sha256(schema()).hexdigest()[:12]
    path = directory / "schemas" / f"example_org_a_v1-{digest}.json"
    assert stored(directory) == [path.name]
    assert path.read_bytes() == schema()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((directory / "schemas").stat().st_mode) == 0o700
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_the_same_schema_is_not_new_and_another_text_stands_beside_it(directory, store):
    store.give(SCHEMA_ID, 1, schema())
    assert not store.give(SCHEMA_ID, 1, schema())
    assert store.give(SCHEMA_ID, 1, schema(title="other"))
    store.store()

    assert len(stored(directory)) == 2


def test_a_schema_that_stands_already_is_not_written_again(directory, store):
    store.give(SCHEMA_ID, 1, schema())
    store.store()
    (path,) = (directory / "schemas").iterdir()
    before = path.stat()

    other = SchemaStore(str(directory))
    other.give(SCHEMA_ID, 1, schema())
    other.store()

    assert path.stat() == before


def test_many_processes_may_store_the_same_schema_at_once(directory):
    stores = [SchemaStore(str(directory)) for _ in range(8)]
    for each in stores:
        each.give(SCHEMA_ID, 1, schema())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(SchemaStore.store, stores))

    assert len(stored(directory)) == 1


def test_what_is_deleted_is_stored_again_after_a_look(directory, store):
    store.give(SCHEMA_ID, 1, schema())
    store.store()
    (path,) = (directory / "schemas").iterdir()
    path.unlink()

    store.store()
    assert stored(directory) == []
    store.look()
    store.store()
    assert stored(directory) == [path.name]

    os.unlink(path)
    os.rmdir(path.parent)
    store.look()
    store.store()
    assert stored(directory) == [path.name]


def test_a_file_that_a_power_cut_left_empty_is_written_again(directory, store):
    store.give(SCHEMA_ID, 1, schema())
    store.store()
    (path,) = (directory / "schemas").iterdir()
    path.write_bytes(b"")

    other = SchemaStore(str(directory))
    other.give(SCHEMA_ID, 1, schema())
    other.store()

    assert path.read_bytes() == schema()


def test_a_symlink_planted_at_a_schemas_name_is_replaced_and_not_followed(directory, store, tmp_path):
    store.give(SCHEMA_ID, 1, schema())
    store.store()
    (path,) = (directory / "schemas").iterdir()
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    path.unlink()
    path.symlink_to(victim)

    other = SchemaStore(str(directory))
    other.give(SCHEMA_ID, 1, schema())
    other.store()

    assert victim.read_bytes() == b"precious"
    assert path.read_bytes() == schema()
    assert not path.is_symlink()


def test_what_cannot_be_stored_is_stored_when_it_can_and_leaves_no_draft(directory, store):
    store.give(SCHEMA_ID, 1, schema())
    store.give(SCHEMA_ID, 2, schema(2))
    store.store()
    first, second = (directory / "schemas" / name for name in stored(directory))
    second.unlink()
    second.mkdir()  # nothing can be put in its place

    other = SchemaStore(str(directory))
    other.give(SCHEMA_ID, 1, schema())
    other.give(SCHEMA_ID, 2, schema(2))
    with pytest.raises(IsADirectoryError):
        other.store()
    assert stored(directory) == [first.name, second.name]

    second.rmdir()
    other.store()
    assert second.read_bytes() == schema(2)


def test_stored_schemas_are_read_the_oldest_first(directory, store):
    store.give(SCHEMA_ID, 1, schema())
    store.give(SCHEMA_ID, "1", schema("1"))
    store.store()
    for path in (directory / "schemas").iterdir():
        age = 10 if orjson.loads(path.read_bytes())["version"] == 1 else 20
        os.utime(path, (age, age))

    found = stored_schemas(directory, lambda path, reason: pytest.fail(reason))

    assert [(each.schema_id, each.version, each.schema["version"], each.stored_at) for each in found] == [
        (SCHEMA_ID, "1", 1, 10),
        (SCHEMA_ID, "1", "1", 20),
    ]
    assert [each.digest for each in found] == [hashlib.sha256(schema(v)).hexdigest()[:12] for v in (1, "1")]
    assert {each.path for each in found} == set((directory / "schemas").iterdir())


def test_a_journal_without_schemas_has_none(directory):
    assert stored_schemas(directory, lambda path, reason: pytest.fail(reason)) == []


def test_what_is_no_schema_is_named_and_left_out(directory):
    schemas = directory / "schemas"
    schemas.mkdir(parents=True)
    (schemas / "list-000000000000.json").write_bytes(b"[1]")
    (schemas / "null-000000000000.json").write_bytes(b"null")
    (schemas / "torn-000000000000.json").write_bytes(b'{"$id": "a"')
    (schemas / "nameless-000000000000.json").write_bytes(b"{}")
    (schemas / "numbered-000000000000.json").write_bytes(b'{"$id": 5, "version": 1}')
    (schemas / "notes.txt").write_bytes(b"")
    (schemas / ".draft.json").write_bytes(b"")
    (schemas / "directory.json").mkdir()
    (schemas / "link.json").symlink_to(schemas / "notes.txt")
    said = []

    assert stored_schemas(directory, lambda path, reason: said.append((path.name.split("-")[0], reason))) == []

    reason = "not to be read as the JSON of a schema with $id and version"
    assert said == [(name, reason) for name in ("list", "nameless", "null", "numbered", "torn")]
