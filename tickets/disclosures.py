"""Who looked at personal data: the record of it, newest first. The values looked at are not in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, and_, cast, func, select, tuple_

from db import db
from tickets import keys
from tickets.event_models import TicketEvent
from tickets.models import Ticket, TicketText
from tickets.permissions import Actor, sees

KINDS = ("contact.revealed", "contact.searched", "contact.exported")
"""The kinds of event that are such a look; ix_ticket_event_disclosures must hold each."""
REASON = "reveal_reason"
MANY = 10
"""More looks than this within an hour are pointed out."""
PAGE = 50


@dataclass(frozen=True)
class Looked:
    """What the record is narrowed to: one person, moments from `start` to before `end`, one ticket."""

    actor_id: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    ticket_id: int | None = None


@dataclass(frozen=True)
class Disclosure:
    """One look. `reason` is None when it was about a ticket that the reader may not see; no number, no ticket.

    `callers`: so many at once, in a file.
    """

    id: int
    kind: str
    at: datetime
    actor_id: int | None
    field: str | None
    ticket_id: int | None
    number: str | None
    may_open: bool
    reason: str | None
    callers: int | None = None


@dataclass(frozen=True)
class DisclosurePage:
    """Some looks, and the key to ask for those before them (None at the end)."""

    rows: list[Disclosure]
    next: str | None


def disclosures(actor: Actor, looked: Looked, after: str | None = None, limit: int = PAGE) -> DisclosurePage:
    """One page of the record. It is whole for every reader; reasons follow the rule of rooms."""
    query = _QUERY.where(*_narrowed(looked))
    if after:
        query = query.where(tuple_(TicketEvent.at, TicketEvent.id) < tuple_(*keys.decode(after)))
    found = db.session.execute(query.limit(limit + 1)).all()
    more = keys.encode(found[limit - 1].at, found[limit - 1].id) if len(found) > limit else None
    return DisclosurePage([_disclosure(actor, row) for row in found[:limit]], more)


_QUERY = (
    select(
        TicketEvent.id, TicketEvent.kind, TicketEvent.at, TicketEvent.actor_id, TicketEvent.payload,
        Ticket.id.label("ticket_id"), Ticket.number, Ticket.rooms, TicketText.body,
    )
    .outerjoin(Ticket, and_(TicketEvent.subject == "ticket", Ticket.id == TicketEvent.subject_id))
    .outerjoin(
        TicketText,
        and_(
            TicketText.ticket_id == Ticket.id,
            TicketText.field == REASON,
            TicketText.version == cast(TicketEvent.payload["texts"][REASON].astext, Integer),
        ),
    )
    .where(TicketEvent.kind.in_(KINDS))
    .order_by(TicketEvent.at.desc(), TicketEvent.id.desc())
)  # fmt: skip


def _narrowed(looked: Looked) -> Iterable[ColumnElement[bool]]:
    if looked.actor_id is not None:
        yield TicketEvent.actor_id == looked.actor_id
    if looked.start is not None:
        yield TicketEvent.at >= looked.start
    if looked.end is not None:
        yield TicketEvent.at < looked.end
    if looked.ticket_id is not None:
        yield and_(TicketEvent.subject == "ticket", TicketEvent.subject_id == looked.ticket_id)


def _disclosure(actor: Actor, row: Any) -> Disclosure:
    may_open = row.ticket_id is not None and sees(actor, row.ticket_id, row.rooms)
    return Disclosure(
        id=row.id,
        kind=row.kind,
        at=row.at,
        actor_id=row.actor_id,
        field=row.payload.get("field"),
        ticket_id=row.ticket_id,
        number=row.number,
        may_open=may_open,
        reason=(row.body or "") if may_open or row.ticket_id is None else None,
        callers=row.payload.get("callers"),
    )


def looked_often(now: datetime) -> list[tuple[int, int]]:
    """Staff with more than MANY looks in the last hour: (id, looks), most first."""
    looks = func.count().label("looks")
    query = (
        select(TicketEvent.actor_id, looks)
        .where(TicketEvent.kind.in_(KINDS), TicketEvent.at > now - timedelta(hours=1))
        .group_by(TicketEvent.actor_id)
        .having(looks > MANY)
        .order_by(looks.desc(), TicketEvent.actor_id)
    )
    return [(row.actor_id, row.looks) for row in db.session.execute(query)]


def ticket_by_number(number: str) -> int | None:
    """The id of the ticket with that (normalised) number, or None."""
    return db.session.scalar(select(Ticket.id).where(Ticket.number == number))
