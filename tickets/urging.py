"""The verb of whoever asks how far a matter is: a second call is a record on the ticket, not another ticket."""

from datetime import datetime, timedelta

from sqlalchemy import select

from db import db
from tickets import clocks
from tickets.change import check, finish, lock, require, write_texts
from tickets.lifecycle import AssignmentState, TicketState
from tickets.models import TicketText
from tickets.permissions import Actor

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
    leads = [part for part in locked.parts if part.role == "lead" and part.state in OWES_WORDS]
    if leads and locked.ticket.state == TicketState.IN_PROGRESS:
        clocks.start_urge(locked.ticket, now, leads[0])
    texts = write_texts(locked.ticket, {"urge_note": note}, actor, now)
    finish(locked, actor, now, "ticket.urged", texts=texts)
    return True


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
