"""Verbs at the front desk that take a matter in: open a ticket, begin a draft, register it."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db import db
from routing import service as routing
from tickets import errors, hiding, masking, numbers, outward, titles
from tickets.change import Locked, check, finish, lock, move, require_storable, write_texts
from tickets.dispatching import decide, route
from tickets.lifecycle import TicketState
from tickets.models import Contact, Ticket, TicketText, number_sequence, ticket_sequence
from tickets.permissions import Actor
from tickets.vault import CONTACT_FIELDS, Vault

TYPES = ("consult", "help", "complaint", "report", "suggestion", "praise", "other")
URGENCIES = ("critical", "urgent", "normal", "hard")
CHANNELS = (
    "phone", "web", "wechat", "app", "sms", "mailbox", "people_net", "province", "police", "leader", "import",
)
DISPOSITIONS = ("emergency", "statutory", "explain", "malicious")
"""国办函〔2025〕66号: handed to an emergency line; has a legal procedure; explained; disturbance."""
CODE_SHOWN_AGAIN = timedelta(hours=24)
TITLE_LENGTH = 200
CONTENT_LENGTH = 20_000
LENGTHS = {
    "title": TITLE_LENGTH, "content": CONTENT_LENGTH, "demand": 2000, "accused": 500, "place": 500,
    "address": 500, "name": 100, "phone": 50, "caller_label": 100, "line_no": 20,
    "external_system": 100, "external_no": 100,
}
"""Characters of each field; a form of a megabyte is let in for its content alone."""


@dataclass(frozen=True)
class Intake:
    """What is taken down of a matter and its caller. `received_at` None means now.

    `demand` is what the caller wants done (诉求目的), `accused` whom it is about (被反映对象).
    """

    content: str = ""
    title: str = ""
    demand: str = ""
    accused: str = ""
    type: str = "complaint"
    channel: str = "web"
    line_no: str = "12345"
    urgency: str = "normal"
    category_code: str | None = None
    region_code: str | None = None
    place: str = ""
    longitude: float | None = None
    latitude: float | None = None
    happened_at: datetime | None = None
    person_count: int = 1
    enterprise: bool = False
    threat: bool = False
    anonymous: bool = False
    confidential: bool = False
    wants_reply: bool = True
    caller_label: str | None = None
    name: str = ""
    phone: str = ""
    address: str = ""
    external_system: str | None = None
    external_no: str | None = None
    received_at: datetime | None = None

    @property
    def is_secret(self) -> bool:
        """Whether it is taken in as confidential, as asked or for its type."""
        return self.confidential or self.type in routing.current().setting("confidential_types")


TEXTS = ("title", "content", "demand", "accused")
VERSIONED = (*TEXTS, "place", "caller_label")
"""All free text: each version is kept where it can be erased. The last two stand in columns of the ticket too."""
_ELSEWHERE = {*TEXTS, *CONTACT_FIELDS, "received_at"}
_FIXED = {"external_system", "external_no", "channel"}
_UNTOLD = {"title", "place", "caller_label", "region_path"}
"""Columns that no event names: texts, which have their versions, and what follows from another column."""


@dataclass(frozen=True)
class Opened:
    """A ticket that was taken in. `code` is empty once it may not be shown again."""

    ticket: Ticket
    code: str
    is_new: bool


def open_ticket(
    actor: Actor, now: datetime, intake: Intake, vault: Vault, *,
    form_key: str | None = None, clocks_run: bool = True, ends_at_desk: bool = False,
) -> Opened:  # fmt: skip
    """Take in a matter, number it and route it, in one go. Idempotent by `form_key` or external number.

    A repeat returns the first ticket; the same key with other content raises KeyReused. Of a form that was
    kept as a draft the draft is registered.
    `clocks_run` False is for another line's history: it is closed as imported, without clocks or routing
    to a unit. `ends_at_desk` leaves it registered, with what routing says kept, for the verb of the same
    transaction that answers or refers it. Raises Invalid, Forbidden.
    """
    row = check(actor, None, "register")
    form, intake = intake, checked(intake)
    before = set(db.session.new)
    with db.session.no_autoflush:
        ticket = _numbered(actor, now, intake)
        ticket.form_key, ticket.form_hash = form_key, _form_hash(form, vault) if form_key else None
        move(ticket, row)
        locked = Locked(ticket, [])
        code = _register(locked, actor, now, intake, vault)
        settle = route if clocks_run and not ends_at_desk else decide
        settle(locked, now, intake.title, intake.content)
        if not clocks_run:
            _close_history(locked, actor, now)
        is_new = _insert(ticket)
        if is_new:
            return Opened(ticket, code, is_new=True)
        # The rows of this ticket have only been prepared; they go, and those of others in this transaction stay.
        for row in set(db.session.new) - before:
            db.session.expunge(row)
    return _already_there(actor, now, form, vault, form_key, ends_at_desk)


def _numbered(actor: Actor, now: datetime, intake: Intake) -> Ticket:
    """A ticket with id and number, outside the session until its row is known to be new."""
    ticket_id, serial = db.session.connection().execute(_NEXT_NUMBERS).one()
    ticket = _unborn(actor, now, intake, ticket_id)
    ticket.number = numbers.ticket_number(now.astimezone(routing.current().zone).date(), serial)
    ticket.registered_at = now
    return ticket


def _unborn(actor: Actor, now: datetime, intake: Intake, ticket_id: int) -> Ticket:
    return Ticket(
        **columns_of(intake), id=ticket_id, version=0, round=0, code_counter=0, rooms=[], created_at=now,
        received_at=intake.received_at or now, title=masking.mask_text(intake.title),
        registered_by=actor.id if actor.kind == "staff" else None,
    )  # fmt: skip


def _form_hash(form: Intake, vault: Vault) -> bytes:
    """By which a form that is sent again is known."""
    return vault.content_hash(asdict(form))


def _insert(ticket: Ticket) -> bool:
    """Insert the finished row; False when its form key or external number is taken.

    ON CONFLICT waits for a concurrent twin to commit, so fifty copies of one form make one ticket.
    """
    values = {key: value for key, value in vars(ticket).items() if not key.startswith("_")}
    return db.session.connection().execute(_INSERT_NEW, values).scalar() is not None


_NEXT_NUMBERS = select(ticket_sequence.next_value(), number_sequence.next_value())

# Built once, with the values as parameters: built anew for each ticket it cost more than the rest of the verb.
_INSERT_NEW = insert(Ticket).on_conflict_do_nothing().returning(Ticket.id)


def columns_of(intake: Intake) -> dict[str, Any]:
    """The intake's values that are columns of the ticket, with what follows from them."""
    values = {key: value for key, value in asdict(intake).items() if key not in _ELSEWHERE}
    values["region_path"] = "/".join(routing.current().region_chain(intake.region_code or "")) or None
    values["place"] = intake.place.strip()
    values["caller_label"] = (intake.caller_label or "").strip() or None
    values["confidential"] = intake.is_secret
    return values


