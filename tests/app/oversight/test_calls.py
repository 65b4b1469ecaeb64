"""The log of calls: a day's, one with all that is known, its recording heard on record; and who may not."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from telephone import clear

from app import archive
from app.auth.accounts import actor_by_login
from app.outbox import unit_of_work
from calls import arriving, history, keeping, recordings
from calls.arriving import Ringing
from calls.history import Wanted
from calls.models import Call, Recording
from db import db
from tickets import calling, service
from tickets.event_models import TicketEvent
from tickets.models import Ticket

WAV = (
    b"RIFF\x2c\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00"
    b"data\x08\x00\x00\x00" + b"\x80" * 8
)


@pytest.fixture
def call(app) -> Iterator[int]:
    """One that waited and gave up, with a recording that is here."""
    clear(app)
    with app.app_context(), unit_of_work() as now:
        vault = app.extensions["vault"]
        begun = arriving.ring(now, Ringing("twilio", "CA" + "5" * 32, "+8610", "+8613800138000"), vault)
        arriving.enqueue(begun, now, now)
        recordings.heard_of(begun, "talk", "twilio", "RE" + "5" * 32, "completed", 0, now, now)
        recording = db.session.scalars(select(Recording)).one()
        data_dir = app.extensions["hotline"].data_dir
        recordings.stored(
            recording.id, archive.store(data_dir, recording.id, WAV), archive.verified(WAV, 0), now
        )
        arriving.end(keeping.lock(begun.id), now + timedelta(seconds=40), now + timedelta(seconds=40))
        call_id = begun.id
    yield call_id
    clear(app)


def test_list_and_page_show_no_number(browser, call: int):
    browser.sign_in("supervisor")
    listed = browser.get("/oversight/phone/calls")
    for page in ("/oversight/phone", "/oversight/phone/staffing", "/oversight/messages", "/oversight/lines"):
        assert f'class="nav-link" href="{page}"' in listed.text
    assert listed.status_code == 200 and f"/oversight/phone/calls/{call}" in listed.text
    page = browser.get(f"/oversight/phone/calls/{call}")
    assert page.status_code == 200 and "138****8000" in page.text and "13800138000" not in page.text


def test_list_names_the_ticket_and_what_a_call_of_ours_was_for(app, browser, call: int):
    with app.app_context(), unit_of_work() as now:
        row, vault = db.session.get_one(Call, call), app.extensions["vault"]
        operator = actor_by_login("operator")
        calling.hand_to(now, row.ticket_id, operator.id or 0)
        number = service.answer_at_once(operator, now, row.ticket_id, "问开门时间", "九点开门。", vault).number
        row.direction, row.purpose = "out", "follow_up"
        path = f"/desk/tickets/{row.ticket_id}"
    browser.sign_in("supervisor")
    page = browser.get("/oversight/phone/calls").text
    assert f'href="{path}">{number}</a>' in page and re.search(r"呼出</span>\s*回访", page)


@pytest.mark.parametrize(("query", "status"), [("day=2020-01-01", 200), ("day=x", 422), ("after=x", 422)])
def test_other_days_and_bad_input(browser, call: int, query: str, status: int):
    browser.sign_in("supervisor")
    answer = browser.get(f"/oversight/phone/calls?{query}")
    assert answer.status_code == status and f"/oversight/phone/calls/{call}\"" not in answer.text


def test_calls_of_a_whole_number_are_found_on_record(app, browser, call: int):
    browser.sign_in("supervisor")
    assert "138****8000" in browser.get("/oversight/phone/calls").text
    found = browser.post("/oversight/phone/calls", {"number": "138 0013 8000"})
    assert found.status_code == 200 and f"/oversight/phone/calls/{call}" in found.text
    other = browser.post("/oversight/phone/calls", {"number": "13900139000"})
    assert f'/oversight/phone/calls/{call}"' not in other.text and "没有该号码的通话记录" in other.text
    assert browser.post("/oversight/phone/calls", {"number": "王"}).status_code == 422
    with app.app_context(), unit_of_work():
        looks = select(TicketEvent.payload).where(TicketEvent.kind == "contact.searched")
        hashes = {look["phone_hash"] for look in db.session.scalars(looks) if "phone_hash" in look}
        assert app.extensions["vault"].phone_hash("13800138000").hex() in hashes


def test_who_may_not_know_callers_cannot_search_by_number(browser, call: int):
    browser.sign_in("leader")
    assert 'name="number"' not in browser.get("/oversight/phone/calls").text
    assert browser.post("/oversight/phone/calls", {"number": "13800138000"}).status_code == 403


def test_calls_whose_caller_one_may_not_know_are_not_found(app, call: int):
    with app.app_context(), unit_of_work() as now:
        number = app.extensions["vault"].phone_hash("13800138000")
        of_city = actor_by_login("supervisor")
        elsewhere = replace(of_city, permissions=of_city.permissions - {"see.city"})
        assert call in {one.id for one in history.calls_of(elsewhere, now, number, Wanted()).calls}
        db.session.get_one(Ticket, db.session.get_one(Call, call).ticket_id).confidential = True
        db.session.flush()
        assert history.calls_of(elsewhere, now, number, Wanted()).calls == []


def test_that_a_call_is_over_stands_once_and_in_words(app, browser, call: int):
    with app.app_context(), unit_of_work() as now:
        keeping.note(keeping.lock(call), "ended", now + timedelta(minutes=1), now, value="completed")
    browser.sign_in("supervisor")
    page = browser.get(f"/oversight/phone/calls/{call}").text
    course = page[page.index('id="facts"') :]
    assert course.count("已结束") == 1 and "completed" not in course


def test_unknown_call(browser, call: int):
    browser.sign_in("supervisor")
    assert browser.get(f"/oversight/phone/calls/{call + 1000}").status_code == 404


def test_recording_is_heard_on_record(app, browser, call: int):
    browser.sign_in("supervisor")
    with app.app_context(), unit_of_work():
        recording = db.session.scalars(select(Recording.id)).one()
    sound = browser.get(f"/oversight/phone/calls/recordings/{recording}")
    assert sound.status_code == 200 and sound.data == WAV
    with app.app_context(), unit_of_work():
        heard = select(TicketEvent).where(TicketEvent.kind == "recording.heard", TicketEvent.subject_id == call)
        assert [event.payload for event in db.session.scalars(heard)] == [{"recording": recording}]


@pytest.mark.parametrize("login", ["operator", "handler-heat", "admin", "leader"])
def test_who_may_not_hear(app, browser, call: int, login: str):
    browser.sign_in(login)
    with app.app_context(), unit_of_work():
        recording = db.session.scalars(select(Recording.id)).one()
    assert browser.get(f"/oversight/phone/calls/recordings/{recording}").status_code in (302, 303, 403)


def test_old_sound_goes(app, call: int):
    later = datetime.now(UTC) + timedelta(days=800)
    with app.app_context():
        assert archive.purge(app.extensions["hotline"].data_dir, later) == 1
    with app.app_context(), unit_of_work():
        recording = db.session.scalars(select(Recording)).one()
        assert recording.file is None and recording.state == "purged"
