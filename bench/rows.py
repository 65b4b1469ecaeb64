"""Rows while they are being made: the columns that are copied, and what is kept of a ticket until it is final."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bench.city import Run
from tickets.vault import CONTACT_FIELDS

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "ticket": (
        "id", "number", "state", "version", "rooms", "channel", "line_no", "form_key", "form_hash",
        "code_counter", "code_key_id", "code_hash", "registered_by", "created_at", "received_at",
        "registered_at", "dispatched_at", "closed_at", "anonymous", "confidential", "wants_reply", "type",
        "title", "category_code", "tags", "region_code", "region_path", "place", "person_count", "enterprise",
        "threat", "urgency", "green_channel", "disposition", "refer_reason", "round", "due_at",
    ),
    "assignment": (
        "id", "ticket_id", "department_id", "role", "round", "state", "dispatched_at", "signed_at",
        "first_contact_at", "submitted_at", "ended_at", "return_reason", "suggested_department_id",
        "return_until", "auto_signed", "contact_method", "contact_at", "contact_from", "facts", "result",
        "due_at",
    ),
    "ticket_text": (
        "id", "ticket_id", "assignment_id", "field", "version", "body", "written_by", "written_at",
    ),
    "contact": ("ticket_id", "name", "phone", "address", "phone_hash", "name_hash", "updated_at"),
    "routing_decision": (
        "id", "ticket_id", "decided_at", "dispatched", "lead_department_id", "category_code", "duty_code",
        "duty_version", "rule_id", "confidence", "detail",
    ),
    "deadline": (
        "id", "ticket_id", "assignment_id", "clock", "epoch", "policy_id", "limit", "started_at", "due_at",
        "yellow_at", "levels", "next_at", "stopped_at",
    ),
    "escalation": (
        "id", "deadline_id", "level", "tier", "owed_at", "escalated_at", "outcome", "clock", "department_id",
    ),
    "follow_up": ("id", "ticket_id", "asked_by", "asked_at", "outcome"),
    "rating": ("id", "ticket_id", "round", "solved", "satisfied", "rated_at"),
    "ticket_event": (
        "id", "subject", "subject_id", "version", "kind", "actor", "actor_id", "department_id", "at",
        "payload", "rooms_before", "rooms_after",
    ),
    "publication": ("seq", "event_id", "hash", "published_at"),
    "text_index": ("key", "tokens"),
}


Event = tuple[
    datetime, int, int, str, str, int | None, int | None, dict[str, Any], tuple[str, ...], tuple[str, ...]
]
"""A ticket_event before it has its id: at, ticket, version, kind, actor, actor's id, department, payload, rooms
before and after. In this order events sort as they are published."""


@dataclass(slots=True)
class Part:
    """An assignment."""

    id: int
    unit: int
    role: str
    round: int
    dispatched_at: datetime
    state: str = "PENDING_SIGN"
    signed_at: datetime | None = None
    first_contact_at: datetime | None = None
    submitted_at: datetime | None = None
    ended_at: datetime | None = None
    return_reason: str | None = None
    suggested: int | None = None
    return_until: datetime | None = None
    auto_signed: bool = False
    account: tuple[Any, ...] = (None, None, None, None, None)
    """How and when the citizen was told, from which number; whether it is true; what came of it."""


@dataclass(slots=True)
class Clock:
    """A deadline."""

    id: int
    name: str
    part: Part | None
    epoch: int
    run: Run
    started_at: datetime
    next_at: datetime | None
    stopped_at: datetime | None = None
    fired: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Caller:
    """How the matter came in, and from whom."""

    channel: str
    operator: int | None
    anonymous: bool
    name: str
    phone: str
    address: str

    @property
    def fields(self) -> list[str]:
        """The names of what is known of them, in the order in which it is sealed."""
        return [field for field in CONTACT_FIELDS if getattr(self, field)]


class Ids:
    """The next id of each table; `take` gives one out."""

    def __init__(self, first: Mapping[str, int]) -> None:
        self.next = dict(first)

    def take(self, table: str) -> int:
        given = self.next[table]
        self.next[table] = given + 1
        return given
