"""What a telephone call does with its ticket: a draft from the first second, given to whoever answers."""

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from db import db
from tickets import answering, intake
from tickets.change import check, finish, lock, move
from tickets.intake import Intake
from tickets.lifecycle import TicketState
from tickets.models import Contact, Ticket
from tickets.permissions import SWITCHBOARD, Actor
from tickets.vault import CONTACT_FIELDS, Vault


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


def answer_at_once(
    actor: Actor, now: datetime, ticket_id: int, question: str, answer: str, vault: Vault,
    form: Intake | None = None,
) -> Ticket:  # fmt: skip
    """A question answered on the telephone: the draft is registered and ended in one go.

    `form` is what was typed meanwhile; without it what the draft holds stays. `question` stands where nothing was
    taken down. Raises as register and answer.
    """
    taken = form or _as_it_stands(lock(actor, ticket_id).ticket, vault)
    asked = replace(taken, content=taken.content or question, type="consult", anonymous=not taken.phone)
    opened = intake.register(actor, now, ticket_id, asked, vault, ends_at_desk=True)
    return answering.answer(actor, now, opened.ticket.id, answer)


def _as_it_stands(ticket: Ticket, vault: Vault) -> Intake:
    """The draft as the form that would have made it."""
    texts = intake.current_texts(ticket.id)
    contact = db.session.get(Contact, ticket.id)
    people = {name: vault.open_contact(contact, name) if contact else "" for name in CONTACT_FIELDS}
    columns: dict[str, Any] = {
        field.name: getattr(ticket, field.name)
        for field in fields(Intake)
        if field.name not in intake.TEXTS and field.name not in CONTACT_FIELDS
    }
    written = {name: texts.get(name, "") for name in intake.VERSIONED}
    values = columns | written | people
    values["caller_label"] = written["caller_label"] or None
    return Intake(**values)
