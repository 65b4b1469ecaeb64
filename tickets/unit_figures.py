"""A unit's own figures, and the tickets behind each: one condition on the unit's parts makes both.

What was granted to be left out of them is counted apart, so that what would stand there without it can be told.
"""

from collections.abc import Callable, Collection, Mapping

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.orm import aliased

from db import db
from tickets import errors
from tickets.boards import PAGE, Page, rows_by_id
from tickets.figures import IS_GONE, IS_LAST, RAN, Span
from tickets.lifecycle import GONE, AssignmentState
from tickets.models import Assignment, Deadline, Rating, Ticket
from tickets.permissions import Actor, visible_to
from tickets.request_models import Application
from tickets.terms import HANDLING

_KEPT = ~IS_GONE
_NEXT = aliased(Assignment)


def _clock(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Deadline.assignment_id == Assignment.id, *conditions)


def _signed_on_time(span: Span) -> ColumnElement[bool]:
    """By the unit itself: what was signed for it, because nobody did, is late."""
    in_time = _clock(Deadline.clock == "sign", IS_LAST, Deadline.stopped_at <= Deadline.due_at)
    return and_(span.holds(Assignment.signed_at), ~Assignment.auto_signed, in_time)


def _ran_out(span: Span, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """The limit that held ran out in the span, by now."""
    return _clock(
        Deadline.clock.in_(HANDLING), IS_LAST, RAN, Deadline.due_at >= span.start,
        Deadline.due_at < min(span.end, span.now), *conditions,
    )  # fmt: skip


_LATE = func.coalesce(Deadline.stopped_at > Deadline.due_at, true())


def _due(span: Span) -> ColumnElement[bool]:
    """Parts not given back whose limit ran out in the span, by now."""
    return and_(_KEPT, _ran_out(span))


def _on_time(span: Span) -> ColumnElement[bool]:
    return and_(_due(span), ~_ran_out(span, or_(_LATE, Deadline.prolonged)))


def _on_time_extended(span: Span) -> ColumnElement[bool]:
    return and_(_KEPT, _ran_out(span, Deadline.prolonged.is_(True)), ~_ran_out(span, _LATE))


def _rated(span: Span, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """What the citizen said of what the unit led, also where others were called in since, in another round."""
    led_by_another = exists().where(
        _NEXT.ticket_id == Assignment.ticket_id, _NEXT.role == "lead", _NEXT.round > Assignment.round,
        _NEXT.round <= Rating.round, _NEXT.state.not_in(sorted(GONE)),
    ).correlate(Assignment, Rating)  # fmt: skip
    said = exists().where(
        Rating.ticket_id == Assignment.ticket_id,
        Rating.round >= Assignment.round,
        ~led_by_another,
        span.holds(Rating.rated_at),
        *conditions,
    )
    return and_(_KEPT, Assignment.role == "lead", said)


FIGURES: Mapping[str, Callable[[Span], ColumnElement[bool]]] = {
    "signed": lambda span: span.holds(Assignment.signed_at),
    "signed_on_time": _signed_on_time,
    "due": _due,
    "on_time": _on_time,
    "on_time_extended": _on_time_extended,
    "returned": lambda span: and_(
        Assignment.state == AssignmentState.RETURNED, span.holds(Assignment.ended_at)
    ),
    "rated": _rated,
    "solved": lambda span: _rated(span, Rating.solved.is_(True)),
    "satisfied": lambda span: _rated(span, Rating.satisfied == 3),
}
EXCLUDED_BY: Mapping[str, str] = {
    **dict.fromkeys(("signed", "signed_on_time", "due", "on_time", "on_time_extended"), "overdue"),
    "returned": "returned",
    **dict.fromkeys(("rated", "solved", "satisfied"), "rating"),
}
"""剔除. Figure -> what must have been granted to be left out for a part not to count in it."""
RATES = (
    ("signed_on_time", "signed"), ("on_time", "due"), ("on_time_extended", "due"), ("solved", "rated"),
    ("satisfied", "rated"),
)  # fmt: skip
"""(part, whole) of each rate."""


def _parts(figure: str, units: Collection[int], span: Span, excluded: bool) -> ColumnElement[bool]:
    """What counts, or what would have counted and was `excluded`. Raises NotFound for a figure that is none."""
    if figure not in FIGURES:
        raise errors.NotFound()
    left_out = exists().where(
        Application.ticket_id == Assignment.ticket_id, Application.assignment_id == Assignment.id,
        Application.kind == "exclusion", Application.state == "granted", Application.reason == EXCLUDED_BY[figure],
    )
    counts = FIGURES[figure](span)
    return and_(Assignment.department_id.in_(sorted(units)), counts, left_out if excluded else ~left_out)


def count(figure: str, units: Collection[int], span: Span, excluded: bool = False) -> int:
    """How many tickets of these units, confidential ones too."""
    query = select(func.count(func.distinct(Assignment.ticket_id))).where(_parts(figure, units, span, excluded))
    return db.session.scalar(query) or 0


def tickets_behind(
    actor: Actor, figure: str, units: Collection[int], span: Span, before: int | None = None, limit: int = PAGE,
    excluded: bool = False,
) -> Page:  # fmt: skip
    """One page of the tickets behind a figure that the actor may see, newest first. Raises NotFound."""
    of_units = select(Assignment.ticket_id).where(_parts(figure, units, span, excluded))
    query = select(Ticket.id).where(Ticket.id.in_(of_units), visible_to(actor, Ticket.rooms))
    if before is not None:
        query = query.where(Ticket.id < before)
    ids = list(db.session.scalars(query.order_by(Ticket.id.desc()).limit(limit + 1)))
    rows = rows_by_id(ids[:limit])
    return Page([rows[key] for key in ids[:limit]], str(ids[limit - 1]) if len(ids) > limit else None)


def unlisted(actor: Actor, figure: str, units: Collection[int], span: Span, excluded: bool = False) -> int:
    """How many tickets of the figure stay out of that list: given back, or confidential."""
    of_units = select(Assignment.ticket_id).where(_parts(figure, units, span, excluded))
    seen = select(func.count()).where(Ticket.id.in_(of_units), visible_to(actor, Ticket.rooms))
    return count(figure, units, span, excluded) - (db.session.scalar(seen) or 0)
