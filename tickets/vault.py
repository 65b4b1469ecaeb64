"""The keys of an installation, and the few things done with them for a ticket."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from tickets import numbers, sealing
from tickets.models import Contact, Ticket

CONTACT_FIELDS = ("name", "phone", "address")


@dataclass(frozen=True)
class Vault:
    """`keys` seal personal data and make searchable hashes; `secret` makes query codes."""

    keys: sealing.Keys
    secret: bytes
    code_key_id: str = "1"

    def give_code(self, ticket: Ticket) -> str:
        """Put the keyed hash of a (new) query code on the ticket; returns the code itself."""
        ticket.code_counter += 1
        ticket.code_key_id = self.code_key_id
        code = self.code_of(ticket)
        ticket.code_hash = numbers.code_hash(self.secret, code, ticket.id)
        return code

    def code_of(self, ticket: Ticket) -> str:
        """The ticket's present query code, derived again."""
        return numbers.query_code(
            self.secret, ticket.code_key_id or self.code_key_id, ticket.id, ticket.code_counter
        )

    def content_hash(self, content: Mapping[str, object]) -> bytes:
        """A keyed hash of what a form said, to tell a repeat from another message."""
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
        return sealing.blind(self.keys, hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest(), "form")

    def seal_contact(self, contact: Contact, field: str, value: str) -> None:
        """Seal one field; a phone number and a name also get the hash they are searched by."""
        context = f"contact:{contact.ticket_id}"
        setattr(contact, field, sealing.seal(self.keys, value, field, context) if value else None)
        if field == "phone":
            contact.phone_hash = self.phone_hash(value) if value else None
        if field == "name":
            contact.name_hash = self.name_hash(value) if value else None

    def open_contact(self, contact: Contact, field: str) -> str:
        """One field in clear, or an empty string."""
        blob = getattr(contact, field)
        return sealing.open_(self.keys, blob, field, f"contact:{contact.ticket_id}") if blob else ""

    def contact_hash(self, ticket_id: int, field: str, value: str) -> str | None:
        """What an event says of a contact value: enough to prove which it was, but not to find it at another
        ticket. None for no value."""
        plain = sealing.normalise_phone(value) if field == "phone" else value
        return sealing.blind(self.keys, f"{ticket_id}:{plain}", field).hex() if value else None

    def phone_hash(self, phone: str) -> bytes:
        """The searchable hash of a phone number, however it was typed."""
        return sealing.blind(self.keys, sealing.normalise_phone(phone), "phone")

    def name_hash(self, name: str) -> bytes:
        """The searchable hash of a whole name, whatever blanks, widths and capitals it was typed with."""
        return sealing.blind(self.keys, sealing.normalise_name(name), "name")
