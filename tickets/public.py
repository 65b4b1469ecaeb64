"""What a citizen reads about the own ticket: where it stands, who has it since when, and the reply."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, exists, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on
from sqlalchemy.orm import aliased

from db import db
from routing import service as routing
from routing.reference import Reference
from tickets import attached, lifecycle, masking, numbers, outward, terms, whereabouts
from tickets.attached import Attached
from tickets.event_models import TicketEvent
from tickets.lifecycle import GONE, AssignmentState, TicketState
from tickets.models import Assignment, Deadline, Ticket, TicketText
from tickets.terms import HANDLING
from tickets.vault import Vault

SHOWN = (
    "ticket.registered", "ticket.triaged", "ticket.dispatched", "ticket.assists_added", "assignment.signed",
    "assignment.handled",
    "assignment.return_requested", "assignment.upheld", "assignment.returned", "assignment.recalled",
    "assignment.replied", "assignment.contributed", "ticket.submitted", "ticket.rejected", "ticket.accepted",
    "ticket.urged", "ticket.answered", "ticket.referred", "ticket.rated", "ticket.redone", "ticket.closed",
    "ticket.info_asked", "ticket.supplemented", "ticket.went_on", "ticket.green", "ticket.merged",
    "ticket.unmerged", "ticket.split", "ticket.split_off", "ticket.withdrawn", "ticket.withdrawal_noted",
    "ticket.disputed", "ticket.suspended", "suspension.prolonged", "ticket.resumed", "extension.granted",
    "appeal.asked", "appeal.granted", "appeal.refused", "meeting.called", "ticket.rescheduled",
)
"""Events a citizen sees: that they happened, when and which unit; never who, and no internal text. Of clocks
counted anew only where the promise to the citizen moved."""
READABLE: dict[str, str] = {
    TicketState.ANSWERED: "answer",
    TicketState.REFERRED: "referral",
    TicketState.TO_CALLBACK: "public_reply",
    TicketState.CLOSED: "public_reply",
    TicketState.ARCHIVED: "public_reply",
}
"""In which state which text goes out; before review, none."""
TEXTS_SHOWN = ("question", "supplement", "public_reason", "appeal_answer")
"""Texts that a citizen reads with the event that they came with."""
WITH_TEXT = frozenset(
    {
        "ticket.info_asked", "ticket.supplemented", "ticket.suspended", "suspension.prolonged", "appeal.refused",
    }
)


# Made once: putting these together for each citizen who asks takes longer than running them.
_BY_NUMBER = select(
    Ticket.id, Ticket.number, Ticket.version, Ticket.title, Ticket.state, Ticket.place,
    Ticket.registered_at, Ticket.disposition, Ticket.refer_reason, Ticket.code_hash, Ticket.round,
    Ticket.parent_id, Ticket.closed_at, attached.FROM_CITIZEN.label("has_files"),
    whereabouts.CLOCKS.label("clocks"), whereabouts.PERSONS.label("persons"),
    whereabouts.SPLIT_OFF.label("split_off"),
).where(Ticket.number == bindparam("number"))
_ASSIST = aliased(Assignment)
_ASSISTS = (
    select(func.array_agg(aggregate_order_by(_ASSIST.department_id, _ASSIST.id)))
    .where(
        # Not by round: a unit that took over begins a new one, and those who assist stay.
        _ASSIST.ticket_id == Assignment.ticket_id, _ASSIST.role == "assist",
        _ASSIST.state.not_in(sorted(GONE)),
        # What was done in an earlier time is not done again, unless this time is over too.
        or_(_ASSIST.state != AssignmentState.DONE, Assignment.state == AssignmentState.DONE),
    )
    .correlate(Assignment)
    .scalar_subquery()
)
_ASKING = aliased(Assignment)
_LEAD = (
    select(
        Assignment.department_id, Assignment.dispatched_at, Assignment.state, Assignment.designated,
        Deadline.due_at, Deadline.prolonged, Deadline.paused_at,
        _ASSISTS.label("assists"),
        exists(_ASKING.id)
        .where(_ASKING.ticket_id == Assignment.ticket_id, _ASKING.state == AssignmentState.NEED_INFO)
        .correlate(Assignment)
        .label("asks"),
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
        Assignment.state.not_in(sorted(GONE)),
    )
    .order_by(Assignment.id.desc(), Deadline.epoch.desc())
    .limit(1)
)
_STEPS = (
    select(TicketEvent.kind, TicketEvent.at, TicketEvent.department_id, TicketEvent.payload)
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

    `words` is what was written for the citizen, `reason` a code, `until` the moment that it is about, `was` the
    one that was promised before.
    """

    kind: str
    at: datetime
    unit: str | None
    words: str = ""
    reason: str | None = None
    until: datetime | None = None
    was: datetime | None = None


