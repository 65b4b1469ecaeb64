"""The audit check: a walk in stretches that says plainly where the chain breaks, and counts within a time."""

import html
import re
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from app import checking
from app.oversight import views, wording
from app.oversight.views import COUNT_SECONDS

JSON = {"Accept": "application/json"}
GO_ON = re.compile(r'data-walk="(\d+)" data-to="(\d+)" href="([^"]+)"')


@pytest.fixture
def last(app, made) -> int:
    with app.app_context():
        return checking.published().last


@pytest.fixture
def forged(app, made) -> Iterator[int]:
    """Somebody with the owner's rights changed an event: the sequence at which it was published."""
    owner = create_engine(app.extensions["hotline"].database_owner_url)

    def change(kind: str) -> None:
        with owner.begin() as connection:
            connection.execute(text("ALTER TABLE ticket_event DISABLE TRIGGER ticket_event_insert_only"))
            where = "id = (SELECT event_id FROM publication WHERE seq = 7)"
            connection.execute(text(f"UPDATE ticket_event SET kind = :kind WHERE {where}"), {"kind": kind})  # noqa: S608
            connection.execute(text("ALTER TABLE ticket_event ENABLE TRIGGER ticket_event_insert_only"))

    with app.app_context():
        kind = checking.event_at(7).kind
    change("ticket.praised")
    yield 7
    change(kind)
    owner.dispose()


def test_the_state_of_the_record_is_shown(enter, last: int):
    page = enter("auditor").get("/oversight/audit").text
    assert f'<span class="number">{last}</span>' in page and f"after=0&amp;to={last}" in page


def test_a_walk_goes_on_stretch_by_stretch_to_the_end(enter, last: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(views, "LINKS", 5)
    browser, address, steps = enter("auditor"), f"/oversight/audit?after=0&to={last}", 0
    while address:
        page, steps = browser.get(address).text, steps + 1
        onward = GO_ON.search(page)
        address = html.unescape(onward[3]) if onward else ""
        assert not onward or int(onward[1]) == steps * 5
    assert steps == -(-last // 5) and f"从第1号到第{last}号，每条记录都与发布时一致" in page


def test_the_pages_script_gets_each_stretch_as_data(enter, last: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(views, "LINKS", 5)
    answer = enter("auditor").get(f"/oversight/audit?after=5&to={last}", headers=JSON)
    assert answer.json == {"reached": 10, "to": last, "broken": None}


def test_what_was_changed_afterwards_is_found_and_named(enter, last: int, forged: int):
    browser = enter("auditor")
    page = browser.get(f"/oversight/audit?after=0&to={last}").text
    assert f"哈希链在第{forged}号处断开" in page and "ticket.praised" in page and "alert-danger" in page
    answer = browser.get(f"/oversight/audit?after=0&to={last}", headers=JSON)
    assert answer.json == {"reached": forged - 1, "to": last, "broken": forged}
    rest = browser.get(f"/oversight/audit?after={forged}&to={last}&since={forged}").text
    assert f"从第{forged + 1}号到第{last}号" in rest


def test_a_stretch_that_begins_nowhere_is_no_proof(app, made):
    with app.app_context():
        assert checking.walk(10**9, 5) == checking.Walked(10**9, 10**9, False)


def test_all_promises_are_counted_within_the_time(enter):
    started = time.monotonic()
    page = enter("auditor").get("/oversight/audit/counts").text
    assert time.monotonic() - started < COUNT_SECONDS + 2
    assert "数据完整，未发现问题" in page and page.count('class="light green"') == len(checking.FAULTS)


def test_a_broken_promise_is_named_and_a_long_count_given_up(enter, monkeypatch: pytest.MonkeyPatch):
    searches = {
        "gaps in the published sequence": "SELECT generate_series(41, 42)",
        "tickets without text": "SELECT 1 FROM pg_sleep(9)",
        "running clocks of ended tickets": "SELECT 1 WHERE false",
    }
    monkeypatch.setattr(checking, "FAULTS", searches)
    monkeypatch.setattr(views, "COUNT_SECONDS", 0.6)
    page = enter("auditor").get("/oversight/audit/counts").text
    assert "发现1类问题" in page and "前几个编号：41, 42" in page
    assert page.count("未完成") == 1 and page.count('class="light green"') == 1


def test_every_promise_has_its_words():
    assert wording.FAULTS.keys() == checking.FAULTS.keys()
