"""The verb of whoever asks how far a matter is: a second call is a record on the ticket, not another ticket."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from db import db
from tickets import clocks
from tickets.change import Locked, check, finish, lock, require, running_deadlines, write_texts
from tickets.lifecycle import AssignmentState, TicketState
from tickets.models import TicketText
from tickets.permissions import Actor
from tickets.terms import UNITS_WORDS, URGE

SAME_WORDS = timedelta(days=1)
OWES_WORDS = (AssignmentState.PENDING_SIGN, AssignmentState.HANDLING, AssignmentState.REJECTED)
"""While the hotline or the citizen has to say something first, no unit's clock runs."""


def urge(actor: Actor, now: datetime, ticket_id: int, note: str) -> bool:
    """催办. Keep what the caller said on calling again; every unit at work sees it, and the one that leads has a
    clock to write something by. Changes no state.

    Takes no version: what somebody asks for again is never too late. Whether it was kept: the citizen's own latest
    words, sent again within a day, are a page loaded once more and make no second record.
    """
    locked = lock(actor, ticket_id)
    check(actor, locked, "urge")
    require(urge_note=note)
    if actor.kind == "citizen" and _said_last(ticket_id, note, now):
        return False
    texts = write_texts(locked.ticket, {"urge_note": note}, actor, now)
    owe_word(locked, now)
    finish(locked, actor, now, "ticket.urged", texts=texts)
    return True


def owe_word(locked: Locked, now: datetime) -> None:
    """Start the clock of the leading unit where a citizen asked again, no unit has written since, and it is that
    unit's turn; while it runs there is one. To be called before the event is written, as clocks take its epoch."""
    ticket = locked.ticket
    lead = next((part for part in locked.parts if part.role == "lead" and part.state in OWES_WORDS), None)
    if lead is None or ticket.state == TicketState.SUSPENDED or not _waits_for_a_word(ticket.id):
        return
    if not any(row.clock == URGE for row in running_deadlines(ticket.id)):
        clocks.start(ticket, URGE, now, lead, ticket.version)


def _waits_for_a_word(ticket_id: int) -> bool:
    latest = func.max(TicketText.written_at)
    urged, written = db.session.execute(
        select(
            latest.filter(TicketText.field == "urge_note"), latest.filter(TicketText.field.in_(UNITS_WORDS))
        ).where(TicketText.ticket_id == ticket_id)
    ).one()
    return urged is not None and (written is None or urged > written)


def _said_last(ticket_id: int, note: str, now: datetime) -> bool:
    latest = db.session.scalar(
        select(TicketText.body)
        .where(
            TicketText.ticket_id == ticket_id, TicketText.field == "urge_note", TicketText.written_by.is_(None),
            TicketText.written_at > now - SAME_WORDS,
        )
        .order_by(TicketText.version.desc())
        .limit(1)
    )
    return latest == note.strip()
