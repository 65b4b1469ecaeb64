"""Places, chains and who is responsible where, in the demo city."""

from dataclasses import replace

import pytest

from routing.values import Target


def region_of(city, text, given=()):
    return city.region_of(given, city.words.find("", text))


def test_chain_runs_from_the_city_down(city):
    assert city.chain("990102004001") == ("9901", "990102", "990102004", "990102004001")
    assert city.chain("9901") == ("9901",)
    assert city.chain("123") == ()


def test_a_name_of_two_villages_says_nothing_alone(city):
    assert region_of(city, "前李村村务不公开") == ()


def test_a_name_of_two_villages_is_settled_by_the_town(city):
    assert region_of(city, "白鹭乡前李村") == ("9901", "990121", "990121004", "990121004002")


def test_a_name_of_two_villages_is_settled_by_what_was_given(city):
    given = ("9901", "990102")
    assert region_of(city, "前李村", given)[-1] == "990102004002"


def test_places_that_disagree_are_not_guessed_between(city):
    assert region_of(city, "从桑园镇到麦岭镇的路") == ("9901", "990121")
    assert region_of(city, "从桑园镇到柳湾镇的路") == ()


def test_a_place_outside_what_was_given_is_passed_over(city):
    assert region_of(city, "桑园镇", ("9901", "990102")) == ("9901", "990102")


def test_the_name_of_the_city_says_nothing(city):
    assert region_of(city, "东河市") == ()


@pytest.mark.parametrize(
    ("target", "region", "unit", "vague"),
    [
        (Target(unit="9901.bus"), (), "9901.bus", False),
        (Target(unit="nobody"), (), None, False),
        (Target(line="urban", level=2), ("9901", "990102", "990102004"), "990102.urban", False),
        (Target(line="urban", level=2), ("9901",), "9901.urban", True),
        (Target(line="urban", level=2), (), "9901.urban", True),
        (Target(line="urban", level=1), ("9901", "990102"), "9901.urban", False),
        (Target(line="territory", level=3), ("9901", "990102"), "990102.gov", True),
        (Target(line="territory", level=3), (), None, True),
        (Target(line="fund", level=2), ("9901", "990102"), "9901.fund", False),
        (Target(line="nothing", level=2), ("9901", "990102"), None, False),
    ],
)
def test_resolve(city, target, region, unit, vague):
    found, missing = city.resolve(target, region)
    assert (found.code if found else None, missing) == (unit, vague)


def test_a_unit_that_is_closed_leads_nothing(city):
    units = {**city.units, "990102.urban": replace(city.units["990102.urban"], is_active=False)}
    closed = replace(city, units=units)
    region = ("9901", "990102")
    assert closed.resolve(Target(unit="990102.urban"), region) == (None, False)
    assert closed.resolve(Target(line="urban", level=2), region)[0].code == "9901.urban"


def test_assisting_units_are_each_named_once_and_without_the_lead(city):
    targets = [Target(unit="9901.bus"), Target(unit="9901.bus"), Target(unit="9901.tax"), Target(unit="none")]
    assert city.resolve_all(targets, "9901.tax", ()) == ("9901.bus",)


def test_a_word_of_many_duties_is_worth_less_and_versions_count_once(city):
    first = city.duties[0]
    again = replace(first, version=2, keywords=(("独有词", 3.0), ("共有词", 3.0)))
    other = replace(city.duties[1], keywords=(("共有词", 3.0),))
    directory = replace(city, duties=(replace(first, keywords=(("独有词", 3.0),)), again, other))
    worth = {word: dict(holders) for word, holders in directory.evidence.items()}
    assert worth["独有词"] == {0: 3.0, 1: 3.0}
    assert worth["共有词"][1] < 3.0
