"""Finding tickets by what somebody types. To ask for a telephone number is to look at a caller."""

import re
from datetime import datetime

from sqlalchemy import ColumnElement, select

from tickets import boards, errors, events, numbers
from tickets.lifecycle import SIDE_RECORDS
from tickets.models import Contact, Ticket
from tickets.permissions import Actor, callers_known_to, may
from tickets.reveal import PER_HOUR, looks_lately, too_many_looks
from tickets.vault import Vault

SEARCHED = "contact.searched"
_LIKE_A_TICKETS = re.compile(r"20[0-9]{13}")


def find(
    actor: Actor, now: datetime, text: str, vault: Vault, after: str | None = None, limit: int = boards.PAGE
) -> boards.Page:
    """Tickets by telephone number where the text is one, and otherwise as `boards.find`.

    By number only those whose caller the actor may know. Raises Forbidden, TooMany.
    """
    if not is_phone(text):
        return boards.find(actor, text, after, limit)
    return boards.matching(actor, _called_from(actor, now, vault.phone_hash(text)), after, limit)


def is_phone(text: str) -> bool:
    """Whether a text is a telephone number, in full or local, rather than words or a ticket's number."""
    number = numbers.normalise_number(text)
    if _LIKE_A_TICKETS.fullmatch(number):
        return False
    digits = "".join(char for char in number if char.isdigit())
    return 5 <= len(digits) <= 15 and len(digits) >= len(number) - 3


def _called_from(actor: Actor, now: datetime, phone_hash: bytes) -> ColumnElement[bool]:
    """Record the search and give its condition. The same number may be searched for any number of times."""
    if actor.id is None or not may(actor, SIDE_RECORDS["reveal"]):
        raise errors.Forbidden(action="find_by_phone")
    key = phone_hash.hex()
    known = {look["phone_hash"] for look in looks_lately(actor, now, SEARCHED)}
    if key not in known and len(known) >= PER_HOUR:
        raise too_many_looks(actor, "find_by_phone")
    # A search changes nobody's account, so it is of no version of it.
    events.record(
        SEARCHED, subject="staff", subject_id=actor.id, version=0, actor=actor, now=now, phone_hash=key
    )
    has_it = select(Contact.ticket_id).where(Contact.phone_hash == phone_hash)
    return Ticket.id.in_(has_it) & callers_known_to(actor, Ticket.rooms)
