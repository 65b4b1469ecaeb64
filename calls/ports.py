"""What the rooms ask of a carrier, whoever it is; and how it may fail to do it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from calls.message_states import MessageState


class CarrierError(Exception):
    """Base of all that can go wrong. The text holds codes, never numbers."""


class Gone(CarrierError):
    """The line or the room is not there any more: what was asked for does not matter now."""


class Unreachable(CarrierError):
    """Nothing was done: no answer, or told to come back later. It is safe to ask again.

    `wait` is after how many seconds, where that was said.
    """

    def __init__(self, text: str, wait: float | None = None) -> None:
        super().__init__(text)
        self.wait = wait


class Unclear(CarrierError):
    """It may have been done or not. Only asking what is there can tell; doing it again could do it twice."""


class Refused(CarrierError):
    """The carrier will not do this, however often it is asked."""


class OptedOut(Refused):
    """Whoever it is for has told the carrier to be sent nothing."""


@dataclass(frozen=True)
class LineState:
    """A line as the carrier knows it. `status` in its own words; `ended_at` once it is down."""

    status: str
    ended_at: datetime | None = None
    called: str = ""
    caller: str = ""


@dataclass(frozen=True)
class Member:
    """Somebody in a talking room, since when, and whether they hear the room or the hold's music."""

    label: str
    joined_at: datetime
    is_held: bool


@dataclass(frozen=True)
class Sound:
    """A recording as the carrier knows it, and the line it is of."""

    recording: str
    line: str
    status: str
    seconds: int | None
    begun_at: datetime


class VoicePort(Protocol):
    """Control of calls. Lines and rooms go by the names the carrier gave them, addresses are ours.

    Each method raises CarrierError. Those that begin something return its name at the carrier's.
    """

    def lead(self, line: str, address: str) -> None:
        """Let a line go on with the document at this address, whatever it is in."""

    def hang_up(self, line: str) -> None:
        """Take a line down."""

    def room(self, name: str) -> str:
        """The carrier's name for a talking room that is in use."""

    def close_room(self, room: str) -> None:
        """End a room, with everybody in it."""

    def members(self, room: str) -> list[Member]:
        """Who is in a room."""

    def hold(self, room: str, label: str, address: str | None) -> None:
        """Let somebody in a room hear the document at this address instead; None: the room again."""

    def remove(self, room: str, label: str) -> None:
        """Take somebody out of a room."""

    def ring(self, number: str, caller_id: str, address: str, news: str, seconds: int) -> str:
        """Call a number; the document at `address` begins when somebody picks up."""

    def record(self, line: str, news: str) -> str:
        """Begin to record a line, each side on a channel of its own."""

    def pause_recording(self, line: str, *, paused: bool) -> None:
        """Keep what is said out of the running recording, or let it in again."""

    def fetch_recording(self, recording: str) -> bytes:
        """The sound of a recording, as a WAV file."""

    def recordings_since(self, moment: datetime) -> list[Sound]:
        """Recordings begun since then that are still at the carrier's."""

    def delete_recording(self, recording: str) -> None:
        """Delete a recording at the carrier's; one that is gone is deleted."""

    def look(self, line: str) -> LineState:
        """How a line is. Raises Gone for one that the carrier does not know."""


MAY_LINK, MAY_RECEIVE, KNOWS_REFERENCE = "may_link", "may_receive", "knows_reference"
"""What a provider of text messages can do: take an address in a text, bring answers, be asked by our reference."""


@dataclass(frozen=True)
class Outgoing:
    """One text as it goes out. `template` and `values` are for providers that fill in texts of their own."""

    reference: str
    number: str
    text: str
    template: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Sent:
    """One text as a provider is asked about it. `others` are names of texts that are known not to be this one."""

    reference: str
    sid: str | None
    number: str
    text: str
    tried_at: datetime
    others: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TextState:
    """A text as the provider knows it: its name there, and how far it is."""

    sid: str
    state: MessageState
    error_code: str | None = None


class SmsPort(Protocol):
    """One provider of text messages. Numbers are E.164. Each method raises CarrierError."""

    @property
    def name(self) -> str:
        """By which rows and pages know it."""

    @property
    def caps(self) -> frozenset[str]:
        """What it can do."""

    def send(self, text: Outgoing) -> str:
        """Send a text; returns its name there, empty where it has none. Unclear: it may have been sent."""

    def look(self, sent: Sent) -> TextState:
        """What became of a text. Raises Gone where it is certain that the provider never took it."""
