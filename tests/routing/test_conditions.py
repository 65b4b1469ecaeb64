"""Each condition of a rule alone, and all of them together."""

import pytest

from routing.values import Facts, When, is_within
from routing.words import normal

FACTS = Facts(
    "KTV 噪音",
    "半夜 扰民",
    type="complaint",
    urgency="urgent",
    channel="phone",
    line_no="12345",
    category="05-01-01",
    region=("9901", "990102"),
    confidential=False,
    enterprise=True,
)


def holds(conditions):
    text = f"{normal(FACTS.title)}\n{normal(FACTS.text)}"
    return When.from_data(conditions).holds(FACTS, FACTS.region, text)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, True),
        ({"words_any": ["ＫＴＶ", "酒吧"]}, True),
        ({"words_any": ["酒吧"]}, False),
        ({"words_all": ["噪音", "半夜扰民"]}, True),
        ({"words_all": ["噪音", "酒吧"]}, False),
        ({"words_none": ["酒吧"]}, True),
        ({"words_none": ["噪音"]}, False),
        ({"types": ["complaint", "report"]}, True),
        ({"types": ["report"]}, False),
        ({"channels": ["phone"]}, True),
        ({"channels": ["web"]}, False),
        ({"line_nos": ["12345"]}, True),
        ({"line_nos": ["12315"]}, False),
        ({"urgencies": ["urgent"]}, True),
        ({"urgencies": ["normal"]}, False),
        ({"categories": ["05", "07"]}, True),
        ({"categories": ["05-02"]}, False),
        ({"regions": ["990102"]}, True),
        ({"regions": ["990103"]}, False),
        ({"confidential": False}, True),
        ({"confidential": True}, False),
        ({"enterprise": True}, True),
        ({"enterprise": False}, False),
        ({"types": ["complaint"], "words_any": ["酒吧"]}, False),
    ],
)
def test_conditions(conditions, expected):
    assert holds(conditions) is expected


def test_an_unknown_condition_is_refused():
    with pytest.raises(TypeError):
        When.from_data({"word_any": ["火"]})


def test_a_category_is_within_its_ancestors_only():
    assert is_within("05-01-01", "05") and is_within("05-01-01", "05-01-01")
    assert not is_within("05-01", "05-01-01")
    assert not is_within("05-01", "05-0")
    assert not is_within(None, "05")
