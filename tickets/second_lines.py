"""What stands under the lines of a board: what is asked for there, how often a citizen urged, what is due."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from db import db
from tickets.applying import WORDS
from tickets.lifecycle import AssignmentState
from tickets.models import Assignment, Deadline, Ticket, TicketText
from tickets.narrowing import Wanted, running_clocks
from tickets.request_models import Application
from tickets.terms import UNITS_WORDS

KINDS = {
    "extensions": "extension", "extensions_again": "extension", "suspensions": "suspension",
    "exclusions": "exclusion", "returns": "return",
}  # fmt: skip
"""Boards on which something is asked for: what."""


@dataclass(frozen=True)
class Asked:
    """A request that waits for its decision. `words` are as they were written, to be masked by whoever shows them;
    of a confidential ticket they stand on its page alone."""

    ticket_id: int
    kind: str
    unit: int
    reason: str | None
    days: str | None
    review_on: date | None
    suggested: int | None
    words: str


@dataclass(frozen=True)
class Urges:
    """How often a citizen asked again, when last, and since when no unit has written anything in answer."""

    count: int
    last_at: datetime
    waits_since: datetime | None


def asked_on(board: str, ticket_ids: Collection[int]) -> list[Asked]:
    """What is asked for on these tickets of a board, the oldest first."""
    kind = KINDS.get(board)
    if kind is None or not ticket_ids:
        return []
    found = _returns(ticket_ids) if kind == "return" else _applications(kind, ticket_ids)
    return list(found)


def _words(field: str) -> ColumnElement[Any]:
    """What was written last into a field for a part."""
    return (
        select(case((Ticket.confidential, ""), else_=TicketText.body))
        .where(TicketText.ticket_id == Ticket.id, TicketText.assignment_id == Assignment.id)
        .where(TicketText.field == field)
        .order_by(TicketText.version.desc())
        .limit(1)
        .correlate(Ticket, Assignment)
        .scalar_subquery()
    )


def _applications(kind: str, ticket_ids: Collection[int]) -> Iterable[Asked]:
    query = (
        select(Application, Assignment.department_id, _words(WORDS[kind]).label("words"))
        .join(Assignment, Assignment.id == Application.assignment_id)
        .join(Ticket, Ticket.id == Application.ticket_id)
        .where(Application.ticket_id.in_(ticket_ids), Application.kind == kind, Application.state == "asked")
    )
    for one, unit, words in db.session.execute(query.order_by(Application.id)):
        yield Asked(one.ticket_id, kind, unit, one.reason, one.days, one.review_on, None, words or "")


def _returns(ticket_ids: Collection[int]) -> Iterable[Asked]:
    query = (
        select(Assignment, _words("return_note").label("words"))
        .join(Ticket, Ticket.id == Assignment.ticket_id)
        .where(Assignment.ticket_id.in_(ticket_ids), Assignment.state == AssignmentState.RETURN_REQUESTED)
    )
    for part, words in db.session.execute(query.order_by(Assignment.id)):
        yield Asked(
            part.ticket_id, "return", part.department_id, part.return_reason, None, None,
            part.suggested_department_id, words or "",
        )  # fmt: skip


def urges_of(ticket_ids: Collection[int]) -> dict[int, Urges]:
    """By ticket, of those whose citizen asked again."""
    is_urge = TicketText.field == "urge_note"
    answered = (
        select(TicketText.ticket_id, func.max(TicketText.written_at).label("at"))
        .where(TicketText.ticket_id.in_(ticket_ids), TicketText.field.in_(UNITS_WORDS))
        .group_by(TicketText.ticket_id)
        .subquery()
    )
    is_open = func.coalesce(TicketText.written_at > answered.c.at, True)
    query = (
        select(
            TicketText.ticket_id, func.count().label("times"), func.max(TicketText.written_at).label("last_at"),
            func.min(TicketText.written_at).filter(is_open).label("since"),
        )
        .outerjoin(answered, answered.c.ticket_id == TicketText.ticket_id)
        .where(TicketText.ticket_id.in_(ticket_ids), is_urge)
        .group_by(TicketText.ticket_id)
    )  # fmt: skip
    return {row.ticket_id: Urges(row.times, row.last_at, row.since) for row in db.session.execute(query)}


def due_within(wanted: Wanted, ticket_ids: Collection[int]) -> list[tuple[int, int | None, str, datetime]]:
    """(ticket, part, clock, moment) of the running clocks that a filter by days finds on these tickets."""
    if not (wanted.due_from or wanted.due_to) or not ticket_ids:
        return []
    columns = (Deadline.ticket_id, Deadline.assignment_id, Deadline.clock, Deadline.due_at)
    query = select(*columns).where(Deadline.ticket_id.in_(ticket_ids), *running_clocks(wanted, Deadline))
    return [(*row,) for row in db.session.execute(query.order_by(Deadline.due_at, Deadline.id))]
