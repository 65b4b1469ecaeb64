"""Due times worked out by hand from the State Council's notices, each with its reasoning beside it."""

import csv
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from notices import CITY, OFFICE, SHANGHAI, YEARS, free_days, made_up_days

from routing.seed import calendar_days
from tickets.deadlines import UNITS, Calendar, Limit, due_at

with open(Path(__file__).parent / "golden_due.csv", encoding="utf-8", newline="") as file:
    CASES = list(csv.DictReader(file))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def pauses(text: str) -> Sequence[tuple[datetime, datetime]]:
    return [(moment(begins), moment(ends)) for begins, ends in (pause.split("/") for pause in text.split())]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['start']}+{case['limit']}")
def test_due_time_is_the_one_worked_out_by_hand(case: dict[str, str]):
    due = due_at(moment(case["start"]), Limit.parse(case["limit"]), CITY, pauses(case["pauses"]))
    assert due == moment(case["due"]), case["reasoning"]


def test_the_table_covers_every_unit_each_year_and_pauses():
    assert len(CASES) >= 60 and all(case["reasoning"] for case in CASES)
    assert {Limit.parse(case["limit"]).unit for case in CASES} == set(UNITS)
    assert {int(case["start"][:4]) for case in CASES} >= YEARS
    assert {Limit.parse(case["limit"]).unit for case in CASES if case["pauses"]} == set(UNITS)


def test_the_calendar_that_ships_is_the_one_of_the_notices():
    shipped = Calendar(SHANGHAI, OFFICE, {row.day: row.is_working for row in calendar_days()})
    named = {*free_days(), *made_up_days(), *(day for day in shipped.days if day.year in YEARS)}
    assert {day: shipped.is_working(day) for day in named} == {day: CITY.is_working(day) for day in named}