@dataclass(frozen=True)
class PublicStatus:
    """All that number and query code open. `replies` are (unit, text), only after review; `earlier` are those of
    before, while it is handled again for the `again`th time.

    `clocks` says until when who does what; `stands_still`: the promise waits for the citizen's answer.
    """

    ticket_id: int
    number: str
    version: int
    round: int
    title: str
    state: str
    place: str
    registered_at: datetime
    due_at: datetime | None
    is_prolonged: bool
    unit: str | None
    unit_since: datetime | None
    lead_state: str | None
    assists: tuple[str, ...]
    disposition: str | None
    refer_reason: str | None
    questions: tuple[tuple[str | None, str], ...]
    may_appeal: bool
    replies: tuple[tuple[str | None, str], ...]
    steps: tuple[Step, ...]
    files: tuple[Attached, ...]
    clocks: Mapping[str, datetime]
    stands_still: bool
    is_designated: bool
    again: int
    is_appealed: bool
    earlier: tuple[tuple[str | None, str], ...]
    persons: int
    split_off: tuple[str, ...]

    @property
    def may_rate(self) -> bool:
        return self.state == TicketState.TO_CALLBACK

    @property
    def extended(self) -> Step | None:
        """The latest step that gave the unit more time, while its promise is one that was moved so."""
        moved = (step for step in reversed(self.steps) if step.kind == "extension.granted")
        is_shown = self.is_prolonged and self.due_at is not None
        return next((step for step in moved if step.unit == self.unit), None) if is_shown else None

    @property
    def suspended(self) -> Step | None:
        """While it is suspended: the step that says why, and when it is looked at again."""
        said = ("ticket.suspended", "suspension.prolonged")
        steps = (step for step in reversed(self.steps) if step.kind in said)
        return next(steps, None) if self.state == TicketState.SUSPENDED else None

    @property
    def has_ended(self) -> bool:
        return self.state in lifecycle.ENDED

    @property
    def may_urge(self) -> bool:
        return lifecycle.transition("ticket", "urge", self.state) is not None

    @property
    def may_withdraw(self) -> bool:
        return lifecycle.transition("ticket", "withdraw", self.state) is not None


def public_status(number: str, code: str, vault: Vault, now: datetime | None = None) -> PublicStatus | None:
    """The status behind number and code; None when they do not fit, without telling which of them.

    Whether there is still time for an appeal is told to who says what time it is.
    """
    number = numbers.normalise_number(number)
    # What is no number is asked for all the same, as none: it may hold what the database cannot take.
    number = number if numbers.is_ticket_number(number) else ""
    ticket = db.session.execute(_BY_NUMBER, {"number": number}).one_or_none()
    expected = ticket.code_hash if ticket else b""
    # The hash is made in either case, so that the time taken tells a wrong number from a wrong code to nobody.
    given = numbers.code_hash(vault.secret, _digits(code), ticket.id if ticket else 0)
    if not hmac.compare_digest(given, expected or b"") or ticket is None:
        return None
    return _status(ticket, now)


def _digits(code: str) -> str:
    """The code as typed; what is none of twelve digits is no code."""
    code = numbers.normalise_code(code)
    return code if code.isascii() and code.isdecimal() else ""


def _status(ticket: Any, now: datetime | None) -> PublicStatus:
    reference = routing.current()
    # What was merged into another ticket is where that one is, until the answer comes.
    is_merged = ticket.state == TicketState.MERGED
    lead = _lead(ticket.parent_id if is_merged else ticket.id)
    is_going_on = ticket.state in (TicketState.IN_PROGRESS, TicketState.TO_REVIEW, TicketState.MERGED)
    events = db.session.execute(_STEPS, {"ticket_id": ticket.id}).all()
    steps = _steps(reference, ticket.id, events)
    again = 0 if ticket.state in READABLE or ticket.state in lifecycle.ENDED else whereabouts.again(events)
    asks = ticket.state == TicketState.NEED_INFO or (lead is not None and lead.asks and not is_merged)
    return PublicStatus(
        ticket_id=ticket.id,
        number=ticket.number,
        version=ticket.version,
        round=ticket.round,
        title=ticket.title,
        state=ticket.state,
        place=masking.mask_address_to_street(ticket.place or ""),
        registered_at=ticket.registered_at,
        due_at=lead.due_at if lead and is_going_on else None,
        is_prolonged=bool(lead and lead.prolonged),
        unit=_unit(reference, lead.department_id) if lead else None,
        unit_since=lead.dispatched_at if lead else None,
        lead_state=lead.state if lead else None,
        assists=tuple(_unit(reference, unit) or "" for unit in _assists(ticket, lead)),
        disposition=ticket.disposition,
        refer_reason=ticket.refer_reason,
        questions=_questions(events, steps) if asks else (),
        may_appeal=ticket.state == TicketState.CLOSED and _may_appeal(ticket, now, events),
        replies=_replies(reference, ticket.id, ticket.state) or _replies_of_master(reference, ticket),
        steps=steps,
        files=attached.of_citizen(ticket.id) if ticket.has_files else (),
        clocks=whereabouts.moments(ticket.clocks),
        stands_still=bool(lead and lead.paused_at and is_going_on),
        is_designated=bool(lead and lead.designated and is_going_on),
        again=again,
        is_appealed=ticket.state == TicketState.CLOSED and whereabouts.has_open_appeal(events),
        earlier=_replies(reference, ticket.id, TicketState.TO_CALLBACK) if again else (),
        persons=ticket.persons,
        split_off=tuple(filter(None, ticket.split_off or ())),
    )


