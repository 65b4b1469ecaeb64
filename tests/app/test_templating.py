"""Filters: moments in the city's zone, names of units, places and categories; pages free of inline code."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import templating
from app.outbox import unit_of_work
from routing import service as routing

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "app" / "static" / "js").glob("*.js"))
MOMENT = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)


@pytest.fixture
def in_language(app):
    def enter(language: str):
        return app.test_request_context(f"/?lang={language}")

    return enter


def test_a_moment_is_told_in_the_citys_zone(in_language):
    with in_language("zh"):
        assert templating.moment(MOMENT) == "2026年11月24日 00:30"
    with in_language("en"):
        assert templating.moment(MOMENT) == "24 Nov 2026, 00:30"
        assert templating.moment(None) == ""


def test_a_promise_is_told_with_its_day_of_the_week(in_language):
    with in_language("zh"):
        assert templating.deadline(MOMENT) == "2026年11月24日（星期二）00:30之前"
        assert templating.deadline(None) == ""
    with in_language("en"):
        assert templating.deadline(MOMENT) == "Tuesday 24 November 2026, 00:30"


def test_how_long_ago_and_how_soon(in_language):
    with in_language("en"):
        assert templating.ago(MOMENT - timedelta(hours=3), MOMENT) == "3 hours ago"
        assert templating.ago(MOMENT + timedelta(days=2), MOMENT) == "in 2 days"
        for days in (6, 11, 29, 35):
            assert templating.ago(MOMENT + timedelta(days=days), MOMENT) == f"in {days} days"
        assert templating.ago(MOMENT + timedelta(days=60), MOMENT) == "in 2 months"
    with in_language("zh"):
        assert templating.ago(MOMENT - timedelta(hours=3), MOMENT) == "3小时前"


def test_names_of_units_places_and_categories(in_language):
    with in_language("zh"), unit_of_work():
        city = routing.current()
        unit = next(iter(city.units.values()))
        assert templating.unit_name(unit.id) == templating.unit_by_code(unit.code) == unit.name
        assert templating.unit_name(None) == "" and templating.unit_by_code("gone") == "gone"
        assert templating.category_name("01-01").startswith("城乡建设 / ")
        assert templating.category_name(None) == templating.region_name(None) == ""
        town = next(place for place in city.places.values() if place.level == 3)
        assert templating.region_name(town.code) == f"{city.places[town.parent].name} {town.name}"
        assert templating.region_name("9901") == "东河市"


def test_the_city_is_asked_for_once_a_request(in_language, count_queries):
    with in_language("zh"), unit_of_work(), count_queries() as statements:
        for _ in range(3):
            templating.city()
    assert len(statements) <= 1


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_holds_inline_code_or_switches_escaping_off(path):
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\ssrc=)", text), "inline script"
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), "inline style or handler"
    assert not re.search(r"\|\s*safe\b|autoescape false", text), "unescaped output"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_writes_markup(path):
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\b|Function\(", path.read_text())
