"""Due times on a city's working calendar, the moments of an escalation ladder, and which policy sets a
limit. Pure: aware datetimes in, UTC out. Rows, settings and the clock that moves are the caller's."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import pairwise, takewhile
from typing import Literal, cast, get_args

from tickets.calendars import Calendar as Calendar
from tickets.calendars import Span
from tickets.pauses import Pauses, in_utc, is_paused, merged, without

Unit = Literal["min", "h", "wh", "d", "wd"]
Kind = Literal["share", "remaining", "overdue", "by_hand"]
Light = Literal["green", "yellow", "red"]
Spans = list[Span]

UNITS: tuple[Unit, ...] = get_args(Unit)
KINDS: tuple[Kind, ...] = get_args(Kind)
BY_HAND: Kind = "by_hand"
DAY_UNITS = ("d", "wd")
WORKING_UNITS = ("wh", "wd")
ORDINARY = "normal"
"""The urgency that leaves the limit to the ticket's type."""
IN_APP, EMAIL = WAYS = ("in_app", "email")
"""How people are told."""
LONGEST = 100_000
"""Largest value of a limit: keeps a mistyped policy from running past the last day a date can hold."""

_LIMIT = re.compile(r"([0-9]{1,6})(min|h|wh|d|wd)")
_WALL: Mapping[Unit, timedelta] = {"min": timedelta(minutes=1), "h": timedelta(hours=1)}
_ONE_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """How long: min and h on the wall clock, wh in working time, d calendar days, wd working days."""

    value: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.unit not in UNITS or not 1 <= self.value <= LONGEST:
            raise ValueError(f"A limit is 1 to {LONGEST} of {', '.join(UNITS)}, not {self}.")

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """From "5wd". Raises ValueError."""
        match = _LIMIT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a limit like 30min, 2h, 4wh, 7d or 5wd.")
        return cls(int(match[1]), cast(Unit, match[2]))

    def __str__(self) -> str:
        return f"{self.value}{self.unit}"


def due_at(start: datetime, limit: Limit, calendar: Calendar, pauses: Pauses = ()) -> datetime:
    """When `limit` ends if it begins at `start` (aware, any zone). UTC.

    d and wd count from the next day, to 24:00 or to the end of that day's working time; the rest
    counts at once, wh only inside working time.

    `pauses` are (from, to), aware, in any order and overlapping or not. In them min and h do not run, and wh
    only outside them; of d and wd a day does not count whose end is in a pause: after its `from`, not after
    its `to`. So a limit that is full in the moment in which a pause begins ends there, and one paused until
    the end of a day has that day no more.

    Raises ValueError for a naive moment and for a pause that ends before it begins.
    """
    start = in_utc(start)
    stops = merged(pauses) if pauses else []
    if limit.unit in _WALL:
        return _on_the_wall(start, limit.value * _WALL[limit.unit], stops)
    if limit.unit == "wh":
        return _pass(without(_spans_from(start, calendar), stops), timedelta(hours=limit.value), start)
    day = start.astimezone(calendar.zone).date()
    if stops:
        return _nth_end(day, limit, calendar, stops)
    if limit.unit == "d":
        return calendar.end_of(day + limit.value * _ONE_DAY)
    return calendar.end_of_work(calendar.working_day(day, limit.value))


def prolonged(due: datetime, limit: Limit, calendar: Calendar) -> datetime:
    """When a clock that was due at `due` is due with `limit` more."""
    due = in_utc(due)
    # A day that ends at 24:00 is the day before: the first day more is the next one.
    return due_at(due - _INSTANT if limit.unit in DAY_UNITS else due, limit, calendar)


