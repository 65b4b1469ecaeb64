"""What every verb does around its own change: lock, check against the table, write the event."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, not_, select

from db import db
from tickets import errors, events, guards, lifecycle
from tickets.event_models import TicketEvent
from tickets.models import Assignment, Deadline, Ticket, TicketText
from tickets.permissions import Actor, Scope, may, rooms_of_ticket, sees


@dataclass
class Locked:
    """A ticket under its row lock, with its assignments and the rooms it was in when locked."""

    ticket: Ticket
    parts: list[Assignment]
    rooms_before: tuple[str, ...] = ()

    def part(self, assignment_id: int) -> Assignment:
        """One of its assignments. Raises NotFound."""
        for part in self.parts:
            if part.id == assignment_id:
                return part
        raise errors.NotFound()


def lock(actor: Actor, ticket_id: int) -> Locked:
    """Lock the ticket's row for this transaction. Raises NotFound, also for a ticket out of sight."""
    query = select(Ticket).where(Ticket.id == ticket_id).with_for_update()
    ticket = db.session.scalar(query.execution_options(populate_existing=True))
    if ticket is None or not sees(actor, ticket.id, ticket.rooms):
        raise errors.NotFound()
    parts = db.session.scalars(
        select(Assignment)
        .where(Assignment.ticket_id == ticket_id)
        .order_by(Assignment.id)
        .execution_options(populate_existing=True)
    ).all()
    return Locked(ticket, list(parts), tuple(ticket.rooms))


def check(
    actor: Actor,
    locked: Locked | None,
    action: str,
    version: int | None = None,
    part: Assignment | None = None,
    now: datetime | None = None,
) -> lifecycle.Transition:
    """The row of the table for this action, or the reason why not. `locked` None: of a ticket yet to be.

    Permission is judged before version and state, so that a refusal tells a stranger nothing.
    `version` is the one the person saw; None is for machines, which act on what is there now. `now` is needed
    where the action's guard goes by the time. Raises Forbidden, Stale, NotNow.
    """
    machine, state = "ticket", locked.ticket.state if locked else None
    if part:
        machine, state = "assignment", part.state
    rows = [row for row in lifecycle.TABLE if (row.machine, row.action) == (machine, action)]
    parts = locked.parts if locked else []
    if not any(may(actor, row.who, unit=guards.unit_of(row, part, parts)) for row in rows):
        raise errors.Forbidden(action=action)
    if version is not None and locked and _is_stale(locked.ticket, version, part):
        raise errors.Stale(version=version, theirs=locked.ticket.version)
    row = lifecycle.transition(machine, action, state)
    if row is None:
        raise errors.NotNow(action=action, state=str(state))
    if not may(actor, row.who, unit=guards.unit_of(row, part, parts)):
        raise errors.Forbidden(action=action)
    if row.guard and locked and not guards.Case(actor, locked.ticket, parts, part, now).holds(row.guard):
        raise errors.NotNow(action=action, state=str(state), guard=row.guard)
    return row


def _is_stale(ticket: Ticket, version: int, part: Assignment | None) -> bool:
    """Whether somebody changed since what an action is about.

    What is only recorded beside the ticket's course is no change; nor, to a part, what other units do with theirs.
    """
    if version >= ticket.version:
        return version > ticket.version
    missed = select(TicketEvent.id).where(
        TicketEvent.subject == "ticket",
        TicketEvent.subject_id == ticket.id,
        TicketEvent.version > version,
        TicketEvent.kind.not_in(events.SIDE_KINDS),
    )
    if part:
        others = TicketEvent.kind.in_(events.UNIT_KINDS) & (TicketEvent.department_id != part.department_id)
        missed = missed.where(not_(others))
    return db.session.scalar(missed.limit(1)) is not None


def move(moved: Ticket | Assignment, row: lifecycle.Transition) -> None:
    """Bring the ticket or the part to the state that the row of the table leads to."""
    if row.target is not None:
        moved.state = row.target


def scope_of(ticket: Ticket, parts: list[Assignment]) -> Scope:
    """The facts that decide who sees this ticket."""
    return Scope(
        ticket.id,
        ticket.state,
        ticket.registered_by,
        ticket.confidential,
        tuple((part.department_id, part.state) for part in parts),
    )


def finish(
    locked: Locked, actor: Actor, now: datetime, kind: str, unit: int | None = None, **payload: Any
) -> TicketEvent:
    """Raise the version, put the ticket in its rooms, and record what happened."""
    ticket = locked.ticket
    ticket.version += 1
    ticket.rooms = sorted(rooms_of_ticket(scope_of(ticket, locked.parts)))
    event = events.record(
        kind,
        subject="ticket",
        subject_id=ticket.id,
        version=ticket.version,
        actor=actor,
        now=now,
        rooms_before=locked.rooms_before,
        rooms_after=ticket.rooms,
        department_id=unit,
        **payload,
    )
    locked.rooms_before = tuple(ticket.rooms)
    return event


def write_texts(
    ticket: Ticket,
    bodies: Mapping[str, str | None],
    actor: Actor,
    now: datetime,
    part: Assignment | None = None,
    may_clear: bool = False,
) -> dict[str, int] | None:
    """Store what was written, each as the next version of its field. Returns field -> version, for the event.

    A blank text is none, unless it `may_clear` the one before. Raises Invalid for what cannot be stored.
    """
    stripped = {field: (body or "").strip() for field, body in bodies.items()}
    given = {field: body for field, body in stripped.items() if body or may_clear}
    if not given:
        return None
    require_storable(given)
    latest = _latest_versions(ticket, given)
    versions = {field: latest.get(field, 0) + 1 for field in given}
    db.session.add_all(
        TicketText(
            ticket_id=ticket.id,
            assignment_id=part.id if part else None,
            field=field,
            version=versions[field],
            body=body,
            written_by=actor.id if actor.kind == "staff" else None,
            written_at=now,
        )
        for field, body in given.items()
    )
    return versions


def _latest_versions(ticket: Ticket, fields: Mapping[str, str]) -> dict[str, int]:
    if ticket.version == 0:
        return {}
    rows = db.session.execute(
        select(TicketText.field, func.max(TicketText.version))
        .where(TicketText.ticket_id == ticket.id, TicketText.field.in_(fields))
        .group_by(TicketText.field)
    )
    return dict(rows.all())


def require(**fields: object) -> None:
    """Raise Invalid, naming every field that is empty."""
    empty = {name: "missing" for name, value in fields.items() if _is_empty(value)}
    if empty:
        raise errors.Invalid(fields=empty)


def require_storable(fields: Mapping[str, object]) -> None:
    """Raise Invalid, naming every text that the database cannot hold: with a NUL, or half a character."""
    unreadable = {
        name: "unreadable"
        for name, value in fields.items()
        if isinstance(value, str) and any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in value)
    }
    if unreadable:
        raise errors.Invalid(fields=unreadable)


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def running_deadlines(ticket_id: int) -> list[Deadline]:
    """The clocks of a ticket that have not been stopped."""
    return list(
        db.session.scalars(
            select(Deadline)
            .where(Deadline.ticket_id == ticket_id, Deadline.stopped_at.is_(None))
            .order_by(Deadline.id)
        )
    )
