"""Conditions that the transition table names besides state and permission: one for the check in the verb and for
the button on the page."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from sqlalchemy import func, select

from db import db
from routing import service as routing
from tickets import terms
from tickets.event_models import TicketEvent
from tickets.lifecycle import ENDED, GONE, WORKED_ON, AssignmentState, TicketState, Transition
from tickets.models import Assignment, Deadline, Rating, Ticket
from tickets.permissions import Actor
from tickets.request_models import Application, JointMeeting, SupervisionOrder

OF_HANDS = (
    "assignment.signed", "assignment.handled", "assignment.return_requested", "assignment.replied",
    "assignment.contributed",
)
"""What a person does for a unit. Who handled a matter does not review it, nor decide on it."""


def lead_of(parts: Iterable[Assignment]) -> Assignment | None:
    """The part of the unit that leads now, or led to the end: the last one that was not given back."""
    leads = [part for part in parts if part.role == "lead" and part.state not in GONE]
    return leads[-1] if leads else None


def above(part: Assignment, parts: Iterable[Assignment]) -> Assignment | None:
    """Of a part passed down the part that passed it, of an assisting one the lead's; None of the lead's own."""
    if part.parent_id is not None:
        return next((one for one in parts if one.id == part.parent_id), None)
    return lead_of(parts) if part.role == "assist" else None


def helpers_of(part: Assignment, parts: Iterable[Assignment]) -> list[Assignment]:
    """The parts whose outcome this one waits for: those it passed down, and of the lead those that assist."""
    return [one for one in parts if one.id != part.id and above(one, parts) is part]


def unit_of(row: Transition, part: Assignment | None, parts: Sequence[Assignment]) -> int | None:
    """The unit in which the row's permission counts; 0, where nobody holds one, if there is none above."""
    if part is None:
        return None
    if row.of != "above":
        return part.department_id
    upper = above(part, parts)
    return upper.department_id if upper else 0


def returns_granted(parts: Iterable[Assignment]) -> int:
    """How many units that were to lead gave the matter back, in this round of it."""
    count = 0
    for part in parts:
        if part.role == "lead" and part.state == AssignmentState.DONE:
            count = 0
        count += part.role == "lead" and part.state == AssignmentState.RETURNED
    return count


@dataclass(frozen=True)
class Case:
    """One ticket, one of its parts if the action is a part's, and who would act when. Looks things up at need."""

    actor: Actor
    ticket: Ticket
    parts: Sequence[Assignment]
    part: Assignment | None = None
    now: datetime | None = None

    def holds(self, guard: str) -> bool:
        """Whether the named condition is met."""
        return GUARDS[guard](self)

    @cached_property
    def asked(self) -> Mapping[tuple[str, int | None], Application]:
        """What is asked for and not decided, by kind and part."""
        rows = db.session.scalars(
            select(Application).where(Application.ticket_id == self.ticket.id, Application.state == "asked")
        )
        return {(row.kind, row.assignment_id): row for row in rows}

    @property
    def moment(self) -> datetime:
        if self.now is None:
            raise ValueError("this guard goes by the time")
        return self.now

    @property
    def own(self) -> Assignment:
        if self.part is None:
            raise ValueError("this guard is of a part")
        return self.part

    def application(self, kind: str) -> Application | None:
        return self.asked.get((kind, self.part.id if self.part else None))

    def count(self, kind: str) -> int:
        """How many requests of this kind the part has had, withdrawn ones and refused ones too."""
        rows = select(Application.id).where(
            Application.ticket_id == self.ticket.id,
            Application.assignment_id.is_not_distinct_from(self.part.id if self.part else None),
            Application.kind == kind,
        )
        return len(db.session.scalars(rows).all())

    def happened(self, kind: str) -> int:
        """How often this kind of event is of the part."""
        query = select(func.count()).where(
            TicketEvent.subject == "ticket", TicketEvent.subject_id == self.ticket.id, TicketEvent.kind == kind,
            TicketEvent.payload["assignment"].as_integer() == self.own.id,
        )  # fmt: skip
        return db.session.scalar(query) or 0


def _is_other_hand(case: Case) -> bool:
    if case.actor.kind != "staff":
        return True
    did = select(TicketEvent.id).where(
        TicketEvent.subject == "ticket", TicketEvent.subject_id == case.ticket.id,
        TicketEvent.kind.in_(OF_HANDS), TicketEvent.actor_id == case.actor.id,
    )
    return db.session.scalar(did.limit(1)) is None