def working_time_between(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """The working time from `start` to `end`, both aware; zero when `end` is not later."""
    return _length(_spans_within(in_utc(start), in_utc(end), calendar))


def green(limit: Limit, factor: float | Decimal = Decimal("0.7")) -> Limit:
    """The promised limit of the green channel: shorter by `factor` (0 to 1), whole units, at least 1."""
    exact = Decimal(str(factor))  # the written factor: 90 times the float nearest to 0.7 is below 63
    if not 0 < exact <= 1:
        raise ValueError(f"The factor must be above 0 and at most 1, not {factor}.")
    return Limit(max(1, int(limit.value * exact)), limit.unit)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of an escalation ladder: at `level` the people of `tier` hear of the deadline.

    share: `value` of the time is gone. remaining: `value` (a limit, or a share) is left; `share`, where
    given, is what must be left of a clock in min, h or wh. overdue: `value` (a limit, or 0) has passed. by_hand:
    never by itself. `ways`: how they are told. `ack`: the time in which one of them must say to have seen it.
    """

    level: int
    tier: str
    kind: Kind
    value: Limit | float
    share: float | None = None
    ways: tuple[str, ...] = (IN_APP,)
    ack: Limit | None = None


def ladder_from_data(data: Sequence[Mapping[str, object]]) -> tuple[Rung, ...]:
    """Rungs from policy rows: {"level", "tier", "kind", "value"[, "share"]}, levels rising.

    Raises ValueError naming the first rung that is wrong.
    """
    rungs = []
    for position, entry in enumerate(data, start=1):
        try:
            rungs.append(_rung(entry))
        except (KeyError, ValueError) as error:
            raise ValueError(f"Rung {position} of the ladder: {error}") from error
    if any(lower.level >= upper.level for lower, upper in pairwise(rungs)):
        raise ValueError("The levels of a ladder must rise.")
    return tuple(rungs)


def moment(rung: Rung, start: datetime, due: datetime, limit: Limit, calendar: Calendar) -> datetime:
    """When one rung is reached on a clock from `start` to `due` that runs by `limit`; never before `start`.

    Shares of a clock in wh or wd are shares of its working time, so they fall inside working time.
    """
    return _Clock(in_utc(start), in_utc(due), limit, calendar).moment(rung)


def moments(
    start: datetime, due: datetime, limit: Limit, ladder: Iterable[Rung], calendar: Calendar
) -> tuple[tuple[int, datetime], ...]:
    """(level, UTC moment) of every rung in the ladder's order; none precedes the rung before it."""
    clock = _Clock(in_utc(start), in_utc(due), limit, calendar)
    reached: list[tuple[int, datetime]] = []
    for rung in (rung for rung in ladder if rung.kind != BY_HAND):
        at = clock.moment(rung)
        reached.append((rung.level, max(at, reached[-1][1]) if reached else at))
    return tuple(reached)


def levels_due(
    moments: Iterable[tuple[int, datetime]], fired: Collection[int], now: datetime
) -> tuple[int | None, tuple[int, ...], datetime | None]:
    """(level that acts, levels to log as skipped, next moment) at `now`, given the levels already logged.

    The highest due level acts unless one above it was logged before; every other due one is skipped.
    """
    pending = [(level, at) for level, at in moments if level not in fired]
    due = sorted(level for level, at in pending if at <= now)
    acting = due.pop() if due and due[-1] > max(fired, default=-1) else None
    return acting, tuple(due), min((at for _, at in pending if at > now), default=None)


def yellow_at(
    start: datetime, due: datetime, limit: Limit, calendar: Calendar, days: int, share: float
) -> datetime:
    """When the light turns yellow: a limit in d or wd so many `days` of its kind before it is due, another when
    `share` of the time is left; never before `start`."""
    left = Limit(days, limit.unit) if limit.unit in DAY_UNITS else share
    return _Clock(in_utc(start), in_utc(due), limit, calendar).moment(Rung(0, "yellow", "remaining", left))


def light(now: datetime, due: datetime, yellow_at: datetime | None) -> Light:
    """Red from the due time on, yellow from `yellow_at` on, else green."""
    if now >= due:
        return "red"
    return "yellow" if yellow_at is not None and now >= yellow_at else "green"


@dataclass(frozen=True)
class Policy:
    """How long one clock runs for which tickets; None matches all, a category matches what is under it."""

    id: int
    clock: str
    ticket_type: str | None
    urgency: str | None
    category: str | None
    limit: Limit
    ladder: tuple[Rung, ...] = ()
    statutory: bool = False
    line_no: str | None = None

    def tier(self, level: int) -> str:
        """Who hears of `level`. Raises KeyError for a level that the ladder has not."""
        return {rung.level: rung.tier for rung in self.ladder}[level]

    def matches(self, facts: "PolicyFacts") -> bool:
        return (
            self.ticket_type in (None, facts.ticket_type)
            and self.urgency in (None, facts.urgency)
            and self.line_no in (None, facts.line_no)
            and (self.category is None or f"{facts.category or ''}-".startswith(f"{self.category}-"))
        )


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """What of a ticket decides its limits; category codes are AA, AA-BB or AA-BB-CC, `line_no` was dialled."""

    ticket_type: str
    urgency: str
    category: str | None
    line_no: str | None = None


def choose_policy(rows: Iterable[Policy], facts: PolicyFacts) -> Policy | None:
    """The policy of a ticket among the rows of one clock, or None if none matches.

    A category's statutory limit goes first (the longest code wins), then that of the line which was dialled,
    then urgency unless it is ordinary, then type, then the default; of equals the more exact one, then the
    lower id.
    """
    return max((row for row in rows if row.matches(facts)), key=_rank, default=None)


def _rank(row: Policy) -> tuple[int, bool, bool, bool, int, bool, int]:
    depth = len(row.category) if row.category else 0
    return (
        depth if row.statutory else 0,
        row.line_no is not None,
        row.urgency not in (None, ORDINARY),
        row.ticket_type is not None,
        depth,
        row.urgency is not None,
        -row.id,
    )


def _rung(entry: Mapping[str, object]) -> Rung:
    level, tier, kind, share = entry["level"], entry["tier"], entry["kind"], entry.get("share")
    if not isinstance(level, int) or isinstance(level, bool) or level < 0:
        raise ValueError("level must be a whole number from 0.")
    if not isinstance(tier, str) or not tier:
        raise ValueError("tier must be a name.")
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}.")
    if share is not None and kind != "remaining":
        raise ValueError("share belongs to remaining only.")
    value, ways, ack = _rung_value(kind, entry["value"]), entry.get("ways", (IN_APP,)), entry.get("ack")
    if not isinstance(ways, list | tuple) or not ways or not set(WAYS).issuperset(ways):
        raise ValueError(f"ways must be some of {', '.join(WAYS)}.")
    if ack is not None and (not isinstance(ack, str) or kind == BY_HAND):
        raise ValueError("ack must be a limit like 4wh, of a rung that is reached by itself.")
    left = None if share is None else _part(share)
    return Rung(level, tier, kind, value, left, tuple(ways), Limit.parse(ack) if ack else None)


