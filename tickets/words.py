"""What can be searched of a ticket: what was written about it and on it, as everybody who sees it may read it."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from db import db
from tickets import hiding, masking
from tickets.models import Ticket, TicketText
from tickets.vault import Vault

OF_MATTER = ("title", "content", "demand")
OF_STAFF = (
    "answer", "referral", "handle_note", "return_note", "decision_note", "public_reply",
    "internal_note", "review_note", "redo_reason", "urge_note", "question", "supplement", "legal_basis",
    "waive_reason", "recall_reason", "minutes", "order_text", "order_answer",
)  # fmt: skip
"""Not among them: who is accused, what was noted of the caller, why somebody looked at a contact; nor advice to a
unit, for most are dispatched without, and each would be indexed a second time."""


def words_of(ticket_ids: Collection[int], vault: Vault) -> dict[int, str]:
    """Place and texts of each ticket, not erased, not of drafts: of the matter as it stands, of staff all.

    Masked as on every page: an index that is searched by beginnings would spell out what the page stars. Of a
    confidential ticket without its caller: whoever guesses a name would learn here that the guess is right.
    """
    places = select(Ticket.id, Ticket.place).where(Ticket.id.in_(ticket_ids), Ticket.number.is_not(None))
    words = {row.id: row.place or "" for row in db.session.execute(places)}
    stands = select(TicketText.ticket_id, TicketText.body).where(
        TicketText.ticket_id.in_(list(words)), TicketText.erased_at.is_(None)
    )
    latest = (
        stands.ext(distinct_on(TicketText.ticket_id, TicketText.field))
        .where(TicketText.field.in_(OF_MATTER))
        .order_by(TicketText.ticket_id, TicketText.field, TicketText.version.desc())
    )
    for query in (latest, stands.where(TicketText.field.in_(OF_STAFF)).order_by(TicketText.id)):
        for row in db.session.execute(query):
            words[row.ticket_id] += f"\n{row.body}"
    veils = hiding.veils(list(words), vault)
    hidden = {key: veils[key].text(text) if key in veils else text for key, text in words.items()}
    return {ticket_id: masking.mask_text(text) for ticket_id, text in hidden.items()}
