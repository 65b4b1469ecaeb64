"""Readiness is a 200 from /readyz, and asking for it never waits."""

import socket
import threading
import time

import pytest

from supervisor.probe import Probe


@pytest.fixture
def door():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


def answer(door, statuses):
    for status in statuses:
        line, _ = door.accept()
        with line:
            assert line.recv(1000).startswith(b"GET /readyz ")
            line.sendall(b"HTTP/1.1 %d X\r\n\r\n" % status)


def asked(probe):
    """Whether the probe says yes within 5 seconds."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if probe():
            return True
        time.sleep(0.01)
    return False


def test_only_a_200_counts_as_ready(door):
    thread = threading.Thread(target=answer, args=(door, [503, 500, 200]))
    thread.start()
    probe = Probe(*door.getsockname())
    assert asked(probe)
    thread.join(5)
    assert not thread.is_alive(), "it was content before the third answer"


def test_a_silent_server_does_not_hold_us_up(door):
    probe = Probe(*door.getsockname())
    begun = time.monotonic()
    assert not any(probe() for _ in range(20))
    assert time.monotonic() - begun < 1
    probe.close()


def test_nobody_there_is_not_ready():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = free.getsockname()
    assert not Probe(*place)()
