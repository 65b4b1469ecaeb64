"""The demo city's files: complete, consistent, and each duty with an owner and a law."""

import re
from collections import Counter

import pytest

from routing import periods, seed
from routing.models import CLOCKS, KINDS, LIMIT_UNITS
from routing.values import DISPOSITIONS, Target, When

CATEGORIES = {row["code"]: row for row in seed.table("categories")}
TYPES = {None, "consult", "help", "complaint", "report", "suggestion", "praise", "other"}


def leads(city):
    """Codes of all units that lead in something, somewhere in the city."""
    found = set()
    for duty in city.duties:
        if duty.lead.unit is not None:
            found.add(duty.lead.unit)
        else:
            line, level = duty.lead.line, duty.lead.level
            found |= {u.code for u in city.units.values() if (u.line, u.level) == (line, level)}
    return found


def test_size(city):
    assert len(city.duties) >= 150
    assert len(city.rules) >= 12
    assert len(leads(city)) >= 25
    assert {city.units[code].level for code in leads(city)} == {1, 2, 3, 4}
    levels = Counter(place.level for place in city.places.values())
    assert (levels[1], levels[2]) == (1, 5) and levels[3] >= 15 and levels[4] >= 30


def test_codes_are_unique(city):
    for name in ("regions", "departments", "categories", "duties"):
        codes = [row["code"] for row in seed.table(name)]
        assert len(codes) == len(set(codes)), name


@pytest.mark.parametrize("name", ["regions", "departments", "categories"])
def test_parents_stand_before_their_children_one_level_up_or_more(name):
    levels = {}
    for row in seed.table(name):
        if row["parent_code"]:
            assert levels[row["parent_code"]] <= int(row["level"])
        levels[row["code"]] = int(row["level"])


def test_categories_have_three_levels_two_names_and_codes_that_show_the_level():
    assert Counter(int(row["level"]) for row in CATEGORIES.values()).keys() == {1, 2, 3}
    for code, row in CATEGORIES.items():
        assert re.fullmatch(r"\d\d(-\d\d){0,2}", code)
        assert code.count("-") + 1 == int(row["level"])
        assert code.rpartition("-")[0] == row["parent_code"]
        assert row["name"] and row["name_en"]


def test_units_stand_in_a_known_place_on_its_level_and_are_of_a_known_kind(city):
    for unit in city.units.values():
        assert city.places[unit.region].level == unit.level
        assert unit.kind in KINDS and unit.line
        assert unit.name and unit.short_name


def test_every_target_exists(city):
    by_line = {(unit.line, unit.level) for unit in city.units.values()}
    targets = [t for duty in city.duties for t in (duty.lead, *duty.assists)]
    targets += [t for rule in city.rules for t in ((rule.lead or Target("9901.hotline")), *rule.assists)]
    for target in targets:
        if target.unit is not None:
            assert target.unit in city.units
        else:
            assert (target.line, target.level) in by_line


def test_every_duty_has_its_own_matter_category_law_and_keywords(city):
    assert len({duty.matter for duty in city.duties}) == len(city.duties)
    for duty in city.duties:
        assert CATEGORIES[duty.category]["level"] == "3"
        assert re.search(r"《.+》", duty.legal_basis), duty.code
        assert 5 <= len(duty.keywords) <= 17, duty.code
        words = [word for word, _ in duty.keywords]
        assert len(words) == len(set(words)) and all(len(word) > 1 for word in words), duty.code
        assert all(weight in (1, 2, 3) for _, weight in duty.keywords), duty.code
        assert not set(words) & set(duty.anti_keywords), duty.code


def test_only_places_themselves_lead_below_the_county(city):
    for duty in city.duties:
        if duty.lead.level is not None and duty.lead.level > 2:
            assert duty.lead.line == "territory", duty.code


def test_rules_stand_in_order_and_name_known_things(city):
    positions = [rule.position for rule in city.rules]
    assert positions == sorted(set(positions))
    for rule in city.rules:
        assert rule.lead is not None or rule.disposition in DISPOSITIONS
        assert rule.category is None or rule.category in CATEGORIES


def test_confidential_reports_are_held_before_any_rule_that_names_a_unit(city):
    names_one = [rule.position for rule in city.rules if rule.lead is not None]
    held = [
        rule.position for rule in city.rules
        if rule.lead is None and rule.when == When(types=("report",), confidential=True)
    ]  # fmt: skip
    assert min(held) < min(names_one)


def test_policies_name_known_clocks_units_and_categories_and_each_clock_has_a_default():
    rows = seed.document("policies")
    for row in rows:
        assert row["clock"] in CLOCKS and row["limit_unit"] in LIMIT_UNITS and row["source"]
        assert row["ticket_type"] in TYPES
        assert row["category_code"] is None or row["category_code"] in CATEGORIES
        # What ends by itself, or only names a moment, warns nobody.
        assert bool(row["ladder"]) is (row["clock"] not in ("info", "return"))
    defaults = [r["clock"] for r in rows if not (r["ticket_type"] or r["urgency"] or r["category_code"])]
    assert sorted(defaults) == sorted(CLOCKS)


def test_an_example_of_the_calendar():
    days = {row.day.isoformat(): row for row in seed.calendar_days()}
    assert not days["2026-10-01"].is_working and days["2026-10-10"].is_working
    assert days["2026-10-10"].note == "调休上班"
    assert "2026-10-12" not in days
    assert {day[:4] for day in days} == {"2024", "2025", "2026", "2027"}


def test_free_days_are_called_after_their_holiday():
    notes = {row.day.isoformat(): row.note for row in seed.calendar_days()}
    week = ["国庆节", "国庆节", "国庆节", "国庆节", "国庆节（补假）", "国庆节（调休）", "国庆节（调休）"]
    assert [notes[f"2026-10-0{day}"] for day in range(1, 8)] == week
    assert notes["2024-09-16"] == "中秋节（调休）", "a day free before the holiday is called after it too"
    assert "2024-06-08" not in notes, "a weekend at the edge is a weekend"
    assert not any("休息日" in note for note in notes.values())


def test_a_year_is_announced_where_days_are_made_up():
    years = {row.year: row.is_announced for row in seed.calendar_years(seed.calendar_days())}
    assert {year for year in (2024, 2025, 2026) if years[year]} == {2024, 2025, 2026}
    assert {row.year: row.is_announced for row in seed.calendar_years(seed.calendar_days([2099]))} == {2099: False}


def test_units_with_hours_of_their_own_exist():
    units = {row["code"] for row in seed.table("departments")}
    for row in seed.document("hours"):
        assert row["unit"] in units and row["source"]
        for name in ("weekdays", "saturday", "sunday"):
            assert periods.checked(row[name]) == row[name]
