"""Verbs between a lead and those who help it: contribute, send back, do without, call together, minute."""

from datetime import datetime

from sqlalchemy import select

from db import db
from tickets import clocks, errors
from tickets.applying import end_with, lapse
from tickets.change import check, finish, lock, move, require, write_texts
from tickets.permissions import Actor
from tickets.request_models import JointMeeting
from tickets.returning import below, cancel
from tickets.terms import URGE

MEETINGS = ("visit", "review")


def contribute(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """协办反馈. A unit that helps says what it did; the lead, or who passed it down, answers with it."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    row = check(actor, locked, "contribute", version, part)
    require(internal_note=note)
    move(part, row)
    part.submitted_at = now
    clocks.stop(ticket_id, now, clocks=clocks.OF_WORK, parts=(part.id,))
    clocks.stop(ticket_id, now, clocks=(URGE,))
    lapse(locked, now, (part,))
    texts = write_texts(locked.ticket, {"internal_note": note}, actor, now, part)
    finish(
        locked, actor, now, "assignment.contributed", unit=part.department_id, assignment=part.id, texts=texts
    )


def send_back(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """What a helping unit sent in is not enough: it does it again, in the time that was left."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    move(part, check(actor, locked, "send_back", version, part))
    require(review_note=note)
    clocks.take_up(locked.ticket, now, part)
    texts = write_texts(locked.ticket, {"review_note": note}, actor, now, part)
    finish(
        locked, actor, now, "assignment.sent_back", unit=part.department_id, assignment=part.id, texts=texts
    )


def waive(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, reason: str, version: int | None = None
) -> None:
    """The lead answers without a unit that helps, and says why."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    move(part, check(actor, locked, "waive", version, part))
    require(waive_reason=reason)
    part.ended_at = now
    end_with(locked, now, [part, *cancel(below(part, locked.parts), now)])
    texts = write_texts(locked.ticket, {"waive_reason": reason}, actor, now, part)
    finish(
        locked, actor, now, "assignment.waived", unit=part.department_id, assignment=part.id, texts=texts
    )


def schedule(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, kind: str, at: datetime | None, place: str,
    version: int | None = None,
) -> None:  # fmt: skip
    """联合勘查、联席会审. The lead calls all units of the ticket together."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, "schedule", version, part)
    require(meeting_kind=kind, meeting_at=at, meeting_place=place)
    if kind not in MEETINGS:
        raise errors.Invalid(fields={"meeting_kind": "unknown"})
    db.session.add(
        JointMeeting(
            ticket_id=ticket_id, assignment_id=part.id, kind=kind, at=at, place=place.strip(),
            called_by=actor.id, called_at=now,
        )
    )
    finish(
        locked, actor, now, "meeting.called", unit=part.department_id, assignment=part.id, meeting=kind,
        at=at.isoformat() if at else None,
    )


def minute(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, minutes: str, version: int | None = None
) -> None:
    """Write down what came of the meeting that was called."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, "minute", version, part)
    require(minutes=minutes)
    query = select(JointMeeting).where(
        JointMeeting.assignment_id == part.id, JointMeeting.minuted_at.is_(None)
    )
    meeting = db.session.scalars(query.order_by(JointMeeting.id).limit(1)).one()
    meeting.minuted_at = now
    texts = write_texts(locked.ticket, {"minutes": minutes}, actor, now, part)
    finish(
        locked, actor, now, "meeting.minuted", unit=part.department_id, assignment=part.id,
        meeting=meeting.kind, texts=texts,
    )
