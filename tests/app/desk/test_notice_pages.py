"""The bell, the page of notices, and the button by which somebody says to have seen an escalation."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from databases import app_on_clone
from flask import Flask
from scenes import LEAD_LOGIN, City
from sqlalchemy import select

from app.auth.models import Staff
from app.jobs import notices as job
from app.outbox import claim_jobs, stamp, take_lead, unit_of_work
from app.subscribers import TELL
from config import Config
from db import db
from tickets import notices, service
from tickets.escalating import key_of
from tickets.models import Deadline, Escalation
from tickets.notices import Recipient
from tickets.permissions import SYSTEM


@pytest.fixture(scope="module")
def app(config: Config, worker_id: str) -> Iterator[Flask]:
    """Of this module alone: what others leave behind would be on these pages."""
    yield from app_on_clone(config, worker_id, "notice_pages")


@pytest.fixture
def overdue(app: Flask, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """A ticket whose unit was told that its limit is nearly gone; the ticket's and the clock's id."""
    monkeypatch.setattr(job, "ring", lambda _staff: None)
    with app.app_context():
        with unit_of_work() as now:
            city = City(now - timedelta(days=3), app.extensions["vault"])
            ticket_id = city.dispatched(urgency="urgent")
            row = city.clock(ticket_id, "handle", city.part(ticket_id).id)
            row.levels = row.levels[:2] + [[3, "L2", (now + timedelta(days=1)).isoformat()]]
            row.due_at = now + timedelta(days=1)
            clock = row.id
        with unit_of_work() as now:
            assert service.act_on_deadline(SYSTEM, now, clock)
        lead = take_lead("a test")
        assert lead is not None
        while stamp(lead):
            pass
        fresh, again = claim_jobs(1000, timedelta(seconds=30))
        job.tell_of_events([*fresh.get(TELL, ()), *again.get(TELL, ())])
    return ticket_id, clock


@pytest.fixture
def enter(new_browser):
    def sign_in(login: str):
        browser = new_browser()
        assert browser.sign_in(login).status_code == 303
        return browser

    return sign_in


def _tell(app: Flask, login: str, *keys: str) -> None:
    with app.app_context(), unit_of_work() as now:
        staff = db.session.scalars(select(Staff.id).where(Staff.login == login)).one()
        for key in keys:
            notices.tell(notices.rows_of("urged", [Recipient(staff=staff)], None, now, key=key))


def test_the_bell_stands_on_every_page_and_counts_what_is_unread(enter, app):
    _tell(app, "leader", "a", "b")
    browser = enter("leader")
    assert 'data-bell="/notices/unread"' in browser.get("/desk").text
    assert browser.get("/notices/unread").json == {"unread": 2}
    assert "有 2" not in browser.get("/notices").text and browser.get("/notices").text.count('class="fresh"') == 2


def test_reading_one_and_all(enter, app):
    _tell(app, "auditor", "one", "two", "three")
    browser = enter("auditor")
    notice_id = re.findall(r'action="/notices/(\d+)/read"', browser.get("/notices").text)[0]
    assert browser.post(f"/notices/{notice_id}/read").status_code == 303
    assert browser.get("/notices/unread").json == {"unread": 2}
    up_to = re.search(r'name="up_to" value="(\d+)"', browser.get("/notices").text)[1]
    _tell(app, "auditor", "later")
    browser.post("/notices/read", {"up_to": up_to})
    assert browser.get("/notices/unread").json == {"unread": 1}
    assert browser.get("/notices?unread=1").text.count('class="fresh"') == 1


def test_with_nothing_to_show_it_says_so(enter):
    browser = enter("handler-mingde")
    assert "暂无通知" in browser.get("/notices").text and "没有未读通知" in browser.get("/notices?unread=1").text


def test_pages_follow_each_other(enter, app, monkeypatch: pytest.MonkeyPatch):
    real = notices.page_of
    monkeypatch.setattr(notices, "page_of", lambda *given: real(*given, limit=2))
    _tell(app, "lead-anlan", *(f"p{number}" for number in range(5)))
    browser, address, found = enter("lead-anlan"), "/notices", []
    while address:
        page = browser.get(address).text
        found += re.findall(r'<tr data-id="(\d+)"', page)
        onward = re.search(r'rel="next" href="([^"]+)"', page)
        address = onward[1] if onward else ""
    assert len(found) == len(set(found)) == 5


def test_who_was_told_confirms_on_the_notice_and_it_is_on_record(enter, app, overdue):
    ticket_id, clock = overdue
    browser = enter(LEAD_LOGIN)
    page = browser.get("/notices").text
    assert f'action="/notices/escalations/{clock}/seen"' in page and "已知悉" in page
    answer = browser.post(f"/notices/escalations/{clock}/seen", {"from": "notices"})
    assert answer.location == "/notices" and "已确认知悉" in browser.get("/notices").text
    with app.app_context(), unit_of_work():
        row = db.session.scalars(
            select(Escalation).where(Escalation.deadline_id == clock, Escalation.outcome == "acted")
        ).one()
        assert row.acknowledged_at and row.acknowledged_by
    assert f'action="/notices/escalations/{clock}/seen"' not in browser.get("/notices").text
    assert "市" in enter("supervisor").get(f"/desk/tickets/{ticket_id}").text
    story = enter("supervisor").get(f"/desk/tickets/{ticket_id}").text
    assert "督办通知已确认知悉" in story


def test_it_is_confirmed_on_the_tickets_page_too_and_by_nobody_who_was_not_told(enter, overdue):
    ticket_id, clock = overdue
    form = f'action="/notices/escalations/{clock}/seen"'
    supervisor = enter("supervisor")
    assert form not in supervisor.get(f"/desk/tickets/{ticket_id}").text
    assert supervisor.post(f"/notices/escalations/{clock}/seen", {"from": "ticket"}).status_code == 403
    assert enter("handler-heat").post(f"/notices/escalations/{clock}/seen").status_code == 404
    handler = enter(LEAD_LOGIN)
    assert form in handler.get(f"/desk/tickets/{ticket_id}").text
    answer = handler.post(f"/notices/escalations/{clock}/seen", {"from": "ticket"})
    assert answer.location == f"/desk/tickets/{ticket_id}"
    page = handler.get(answer.location).text
    assert form not in page and "望河区城管局承办员" in page


def test_an_overdue_matter_is_referred_by_hand_on_the_tickets_page(enter, app, overdue):
    ticket_id, clock = overdue
    with app.app_context(), unit_of_work() as now:
        row = db.session.get_one(Deadline, clock)
        row.due_at = now - timedelta(hours=1)
    supervisor = enter("supervisor")
    assert "人工启动：移送纪检监察机关" in supervisor.get(f"/desk/tickets/{ticket_id}").text
    assert enter(LEAD_LOGIN).post(f"/notices/escalations/{clock}/refer", {"from": "ticket"}).status_code == 403
    answer = supervisor.post(f"/notices/escalations/{clock}/refer", {"from": "ticket"})
    assert answer.status_code == 303
    assert "人工启动" not in supervisor.get(f"/desk/tickets/{ticket_id}").text
    assert supervisor.post(f"/notices/escalations/{clock}/refer", {"from": "ticket"}).status_code == 409


def test_several_are_confirmed_in_one_step_each_by_itself(enter, app, overdue):
    first = overdue
    with app.app_context(), unit_of_work() as now:
        other = City(now, app.extensions["vault"]).dispatched(urgency="urgent")
        foreign = db.session.scalars(select(Deadline.id).where(Deadline.ticket_id == other)).first()
    browser = enter(LEAD_LOGIN)
    page = browser.get("/notices").text
    assert f'name="line" value="{first[0]}:0:{first[1]}"' in page and 'action="/desk/bulk/acknowledge"' in page
    lines = [f"{first[0]}:0:{first[1]}", f"{other}:0:{foreign}", f"{other}:0:{first[1]}"]
    done = browser.post("/desk/bulk/acknowledge", {"line": lines, "board": "notices"})
    found = re.findall(r'data-id="([0-9]+)" data-done="([a-z]+)"', done.text)
    assert sorted(found) == sorted([(str(first[0]), "yes"), (str(other), "no"), (str(other), "no")])
    with app.app_context(), unit_of_work():
        row = db.session.scalars(
            select(Escalation).where(Escalation.deadline_id == first[1], Escalation.outcome == "acted")
        ).one()
        assert row.acknowledged_at and row.acknowledged_by
    again = browser.post("/desk/bulk/acknowledge", {"line": lines[:1], "board": "notices"}).text
    assert 'data-done="yes"' in again and "此前已办" in again
    assert "/desk/bulk/acknowledge" not in browser.get("/notices").text
    assert enter("leader").post("/desk/bulk/acknowledge", {"line": lines[:1]}).text.count('data-done="no"') == 1


def test_the_page_of_what_is_overdue_offers_it_to_who_was_told(enter, app, overdue):
    _ticket, clock = overdue
    supervisor = enter("supervisor")
    assert "/desk/bulk/acknowledge" not in supervisor.get("/oversight/overdue").text
    with app.app_context(), unit_of_work() as now:
        acted = select(Escalation.level).where(Escalation.deadline_id == clock, Escalation.outcome == "acted")
        level = db.session.scalars(acted).one()
        told = Recipient(staff=City(now, app.extensions["vault"]).who("supervisor").id)
        facts = {"key": key_of(clock, level), "deadline": clock, "tier": "L2"}
        notices.tell(notices.rows_of("escalated", [told], overdue[0], now, **facts))
    page = supervisor.get("/oversight/overdue").text
    assert f'value="{overdue[0]}:0:{clock}"' in page
    answer = supervisor.post("/desk/bulk/acknowledge", {"line": f"{overdue[0]}:0:{clock}", "board": "late"})
    assert 'data-done="yes"' in answer.text and 'href="/oversight/overdue"' in answer.text
