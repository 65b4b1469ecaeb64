"""Figures of a span of days and of now, and the list of tickets behind each: one condition makes both."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, not_, or_, select
from sqlalchemy.orm import aliased

from db import db
from tickets import errors
from tickets.boards import PAGE, Page, rows_by_id
from tickets.lifecycle import GONE, WORKED_ON, AssignmentState, TicketState
from tickets.models import Assignment, Deadline, Rating, Ticket
from tickets.permissions import Actor, visible_to
from tickets.terms import NOT_OF_UNITS

FEW = 30
"""Of fewer answers or tickets than this a rate says nothing."""
MOST_UNITS = 10


@dataclass(frozen=True)
class Span:
    """Whole days of the city, from `start` to before `end`; what is open or overdue is so at `now`."""

    start: datetime
    end: datetime
    now: datetime

    def holds(self, moment: Any) -> ColumnElement[bool]:
        return and_(moment >= self.start, moment < self.end)


Of = ColumnElement[bool] | Select[Any]
"""What makes a figure: a condition on tickets, or the ids of tickets, each perhaps several times."""


def _parts(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(Assignment.ticket_id).where(*conditions)


def _rated(span: Span, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Of a ticket that was rated in several rounds the last word within the span counts."""
    later = aliased(Rating)
    is_last = ~exists().where(
        later.ticket_id == Rating.ticket_id, later.round > Rating.round, span.holds(later.rated_at)
    )
    return select(Rating.ticket_id).where(span.holds(Rating.rated_at), is_last, *conditions)


_LATER = aliased(Deadline)
IS_LAST = ~exists().where(
    _LATER.ticket_id == Deadline.ticket_id, _LATER.assignment_id == Deadline.assignment_id,
    _LATER.clock == Deadline.clock, _LATER.epoch > Deadline.epoch,
)
"""Of a part's limits that which holds: not one that an extension, a correction or a rejection replaced."""
RAN = or_(Deadline.paused_at.is_(None), Deadline.paused_at > Deadline.due_at)
"""Of a clock: not one that stood still before its end came, and does so still."""


def _due(span: Span) -> Select[Any]:
    """Tickets with a handling clock that ended in the span, by now, of a part that was not given back."""
    return (
        select(Deadline.ticket_id)
        .where(
            Deadline.clock == "handle",
            Deadline.due_at >= span.start,
            Deadline.due_at < min(span.end, span.now),
            IS_LAST,
            RAN,
            ~exists().where(Assignment.id == Deadline.assignment_id, IS_GONE),
        )
        .group_by(Deadline.ticket_id)
    )


def _overdue(span: Span) -> ColumnElement[bool]:
    return and_(_OPEN, Ticket.id.in_(select(Deadline.ticket_id).where(*_late(span))))


def _late(span: Span) -> tuple[ColumnElement[bool], ...]:
    """Of clocks: past their end, and not standing still."""
    return Deadline.stopped_at.is_(None), Deadline.paused_at.is_(None), Deadline.due_at < span.now


_HISTORY = Ticket.channel == "import"
_OPEN = and_(Ticket.closed_at.is_(None), Ticket.number.is_not(None))
_GIVEN_BACK = Assignment.state == AssignmentState.RETURNED
IS_GONE = Assignment.state.in_(sorted(GONE))
_NO_RATING = ~exists().where(Rating.ticket_id == Ticket.id)
_ALL_IN_TIME = func.bool_and(func.coalesce(Deadline.stopped_at <= Deadline.due_at, False))
_EXTENDED = func.bool_or(Deadline.prolonged)
_IN_TIME = and_(_ALL_IN_TIME, not_(_EXTENDED))
_IN_TIME_EXTENDED = and_(_ALL_IN_TIME, _EXTENDED)