def _may_return(case: Case) -> bool:
    """Within the window that the city gives from dispatch, not what was designated, and not over and over."""
    part = case.own
    if part.designated or part.role == "sub" or case.ticket.state != TicketState.IN_PROGRESS:
        return False
    is_in_time = part.return_until is None or case.moment <= part.return_until
    return is_in_time and case.happened("assignment.upheld") < terms.returns_per_part()


def _may_redispatch(case: Case) -> bool:
    return _is_other_hand(case) and not _is_last_return(case)


def _is_disputed(case: Case) -> bool:
    return _is_other_hand(case) and case.ticket.state == TicketState.IN_PROGRESS and _is_last_return(case)


def _is_last_return(case: Case) -> bool:
    return case.own.role == "lead" and returns_granted(case.parts) + 1 >= terms.returns_allowed()


def _may_be_recalled(case: Case) -> bool:
    """Before any unit has signed. Who is designated, or has to do it again, was not a dispatcher's choice."""
    ticket, part = case.ticket, case.own
    is_first = ticket.parent_id is None and all(one.state in (*GONE, part.state) for one in case.parts)
    return ticket.state == TicketState.IN_PROGRESS and part.role == "lead" and is_first and not part.designated


def _has_all_in(case: Case) -> bool:
    """The lead's reply waits for every unit that helps it; what is missing is waived, with a reason."""
    return case.own.role == "lead" and case.ticket.state == TicketState.IN_PROGRESS and not _missing(case)


def _missing(case: Case) -> list[Assignment]:
    return [one for one in helpers_of(case.own, case.parts) if one.state in WORKED_ON]


def _may_extend(case: Case) -> bool:
    part = case.own
    if part.role == "sub" or case.ticket.state != TicketState.IN_PROGRESS or case.application("extension"):
        return False
    due = select(Deadline.due_at).where(
        Deadline.ticket_id == case.ticket.id, Deadline.assignment_id == part.id,
        Deadline.clock.in_(terms.HANDLING), Deadline.stopped_at.is_(None),
    )
    due_at = db.session.scalar(due.limit(1))
    return due_at is not None and case.moment < due_at and case.count("extension") < len(terms.extensions())


def _is_extension_of(case: Case, permission: str) -> bool:
    """Whether an extension is asked for on which the holder of this permission decides."""
    asked = case.application("extension")
    if asked is None or not _may_decide(case, asked):
        return False
    rules = terms.extensions()
    return rules[min(asked.level, len(rules)) - 1].who == permission


def _may_suspend(case: Case) -> bool:
    return (
        case.own.role == "lead" and case.ticket.state == TicketState.IN_PROGRESS
        and case.application("suspension") is None
    )


def _is_asked(case: Case, kind: str) -> bool:
    asked = case.application(kind)
    return asked is not None and _may_decide(case, asked)


def _may_decide(case: Case, asked: Application) -> bool:
    return asked.asked_by != case.actor.id and _is_other_hand(case)


def _may_be_suspended(case: Case) -> bool:
    """Not while a unit waits to hear whether the matter stays with it."""
    waits = any(part.state == AssignmentState.RETURN_REQUESTED for part in case.parts)
    return not waits and _is_going_on(case) and _is_asked(case, "suspension")


def _order(case: Case, *states: str) -> bool:
    query = select(SupervisionOrder.id).where(
        SupervisionOrder.assignment_id == case.own.id, SupervisionOrder.state.in_(states)
    )
    return db.session.scalar(query.limit(1)) is not None


def _is_to_be_minuted(case: Case) -> bool:
    query = select(JointMeeting.id).where(
        JointMeeting.assignment_id == case.own.id, JointMeeting.minuted_at.is_(None)
    )
    return db.session.scalar(query.limit(1)) is not None


def _may_merge(case: Case) -> bool:
    """What others were merged into stays what it is, and a confidential report is nobody else's."""
    if case.ticket.confidential:
        return False
    return db.session.scalar(select(Ticket.id).where(Ticket.parent_id == case.ticket.id).limit(1)) is None


def _may_appeal(case: Case) -> bool:
    """Once, within the days that the city gives after the end."""
    closed = case.ticket.closed_at
    within = closed is not None and case.moment <= closed + timedelta(days=terms.appeal_days())
    return within and case.count("appeal") == 0


