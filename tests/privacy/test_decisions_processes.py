"""Of many processes that decide, some of them killed, none loses a decision or stops another."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_telemetry.errors import ConsentError
from jupyter_telemetry.privacy.decisions import DecisionStore

from .decided import decide, names

DECIDER = Path(__file__).with_name("decider.py")


@contextlib.contextmanager
def deciders(file, *arguments):
    """Start processes that decide; all are ready when this begins, and gone when it ends."""
    started = []
    try:
        for name, count, stale_lock_s in arguments:
            command = [sys.executable, str(DECIDER), str(file), name, str(count), str(stale_lock_s)]
            started.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()
            process.stdout.close()


def told(process):
    return process.stdout.read().decode().split()[1:]


def test_four_processes_that_decide_at_once_lose_nothing(file):
    store, seen = DecisionStore(file), 0
    with deciders(file, *((name, 40, 10) for name in "abcd")) as processes:
        while any(process.poll() is None for process in processes):
            decisions = store.read()
            assert decisions.problem == ""
            assert len(decisions.history) >= seen
            seen = len(decisions.history)
        subjects = [told(process) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    decisions = store.read()
    kept = [each.subject for each in decisions.history]
    assert subjects == [[subject for subject in kept if subject.startswith(name)] for name in "abcd"]
    assert len(kept) == len(decisions.latest) == 160
    assert len(decisions.statements) == 4
    assert {each.subject[0]: each.shown for each in decisions.history} == {n: f"shown to {n}" for n in "abcd"}
    assert names(file.parent) == ["consent.json"]


def test_a_process_that_is_killed_in_the_middle_of_a_decision_loses_none_and_stops_nobody(file):
    chance, store, returned = random.Random(2026), DecisionStore(file, stale_lock_s=0.3), []
    for number in range(20):
        with deciders(file, (f"round{number}", 10_000, 0.2)) as (process,):
            process.stdout.readline()
            returned.append(process.stdout.readline().decode().strip())  # once it has the lock that the last one left
            time.sleep(chance.uniform(0, 0.01))
            process.kill()
            returned += [each.decode().strip() for each in process.stdout]
        decisions = store.read()
        assert decisions.problem == ""
        assert set(returned) <= decisions.latest.keys()
        assert len(decisions.history) <= len(returned) + number + 1  # written, and killed before it could say so
    decide(store, end=True)
    assert store.read().latest["end"].granted
    assert names(file.parent) == ["consent.json"]
    assert len(returned) >= 20


def test_some_are_killed_while_others_decide(file):
    victims, returned = [(f"victim{number}", 10_000, 1) for number in range(3)], []
    with deciders(file, ("survivor", 20, 1), *victims) as (survivor, *processes):
        for process in processes:
            returned.append(process.stdout.readline() and process.stdout.readline().decode().strip())
            process.kill()
            returned += [each.decode().strip() for each in process.stdout]
        returned += told(survivor)
        assert survivor.wait() == 0
    decisions = DecisionStore(file).read()
    assert decisions.problem == ""
    assert set(filter(None, returned)) <= decisions.latest.keys()
    assert f"survivor-{19}" in decisions.latest


def test_a_lock_that_was_left_behind_is_removed(file):
    file.parent.mkdir(parents=True)
    file.with_name("consent.json.lock").write_text("whoever")
    file.with_name(".consent.json.0123abcd.tmp").write_text("half a fi")
    store = DecisionStore(file, stale_lock_s=0.05)
    decide(store, a=True)
    assert store.read().latest["a"].granted
    assert names(file.parent) == ["consent.json"]


@pytest.mark.parametrize("times", [1, 4, 5])
def test_who_was_taken_for_dead_reads_again_before_writing(file, times):
    class Sleeper(DecisionStore):
        slept = 0

        def _added(self, made, statement):
            content = super()._added(made, statement)
            if self.slept < times:  # others take its lock, and decide
                self.slept += 1
                file.with_name("consent.json.lock").unlink()
                decide(DecisionStore(file), **{f"other{self.slept}": False})
            return content

    if times == 5:
        with pytest.raises(ConsentError, match="other processes take its lock all the time"):
            decide(Sleeper(file), a=True)
    else:
        decide(Sleeper(file), a=True)
    subjects = [each.subject for each in DecisionStore(file).read().history]
    assert subjects == [f"other{number + 1}" for number in range(times)] + ["a"] * (times < 5)
    assert names(file.parent) == ["consent.json"]


def test_a_directory_in_the_locks_place_is_put_aside(file):
    file.with_name("consent.json.lock").mkdir(parents=True)
    decide(DecisionStore(file, stale_lock_s=0.05), a=True)
    assert DecisionStore(file).read().latest["a"].granted