FIGURES: Mapping[str, Callable[[Span], Of]] = {
    "taken_in": lambda span: and_(span.holds(Ticket.registered_at), ~_HISTORY),
    "answered": lambda span: and_(span.holds(Ticket.registered_at), Ticket.state == TicketState.ANSWERED),
    "dispatched": lambda span: span.holds(Ticket.dispatched_at),
    "closed": lambda span: and_(span.holds(Ticket.closed_at), Ticket.number.is_not(None), ~_HISTORY),
    "handled": lambda span: and_(span.holds(Ticket.closed_at), Ticket.dispatched_at.is_not(None)),
    "returned": lambda span: _parts(_GIVEN_BACK, span.holds(Assignment.ended_at)),
    "signed": lambda span: _parts(span.holds(Assignment.signed_at)),
    "rated": _rated,
    "solved": lambda span: _rated(span, Rating.solved.is_(True)),
    "satisfied": lambda span: _rated(span, Rating.satisfied == 3),
    "so_so": lambda span: _rated(span, Rating.satisfied == 2),
    "dissatisfied": lambda span: _rated(span, Rating.satisfied == 1),
    "unrated": lambda span: and_(
        span.holds(Ticket.closed_at), Ticket.state == TicketState.CLOSED, ~_HISTORY, _NO_RATING
    ),
    "due": _due,
    "on_time": lambda span: _due(span).having(_IN_TIME),
    "on_time_extended": lambda span: _due(span).having(_IN_TIME_EXTENDED),
    "open": lambda span: _OPEN,
    "overdue": _overdue,
}
"""What another line's records brought in as history is in none of them."""

DIMENSIONS: Mapping[str, Any] = {
    "channel": Ticket.channel,
    "type": Ticket.type,
    "district": func.split_part(func.coalesce(Ticket.region_path, ""), "/", 2),
    "category": func.split_part(func.coalesce(Ticket.category_code, ""), "-", 1),
}
"""By what tickets are told apart; '' stands for those of which it is not known."""


_AT_WORK = Assignment.state.in_(sorted(WORKED_ON))


def _is_late(span: Span) -> ColumnElement[bool]:
    clocks = select(Deadline.assignment_id).where(*_late(span), Deadline.clock.not_in(NOT_OF_UNITS))
    return Assignment.id.in_(clocks)


OF_UNITS: Mapping[str, Callable[[Span], ColumnElement[bool]]] = {
    "open": lambda span: _AT_WORK,
    "overdue": lambda span: and_(_AT_WORK, _is_late(span)),
}
"""The figures that are told unit by unit, as conditions on the unit's parts."""
UNIT = "unit"


@dataclass(frozen=True)
class Behind:
    """A figure whose tickets are asked for: all of it, or what falls to one value of a dimension."""

    figure: str
    dimension: str = ""
    value: str = ""


def _of(behind: Behind, span: Span) -> Of:
    """Raises NotFound for a figure or dimension that is none."""
    if behind.dimension == UNIT:
        if behind.figure not in OF_UNITS or not behind.value.isdecimal() or len(behind.value) > 9:
            raise errors.NotFound()
        return _parts(Assignment.department_id == int(behind.value), OF_UNITS[behind.figure](span))
    if behind.figure not in FIGURES or behind.dimension not in ("", *DIMENSIONS):
        raise errors.NotFound()
    whole = FIGURES[behind.figure](span)
    if not behind.dimension:
        return whole
    return and_(_condition(whole), DIMENSIONS[behind.dimension] == behind.value)


def _condition(of: Of) -> ColumnElement[bool]:
    return Ticket.id.in_(of) if isinstance(of, Select) else of


def count(behind: Behind, span: Span) -> int:
    """How many tickets, confidential ones too."""
    of = _of(behind, span)
    if isinstance(of, Select):
        ids = of.subquery()
        query = select(func.count(func.distinct(ids.c.ticket_id)))
    else:
        query = select(func.count()).select_from(Ticket).where(of)
    return db.session.scalar(query) or 0


def due_and_on_time(span: Span) -> dict[str, int]:
    """due, on_time and on_time_extended, from one pass."""
    labels = (_IN_TIME.label("on_time"), _IN_TIME_EXTENDED.label("on_time_extended"))
    tickets = _due(span).add_columns(*labels).subquery()
    counts = [func.count().filter(tickets.c[label.name]).label(label.name) for label in labels]
    return dict(db.session.execute(select(func.count().label("due"), *counts)).one()._mapping)


