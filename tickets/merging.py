"""Verbs on tickets that belong together or apart, or are wanted no more: merge, take out, split, withdraw."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import select

from db import db
from tickets import clocks, errors, numbers, terms
from tickets.applying import end_with
from tickets.change import Locked, check, finish, lock, move, require, write_texts
from tickets.intake import Intake, open_ticket
from tickets.lifecycle import ENDED, TicketState
from tickets.models import Contact, Ticket
from tickets.permissions import SYSTEM, Actor, sees
from tickets.returning import cancel
from tickets.vault import CONTACT_FIELDS, Vault

SHARED = {
    TicketState.TO_CALLBACK: "share",
    TicketState.ANSWERED: "share_answer",
    TicketState.REFERRED: "share_referral",
}
"""What becomes of those merged into a ticket as it comes to these states."""


_OWN = {"title", "category_code", "external_system", "external_no", "place"}
"""What another matter of the same caller has of its own: the category may be another, and what an outside system
calls the ticket is not its name."""


@dataclass(frozen=True)
class Demand:
    """One of several things that a caller wants: what it is called, and what was said of it."""

    title: str
    content: str


def merge(actor: Actor, now: datetime, ticket_id: int, into: str, version: int | None = None) -> None:
    """并单. The ticket is handled with another, named by its number, and gets that one's answer under its own."""
    found = _find(actor, [into])
    locked = _lock_all(actor, ticket_id, found)
    check(actor, locked[ticket_id], "merge", version)
    (target,) = _others(found, ticket_id, "into")
    _merge(actor, now, locked[ticket_id], locked[target], version)


def take_in(
    actor: Actor, now: datetime, ticket_id: int, others: Sequence[str], version: int | None = None
) -> None:
    """The same from the other side: take these numbers into the ticket, all or none."""
    most = terms.merged_at_once()
    found = _find(actor, list(dict.fromkeys(others))[:most])
    locked = _lock_all(actor, ticket_id, found)
    check(actor, locked[ticket_id], "take_in", version)
    if len(others) > most:
        raise errors.Invalid(fields={"others": "too_many"})
    for one in _others(found, ticket_id, "others"):
        try:
            _merge(actor, now, locked[one], locked[ticket_id], None)
        except errors.NotNow as fault:
            raise errors.Invalid(fields={"others": "cannot_be_merged"}) from fault


def _find(actor: Actor, names: Sequence[str]) -> list[int | None]:
    """The tickets of these numbers, blank ones left out; None for one that there is not."""
    return [_find_one(actor, number) for number in map(numbers.normalise_number, names) if number]


def _find_one(actor: Actor, number: str) -> int | None:
    found = db.session.execute(
        select(Ticket.id, Ticket.rooms, Ticket.confidential).where(Ticket.number == number)
    ).one_or_none()
    # Whoever may merge knows the number from elsewhere, and need not see the ticket at work in its unit.
    if found is None or (found.confidential and not sees(actor, found.id, found.rooms)):
        return None
    return int(found.id)


def _others(found: Sequence[int | None], ticket_id: int, field: str) -> list[int]:
    """What was found, or what is wrong with it: only who may merge at all is told whether there is a number."""
    if not found:
        raise errors.Invalid(fields={field: "missing"})
    if None in found:
        raise errors.Invalid(fields={field: "no_such_ticket"})
    if ticket_id in found:
        raise errors.Invalid(fields={field: "itself"})
    return [one for one in found if one is not None]


def _lock_all(actor: Actor, ticket_id: int, others: Sequence[int | None]) -> dict[int, Locked]:
    """In the order of their ids, so that two who do this at once never wait for each other in a circle."""
    ids = {ticket_id, *(one for one in others if one is not None)}
    return {one: lock(actor if one == ticket_id else SYSTEM, one) for one in sorted(ids)}


def _merge(actor: Actor, now: datetime, locked: Locked, master: Locked, version: int | None) -> None:
    ticket = locked.ticket
    row = check(actor, locked, "merge", version)
    if master.ticket.state in ENDED or master.ticket.state in (TicketState.MERGED, TicketState.TO_CALLBACK):
        raise errors.Invalid(fields={"into": "is_over"})
    if master.ticket.confidential:
        raise errors.Invalid(fields={"into": "is_confidential"})
    cancel(locked.parts, now)
    end_with(locked, now, locked.parts)
    clocks.stop(ticket.id, now)
    move(ticket, row)
    ticket.parent_id = master.ticket.id
    finish(locked, actor, now, "ticket.merged", into=master.ticket.id)
    finish(master, actor, now, "ticket.taken_in", ticket=ticket.id)


