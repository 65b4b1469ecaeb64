"""The ledger of escalations and the runs of its check: what stands there, for whom, and narrowed."""

import html
import re
from datetime import timedelta

import pytest
from scenes import LEAD

from app.outbox import unit_of_work
from db import db
from routing.models import Department
from tickets import daily, ledger
from tickets.models import Deadline, Escalation
from tickets.notice_models import Outage

ROW = re.compile(r'<tr data-id="(\d+)"')


def shown(page: str) -> set[int]:
    return {int(one) for one in ROW.findall(page)}


def ids_of(app, ticket_id: int) -> set[int]:
    with app.app_context(), unit_of_work():
        rows = db.select(Escalation.id).join(Deadline, Deadline.id == Escalation.deadline_id)
        return set(db.session.scalars(rows.where(Deadline.ticket_id == ticket_id)))


def test_every_level_stands_there_for_whoever_may_see_the_ticket(enter, app, made):
    mine, secret = ids_of(app, made["overdue"]), ids_of(app, made["overdue_secret"])
    assert mine and secret
    found = shown(enter("supervisor").get("/oversight/escalations").text)
    assert found >= mine | secret
    page = enter("auditor").get("/oversight/escalations").text
    assert shown(page) >= mine and not shown(page) & secret
    assert enter("operator").get("/oversight/escalations").status_code == 403


def test_it_says_how_late_after_which_outage_and_why_it_was_skipped(enter, app, made):
    with app.app_context(), unit_of_work() as now:
        db.session.add(Outage(name="sweep", began_at=now - timedelta(days=3), noticed_at=now, ended_at=now))
    page = enter("supervisor").get("/oversight/escalations").text
    assert "到期巡查停顿" in page and "更高级别同时到期，本级跳过" in page and "跳过" in page


def test_it_is_narrowed(enter, app, made):
    browser = enter("supervisor")
    with app.app_context():
        unit = db.session.scalars(db.select(Department.id).where(Department.code == LEAD)).one()
    whole = shown(browser.get("/oversight/escalations").text)
    assert shown(browser.get(f"/oversight/escalations?unit={unit}").text) <= whole
    assert shown(browser.get(f"/oversight/escalations?unit={unit}&clock=handle&tier=L4").text)
    assert not shown(browser.get("/oversight/escalations?clock=review").text)
    assert not shown(browser.get("/oversight/escalations?day=2020-01-01").text)
    assert shown(browser.get("/oversight/escalations?day=2026-03-03").text) == whole
    assert browser.get("/oversight/escalations?day=never").status_code == 422
    assert "按所选条件，没有督办记录" in browser.get("/oversight/escalations?clock=review").text


def test_pages_follow_each_other_without_gap_or_repeat(enter, monkeypatch: pytest.MonkeyPatch):
    real = ledger.ledger
    whole = shown(enter("supervisor").get("/oversight/escalations").text)
    monkeypatch.setattr(ledger, "ledger", lambda *given: real(*given, limit=2))
    browser, address, found = enter("supervisor"), "/oversight/escalations", []
    while address:
        page = browser.get(address).text
        found += ROW.findall(page)
        onward = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(onward[1]) if onward else ""
    assert len(found) == len(set(found)) and set(map(int, found)) == whole


def test_the_check_is_shown_run_by_run_and_asked_for(enter, app, made):
    auditor = enter("auditor")
    assert "尚未核查" in auditor.get("/oversight/escalations/checks").text
    assert auditor.post("/oversight/escalations/checks").status_code == 303
    assert "正在核查" in auditor.get("/oversight/escalations/checks").text
    assert auditor.post("/oversight/escalations/checks").status_code == 409, "one at a time"
    assert enter("leader").post("/oversight/escalations/checks").status_code == 403
    with app.app_context(), unit_of_work() as now:
        [run] = daily.last_runs(daily.CHECK)
        daily.end(run, now, {"clocks": 12, "parts": 9, "missing": 2, "silent": 0, "repaired": 2})
    page = auditor.get("/oversight/escalations/checks").text
    assert '<span class="light red">2</span>' in page and ">12<" in page
