"""What holds of due times on any calendar with any pauses, and that they are counted as is told."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notices import CITY, OFFICE, SHANGHAI, free_days, made_up_days

from tickets.calendars import MIDNIGHT, Calendar
from tickets.deadlines import UNITS, Limit, due_at, working_time_between
from tickets.pauses import merged, without
from tickets.reckoning import is_provisional, steps

EXAMPLES = settings(max_examples=10_000)
ROUND_THE_CLOCK = Calendar(SHANGHAI, *[((MIDNIGHT, MIDNIGHT),)], {}, *[((MIDNIGHT, MIDNIGHT),)] * 2)
WINDOW = replace(CITY, saturday=((time(9), time(12)),))
NIGHTS = Calendar(ZoneInfo("Europe/Berlin"), ((time(1), time(2, 30)), (time(3), time(5)), (time(22), MIDNIGHT)))
CALENDARS = (CITY, WINDOW, ROUND_THE_CLOCK, NIGHTS)
FIRST = datetime(2023, 12, 20, tzinfo=UTC)
DAYS = (datetime(2027, 1, 10, tzinfo=UTC) - FIRST).days

MOMENTS = st.builds(
    lambda days, minutes, fine: FIRST + timedelta(days=days, minutes=minutes, seconds=fine),
    st.integers(0, DAYS), st.sampled_from([0, 510, 720, 840, 1050]) | st.integers(0, 1439),
    st.sampled_from([0, 0, 1, 59]),
)  # fmt: skip
"""Over the years of the notices, often at an edge of working time."""
starts = MOMENTS
limits = st.builds(Limit, st.integers(1, 30), st.sampled_from(UNITS))
calendars = st.sampled_from(CALENDARS)
pauses = st.lists(
    st.builds(lambda at, minutes: (at, at + timedelta(minutes=minutes)), MOMENTS, st.integers(0, 20_000)),
    max_size=4,
)
shifted = st.dictionaries(st.integers(0, DAYS), st.booleans(), max_size=12)


def another(calendar: Calendar, changes: dict[int, bool]) -> Calendar:
    """The calendar after holidays were moved about."""
    moved = {FIRST.date() + timedelta(days=number): is_working for number, is_working in changes.items()}
    return replace(calendar, days={**calendar.days, **moved})


def near(start: datetime, found: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The same pauses about the start, where they matter."""
    moved = [(start + (begins - FIRST) / 60, ends - begins) for begins, ends in found]
    return [(begins, begins + length) for begins, length in moved]


@EXAMPLES
@given(starts, starts, limits, calendars, pauses, shifted)
def test_later_start_is_never_due_earlier_and_counting_anew_changes_nothing(
    one, other, limit, calendar, paused, changes
):
    earlier, later = sorted((one, other))
    changed, paused = another(calendar, changes), near(earlier, paused)
    due = due_at(earlier, limit, changed, paused)
    assert earlier < due <= due_at(later, limit, changed, paused)
    assert due_at(earlier, limit, replace(changed), paused) == due


@given(starts, limits, calendars, pauses, st.timezones())
def test_zones_of_the_moments_and_the_order_of_pauses_do_not_matter(start, limit, calendar, paused, zone):
    paused = near(start, paused)
    due = due_at(start, limit, calendar, paused)
    elsewhere = [(begins.astimezone(zone), ends.astimezone(zone)) for begins, ends in paused]
    assert due_at(start.astimezone(zone), limit, calendar, elsewhere) == due
    assert {due_at(start, limit, calendar, order) for order in permutations(paused)} == {due}
    assert due_at(start, limit, calendar, paused + paused) == due


@given(starts, limits, calendars, pauses, st.integers(1, 99))
def test_a_pause_in_two_pieces_is_one_and_more_pauses_are_never_due_earlier(start, limit, calendar, paused, share):
    paused = near(start, paused)
    due = due_at(start, limit, calendar, paused)
    pieces = [
        piece
        for begins, ends in paused
        for middle in [begins + (ends - begins) * share / 100]
        for piece in ((begins, middle), (middle, ends))
    ]
    assert due_at(start, limit, calendar, pieces) == due
    assert due_at(start, limit, calendar, paused[1:]) <= due
    assert due_at(start, limit, calendar, [*paused, (due, due + timedelta(days=9))]) == due


@given(starts, limits, limits, calendars, pauses)
def test_one_limit_after_the_other_is_both_together(start, one, other, calendar, paused):
    other, paused = Limit(other.value, one.unit), near(start, paused)
    middle = due_at(start, one, calendar, paused)
    if middle.astimezone(calendar.zone).time() == MIDNIGHT and one.unit in ("d", "wd"):
        middle -= timedelta(microseconds=1)  # 24:00 still belongs to the day that ends
    together = due_at(start, Limit(one.value + other.value, one.unit), calendar, paused)
    assert due_at(middle, other, calendar, paused) == together


@given(starts, st.integers(1, 60), calendars, pauses)
def test_what_is_outside_the_pauses_is_the_limit(start, value, calendar, paused):
    paused = near(start, paused)
    stops = merged(paused)
    for unit in ("min", "h"):
        due = due_at(start, Limit(value, unit), calendar, paused)
        ran = sum((ends - begins for begins, ends in without([(start, due)], stops)), timedelta(0))
        assert ran == timedelta(**{"minutes" if unit == "min" else "hours": value})
    due = due_at(start, Limit(value, "wh"), calendar, paused)
    worked = timedelta(0)
    for begins, ends in without([(start, due)], stops):
        worked += working_time_between(begins, ends, calendar)
    assert worked == timedelta(hours=value)


