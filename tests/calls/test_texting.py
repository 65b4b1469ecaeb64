"""What a text asks for, and how long one is."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls import following, texts
from calls.texting import Asked, asked, fit, segments

NUMBER, CODE = "202603020000234", "123456789012"


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (NUMBER, Asked("status", NUMBER)),
        ("２０２６０３０２００００２３４", Asked("status", NUMBER)),
        ("2026 0302 0000 234", Asked("status", NUMBER)),
        (f"{NUMBER} {CODE}", Asked("status", NUMBER, CODE)),
        (f"{NUMBER}\n1234 5678 9012", Asked("status", NUMBER, CODE)),
        ("3", Asked("rate", satisfied=1)),
        (" １ ", Asked("rate", satisfied=3)),
        (f"{NUMBER} 2", Asked("rate", NUMBER, satisfied=2)),
        ("4", Asked("rate")),
        ("0", Asked("rate")),
        ("12", Asked("rate")),
        ("编号 3", Asked("rate", satisfied=1)),
        (f"编号：{NUMBER} 9", Asked("rate", NUMBER)),
        (f"编号{NUMBER}", Asked("status", NUMBER)),
        (NUMBER[:-1], Asked("status", NUMBER[:-1])),
        ("3星", Asked("help")),
        ("催", Asked("urge")),
        ("催办", Asked("urge")),
        ("补充：门口又积水了", Asked("urge", words="门口又积水了")),
        (f"{NUMBER} 补充 门口又积水了", Asked("urge", NUMBER, words="门口又积水了")),
        ("补充", Asked("help")),
        ("td", Asked("stop")),
        ("退订。", Asked("stop")),
        ("STOP", Asked("stop")),
        ("请不要退订", Asked("help")),
        ("恢复", Asked("start")),
        ("start", Asked("start")),
        ("", Asked("help")),
    ],
)
def test_is_read_strictly(body: str, meant: Asked):
    assert asked(body) == meant


def test_a_key_means_the_same_by_telephone_and_by_text():
    for key, mark in following.QUESTIONS["satisfied"].items():
        assert asked(key).satisfied == asked(f"{NUMBER} {key}").satisfied == mark


def test_days_are_said_as_people_say_them():
    day = date(2026, 12, 4)
    assert texts.day_said(day, "zh") == "12月4日" and texts.day_said(day, "en") == "4 December"


def test_the_text_that_asks_names_the_keys_as_they_are_read():
    asks = texts.shipped()["sms_rate"]
    assert all(each in asks["zh"] for each in ("1满意", "2基本满意", "3不满意"))
    assert all(each in asks["en"] for each in ("1 for solved and good", "3 for poor"))


@given(st.text())
def test_whatever_is_sent_means_something(body: str):
    assert asked(body).kind in {"status", "rate", "urge", "stop", "start", "help"}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("[" * 81, 2), ("字" * 70, 1),
        ("字" * 71, 2), ("字" * 134, 2), ("字" * 135, 3), ("a" * 70 + "字", 2), ("😀" * 35, 1), ("😀" * 36, 2),
        ("", 1),
    ],
)  # fmt: skip
def test_parts_are_counted_as_carriers_count_them(text: str, parts: int):
    assert segments(text) == parts


def test_no_text_is_too_long_or_links_where_it_may_not():
    assert len(fit("字" * 900, may_link=False)) == 500
    assert fit("看 https://12345.example/status 这里", may_link=False) == "看 这里"
    assert fit("看 https://12345.example/status", may_link=True) == "看 https://12345.example/status"
