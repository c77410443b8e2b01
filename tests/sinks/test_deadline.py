"""A deadline cuts a connection that is in use for too long, and no other."""

from __future__ import annotations

import socket
import threading

from jupyter_telemetry.sinks.deadline import Deadline


def test_who_waits_on_a_connection_for_too_long_sees_its_end():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with Deadline(ours.fileno(), 0.05):
            assert ours.recv(1) == b""
        assert theirs.recv(1) == b""


def test_a_connection_that_was_used_in_time_goes_on():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        deadline = Deadline(ours.fileno(), 60)
        with deadline:
            theirs.sendall(b"1")
            assert ours.recv(1) == b"1"
        deadline._cut()  # as a timer would that was about to when it was cancelled
        theirs.sendall(b"2")
        assert ours.recv(1) == b"2"


def test_where_no_thread_can_be_started_there_is_none_as_at_the_end_of_an_interpreter():
    ours, theirs = socket.socketpair()
    size = threading.stack_size(1 << 46)  # which no machine has room for
    try:
        with ours, theirs, Deadline(ours.fileno(), 60):
            theirs.sendall(b"1")
            assert ours.recv(1) == b"1"
    finally:
        threading.stack_size(size)
