"""The audit check: a walk in stretches that says plainly where the chain breaks, and counts in the background."""

import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, delete, func, select, text

from app import checking, counting
from app.counting import Counting
from app.enqueue import COUNT_FAULTS
from app.jobs.record import count_faults
from app.outbox import claim_jobs
from app.oversight import views, wording
from db import db, transaction
from tickets.event_models import JobOwed

COUNTS = "/oversight/audit/counts"
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


@pytest.fixture
def counting_page(enter, app, made) -> Iterator[Callable[[], str]]:
    """The page of the counts, for an auditor; afterwards nobody has counted anything."""
    yield lambda: enter("auditor").get(COUNTS).text
    with app.app_context(), transaction():
        db.session.execute(delete(Counting))
        db.session.execute(delete(JobOwed).where(JobOwed.job == COUNT_FAULTS))


def _owed() -> list[int]:
    fresh, again = claim_jobs(100, timedelta(0))
    return [*fresh.get(COUNT_FAULTS, ()), *again.get(COUNT_FAULTS, ())]


def _count_all(app) -> int:
    """What workers do until nothing is owed: how many jobs that took."""
    jobs = 0
    with app.app_context():
        while owed := _owed():
            jobs += count_faults(owed)
    return jobs


def test_promises_are_counted_search_by_search_in_the_background(enter, app, counting_page):
    assert "还没有人核对过" in counting_page()
    browser = enter("supervisor")
    assert browser.post(COUNTS, {}).headers["Location"] == COUNTS
    assert browser.get(COUNTS, headers=JSON).json == {"done": 0, "ended": False}
    with app.app_context():
        assert count_faults(_owed()) == 1
    assert browser.get(COUNTS, headers=JSON).json == {"done": 1, "ended": False}
    page = counting_page()
    assert 'value="1"' in page and "<button" not in page.partition("</table>")[2].partition("</main>")[0]
    assert _count_all(app) == len(checking.FAULTS) - 1
    assert browser.get(COUNTS, headers=JSON).json == {"done": len(checking.FAULTS), "ended": True}
    page = counting_page()
    assert "数据完整，未发现问题" in page and page.count('class="light green"') == len(checking.FAULTS)


def test_asking_again_meanwhile_begins_no_second_count(enter, app, counting_page):
    for login in ("auditor", "supervisor", "auditor"):
        assert enter(login).post(COUNTS, {}).status_code == 303
    with app.app_context(), transaction():
        assert db.session.scalar(select(func.count()).select_from(Counting)) == 1
    assert _count_all(app) == len(checking.FAULTS)
    enter("supervisor").post(COUNTS, {})
    assert _count_all(app) == len(checking.FAULTS)


def test_a_job_handed_out_twice_searches_once_more_and_no_worse(enter, app, counting_page):
    enter("auditor").post(COUNTS, {})
    with app.app_context():
        owed = _owed()
        assert (count_faults(owed), count_faults(owed)) == (1, 1)
    assert _count_all(app) == len(checking.FAULTS) - 2
    with app.app_context():
        assert count_faults(owed) == 0  # the count has ended, and nothing is owed any more


def test_a_broken_promise_is_named_and_a_long_search_given_up(
    enter, app, counting_page, monkeypatch: pytest.MonkeyPatch
):
    searches = {
        "gaps in the published sequence": "SELECT generate_series(41, 42)",
        "tickets without text": "SELECT 1 FROM pg_sleep(9)",
        "running clocks of ended tickets": "SELECT 1 WHERE false",
    }
    monkeypatch.setattr(checking, "FAULTS", searches)
    monkeypatch.setattr(counting, "SECONDS", 0.3)
    enter("auditor").post(COUNTS, {})
    assert _count_all(app) == 3
    page = counting_page()
    assert "发现1类问题" in page and "前几个编号：41, 42" in page
    assert page.count("未完成") == 1 and page.count('class="light green"') == 1


def test_every_promise_has_its_words():
    assert wording.FAULTS.keys() == checking.FAULTS.keys()
