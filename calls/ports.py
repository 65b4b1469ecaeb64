"""What the rooms ask of a carrier, whoever it is; and how it may fail to do it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class CarrierError(Exception):
    """Base of all that can go wrong. The text holds codes, never numbers."""


class Gone(CarrierError):
    """The line or the room is not there any more: what was asked for does not matter now."""


class Unreachable(CarrierError):
    """Nothing was done: no answer, or told to come back later. It is safe to ask again."""


class Unclear(CarrierError):
    """It may have been done or not. Only asking what is there can tell; doing it again could do it twice."""


class Refused(CarrierError):
    """The carrier will not do this, however often it is asked."""


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
