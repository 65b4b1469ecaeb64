"""What the demo city says: enough of it, of every type, true to its places, and nobody's secret."""

from collections import Counter
from random import Random

import pytest

from app.demo import texts
from app.demo.texts import MATTERS, WORDS
from routing import demo_city, rules
from routing.directory import Directory
from routing.seed import IN_FORCE_FROM
from routing.values import Decision, Facts
from tickets import masking
from tickets.change import require_storable
from tickets.intake import LENGTHS, TYPES, URGENCIES
from tickets.returning import RETURN_REASONS


@pytest.fixture(scope="module")
def directory() -> Directory:
    return demo_city.directory()


def _decided(directory: Directory, matter: texts.Matter) -> Decision:
    region: list[str] = []
    code = matter.region
    while code:
        region.insert(0, code)
        code = directory.places[code].parent
    facts = Facts(
        title=matter.title, text=matter.text, type=matter.type, urgency=matter.urgency, channel="phone",
        line_no="12345", category=None, region=tuple(region), confidential=matter.type == "report",
        enterprise=False, on=IN_FORCE_FROM,
    )  # fmt: skip
    return rules.decide(facts, directory)


def test_there_are_many_of_every_type():
    kinds = Counter(matter.type for matter in MATTERS.values())
    assert len(MATTERS) >= 120 and set(kinds) == set(TYPES) and min(kinds.values()) >= 5
    assert len({matter.text for matter in MATTERS.values()}) == len(MATTERS)
    assert {matter.urgency for matter in MATTERS.values()} <= set(URGENCIES)


def test_two_thirds_are_dispatched_by_the_rules_and_some_are_not(directory: Directory):
    sure = [_decided(directory, matter).dispatches for matter in MATTERS.values()]
    assert 2 / 3 <= sum(sure) / len(sure) < 0.9


def test_they_lie_in_the_demo_city_and_all_over_it(directory: Directory):
    places = {matter.region for matter in MATTERS.values() if matter.region}
    assert places <= directory.places.keys() and {code[:6] for code in places} == {
        "990102", "990103", "990104", "990121", "990122",
    }  # fmt: skip


def test_questions_have_an_answer():
    assert {matter.type for matter in MATTERS.values() if matter.answer} == {"consult"}
    assert all(matter.answer for matter in MATTERS.values() if matter.type == "consult")


@pytest.mark.parametrize("matter", MATTERS.values(), ids=lambda matter: matter.key)
def test_each_can_be_stored_and_names_nobody(matter: texts.Matter):
    intake = texts.intake_of(matter, Random(1), "phone")
    require_storable(vars(intake))
    for field, most in LENGTHS.items():
        assert len(getattr(intake, field) or "") <= most, field
    for words in (matter.title, matter.text, matter.address, matter.place, matter.answer):
        assert masking.mask_text(words) == words
    assert intake.phone.startswith("154") and masking.mask_phone(intake.phone) == f"154****{intake.phone[7:]}"
    assert masking.mask_text(f"我的电话{intake.phone}").count("*") == 4
    assert intake.name[1:] in WORDS["given_names"]


def test_each_kind_has_its_words_and_each_reason_is_one_there_is():
    assert {matter.kind for matter in MATTERS.values()} == WORDS["kinds"].keys()
    for words in WORDS["kinds"].values():
        assert all(words[what] for what in ("notes", "replies", "internals"))
    assert {one["reason"] for one in WORDS["returns"]} <= set(RETURN_REASONS)


def test_a_ticket_leads_back_to_its_matter():
    for matter in MATTERS.values():
        assert texts.matter_of(texts.intake_of(matter, Random(3), "web").external_no) is matter
