"""Figures of the telephone over a span: counts of calls by day, quarter of an hour, line and operator. Reads only.

What is computed from them stands in calls/kpis.py. Every query finds its rows by an index on the moments of the
span: what happened before it and after it costs nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, Select, and_, func, or_, select

from calls import settings
from calls.kpis import WAITING, Counts, Kpi, of_calls, one_of
from calls.machine import CallState
from calls.models import Call, SeatSpan
from calls.seats import SeatState
from db import db
from tickets.figures import Span

QUARTER = timedelta(minutes=15)
LONGEST_CALL = timedelta(days=1)
"""Work on a call begins sooner than this after it was queued; so far after the span it is looked for."""


@dataclass(frozen=True)
class Asked:
    """Calls in of a span, on one line or, where it is empty, on all."""

    span: Span
    line: str = ""

    @property
    def calls(self) -> ColumnElement[bool]:
        """Citizens' calls that were queued in the span or, where they never were, began in it."""
        span = self.span
        placed = or_(span.holds(Call.queued_at), and_(Call.queued_at.is_(None), span.holds(Call.started_at)))
        return and_(placed, Call.direction == "in", self.on_line)

    @property
    def on_line(self) -> ColumnElement[bool]:
        return Call.line_no == self.line if self.line else Call.id.is_not(None)


PLACED_AT = func.coalesce(Call.queued_at, Call.started_at)
_ANSWERED = and_(Call.queued_at.is_not(None), Call.answered_at.is_not(None))
_UNANSWERED = and_(Call.queued_at.is_not(None), Call.answered_at.is_(None))
_HANDLED = and_(Call.queued_at.is_not(None), Call.talk_ended_at.is_not(None))
_GAVE_UP = and_(Call.queued_at.is_not(None), Call.end_reason.in_(("abandoned_queue", "short_abandon")))


def _at_or_ended(state: CallState, reason: str) -> ColumnElement[bool]:
    return and_(_UNANSWERED, or_(Call.state == state, Call.end_reason == reason))


def _columns(answer_within: int) -> dict[str, Any]:
    """Field of Counts -> its sum over calls. The same as kpis.count() says of one call after the other."""
    calls = func.count()

    def total(column: Any, which: ColumnElement[bool]) -> Any:
        return func.coalesce(func.sum(column).filter(which), 0)

    return {
        "inbound": calls,
        "offered": calls.filter(Call.queued_at.is_not(None)),
        "answered": calls.filter(_ANSWERED),
        "within": calls.filter(_ANSWERED, Call.queue_seconds <= answer_within),
        "abandoned": calls.filter(_GAVE_UP),
        "short": calls.filter(Call.queued_at.is_not(None), Call.end_reason == "short_abandon"),
        "callbacks": calls.filter(_at_or_ended(CallState.CALLBACK, "callback")),
        "voicemails": calls.filter(_at_or_ended(CallState.VOICEMAIL, "voicemail")),
        "waiting": calls.filter(_UNANSWERED, Call.state.in_(WAITING)),
        "handled": calls.filter(_HANDLED),
        "wait": total(Call.queue_seconds, _ANSWERED),
        "longest_wait": func.coalesce(func.max(Call.queue_seconds).filter(_ANSWERED), 0),
        "talk": total(Call.talk_seconds, _HANDLED),
        "longest_talk": func.coalesce(func.max(Call.talk_seconds).filter(_HANDLED), 0),
        "hold": total(Call.hold_seconds, _HANDLED),
    }


def _wrap_ups(asked: Asked) -> Any:
    """Seconds of work after the talk, by call."""
    span = asked.span
    spent = func.floor(func.extract("epoch", func.coalesce(SeatSpan.ended_at, span.now) - SeatSpan.began_at))
    return (
        select(SeatSpan.call_id, func.sum(spent).cast(Integer).label("seconds"))
        .where(
            SeatSpan.state == SeatState.WRAP_UP, SeatSpan.call_id.is_not(None),
            SeatSpan.began_at >= span.start, SeatSpan.began_at < span.end + LONGEST_CALL,
        )
        .group_by(SeatSpan.call_id)
        .subquery()
    )  # fmt: skip


def _counting(asked: Asked, *by: Any) -> Select[Any]:
    wraps = _wrap_ups(asked)
    columns = [column.label(name) for name, column in _columns(settings.current().answer_within).items()]
    wrapped = func.coalesce(func.sum(wraps.c.seconds).filter(_HANDLED), 0).label("wrap_up")
    query = select(*by, *columns, wrapped).select_from(Call).outerjoin(wraps, wraps.c.call_id == Call.id)
    return query.where(asked.calls).group_by(*by)


def _counts(row: Row[Any]) -> Counts:
    return Counts(**{name: int(getattr(row, name)) for name in Counts.__dataclass_fields__})


def counts(asked: Asked) -> Counts:
    """All calls of the span."""
    return _counts(db.session.execute(_counting(asked)).one())


def by_line(asked: Asked) -> dict[str, Counts]:
    """Calls by the line that was rung."""
    line = Call.line_no.label("by")
    return {row.by: _counts(row) for row in db.session.execute(_counting(asked, line).order_by(line))}


def by_quarter(asked: Asked) -> dict[datetime, Counts]:
    """Calls by the quarter of an hour, counted from the span's beginning; those without any are left out."""
    quarter = func.date_bin(QUARTER, PLACED_AT, asked.span.start).label("by")
    return {row.by: _counts(row) for row in db.session.execute(_counting(asked, quarter))}


def by_day(asked: Asked, zone: str) -> dict[int, Counts]:
    """Calls by day of the city's zone, as its ordinal; days without any are left out."""
    day = func.date_trunc("day", func.timezone(zone, PLACED_AT)).label("by")
    return {row.by.toordinal(): _counts(row) for row in db.session.execute(_counting(asked, day))}


def waits(asked: Asked) -> Mapping[str, Kpi]:
    """The waits that half, and nine in ten, of those who were answered did not exceed."""
    middle = [
        func.percentile_cont(part).within_group(Call.queue_seconds).filter(_ANSWERED) for part in (0.5, 0.9)
    ]
    query = select(*middle, func.count().filter(_ANSWERED)).select_from(Call).where(asked.calls)
    half, most, of = tuple(db.session.execute(query).one())
    return {"wait_p50": one_of(half, of), "wait_p90": one_of(most, of)}


def kpis(asked: Asked) -> Mapping[str, Kpi]:
    """The figures of calls, with the spread of waits."""
    return {**of_calls(counts(asked)), **waits(asked)}
