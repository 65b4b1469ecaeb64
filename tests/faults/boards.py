"""Headless boards: signed in like a page, listening like a page, filling gaps by the page's own rule."""

import json
import re
import threading
import time
from typing import Any

import psycopg
import socketio

from .browser import Browser

TICK = 10.0  # seconds between two questions over HTTP while the socket is down; six of them while it is up
TICKS_WHILE_LIVE = 6
LEAVING = 0.5  # seconds in which another room may still tell of a ticket that has left one

# What this person may see now, of what had news after a sequence.
IN_SIGHT = """
    SELECT t.id, t.version FROM ticket t WHERE t.rooms && %(rooms)s AND EXISTS (
      SELECT FROM ticket_event e JOIN publication p ON p.event_id = e.id
      WHERE e.subject = 'ticket' AND e.subject_id = t.id AND p.seq > %(start)s)"""
PUBLISHED = """
    SELECT e.subject_id, max(e.version) FROM ticket_event e JOIN publication p ON p.event_id = e.id
    WHERE e.subject = 'ticket' AND p.seq > %(start)s AND p.seq <= %(until)s
      AND (e.rooms_before && %(rooms)s OR e.rooms_after && %(rooms)s)
    GROUP BY e.subject_id"""


class Board:
    """One open page of a demo account. `held` maps the tickets it shows to their versions."""

    def __init__(self, address: str, login: str) -> None:
        self.address = address
        self.login = login
        self.rooms: list[str] = []
        self.held: dict[int, int] = {}
        self.gone: set[int] = set()
        self.strayed: list[str] = []  # messages for rooms that this account may not be in
        self.messages = 0
        self.asked = 0
        self.start_seq = -1
        self._heads: dict[str, int] = {}
        self._shown: dict[int, int] = {}  # ticket -> last sequence at which it could be seen
        self._caught = 0
        self._live = False
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._wanted = threading.Event()
        self._browser = Browser(address)
        self._socket = socketio.Client(reconnection_delay=1, reconnection_delay_max=5)
        self._socket.on("joined", self._joined)
        self._socket.on("news", self._receive)
        self._socket.on("disconnect", self._left)
        self._threads = [threading.Thread(target=loop, daemon=True) for loop in (self._fetch, self._tick)]

    def open(self) -> None:
        """Sign in, load a page, and listen."""
        self._browser.sign_in(self.login)
        token = re.search(r'name="live-token" content="([^"]+)"', self._browser.get("/desk").text)
        assert token, f"{self.login} is given no page that listens"
        for thread in self._threads:
            thread.start()
        self._socket.connect(
            self.address, headers={"Cookie": self._browser.cookie}, auth={"token": token[1]},
            transports=["websocket"], wait_timeout=10,
        )  # fmt: skip
        until = time.monotonic() + 10
        while self.start_seq < 0:
            assert time.monotonic() < until, f"{self.login} was not told where its rooms stand"
            time.sleep(0.02)

    def close(self) -> None:
        self._stop.set()
        self._wanted.set()
        self._socket.shutdown()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(15)

    def behind(self, connection: psycopg.Connection[Any], until: int) -> list[int]:
        """Tickets of which something was published up to `until` that this board does not know yet."""
        values = {"start": self.start_seq, "until": until, "rooms": self.rooms}
        rows = connection.execute(PUBLISHED, values).fetchall()
        with self._lock:
            return [key for key, version in rows if key not in self.gone and self.held.get(key, 0) < version]

    def wrong(self, connection: psycopg.Connection[Any]) -> dict[int, tuple[int | None, int | None]]:
        """ticket -> (version shown, version that is true now); None is: not in sight. Empty when it is right."""
        true = dict(connection.execute(IN_SIGHT, {"start": self.start_seq, "rooms": self.rooms}).fetchall())
        with self._lock:
            shown = dict(self.held)
        return {
            key: (shown.get(key), true.get(key))
            for key in shown.keys() | true.keys()
            if shown.get(key) != true.get(key)
        }

    def _joined(self, message: dict[str, Any]) -> None:
        with self._lock:
            if self.start_seq < 0:
                self.rooms = sorted(message["rooms"])
                self.start_seq = self._caught = message["seq"]
            self._heads.update(message["rooms"])
            self._live = True
            if message["seq"] > self._caught:
                self._wanted.set()

    def _left(self, *_: object) -> None:
        self._live = False
        self._wanted.set()

    def _receive(self, message: dict[str, Any]) -> None:
        room = message["room"]
        with self._lock:
            self.messages += 1
            if room not in self.rooms:
                self.strayed.append(room)
            head = max(self._heads.get(room, 0), self._caught)
            if message["seq"] <= head:
                return
            if message.get("fetch") or message["prev"] > head:
                self._wanted.set()
                return
            self._heads[room] = message["seq"]
            if "subject" in message:
                return  # of a call, an offer or a seat: nothing that a board shows
            if "row" in message:
                self._show(message["id"], message["version"], message["seq"])
            else:
                leaving = threading.Timer(LEAVING, self._leave, (message["id"], message["seq"]))
                leaving.daemon = True
                leaving.start()

    def _show(self, key: int, version: int, seq: int) -> None:
        self._shown[key] = seq
        self.gone.discard(key)
        self.held[key] = max(version, self.held.get(key, 0))

    def _leave(self, key: int, seq: int) -> None:
        with self._lock:
            if self._shown.get(key, 0) < seq:
                self._drop(key)

    def _drop(self, key: int) -> None:
        self.held.pop(key, None)
        self.gone.add(key)

    def _fetch(self) -> None:
        """Ask over HTTP whenever there is reason to, one question at a time."""
        while not self._stop.is_set():
            self._wanted.wait()
            self._wanted.clear()
            try:
                while not self._stop.is_set() and self._ask():
                    pass
            except (OSError, ValueError):
                self._stop.wait(0.2)  # the next tick, message or reconnection asks again

    def _ask(self) -> bool:
        """One question; returns whether there is more."""
        self.asked += 1
        news = json.loads(self._browser.get(f"/live/changes?after={self._caught}").text)
        assert not news["reload"]
        with self._lock:
            for row in news["rows"]:
                self._show(row["id"], row["version"], news["seq"])
            for key in news["gone"]:
                self._drop(key)
            self._caught = max(self._caught, news["seq"])
        return bool(news["more"])

    def _tick(self) -> None:
        ticks = 0
        while not self._stop.wait(TICK):
            ticks += 1
            if not self._live or ticks % TICKS_WHILE_LIVE == 0:
                self._wanted.set()