def _already_there(
    actor: Actor, now: datetime, intake: Intake, vault: Vault, form_key: str | None, ends_at_desk: bool
) -> Opened:
    """The ticket that has the key or the external number. NULL is neither: it would find every other ticket."""
    first = _of_form(form_key) if form_key is not None else None
    if first is not None:
        if first.state == TicketState.DRAFT:
            return register(actor, now, first.id, intake, vault, ends_at_desk=ends_at_desk)
        if first.form_hash != _form_hash(intake, vault):
            raise errors.KeyReused()
        return _shown_again(first, now, vault)
    if intake.external_system is not None and intake.external_no is not None:
        same = (Ticket.external_system == intake.external_system, Ticket.external_no == intake.external_no)
        first = db.session.scalar(select(Ticket).where(*same))
    if first is None:
        raise errors.KeyReused()
    return Opened(first, "", is_new=False)


def _of_form(form_key: str) -> Ticket | None:
    return db.session.scalar(select(Ticket).where(Ticket.form_key == form_key))


def _shown_again(ticket: Ticket, now: datetime, vault: Vault) -> Opened:
    fresh = ticket.registered_at is not None and now - ticket.registered_at < CODE_SHOWN_AGAIN
    return Opened(ticket, vault.code_of(ticket) if fresh else "", is_new=False)


