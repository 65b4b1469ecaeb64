import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.deadlines import (
    KINDS,
    UNITS,
    Calendar,
    Limit,
    Policy,
    PolicyFacts,
    Rung,
    choose_policy,
    due_at,
    green,
    ladder_from_data,
    levels_due,
    light,
    moment,
    moments,
    working_time_between,
    yellow_at,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = ((time(8, 30), time(12)), (time(14), time(17, 30)))


def span(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


# Spring Festival and National Day 2026 with the weekends that are worked for them.
HOLIDAYS = span(date(2026, 2, 15), date(2026, 2, 23)) + span(date(2026, 10, 1), date(2026, 10, 7))
MADE_UP = [date(2026, 2, 14), date(2026, 2, 28), date(2026, 9, 20), date(2026, 10, 10)]
CITY = Calendar(SHANGHAI, OFFICE, dict.fromkeys(HOLIDAYS, False) | dict.fromkeys(MADE_UP, True))
NIGHTS = Calendar(BERLIN, ((time(1), time(2, 30)), (time(3), time(5)), (time(22), time(23, 30))))
CALENDARS = [CITY, NIGHTS]

LADDER_JSON = """[
  {"level": 0, "tier": "L0", "kind": "share", "value": 0.5},
  {"level": 1, "tier": "L0", "kind": "share", "value": 0.8},
  {"level": 2, "tier": "L1", "kind": "remaining", "value": "1wd", "share": 0.2},
  {"level": 3, "tier": "L2", "kind": "overdue", "value": 0},
  {"level": 4, "tier": "L3", "kind": "overdue", "value": "2wd"},
  {"level": 5, "tier": "L4", "kind": "overdue", "value": "5wd"}
]"""
LADDER = ladder_from_data(json.loads(LADDER_JSON))


def city(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def shown(at: datetime, zone: ZoneInfo = SHANGHAI) -> str:
    assert at.tzinfo is UTC
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


starts = st.datetimes(
    min_value=datetime(2026, 1, 1), max_value=datetime(2027, 12, 31), timezones=st.just(UTC)
)
limits = st.builds(Limit, st.integers(1, 60), st.sampled_from(UNITS))
calendars = st.sampled_from(CALENDARS)


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        # An ordinary week: Monday 2026-03-02.
        ("2026-03-02 10:00", "5wd", "2026-03-09 17:30"),
        ("2026-03-02 23:59", "1wd", "2026-03-03 17:30"),
        ("2026-03-06 09:00", "1wd", "2026-03-09 17:30"),
        ("2026-03-07 12:00", "1wd", "2026-03-09 17:30"),
        ("2026-03-02 10:00", "1d", "2026-03-04 00:00"),
        ("2026-03-06 10:00", "2d", "2026-03-09 00:00"),
        ("2026-03-02 23:50", "30min", "2026-03-03 00:20"),
        ("2026-03-06 23:00", "24h", "2026-03-07 23:00"),
        # Working hours: inside a period, over lunch, over night, from outside, ending with a period.
        ("2026-03-02 09:00", "1wh", "2026-03-02 10:00"),
        ("2026-03-02 11:30", "1wh", "2026-03-02 14:30"),
        ("2026-03-02 17:00", "1wh", "2026-03-03 09:00"),
        ("2026-03-02 12:30", "1wh", "2026-03-02 15:00"),
        ("2026-03-07 12:00", "2wh", "2026-03-09 10:30"),
        ("2026-03-02 10:00", "2wh", "2026-03-02 12:00"),
        ("2026-03-02 08:30", "7wh", "2026-03-02 17:30"),
        ("2026-03-02 08:30", "8wh", "2026-03-03 09:30"),
        # Spring Festival: Saturday 02-14 is worked, 02-15 to 02-23 is free, Saturday 02-28 is worked.
        ("2026-02-13 16:00", "1wd", "2026-02-14 17:30"),
        ("2026-02-14 09:00", "1wd", "2026-02-24 17:30"),
        ("2026-02-13 16:00", "2wd", "2026-02-24 17:30"),
        ("2026-02-18 12:00", "5wd", "2026-02-28 17:30"),
        ("2026-02-24 08:00", "5wd", "2026-03-02 17:30"),
        ("2026-02-14 17:00", "1wh", "2026-02-24 09:00"),
        ("2026-02-14 17:00", "7d", "2026-02-22 00:00"),
        # National Day: Sunday 09-20 is worked, 10-01 to 10-07 is free, Saturday 10-10 is worked.
        ("2026-09-18 15:00", "1wd", "2026-09-20 17:30"),
        ("2026-09-30 10:00", "1wd", "2026-10-08 17:30"),
        ("2026-09-30 10:00", "5wd", "2026-10-13 17:30"),
        ("2026-10-03 10:00", "3wd", "2026-10-10 17:30"),
        ("2026-09-30 16:30", "4wh", "2026-10-08 11:30"),
        ("2026-10-01 00:00", "2h", "2026-10-01 02:00"),
        ("2026-09-30 10:00", "7d", "2026-10-08 00:00"),
        # Over the end of a year.
        ("2026-12-31 10:00", "1d", "2027-01-02 00:00"),
    ],
)
def test_due_at(start, limit, due):
    assert shown(due_at(city(start), Limit.parse(limit), CITY)) == due


def test_the_city_decides_which_day_it_is():
    # 17:00 UTC on Monday is 01:00 on Tuesday in the city, so the first working day after is Wednesday.
    start = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
    assert shown(due_at(start, Limit(1, "wd"), CITY)) == "2026-03-04 17:30"


def test_calendar_days_follow_the_clock_change():
    # Berlin leaves summer time on 2026-10-25, so that day has 25 hours.
    start = city("2026-10-24 12:00", BERLIN)
    assert shown(due_at(start, Limit(1, "d"), NIGHTS), BERLIN) == "2026-10-26 00:00"
    assert shown(due_at(start, Limit(24, "h"), NIGHTS), BERLIN) == "2026-10-25 11:00"


def test_working_time_is_not_counted_twice_where_the_clock_jumps():
    # A Sunday that is worked, 2026-03-29: 02:00 becomes 03:00, so 01:00 to 02:30 and 03:00 to 05:00
    # overlap by half an hour and leave three hours, less the one that does not exist.
    calendar = Calendar(BERLIN, NIGHTS.periods[:2], {date(2026, 3, 29): True})
    day = city("2026-03-29 00:00", BERLIN), city("2026-03-29 12:00", BERLIN)
    assert working_time_between(*day, calendar) == timedelta(hours=3)
    jump = Calendar(BERLIN, ((time(2, 30), time(3)), (time(4), time(5))), {date(2026, 3, 29): True})
    assert working_time_between(*day, jump) == timedelta(hours=1)


@given(starts, starts, limits, calendars)
def test_later_start_is_never_due_earlier(one, other, limit, calendar):
    earlier, later = sorted((one, other))
    assert due_at(earlier, limit, calendar) <= due_at(later, limit, calendar)


@given(starts, limits, calendars)
def test_one_more_unit_is_due_later(start, limit, calendar):
    longer = Limit(limit.value + 1, limit.unit)
    assert start < due_at(start, limit, calendar) < due_at(start, longer, calendar)


@given(starts, limits, calendars, st.timezones())
def test_the_zone_of_the_start_does_not_matter(start, limit, calendar, zone):
    assert due_at(start.astimezone(zone), limit, calendar) == due_at(start, limit, calendar)


@given(starts, st.integers(1, 60), st.sampled_from(["wh", "wd"]))
def test_working_units_end_inside_working_time(start, value, unit):
    end = due_at(start, Limit(value, unit), CITY).astimezone(SHANGHAI)
    assert CITY.is_working(end.date())
    assert any(begins < end.time() <= ends for begins, ends in OFFICE)


@given(starts, st.integers(1, 60), calendars)
def test_working_hours_and_the_time_between_agree(start, value, calendar):
    end = due_at(start, Limit(value, "wh"), calendar)
    assert working_time_between(start, end, calendar) == timedelta(hours=value)


@given(starts, starts, starts, calendars)
def test_working_time_adds_up(one, two, three, calendar):
    first, middle, last = sorted((one, two, three))
    parts = working_time_between(first, middle, calendar) + working_time_between(middle, last, calendar)
    assert working_time_between(first, last, calendar) == parts <= last - first


def test_working_time_between():
    assert working_time_between(city("2026-09-30 11:00"), city("2026-10-08 14:30"), CITY) == timedelta(
        hours=8.5
    )
    assert working_time_between(city("2026-10-02 09:00"), city("2026-10-04 09:00"), CITY) == timedelta(0)
    assert working_time_between(city("2026-03-03 09:00"), city("2026-03-02 09:00"), CITY) == timedelta(0)


def test_naive_moments_are_refused():
    naive = datetime(2026, 3, 2)
    aware = city("2026-03-02 09:00")
    with pytest.raises(ValueError):
        due_at(naive, Limit(1, "h"), CITY)
    with pytest.raises(ValueError):
        working_time_between(aware, naive, CITY)
    with pytest.raises(ValueError):
        moments(aware, naive, Limit(1, "h"), LADDER, CITY)


@pytest.mark.parametrize(
    "periods",
    [(), ((time(9), time(9)),), ((time(12), time(9)),), ((time(9), time(12)), (time(11), time(17)))],
)
def test_calendar_without_sensible_periods_is_refused(periods):
    with pytest.raises(ValueError):
        Calendar(SHANGHAI, periods)


def test_named_days_win_over_weekdays():
    assert not CITY.is_working(date(2026, 10, 1))  # a Thursday
    assert CITY.is_working(date(2026, 10, 10))  # a Saturday
    assert CITY.is_working(date(2026, 10, 9))
    assert not CITY.is_working(date(2026, 10, 11))


@given(limits)
def test_limit_survives_its_text(limit):
    assert Limit.parse(str(limit)) == limit


@pytest.mark.parametrize("text", ["", "5", "wd", "5 wd", "-1h", "0d", "5w", "5WD", "100001h", "1.5h", "９d"])
def test_limit_refuses(text):
    with pytest.raises(ValueError):
        Limit.parse(text)


def test_limit_refuses_an_unknown_unit():
    with pytest.raises(ValueError):
        Limit(1, "y")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("limit", "shorter"),
    [("5wd", "3wd"), ("10wd", "7wd"), ("2wd", "1wd"), ("1wd", "1wd"), ("24h", "16h"), ("90min", "63min")],
)
def test_green_channel_is_shorter_by_a_third_or_so(limit, shorter):
    assert str(green(Limit.parse(limit))) == shorter


