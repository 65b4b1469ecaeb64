"""What an administrator sets of notices: rungs, who the levels are, hours, addresses; e-mails in trouble."""

import re

import pytest
from sqlalchemy import select

from app.auth.models import Staff
from app.export_limits import limits
from app.outbox import unit_of_work
from app.recipients import tier
from db import db
from routing.models import Policy
from tickets import daily
from tickets.notice_models import Mailbox, Notice
from tickets.notices import Target


def policy(office) -> Policy:
    """The one for ordinary matters."""
    return next(
        row for row in office.reference().policies
        if row.clock == "handle" and (row.ticket_type, row.urgency, row.category_code) == (None, None, None)
    )  # fmt: skip


class TestLadder:
    def test_each_rung_says_how_people_are_told_and_until_when_one_must_confirm(self, office):
        row = policy(office)
        page = office.form(f"/admin/policies/{row.id}")
        ways = page.fields["rung_ways"] if isinstance(page.fields["rung_ways"], list) else None
        assert ways and "in_app email" in ways
        ways[0], acks = "email", list(page.fields["rung_ack"])
        acks[2] = "8wh"
        assert office.send(f"/admin/policies/{row.id}", rung_ways=ways, rung_ack=acks).status_code == 303
        ladder = policy(office).ladder
        assert ladder[0]["ways"] == ["email"] and ladder[2]["ack"] == "8wh"
        assert "内确认" in office.get("/admin/policies").text

    @pytest.mark.parametrize(
        ("name", "value"), [("rung_ack", "soon"), ("rung_ways", "pigeon"), ("rung_tier", "L9")]
    )
    def test_what_does_not_fit_is_refused(self, office, name, value):
        row = policy(office)
        cells = list(office.form(f"/admin/policies/{row.id}").fields[name])
        cells[1] = value
        answer = office.send(f"/admin/policies/{row.id}", **{name: cells})
        assert answer.status_code == 422 and 'id="ladder-fault"' in answer.text


class TestTiers:
    def test_who_a_level_is_can_be_changed_and_is_checked(self, office):
        page, action = "/admin/settings", "/admin/settings/tiers"
        assert office.send(page, action, L1="unit:handler\nmailbox").status_code == 303
        with office.app.app_context(), unit_of_work():
            assert tier("L1") == (Target("unit", "handler"), Target("mailbox"))
        assert office.last_edit().payload["key"] == "tiers"
        for wrong in ("unit:nobody", "moon:handler", "unit:handler extra"):
            answer = office.send(page, action, L1=wrong)
            assert answer.status_code == 422 and 'id="tier-L1-fault"' in answer.text

    def test_hours(self, office):
        page, action = "/admin/settings", "/admin/settings/notices"
        assert office.send(page, action, digest_hour="7", check_hour="2").status_code == 303
        with office.app.app_context(), unit_of_work():
            assert daily.hours() == {"digest_hour": 7, "check_hour": 2}
        answer = office.send(page, action, digest_hour="24")
        assert answer.status_code == 422 and 'id="notices-digest_hour-fault"' in answer.text


class TestExports:
    def test_their_limits_are_the_citys(self, office, new_browser):
        page, action = "/admin/settings", "/admin/settings/exports"
        assert office.send(page, action, rows="2000", hours="8", at_once="2").status_code == 303
        with office.app.app_context(), unit_of_work():
            assert limits() == {"rows": 2000, "hours": 8, "at_once": 2}
        assert office.last_edit().payload["key"] == "exports"
        supervisor = new_browser()
        supervisor.sign_in("supervisor")
        assert "8 小时" in supervisor.get("/desk?board=all").text
        for name, wrong in (("rows", "50001"), ("hours", "0"), ("at_once", "many")):
            answer = office.send(page, action, **{name: wrong})
            assert answer.status_code == 422 and f'id="exports-{name}-fault"' in answer.text


class TestAddresses:
    def test_a_units_mailbox(self, office):
        path = "/admin/units/990102.urban"
        assert office.send(path, email="urban@example.gov.cn").status_code == 303
        assert 'value="urban@example.gov.cn"' in office.get(path).text
        answer = office.send(path, email="not an address")
        assert answer.status_code == 422 and 'id="email-fault"' in answer.text

    def test_a_persons_address_and_the_persons_own_choice(self, office, new_browser, new_staff):
        person = new_staff(("leader", None))
        page, action = f"/admin/staff/{person.id}", f"/admin/staff/{person.id}/email"
        assert office.send(page, action, email="nowhere").location == page
        assert "请填写邮箱地址" in office.get(page).text
        office.send(page, action, email="someone@example.gov.cn")
        assert 'value="someone@example.gov.cn"' in office.get(page).text
        browser = new_browser()
        browser.sign_in(person.login)
        assert "someone@example.gov.cn" in browser.get("/account").text
        browser.post("/account/email", {"off": "1"})
        assert "您已关闭邮件通知" in browser.get("/account").text
        assert "本人已关闭邮件通知" in office.get(page).text
        with office.app.app_context():
            box = db.session.get_one(Mailbox, person.id)
            assert (box.address, box.is_off) == ("someone@example.gov.cn", True)
            assert db.session.get_one(Staff, person.id).version > person.version
        browser.post("/account/email", {"off": "0"})
        assert "您已关闭邮件通知" not in browser.get("/account").text

    def test_coming_second_is_told(self, office, new_staff):
        person = new_staff(("leader", None))
        page, action = f"/admin/staff/{person.id}", f"/admin/staff/{person.id}/email"
        old = office.form(page, action).filled(email="second@example.gov.cn")
        office.send(page, action, email="first@example.gov.cn")
        office.post(old)
        assert 'value="first@example.gov.cn"' in office.get(page).text


class TestMails:
    @pytest.fixture
    def troubled(self, office) -> int:
        with office.app.app_context(), unit_of_work() as now:
            staff = db.session.scalars(select(Staff.id).where(Staff.login == "leader")).one()
            row = Notice(
                key=f"trouble {now.isoformat()}", kind="urged", way="email", staff_id=staff, facts={}, tries=1,
                state="UNCLEAR", created_at=now, tried_at=now, settled_at=now, fault="no answer",
            )  # fmt: skip
            db.session.add(row)
            db.session.flush()
            return row.id

    def state(self, office, notice_id: int) -> str:
        with office.app.app_context():
            return db.session.scalar(select(Notice.state).where(Notice.id == notice_id))

    def test_one_that_is_unclear_is_sent_again_or_put_aside_by_a_person(self, office, troubled):
        page = office.get("/admin/mails").text
        assert f"/admin/mails/{troubled}/again" in page and "已提交，未收到服务器答复" in page
        assert not re.search(r"[\w.]+@[\w.]+", re.sub(r"<[^>]+>", "", page)), "no address stands here"
        office.send("/admin/mails", f"/admin/mails/{troubled}/again")
        assert self.state(office, troubled) == "PENDING"
        assert office.browser.post(f"/admin/mails/{troubled}/done").status_code == 409
        assert office.browser.post("/admin/mails/999999/again").status_code == 404

    def test_put_aside_it_is_no_alarm(self, office, troubled):
        client = office.app.test_client()
        assert "notices not sent" in client.get("/readyz").json["alarms"]
        office.send("/admin/mails", f"/admin/mails/{troubled}/done")
        assert self.state(office, troubled) == "MOOT"
        assert "notices not sent" not in client.get("/readyz").json["alarms"]
