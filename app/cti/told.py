"""An event as a platform sends it, in JSON or as a form, read into what the rooms understand."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Request
from werkzeug.exceptions import BadRequest

from calls.pushed import Told
from tickets import errors, sealing

CALL_EVENTS = frozenset(
    {"newCall", "answer", "hangup", "queued", "dequeued", "ringing", "hold", "unhold", "transfer", "recording",
     "satisfaction"}
)  # fmt: skip
AGENT_STATE = "agentState"
EVENTS = CALL_EVENTS | {AGENT_STATE}
DIRECTIONS = ("in", "out")
WITHHELD = frozenset({"", "anonymous", "unknown", "private", "unavailable", "restricted"})
LONGEST_ID, LONGEST_URL, LONGEST_WAIT, FEWEST_DIGITS = 250, 2000, 86_400, 3
EARLY, OLD = timedelta(minutes=5), timedelta(days=2)
"""How far ahead of ours a platform's clock may go, and how old an event may be."""
_KEYS = re.compile(r"[0-9*#]{1,16}")


@dataclass(frozen=True)
class Event:
    """`fields` as they came, keys in small letters; a value that is a list stays one."""

    name: str
    fields: Mapping[str, Any]
    received_at: datetime

    def text(self, *names: str) -> str:
        """The first of these fields that says something, as text."""
        for name in names:
            value = self.fields.get(name.lower())
            if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
                return str(value).strip()
        return ""

    @property
    def repeats(self) -> bool:
        """Whether it can be told from the next event that says the same: then a repeat is known as one."""
        return bool(self.text("timestamp", "seq"))

    @property
    def at(self) -> datetime:
        """When it happened, where the platform says so and its clock can be right; else when it came."""
        said = _moment(self.text("timestamp"))
        if said is None or not self.received_at - OLD <= said <= self.received_at + EARLY:
            return self.received_at
        return min(said, self.received_at)

    @property
    def agents(self) -> list[str]:
        """Names of the one operator concerned, the surest first. Of a group that is rung nobody is meant yet."""
        named = [self.text("answeringNumber"), self.text("agentId")]
        group = self.fields.get("user") or self.fields.get("user[]") or self.fields.get("caller")
        users = group if isinstance(group, list) else [group]
        if self.name != "newCall" and len(users) == 1 and isinstance(users[0], str | int):
            named.append(str(users[0]).strip())
        return list(dict.fromkeys(one for one in named if one))


def event_of(request: Request, received_at: datetime) -> Event:
    """Read a request. Raises Invalid for what is no event; keys that nobody knows are passed over."""
    fields = _fields(request)
    name = fields.get("event")
    event = Event(name if isinstance(name, str) else "", fields, received_at)
    if event.name not in EVENTS:
        raise errors.Invalid(fields={"event": "unknown"})
    if event.name in CALL_EVENTS and not 0 < len(event.text("callId")) <= LONGEST_ID:
        raise errors.Invalid(fields={"callId": "missing"})
    return event


def told_by(event: Event, staff_id: int | None) -> Told:
    """The event as the room of calls hears it."""
    direction = event.text("direction") if event.text("direction") in DIRECTIONS else None
    ends = ("to", "from") if direction == "out" else ("from", "to")
    wait, rating = event.text("waitSeconds"), event.text("rating")
    return Told(
        kind=event.name, call_id=event.text("callId"), at=event.at, direction=direction,
        phone=number_of(event.fields[ends[0]]) if ends[0] in event.fields else None,
        line=sealing.normalise_phone(event.text(ends[1])), staff_id=staff_id, names_agent=bool(event.agents),
        in_queue=bool(event.text("queue")), cause=event.text("cause"),
        keys=event.text("ivr") if _KEYS.fullmatch(event.text("ivr")) else "",
        wait_seconds=int(wait) if wait.isascii() and wait.isdigit() and int(wait) <= LONGEST_WAIT else None,
        recording=event.text("recordingUrl")[:LONGEST_URL], rating=rating if event.name == "satisfaction" else "",
        question=event.text("question") or "satisfied",
    )  # fmt: skip


def number_of(said: Any) -> str:
    """A number as it is kept; empty where it is withheld, or is none."""
    text = str(said).strip() if isinstance(said, str | int) else ""
    if text.casefold() in WITHHELD or len(text) > 40:
        return ""
    number = sealing.normalise_phone(text)
    return number if FEWEST_DIGITS <= len(number.lstrip("+")) <= 15 else ""


def _fields(request: Request) -> Mapping[str, Any]:
    if request.is_json:
        try:
            data = request.get_json()
        except BadRequest as fault:
            raise errors.Invalid(fields={"body": "unreadable"}) from fault
        if not isinstance(data, dict):
            raise errors.Invalid(fields={"body": "unreadable"})
        found: dict[str, Any] = data
    else:
        found = {name: _one_or_all(values) for name, values in request.form.lists()}
    return {name if name == "event" else str(name).lower(): _stored(value) for name, value in found.items()}


def _one_or_all(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def _stored(value: Any) -> Any:
    """Without what the database cannot hold."""
    if isinstance(value, list):
        return [_stored(one) for one in value]
    return value.encode(errors="ignore").decode().replace("\x00", "") if isinstance(value, str) else value


def _moment(text: str) -> datetime | None:
    """A moment in ISO 8601 with its offset, or in seconds or milliseconds of Unix."""
    if re.fullmatch(r"[0-9]{10}([0-9]{3})?", text):
        return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        return None
    return said.astimezone(UTC) if said.tzinfo else None