def test_green_channel_with_another_factor():
    assert green(Limit(10, "d"), 0.5) == green(Limit(10, "d"), Decimal("0.5")) == Limit(5, "d")
    for factor in (0, -1, 1.1):
        with pytest.raises(ValueError):
            green(Limit(10, "d"), factor)


def test_ladder_of_an_ordinary_ticket_over_national_day():
    start, limit = city("2026-09-30 10:00"), Limit(5, "wd")
    due = due_at(start, limit, CITY)
    assert [(level, shown(at)) for level, at in moments(start, due, limit, LADDER, CITY)] == [
        # 5.5 working hours on 09-30 and five days of 7 make 40.5; half is 20.25, four fifths 32.4.
        (0, "2026-10-10 09:15"),
        (1, "2026-10-12 16:24"),
        (2, "2026-10-12 17:30"),
        (3, "2026-10-13 17:30"),
        (4, "2026-10-15 17:30"),
        (5, "2026-10-20 17:30"),
    ]


def test_ladder_of_an_urgent_ticket_runs_on_the_wall_clock():
    start, limit = city("2026-10-01 22:00"), Limit(2, "h")
    due = due_at(start, limit, CITY)
    assert [shown(at) for _, at in moments(start, due, limit, LADDER, CITY)] == [
        "2026-10-01 23:00",
        "2026-10-01 23:36",
        "2026-10-01 23:36",
        "2026-10-02 00:00",
        "2026-10-09 17:30",
        "2026-10-13 17:30",
    ]


