"""Figures of seats and operators over a span: how busy they were, what they were offered and let ring. Reads only.

How much of their paid time people sit at the telephone is not among them: nobody tells us when a shift begins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Integer, and_, func, lateral, or_, select, union_all

from calls.figures import LONGEST_CALL, Asked
from calls.kpis import Kpi, mean, share
from calls.models import Call, Offer, Seat, SeatSpan
from calls.seats import SeatState
from db import db
from tickets.figures import Span

BUSY = (SeatState.ON_CALL, SeatState.WRAP_UP)
AWAY = (SeatState.BREAK, SeatState.OFFLINE)


@dataclass(frozen=True)
class Rings:
    """Offers made to seats, without those whose caller gave up first; `missed` are those that rang in vain."""

    made: int = 0
    missed: int = 0


@dataclass(frozen=True)
class Handled:
    """Calls that an operator had on the line, and the seconds on the line and after it."""

    calls: int = 0
    on_call: int = 0
    wrap_up: int = 0


@dataclass(frozen=True)
class Operator:
    """One person's share of a span. `at` maps a seat's state to the seconds spent in it."""

    staff_id: int
    handled: Handled = Handled()
    rings: Rings = Rings()
    at: Mapping[str, int] = field(default_factory=dict)

    @property
    def kpis(self) -> Mapping[str, Kpi]:
        return {
            "aht": mean(self.handled.on_call + self.handled.wrap_up, self.handled.calls),
            "occupancy": occupancy(self.at),
            "rona": rona(self.rings),
        }


def occupancy(at: Mapping[str, int]) -> Kpi:
    """The time with calls and the work on them, of all the time not offline and not on a break."""
    there = sum(seconds for state, seconds in at.items() if state not in AWAY)
    return share(sum(at.get(state, 0) for state in BUSY), there)


def rona(rings: Rings) -> Kpi:
    """Offers that rang until they ran out, of all that a seat could have taken."""
    return share(rings.missed, rings.made)


def times(span: Span) -> dict[int, dict[str, int]]:
    """Person -> state of the seat -> seconds of it within the span, up to now.

    What began in the span, and for each seat the one stretch that it was in when the span began.
    """
    until = min(span.end, span.now)
    columns = (SeatSpan.staff_id, SeatSpan.state, SeatSpan.began_at, SeatSpan.ended_at)
    begun = select(*columns).where(SeatSpan.began_at >= span.start, SeatSpan.began_at < until)
    last = lateral(
        select(*columns)
        .where(SeatSpan.staff_id == Seat.staff_id, SeatSpan.began_at < span.start)
        .order_by(SeatSpan.began_at.desc())
        .limit(1)
    )
    lasting = select(last.c.staff_id, last.c.state, last.c.began_at, last.c.ended_at).select_from(Seat)
    lasting = lasting.join(last, or_(last.c.ended_at.is_(None), last.c.ended_at > span.start))
    one = union_all(begun, lasting).subquery()
    over = func.least(func.coalesce(one.c.ended_at, until), until)
    seconds = func.extract("epoch", over - func.greatest(one.c.began_at, span.start))
    query = select(one.c.staff_id, one.c.state, func.round(func.sum(seconds)).cast(Integer))
    found: dict[int, dict[str, int]] = {}
    for staff_id, state, spent in db.session.execute(query.group_by(one.c.staff_id, one.c.state)):
        found.setdefault(staff_id, {})[state] = max(0, spent)
    return found


def rings(asked: Asked) -> dict[int, Rings]:
    """Person -> offers made of the span's calls."""
    told = and_(Offer.state != "pending", or_(Offer.state != "gone", Offer.accepted_at.is_not(None)))
    query = (
        select(Offer.staff_id, func.count().filter(told), func.count().filter(Offer.state == "expired"))
        .join(Call, Call.id == Offer.call_id)
        .where(asked.calls)
        .group_by(Offer.staff_id)
    )
    # A call that is offered while its operator's line never comes is "cancelled": it rang, and was taken.
    return {staff_id: Rings(made, missed) for staff_id, made, missed in db.session.execute(query)}


def handled(asked: Asked) -> dict[int, Handled]:
    """Person -> the span's calls that they talked on; a call that was handed on counts for each who had it."""
    span = asked.span
    spent = func.floor(func.extract("epoch", func.coalesce(SeatSpan.ended_at, span.now) - SeatSpan.began_at))
    on_call = SeatSpan.state == SeatState.ON_CALL
    query = (
        select(
            SeatSpan.staff_id,
            func.count(func.distinct(SeatSpan.call_id)).filter(on_call),
            func.coalesce(func.sum(spent).filter(on_call), 0).cast(Integer),
            func.coalesce(func.sum(spent).filter(SeatSpan.state == SeatState.WRAP_UP), 0).cast(Integer),
        )
        .join(Call, Call.id == SeatSpan.call_id)
        .where(
            asked.calls, Call.answered_at.is_not(None), SeatSpan.state.in_(BUSY),
            SeatSpan.began_at >= span.start, SeatSpan.began_at < span.end + LONGEST_CALL,
            # Whose line broke before the caller was there did not talk.
            or_(SeatSpan.ended_at.is_(None), SeatSpan.ended_at > Call.answered_at),
        )
        .group_by(SeatSpan.staff_id)
    )  # fmt: skip
    return {staff_id: Handled(*numbers) for staff_id, *numbers in db.session.execute(query)}


def operators(asked: Asked) -> list[Operator]:
    """Everybody who had a seat or a call, most calls first. Times at the seat are of all lines."""
    spent, offered, had = times(asked.span), rings(asked), handled(asked)
    people = [
        Operator(one, had.get(one, Handled()), offered.get(one, Rings()), spent.get(one, {}))
        for one in spent.keys() | offered.keys() | had.keys()
    ]
    return sorted(people, key=lambda one: (-one.handled.calls, one.staff_id))


def kpis(people: list[Operator]) -> Mapping[str, Kpi]:
    """The figures of all seats together."""
    at: dict[str, int] = {}
    for person in people:
        for state, seconds in person.at.items():
            at[state] = at.get(state, 0) + seconds
    every = Rings(sum(one.rings.made for one in people), sum(one.rings.missed for one in people))
    return {"occupancy": occupancy(at), "rona": rona(every)}
