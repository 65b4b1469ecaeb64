"""Who answers a line: by the hour, by the calendar, and what of hours cannot be stored."""

from datetime import datetime

import pytest

from calls.hours import Shift, shift, whole_day
from routing.periods import checked

DAY, NIGHT, CLOSED = Shift
OFFICE = [["08:00", "12:00"], ["14:00", "24:00"]]


@pytest.mark.parametrize(
    ("at", "is_working_day", "holidays", "outside", "who"),
    [
        ("08:00", True, "open", "crew", DAY),
        ("07:59", True, "open", "crew", NIGHT),
        ("12:00", True, "open", "closed", CLOSED),
        ("23:59", True, "open", "closed", DAY),
        ("09:00", False, "open", "crew", DAY),
        ("09:00", False, "outside", "crew", NIGHT),
        ("09:00", False, "outside", "closed", CLOSED),
    ],
)
def test_the_crew_of_a_moment(at, is_working_day, holidays, outside, who):
    local = datetime.fromisoformat(f"2026-03-02 {at}")
    assert shift(local, OFFICE, is_working_day, holidays, outside) == who


def test_no_hours_are_round_the_clock():
    assert whole_day([], True, "open", "closed") == [("00:00", "24:00", DAY)]
    assert whole_day([], False, "outside", "closed") == [("00:00", "24:00", CLOSED)]


def test_a_day_is_told_from_its_beginning_to_its_end():
    assert whole_day(OFFICE, True, "open", "crew") == [
        ("00:00", "08:00", NIGHT), ("08:00", "12:00", DAY), ("12:00", "14:00", NIGHT), ("14:00", "24:00", DAY),
    ]  # fmt: skip
    assert whole_day(OFFICE, False, "outside", "crew") == [("00:00", "24:00", NIGHT)]


def test_hours_are_stored_with_two_digits():
    assert checked([("8:00", "12:30"), ("14:00", "24:00")]) == [["08:00", "12:30"], ["14:00", "24:00"]]
    assert checked([]) == []


@pytest.mark.parametrize(
    "periods",
    [
        [["20:00", "08:00"]], [["08:00", "08:00"]], [["08:00", "12:00"], ["11:00", "17:00"]], [["08:00"]],
        [["08:00", "12:00", "13:00"]], [["24:00", "24:00"]], [["08:00", "25:00"]], [["soon", "later"]],
        [["8", "12"]],
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(periods):
    with pytest.raises(ValueError, match="period|Periods|time"):
        checked(periods)