def test_yellow_of_a_short_limit_waits_for_the_reminder_before_it():
    start, limit = city("2026-03-02 10:00"), Limit(1, "wd")
    due = due_at(start, limit, CITY)
    raw = moment(LADDER[2], start, due, limit, CITY)
    assert shown(raw) == "2026-03-02 17:30"
    assert (
        dict(moments(start, due, limit, LADDER, CITY))[2] == dict(moments(start, due, limit, LADDER, CITY))[1]
    )


@pytest.mark.parametrize(
    ("rung", "limit", "reached"),
    [
        # A clock from Monday 2026-03-02 10:00; calendar days end at 24:00.
        ({"kind": "remaining", "value": "30min"}, "2h", "2026-03-02 11:30"),
        ({"kind": "remaining", "value": "1h"}, "2h", "2026-03-02 11:00"),
        ({"kind": "remaining", "value": "3h"}, "2h", "2026-03-02 10:00"),
        ({"kind": "remaining", "value": 0.25}, "2h", "2026-03-02 11:30"),
        ({"kind": "remaining", "value": "1d"}, "7d", "2026-03-09 00:00"),
        ({"kind": "remaining", "value": "1wd"}, "7d", "2026-03-06 17:30"),
        ({"kind": "remaining", "value": "1wd", "share": 0.2}, "7d", "2026-03-06 17:30"),
        ({"kind": "remaining", "value": "2wh"}, "2wd", "2026-03-04 15:30"),
        ({"kind": "remaining", "value": "60wh"}, "2wd", "2026-03-02 10:00"),
        ({"kind": "remaining", "value": "1wd", "share": 0.5}, "7wh", "2026-03-02 15:30"),
        ({"kind": "overdue", "value": 0}, "7d", "2026-03-10 00:00"),
        ({"kind": "overdue", "value": "1d"}, "7d", "2026-03-11 00:00"),
        ({"kind": "overdue", "value": "1wd"}, "7d", "2026-03-10 17:30"),
        ({"kind": "overdue", "value": "2h"}, "7d", "2026-03-10 02:00"),
        ({"kind": "overdue", "value": "1wh"}, "2wd", "2026-03-05 09:30"),
    ],
)
def test_moment_of_one_rung(rung, limit, reached):
    (built,) = ladder_from_data([{"level": 0, "tier": "L0", **rung}])
    start, limit = city("2026-03-02 10:00"), Limit.parse(limit)
    assert shown(moment(built, start, due_at(start, limit, CITY), limit, CITY)) == reached


