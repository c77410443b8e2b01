from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jupyter_telemetry.errors import JournalError
from jupyter_telemetry.journal.lock import JournalLock
from jupyter_telemetry.lockfile import _Found, this_place

NAME = ".erasure.lock"


def test_it_is_there_while_it_is_held(tmp_path):
    with JournalLock(tmp_path):
        assert os.listdir(tmp_path) == [NAME]
    assert list(tmp_path.iterdir()) == []


def test_one_holds_it_at_a_time(tmp_path, in_threads):
    holders = []
    most = []

    def hold(thread: int) -> None:
        for _ in range(20):
            with JournalLock(tmp_path):
                holders.append(thread)
                most.append(len(holders))
                time.sleep(0.0005)
                holders.remove(thread)

    in_threads(hold)

    assert (max(most), len(most)) == (1, 80)


def test_who_waits_too_long_is_told(tmp_path):
    with JournalLock(tmp_path), pytest.raises(JournalError, match=r"another erasure is at work in .*; try again"):
        JournalLock(tmp_path, patience_s=0.01).__enter__()


def test_the_lock_of_a_process_that_died_here_is_broken_at_once(tmp_path):
    script = (
        "import os, pathlib, sys\nfrom jupyter_telemetry.journal.lock import JournalLock\n"
        "JournalLock(pathlib.Path(sys.argv[1])).__enter__()\nos._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    assert os.listdir(tmp_path) == [NAME]

    with JournalLock(tmp_path, patience_s=0.0):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_from_elsewhere_is_broken_when_nobody_touches_it_for_long(tmp_path):
    (tmp_path / NAME).symlink_to("elsewhere:1:abc")

    with pytest.raises(JournalError):
        JournalLock(tmp_path, patience_s=0.01).__enter__()
    with JournalLock(tmp_path, stale_s=0.1) as lock:
        lock.check()


def test_a_lock_that_is_touched_is_respected(tmp_path):
    path = tmp_path / NAME
    path.write_text("elsewhere:1:abc")  # as where there are no symlinks
    is_over = threading.Event()

    def touch() -> None:
        moment = 0
        while not is_over.wait(0.01):
            moment += 1
            os.utime(path, ns=(moment, moment))

    thread = threading.Thread(target=touch)
    thread.start()
    try:
        with pytest.raises(JournalError):
            JournalLock(tmp_path, patience_s=1.0, stale_s=0.5).__enter__()
    finally:
        is_over.set()
        thread.join()


def test_touching_says_that_the_holder_is_alive(tmp_path):
    with JournalLock(tmp_path) as lock:
        os.utime(tmp_path / NAME, (0, 0), follow_symlinks=False)
        lock._touched_at = 0.0
        lock.touch()
        assert (tmp_path / NAME).lstat().st_mtime > 0


def test_whose_lock_was_taken_may_not_go_on_and_does_not_free_it(tmp_path):
    path = tmp_path / NAME
    with JournalLock(tmp_path) as lock:
        lock.check()
        path.unlink()
        with pytest.raises(JournalError, match="was taken by another erasure"):
            lock.check()
        path.symlink_to("another:1:abc")
        with pytest.raises(JournalError):
            lock.check()
    assert os.readlink(path) == "another:1:abc"


def test_a_lock_that_is_somebody_elses_by_now_is_given_back(tmp_path):
    path = tmp_path / NAME
    path.symlink_to("alive:1:abc")

    JournalLock(tmp_path)._break(_Found("dead:1:abc", 0))

    assert os.readlink(path) == "alive:1:abc"
    assert os.listdir(tmp_path) == [NAME]


@pytest.mark.parametrize(
    "owner", ["", "garbage", "elsewhere:99999999:abc", ":::", f"{this_place()}:٣:abc", f"{this_place()}:{2**70}:abc"]
)
def test_whoever_is_not_known_to_be_dead_is_not(tmp_path, owner):
    (tmp_path / NAME).write_text(owner, encoding="utf-8")

    with pytest.raises(JournalError):
        JournalLock(tmp_path, patience_s=0.0).__enter__()


def test_where_it_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(JournalError, match=r"cannot be made: Not a directory"):
        JournalLock(Path(tmp_path / "file")).__enter__()


def test_a_dead_lock_that_cannot_be_broken_is_not_waited_for_without_end(tmp_path):
    (tmp_path / NAME).symlink_to("dead:1:abc")
    lock = JournalLock(tmp_path, patience_s=0.2, stale_s=0.0)
    lock._break = lambda left: None  # as where only its owner may remove a file

    with pytest.raises(JournalError, match="another erasure is at work"):
        lock.__enter__()
