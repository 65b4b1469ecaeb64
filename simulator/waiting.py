"""Waiting rooms: Enqueue and Leave, and documents that are played again and again until something happens."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from simulator.flow import document, performs, play_all, target_of, tell_action
from simulator.legs import Ask, Gone, Jump, Leg, Program, Pulled, Target, Wait
from simulator.twiml import Verb

if TYPE_CHECKING:
    from simulator.network import Network

DEFAULT_MUSIC = "the provider's own music"
DEFAULT_SIZE = 1000


@dataclass(eq=False)
class Entry:
    """One caller in a queue."""

    queue: Queue
    leg: Leg
    since: datetime
    left_at: datetime | None = None

    @property
    def seconds(self) -> int:
        return round(((self.left_at or self.queue.network.clock.now()) - self.since).total_seconds())

    def leave(self) -> None:
        """Safe to repeat."""
        if self in self.queue.entries:
            self.queue.entries.remove(self)
            self.left_at = self.queue.network.clock.now()
            self.queue.network.truth.note("left-queue", self.leg.sid, self.queue.name)

    def facts(self) -> dict[str, str]:
        entries = self.queue.entries
        times = [entry.seconds for entry in entries] or [0]
        return {
            "QueueSid": self.queue.sid, "QueueTime": str(self.seconds),
            "QueuePosition": str(entries.index(self) + 1 if self in entries else 0),
            "AvgQueueTime": str(round(sum(times) / len(times))), "CurrentQueueSize": str(len(entries)),
            "MaxQueueSize": str(self.queue.max_size),
        }  # fmt: skip


@dataclass(eq=False)
class Queue:
    """Callers in the order in which they came."""

    network: Network
    sid: str
    name: str
    created_at: datetime
    max_size: int = DEFAULT_SIZE
    entries: list[Entry] = field(default_factory=list)

    def find(self, call_sid: str) -> Entry | None:
        """By the sid of the call, or Front."""
        if call_sid == "Front":
            return self.entries[0] if self.entries else None
        return next((entry for entry in self.entries if entry.leg.sid == call_sid), None)


def again_and_again(
    leg: Leg, target: Target, params: Callable[[], Mapping[str, str]], context: str
) -> Program:
    """Plays a document in a loop, asking for it anew each time. Ends only by an exception."""
    if not target.url:
        leg.hears("play", DEFAULT_MUSIC)
        yield Wait(None)
    while True:
        began = leg.network.clock.now()
        yield from once(leg, target, params, context)
        if leg.network.clock.now() == began:
            yield Wait(1)


def once(leg: Leg, target: Target, params: Callable[[], Mapping[str, str]], context: str) -> Program:
    """Plays a document and those it leads to, until there is nothing left."""
    while True:
        try:
            asked = Target(target.url, target.method, {**params(), **target.params})
            verbs = yield from document(leg, asked, context)
            yield from play_all(leg, verbs)
            return
        except Jump as jump:
            if jump.from_outside:
                raise
            target = jump.target


@performs("Enqueue")
def enqueue(leg: Leg, verb: Verb) -> Program:
    """Without an action what follows the verb is played afterwards."""
    network, home = leg.network, leg.url
    queue = network.queue(verb.text)
    entry = Entry(queue, leg, network.clock.now())
    if len(queue.entries) >= min(verb.number("maxQueueSize", queue.max_size), queue.max_size):
        result = "queue-full"
    else:
        queue.entries.append(entry)
        network.truth.note("queued", leg.sid, queue.name)
        result = yield from _waited(leg, verb, entry)
    leg.url = home
    facts = {"QueueResult": result, "QueueSid": queue.sid, "QueueTime": str(entry.seconds)}
    if verb.get("action"):
        raise Jump(target_of(leg, verb, params=facts))


def _waited(leg: Leg, verb: Verb, entry: Entry) -> Generator[Wait | Ask, Any, str]:
    """The QueueResult of one who stays in the call; those who leave it are told to the action on the way."""
    home, result = leg.url, ""
    wait = Target(leg.absolute(verb.get("waitUrl")), verb.get("waitUrlMethod", "POST").upper())
    if not verb.get("waitUrl"):
        wait = Target()
    leg.place = entry
    try:
        try:
            yield from again_and_again(leg, wait, entry.facts, "wait")
        except Pulled as pulled:
            entry.leave()
            result = pulled.reason
            if result == "bridged":
                yield from pulled.data(leg, entry)
        return result
    except (Gone, Jump) as end:
        entry.leave()
        bridged = result == "bridged"
        if isinstance(end, Jump):
            result = "redirected-from-bridged" if bridged else "redirected"
        else:
            result = "bridged" if bridged else "hangup"
        leg.url = home
        facts = {"QueueResult": result, "QueueSid": entry.queue.sid, "QueueTime": str(entry.seconds)}
        tell_action(leg, verb, facts)
        raise
    finally:
        entry.leave()
        leg.place = None


@performs("Leave")
def leave(leg: Leg, verb: Verb) -> Program:
    raise Pulled("leave")
    yield
