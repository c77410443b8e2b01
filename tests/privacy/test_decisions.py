"""The file of decisions: no full disk loses one, and no damage passes for consent."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from full_disk import limit_of_file_size

from jupyter_telemetry.errors import ConsentError
from jupyter_telemetry.privacy.decisions import MAX_BYTES, DecisionStore, default_file
from jupyter_telemetry.privacy.statement import digest

from .decided import MOMENT, POLICY, STAMP, decide, decision, names
from .ordinary import IS_ROOT, OTHER_USER, ordinary_user


def test_nothing_is_decided_where_there_is_no_file(store, file):
    decisions = store.read()
    assert (dict(decisions.latest), dict(decisions.statements), decisions.problem, decisions.history) == (
        {},
        {},
        "",
        (),
    )
    assert not file.parent.exists()


def test_a_decision_is_kept_with_its_time_its_policy_and_what_the_user_was_shown(store, file):
    made = decide(store, a=True, b=False)
    assert made == [decision("a", True), decision("b", False)]
    decisions = DecisionStore(file).read()
    assert decisions.latest == {"a": made[0], "b": made[1]}
    assert decisions.statements == {digest(POLICY): POLICY}
    assert decisions.problem == ""


def test_the_latest_counts_and_the_history_stays(store):
    decide(store, a=True)
    decide(store, by="command line", a=False)
    decide(store, b=True)
    decisions = store.read()
    assert decisions.latest == {"a": decision("a", False, "command line"), "b": decision("b", True)}
    assert decisions.history == (decision("a", True), decision("a", False, "command line"), decision("b", True))


def test_the_file_is_as_it_is_documented(store, file):
    decide(store, a=False)
    about = json.loads(file.read_bytes())
    text = about["decisions"][0]["shown"]
    assert about == {
        "version": 1,
        "decisions": [
            {
                "subject": "a",
                "decision": "refused",
                "decided_at": STAMP,
                "policy": digest(POLICY),
                "by": "page",
                "shown": text,
            }
        ],
        "policies": {digest(POLICY): POLICY},
        "texts": {text: "All that you do"},
        "lost": [],
    }


def test_no_choice_is_no_decision(store, file):
    assert decide(store) == []
    assert not file.exists()


def test_the_file_is_its_owners_alone_whatever_the_umask(store, file):
    before = os.umask(0o777)
    os.umask(0)
    try:
        file.parent.parent.mkdir(parents=True)
        decide(store, a=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert names(file.parent) == ["consent.json"]


def test_it_stands_in_jupyters_data_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    assert default_file() == DecisionStore().file == tmp_path / "telemetry" / "consent.json"


# Other servers of the same home


def test_other_stores_notice_a_change(store, file):
    other = DecisionStore(file)
    assert other.changed()
    other.read()
    assert not other.changed()
    decide(store, a=True)
    assert other.changed()
    assert other.changed()  # until it is read
    other.read()
    assert not other.changed()
    decide(store, a=True)
    assert other.changed()
    other.read()
    file.unlink()
    assert other.changed()


def test_a_change_by_hand_in_place_is_noticed(store, file):
    decide(store, a=True)
    store.read()
    with file.open("r+b") as stream:
        stream.write(b"!")
    assert store.changed()
    assert store.read().problem
    assert not store.changed()


# What cannot be written


@pytest.mark.parametrize("room", [0, 20, 300])
def test_a_full_disk_leaves_what_was_there(store, file, room):
    decide(store, a=False)
    before = file.read_bytes()
    with limit_of_file_size(room), pytest.raises(ConsentError) as caught:
        decide(store, a=True)
    assert str(caught.value) == (
        f"the decision cannot be written to {file}: File too large. It is not in force. Make room there, or make the "
        "directory writable; DO_NOT_TRACK=1 in the environment refuses without a file"
    )
    assert file.read_bytes() == before
    assert names(file.parent) == ["consent.json"]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_home_that_is_read_only_is_an_error_for_who_decides_and_for_nobody_else(is_there):
    with ordinary_user() as home:
        store = DecisionStore(home / "telemetry" / "consent.json", clock=lambda: MOMENT)
        if is_there:
            decide(store, a=False)
            (home / "telemetry").chmod(0o500)
        home.chmod(0o500)
        with pytest.raises(ConsentError, match="Permission denied"):
            decide(store, a=True)
        assert dict(store.read().latest) == ({"a": decision("a", False)} if is_there else {})
        assert store.read().problem == ""


def test_a_place_where_nothing_can_stand_is_an_error(tmp_path):
    (tmp_path / "telemetry").write_text("a file")
    for place in (tmp_path / "telemetry", Path("/proc/telemetry")):
        store = DecisionStore(place / "consent.json")
        store.read()
        with pytest.raises(ConsentError, match="It is not in force"):
            decide(store, a=True)


# What cannot be read


def about(**changes):
    good = {
        "version": 1,
        "decisions": [
            {
                "subject": "a",
                "decision": "refused",
                "decided_at": STAMP,
                "policy": digest(POLICY),
                "by": "page",
                "shown": "t",
            }
        ],
        "policies": {digest(POLICY): POLICY},
        "texts": {"t": "All that you do"},
        "lost": [],
    }
    return json.dumps({**good, **changes}).encode()


DAMAGE = {
    "empty": b"",
    "zeros, as a power cut leaves them": bytes(100),
    "cut": about()[:-20],
    "no UTF-8": b"\xff\xfe" + about(),
    "no object": b"[]",
    "null": b"null",
    "deep": b"[" * 100_000,
    "another file": b'{"EventLog": {"consent": "inform"}}',
    "no decisions": about(decisions={}).replace(b'"decisions": {}', b'"decisions": null'),
    "a decision that is none": about(decisions=["granted"]),
    "a decision without a word": about(decisions=[{"subject": "a"}]),
    "another word": about().replace(b'"refused"', b'"perhaps"'),
    "a subject that is none": about().replace(b'"subject": "a"', b'"subject": 1'),
    "a policy that was changed": about().replace(b"pseudonymise", b"keep"),
    "a policy that is missing": about(policies={}),
    "words that are missing": about(texts={}),
}


def test_the_good_one_is_good(store, file):
    file.parent.mkdir(parents=True)
    file.write_bytes(about())
    assert store.read().latest == {"a": decision("a", False)}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_a_problem_until_it_is_decided_again(store, file, content):
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    decisions = store.read()
    assert not store.changed()
    assert decisions.problem == (
        f"{file} is damaged: it is not what jupyter_telemetry wrote. What was decided there is not known, and counts "
        "as refused until it is decided again"
    )
    assert dict(decisions.latest) == {}

    decide(store, b=True)
    aside, _ = sorted(each.name for each in file.parent.iterdir())[::-1]
    assert aside.startswith("consent.json.unreadable-")
    assert (file.parent / aside).read_bytes() == content
    decisions = store.read()
    assert decisions.latest == {"b": decision("b", True)}
    assert decisions.problem == (
        f"{file} could not be read before, and was put aside as {aside}. What was decided there is not known, and "
        "counts as refused until it is decided again"
    )
    decide(store, c=True)
    assert store.read().problem == decisions.problem


def test_a_file_of_a_later_version_is_not_guessed_at(store, file):
    file.parent.mkdir(parents=True)
    file.write_bytes(about(version=2))
    assert "was written by another version of jupyter_telemetry" in store.read().problem


def test_a_file_without_end_is_not_read_to_its_end(store, file):
    file.parent.mkdir(parents=True)
    with file.open("wb") as stream:
        stream.truncate(10 * MAX_BYTES)
    assert f"is longer than {MAX_BYTES:,} bytes" in store.read().problem


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_a_problem_and_hangs_nobody(store, file, make):
    file.parent.mkdir(parents=True)
    make(file)
    assert "is no regular file" in store.read().problem
    assert not store.changed()
    assert "is no regular file" in DecisionStore(file).read().problem


def test_a_fifo_is_put_aside_and_a_directory_is_not(store, file):
    file.parent.mkdir(parents=True)
    os.mkfifo(file)
    decide(store, a=True)
    assert store.read().latest == {"a": decision("a", True)}
    file.unlink()
    file.mkdir()
    with pytest.raises(ConsentError, match="Is a directory"):
        decide(store, a=True)


def test_a_symlink_that_leads_nowhere_is_replaced(store, file, tmp_path):
    file.parent.mkdir(parents=True)
    file.symlink_to(tmp_path / "nowhere")
    decide(store, a=True)
    assert not file.is_symlink()
    assert not (tmp_path / "nowhere").exists()


def test_a_symlink_that_leads_in_a_circle_is_a_problem(store, file):
    file.parent.mkdir(parents=True)
    file.symlink_to(file)
    assert "cannot be read: Too many levels of symbolic links" in store.read().problem
    decide(store, a=True)
    assert store.read().latest == {"a": decision("a", True)}


@pytest.mark.parametrize("what", ["file", "directory"])
def test_what_may_not_be_read_is_a_problem(what):
    with ordinary_user() as home:
        store = DecisionStore(home / "telemetry" / "consent.json", clock=lambda: MOMENT)
        decide(store, a=False)
        (store.file if what == "file" else store.file.parent).chmod(0)
        assert store.changed()
        assert "cannot be read: Permission denied" in store.read().problem
        assert not store.changed()
        if what == "file":
            decide(store, b=True)
            assert store.read().latest == {"b": decision("b", True)}
            assert "could not be read before, and was put aside" in store.read().problem


class Moving(DecisionStore):
    """Its directory is another one, from just after the file was opened."""

    looked = 0

    @property
    def file(self):
        self.looked += 1
        return super().file if self.looked < 3 else Path("/nowhere/telemetry/consent.json")


def test_a_file_of_ones_own_is_read_though_its_directory_is_gone_meanwhile(store, file):
    decide(store, a=True)
    assert Moving(file).read().latest == {"a": decision("a", True)}
    assert Moving(file).changed()


if IS_ROOT:  # nobody else gives files away

    def test_whose_a_file_is_need_not_be_found_out(store, file):
        decide(store, a=True)
        os.chown(file, OTHER_USER, -1)
        moving = Moving(file)
        assert "cannot be read: No such file or directory. What was decided there is not known" in moving.read().problem
        moving.looked = 0
        assert not moving.changed()
        assert Moving(file).changed()

    def test_nobody_decides_for_another_user(store, file):
        decide(store, a=True)
        os.chown(file, OTHER_USER, -1)
        assert f"belongs to another user (uid {OTHER_USER}): its decisions are not yours" in store.read().problem
        decide(store, b=True)
        assert store.read().latest == {"b": decision("b", True)}

    def test_a_file_server_that_shows_all_under_one_owner_keeps_nobody_from_deciding(store, file):
        decide(store, a=True)
        os.chown(file, OTHER_USER, -1)
        os.chown(file.parent, OTHER_USER, -1)
        assert store.read().latest == {"a": decision("a", True)}


def test_who_has_no_home_has_decided_nothing_and_cannot(monkeypatch):
    class Homeless(DecisionStore):
        @property
        def file(self):
            raise RuntimeError("Could not determine home directory.")

    store = Homeless()
    assert "cannot be read: Could not determine home directory." in store.read().problem
    with pytest.raises(ConsentError, match="Could not determine home directory"):
        decide(store, a=True)


@pytest.mark.parametrize("at", ["consent.json", "."])
def test_a_link_that_leads_nowhere_is_no_file_that_never_was(tmp_path, at):
    place = tmp_path / "telemetry"
    if at == ".":
        place.symlink_to(tmp_path / "not mounted")
    else:
        place.mkdir()
        (place / at).symlink_to(tmp_path / "not mounted" / at)
    assert "leads nowhere" in DecisionStore(place / "consent.json").read().problem


def test_the_first_decision_of_another_process_that_comes_between_two_looks_is_no_damage(tmp_path):
    file = tmp_path / "consent.json"

    class Racing(DecisionStore):
        asked = 0

        @property
        def file(self):
            self.asked += 1
            if self.asked == 3:  # the file was not there when it was opened, a moment ago
                decide(DecisionStore(file), a=False)
            return file

    decisions = Racing(file).read()
    assert (decisions.problem, decisions.latest["a"].granted) == ("", False)
