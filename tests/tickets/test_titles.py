"""A title is the matter in short: no greeting, nobody's name, no second copy of the whole text."""

import pytest

from routing import demo_city, rules
from routing.values import Facts
from tickets import outward
from tickets.titles import LONGEST, derived


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("小区门口路灯坏了三天。晚上很黑，请尽快修。", "小区门口路灯坏了三天"),
        ("您好，我叫赵强，电话13900139000，小区门口路灯坏了三天，晚上很黑。", "小区门口路灯坏了三天，晚上很黑"),
        ("尊敬的市领导：您好！我是幸福小区的业主，物业乱收停车费。", "物业乱收停车费"),
        ("我住幸福小区3号楼2单元501，楼上漏水。", "楼上漏水"),
        ("我住的小区停水三天了，没人管", "我住的小区停水三天了，没人管"),
        ("我叫赵强", "我叫赵*"),
        ("路灯怎么还不修？", "路灯怎么还不修？"),
        ("路灯\n坏了\n", "路灯 坏了"),
        ("话" * 60, "话" * LONGEST + "…"),
        ("。。。", "。。。"),
        ("", ""),
    ],
)
def test_is_the_first_sentence_about_the_matter(said: str, title: str):
    assert derived(outward.mask(said)) == title


def test_who_says_who_they_are_is_not_taken_to_be_asking_about_it():
    """A word of the title weighs most: an identity card in it would send a manhole to the police."""
    said = "我叫赵强，身份证370523199001011234，电话13900139000，明德路井盖松动"
    facts = Facts(title=derived(outward.mask(said)), text=said, type="complaint")
    assert rules.decide(facts, demo_city.directory()).lead == "9901.urban"
