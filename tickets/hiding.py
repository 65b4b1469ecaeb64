"""What free text and places tell of a caller who is to stay unknown: taken out by what is known of them."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from db import db
from tickets import masking
from tickets.models import Contact, Ticket
from tickets.permissions import Actor, knows_caller
from tickets.vault import CONTACT_FIELDS, Vault

HIDDEN = "＊＊＊"
_SHORTEST = 2  # characters of a name or an accused party that are looked for in texts


def caller_of(ticket_id: int, vault: Vault) -> dict[str, str]:
    """What is known of who stands behind a ticket, in full; empty where nothing is."""
    contact = db.session.get(Contact, ticket_id)
    return {name: vault.open_contact(contact, name) for name in CONTACT_FIELDS} if contact else {}


@dataclass(frozen=True)
class Veil:
    """Before the texts of one ticket, for a reader who may not know its caller. Of nobody it hides nothing."""

    caller: Mapping[str, str] = field(default_factory=dict)

    def text(self, text: str) -> str:
        return without(text, self.caller.values())

    def place(self, place: str) -> str:
        """Where the matter is. Down to the street alone where that is the caller's own address."""
        plain, own = _bare(place), _bare(self.caller.get("address", ""))
        if own and plain and (own in plain or plain in own):
            return masking.mask_address_to_street(place)
        return self.text(place)


def veil_for(actor: Actor, ticket: Ticket, vault: Vault) -> Veil:
    """Before what this actor reads of a ticket; that of nobody where the actor may know its caller, or is it."""
    is_known = actor.ticket_id == ticket.id or knows_caller(actor, ticket.rooms)
    return Veil() if is_known else Veil(caller_of(ticket.id, vault))


def veils(ticket_ids: Collection[int], vault: Vault) -> dict[int, Veil]:
    """One for each of these tickets that is confidential."""
    query = select(Ticket.id).where(Ticket.id.in_(ticket_ids), Ticket.confidential)
    return {ticket_id: Veil(caller_of(ticket_id, vault)) for ticket_id in db.session.scalars(query)}


def without(text: str, people: Iterable[str]) -> str:
    """A text without these names, numbers and addresses, however their characters are spaced and wide."""
    for value in people:
        characters = [re.escape(char) for char in _bare(value)]
        if len(characters) >= _SHORTEST:
            found = r"[\s·•()（）-]*".join(f"[{char}{_wide(char)}]" for char in characters)
            text = re.sub(found, HIDDEN, text, flags=re.IGNORECASE)
    return text


def _bare(value: str) -> str:
    plain = unicodedata.normalize("NFKC", value)
    return "".join(char for char in plain if char.isalnum())


def _wide(char: str) -> str:
    """The full-width form of a letter or digit of ASCII."""
    return chr(ord(char) + 0xFEE0) if len(char) == 1 and char.isascii() and char.isalnum() else ""