@given(starts, st.integers(1, 40), st.sampled_from(["wh", "wd"]), calendars, pauses)
def test_working_units_end_inside_working_time_and_outside_pauses(start, value, unit, calendar, paused):
    paused = near(start, paused)
    due = due_at(start, Limit(value, unit), calendar, paused)
    day = (due - timedelta(microseconds=1)).astimezone(calendar.zone).date()
    assert any(begins < due <= ends for begins, ends in calendar.spans_on(day))
    assert not any(begins < due <= ends for begins, ends in merged(paused))


@given(starts, limits, calendars, pauses)
def test_what_is_told_of_the_days_adds_up_to_the_limit(start, limit, calendar, paused):
    paused = near(start, paused)
    due, told = due_at(start, limit, calendar, paused), steps(start, limit, calendar, paused)
    days = [step.day for step in told]
    assert days == [days[0] + timedelta(days=number) for number in range(len(days))]
    assert told[-1].is_counted
    if limit.unit in ("d", "wd"):
        assert [step.number for step in told if step.is_counted] == list(range(1, limit.value + 1))
        assert not any(step.spans for step in told)
    else:
        spans = [span for step in told for span in step.spans]
        length = sum((ends - begins for begins, ends in spans), timedelta(0))
        assert length == timedelta(**{"minutes" if limit.unit == "min" else "hours": limit.value})
        assert spans[-1][1] == due


def test_pauses_must_be_aware_and_in_order():
    at = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)
    with pytest.raises(ValueError):
        due_at(at, Limit(1, "h"), CITY, [(at.replace(tzinfo=None), at)])
    with pytest.raises(ValueError, match="before it begins"):
        due_at(at, Limit(1, "h"), CITY, [(at, at - timedelta(hours=1))])
    assert due_at(at, Limit(1, "h"), CITY, [(at, at)]) == at + timedelta(hours=1)


def test_another_process_counts_the_same():
    program = (
        "from datetime import datetime; from notices import CITY; from tickets.deadlines import Limit, due_at;"
        "print(due_at(datetime.fromisoformat('2026-09-30T16:00+08:00'), Limit(5, 'wd'), CITY).isoformat())"
    )
    path = {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "1", "TZ": "America/New_York"}
    told = subprocess.run([sys.executable, "-c", program], env=path, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "2026-10-13T09:30:00+00:00"


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("calendar", "start", "limit", "due"),
    [
        # Saturday from 9 to 12 is a day of its own, but a make-up Saturday is worked as any weekday.
        (WINDOW, "2026-03-06T10:00", "1wd", "2026-03-07T12:00"),
        (WINDOW, "2026-03-06T17:00", "3wh", "2026-03-07T11:30"),
        (WINDOW, "2026-10-09T10:00", "1wd", "2026-10-10T17:30"),
        (WINDOW, "2026-10-02T10:00", "1wd", "2026-10-08T17:30"),  # Saturday 3 October is a holiday
        # Who works round the clock knows no holidays, and works to 24:00.
        (ROUND_THE_CLOCK, "2026-10-01T10:00", "1wd", "2026-10-03T00:00"),
        (ROUND_THE_CLOCK, "2026-10-01T22:00", "4wh", "2026-10-02T02:00"),
        (ROUND_THE_CLOCK, "2024-02-28T22:00", "1wd", "2024-03-01T00:00"),
        (ROUND_THE_CLOCK, "2026-12-31T23:00", "2wh", "2027-01-01T01:00"),
    ],
)
def test_a_unit_may_have_days_and_periods_of_its_own(calendar, start, limit, due):
    assert due_at(shanghai(start), Limit.parse(limit), calendar) == shanghai(due)


def test_every_day_on_the_way_says_why():
    told = steps(shanghai("2026-09-30T16:00"), Limit(5, "wd"), CITY, names={date(2026, 10, 1): "国庆节"})
    assert [step.reason for step in told] == [
        "first_day", "holiday", "holiday", "weekend", "weekend", "holiday", "holiday", "holiday",
        "working", "working", "makeup", "weekend", "working", "working",
    ]  # fmt: skip
    assert [step.number for step in told if step.number] == [1, 2, 3, 4, 5]
    assert told[1].name == "国庆节" and told[-1].day == date(2026, 10, 13)


def test_hours_say_which_and_a_pause_says_so():
    stop = (shanghai("2026-03-03T00:00"), shanghai("2026-03-04T00:00"))
    told = steps(shanghai("2026-03-02T18:00"), Limit(4, "wh"), CITY, [stop])
    assert [step.reason for step in told] == ["no_hours", "paused", "hours"]
    spans = [tuple(f"{at.astimezone(SHANGHAI):%H:%M}" for at in span) for span in told[-1].spans]
    assert spans == [("08:30", "12:00"), ("14:00", "14:30")]


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        ("2026-12-30T10:00", "1wd", False),
        ("2026-12-31T10:00", "1wd", True),
        ("2026-12-31T17:00", "1wh", True),
        ("2026-12-31T10:00", "3d", False),
        ("2026-12-31T23:00", "24h", False),
    ],
)
def test_what_runs_into_a_year_that_is_not_announced_is_provisional(start, limit, expected):
    begins, parsed = shanghai(start), Limit.parse(limit)
    assert is_provisional(begins, due_at(begins, parsed, CITY), parsed, CITY) is expected
    assert any(step.is_provisional for step in steps(begins, parsed, CITY)) is expected


def test_the_shipped_periods_are_checked():
    for periods in [((MIDNIGHT, MIDNIGHT), (time(1), time(2))), ((time(9), MIDNIGHT), (time(10), time(11)))]:
        with pytest.raises(ValueError):
            Calendar(SHANGHAI, OFFICE, saturday=periods)
    assert len(free_days()) > len(made_up_days()) > 0