def last_rating(ticket: Ticket) -> Rating | None:
    """The citizen's word on the present round."""
    query = select(Rating).where(Rating.ticket_id == ticket.id, Rating.round == ticket.round)
    return db.session.scalars(query).one_or_none()


def _is_badly_rated(case: Case) -> bool:
    rating = last_rating(case.ticket)
    bad = rating is not None and rating.judged is None and (not rating.solved or rating.satisfied == 1)
    return bad and _is_other_hand(case)


def _may_ask_exclusion(case: Case) -> bool:
    """Once, and when there is something that the figures would count against the unit."""
    return case.ticket.state in ENDED and case.count("exclusion") == 0 and bool(against(case.own, case.ticket))


def against(part: Assignment, ticket: Ticket) -> list[str]:
    """What the figures count against a unit in this part of it: overdue, returned, rating."""
    late = select(Deadline.id).where(
        Deadline.ticket_id == ticket.id, Deadline.assignment_id == part.id, Deadline.stopped_at > Deadline.due_at,
        Deadline.clock.not_in(terms.NOT_OF_UNITS),
    )
    rating = last_rating(ticket)
    found = {
        "overdue": db.session.scalar(late.limit(1)) is not None,
        "returned": part.state == AssignmentState.RETURNED,
        "rating": part.role == "lead" and rating is not None and (not rating.solved or rating.satisfied == 1),
    }
    return [name for name, is_so in found.items() if is_so]


def _is_going_on(case: Case) -> bool:
    return case.ticket.state == TicketState.IN_PROGRESS


def _is_helper(case: Case) -> bool:
    """A unit that helps may hand in what it has also while it is disputed who leads."""
    return case.own.role != "lead" and case.ticket.state in (TicketState.IN_PROGRESS, TicketState.DISPUTED)


def _may_be_sent_back(case: Case) -> bool:
    """As long as the part above is not handed in itself: it is made of this one."""
    upper = above(case.own, case.parts)
    return _is_helper(case) and upper is not None and upper.state in WORKED_ON


def _may_ask(case: Case) -> bool:
    """So often as the city lets one part be interrupted by questions."""
    return _is_going_on(case) and case.happened("ticket.info_asked") < terms.questions_per_part()


def _has_units_below(case: Case) -> bool:
    below = routing.current().descendants(case.own.department_id) - {case.own.department_id}
    return bool(below) and case.ticket.state == TicketState.IN_PROGRESS


def _is_asked_of_citizen(case: Case) -> bool:
    return any(part.state == AssignmentState.NEED_INFO for part in case.parts)


GUARDS: Mapping[str, Callable[[Case], bool]] = {
    "other_hand": _is_other_hand,
    "is_asked": _is_asked_of_citizen,
    "not_green": lambda case: not case.ticket.green_channel,
    "may_merge": _may_merge,
    "may_be_recalled": _may_be_recalled,
    "all_in": _has_all_in,
    "helps": lambda case: _is_helper(case) and not _missing(case),
    "is_helper": _is_helper,
    "may_be_sent_back": _may_be_sent_back,
    "may_ask": _may_ask,
    "has_units_below": _has_units_below,
    "is_delegated": lambda case: case.own.role == "sub",
    "assists": lambda case: case.own.role == "assist" and _is_other_hand(case),
    "leads": lambda case: case.own.role == "lead",
    "is_to_be_minuted": _is_to_be_minuted,
    "may_return": _may_return,
    "may_redispatch": _may_redispatch,
    "is_disputed": _is_disputed,
    "may_extend": _may_extend,
    "extension_asked": lambda case: _is_extension_of(case, "extension.decide"),
    "extension_asked_again": lambda case: _is_extension_of(case, "extension.decide_again"),
    "may_suspend": _may_suspend,
    "may_be_suspended": _may_be_suspended,
    "suspension_asked": lambda case: _is_asked(case, "suspension"),
    "no_order": lambda case: not _order(case, "issued", "answered"),
    "is_ordered": lambda case: _order(case, "issued"),
    "is_order_answered": lambda case: _order(case, "answered"),
    "may_appeal": _may_appeal,
    "is_appealed": lambda case: _is_asked(case, "appeal"),
    "is_badly_rated": _is_badly_rated,
    "may_ask_exclusion": _may_ask_exclusion,
    "exclusion_asked": lambda case: _is_asked(case, "exclusion"),
}
"""Every guard that the table names."""
