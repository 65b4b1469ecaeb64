"""What was published, for who follows it: how far it reaches, and which tickets have news since."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import func, select

from db import db
from tickets.boards import rows_by_id
from tickets.event_models import Publication, RoomHead, TicketEvent
from tickets.models import Ticket
from tickets.permissions import Actor, rooms_of, visible_to

CHANGES = 500
FAR_BEHIND = 20_000


def rooms_now(ticket_ids: Collection[int]) -> dict[int, set[str]]:
    """The rooms these tickets are in."""
    found = db.session.execute(select(Ticket.id, Ticket.rooms).where(Ticket.id.in_(ticket_ids)))
    return {ticket_id: set(rooms) for ticket_id, rooms in found}


def last_seq() -> int:
    """The last published sequence."""
    return db.session.scalar(select(func.max(Publication.seq))) or 0


def room_heads(rooms: Iterable[str]) -> dict[str, int]:
    """The last sequence of each room; 0 for one that never had a message."""
    wanted = list(rooms)
    found = dict(
        db.session.execute(select(RoomHead.room, RoomHead.seq).where(RoomHead.room.in_(wanted))).all()
    )
    return {room: found.get(room, 0) for room in wanted}


def changes(actor: Actor, after: int) -> dict[str, Any]:
    """Tickets with news after a sequence: `rows` as they stand, `gone` what the actor may see no longer.

    `seq` is how far this answer reaches and `more` whether to ask again; a reader too far behind is told to
    `reload`.
    """
    last = last_seq()
    if last - after > FAR_BEHIND:
        return {"seq": last, "rows": [], "gone": [], "more": False, "reload": True}
    mine = sorted(rooms_of(actor))
    heard = TicketEvent.rooms_before.overlap(mine) | TicketEvent.rooms_after.overlap(mine)
    found = db.session.execute(
        select(Publication.seq, TicketEvent.subject_id)
        .join(TicketEvent, TicketEvent.id == Publication.event_id)
        .where(Publication.seq > after, Publication.seq <= last, TicketEvent.subject == "ticket", heard)
        .order_by(Publication.seq)
        .limit(CHANGES)
    ).all()
    ids = {row.subject_id for row in found}
    more = len(found) == CHANGES
    rows = rows_by_id(ids, visible_to(actor, Ticket.rooms))
    return {
        "seq": found[-1].seq if more else last,
        "rows": [rows[key].to_data() for key in rows],
        "gone": sorted(ids - rows.keys()),
        "more": more,
        "reload": False,
    }
