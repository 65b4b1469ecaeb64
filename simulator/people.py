"""Who is at the far end: phones and browsers, and what they do when it rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.legs import Leg
    from simulator.network import Network


@dataclass(frozen=True)
class Step:
    """One thing an answering person does, `after` seconds after having heard `hearing` (or the step before)."""

    keys: str = ""
    hearing: str = ""
    after: float = 0.5
    speaks: float = 0.0
    hangs_up: bool = False


@dataclass(frozen=True)
class Answer:
    """What happens when it rings: how is human, machine, busy, no-answer or rejects."""

    how: str = "human"
    after: float = 2.0
    then: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Sms:
    """A text that arrived at a phone."""

    at: datetime
    from_: str
    body: str
    sid: str


@dataclass
class Party:
    """Somebody who can be called. `address` is what stands in From and To."""

    network: Network
    address: str
    calls: list[Leg] = field(default_factory=list)
    answer: Answer | None = None  # None: it rings until somebody picks up by hand

    def answers(self, after: float = 2.0, then: Sequence[Step] = ()) -> None:
        self.answer = Answer("human", after, tuple(then))

    def is_busy(self) -> None:
        self.answer = Answer("busy", 1.0)

    def does_not_answer(self) -> None:
        self.answer = None

    def has_a_machine(self, after: float = 4.0) -> None:
        self.answer = Answer("machine", after)

    def rejects(self, after: float = 1.0) -> None:
        self.answer = Answer("rejects", after)

    def ring(self, leg: Leg, timeout: float) -> None:
        """It rings; the leg's `on_answer` runs if somebody answers within the time."""
        clock = self.network.clock
        leg.status = "ringing"
        leg.report("ringing")
        answer = leg.answer = self.answer
        clock.after(timeout, lambda: _end_ringing(leg, "no-answer", "timeout"))
        if answer is None or answer.how == "no-answer":
            return
        if answer.how in ("busy", "rejects"):
            clock.after(answer.after, lambda: _end_ringing(leg, "busy", "far end"))
        elif answer.after < timeout:
            clock.after(answer.after, lambda: _pick_up(leg))

    def follow_script(self, leg: Leg) -> None:
        """The next step of the person who answered, if what it waits for was heard."""
        steps = leg.answer.then if leg.answer else ()
        if leg.script_at >= len(steps):
            return
        step = steps[leg.script_at]
        new = "\n".join(heard.text for heard in leg.heard[leg.script_from:])
        if step.hearing and step.hearing not in new:
            return
        leg.script_at += 1
        leg.script_from = len(leg.heard)
        self.network.clock.after(step.after, lambda: self._do(leg, step))

    def _do(self, leg: Leg, step: Step) -> None:
        if leg.is_over:
            return
        if step.speaks:
            leg.speak(step.speaks)
        if step.keys:
            leg.press(step.keys)
        if step.hangs_up:
            leg.hang_up()
            return
        self.follow_script(leg)


def _end_ringing(leg: Leg, status: str, by: str) -> None:
    if leg.status == "ringing":
        leg.finish(status, by)


def _pick_up(leg: Leg) -> None:
    if leg.status == "ringing":
        leg.pick_up()


@dataclass
class Phone(Party):
    """A telephone with a number. `sms`: delivered, undelivered, failed or opted-out."""

    inbox: list[Sms] = field(default_factory=list)
    sms: str = "delivered"

    def dial(self, to: str, withheld: bool = False) -> Leg:
        return self.network.incoming(self, "anonymous" if withheld else self.address, to)

    def send(self, to: str, body: str) -> str:
        """Sends a text; the sid of the message as the product gets it."""
        with self.network.clock.lock:
            return self.network.messages.incoming(self, to, body)


@dataclass
class Browser(Party):
    """A softphone in a browser; its address is client:IDENTITY."""

    def connect(self, app_sid: str, params: dict[str, str] | None = None) -> Leg:
        """What device.connect does: a call to the TwiML app, with parameters of the page's choice."""
        return self.network.connecting(self, app_sid, params or {})
