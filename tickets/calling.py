"""What a telephone call does with its ticket: a draft from the first second, given to whoever answers."""

from datetime import datetime

from tickets import answering, intake
from tickets.change import check, finish, lock, move
from tickets.intake import Intake
from tickets.lifecycle import TicketState
from tickets.models import Ticket
from tickets.permissions import SWITCHBOARD, Actor
from tickets.vault import Vault


def begin(now: datetime, phone: str, line_no: str, vault: Vault) -> Ticket:
    """The draft of a call that has just begun to ring. It is nobody's yet, and holds the number sealed."""
    first = Intake(channel="phone", line_no=line_no, phone=phone, type="help")
    return intake.open_draft(SWITCHBOARD, now, first, vault)


def give(actor: Actor, now: datetime, ticket_id: int, staff_id: int) -> Ticket:
    """Give a draft to the member of staff who talks to the caller; who had it before loses it."""
    locked = lock(actor, ticket_id)
    move(locked.ticket, check(actor, locked, "give"))
    if locked.ticket.registered_by != staff_id:
        locked.ticket.registered_by = staff_id
        finish(locked, actor, now, "ticket.given", staff=staff_id)
    return locked.ticket


def hand_to(now: datetime, ticket_id: int, staff_id: int) -> None:
    """The draft goes with the caller; a ticket that was registered meanwhile stays whose it is."""
    if lock(SWITCHBOARD, ticket_id).ticket.state == TicketState.DRAFT:
        give(SWITCHBOARD, now, ticket_id, staff_id)


def drop(now: datetime, ticket_id: int, reason: str) -> None:
    """Throw the draft away of a call that nobody answered; one that has become more stays."""
    if lock(SWITCHBOARD, ticket_id).ticket.state == TicketState.DRAFT:
        answering.discard(SWITCHBOARD, now, ticket_id, reason)
