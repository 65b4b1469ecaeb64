"""One HTTP request with an end to every wait: also to an answer that drips in byte by byte.

Clients that bound each read do not bound the whole. Here a timer closes the line; and it is known whether the
request had left at all, which decides whether it may be made again.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from calls.ports import Unclear, Unreachable

CONNECT_SECONDS = 4.0
LARGEST = 256 * 1024


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def exchange(method: str, url: str, headers: Mapping[str, str], body: bytes | None, seconds: float) -> Answer:
    """Ask, within so many seconds. Raises Unreachable where nothing was sent, Unclear where it may have been."""
    parts = urlsplit(url)
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    line = make(parts.hostname or "", parts.port, timeout=CONNECT_SECONDS)
    try:
        line.connect()
    except (OSError, ssl.SSLError, http.client.HTTPException) as fault:
        line.close()
        raise Unreachable(type(fault).__name__) from None
    line.sock.settimeout(seconds)
    is_late = threading.Event()
    timer = threading.Timer(seconds, _cut, (line.sock, is_late))
    timer.daemon = True
    timer.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        line.request(method, path, body, dict(headers))
        answer = line.getresponse()
        content = answer.read(LARGEST)
        found = Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)
    except (OSError, http.client.HTTPException, ValueError) as fault:
        raise Unclear("late" if is_late.is_set() else type(fault).__name__) from None
    finally:
        timer.cancel()
        line.close()
    if is_late.is_set():
        raise Unclear("late")  # what there is of it may be cut short
    return found


def _cut(line: socket.socket, is_late: threading.Event) -> None:
    is_late.set()
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
