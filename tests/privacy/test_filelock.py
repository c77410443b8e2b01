"""A lock that one holds at a time, and that nobody takes along when they are killed."""

from __future__ import annotations

import threading
import time

import pytest

from jupyter_telemetry.privacy.filelock import FileLock, LockLost


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


def test_one_holds_it_at_a_time(path):
    inside, most, taken = [], [], []

    def hold():
        for _ in range(10):
            with FileLock(path) as lock:
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
    assert not path.exists()


def test_who_waits_too_long_gives_up(path):
    with FileLock(path) as lock:
        with pytest.raises(TimeoutError, match="other processes hold its lock"), FileLock(path, wait_s=0.05):
            pytest.fail("two hold it")
        lock.check()


def test_who_was_taken_for_dead_does_not_go_on_and_takes_nobodys_lock_away(path):
    with FileLock(path) as slept:
        with FileLock(path, stale_s=0.01) as other:
            with pytest.raises(LockLost):
                slept.check()
            slept.__exit__(None, None, None)
            other.check()
        with pytest.raises(LockLost):
            slept.check()
    assert not path.exists()


def test_of_many_who_find_a_lock_left_behind_one_holds_it_at_a_time(path):
    path.write_text("whoever")
    inside, most = [], []

    def hold():
        with FileLock(path, stale_s=0.2):
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


def test_a_lock_that_somebody_took_meanwhile_is_given_back(path):
    with FileLock(path) as holder:
        FileLock(path)._remove((0, b"the one that was left behind"))
        holder.check()
    assert list(path.parent.iterdir()) == []


def test_a_directory_that_is_not_there_is_an_error(path):
    with pytest.raises(FileNotFoundError), FileLock(path / "lock"):
        pytest.fail("it has no place")
