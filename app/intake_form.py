"""The form in which staff take a matter down, or correct it. What masking hides, a blank field keeps."""

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
NOTHING_SHOWN = "***"
"""For what is stored and has no part that may be shown."""
FRESH: Fields = {
    "type": "help", "urgency": "normal", "channel": "phone", "line_no": "12345", "wants_reply": "1",
}


def read(fields: Fields, zone: Any) -> Intake:
    """The intake of a fresh form. Raises Invalid, also for a channel that nobody can choose."""
    if fields.get("channel") not in TYPED_CHANNELS:
        raise errors.Invalid(fields={"channel": "unknown"})
    return _typed(fields, zone)


def corrected(fields: Fields, ticket_id: int, vault: Vault, zone: Any) -> Intake:
    """The intake of a form that showed this ticket. Raises Invalid, NotFound.

    A blank clears the field, except where masking hid what is stored: that stays, unless it is ticked to be
    removed. Call it in the unit of work of the verb; the form's version guards against a change in between.
    """
    ticket = db.session.get(Ticket, ticket_id)
    if ticket is None:
        raise errors.NotFound()
    intake = _typed(fields, zone)
    hidden = {name: text for name, text in _stored(ticket, current_texts(ticket_id)).items() if _is_hidden(text)}
    contact = db.session.get(Contact, ticket_id)
    if contact is not None and not intake.anonymous:
        hidden |= {name: vault.open_contact(contact, name) for name in CONTACT_FIELDS}
    kept = {
        name: text for name, text in hidden.items() if not getattr(intake, name) and f"remove_{name}" not in fields
    }
    title = kept.get("title", intake.title)[:TITLE_LENGTH]
    return replace(
        intake, **kept | {"title": title}, channel=ticket.channel, longitude=ticket.longitude,
        latitude=ticket.latitude, external_system=ticket.external_system, external_no=ticket.external_no,
    )


def _typed(fields: Fields, zone: Any) -> Intake:
    """The intake as typed. Raises Invalid."""
    values: dict[str, Any] = {name: fields.get(name, "").strip() for name in (*LINES, *CHOICES)}
    values["content"] = values["content"].replace("\r\n", "\n")
    values |= {name: fields.get(name) or None for name in CODES}
    values |= {name: name in fields for name in TICKS}
    values["caller_label"] = values["caller_label"] or None
    values["happened_at"] = _moment("happened_at", fields.get("happened_at", ""), zone)
    values["person_count"] = _count("person_count", fields.get("person_count", ""))
    if values["anonymous"]:
        values |= dict.fromkeys(CONTACT_FIELDS, "")
    return Intake(**values)


def _stored(ticket: Any, texts: Mapping[str, str]) -> dict[str, str]:
    """What people wrote, as it stands, by field: `texts` and the columns that are free text too."""
    columns = {name: getattr(ticket, name) or "" for name in ("place", "caller_label", "line_no")}
    return {name: texts.get(name, "") for name in TEXTS} | columns


def _is_hidden(text: str) -> bool:
    return masking.mask_text(text) != text


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
    fields = {name: str(getattr(ticket, name) or "") for name in (*CHOICES, *CODES)}
    fields["person_count"] = str(ticket.person_count)
    if ticket.happened_at:
        fields["happened_at"] = f"{ticket.happened_at.astimezone(zone):%Y-%m-%dT%H:%M}"
    fields |= {name: "1" for name in TICKS if getattr(ticket, name)}
    stored = _stored(ticket, page.texts)
    return fields | {name: text for name, text in stored.items() if not _is_hidden(text)}


def kept(page: TicketPage) -> dict[str, str]:
    """What is stored and not shown, masked, by field: to be named beside the blank field."""
    stored = _stored(page.ticket, page.texts)
    hidden = {name: masking.mask_text(text) for name, text in stored.items() if _is_hidden(text)}
    return hidden | {name: value or NOTHING_SHOWN for name, value in page.contact.items()}


def beside_news(typed: Fields, page: TicketPage, zone: Any) -> Fields:
    """What was typed into a form that is out of date, its blanks filled with what the ticket has by now.

    A blank could be one that somebody else has filled in, or that was hidden then and is not hidden any more.
    """
    now_there = shown(page, zone)
    return {**typed, **{name: now_there[name] for name in LINES if name in now_there and not typed.get(name)}}
