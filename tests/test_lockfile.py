"""A lock that one holds at a time, and that nobody takes along when they are killed."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time

import pytest

from jupyter_telemetry.lockfile import LockFile, LockLost, _Found, this_place


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


@pytest.fixture(params=[False, True], ids=["file", "symlink"])
def make(path, request):
    """Make locks, all in one place and of one kind."""

    def make_one(*, stale_s=10.0, wait_s=30.0):
        return LockFile(path, stale_s=stale_s, wait_s=wait_s, as_symlink=request.param)

    return make_one


def test_one_holds_it_at_a_time(path, make):
    inside, most, taken = [], [], []

    def hold():
        for _ in range(10):
            with make() as lock:
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.001)
                lock.check()
                inside.pop()
                taken.append(1)

    threads = [threading.Thread(target=hold) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), max(most)) == (60, 1)
    assert not os.path.lexists(path)


def test_who_waits_too_long_gives_up(path, make):
    with make() as lock:
        with pytest.raises(TimeoutError, match="other processes hold its lock"), make(wait_s=0.05):
            pytest.fail("two hold it")
        lock.check()


def test_who_was_taken_for_dead_does_not_go_on_and_takes_nobodys_lock_away(path, make):
    with make() as slept:
        with make(stale_s=0.01) as other:
            with pytest.raises(LockLost):
                slept.check()
            slept.__exit__(None, None, None)
            other.check()
        with pytest.raises(LockLost):
            slept.check()
    assert not os.path.lexists(path)


def test_of_many_who_find_a_lock_left_behind_one_holds_it_at_a_time(path, make):
    path.write_text("whoever")
    inside, most = [], []

    def hold():
        with make(stale_s=0.2):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.001)
            inside.pop()

    threads = [threading.Thread(target=hold) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (12, 1)
    assert list(path.parent.iterdir()) == []


def test_a_lock_that_somebody_took_meanwhile_is_given_back(path, make):
    with make() as holder:
        make()._break(_Found("the one that was left behind", 0))
        holder.check()
    assert list(path.parent.iterdir()) == []


def test_a_directory_that_is_not_there_is_an_error(path):
    with pytest.raises(FileNotFoundError), LockFile(path / "lock", stale_s=1, wait_s=1):
        pytest.fail("it has no place")


def test_the_lock_of_a_process_that_died_here_is_broken_at_once(path, make):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    path.write_text(f"{this_place()}:{process.pid}:0123")
    with make(wait_s=0) as lock:
        lock.check()
    assert list(path.parent.iterdir()) == []


def test_a_lock_is_given_back_also_where_no_file_has_two_names(path, make):
    with make() as holder:
        other = make()
        aside = path.with_name("aside")
        path.rename(aside)
        other._give_back(str(aside.with_name("nowhere")), holder._owner)
        holder.check()
    aside.unlink()


@pytest.mark.parametrize("what", ["directory", "fifo"])
def test_what_is_no_lock_is_put_aside_like_one(path, make, what):
    path.mkdir() if what == "directory" else os.mkfifo(path)
    with make(stale_s=0.01) as lock:
        lock.check()
    assert not os.path.lexists(path)


def test_a_lock_that_cannot_be_written_is_not_left_behind(path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            LockFile(path, stale_s=1, wait_s=1).__enter__()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(path.parent.iterdir()) == []
