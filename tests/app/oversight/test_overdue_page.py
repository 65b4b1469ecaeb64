"""The list of overdue and escalated clocks: whose, since when, how far up, and of nobody else's tickets."""

import html
import re

import pytest
from scenes import LEAD

from db import db
from routing.models import Department
from tickets import overdue

ROW = re.compile(r'<tr data-id="(\d+)"')


def shown(page: str) -> set[int]:
    return {int(one) for one in ROW.findall(page)}


def test_what_is_overdue_stands_there_and_what_is_not_does_not(enter, made):
    page = enter("supervisor").get("/oversight/overdue").text
    assert shown(page) == {made["overdue"], made["overdue_secret"], made["old_waiting"]}
    assert "L4 报市政府办" in page and re.search(r'<span class="light red">1\d天( \d+小时)?</span>', page)


def test_who_may_not_see_confidential_tickets_does_not_see_them_here(enter, made):
    for login in ("leader", "auditor"):
        page = enter(login).get("/oversight/overdue").text
        assert shown(page) == {made["overdue"], made["old_waiting"]}
        assert '(4)</option>' not in page


def test_it_is_narrowed_by_unit_level_and_clock(enter, app, made):
    browser = enter("supervisor")
    with app.app_context():
        unit = db.session.scalars(db.select(Department.id).where(Department.code == LEAD)).one()
    found = {
        query: shown(browser.get(f"/oversight/overdue?{query}").text)
        for query in (
            f"unit={unit}", "unit=0", "clock=dispatch", "clock=sign", "level=L4", "level=L3", "level=L1",
            "level=overdue",
        )
    }  # fmt: skip
    assert found == {
        f"unit={unit}": {made["overdue"], made["overdue_secret"]},
        "unit=0": {made["old_waiting"]},
        "clock=dispatch": {made["old_waiting"]},
        "clock=sign": {made["overdue_secret"]},
        "level=L4": {made["overdue"]},
        "level=L3": {made["overdue_secret"]},
        "level=L1": set(),
        "level=overdue": {made["overdue"], made["overdue_secret"], made["old_waiting"]},
    }


def test_with_nothing_to_show_it_says_so(enter):
    page = enter("supervisor").get("/oversight/overdue?level=L1")
    assert page.status_code == 200 and "按所选条件，没有超期或督办的时限" in page.text


def test_pages_follow_each_other_without_gap_or_repeat(enter, monkeypatch: pytest.MonkeyPatch):
    late = overdue.late_clocks
    monkeypatch.setattr(overdue, "late_clocks", lambda *given: late(*given, limit=1))
    browser, address, found = enter("supervisor"), "/oversight/overdue?level=overdue", []
    while address:
        page = browser.get(address).text
        found += re.findall(r'<time datetime="([^"]+)">', page)
        onward = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(onward[1]) if onward else ""
        assert not onward or "level=overdue" in address
    assert len(found) == 6 and found == sorted(found)


MOMENT = "20260101T000000.000000Z"


@pytest.mark.parametrize("after", ["x", f"{MOMENT}-x", "-1", f"{MOMENT}-99999999999999999999"])
def test_a_page_key_that_is_none_is_refused(enter, after: str):
    assert enter("supervisor").get(f"/oversight/overdue?after={after}").status_code == 422