def _register(
    locked: Locked,
    actor: Actor,
    now: datetime,
    intake: Intake,
    vault: Vault,
    changed: dict[str, list[Any]] | None = None,
) -> str:
    """Give texts, contact and code to a ticket just numbered; returns the code."""
    ticket = locked.ticket
    code = vault.give_code(ticket)
    texts = write_matter(ticket, intake, actor, now)
    contact = list(write_contact(ticket, intake, now, vault)) or None
    finish(
        locked, actor, now, "ticket.registered", channel=ticket.channel, changed=changed or None, texts=texts,
        contact=contact,
    )
    return code


def _close_history(locked: Locked, actor: Actor, now: datetime) -> None:
    move(locked.ticket, check(actor, locked, "import"))
    locked.ticket.closed_at = now
    finish(locked, actor, now, "ticket.closed", outcome="imported")


def write_matter(ticket: Ticket, intake: Intake, actor: Actor, now: datetime) -> dict[str, int] | None:
    """Store the texts that differ from what stands. Returns field -> version, for the event."""
    before = current_texts(ticket.id) if ticket.version else {}
    bodies = {field: (getattr(intake, field) or "").strip() for field in VERSIONED}
    changed = {field: body for field, body in bodies.items() if body != before.get(field, "")}
    return write_texts(ticket, changed, actor, now, may_clear=True)


def write_contact(
    ticket: Ticket, intake: Intake, now: datetime, vault: Vault
) -> dict[str, list[str | None]]:
    """Seal what identifies the caller. Returns, for the event, field -> keyed hashes of before and after."""
    given = {field: getattr(intake, field).strip() for field in CONTACT_FIELDS}
    contact = db.session.get(Contact, ticket.id) if ticket.version else None
    if contact is None:
        if not any(given.values()):
            return {}
        contact = Contact(ticket_id=ticket.id, updated_at=now)
        db.session.add(contact)
    before = {field: vault.open_contact(contact, field) for field in CONTACT_FIELDS}
    changed = [field for field, value in given.items() if before[field] != value]
    for field in changed:
        vault.seal_contact(contact, field, given[field])
    if changed:
        contact.updated_at = now
    return {
        field: [vault.contact_hash(ticket.id, field, value) for value in (before[field], given[field])]
        for field in changed
    }


def open_draft(
    actor: Actor, now: datetime, intake: Intake, vault: Vault, *, form_key: str | None = None
) -> Ticket:
    """Begin a ticket that has no number yet, at the first second of a call. Nothing is required of it.

    A repeat by `form_key` returns the first draft; the same key with other content raises KeyReused.
    """
    row = check(actor, None, "open")
    check_draft(intake)
    unborn = _unborn(actor, now, intake, db.session.scalars(select(ticket_sequence.next_value())).one())
    unborn.title = masking.mask_text(title_of(intake))
    unborn.form_key, unborn.form_hash = form_key, _form_hash(intake, vault)
    move(unborn, row)
    if not _insert(unborn):
        return _same_draft(actor, unborn)
    ticket = db.session.get_one(Ticket, unborn.id)
    locked = Locked(ticket, [])
    texts = write_matter(ticket, intake, actor, now)
    contact = list(write_contact(ticket, intake, now, vault)) or None
    finish(locked, actor, now, "ticket.opened", channel=ticket.channel, texts=texts, contact=contact)
    return ticket


def _same_draft(actor: Actor, repeat: Ticket) -> Ticket:
    """The draft that was kept of the same form. Raises KeyReused."""
    first = _of_form(repeat.form_key or "")
    if first is None or first.state != TicketState.DRAFT or first.registered_by != actor.id:
        raise errors.KeyReused()
    if first.form_hash != repeat.form_hash:
        raise errors.KeyReused()
    return first


