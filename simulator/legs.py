"""One leg of a call: who is at its far end, what it hears, and the generator that plays TwiML to it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from math import ceil
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from simulator.twiml import BadTwiml, Verb

if TYPE_CHECKING:
    from simulator.network import Network
    from simulator.people import Answer, Party

KEY_PAUSE = 0.2  # seconds between two keys of one entry
SAME_MOMENT = 50  # documents in a row without any time passing: a circle
LOST_MEDIA = 10.0  # seconds until silence of a dead browser counts as its end
OVER = ("completed", "busy", "no-answer", "failed", "canceled")


@dataclass(frozen=True)
class Wait:
    """The leg waits: so long, or for ever; a key ends it if `keys`."""

    seconds: float | None = None
    keys: bool = False


@dataclass(frozen=True)
class Ask:
    """The leg waits for the answer to a webhook."""

    url: str
    params: Mapping[str, str]
    method: str = "POST"


Program = Generator[Wait | Ask, Any, None]


@dataclass(frozen=True)
class Target:
    """Where TwiML comes from: a URL, or verbs that are there already."""

    url: str = ""
    method: str = "POST"
    params: Mapping[str, str] = field(default_factory=dict)
    verbs: tuple[Verb, ...] | None = None


class Jump(Exception):
    """Go on at another document. `from_outside`: REST said so, and whatever is being played ends."""

    def __init__(self, target: Target, from_outside: bool = False) -> None:
        super().__init__(target.url)
        self.target = target
        self.from_outside = from_outside


class Gone(Exception):
    """The leg is over. Raised by verbs that end it, thrown into those that play when it has ended."""

    def __init__(self, status: str = "completed", by: str = "twiml") -> None:
        super().__init__(status)
        self.status = status
        self.by = by


class Pulled(Exception):
    """Taken out of the place where the leg waited (queue, conference, bridge), for a reason."""

    def __init__(self, reason: str, data: Any = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.data = data


@dataclass(frozen=True)
class Heard:
    """What the far end heard: kind is say, play or beep."""

    at: datetime
    kind: str
    text: str


@dataclass
class Callbacks:
    """Who wants to be told of a leg's progress, and of which steps."""

    url: str = ""
    method: str = "POST"
    events: tuple[str, ...] = ("completed",)
    sequence: int = 0