def spread(span: Span, figure: str, within: str = "") -> dict[str, dict[str, tuple[int, int]]]:
    """A figure, and one `within` it, by dimension and value: all from one pass."""
    labels = [column.label(name) for name, column in DIMENSIONS.items()]
    is_within = _condition(FIGURES[within](span)) if within else false()
    inner = select(*labels, is_within.label("is_within")).where(_condition(FIGURES[figure](span))).subquery()
    values = [inner.c[name] for name in DIMENSIONS]
    counts = (func.count().label("all"), func.count().filter(inner.c.is_within).label("within"))
    found: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in DIMENSIONS}
    # Each line tells one dimension apart, and has null for the others.
    for row in db.session.execute(select(*values, *counts).group_by(func.grouping_sets(*values))):
        for name in DIMENSIONS:
            value = getattr(row, name)
            if value is not None:
                found[name][value] = (row.all, row.within)
    return found


@dataclass(frozen=True)
class UnitLoad:
    """What one unit has open and overdue."""

    unit: int
    open: int
    overdue: int


def units_most_loaded(span: Span) -> list[UnitLoad]:
    """The units with most overdue, then with most open."""
    tickets = func.count(func.distinct(Assignment.ticket_id))
    query = select(Assignment.department_id, tickets, tickets.filter(_is_late(span))).where(_AT_WORK)
    found = db.session.execute(query.group_by(Assignment.department_id))
    loads = [UnitLoad(*row) for row in found]
    return sorted(loads, key=lambda load: (-load.overdue, -load.open, load.unit))[:MOST_UNITS]


def median_to_sign(span: Span) -> timedelta | None:
    """From dispatch to the unit's signature, of parts signed in the span."""
    spent = Assignment.signed_at - Assignment.dispatched_at
    return db.session.scalar(select(_median(spent)).where(span.holds(Assignment.signed_at)))


def median_to_close(span: Span) -> timedelta | None:
    """From registration to the end, of tickets that went to a unit and ended in the span."""
    spent = Ticket.closed_at - Ticket.registered_at
    return db.session.scalar(select(_median(spent)).where(_condition(FIGURES["handled"](span))))


def _median(column: Any) -> Any:
    return func.percentile_cont(0.5).within_group(column)


def taken_in_by(step: str, span: Span, zone: str) -> dict[int, int]:
    """Tickets taken in by hour of the day (0 to 23), or by day (as its ordinal), in the city's zone."""
    local = func.timezone(zone, Ticket.registered_at)
    label = func.date_part("hour", local) if step == "hour" else func.date_trunc("day", local)
    query = select(label.label("at"), func.count()).where(_condition(FIGURES["taken_in"](span)))
    found = db.session.execute(query.group_by("at"))
    return {int(at) if step == "hour" else at.toordinal(): tickets for at, tickets in found}


def tickets_behind(actor: Actor, behind: Behind, span: Span, after: str | None, limit: int = PAGE) -> Page:
    """One page of the tickets behind a figure that the actor may see, newest first. Raises NotFound, Invalid."""
    query = select(Ticket.id).where(_condition(_of(behind, span)), visible_to(actor, Ticket.rooms))
    if after:
        if not after.isdecimal() or len(after) > 18:
            raise errors.Invalid(fields={"after": "unknown"})
        query = query.where(Ticket.id < int(after))
    ids = list(db.session.scalars(query.order_by(Ticket.id.desc()).limit(limit + 1)))
    rows = rows_by_id(ids[:limit])
    return Page([rows[key] for key in ids[:limit]], str(ids[limit - 1]) if len(ids) > limit else None)


def unlisted(actor: Actor, behind: Behind, span: Span) -> int:
    """How many tickets of the figure stay out of that list, because the actor may not see them."""
    seen = select(func.count()).select_from(Ticket)
    seen = seen.where(_condition(_of(behind, span)), visible_to(actor, Ticket.rooms))
    return count(behind, span) - (db.session.scalar(seen) or 0)
