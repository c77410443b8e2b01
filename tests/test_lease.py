"""One at a time holds a lease, for as long as it renews it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from jupyter_telemetry.lease import LEASE_S, Lease
from jupyter_telemetry.lockfile import LockLost


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lease"


def touched_at(path):
    return os.stat(path, follow_symlinks=False).st_mtime_ns


def test_it_lasts_longer_than_a_batch_may_take_and_the_time_between_two_renewals():
    assert LEASE_S > 60 + LEASE_S / 4


def test_one_holds_it_and_the_next_has_it_when_it_is_released(path):
    first, second = Lease(path), Lease(path)
    assert (first.acquire(), first.acquire(), second.acquire()) == (True, True, False)
    first.check()
    first.release()
    first.release()
    assert (second.acquire(), first.acquire()) == (True, False)
    assert (first.is_held, second.is_held) == (False, True)


def test_who_lost_it_finds_out_before_anything_is_written(path):
    first, second = Lease(path, lease_s=1e-9), Lease(path, lease_s=1e-9)
    assert first.acquire()
    assert not second.acquire()  # it has to see it unchanged for so long
    assert second.acquire()
    with pytest.raises(LockLost):
        first.check()
    first.forget()
    first.release()
    second.check()


def test_who_lost_it_releases_nobody_elses(path):
    first, second = Lease(path), Lease(path)
    assert first.acquire()
    os.unlink(path)
    assert second.acquire()
    first.release()
    second.check()


def renewed(path, times):
    """Wait until it was touched so often."""
    seen = {touched_at(path)}
    give_up_at = time.monotonic() + 30
    while len(seen) <= times:
        assert time.monotonic() < give_up_at
        time.sleep(0.005)
        seen.add(touched_at(path))


def test_it_is_kept_while_something_takes_longer_than_it_lasts(path):
    lease = Lease(path, lease_s=0.2)
    assert lease.acquire()
    with lease.kept():
        renewed(path, 8)
    lease.check()
    assert "jupyter_telemetry lease" not in {thread.name for thread in threading.enumerate()}


def test_it_is_not_kept_for_ever_nor_when_it_is_somebody_elses(path):
    lease, other = Lease(path, lease_s=0.02), Lease(path)
    assert lease.acquire()
    for most_s in (0.0, 3600.0):
        with lease.kept(most_s):
            if most_s:
                os.unlink(path)
                assert other.acquire()
            (keeper,) = [each for each in threading.enumerate() if each.name == "jupyter_telemetry lease"] or [None]
            if keeper is not None:
                keeper.join(30)
                assert not keeper.is_alive()
    with pytest.raises(LockLost):
        lease.check()


def test_who_lost_it_and_waits_for_long_does_not_renew_that_of_another(path):
    lost = Lease(path, lease_s=0.04)
    assert lost.acquire()
    os.unlink(path)
    os.symlink("elsewhere:1:0", path)
    os.utime(path, ns=(1, 1), follow_symlinks=False)
    time.sleep(0.02)
    lost.renew()
    assert touched_at(path) == 1


def test_renewing_touches_it_not_more_often_than_needed(path):
    often, seldom = Lease(path, lease_s=1e-9), Lease(path, lease_s=1000.0)
    assert often.acquire()
    os.utime(path, ns=(0, 0), follow_symlinks=False)
    often.renew()
    assert touched_at(path) != 0
    often.release()
    assert seldom.acquire()
    os.utime(path, ns=(0, 0), follow_symlinks=False)
    seldom.check()
    assert touched_at(path) == 0


def test_that_of_a_dead_process_is_free_at_once(path):
    program = "import sys; from jupyter_telemetry.lease import Lease; assert Lease(sys.argv[1]).acquire()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, env=environment)
    assert os.path.lexists(path)
    assert Lease(path).acquire()


def test_the_child_of_a_fork_does_not_hold_what_its_parent_holds(path):
    lease = Lease(path)
    assert lease.acquire()
    pid = os.fork()
    if pid == 0:
        lease.release()
        os._exit(lease.acquire())
    assert os.waitpid(pid, 0)[1] == 0
    lease.check()