def register(
    actor: Actor, now: datetime, ticket_id: int, intake: Intake, vault: Vault, version: int | None = None, *,
    ends_at_desk: bool = False,
) -> Opened:  # fmt: skip
    """Give a draft its number and route it. The same form sent again returns the same ticket.

    `ends_at_desk` as in `open_ticket`. Raises NotFound, Forbidden, Stale, NotNow, Invalid.
    """
    locked = lock(actor, ticket_id)
    ticket = locked.ticket
    form_hash = _form_hash(intake, vault)
    try:
        row = check(actor, locked, "register", version)
    except (errors.Stale, errors.NotNow):
        if ticket.number and ticket.registered_by == actor.id and ticket.form_hash == form_hash:
            return _shown_again(ticket, now, vault)
        raise
    intake = checked(intake)
    changed = apply(ticket, intake)
    ticket.form_hash = form_hash
    serial = db.session.execute(select(number_sequence.next_value())).scalar_one()
    ticket.number = numbers.ticket_number(now.astimezone(routing.current().zone).date(), serial)
    move(ticket, row)
    ticket.registered_at = now
    code = _register(locked, actor, now, intake, vault, changed)
    settle = decide if ends_at_desk else route
    settle(locked, now, intake.title, intake.content)
    return Opened(ticket, code, is_new=True)


def current_texts(ticket_id: int) -> dict[str, str]:
    """What was taken down, as it stands, in the caller's own words."""
    rows = db.session.execute(
        select(TicketText.field, TicketText.body)
        .where(TicketText.ticket_id == ticket_id, TicketText.field.in_(VERSIONED))
        .order_by(TicketText.version)
    )
    return dict(rows.all())


def apply(ticket: Ticket, intake: Intake) -> dict[str, list[Any]]:
    """Set the ticket's columns from the intake. Returns, for the event, column -> before and after."""
    values = {key: value for key, value in columns_of(intake).items() if key not in _FIXED}
    values["title"] = masking.mask_text(title_of(intake))
    before = {key: getattr(ticket, key) for key in values}
    changed = [key for key, value in values.items() if before[key] != value]
    for key in changed:
        setattr(ticket, key, values[key])
    return {key: [_told(key, before[key]), _told(key, values[key])] for key in changed if key not in _UNTOLD}


def _told(column: str, value: Any) -> Any:
    """A column's value as an event keeps it. A dialled number is typed by hand, and may be a caller's own."""
    if column == "line_no":
        return masking.mask_text(value)
    return value.isoformat() if isinstance(value, datetime) else value


def check_draft(intake: Intake) -> None:
    """Raise Invalid with every fault found. What is missing is none: a draft may stay incomplete."""
    require_storable(asdict(intake))
    faults = {field: fault for field, fault in _faults(intake).items() if fault != "missing"}
    if faults:
        raise errors.Invalid(fields=faults)


def checked(intake: Intake) -> Intake:
    """The intake with its title filled in. Raises Invalid with every fault found."""
    require_storable(asdict(intake))
    faults = _faults(intake)
    if faults:
        raise errors.Invalid(fields=faults)
    return replace(intake, title=title_of(intake), content=intake.content.strip())


def title_of(intake: Intake) -> str:
    """The title as given, or one made of what was said; of a confidential matter without who reports it."""
    people = (intake.name, intake.phone, intake.address) if intake.is_secret else ()
    title = hiding.without(intake.title.strip(), people)
    return title or titles.derived(outward.mask(hiding.without(intake.content, people)))


def _faults(intake: Intake) -> dict[str, str]:
    reference = routing.current()
    faults: dict[str, str] = {}
    for field, allowed in (("type", TYPES), ("urgency", URGENCIES), ("channel", CHANNELS)):
        if getattr(intake, field) not in allowed:
            faults[field] = "unknown"
    if not intake.content.strip() and not intake.title.strip():
        faults["content"] = "missing"
    for field, most in LENGTHS.items():
        if len(getattr(intake, field) or "") > most:
            faults[field] = "too_long"
    if intake.channel != "import" and not intake.anonymous and not intake.phone.strip():
        faults["phone"] = "missing"
    if intake.region_code and not reference.region_chain(intake.region_code):
        faults["region_code"] = "unknown"
    if intake.category_code and intake.category_code not in reference.categories:
        faults["category_code"] = "unknown"
    return faults
