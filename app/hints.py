"""A word to the clock processes that something is owed: it saves a second, may be lost, and holds up nobody."""

import queue
import threading
import time

from flask import current_app
from redis import Redis
from redis.exceptions import RedisError

from app.enqueue import redis_client

CHANNEL = "hotline-telephone"
_RETRY = 1.0


def channel_of(redis_url: str, env: str) -> str:
    """The channel of one installation; Redis tells none apart by database."""
    return f"{CHANNEL}-{env}-{redis_url.rpartition('/')[2]}"


class Hinter:
    """Sends hints from a thread of its own: whoever gives one goes on at once, whether Redis answers or not."""

    def __init__(self, redis_url: str, env: str) -> None:
        self.redis_url, self.channel = redis_url, channel_of(redis_url, env)
        self.waiting: queue.Queue[bytes] = queue.Queue(1)
        self.thread: threading.Thread | None = None

    def give(self) -> None:
        """Wake the clocks soon. Of several hints one is enough."""
        if self.thread is None or not self.thread.is_alive():
            self.thread = threading.Thread(target=self._send, daemon=True)
            self.thread.start()
        try:
            self.waiting.put_nowait(b"1")
        except queue.Full:
            return

    def _send(self) -> None:
        client = redis_client(self.redis_url)
        while True:
            word = self.waiting.get()
            try:
                client.publish(self.channel, word)
            except RedisError:
                time.sleep(_RETRY)


def give() -> None:
    """Wake the clock processes, after the transaction that owes something."""
    hinter: Hinter = current_app.extensions["hints"]
    hinter.give()


class Alarm:
    """Where threads of one process wait for a hint, each for itself."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    def ring(self) -> None:
        """Wake all who wait, and those who come to wait for what they have not seen."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait(self, seen: int, seconds: float) -> int:
        """Until it rings, or the seconds are over; returns what has been seen now."""
        with self._changed:
            self._changed.wait_for(lambda: self._count != seen, seconds)
            return self._count


def listen(client: Redis, channel: str, alarm: Alarm, seconds: float) -> None:
    """Ring the alarm for hints that come within so many seconds. Raises RedisError."""
    with client.pubsub(ignore_subscribe_messages=True) as heard:
        heard.subscribe(channel)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if heard.get_message(timeout=0.5):
                alarm.ring()
