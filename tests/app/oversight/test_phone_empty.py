"""The pages of the telephone in a city where nobody has rung yet: dashes and plain words, never 100%."""

import re

from app.oversight import phone_wording


def shown(page: str, name: str) -> str:
    return re.search(rf'data-value="{name}">([^<]*)<', page)[1]


def test_board_says_that_nobody_is_there(enter):
    page = enter("supervisor").get("/oversight/phone").text
    assert "今天还没有人上线接听" in page and "今天还没有来电" in page
    assert {shown(page, name) for name in ("service_level", "expected", "usual")} == {"—"}
    assert shown(page, "waiting") == "0" and "<b data-longest>—</b>" in page


def test_figures_of_a_day_without_calls_are_dashes(enter):
    page = enter("leader").get("/oversight/phone/figures").text
    assert "这段时间没有来电" in page and "这段时间没有人上线接听" in page
    values = re.findall(r'<tr data-kpi="(\w+)">.*?<strong>([^<]*)</strong>', page)
    assert [name for name, _ in values] == list(phone_wording.KPIS)
    assert {value for _, value in values} == {"—"} and "100.0%" not in page


def test_seats_needed_with_nothing_asked(enter):
    page = enter("leader").get("/oversight/phone/staffing").text
    assert "最近28天没有接听记录" in page and 'value="300"' in page and "data-needed" not in page
