"""Tickets as lines of a file: what their pages show, texts masked; callers only where somebody approved that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from db import db
from tickets import boards, hiding, masking
from tickets.hiding import Veil
from tickets.models import Contact, Rating, Ticket, TicketText
from tickets.permissions import Actor, callers_known_to, visible_to
from tickets.vault import CONTACT_FIELDS, Vault


@dataclass(frozen=True)
class Line:
    """One ticket. `caller` is empty where it was not asked for, or the actor may not know who called."""

    row: boards.Row
    content: str
    place: str
    dispatched_at: datetime | None
    closed_at: datetime | None
    solved: bool | None
    satisfied: int | None
    caller: Mapping[str, str]


def lines(actor: Actor, ids: Sequence[int], vault: Vault, with_callers: bool = False) -> list[Line]:
    """The lines of those of these tickets that the actor may see, in the order given."""
    rows = boards.rows_by_id(ids, visible_to(actor, Ticket.rooms))
    matters = {row.id: row for row in db.session.execute(_MATTER.where(Ticket.id.in_(list(rows))))}
    veils = hiding.veils(list(rows), vault)
    texts = _contents(rows, veils)
    ratings = _ratings(rows)
    people = _callers(actor, rows, vault) if with_callers else {}
    return [
        Line(
            rows[key],
            texts.get(key, ""),
            masking.mask_text(veils.get(key, Veil()).place(matters[key].place or "")),
            matters[key].dispatched_at,
            matters[key].closed_at,
            ratings[key][0] if key in ratings else None,
            ratings[key][1] if key in ratings else None,
            people.get(key, {}),
        )
        for key in ids
        if key in rows
    ]


_MATTER = select(Ticket.id, Ticket.place, Ticket.dispatched_at, Ticket.closed_at)


def _contents(ids: Mapping[int, object], veils: Mapping[int, Veil]) -> dict[int, str]:
    latest = (
        select(TicketText.ticket_id, TicketText.body)
        .ext(distinct_on(TicketText.ticket_id))
        .where(TicketText.ticket_id.in_(list(ids)), TicketText.field == "content", TicketText.erased_at.is_(None))
        .order_by(TicketText.ticket_id, TicketText.version.desc())
    )
    return {
        row.ticket_id: masking.mask_text(veils.get(row.ticket_id, Veil()).text(row.body))
        for row in db.session.execute(latest)
    }


def _ratings(ids: Mapping[int, object]) -> dict[int, tuple[bool, int]]:
    last = (
        select(Rating.ticket_id, Rating.solved, Rating.satisfied)
        .ext(distinct_on(Rating.ticket_id))
        .where(Rating.ticket_id.in_(list(ids)))
        .order_by(Rating.ticket_id, Rating.round.desc())
    )
    return {row.ticket_id: (row.solved, row.satisfied) for row in db.session.execute(last)}


def _callers(actor: Actor, ids: Mapping[int, object], vault: Vault) -> dict[int, dict[str, str]]:
    """Who stands behind a confidential ticket is in no file, whoever asks and whoever approves."""
    known: Any = (
        select(Contact)
        .join(Ticket, Ticket.id == Contact.ticket_id)
        .where(Ticket.id.in_(list(ids)), ~Ticket.confidential, callers_known_to(actor, Ticket.rooms))
    )
    return {
        contact.ticket_id: {field: vault.open_contact(contact, field) for field in CONTACT_FIELDS}
        for contact in db.session.scalars(known)
    }
