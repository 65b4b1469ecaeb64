"""What a citizen reads about the own ticket: where it stands, who has it since when, and the reply."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on
from sqlalchemy.orm import aliased

from db import db
from routing import service as routing
from routing.reference import Reference
from tickets import lifecycle, masking, numbers
from tickets.clocks import HANDLING
from tickets.event_models import TicketEvent
from tickets.lifecycle import AssignmentState, TicketState
from tickets.models import Assignment, Deadline, Ticket, TicketText
from tickets.vault import Vault

SHOWN = (
    "ticket.registered", "ticket.triaged", "ticket.dispatched", "assignment.signed", "assignment.handled",
    "assignment.return_requested", "assignment.upheld", "assignment.returned",
    "assignment.replied", "ticket.submitted", "ticket.rejected", "ticket.accepted", "ticket.urged",
    "ticket.answered", "ticket.referred", "ticket.rated", "ticket.redone", "ticket.closed",
    "ticket.rescheduled",
)
"""Events a citizen sees: that they happened, when and which unit; never who, and no internal text. Of clocks
counted anew only where the promise to the citizen moved."""
READABLE: dict[str, str] = {
    TicketState.ANSWERED: "answer",
    TicketState.REFERRED: "referral",
    TicketState.TO_CALLBACK: "public_reply",
    TicketState.CLOSED: "public_reply",
}
"""In which state which text goes out; before review, none."""


# Made once: putting these together for each citizen who asks takes longer than running them.
_BY_NUMBER = select(
    Ticket.id, Ticket.number, Ticket.version, Ticket.title, Ticket.state, Ticket.place,
    Ticket.registered_at, Ticket.disposition, Ticket.code_hash, Ticket.round,
).where(Ticket.number == bindparam("number"))
_ASSIST = aliased(Assignment)
_ASSISTS = (
    select(func.array_agg(aggregate_order_by(_ASSIST.department_id, _ASSIST.id)))
    .where(
        # Not by round: a unit that took over begins a new one, and those who assist stay.
        _ASSIST.ticket_id == Assignment.ticket_id, _ASSIST.role == "assist",
        _ASSIST.state != AssignmentState.RETURNED,
        # What was done in an earlier time is not done again, unless this time is over too.
        or_(_ASSIST.state != AssignmentState.DONE, Assignment.state == AssignmentState.DONE),
    )
    .correlate(Assignment)
    .scalar_subquery()
)
_LEAD = (
    select(
        Assignment.department_id, Assignment.dispatched_at, Assignment.state, Deadline.due_at,
        _ASSISTS.label("assists"),
    )
    .outerjoin(
        Deadline,
        # By ticket as well: without it every deadline there ever was is read.
        (Deadline.ticket_id == Assignment.ticket_id)
        & (Deadline.assignment_id == Assignment.id)
        & Deadline.clock.in_(HANDLING),
    )
    .where(
        Assignment.ticket_id == bindparam("ticket_id"), Assignment.role == "lead",
        Assignment.state != AssignmentState.RETURNED,
    )
    .order_by(Assignment.id.desc(), Deadline.epoch.desc())
    .limit(1)
)
_STEPS = (
    select(
        TicketEvent.kind, TicketEvent.at, TicketEvent.department_id,
        TicketEvent.payload["promised"][1].astext.label("promised"),
    )
    .where(
        TicketEvent.subject == "ticket", TicketEvent.subject_id == bindparam("ticket_id"),
        TicketEvent.kind.in_(SHOWN),
        or_(TicketEvent.kind != "ticket.rescheduled", TicketEvent.payload.has_key("promised")),
    )
    .order_by(TicketEvent.id)
)


@dataclass(frozen=True)
class Step:
    """One line of the public timeline; `unit` is the unit's name, where one acted.

    `due_at` is what is promised since, where the promise moved.
    """

    kind: str
    at: datetime
    unit: str | None
    due_at: datetime | None = None


@dataclass(frozen=True)
class PublicStatus:
    """All that number and query code open. `replies` are (unit, text), only after review."""

    ticket_id: int
    number: str
    version: int
    round: int
    title: str
    state: str
    place: str
    registered_at: datetime
    due_at: datetime | None
    unit: str | None
    unit_since: datetime | None
    lead_state: str | None
    assists: tuple[str, ...]
    disposition: str | None
    replies: tuple[tuple[str | None, str], ...]
    steps: tuple[Step, ...]

    @property
    def may_rate(self) -> bool:
        return self.state == TicketState.TO_CALLBACK

    @property
    def has_ended(self) -> bool:
        return self.state in lifecycle.ENDED

    @property
    def may_urge(self) -> bool:
        return lifecycle.transition("ticket", "urge", self.state) is not None


def public_status(number: str, code: str, vault: Vault) -> PublicStatus | None:
    """The status behind number and code; None when they do not fit, without telling which of them."""
    number = numbers.normalise_number(number)
    # What is no number is asked for all the same, as none: it may hold what the database cannot take.
    number = number if numbers.is_ticket_number(number) else ""
    ticket = db.session.execute(_BY_NUMBER, {"number": number}).one_or_none()
    expected = ticket.code_hash if ticket else b""
    # The hash is made in either case, so that the time taken tells a wrong number from a wrong code to nobody.
    given = numbers.code_hash(vault.secret, _digits(code), ticket.id if ticket else 0)
    if not hmac.compare_digest(given, expected or b"") or ticket is None:
        return None
    return _status(ticket)


def _digits(code: str) -> str:
    """The code as typed; what is none of twelve digits is no code."""
    code = numbers.normalise_code(code)
    return code if code.isascii() and code.isdecimal() else ""


def _status(ticket: Any) -> PublicStatus:
    reference = routing.current()
    lead = _lead(ticket.id)
    ended = ticket.state not in (TicketState.IN_PROGRESS, TicketState.TO_REVIEW)
    return PublicStatus(
        ticket_id=ticket.id,
        number=ticket.number,
        version=ticket.version,
        round=ticket.round,
        title=ticket.title,
        state=ticket.state,
        place=masking.mask_address_to_street(ticket.place or ""),
        registered_at=ticket.registered_at,
        due_at=lead.due_at if lead and not ended else None,
        unit=_unit(reference, lead.department_id) if lead else None,
        unit_since=lead.dispatched_at if lead else None,
        lead_state=lead.state if lead else None,
        assists=tuple(_unit(reference, unit) or "" for unit in lead.assists or ()) if lead else (),
        disposition=ticket.disposition,
        replies=_replies(reference, ticket.id, ticket.state),
        steps=_steps(reference, ticket.id),
    )


def promised(ticket_id: int) -> datetime | None:
    """The moment by which the lead unit has promised an outcome, or None while nobody has the ticket."""
    lead = _lead(ticket_id)
    return lead.due_at if lead else None


def _lead(ticket_id: int) -> Any:
    """The unit that leads now, since when, how far it is, its latest handling deadline and who assists it."""
    return db.session.execute(_LEAD, {"ticket_id": ticket_id}).one_or_none()


def _replies(reference: Reference, ticket_id: int, state: str) -> tuple[tuple[str | None, str], ...]:
    wanted = READABLE.get(state)
    if wanted is None:
        return ()
    latest = (
        select(TicketText.body, Assignment.department_id, Assignment.role)
        .ext(distinct_on(TicketText.field, TicketText.assignment_id))
        .outerjoin(Assignment, Assignment.id == TicketText.assignment_id)
        .where(
            TicketText.ticket_id == ticket_id, TicketText.field == wanted, TicketText.erased_at.is_(None),
            case((TicketText.assignment_id.is_(None), True), else_=Assignment.state == "DONE"),
        )
        .order_by(TicketText.field, TicketText.assignment_id, TicketText.version.desc())
    )
    # Of each unit that of its last round; they come in the order of rounds.
    rows = {row.department_id: row for row in db.session.execute(latest)}.values()
    return tuple(
        (_unit(reference, row.department_id), masking.mask_text(row.body, shows_landlines=True))
        for row in sorted(rows, key=lambda row: row.role == "assist")
    )


def _steps(reference: Reference, ticket_id: int) -> tuple[Step, ...]:
    found = db.session.execute(_STEPS, {"ticket_id": ticket_id})
    return tuple(
        Step(
            row.kind, row.at, _unit(reference, row.department_id),
            datetime.fromisoformat(row.promised) if row.promised else None,
        )
        for row in found
    )  # fmt: skip


def _unit(reference: Reference, department_id: int | None) -> str | None:
    unit = reference.units_by_id.get(department_id) if department_id is not None else None
    return unit.name if unit else None
