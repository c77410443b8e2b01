"""A journal's name is random, and stays."""

from __future__ import annotations

import os
import re
import stat
import threading

import pytest

from jupyter_telemetry.journal.identity import journal_name


def test_it_is_made_up_once(tmp_path):
    name = journal_name(tmp_path)
    assert re.fullmatch("[0-9a-f]{16}", name)
    assert journal_name(tmp_path) == name
    assert os.listdir(tmp_path) == ["name"]
    assert stat.S_IMODE((tmp_path / "name").stat().st_mode) == 0o600


def test_two_journals_have_two(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert journal_name(tmp_path / "a") != journal_name(tmp_path / "b")


@pytest.mark.parametrize("content", [b"", b"0123", b"0123456789ABCDEF", b"0123456789abcdef0", b"\xff" * 16])
def test_what_is_no_name_is_replaced(tmp_path, content):
    (tmp_path / "name").write_bytes(content)
    name = journal_name(tmp_path)
    assert re.fullmatch("[0-9a-f]{16}", name)
    assert journal_name(tmp_path) == name


def test_many_who_ask_at_once_are_told_the_same(tmp_path):
    found = []
    threads = [threading.Thread(target=lambda: found.append(journal_name(tmp_path))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found)), os.listdir(tmp_path)) == (20, 1, ["name"])


def test_a_place_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        journal_name(tmp_path / "absent")
