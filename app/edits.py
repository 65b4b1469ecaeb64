"""The record of edits of roles and reference data: who, when, what before and after."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from app.auth.models import Staff
from db import db
from routing.editing import Edit
from routing.service import current_version
from tickets import events
from tickets.event_models import TicketEvent
from tickets.permissions import Actor

SUBJECT = "reference"
PAGE = 50


@dataclass(frozen=True)
class PastEdit:
    """One edit as it is told; `changes` are (name of the value, before, after)."""

    id: int
    at: datetime
    who: str
    what: str
    key: str
    is_new: bool
    changes: tuple[tuple[str, Any, Any], ...]


def keep(edit: Edit, actor: Actor, now: datetime) -> None:
    """Record an edit; one that changed nothing leaves no trace.

    The event's subject is the state of the reference data that the edit led to; of what no state counts, such as
    the telephone's lines and texts, the one that it was made in.
    """
    if edit.before == edit.after:
        return
    events.record(
        "reference.changed" if edit.before else "reference.added",
        subject=SUBJECT,
        subject_id=current_version(db.session()),
        version=edit.version,
        actor=actor,
        now=now,
        what=edit.what,
        key=edit.key,
        before=dict(edit.before),
        after=dict(edit.after),
    )


def history(what: str, key: str, since: int = 0, limit: int = PAGE) -> list[PastEdit]:
    """The edits of one thing after its version `since`, the latest first."""
    query = _edits().where(
        TicketEvent.payload["what"].astext == what,
        TicketEvent.payload["key"].astext == key,
        TicketEvent.version > since,
    )
    return [_past(row) for row in db.session.execute(query.limit(limit))]


def page(before: int | None = None, limit: int = PAGE) -> tuple[list[PastEdit], int | None]:
    """All edits, the latest first, those before event `before`; and the event to continue from."""
    query = _edits() if before is None else _edits().where(TicketEvent.id < before)
    rows = [_past(row) for row in db.session.execute(query.limit(limit + 1))]
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def _edits() -> Select[Any]:
    return (
        select(TicketEvent, Staff.name)
        .outerjoin(Staff, Staff.id == TicketEvent.actor_id)
        .where(TicketEvent.subject == SUBJECT)
        .order_by(TicketEvent.id.desc())
    )


def _past(row: Row[Any]) -> PastEdit:
    event: TicketEvent = row[0]
    payload = event.payload
    is_new = event.kind == "reference.added"
    return PastEdit(
        event.id, event.at, row[1] or "", payload["what"], payload["key"], is_new, tuple(_changes(payload))
    )


def _changes(payload: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    before = payload.get("before", {})
    for name, value in payload.get("after", {}).items():
        yield name, before.get(name), value