def unmerge(actor: Actor, now: datetime, ticket_id: int, reason: str, version: int | None = None) -> None:
    """It is another matter after all: it waits for a dispatcher again."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "unmerge", version)
    require(reason=reason)
    move(locked.ticket, row)
    was, locked.ticket.parent_id = locked.ticket.parent_id, None
    texts = write_texts(locked.ticket, {"reason": reason}, actor, now)
    clocks.start_dispatch_again(locked.ticket, now)
    finish(locked, actor, now, "ticket.unmerged", into=was, texts=texts)


def share(master: Locked, now: datetime) -> None:
    """What the ticket came to, every caller whose own was merged into it gets too; each may rate it."""
    action = SHARED.get(TicketState(master.ticket.state))
    if action is None:
        return
    merged = select(Ticket.id).where(Ticket.parent_id == master.ticket.id, Ticket.state == TicketState.MERGED)
    for ticket_id in db.session.scalars(merged.order_by(Ticket.id)).all():
        locked = lock(SYSTEM, ticket_id)
        ticket = locked.ticket
        move(ticket, check(SYSTEM, locked, action))
        if ticket.state == TicketState.TO_CALLBACK:
            ticket.round += 1
            clocks.start(ticket, "callback", now, epoch=ticket.version + 1)
            finish(locked, SYSTEM, now, "ticket.accepted")
            continue
        ticket.closed_at = now
        ticket.disposition, ticket.refer_reason = master.ticket.disposition, master.ticket.refer_reason
        finish(locked, SYSTEM, now, "ticket.answered" if action == "share_answer" else "ticket.referred")


def _like(ticket: Ticket, title: str, content: str, vault: Vault) -> Intake:
    """What would be taken down of another matter of the same caller, at the same place."""
    contact = db.session.get(Contact, ticket.id)
    person = {field: vault.open_contact(contact, field) if contact else "" for field in CONTACT_FIELDS}
    columns = {field.name for field in fields(Intake)} & {column.key for column in Ticket.__table__.columns}
    same = {name: getattr(ticket, name) for name in columns - _OWN}
    return Intake(**(same | person | {"title": title, "content": content, "place": ticket.place or ""}))


def split(
    actor: Actor, now: datetime, ticket_id: int, demands: Sequence[Demand], vault: Vault,
    version: int | None = None,
) -> list[Ticket]:  # fmt: skip
    """分单. What a caller said besides becomes tickets of their own, with numbers and units of their own.

    The first matter stays where it is. The caller, place and kind are those of the ticket.
    """
    locked = lock(actor, ticket_id)
    check(actor, locked, "split", version)
    if not demands or any(not one.title.strip() or not one.content.strip() for one in demands):
        raise errors.Invalid(fields={"demands": "missing"})
    made = []
    for demand in demands:
        intake = _like(locked.ticket, demand.title, demand.content, vault)
        part = lock(SYSTEM, open_ticket(SYSTEM, now, intake, vault).ticket.id)
        part.ticket.split_from_id, part.ticket.registered_by = ticket_id, locked.ticket.registered_by
        finish(part, actor, now, "ticket.split_off", ticket=ticket_id)
        made.append(part.ticket)
    finish(locked, actor, now, "ticket.split", tickets=[one.id for one in made])
    return made


def withdraw(actor: Actor, now: datetime, ticket_id: int, reason: str, version: int | None = None) -> bool:
    """撤销. The citizen wants nothing more of it. Returns whether it ended: what the law wants looked into, and
    what others were merged into, goes on, and the wish is on record."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "withdraw", version)
    require(withdraw_reason=reason)
    ticket = locked.ticket
    texts = write_texts(ticket, {"withdraw_reason": reason}, actor, now)
    if ticket.type in terms.ex_officio_types() or _has_others(ticket):
        ticket.wants_reply = False
        finish(locked, actor, now, "ticket.withdrawal_noted", texts=texts)
        return False
    cancel(locked.parts, now)
    end_with(locked, now, locked.parts)
    clocks.stop(ticket_id, now)
    move(ticket, row)
    ticket.closed_at = now
    finish(locked, actor, now, "ticket.withdrawn", texts=texts)
    return True


def _has_others(ticket: Ticket) -> bool:
    merged = select(Ticket.id).where(Ticket.parent_id == ticket.id, Ticket.state == TicketState.MERGED)
    return db.session.scalar(merged.limit(1)) is not None
