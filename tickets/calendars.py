"""When a city or one of its units works: days, periods, and the working time of each day. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from zoneinfo import ZoneInfo

Periods = tuple[tuple[time, time], ...]
Span = tuple[datetime, datetime]

MIDNIGHT = time(0)
"""At the end of a period: 24:00."""
SATURDAY = 5
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """Whose working time: the zone, the periods of a working day in order, and the days that are explicitly
    worked or not.

    A day not named has the periods of its place in the week; one that is worked by arrangement, such as a
    make-up day, has those of Monday to Friday. `announced` are the years whose arrangement of holidays is
    known; None: all.
    """

    zone: ZoneInfo
    periods: Periods
    days: Mapping[date, bool] = field(default_factory=dict)
    saturday: Periods = ()
    sunday: Periods = ()
    announced: Collection[int] | None = None

    def __post_init__(self) -> None:
        if not self.periods or not all(map(_are_in_order, (self.periods, self.saturday, self.sunday))):
            raise ValueError("Working periods must be at least one, each with a length, in order, apart.")

    def is_working(self, day: date) -> bool:
        return bool(self.periods_on(day))

    def periods_on(self, day: date) -> Periods:
        """Of that day; none where it is not worked."""
        explicit = self.days.get(day)
        if explicit is not None:
            return self.periods if explicit else ()
        weekday = day.weekday()
        if weekday < SATURDAY:
            return self.periods
        return self.saturday if weekday == SATURDAY else self.sunday

    def is_provisional(self, day: date) -> bool:
        """Whether the arrangement of its year may still change what the day is."""
        return self.announced is not None and day.year not in self.announced

    def working_day(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`, or before it with a negative count; `count` is not 0."""
        year = day.year
        days = self._working_days(year)
        if count > 0:
            position = bisect_right(days, day) + count - 1
            while position >= len(days):
                position -= len(days)
                year += 1
                days = self._working_days(year)
        else:
            position = bisect_left(days, day) + count
            while position < 0:
                year -= 1
                days = self._working_days(year)
                position += len(days)
        return days[position]

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """The working time of a day: UTC, in order, apart."""
        found = self._spans.get(day)
        if found is None:
            found = self._spans[day] = self._spans_of(day)
        return found

    def end_of_work(self, day: date) -> datetime:
        """When the work of a working day ends. UTC."""
        found = self._ends.get(day)
        if found is None:
            found = self._ends[day] = self.end_of(day, self.periods_on(day)[-1][1])
        return found

    def end_of(self, day: date, edge: time = MIDNIGHT) -> datetime:
        """An edge of that day at which something ends, 24:00 by itself. UTC."""
        return self._at(day + _ONE_DAY if edge == MIDNIGHT else day, edge)

    def _at(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.zone).astimezone(UTC)

    def _spans_of(self, day: date) -> tuple[Span, ...]:
        spans: list[Span] = []
        for begins, ends in self.periods_on(day):
            begins_at, ends_at = self._at(day, begins), self.end_of(day, ends)
            if spans:
                # Where clocks change a period may begin before the last one ended.
                begins_at = max(begins_at, spans[-1][1])
            if begins_at < ends_at:
                spans.append((begins_at, ends_at))
        return tuple(spans)

    def _working_days(self, year: int) -> list[date]:
        found = self._years.get(year)
        if found is None:
            first = date(year, 1, 1)
            days = (first + number * _ONE_DAY for number in range((date(year, 12, 31) - first).days + 1))
            found = self._years[year] = [day for day in days if self.is_working(day)]
        return found

    # What was worked out once: a calendar never changes, and a city asks for the same days all the time.

    @cached_property
    def _spans(self) -> dict[date, tuple[Span, ...]]:
        return {}

    @cached_property
    def _ends(self) -> dict[date, datetime]:
        return {}

    @cached_property
    def _years(self) -> dict[int, list[date]]:
        return {}


def _are_in_order(periods: Periods) -> bool:
    """Each with a length, in order, apart; the last may end at 24:00."""
    edges = [edge for period in periods for edge in period]
    if edges and edges[-1] == MIDNIGHT:
        edges[-1] = time.max
    return all(earlier < later for earlier, later in pairwise(edges))