def test_due_before_start_puts_everything_before_overdue_at_the_start():
    start, due = city("2026-03-02 10:00"), city("2026-02-27 10:00")
    reached = moments(start, due, Limit(1, "wd"), LADDER, CITY)
    assert {at for _, at in reached[:4]} == {start}


@given(starts, limits, calendars)
def test_moments_never_fall_back(start, limit, calendar):
    reached = moments(start, due_at(start, limit, calendar), limit, LADDER, calendar)
    times = [at for _, at in reached]
    assert times == sorted(times) and times[0] >= start
    assert [level for level, _ in reached] == [rung.level for rung in LADDER]


def test_ladder_from_data_reads_every_kind():
    assert LADDER[0] == Rung(0, "L0", "share", 0.5)
    assert LADDER[2] == Rung(2, "L1", "remaining", Limit(1, "wd"), 0.2)
    assert LADDER[3] == Rung(3, "L2", "overdue", 0.0)
    assert LADDER[5] == Rung(5, "L4", "overdue", Limit(5, "wd"))
    assert ladder_from_data([]) == ()
    [by_hand] = ladder_from_data([{"level": 9, "tier": "L5", "kind": "by_hand", "value": 0}])
    assert {rung.kind for rung in (*LADDER, by_hand)} == set(KINDS)


def test_a_rung_says_how_people_are_told_and_within_what_time_somebody_must_confirm():
    rung = {"level": 0, "tier": "L1", "kind": "share", "value": 0.5, "ways": ["in_app", "email"], "ack": "4wh"}
    [built] = ladder_from_data([rung])
    assert (built.ways, built.ack) == (("in_app", "email"), Limit(4, "wh"))
    assert (LADDER[0].ways, LADDER[0].ack) == (("in_app",), None)


