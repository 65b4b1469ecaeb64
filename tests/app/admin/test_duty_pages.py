"""The directory of duties: found, added, the next version from a day; and what routing would say."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from app.admin import duties
from app.outbox import unit_of_work
from db import db
from routing.models import DirectoryItem
from tickets.models import Ticket

LAMP = "/admin/duties/D020401"
NEW = {
    "code": "D020499", "matter": "景观灯维修", "category_code": "02-04-01", "lead": "9901.power",
    "legal_basis": "《城市照明管理规定》第四条", "keywords": "景观灯:3\n霓虹灯", "anti_keywords": "路灯",
}  # fmt: skip


def versions(office, code: str) -> list[DirectoryItem]:
    with office.app.app_context():
        rows = select(DirectoryItem).where(DirectoryItem.code == code).order_by(DirectoryItem.version)
        return list(db.session.scalars(rows))


def today(office):
    with office.app.app_context(), unit_of_work() as now:
        return now.astimezone(office.reference().zone).date()


def lead_of(office, text: str) -> str:
    return office.send("/admin/duties/try", text=text).text


def test_found_by_category_unit_and_word(office):
    def codes(**asked: str) -> str:
        query = "&".join(f"{name}={quote(value)}" for name, value in asked.items())
        return office.get(f"/admin/duties?{query}").text

    assert "D020401" in codes(q="路灯") and "D010101" not in codes(q="路灯")
    assert "D010101" in codes(category="01-01") and "D020401" not in codes(category="01-01")
    assert "D010101" in codes(unit="990102.housing"), "the unit of a field of work on this level"
    assert "D020401" not in codes(unit="9901.bus")
    assert 'class="empty"' in codes(q="没有这样的事")


def test_the_list_goes_on_page_by_page(office, monkeypatch):
    monkeypatch.setattr(duties, "PAGE", 100)
    first = office.get("/admin/duties").text
    assert 'rel="next"' in first and "D010101" in first
    last = max(duty.code for duty in office.reference().directory.duties)
    assert last not in first and last in office.get(f"/admin/duties?after={last[:-1]}").text


def test_the_next_version_takes_over_on_its_day_and_keeps_the_last(office):
    day = today(office) + timedelta(days=3)
    fields = {"lead": "9901.power", "valid_from": day.isoformat(), "assists": ["urban@2", "", ""]}
    assert office.send(LAMP, **fields).location == LAMP
    old, new = versions(office, "D020401")
    assert old.valid_until == day - timedelta(days=1) and old.lead_line == "urban"
    assert (new.version, new.valid_from, new.lead_department_code) == (2, day, "9901.power")
    assert new.assists == [{"line": "urban", "level": 2}] and new.keywords == old.keywords
    event = office.last_edit()
    assert (event.kind, event.version) == ("reference.changed", 2)
    assert event.payload["before"]["lead_line"] == "urban"
    assert event.payload["after"]["lead_department_code"] == "9901.power"
    assert "keywords" not in event.payload["after"]

    # It was never in force: the one that begins today takes its place.
    assert office.send(LAMP, lead="9901.drain").status_code == 303
    rows = versions(office, "D020401")
    assert [row.is_active for row in rows] == [True, False, True]
    assert rows[0].valid_until == today(office) - timedelta(days=1) and rows[2].valid_from == today(office)
    assert office.reference().units["9901.drain"].name in lead_of(office, "路灯坏了")


def test_who_comes_second_is_told_and_keeps_the_text(office):
    path = "/admin/duties/D010101"
    old = office.form(path).filled(matter="第二个人的说法")
    office.send(path, matter="第一个人的说法")
    answer = office.post(old)
    assert answer.status_code == 409
    assert 'value="第二个人的说法"' in answer.text and "<ins>第一个人的说法</ins>" in answer.text
    assert len(versions(office, "D010101")) == 2


def test_a_new_duty_decides_at_once(office):
    assert office.send("/admin/duties/new?category=02-04-01", "/admin/duties", **NEW).status_code == 303
    [item] = versions(office, "D020499")
    assert item.keywords == [["景观灯", 3], ["霓虹灯", 1]] and item.anti_keywords == ["路灯"]
    assert "D020499" in lead_of(office, "景观灯不亮，景观灯坏了")
    assert office.last_edit().kind == "reference.added"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"code": "D010101"}, "code"),
        ({"matter": ""}, "matter"),
        ({"legal_basis": " "}, "legal_basis"),
        ({"category_code": ""}, "category_code"),
        ({"category_code": "98"}, "category_code"),
        ({"lead": ""}, "lead"),
        ({"lead": "nobody"}, "lead"),
        ({"lead": "urban@9"}, "lead"),
        ({"assists": ["moon@2"]}, "assists"),
        ({"keywords": ""}, "keywords"),
        ({"keywords": "灯:3"}, "keywords"),
        ({"keywords": "路灯:3 路灯:2"}, "keywords"),
        ({"keywords": "路灯:99"}, "keywords"),
        ({"keywords": "路灯:-1"}, "keywords"),
        ({"anti_keywords": "灯"}, "anti_keywords"),
        ({"valid_from": "2020-01-01"}, "valid_from"),
        ({"valid_from": ""}, "valid_from"),
        ({"valid_from": "soon"}, "valid_from"),
        ({"valid_until": "2020-01-01"}, "valid_until"),
    ],
)
def test_what_does_not_fit_is_refused_and_stays_typed(office, fields, field):
    given = NEW | {"code": "D999998", "legal_basis": "<b>法</b>"} | fields
    answer = office.send("/admin/duties/new", "/admin/duties", **{"valid_from": today(office).isoformat()} | given)
    assert answer.status_code == 422 and f'id="{field}-fault"' in answer.text
    assert field == "legal_basis" or "&lt;b&gt;法&lt;/b&gt;" in answer.text
    assert versions(office, "D999998") == []


def test_trying_tells_why_and_keeps_nothing(office):
    with office.app.app_context():
        before = db.session.scalar(select(func.count(Ticket.id)))
    held = office.reference().version
    answer = office.send("/admin/duties/try", text="隔壁着火了，快来", region="990102")
    assert answer.status_code == 200 and "火警转119" in answer.text and 'role="status"' in answer.text
    assert "<ol>" in lead_of(office, "路灯不亮，小区停水，公交车晚点"), "other units that might be right"
    assert "隔壁着火了" in answer.text, "the text stays for another try"
    with office.app.app_context():
        assert db.session.scalar(select(func.count(Ticket.id))) == before
    assert office.reference().version == held and office.get("/admin/duties/nothing").status_code == 404