def _assists(ticket: Any, lead: Any) -> Sequence[int]:
    if lead is not None:
        return lead.assists or ()
    return whereabouts.helping(ticket.id) if ticket.state == TicketState.DISPUTED else ()


def _replies_of_master(reference: Reference, ticket: Any) -> tuple[tuple[str | None, str], ...]:
    """The answer of the ticket that this one was merged into."""
    return _replies(reference, ticket.parent_id, ticket.state) if ticket.parent_id is not None else ()


def _may_appeal(ticket: Any, now: datetime | None, events: Sequence[Any]) -> bool:
    """As the guard of the same name says, of what the page has read already."""
    within = now is not None and now <= ticket.closed_at + timedelta(days=terms.appeal_days())
    return within and all(event.kind != "appeal.asked" for event in events)


def _questions(events: Sequence[Any], steps: Sequence[Step]) -> tuple[tuple[str | None, str], ...]:
    """(unit, question) of each that has no answer yet; unit None: the hotline asks."""
    waiting: dict[int | None, tuple[str | None, str]] = {}
    for event, step in zip(events, steps, strict=True):
        if event.kind == "ticket.info_asked":
            waiting[event.payload.get("assignment")] = (step.unit, step.words)
        elif event.kind == "ticket.went_on":
            waiting.pop(event.payload.get("assignment"), None)
        elif event.kind == "ticket.supplemented":
            waiting.clear()
    return tuple(waiting.values())


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
        select(TicketText.body, Assignment.department_id)
        .ext(distinct_on(TicketText.field, TicketText.assignment_id))
        .outerjoin(Assignment, Assignment.id == TicketText.assignment_id)
        .where(
            TicketText.ticket_id == ticket_id, TicketText.field == wanted, TicketText.erased_at.is_(None),
            # One answer goes out: what units that help wrote is for the lead, who answers with it.
            case(
                (TicketText.assignment_id.is_(None), True),
                else_=(Assignment.state == "DONE") & (Assignment.role == "lead"),
            ),
        )
        .order_by(TicketText.field, TicketText.assignment_id, TicketText.version.desc())
    )
    # Of each unit that of its last round; they come in the order of rounds.
    rows = {row.department_id: row for row in db.session.execute(latest)}.values()
    return tuple((_unit(reference, row.department_id), outward.mask(row.body)) for row in rows)


def _steps(reference: Reference, ticket_id: int, events: Sequence[Any]) -> tuple[Step, ...]:
    words = _words(ticket_id) if any(event.kind in WITH_TEXT for event in events) else {}
    return tuple(
        Step(
            kind=event.kind,
            at=event.at,
            unit=_unit(reference, event.department_id),
            words="\n".join(
                words.get(text, "") for text in (event.payload.get("texts") or {}).items() if text in words
            ),
            reason=event.payload.get("reason"),
            until=_until(event.payload),
            was=_was(event.payload),
        )
        for event in events
    )


def _words(ticket_id: int) -> dict[tuple[str, int], str]:
    query = select(TicketText.field, TicketText.version, TicketText.body).where(
        TicketText.ticket_id == ticket_id, TicketText.field.in_(TEXTS_SHOWN), TicketText.erased_at.is_(None)
    )
    return {
        (row.field, row.version): outward.mask(row.body)
        for row in db.session.execute(query)
    }


def _until(payload: Mapping[str, Any]) -> datetime | None:
    """When it is due now, or is looked at again."""
    moved = payload.get("due_at") or payload.get("promised")
    text = payload.get("review_at") or payload.get("at") or (moved[-1] if isinstance(moved, list) else None)
    return datetime.fromisoformat(text) if text else None


def _was(payload: Mapping[str, Any]) -> datetime | None:
    """When it was due before."""
    moved = payload.get("due_at") or payload.get("promised")
    return datetime.fromisoformat(moved[0]) if isinstance(moved, list) else None


def _unit(reference: Reference, department_id: int | None) -> str | None:
    unit = reference.units_by_id.get(department_id) if department_id is not None else None
    return unit.name if unit else None
