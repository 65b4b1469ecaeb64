"""Verbs at the front desk: open, register, amend, discard; answer at once or refer elsewhere."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db import db
from routing import service as routing
from tickets import clocks, errors, masking, numbers
from tickets.change import Locked, check, finish, lock, require, require_storable, scope_of, write_texts
from tickets.dispatching import decide, route
from tickets.lifecycle import TicketState
from tickets.models import Contact, Ticket, TicketText, number_sequence, ticket_sequence
from tickets.permissions import Actor, rooms_of_ticket
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
DERIVED_TITLE = 40
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


TEXTS = ("title", "content", "demand", "accused")
_ELSEWHERE = {*TEXTS, *CONTACT_FIELDS, "received_at"}


@dataclass(frozen=True)
class Opened:
    """A ticket that was taken in. `code` is empty once it may not be shown again."""

    ticket: Ticket
    code: str
    is_new: bool


def open_ticket(
    actor: Actor,
    now: datetime,
    intake: Intake,
    vault: Vault,
    *,
    form_key: str | None = None,
    clocks_run: bool = True,
) -> Opened:
    """Take in a matter, number it and route it, in one go. Idempotent by `form_key` or external number.

    A repeat returns the first ticket; the same key with other content raises KeyReused.
    `clocks_run` False is for another line's history: it is closed as imported, without clocks or routing
    to a unit. Raises Invalid, Forbidden.
    """
    if "ticket.register" not in actor.permissions and "ticket.open" not in actor.permissions:
        raise errors.Forbidden(action="register")
    intake = _checked(intake)
    form_hash = vault.content_hash(asdict(intake)) if form_key else None
    before = set(db.session.new)
    with db.session.no_autoflush:
        ticket = _numbered(actor, now, intake, form_key, form_hash)
        locked = Locked(ticket, [])
        code = _register(locked, actor, now, intake, vault)
        if clocks_run:
            route(locked, now, intake.title, intake.content)
        else:
            decide(locked, now, intake.title, intake.content)
            _close_history(locked, actor, now)
        is_new = _insert(ticket)
        if is_new:
            return Opened(ticket, code, is_new=True)
        # The rows of this ticket have only been prepared; they go, and those of others in this transaction stay.
        for row in set(db.session.new) - before:
            db.session.expunge(row)
    return _already_there(now, intake, vault, form_key, form_hash)


def _numbered(
    actor: Actor, now: datetime, intake: Intake, form_key: str | None, form_hash: bytes | None
) -> Ticket:
    """A ticket with id and number, outside the session until its row is known to be new."""
    ticket_id, serial = db.session.connection().execute(_NEXT_NUMBERS).one()
    return Ticket(
        **_columns(intake),
        id=ticket_id,
        number=numbers.ticket_number(now.astimezone(routing.current().zone).date(), serial),
        state=TicketState.REGISTERED,
        version=0,
        rooms=[],
        title=masking.mask_text(intake.title),
        registered_by=actor.id if actor.kind == "staff" else None,
        created_at=now,
        registered_at=now,
        received_at=intake.received_at or now,
        form_key=form_key,
        form_hash=form_hash,
        code_counter=0,
        round=0,
    )


def _insert(ticket: Ticket) -> bool:
    """Insert the finished row; False when its form key or external number is taken.

    ON CONFLICT waits for a concurrent twin to commit, so fifty copies of one form make one ticket.
    """
    values = {key: value for key, value in vars(ticket).items() if not key.startswith("_")}
    return db.session.connection().execute(_INSERT_NEW, values).scalar() is not None


_NEXT_NUMBERS = select(ticket_sequence.next_value(), number_sequence.next_value())

# Built once, with the values as parameters: built anew for each ticket it cost more than the rest of the verb.
_INSERT_NEW = insert(Ticket).on_conflict_do_nothing().returning(Ticket.id)


def _columns(intake: Intake) -> dict[str, Any]:
    """The intake's values that are columns of the ticket, with what follows from them."""
    values = {key: value for key, value in asdict(intake).items() if key not in _ELSEWHERE}
    reference = routing.current()
    values["region_path"] = "/".join(reference.region_chain(intake.region_code or "")) or None
    values["confidential"] = intake.confidential or intake.type in reference.setting("confidential_types")
    return values


