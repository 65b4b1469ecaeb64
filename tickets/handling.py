"""Verbs of a unit: sign, handle, reply."""

from collections.abc import Collection
from datetime import datetime

from db import db
from routing import replies
from tickets import clocks, errors
from tickets.change import Locked, check, finish, lock, move, require, write_texts
from tickets.lifecycle import WORKED_ON
from tickets.permissions import Actor


def sign(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, version: int | None = None
) -> None:
    """签收. The unit takes the matter on."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    move(part, check(actor, locked, "sign", version, part))
    part.signed_at = now
    clocks.stop(ticket_id, now, clocks=("sign",), parts=(part.id,))
    finish(locked, actor, now, "assignment.signed", unit=part.department_id, assignment=part.id)


def handle(
    actor: Actor,
    now: datetime,
    ticket_id: int,
    assignment_id: int,
    note: str,
    contacted: bool = False,
    version: int | None = None,
) -> None:
    """办理. Keep a record of a step taken: a visit, an order given, a talk with the citizen (`contacted`)."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, "handle", version, part)
    require(handle_note=note)
    if contacted:
        part.first_contact_at = part.first_contact_at or now
    texts = write_texts(locked.ticket, {"handle_note": note}, actor, now, part)
    finish(
        locked, actor, now, "assignment.handled", unit=part.department_id, assignment=part.id, texts=texts
    )


def reply(
    actor: Actor,
    now: datetime,
    ticket_id: int,
    assignment_id: int,
    public_reply: str,
    internal_note: str,
    version: int | None = None,
    checked: Collection[int] = (),
) -> None:
    """反馈. Submit the outcome: what the citizen will read, the account for the file, and what was ticked off.

    When no unit of the ticket is left at work, the whole goes to review.
    """
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    row = check(actor, locked, "reply", version, part)
    require(public_reply=public_reply, internal_note=internal_note)
    _check_ticks(locked, checked)
    move(part, row)
    part.submitted_at = now
    clocks.stop(ticket_id, now, parts=(part.id,))
    texts = write_texts(
        locked.ticket, {"public_reply": public_reply, "internal_note": internal_note}, actor, now, part
    )
    finish(
        locked, actor, now, "assignment.replied", unit=part.department_id, assignment=part.id, texts=texts,
        checked=sorted(checked) or None,
    )  # fmt: skip
    _submit_when_complete(locked, actor, now)


def _check_ticks(locked: Locked, checked: Collection[int]) -> None:
    """Only what stands on the list of the ticket's category can be ticked. Raises Invalid."""
    if checked:
        items = replies.checks_for(db.session(), locked.ticket.category_code)
        if not {item.id for item in items}.issuperset(checked):
            raise errors.Invalid(fields={"checked": "unknown"})


def _submit_when_complete(locked: Locked, actor: Actor, now: datetime) -> None:
    if any(part.state in WORKED_ON for part in locked.parts):
        return
    move(locked.ticket, check(actor, locked, "submit"))
    clocks.start(locked.ticket, "review", now, epoch=locked.ticket.version)
    finish(locked, actor, now, "ticket.submitted")
