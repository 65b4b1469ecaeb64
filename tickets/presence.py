"""Who has a ticket's page open: a courtesy among colleagues, so that two do not write the same reply."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from db import db
from tickets import errors
from tickets.models import Presence, Ticket
from tickets.permissions import Actor, sees

LASTS = timedelta(seconds=30)
"""How long somebody counts as there after the last sign of the page; pages give one every ten seconds."""


def be_present(actor: Actor, now: datetime, ticket_id: int) -> list[int]:
    """Say that the page is open. Returns the ids of the other staff who have it open. Raises NotFound."""
    rooms = db.session.scalar(select(Ticket.rooms).where(Ticket.id == ticket_id))
    if rooms is None or not sees(actor, ticket_id, rooms):
        raise errors.NotFound()
    statement = insert(Presence).values(ticket_id=ticket_id, staff_id=actor.id, seen_at=now)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["ticket_id", "staff_id"], set_={"seen_at": now})
    )
    others = select(Presence.staff_id).where(
        Presence.ticket_id == ticket_id, Presence.staff_id != actor.id, Presence.seen_at > now - LASTS
    )
    return list(db.session.scalars(others.order_by(Presence.staff_id)))


def leave(actor: Actor, ticket_id: int) -> None:
    """The page was closed."""
    db.session.execute(
        delete(Presence).where(Presence.ticket_id == ticket_id, Presence.staff_id == actor.id)
    )


def sweep(now: datetime) -> None:
    """Forget those whose page has given no sign for long."""
    db.session.execute(delete(Presence).where(Presence.seen_at < now - LASTS))