def _already_there(
    now: datetime, intake: Intake, vault: Vault, form_key: str | None, form_hash: bytes | None
) -> Opened:
    """The ticket that has the key or the external number. NULL is neither: it would find every other ticket."""
    first = None
    if form_key is not None:
        first = db.session.scalar(select(Ticket).where(Ticket.form_key == form_key))
    if first is not None:
        if first.form_hash != form_hash:
            raise errors.KeyReused()
        fresh = first.registered_at is not None and now - first.registered_at < CODE_SHOWN_AGAIN
        return Opened(first, vault.code_of(first) if fresh else "", is_new=False)
    if intake.external_system is not None and intake.external_no is not None:
        same = (Ticket.external_system == intake.external_system, Ticket.external_no == intake.external_no)
        first = db.session.scalar(select(Ticket).where(*same))
    if first is None:
        raise errors.KeyReused()
    return Opened(first, "", is_new=False)


def _register(locked: Locked, actor: Actor, now: datetime, intake: Intake, vault: Vault) -> str:
    """Give texts, contact, code and the dispatch clock to a ticket just numbered; returns the code."""
    ticket = locked.ticket
    code = vault.give_code(ticket)
    texts = _write_matter(ticket, intake, actor, now)
    contact = _write_contact(ticket, intake, now, vault)
    finish(locked, actor, now, "ticket.registered", channel=ticket.channel, texts=texts, contact=contact)
    return code


def _close_history(locked: Locked, actor: Actor, now: datetime) -> None:
    check(actor, locked, "import")
    locked.ticket.state = TicketState.CLOSED
    locked.ticket.closed_at = now
    finish(locked, actor, now, "ticket.closed", outcome="imported")


def _write_matter(ticket: Ticket, intake: Intake, actor: Actor, now: datetime) -> dict[str, int] | None:
    """Store title and content where they differ from what stands. Returns field -> version, for the event."""
    before = current_texts(ticket.id) if ticket.version else {}
    bodies = {field: getattr(intake, field).strip() for field in TEXTS}
    changed = {field: body for field, body in bodies.items() if body != before.get(field, "")}
    return write_texts(ticket, changed, actor, now, may_clear=True)


def _write_contact(ticket: Ticket, intake: Intake, now: datetime, vault: Vault) -> list[str] | None:
    """Seal what identifies the caller. Returns the names of the fields that changed, for the event."""
    given = {field: getattr(intake, field).strip() for field in CONTACT_FIELDS}
    contact = db.session.get(Contact, ticket.id) if ticket.version else None
    if contact is None:
        if not any(given.values()):
            return None
        contact = Contact(ticket_id=ticket.id, updated_at=now)
        db.session.add(contact)
    changed = [field for field, value in given.items() if vault.open_contact(contact, field) != value]
    for field in changed:
        vault.seal_contact(contact, field, given[field])
    if changed:
        contact.updated_at = now
    return changed or None


def open_draft(actor: Actor, now: datetime, intake: Intake, vault: Vault) -> Ticket:
    """Begin a ticket that has no number yet, at the first second of a call. Nothing is required of it."""
    if "ticket.open" not in actor.permissions:
        raise errors.Forbidden(action="open")
    require_storable(asdict(intake))
    ticket = Ticket(
        **_columns(intake) | {
            "state": "DRAFT",
            "version": 0,
            "title": masking.mask_text(intake.title),
            "registered_by": actor.id,
            "created_at": now,
            "received_at": intake.received_at or now,
        }
    )
    ticket.rooms = sorted(rooms_of_ticket(scope_of(ticket, [])))
    db.session.add(ticket)
    db.session.flush()
    locked = Locked(ticket, [])
    texts = _write_matter(ticket, intake, actor, now)
    contact = _write_contact(ticket, intake, now, vault)
    finish(locked, actor, now, "ticket.opened", channel=ticket.channel, texts=texts, contact=contact)
    return ticket


def register(
    actor: Actor, now: datetime, ticket_id: int, intake: Intake, vault: Vault, version: int | None = None
) -> Opened:
    """Give a draft its number and route it. Raises NotFound, Forbidden, Stale, NotNow, Invalid."""
    locked = lock(actor, ticket_id)
    check(actor, locked, "register", version)
    ticket = locked.ticket
    intake = _checked(intake)
    _apply(ticket, intake)
    serial = db.session.execute(select(number_sequence.next_value())).scalar_one()
    ticket.number = numbers.ticket_number(now.astimezone(routing.current().zone).date(), serial)
    ticket.state = "REGISTERED"
    ticket.registered_at = now
    code = _register(locked, actor, now, intake, vault)
    route(locked, now, intake.title, intake.content)
    return Opened(ticket, code, is_new=True)