def _rung_value(kind: Kind, value: object) -> Limit | float:
    if isinstance(value, str) and kind in ("remaining", "overdue"):
        return Limit.parse(value)
    if kind in ("overdue", BY_HAND):
        if value != 0:
            raise ValueError("value must be 0, or of an overdue rung a limit like 2wd.")
        return 0.0
    return _part(value)


def _part(value: object) -> float:
    if not isinstance(value, int | float | Decimal) or not 0 < value < 1:
        raise ValueError("a share must be between 0 and 1.")
    return float(value)


@dataclass
class _Clock:
    """One run of a clock from start to due (both UTC); its working time is worked out at most once."""

    start: datetime
    due: datetime
    limit: Limit
    calendar: Calendar

    @cached_property
    def spans(self) -> Spans:
        return _spans_within(self.start, self.due, self.calendar)

    def moment(self, rung: Rung) -> datetime:
        if rung.kind == "overdue":
            reached = self._overdue(rung.value)
        elif rung.kind == "share":
            reached = self._share_gone(cast(float, rung.value))
        elif rung.share is not None and self.limit.unit not in DAY_UNITS:
            reached = self._share_gone(1 - rung.share)
        else:
            reached = self._remaining(rung.value)
        return max(reached, self.start)

    def _overdue(self, value: Limit | float) -> datetime:
        if not isinstance(value, Limit):
            return self.due
        return prolonged(self.due, value, self.calendar)

    def _share_gone(self, share: float) -> datetime:
        if self.limit.unit in WORKING_UNITS:
            return _pass(self.spans, _length(self.spans) * share, self.start)
        return self.start + (self.due - self.start) * share

    def _remaining(self, left: Limit | float) -> datetime:
        if not isinstance(left, Limit):
            return self._share_gone(1 - left)
        if left.unit in _WALL:
            return self.due - left.value * _WALL[left.unit]
        if left.unit == "wh":
            return _pass(self.spans, _length(self.spans) - timedelta(hours=left.value), self.start)
        last_day = (self.due - _INSTANT).astimezone(self.calendar.zone).date()
        if left.unit == "d":
            return self.calendar.end_of(last_day - left.value * _ONE_DAY)
        return self.calendar.end_of_work(self.calendar.working_day(last_day, -left.value))


def _pass(spans: Iterable[tuple[datetime, datetime]], length: timedelta, start: datetime) -> datetime:
    """The moment at which `length` of the time inside `spans` has passed; `start` if that is nothing."""
    reached = start
    for begins, ends in spans if length > timedelta(0) else ():
        reached = min(begins + length, ends)
        length -= ends - begins
        if length <= timedelta(0):
            break
    return reached


def _length(spans: Spans) -> timedelta:
    return sum((ends - begins for begins, ends in spans), timedelta(0))


def _spans_within(start: datetime, end: datetime, calendar: Calendar) -> Spans:
    """The working spans between two moments, clipped to them."""
    before_end = takewhile(lambda span: span[0] < end, _spans_from(start, calendar))
    return [(begins, min(ends, end)) for begins, ends in before_end]


def _spans_from(start: datetime, calendar: Calendar) -> Iterator[Span]:
    """Working time from `start` on, without end: UTC, in order, apart."""
    day = start.astimezone(calendar.zone).date()
    while True:
        for begins, ends in calendar.spans_on(day):
            if start < ends:
                yield max(begins, start), ends
        day += _ONE_DAY


def _on_the_wall(start: datetime, length: timedelta, stops: Spans) -> datetime:
    """When `length` has passed outside the stops."""
    for begins, ends in stops:
        if start + length <= begins:
            break
        if start < ends:
            length -= max(begins - start, timedelta(0))
            start = ends
    return start + length


def _nth_end(day: date, limit: Limit, calendar: Calendar, stops: Spans) -> datetime:
    """The end of the last day of a limit in d or wd that begins on `day`, those paused left out."""
    left = limit.value
    while True:
        if limit.unit == "d":
            day += _ONE_DAY
            ends = calendar.end_of(day)
        else:
            day = calendar.working_day(day, 1)
            ends = calendar.end_of_work(day)
        left -= not is_paused(ends, stops)
        if not left:
            return ends
