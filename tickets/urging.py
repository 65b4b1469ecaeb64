"""The verb of whoever asks how far a matter is: a second call is a record on the ticket, not another ticket."""

from datetime import datetime

from tickets.change import check, finish, lock, require, write_texts
from tickets.permissions import Actor


def urge(actor: Actor, now: datetime, ticket_id: int, note: str) -> None:
    """催办. Keep what the caller said on calling again; every unit at work sees it. Changes no state.

    Takes no version: what somebody asks for again is never too late.
    """
    locked = lock(actor, ticket_id)
    check(actor, locked, "urge")
    require(urge_note=note)
    texts = write_texts(locked.ticket, {"urge_note": note}, actor, now)
    finish(locked, actor, now, "ticket.urged", texts=texts)
