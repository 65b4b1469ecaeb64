"""Who may hear which talk, and who answers what."""

import pytest
from sqlalchemy import update
from telephone import LINE

from app import edits
from app.outbox import unit_of_work
from calls import offering
from calls.models import PhoneLine, Seat
from db import db, transaction


@pytest.fixture
def coach(switch, new_desk):
    return new_desk("supervisor")


def _skills(app, desk) -> list[str]:
    with app.app_context(), transaction():
        return db.session.get_one(Seat, desk.person.id).skills


def test_talks_that_go_on_are_told_with_who_talks(switch, desk, coach):
    assert coach.get("/talks")["talks"] == []
    call = desk.talk(switch)
    [talk] = coach.get("/talks")["talks"]
    assert (talk["id"], talk["staff"], talk["line"]) == (call, "某某", "12345") and talk["answered_at"]
    switch.end(call)
    assert coach.get("/talks")["talks"] == []


def test_a_talk_tells_no_number_of_its_caller(switch, desk, coach):
    desk.talk(switch)
    assert "8000" not in str(coach.get("/talks")["talks"])


def test_who_answers_listens_to_nobody(switch, desk):
    call = desk.talk(switch)
    desk.get("/talks", 403)
    desk.post(f"/calls/{call}/listen", 403)
    assert desk.browser.get("/desk/phone/skills").status_code == 403


def test_who_coaches_gets_a_pass_and_has_no_seat(switch, desk, coach):
    call = desk.talk(switch)
    assert coach.post(f"/calls/{call}/listen")["token"] != coach.post(f"/calls/{call}/listen", whisper=1)["token"]
    coach.get("/state", 403)
    coach.post("/sit", 403)


def test_skills_are_set_and_seen(app, switch, desk, coach):
    coach.post(f"/skills/{desk.person.id}", 303, skill=["en", "night", "made up"])
    assert _skills(app, desk) == ["en", "night"]
    page = coach.browser.get("/desk/phone/skills").text
    assert 'name="skill" value="en" checked' in page and desk.person.login in page
    assert desk.state()["seat"]["skills"] == ["en", "night"]
    coach.post(f"/skills/{desk.person.id}", 303)
    assert _skills(app, desk) == []


def test_a_skill_that_a_line_asks_for_can_be_given(app, switch, desk, coach):
    with app.app_context(), unit_of_work():
        db.session.add(PhoneLine(number="+86990112345", line_no="12345", name="12345", skills=["tax"], hours=[]))
    coach.post(f"/skills/{desk.person.id}", 303, skill=["tax"])
    assert _skills(app, desk) == ["tax"]
    with app.app_context(), unit_of_work():
        db.session.execute(update(Seat).values(skills=[]))


def test_who_changed_whose_skills_into_what_stays_on_record(app, switch, desk, coach):
    for skills in (["en", "night"], ["night", "en"], ["en"]):
        coach.post(f"/skills/{desk.person.id}", 303, skill=skills)
    with app.app_context(), transaction():
        found = [one for one in edits.page()[0] if (one.what, one.key) == ("skills", str(desk.person.id))]
    assert [(one.who, one.changes) for one in found] == [
        (coach.person.name, (("answers", ["en", "night"], ["en"]),)),
        (coach.person.name, (("answers", [], ["en", "night"]),)),
    ]


def test_who_waits_is_offered_by_the_skills_as_they_are_now(app, switch, desk, coach, new_desk):
    """The other one on duty has the skill, and is on a break: the caller waits for it."""
    other = new_desk()
    other.ready()
    coach.post(f"/skills/{other.person.id}", 303, skill=["consumer"])
    other.post("/seat", action="pause", reason="rest")
    desk.ready()
    with app.app_context(), unit_of_work():
        db.session.add(PhoneLine(number=LINE, line_no="12345", name="12345", skills=["consumer"], hours=[]))
    switch.queue()
    assert desk.state()["offer"] is None
    coach.post(f"/skills/{desk.person.id}", 303, skill=["consumer"])
    with app.app_context(), unit_of_work() as now:
        assert offering.assign(now) == 1
    assert desk.state()["offer"]


def test_who_does_not_answer_has_no_skills(switch, coach):
    coach.post(f"/skills/{coach.person.id}", 404, skill=["en"])
    coach.post("/skills/999999", 404, skill=["en"])
