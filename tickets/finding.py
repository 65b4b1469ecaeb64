"""Finding tickets by what somebody types. To ask for a telephone number or a name is to look at a caller."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select

from tickets import boards, errors, events, numbers, searching
from tickets.lifecycle import SIDE_RECORDS
from tickets.models import Contact, Ticket
from tickets.narrowing import NOTHING, Wanted
from tickets.permissions import Actor, callers_known_to, may
from tickets.reveal import PER_HOUR, looks_lately, too_many_looks
from tickets.vault import Vault

SEARCHED = "contact.searched"
_LIKE_A_TICKETS = re.compile(r"20[0-9]{13}")


def find(
    actor: Actor,
    now: datetime,
    text: str,
    vault: Vault,
    after: str | None = None,
    limit: int = boards.PAGE,
    wanted: Wanted = NOTHING,
    name: str = "",
) -> boards.Page:
    """Tickets by what was typed, see `sought`, narrowed to what is wanted. Raises Forbidden, TooMany."""
    condition = sought(actor, now, text, vault, wanted, name)
    return searching.matching(actor, condition, after, limit, wanted, now)


def sought(
    actor: Actor, now: datetime, text: str, vault: Vault, wanted: Wanted = NOTHING, name: str = ""
) -> ColumnElement[bool]:
    """By telephone number where the text is one, and otherwise by number or words; and by a caller's whole `name`.

    Of a caller only those tickets whose caller the actor may know; each such search is recorded. Raises Forbidden,
    TooMany.
    """
    if name.strip():
        called = _of_caller(actor, now, "name_hash", vault.name_hash(name))
        return called & sought(actor, now, text, vault, wanted) if text.strip() else called
    if is_phone(text):
        return _of_caller(actor, now, "phone_hash", vault.phone_hash(text))
    return searching.matches(text, wanted)


def is_phone(text: str) -> bool:
    """Whether a text is a telephone number, in full or local, rather than words or a ticket's number."""
    number = numbers.normalise_number(text)
    if _LIKE_A_TICKETS.fullmatch(number):
        return False
    digits = "".join(char for char in number if char.isdigit())
    return 5 <= len(digits) <= 15 and len(digits) >= len(number) - 3


def _of_caller(actor: Actor, now: datetime, column: str, value: bytes) -> ColumnElement[bool]:
    """Record the search and give its condition."""
    look_for(actor, now, column, value)
    has_it = select(Contact.ticket_id).where(getattr(Contact, column) == value)
    return Ticket.id.in_(has_it) & callers_known_to(actor, Ticket.rooms)


def look_for(actor: Actor, now: datetime, column: str, value: bytes) -> None:
    """Record that somebody searches for a caller. The same may be searched for any number of times. Raises
    Forbidden, TooMany."""
    action = f"find_by_{column.removesuffix('_hash')}"
    if actor.id is None or not may(actor, SIDE_RECORDS["reveal"]):
        raise errors.Forbidden(action=action)
    key = value.hex()
    known = {tuple(look.items()) for look in looks_lately(actor, now, SEARCHED)}
    if ((column, key),) not in known and len(known) >= PER_HOUR:
        raise too_many_looks(actor, action)
    # A search changes nobody's account, so it is of no version of it.
    payload: dict[str, Any] = {column: key}
    events.record(SEARCHED, subject="staff", subject_id=actor.id, version=0, actor=actor, now=now, **payload)
