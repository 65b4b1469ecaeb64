"""What a citizen was promised anew: by when, with more time granted; when it is looked at again, if suspended."""

from datetime import date, datetime, timedelta

from sqlalchemy import select

from db import db
from routing import service as routing
from tickets.lifecycle import TicketState
from tickets.models import Assignment, Deadline, Ticket
from tickets.terms import HANDLING

_INSTANT = timedelta(microseconds=1)


def extended_to(ticket: Ticket) -> date | None:
    """The day by which the lead unit, which was given more time, promises an outcome; None while there is none.

    Of what was merged into another ticket it is the promise of that one, here and below.
    """
    due_at = _running(ticket, TicketState.IN_PROGRESS, Deadline.clock.in_(HANDLING), Deadline.prolonged.is_(True))
    return due_at.astimezone(routing.current().zone).date() if due_at else None


def again_by(ticket: Ticket) -> date | None:
    """The day by which the lead unit promises an outcome of a matter that it handles again."""
    due_at = _running(ticket, TicketState.IN_PROGRESS, Deadline.clock.in_(HANDLING))
    return due_at.astimezone(routing.current().zone).date() if due_at else None


def to_be_answered_by(ticket: Ticket) -> date | None:
    """The day to the end of which the citizen is asked to add something, of whoever asked the last; None while
    nobody waits for it."""
    query = select(Deadline.due_at).where(
        Deadline.ticket_id == ticket.id, Deadline.stopped_at.is_(None), Deadline.clock == "info"
    )
    due_at = db.session.scalar(query.order_by(Deadline.id.desc()).limit(1))
    return (due_at - _INSTANT).astimezone(routing.current().zone).date() if due_at else None


def looked_at_again_on(ticket: Ticket) -> date | None:
    """The day to the end of which a suspended matter is looked at again."""
    due_at = _running(ticket, TicketState.SUSPENDED, Deadline.clock == "suspension")
    return (due_at - _INSTANT).astimezone(routing.current().zone).date() if due_at else None


def merged_into(ticket_id: int) -> list[int]:
    """The tickets that were merged into this one, and go its way."""
    query = select(Ticket.id).where(Ticket.parent_id == ticket_id, Ticket.state == TicketState.MERGED)
    return list(db.session.scalars(query.order_by(Ticket.id)))


def _running(ticket: Ticket, state: TicketState, *which: object) -> datetime | None:
    """The end of that clock of the whole ticket or of its lead's part, while the ticket is in the state."""
    if ticket.state == TicketState.MERGED and ticket.parent_id is not None:
        ticket = db.session.get_one(Ticket, ticket.parent_id)
    if ticket.state != state:
        return None
    query = (
        select(Deadline.due_at)
        .outerjoin(Assignment, Assignment.id == Deadline.assignment_id)
        .where(Deadline.ticket_id == ticket.id, Deadline.stopped_at.is_(None), *which)  # type: ignore[arg-type]
        .where((Deadline.assignment_id.is_(None)) | (Assignment.role == "lead"))
    )
    return db.session.scalar(query.order_by(Deadline.id.desc()).limit(1))
