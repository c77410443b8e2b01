from __future__ import annotations

import json

from lake.lakes import put, things


def test_show_says_what_is_there(run, tmp_path):
    put(tmp_path, things(3, journal="a"), things(3, journal="b"))
    done = run("lake", "show", tmp_path)
    assert done.status == 0
    assert done.out.split()[:4] == ["2", "files", "1", "days"]
    assert done.out.split()[-1] == "example_org_thing_v1"
    assert run("lake", "show", tmp_path / "empty").status == 1


def test_compact_says_what_it_did(run, tmp_path):
    put(tmp_path, things(3, journal="a"), things(3, journal="b"))
    assert run("lake", "compact", tmp_path, "--before", "2026-10-05").out.startswith("0 partitions")
    assert run("lake", "compact", tmp_path).out == "1 partitions compacted: 2 files before, 1 now\n"


def test_an_option_that_there_is_not_is_an_error(run, tmp_path):
    done = run("lake", "show", tmp_path, "--option", "endpont=x")
    assert (done.status, done.out) == (1, "")
    assert "no such option" in done.err
    assert run("lake", "show", tmp_path, "--option", "endpoint").status == 2


def test_a_lake_is_asked_alone_or_with_a_journal(run, journal, tmp_path):
    put(tmp_path / "lake", things(3))
    question = "SELECT count(*) AS n FROM events"
    alone = run("query", "--from", tmp_path / "lake", question, "--json")
    together = run("query", "--from", tmp_path / "lake", "--journal", journal, question, "--json")
    own = run("query", "--journal", journal, question, "--json")
    assert json.loads(alone.out) == [{"n": 3}]
    assert json.loads(together.out) == [{"n": 3 + json.loads(own.out)[0]["n"]}]


def test_a_lake_without_events_is_said_to_have_none(run, tmp_path):
    done = run("query", "--from", tmp_path / "lake", "SELECT * FROM events")
    assert done.status == 1
    assert "there are no events in" in done.err