def test_what_is_reached_by_hand_alone_has_no_moment():
    by_hand = Rung(9, "L5", "by_hand", 0.0)
    start, limit = city("2026-03-02 10:00"), Limit(5, "wd")
    reached = moments(start, due_at(start, limit, CITY), limit, [*LADDER, by_hand], CITY)
    assert [level for level, _at in reached] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "change",
    [
        {"level": -1},
        {"level": "1"},
        {"level": True},
        {"tier": ""},
        {"tier": None},
        {"kind": "soon"},
        {"value": 0},
        {"value": 1},
        {"value": "1wd"},
        {"value": None},
        {"share": 0.2},
        {"kind": "remaining", "value": "1y"},
        {"kind": "remaining", "value": "1wd", "share": 2},
        {"kind": "overdue", "value": 0.5},
        {"kind": "by_hand", "value": "1wd"},
        {"kind": "by_hand", "value": 0, "ack": "1h"},
        {"ways": []},
        {"ways": ["pigeon"]},
        {"ways": "in_app"},
        {"ack": "soon"},
        {"ack": 4},
    ],
)
def test_ladder_from_data_refuses(change):
    good = {"level": 0, "tier": "L0", "kind": "share", "value": 0.5}
    assert ladder_from_data([good])
    with pytest.raises(ValueError, match="Rung 2"):
        ladder_from_data([good, good | {"level": 1} | change])


def test_ladder_needs_every_setting_and_rising_levels():
    rung = {"level": 0, "tier": "L0", "kind": "share", "value": 0.5}
    with pytest.raises(ValueError, match="Rung 1"):
        ladder_from_data([{"level": 0, "tier": "L0", "kind": "share"}])
    with pytest.raises(ValueError, match="rise"):
        ladder_from_data([rung, rung])


def steps(*hours: int) -> tuple[tuple[int, datetime], ...]:
    return tuple(
        (level, city("2026-03-02 00:00") + timedelta(hours=hour)) for level, hour in enumerate(hours)
    )


def test_levels_due_one_after_the_other():
    ladder, at = steps(1, 2, 3), city("2026-03-02 00:00")
    assert levels_due(ladder, (), at) == (None, (), ladder[0][1])
    assert levels_due(ladder, (), ladder[0][1]) == (0, (), ladder[1][1])
    assert levels_due(ladder, {0}, ladder[0][1]) == (None, (), ladder[1][1])
    assert levels_due(ladder, {0}, ladder[1][1]) == (1, (), ladder[2][1])
    assert levels_due(ladder, {0, 1, 2}, ladder[2][1]) == (None, (), None)


def test_levels_due_together_only_the_highest_acts():
    ladder = steps(1, 2, 3, 40)
    assert levels_due(ladder, (), ladder[2][1]) == (2, (0, 1), ladder[3][1])


def test_level_below_one_already_fired_is_skipped():
    ladder = steps(1, 2, 3)
    assert levels_due(ladder, {2}, ladder[2][1]) == (None, (0, 1), None)
    assert levels_due(ladder, {1}, ladder[2][1]) == (2, (0,), None)


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=6).map(sorted),
    st.lists(st.integers(0, 60), max_size=8).map(sorted),
)
def test_sweeps_at_any_times_log_every_level_once(hours, sweeps):
    ladder = steps(*hours)
    logged: list[int] = []
    acted: list[int] = []
    for hour in [*sweeps, 60]:
        now = city("2026-03-02 00:00") + timedelta(hours=hour)
        acting, skipped, next_at = levels_due(ladder, logged, now)
        owed = [level for level, at in ladder if at <= now and level not in logged]
        assert sorted([*skipped, *([] if acting is None else [acting])]) == owed
        assert (acting is None) == (not owed)
        assert next_at is None or next_at > now
        logged += owed
        acted += [] if acting is None else [acting]
    assert sorted(logged) == [level for level, _ in ladder]
    assert acted == sorted(set(acted)) and acted[-1] == ladder[-1][0]


def test_lights():
    due, yellow = city("2026-03-03 17:30"), city("2026-03-02 17:30")
    instant = timedelta(microseconds=1)
    assert light(yellow - instant, due, yellow) == "green"
    assert light(yellow, due, yellow) == "yellow"
    assert light(due - instant, due, yellow) == "yellow"
    assert light(due, due, yellow) == "red"
    assert light(due - instant, due, None) == "green"


