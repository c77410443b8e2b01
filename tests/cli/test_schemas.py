from __future__ import annotations

import json


def test_the_recorded_schemas_are_listed_with_their_views(run, journal):
    done = run("schemas", "--journal", journal)
    lines = [line.split() for line in done.out.splitlines()]
    assert done.status == 0
    assert lines[0] == ["view", "events", "schema", "id", "version", "columns"]
    assert lines[2:] == [
        ["example_org_run_v2", "1", "https://example.org/run", "2", "1"],
        ["example_org_save_v1", "2", "https://example.org/save", "1", "2"],
    ]


def test_columns_are_listed_with_types_and_the_first_words_of_their_description(run, journal):
    out = run("schemas", "--journal", journal, "--columns").out
    lines = [line.strip() for line in out.splitlines()]
    assert "example_org_save_v1  2 events" in lines
    columns = {line.split()[0]: line.split()[1:] for line in lines if line.startswith(("path", "size", "cell"))}
    assert columns["path"] == ["VARCHAR", "Which", "file."]
    assert columns["size"] == ["BIGINT"]


def test_json_has_all_of_it(run, journal):
    views = json.loads(run("schemas", "--journal", journal, "--json").out)
    save = views[1]
    assert {key: save[key] for key in ("name", "schema_id", "version", "title", "events")} == {
        "name": "example_org_save_v1",
        "schema_id": "https://example.org/save",
        "version": "1",
        "title": "Save",
        "events": 2,
    }
    assert [column["name"] for column in save["columns"] if column["key"]] == ["path", "size"]


def test_without_a_journal_or_schemas_nothing_is_found(run, tmp_path):
    for directory, message in (
        (tmp_path / "nowhere", "there is no journal in"),
        (tmp_path, "no events are recorded in"),
    ):
        done = run("schemas", "--journal", directory)
        assert (done.status, done.out) == (1, "")
        assert message in done.err


def test_names_of_others_reach_no_terminal(run, journal):
    path = next((journal / "schemas").glob("*save*"))
    schema = json.loads(path.read_text())
    schema["properties"]["\x1b[31m"] = {"type": "string", "description": "\x1b]0;x\x07"}
    path.write_text(json.dumps(schema))
    out = run("schemas", "--journal", journal, "--columns").out
    assert "\\x1b[31m" in out
    assert "\x1b" not in out
