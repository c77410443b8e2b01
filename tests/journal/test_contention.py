from __future__ import annotations

import os
import sys
import threading

import pytest

from jupyter_telemetry.journal import contention as module
from jupyter_telemetry.journal.contention import PAUSE_S, SLOW_S, TOGETHER_S, Contention

from .lines import content, line, numbers


def in_another_thread(function, *arguments):
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    thread.join()


@pytest.fixture
def contention(clock):
    return Contention(clock)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    yield fd, path
    os.close(fd)


def contend(contention, clock):
    """Have this thread and another one take turns, a millisecond each."""
    for _ in range(2):
        clock.advance(0.001)
        in_another_thread(contention.changed, clock.now)
        clock.advance(0.001)
        contention.changed(clock.now)


def test_a_thread_that_writes_alone_uses_os_write(contention):
    assert contention.last_thread == threading.get_ident()
    assert contention.write is os.write


def test_a_change_of_the_thread_now_and_then_is_no_contention(contention, clock):
    for _ in range(5):
        clock.advance(TOGETHER_S)
        in_another_thread(contention.changed, clock.now)
        clock.advance(TOGETHER_S)
        contention.changed(clock.now)
    assert contention.write is os.write


def test_threads_that_write_together_keep_the_lock_until_they_stop(contention, clock, file):
    fd, path = file
    contend(contention, clock)
    assert contention.write is not os.write
    assert contention.write(fd, b"one\n") == 4
    clock.advance(TOGETHER_S / 2)
    assert contention.write(fd, b"two\n") == 4
    assert contention.write is not os.write
    clock.advance(TOGETHER_S)
    assert contention.write(fd, b"three\n") == 6
    assert contention.write is os.write
    assert path.read_bytes() == b"one\ntwo\nthree\n"


def test_after_a_slow_write_the_lock_is_given_up_for_a_minute(contention, clock, file, monkeypatch):
    fd, path = file

    def stall(fd, line):
        clock.advance(SLOW_S * 1.5)
        return os.write(fd, line)

    contend(contention, clock)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_write_that_keeps_the_lock", lambda: stall)
        assert contention.write(fd, b"one\n") == 4
    assert contention.write is os.write
    contend(contention, clock)
    assert contention.write is os.write
    clock.advance(PAUSE_S)
    contend(contention, clock)
    assert contention.write is not os.write
    assert path.read_bytes() == b"one\n"


def test_what_the_system_refuses_is_the_same_error_with_the_lock_kept(contention, clock, tmp_path):
    fd = os.open(tmp_path, os.O_RDONLY)
    contend(contention, clock)
    with pytest.raises(OSError, match="Bad file descriptor"):
        contention.write(fd, b"one\n")
    os.close(fd)


def test_without_a_lock_to_keep_it_is_os_write(monkeypatch):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert module._write_that_keeps_the_lock.__wrapped__() is os.write


def test_lines_written_with_the_lock_kept_are_whole_and_counted(make_writer, clock, directory):
    writer = make_writer()
    for number in range(20):
        clock.advance(0.001)
        in_another_thread(writer.write, line(2 * number))
        writer.write(line(2 * number + 1))
    assert writer._contention.write is not os.write
    assert writer.counts() == {"written": 40, "lost": 0, "expired": 0}
    assert numbers(content(directory).splitlines()) == list(range(40))
