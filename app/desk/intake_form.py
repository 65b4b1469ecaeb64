"""The form in which staff take a matter down, or correct it. What it may not show, a blank field keeps."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from db import db
from tickets import errors, masking
from tickets.intake import CHANNELS, TEXTS, TITLE_LENGTH, Intake, current_texts
from tickets.models import Contact, Ticket
from tickets.queries import TicketPage
from tickets.vault import CONTACT_FIELDS, Vault

Fields = Mapping[str, str]

LINES = (*TEXTS, "place", "caller_label", "line_no", *CONTACT_FIELDS)
CHOICES = ("type", "urgency", "channel")
CODES = ("category_code", "region_code")
TICKS = ("enterprise", "threat", "anonymous", "confidential", "wants_reply")
TYPED_CHANNELS = tuple(channel for channel in CHANNELS if channel != "import")
FRESH: Fields = {
    "type": "help", "urgency": "normal", "channel": "phone", "line_no": "12345", "wants_reply": "1",
}


def read(fields: Fields, base: Intake | None = None, zone: Any = None) -> Intake:
    """The intake as typed, over `base` for what the form does not ask. Raises Invalid."""
    values: dict[str, Any] = {name: fields.get(name, "").strip() for name in (*LINES, *CHOICES)}
    values["content"] = values["content"].replace("\r\n", "\n")
    values |= {name: fields.get(name) or None for name in CODES}
    values |= {name: name in fields for name in TICKS}
    values["caller_label"] = values["caller_label"] or None
    values["happened_at"] = _moment("happened_at", fields.get("happened_at", ""), zone)
    values["person_count"] = _count("person_count", fields.get("person_count", ""))
    if values["anonymous"]:
        values |= dict.fromkeys(CONTACT_FIELDS, "")
    return replace(base or Intake(), **values)


def _moment(name: str, text: str, zone: Any) -> datetime | None:
    """A date and time as a browser's field sends it, in the city's zone."""
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=zone)
    except ValueError as fault:
        raise errors.Invalid(fields={name: "unknown"}) from fault


def _count(name: str, text: str) -> int:
    if not text.strip():
        return 1
    if not text.strip().isdecimal() or not 1 <= int(text) <= 100_000:
        raise errors.Invalid(fields={name: "unknown"})
    return int(text)


def shown(page: TicketPage, zone: Any) -> dict[str, str]:
    """The form's fields for a ticket that is there. What masking would change stays out."""
    ticket = page.ticket
    fields = {name: str(getattr(ticket, name) or "") for name in (*CHOICES, *CODES, "place", "line_no")}
    fields["caller_label"] = ticket.caller_label or ""
    fields["person_count"] = str(ticket.person_count)
    if ticket.happened_at:
        fields["happened_at"] = f"{ticket.happened_at.astimezone(zone):%Y-%m-%dT%H:%M}"
    fields |= {name: "1" for name in TICKS if getattr(ticket, name)}
    texts = {name: page.texts.get(name, "") for name in TEXTS}
    return fields | {name: text for name, text in texts.items() if masking.mask_text(text) == text}


def kept(page: TicketPage) -> dict[str, str]:
    """What is stored and not shown, masked, by field: to be named beside the blank field."""
    texts = {name: masking.mask_text(page.texts.get(name, "")) for name in TEXTS}
    hidden = {name: text for name, text in texts.items() if text != page.texts.get(name, "")}
    return hidden | {name: value for name, value in page.contact.items() if value}


def completed(intake: Intake, ticket_id: int, vault: Vault) -> Intake:
    """The intake with its blank fields filled from what is stored, so that sending them blank keeps it.

    Call it in the unit of work of the verb; the form's version guards against a change in between.
    """
    ticket = db.session.get(Ticket, ticket_id)
    if ticket is None:
        raise errors.NotFound()
    texts = current_texts(ticket_id)
    blank = {name: texts.get(name, "") for name in TEXTS if not getattr(intake, name)}
    contact = db.session.get(Contact, ticket_id)
    if contact is not None and not intake.anonymous:
        blank |= {
            name: vault.open_contact(contact, name) for name in CONTACT_FIELDS if not getattr(intake, name)
        }
    title = blank.get("title", intake.title)[:TITLE_LENGTH]
    return replace(
        intake, **blank | {"title": title}, longitude=ticket.longitude, latitude=ticket.latitude,
        external_system=ticket.external_system, external_no=ticket.external_no,
    )