class Leg:
    """A call as Twilio sees it and, through press, speak and hang_up, as the person at its far end does."""

    def __init__(
        self, network: Network, direction: str, from_: str, to: str, party: Party, parent: Leg | None = None
    ) -> None:
        self.network, self.direction, self.from_, self.to, self.party = network, direction, from_, to, party
        self.parent = parent
        self.sid = network.sid("CA")
        self.status = "queued" if direction == "outbound-api" else "ringing"
        self.created_at = network.clock.now()
        self.answered_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.ended_by = ""
        self.url = ""
        self.fallback = ("", "POST")
        self.callbacks = Callbacks()
        self.parameters: dict[str, str] = {}
        self.answered_by = ""
        self.heard: list[Heard] = []
        self.speaking_until: datetime | None = None
        self.place: object = None
        self.on_answer: Callable[[], None] | None = None
        self.on_end: list[Callable[[], None]] = []
        self.on_key: Callable[[str], None] | None = None
        self.answer: Answer | None = None
        self._program: Program | None = None
        self._waits: Wait | Ask | None = None
        self._turn = 0
        self._running = False
        self._asked = (self.created_at, 0)
        self.script_at = self.script_from = 0
        network.calls[self.sid] = self
        party.calls.append(self)
        network.truth.note("began", self.sid, direction)

    @property
    def state(self) -> str:
        return self.status

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    @property
    def transcript(self) -> str:
        return "\n".join(heard.text for heard in self.heard)

    @property
    def seconds(self) -> int:
        """Twilio's CallDuration: whole seconds since the answer."""
        if self.answered_at is None:
            return 0
        return round(((self.ended_at or self.network.clock.now()) - self.answered_at).total_seconds())

    def params(self) -> dict[str, str]:
        """The parameters of every webhook about this call."""
        found = {
            "CallSid": self.sid, "AccountSid": self.network.account_sid, "From": self.from_, "To": self.to,
            "Caller": self.from_, "Called": self.to, "CallStatus": self.status, "ApiVersion": "2010-04-01",
            "Direction": self.direction,
        }  # fmt: skip
        for name, number in (("From", self.from_), ("To", self.to)):
            if number.startswith("+86"):
                found |= {f"{name}Country": "CN", f"{name}City": "", f"{name}State": "", f"{name}Zip": ""}
        if self.parent:
            found["ParentCallSid"] = self.parent.sid
        if self.answered_by:
            found["AnsweredBy"] = self.answered_by
        return found

    def absolute(self, url: str) -> str:
        return urljoin(self.url, url) if url else self.url

    # What the person at the far end does.

    def press(self, keys: str) -> None:
        with self.network.clock.lock:
            if self.status != "in-progress":
                raise ValueError(f"keys {keys!r} on a call that is {self.status}")
            self._key(keys[0])
            for index, key in enumerate(keys[1:], 1):
                self.network.clock.after(index * KEY_PAUSE, lambda key=key: self._key(key))  # type: ignore[misc]

    def _key(self, key: str) -> None:
        if self.is_over:
            return
        if isinstance(self._waits, Wait) and self._waits.keys:
            self._step(send=key)
        elif self.on_key:
            self.on_key(key)

    def speak(self, seconds: float) -> None:
        """Talk from now on, so long: what a voicemail hears."""
        self.speaking_until = self.network.after_now(seconds)

    def hang_up(self) -> None:
        with self.network.clock.lock:
            self.finish("completed" if self.answered_at else "no-answer", "far end")

    def vanish(self, seconds: float = LOST_MEDIA) -> None:
        """Die without a word, as a browser whose machine lost its network; the other side notices later."""
        self.network.clock.after(seconds, self.hang_up)

    def pick_up(self) -> None:
        """Answer a call that rings."""
        with self.network.clock.lock:
            if self.status != "ringing" or self.on_answer is None:
                raise ValueError(f"picking up a call that is {self.status}")
            on_answer, self.on_answer = self.on_answer, None
            self.answered()
            on_answer()

    def decline(self) -> None:
        with self.network.clock.lock:
            self.finish("busy", "far end")

    # What the network does.

    def is_circling(self) -> bool:
        """Counts one more document. Twilio would go on for ever; a virtual clock would never come back."""
        now = self.network.clock.now()
        self._asked = (now, self._asked[1] + 1 if self._asked[0] == now else 1)
        return self._asked[1] > SAME_MOMENT

    def answered(self) -> None:
        if self.answered_at or self.is_over:
            return
        self.status = "in-progress"
        self.answered_at = self.network.clock.now()
        self.network.truth.note("answered", self.sid)
        self.report("answered")
        self.party.follow_script(self)

    def hears(self, kind: str, text: str) -> None:
        if self.answered_at:
            self.heard.append(Heard(self.network.clock.now(), kind, text))
            self.party.follow_script(self)

    def begin(self, program: Program) -> None:
        self._program = program
        self._step()

    def interrupt(self, reason: Exception) -> None:
        """Throws into what is being played. From outside, or between two steps; never from this leg's own verb."""
        if not self.is_over and self._program is not None:
            self._step(throw=reason)

    def pull(self, place: object, reason: Pulled) -> None:
        """Interrupts at once, unless the leg has left that place by then."""

        def now() -> None:
            if self.place is place:
                self.interrupt(reason)

        self.network.clock.after(0, now)

    def _resume(self, turn: int, value: object) -> None:
        if turn == self._turn and not self.is_over:
            self._step(send=value)

    def _step(self, send: object = None, throw: Exception | None = None) -> None:
        if self._running or self._program is None:
            raise RuntimeError("a leg was moved by what it was playing")
        self._turn += 1
        turn = self._turn
        self._running = True
        try:
            self._waits = self._program.throw(throw) if throw else self._program.send(send)
        except StopIteration:
            self._ended(Gone())
            return
        except Gone as gone:
            self._ended(gone)
            return
        except BadTwiml as error:
            self.network.fault(f"{self.url}: {error}")
            self._ended(Gone("failed", "error"))
            return
        except Pulled as pulled:
            self.network.fault(f"{self.sid} was pulled out of nowhere: {pulled.reason}")
            self._ended(Gone("failed", "error"))
            return
        finally:
            self._running = False
        if isinstance(self._waits, Ask):
            ask = self._waits
            self.network.post.ask(ask.url, ask.params, lambda reply: self._resume(turn, reply), ask.method)
        elif self._waits.seconds is not None:
            self.network.clock.after(self._waits.seconds, lambda: self._resume(turn, None))

    def _ended(self, gone: Gone) -> None:
        self._running = False
        self._program = None
        self.finish(gone.status, gone.by)

    def finish(self, status: str = "completed", by: str = "twiml") -> None:
        """The end, once. Whatever was being played cleans up first."""
        if self.is_over:
            return
        self.status, self.ended_by = status, by
        self.ended_at = self.network.clock.now()
        self._turn += 1
        if self._program is not None:
            self._running = True
            program, self._program = self._program, None
            try:
                program.throw(Gone(status, by))
            except (StopIteration, Gone):
                pass
            else:
                raise RuntimeError(f"{self.sid} went on after its end")
        self.network.truth.note("ended", self.sid, by)
        self.network.recordings.stop_all(self)
        self.report("completed")
        for told in self.on_end:
            self.network.clock.after(0, told)

    def report(self, event: str) -> None:
        """Tells whoever asked to hear of this step."""
        if not self.callbacks.url or event not in self.callbacks.events:
            return
        params = self.params() | {
            "Timestamp": format_datetime(self.network.clock.now()), "CallbackSource": "call-progress-events",
            "SequenceNumber": str(self.callbacks.sequence),
        }  # fmt: skip
        self.callbacks.sequence += 1
        if event == "initiated":
            params["CallStatus"] = "initiated"
        if event == "completed":
            params |= {"CallDuration": str(self.seconds), "Duration": str(ceil(self.seconds / 60))}
        self.network.post.tell(self.callbacks.url, params, self.callbacks.method)
