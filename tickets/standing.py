"""Where tickets stand, for whoever wants to know after a step for many of them what came of it."""

from collections.abc import Collection

from sqlalchemy import select

from db import db
from tickets.lifecycle import AssignmentState, TicketState
from tickets.models import Assignment, Deadline, Escalation, Ticket
from tickets.permissions import Actor, visible_to


def names_of(actor: Actor, ticket_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Number and title of those of these tickets that the actor may see; the title was masked when written."""
    named = select(Ticket.id, Ticket.number, Ticket.title)
    seen = named.where(Ticket.id.in_(ticket_ids), visible_to(actor, Ticket.rooms))
    return {row.id: (row.number or "", row.title) for row in db.session.execute(seen)}


def is_signed(actor: Actor, ticket_id: int, assignment_id: int | None) -> bool:
    """Whether a part of one of the actor's units, which the actor sees, is signed for and at work."""
    query = (
        select(Assignment.state)
        .join(Ticket, Ticket.id == Assignment.ticket_id)
        .where(
            Assignment.id == assignment_id,
            Ticket.id == ticket_id,
            Assignment.department_id.in_(sorted(actor.departments)),
            visible_to(actor, Ticket.rooms),
        )
    )
    return db.session.scalar(query) == AssignmentState.HANDLING


def is_dispatched_to(actor: Actor, ticket_id: int, unit_id: int) -> bool:
    """Whether the unit leads a ticket that is in progress, and that the actor sees."""
    query = select(Assignment.id).join(Ticket, Ticket.id == Assignment.ticket_id)
    leads = query.where(
        Ticket.id == ticket_id,
        visible_to(actor, Ticket.rooms),
        Ticket.state == TicketState.IN_PROGRESS,
        Assignment.department_id == unit_id,
        Assignment.role == "lead",
        Assignment.state != AssignmentState.RETURNED,
    )
    return db.session.scalar(leads.limit(1)) is not None


def is_clock_of(ticket_id: int, deadline_id: int | None) -> bool:
    """Whether the clock is one of the ticket's."""
    query = select(Deadline.id).where(Deadline.id == deadline_id, Deadline.ticket_id == ticket_id)
    return db.session.scalar(query) is not None


def is_seen(actor: Actor, ticket_id: int, deadline_id: int | None) -> bool:
    """Whether somebody has confirmed the last rung of a clock of a ticket that the actor sees."""
    query = (
        select(Escalation.acknowledged_at)
        .join(Deadline, Deadline.id == Escalation.deadline_id)
        .join(Ticket, Ticket.id == Deadline.ticket_id)
        .where(Deadline.id == deadline_id, Ticket.id == ticket_id, visible_to(actor, Ticket.rooms))
    )
    return db.session.scalar(query.order_by(Escalation.level.desc()).limit(1)) is not None