def amend(
    actor: Actor, now: datetime, ticket_id: int, intake: Intake, vault: Vault, version: int | None = None
) -> Ticket:
    """Correct what was taken down. The event names the fields that changed; the texts keep every version.

    Routing is not asked again: who has the ticket keeps it, a wrong unit returns it.
    """
    locked = lock(actor, ticket_id)
    check(actor, locked, "amend", version)
    ticket = locked.ticket
    require_storable(asdict(intake))
    if ticket.state != "DRAFT":
        intake = _checked(intake)
    changed = _apply(ticket, intake)
    texts = _write_matter(ticket, intake, actor, now)
    contact = _write_contact(ticket, intake, now, vault)
    if changed or texts or contact:
        finish(locked, actor, now, "ticket.amended", changed=changed, texts=texts, contact=contact)
    return ticket


def current_texts(ticket_id: int) -> dict[str, str]:
    """What was taken down, as it stands, in the caller's own words."""
    rows = db.session.execute(
        select(TicketText.field, TicketText.body)
        .where(TicketText.ticket_id == ticket_id, TicketText.field.in_(TEXTS))
        .order_by(TicketText.version)
    )
    return dict(rows.all())


def _apply(ticket: Ticket, intake: Intake) -> list[str]:
    """Set the ticket's columns from the intake; returns the names of those that changed."""
    fixed = {"external_system", "external_no", "channel"}
    values = {key: value for key, value in _columns(intake).items() if key not in fixed}
    values["title"] = masking.mask_text(intake.title)
    changed = sorted(key for key, value in values.items() if getattr(ticket, key) != value)
    for key in changed:
        setattr(ticket, key, values[key])
    return [key for key in changed if key != "title"]


def discard(actor: Actor, now: datetime, ticket_id: int, reason: str, version: int | None = None) -> Ticket:
    """Throw a draft away; it never had a number."""
    locked = lock(actor, ticket_id)
    check(actor, locked, "discard", version)
    require(reason=reason)
    locked.ticket.state = "DISCARDED"
    locked.ticket.closed_at = now
    texts = write_texts(locked.ticket, {"reason": reason}, actor, now)
    finish(locked, actor, now, "ticket.discarded", texts=texts)
    return locked.ticket


def answer(actor: Actor, now: datetime, ticket_id: int, text: str, version: int | None = None) -> Ticket:
    """Answer at once, at the desk. Ends the ticket."""
    locked = lock(actor, ticket_id)
    check(actor, locked, "answer", version)
    require(answer=text)
    _end(locked, "ANSWERED", now)
    texts = write_texts(locked.ticket, {"answer": text}, actor, now)
    finish(locked, actor, now, "ticket.answered", texts=texts)
    return locked.ticket


def refer(
    actor: Actor, now: datetime, ticket_id: int, disposition: str, text: str, version: int | None = None
) -> Ticket:
    """Tell the citizen which other channel is right, and why. Ends the ticket."""
    locked = lock(actor, ticket_id)
    check(actor, locked, "refer", version)
    require(disposition=disposition, referral=text)
    if disposition not in DISPOSITIONS:
        raise errors.Invalid(fields={"disposition": "unknown"})
    _end(locked, "REFERRED", now)
    locked.ticket.disposition = disposition
    texts = write_texts(locked.ticket, {"referral": text}, actor, now)
    finish(locked, actor, now, "ticket.referred", disposition=disposition, texts=texts)
    return locked.ticket


def _end(locked: Locked, state: str, now: datetime) -> None:
    clocks.stop(locked.ticket.id, now)
    locked.ticket.state = state
    locked.ticket.closed_at = now


def _checked(intake: Intake) -> Intake:
    """The intake with its title filled in. Raises Invalid with every fault found."""
    require_storable(asdict(intake))
    faults = _faults(intake)
    if faults:
        raise errors.Invalid(fields=faults)
    return replace(intake, title=title_of(intake), content=intake.content.strip())


def title_of(intake: Intake) -> str:
    """The title as given, or the beginning of what was said."""
    # Masked before it is cut: half a telephone number would not be recognised as one.
    return intake.title.strip() or " ".join(masking.mask_text(intake.content).split())[:DERIVED_TITLE]


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