@pytest.mark.parametrize(
    ("start", "limit", "yellow"),
    [
        ("2026-03-02 10:00", "5wd", "2026-03-06 17:30"),  # due on Monday: from Friday's end on
        ("2026-09-29 10:00", "2wd", "2026-09-30 17:30"),  # due after the holidays
        ("2026-03-02 10:00", "1wd", "2026-03-02 17:30"),
        ("2026-03-02 18:00", "1wd", "2026-03-02 18:00"),  # never before it began
        ("2026-03-02 10:00", "7d", "2026-03-09 00:00"),  # due at the end of the 9th
        ("2026-03-02 10:00", "2h", "2026-03-02 11:36"),
        ("2026-03-02 10:00", "15min", "2026-03-02 10:12"),
        ("2026-03-02 09:00", "5wh", "2026-03-02 15:00"),  # four of five working hours later
    ],
)
def test_yellow_is_a_day_before_or_a_share_of_what_is_no_day(start, limit, yellow):
    begins, parsed = city(start), Limit.parse(limit)
    assert shown(yellow_at(begins, due_at(begins, parsed, CITY), parsed, CITY, 1, 0.2)) == yellow


FIVE, TWO = Limit(5, "wd"), Limit(2, "wd")
ROWS = [
    Policy(1, "handle", None, None, None, FIVE, LADDER),
    Policy(2, "handle", "consult", None, None, TWO),
    Policy(3, "handle", None, "urgent", None, Limit(24, "h")),
    Policy(4, "handle", None, "normal", None, FIVE),
    Policy(5, "handle", None, None, "06", Limit(60, "d"), statutory=True),
    Policy(6, "handle", None, None, "06-01", Limit(45, "wd"), statutory=True),
    Policy(7, "handle", "complaint", None, "06-01-02", Limit(7, "wd"), statutory=True),
    Policy(8, "handle", None, None, "03", Limit(3, "wd")),
    Policy(10, "handle", None, None, None, Limit(60, "d"), statutory=True, line_no="12315"),
    Policy(11, "handle", None, "urgent", None, Limit(1, "wd"), line_no="12315"),
    Policy(12, "handle", "consult", None, None, TWO, line_no="12329"),
]


@pytest.mark.parametrize(
    ("facts", "chosen"),
    [
        (("complaint", "hard", "01-01-01"), 1),
        (("complaint", "normal", None), 4),
        (("consult", "normal", "01-01"), 2),
        (("consult", "urgent", "01-01"), 3),
        (("consult", "urgent", "06-02-01"), 5),
        (("consult", "urgent", "06-01"), 6),
        (("consult", "urgent", "06-01-02"), 6),
        (("complaint", "urgent", "06-01-02"), 7),
        (("complaint", "hard", "03-04"), 8),
        (("consult", "normal", "03-04"), 2),
        (("complaint", "hard", "061-01"), 1),
        (("complaint", "hard", "01-01", "12315"), 10),
        (("complaint", "hard", "01-01", "12345"), 1),
        (("consult", "normal", "03-04", "12315"), 10),  # the line goes before kind and category
        (("consult", "urgent", None, "12315"), 11),  # of the line's own, the more exact one
        (("complaint", "urgent", "06-01-02", "12315"), 7),  # what the law says of the category goes before it
        (("consult", "urgent", None, "12329"), 12),
        (("help", "urgent", None, "12329"), 3),  # the line has none for this kind
    ],
)
def test_policy_is_chosen_by_precedence(facts, chosen):
    for rows in (ROWS, ROWS[::-1]):
        policy = choose_policy(rows, PolicyFacts(*facts))
        assert policy is not None and policy.id == chosen


def test_of_equal_policies_the_first_made_wins_and_none_may_match():
    twin = Policy(9, "handle", None, None, None, TWO)
    anything = PolicyFacts("other", "hard", None)
    chosen = choose_policy([twin, ROWS[0]], anything)
    assert chosen is ROWS[0]
    assert choose_policy(ROWS[1:4], anything) is None


def test_policy_names_who_hears_of_a_level():
    assert ROWS[0].tier(3) == "L2"
    with pytest.raises(KeyError):
        ROWS[1].tier(3)
