"""The telephone at this moment: who waits and how long, what each seat is at, whether more ring than usual.

Reads only. No number, name or matter of a caller is in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from calls import figures
from calls.figures import Asked
from calls.kpis import RECENTLY, WAITING, minutes_to_wait, of_calls
from calls.machine import CallState
from calls.models import Call, PhoneLine, Seat
from calls.seats import SeatState
from db import db
from tickets.figures import Span

SURGE = timedelta(minutes=5)
WEEKS = 4
IN_MENU = (CallState.NEW, CallState.IVR)


@dataclass(frozen=True)
class Waiting:
    """Callers in the queue of one line, or of all: how many, and since when the first of them."""

    count: int = 0
    since: datetime | None = None

    def __add__(self, other: "Waiting") -> "Waiting":
        since = [moment for moment in (self.since, other.since) if moment is not None]
        return Waiting(self.count + other.count, min(since, default=None))


@dataclass(frozen=True)
class Open:
    """Calls that have not ended: those that wait by line, and how many are in the menu and in a talk."""

    waiting: Mapping[str, Waiting]
    in_menu: int
    talking: int

    @property
    def all(self) -> Waiting:
        return sum(self.waiting.values(), Waiting())


def open_calls() -> Open:
    """Citizens' calls that have not ended, as they stand."""
    waiting: dict[str, Waiting] = {}
    in_menu = talking = 0
    query = select(Call.state, Call.line_no, func.coalesce(Call.waiting_since, Call.queued_at))
    for state, line, since in db.session.execute(
        query.where(Call.ended_at.is_(None), Call.direction == "in")
    ).all():  # fmt: skip
        in_menu += state in IN_MENU
        talking += state == CallState.TALKING
        if state in WAITING:
            waiting[line] = waiting.get(line, Waiting()) + Waiting(1, since)
    return Open(waiting, in_menu, talking)


@dataclass(frozen=True)
class SeatNow:
    """One operator's seat, and the call in it where there is one."""

    staff_id: int
    state: SeatState
    reason: str | None
    since: datetime
    line_no: str | None


_ORDER = {state: place for place, state in enumerate(
    (SeatState.OFFERED, SeatState.ON_CALL, SeatState.WRAP_UP, SeatState.READY, SeatState.BREAK, SeatState.OFFLINE)
)}  # fmt: skip


def seats(today: datetime) -> list[SeatNow]:
    """Everybody at a seat, and who has left one since `today` began; the busy ones first."""
    query = (
        select(Seat.staff_id, Seat.state, Seat.reason, Seat.since, Call.line_no)
        .outerjoin(Call, Call.id == Seat.call_id)
        .where(or_(Seat.state != SeatState.OFFLINE, Seat.since >= today))
    )
    found = [
        SeatNow(staff_id, SeatState(state), reason, since, line_no)
        for staff_id, state, reason, since, line_no in db.session.execute(query)
    ]
    return sorted(found, key=lambda seat: (_ORDER[seat.state], seat.since, seat.staff_id))


def line_names() -> dict[str, str]:
    """What each line is called; a line with several numbers by the first of them."""
    query = select(PhoneLine.line_no, PhoneLine.name).order_by(PhoneLine.number.desc())
    return {row.line_no: row.name for row in db.session.execute(query)}


def expected_wait(now: datetime, ahead: int, there: int) -> int | None:
    """Whole minutes that whoever rings now may expect to wait; None where too few calls tell."""
    recent = of_calls(figures.counts(Asked(Span(now - RECENTLY, now, now))))["aht"]
    return minutes_to_wait(ahead + 1, recent, there)


@dataclass(frozen=True)
class Surge:
    """Calls of the last minutes, and the average of the same minutes of the same weekday in the weeks before;
    None where nothing is known of any."""

    calls: int
    usual: float | None


def surge(now: datetime) -> Surge:
    """Whether more ring than usual. Weeks before the first call are none."""
    first = db.session.scalar(select(func.min(Call.started_at)))
    weeks = [now - timedelta(weeks=number) for number in range(WEEKS + 1)]
    known = [moment for moment in weeks if first is not None and moment - SURGE >= first]
    counts = _calls_before(weeks)
    before = [counts[moment] for moment in known if moment != now]
    return Surge(counts[now], sum(before) / len(before) if before else None)


def _calls_before(moments: Sequence[datetime]) -> dict[datetime, int]:
    """Moment -> citizens' calls of the minutes before it."""
    spans = {moment: (Call.started_at > moment - SURGE) & (Call.started_at <= moment) for moment in moments}
    query = select(*(func.count().filter(span) for span in spans.values()))
    row = db.session.execute(query.where(or_(*spans.values()), Call.direction == "in")).one()
    return dict(zip(spans, row, strict=True))
