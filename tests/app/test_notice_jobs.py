"""From events to notices, and from notices to e-mails: each once, whatever the mail server does."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from databases import app_on_clone, emptied
from flask import Flask
from mailserver import MailServer, mail_server, nobody_listens
from scenes import LEAD, LEAD_LOGIN, OTHER, City
from sqlalchemy import select, update
from told import COURSES, ordered, send_a_file

from app import outbox, smtp
from app.auth.models import Staff
from app.jobs import daily as daily_jobs
from app.jobs import notices as job
from app.outbox import stamp, take_lead, unit_of_work
from app.recipients import Lookup, tier
from app.subscribers import TELL
from calls import arriving
from calls.arriving import Ringing
from config import Config
from db import db
from routing.models import Department
from tickets import daily, mailing, notices, service
from tickets.event_models import TicketEvent
from tickets.models import Deadline, Escalation
from tickets.notice_models import Mailbox, Notice, Run
from tickets.notices import Recipient, Target
from tickets.permissions import SYSTEM, caller_of

NAMES = [f"{number} {kind}" for number, (_course, kind, _told) in enumerate(COURSES)]
ADDRESS, UNIT_ADDRESS = "lead@example.gov.cn", "urban@example.gov.cn"


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def app(config: Config, worker_id: str, server: MailServer) -> Iterator[Flask]:
    """An installation that sends e-mail to that server."""
    settings = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_tls": "none",
                "smtp_sender": "12345@example.gov.cn"}  # fmt: skip
    yield from app_on_clone(config, worker_id, "notice_jobs", **settings)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Whose open pages were told that there is something new."""
    people: list[int] = []
    monkeypatch.setattr(job, "ring", people.extend)
    monkeypatch.setattr(daily_jobs, "ring", people.extend)
    return people


@pytest.fixture
def made(app: Flask, server: MailServer, rung: list[int]) -> Iterator["Made"]:
    server.mode = "ok"
    server.taken.clear()
    with app.app_context():
        emptied(app, "job_owed", "notice", "mailbox")
        yield Made(app)
        app.config.pop("CLOCK", None)


class Made:
    """Tickets of a moment that the test may move, and what was told of them."""

    def __init__(self, app: Flask) -> None:
        self.app, self.vault = app, app.extensions["vault"]
        with unit_of_work() as now:
            self.now = now
            db.session.execute(
                update(Department).where(Department.code == LEAD).values(email=UNIT_ADDRESS)
            )
        app.config["CLOCK"] = lambda: self.now

    def do(self, what: Callable[[City], Any]) -> Any:
        with unit_of_work() as now:
            return what(City(now, self.vault))

    def staff(self, login: str) -> int:
        with unit_of_work():
            return db.session.scalars(select(Staff.id).where(Staff.login == login)).one()

    def address(self, login: str, is_off: bool = False) -> int:
        staff_id = self.staff(login)
        with unit_of_work():
            db.session.merge(Mailbox(staff_id=staff_id, address=ADDRESS, is_off=is_off))
        return staff_id

    def tell(self) -> int:
        """Publish what waits and do what it calls for."""
        lead = take_lead("a test")
        assert lead is not None
        while stamp(lead):
            pass
        fresh, again = outbox.claim_jobs(1000, timedelta(seconds=30))
        return job.tell_of_events([*fresh.get(TELL, ()), *again.get(TELL, ())])

    def told(self, **columns: object) -> list[tuple[str, str]]:
        """(login, or code of the unit, and the way) of each notice, sorted."""
        query = (
            select(Staff.login, Department.code, Notice.way)
            .select_from(Notice)
            .outerjoin(Staff, Staff.id == Notice.staff_id)
            .outerjoin(Department, Department.id == Notice.department_id)
            .where(*(getattr(Notice, name) == value for name, value in columns.items()))
        )
        with unit_of_work():
            return sorted((row.login or row.code, row.way) for row in db.session.execute(query))

    def escalate(self, ticket_id: int, clock: str, level: int) -> int:
        """Let the clock come to that level."""
        with unit_of_work():
            query = select(Deadline).where(Deadline.ticket_id == ticket_id, Deadline.clock == clock)
            row = db.session.scalars(query).one()
            self.now = next(datetime.fromisoformat(at) for one, _tier, at in row.levels if one == level)
            deadline_id = row.id
        with unit_of_work() as now:
            assert service.act_on_deadline(SYSTEM, now, deadline_id)
        return deadline_id

    def mail(self, **facts: object) -> int:
        """One e-mail to the unit, owed now."""
        with unit_of_work() as now:
            unit = db.session.scalars(select(Department.id).where(Department.code == LEAD)).one()
            key = f"mail {facts or now.isoformat()}"
            box = Recipient(unit=unit, has_mail=True)
            notices.tell(notices.rows_of("urged", [box], None, now, key=key, ways=("email",), **facts))
            return db.session.scalars(select(Notice.id).where(Notice.key == key)).one()

    def row(self, notice_id: int) -> Notice:
        with unit_of_work():
            row = db.session.get_one(Notice, notice_id)
            db.session.expunge(row)
            return row


class TestTelling:
    def test_a_rung_tells_its_tier_in_the_ways_of_the_policy_once(self, made: Made, rung: list[int]):
        made.address("lead-wanghe")
        ticket_id = made.do(lambda city: city.dispatched())
        deadline_id = made.escalate(ticket_id, "handle", 3)
        made.tell()
        expected = [
            (LEAD, "email"), ("lead-wanghe", "email"), ("lead-wanghe", "in_app"), ("supervisor", "in_app"),
        ]  # fmt: skip
        assert made.told(kind="escalated") == sorted(expected)
        assert sorted(rung) == sorted([made.staff("lead-wanghe"), made.staff("supervisor")])
        with unit_of_work():
            query = select(Escalation.told).where(Escalation.deadline_id == deadline_id, Escalation.level == 3)
            assert db.session.scalar(query) == 3
            facts = db.session.scalars(select(Notice.facts).where(Notice.kind == "escalated").limit(1)).one()
        assert set(facts) == {"deadline", "level", "tier", "clock", "due_at", "cause", "unit"}
        assert made.tell() == 0 and len(made.told(kind="escalated")) == 4

    def test_the_first_rung_reminds_the_handler_in_the_product_alone(self, made: Made):
        made.address(LEAD_LOGIN)
        ticket_id = made.do(lambda city: city.dispatched())
        made.escalate(ticket_id, "handle", 0)
        made.tell()
        assert made.told(kind="escalated") == [(LEAD_LOGIN, "in_app")]

    def test_a_clock_of_the_hotline_itself_tells_the_hotline(self, made: Made):
        ticket_id = made.do(lambda city: city.waiting())
        made.escalate(ticket_id, "dispatch", 0)
        made.tell()
        assert made.told(kind="escalated") == [("dispatcher", "in_app")]

    def test_of_a_confidential_matter_only_those_are_told_who_may_see_such(self, made: Made):
        def report(city: City) -> int:
            ticket_id = city.waiting(type="report")
            service.dispatch(city.who("supervisor"), city.now, ticket_id, city.unit(LEAD))
            return ticket_id

        ticket_id = made.do(report)
        made.escalate(ticket_id, "handle", 3)
        made.tell()
        told = made.told(kind="escalated", way="in_app")
        assert told == [("lead-wanghe", "in_app"), ("supervisor", "in_app")]

    def test_whoever_is_disabled_is_told_nothing(self, made: Made):
        ticket_id = made.do(lambda city: city.dispatched())
        with unit_of_work() as now:
            db.session.execute(update(Staff).where(Staff.login == LEAD_LOGIN).values(disabled_at=now))
        made.escalate(ticket_id, "handle", 0)
        made.tell()
        assert made.told(kind="escalated") == []
        with unit_of_work():
            db.session.execute(update(Staff).where(Staff.login == LEAD_LOGIN).values(disabled_at=None))
            last = select(Escalation.told).order_by(Escalation.id.desc()).limit(1)
            assert db.session.scalar(last) == 0, "the ledger says that nobody was told"

    @pytest.mark.parametrize(
        ("course", "kind", "told"),
        [
            ("return_requested", "return_requested", ["dispatcher"]),
            ("returned", "returned", [LEAD_LOGIN]),
            ("rejected", "rejected", [LEAD_LOGIN]),
            ("redone", "redone", [LEAD_LOGIN, "lead-wanghe"]),
        ],
    )
    def test_what_has_a_rule_is_told_to_whom_it_says(self, made: Made, course: str, kind: str, told: list[str]):
        made.do(lambda city: getattr(city, course)())
        made.tell()
        assert made.told(kind=kind) == sorted((login, "in_app") for login in told)

    @pytest.mark.parametrize(("course", "kind", "told"), COURSES, ids=NAMES)
    def test_each_turn_of_a_ticket_is_told_to_those_it_concerns(
        self, made: Made, course: Callable[[City], int], kind: str, told: list[str]
    ):
        made.do(course)
        made.tell()
        assert made.told(kind=kind, way="in_app") == sorted((login, "in_app") for login in told)

    def test_every_kind_that_is_told_is_told_in_some_test(self):
        elsewhere = {
            "escalated", "return_requested", "returned", "rejected", "redone", "call_emergency",
        }  # fmt: skip
        assert {kind for _course, kind, _told in COURSES} | elsewhere == {
            rule.kind for rules in notices.RULES.values() for rule in rules
        }

    def test_a_caller_who_presses_9_is_told_to_supervisors_at_once_and_once(self, made: Made, rung: list[int]):
        def press(city: City) -> int:
            call = arriving.ring(city.now, Ringing("twilio", "CA9", "+86990112345", "+8613800138000"), city.vault)
            for digit in ("3", "9", "9"):
                arriving.choose(call, city.now, city.now, digit)
            assert call.priority == arriving.TOP
            return call.id

        call_id = made.do(press)
        made.tell()
        assert ("supervisor", "in_app") in made.told(kind="call_emergency") and rung
        with unit_of_work():
            rows = db.session.execute(
                select(Notice.ticket_id, Notice.facts).where(Notice.kind == "call_emergency")
            ).all()
            rooms = db.session.scalars(
                select(TicketEvent.rooms_after).where(TicketEvent.kind == "call.emergency")
            ).all()
        assert {row.ticket_id for row in rows} == {None} and all(row.facts == {"call": call_id} for row in rows)
        assert rooms == [["calls"]] and made.told(kind="call_emergency").count(("supervisor", "in_app")) == 1

    def test_an_order_goes_to_the_mailbox_of_its_unit_too(self, made: Made):
        made.address(LEAD_LOGIN)
        made.do(ordered)
        made.tell()
        assert made.told(kind="order_issued", way="email") == [(LEAD, "email"), (LEAD_LOGIN, "email")]
        with unit_of_work():
            facts = db.session.scalars(select(Notice.facts).where(Notice.kind == "order_issued").limit(1)).one()
        assert set(facts) == {"unit", "due_at"}

    def test_who_asks_after_what_was_merged_asks_the_units_of_the_other_ticket(self, made: Made):
        ticket_id = made.do(lambda city: city.merged())
        made.do(lambda city: service.urge(city.who("operator"), city.now, ticket_id, "怎么还没有人来"))
        made.tell()
        with unit_of_work() as now:
            master = City(now, made.vault).ticket(ticket_id).parent_id
        assert made.told(kind="urged", ticket_id=master) == [(LEAD_LOGIN, "in_app")]

    def test_who_sends_files_to_what_was_merged_sends_them_to_the_units_of_the_other_ticket(self, made: Made):
        ticket_id = made.do(lambda city: city.merged())
        made.do(lambda city: send_a_file(city, caller_of(ticket_id), ticket_id))
        made.tell()
        with unit_of_work() as now:
            master = City(now, made.vault).ticket(ticket_id).parent_id
        assert made.told(kind="files_added", ticket_id=master) == [(LEAD_LOGIN, "in_app")]

    def test_of_a_dispatch_that_is_only_one_nothing_is_owed(self, made: Made):
        made.tell()  # what others left
        made.do(lambda city: city.dispatched())
        assert made.tell() == 0

    def test_one_event_that_cannot_be_told_keeps_no_other_from_being_told(
        self, made: Made, monkeypatch: pytest.MonkeyPatch
    ):
        bad, good = made.do(lambda city: city.rejected()), made.do(lambda city: city.rejected())
        real = job._of_event

        def fail(lookup: Lookup, event: Any, ticket: Any, *more: Any) -> Any:
            if ticket.id == bad:
                raise ValueError("a poison")
            return real(lookup, event, ticket, *more)

        monkeypatch.setattr(job, "_of_event", fail)
        made.tell()
        assert len(made.told(kind="rejected", ticket_id=good)) == 1 and made.told(ticket_id=bad) == []
        monkeypatch.undo()
        monkeypatch.setattr(job, "ring", lambda _staff: None)
        made.now += timedelta(minutes=1)
        fresh, again = outbox.claim_jobs(1000, timedelta(seconds=30))
        assert not fresh.get(TELL) and job.tell_of_events(again[TELL]) >= 1
        assert len(made.told(kind="rejected", ticket_id=bad)) == 1


class TestWho:
    def test_who_works_for_all_below_stands_in_for_the_nearest(self, made: Made):
        with unit_of_work():
            unit = db.session.scalars(select(Department.id).where(Department.code == LEAD)).one()
            other = db.session.scalars(select(Department.id).where(Department.code == OTHER)).one()
            lookup = Lookup()

            def logins(target: str, *units: int) -> list[str]:
                found = lookup.of([Target.parse(target)], units, confidential=False)
                ids = [one.staff for one in found]
                return sorted(db.session.scalars(select(Staff.login).where(Staff.id.in_(ids))))

            assert logins("unit:department_lead", unit) == ["lead-wanghe"]
            assert logins("unit:handler", unit) == [LEAD_LOGIN]
            assert logins("unit:handler", unit, other) == ["handler-heat", LEAD_LOGIN]
            assert logins("above:handler", unit) == [] and logins("above:department_lead", unit) == ["lead-wanghe"]
            assert logins("city:supervisor") == ["supervisor"] and logins("city:handler") == []
            mailbox = [Target.parse("mailbox")]
            assert lookup.of(mailbox, [unit], confidential=False) == [Recipient(unit=unit, has_mail=True)]
            assert lookup.of(mailbox, [unit], confidential=True) == [], "anybody of the unit may read it"
            assert lookup.of([Target.parse("mailbox")], [other], confidential=False) == []
            clocked = [Target.parse("city:dispatcher@dispatch")]
            assert lookup.of(clocked, [], confidential=False, clock="review") == []
            assert len(lookup.of(clocked, [], confidential=False, clock="dispatch")) == 1

    def test_every_tier_that_ships_names_somebody(self, made: Made):
        with unit_of_work():
            assert all(tier(f"L{number}") for number in range(6)) and tier("L9") == ()


class TestMails:
    def test_an_e_mail_says_number_clock_and_due_time_and_nobodys_data(self, made: Made, server: MailServer):
        made.address("lead-wanghe")
        ticket_id = made.do(lambda city: city.dispatched())
        made.escalate(ticket_id, "handle", 3)
        made.tell()
        with unit_of_work() as now:
            ids = mailing.claim(now, 100, now + timedelta(seconds=60))
        assert len(ids) == 2 and job.send_mails(ids) == 2
        assert sorted(to for to, _ in server.taken) == sorted([ADDRESS, UNIT_ADDRESS])
        message = server.taken[0][1]
        words = message.get_content()
        with unit_of_work() as now:
            ticket = City(now, made.vault).ticket(ticket_id)
            assert ticket.number in message["Subject"] and ticket.number in words and "办理" in words
            assert ticket.title not in words
        for secret in ("张三丰", "13800138000", "明德路", "说不清归谁"):
            assert secret not in message.as_string() and secret not in words
        assert message["Message-ID"].startswith("<notice-") and message["From"] == "12345@example.gov.cn"

    def test_who_switched_it_off_meanwhile_gets_none(self, made: Made, server: MailServer):
        staff_id = made.address("lead-wanghe")
        with unit_of_work() as now:
            person = Recipient(staff=staff_id, has_mail=True)
            notices.tell(notices.rows_of("urged", [person], None, now, key="x", ways=("email",)))
            [notice_id] = db.session.scalars(select(Notice.id).where(Notice.key == "x")).all()
        made.address("lead-wanghe", is_off=True)
        assert job.send_mails([notice_id]) == 0 and server.taken == []
        assert made.row(notice_id).state == "MOOT"

    @pytest.mark.parametrize(("mode", "state"), [("refuse", "FAILED"), ("data", "FAILED")])
    def test_what_the_server_refuses_fails_for_good(self, made: Made, server: MailServer, mode: str, state: str):
        server.mode = mode
        notice_id = made.mail()
        job.send_mails([notice_id])
        row = made.row(notice_id)
        assert (row.state, row.next_at, row.tries) == (state, None, 1) and row.fault
        assert "notices not sent" in made.app.test_client().get("/readyz").json["alarms"]

    @pytest.mark.parametrize("mode", ["later", "away"])
    def test_where_it_certainly_did_not_arrive_it_is_tried_again(self, made: Made, server: MailServer, mode: str):
        server.mode = mode
        first, second = made.mail(number=1), made.mail(number=2)
        assert job.send_mails([first, second]) == 0
        row, untouched = made.row(first), made.row(second)
        assert (row.state, untouched.state, untouched.tries) == ("PENDING", "PENDING", 0)
        assert row.next_at and row.next_at > made.now
        server.mode, made.now = "ok", row.next_at
        assert job.send_mails([first, second]) == 2
        assert len(server.taken) == 2 and made.row(first).state == "SENT"

    def test_a_server_that_is_not_there_is_given_a_day(self, made: Made, monkeypatch: pytest.MonkeyPatch):
        elsewhere = replace(made.app.extensions["hotline"], smtp_port=nobody_listens())
        monkeypatch.setitem(made.app.extensions, "hotline", elsewhere)
        notice_id = made.mail()
        job.send_mails([notice_id])
        assert made.row(notice_id).state == "PENDING"
        made.now += mailing.GIVE_UP + timedelta(minutes=1)
        job.send_mails([notice_id])
        assert made.row(notice_id).state == "FAILED"

    def test_what_it_took_without_a_word_is_not_sent_again_but_by_a_person(self, made: Made, server: MailServer):
        server.mode = "drop"
        notice_id = made.mail()
        assert job.send_mails([notice_id]) == 0
        assert (made.row(notice_id).state, len(server.taken)) == ("UNCLEAR", 1)
        server.mode = "ok"
        for _ in range(3):
            made.now += timedelta(hours=1)
            with unit_of_work() as now:
                assert mailing.claim(now, 100, now) == []
            job.send_mails([notice_id])
        assert len(server.taken) == 1
        with unit_of_work() as now:
            mailing.send_again(notice_id, now)
        assert job.send_mails([notice_id]) == 1
        assert len({message["Message-ID"] for _to, message in server.taken}) == 1 and len(server.taken) == 2

    def test_a_server_that_hangs_is_waited_for_no_longer_than_said(
        self, made: Made, server: MailServer, monkeypatch: pytest.MonkeyPatch
    ):
        server.mode = "hang"
        monkeypatch.setattr(smtp, "SECONDS", 0.3)
        notice_id = made.mail()
        job.send_mails([notice_id])
        assert made.row(notice_id).state == "PENDING" and "not reached" in (made.row(notice_id).fault or "")

    def test_who_finds_it_under_way_after_a_crash_sends_it_not(self, made: Made, server: MailServer):
        notice_id = made.mail()
        with unit_of_work() as now:
            assert mailing.take(notice_id, now) is not None  # and the worker is killed before or after sending
        assert job.send_mails([notice_id]) == 0 and made.row(notice_id).state == "SENDING"
        made.now += mailing.LONGEST_SENDING + timedelta(seconds=5)
        assert job.send_mails([notice_id]) == 0
        assert (made.row(notice_id).state, server.taken) == ("UNCLEAR", [])

    def test_no_transaction_is_open_while_the_server_is_asked(
        self, made: Made, server: MailServer, monkeypatch: pytest.MonkeyPatch
    ):
        open_ = []
        real = smtp.send
        monkeypatch.setattr(
            smtp, "send", lambda *given: (open_.append(db.session.registry.has()), real(*given))[1]
        )
        job.send_mails([made.mail()])
        assert open_ == [False] and len(server.taken) == 1

    def test_two_claims_at_once_share_what_is_due(self, made: Made):
        ids = {made.mail(number=number) for number in range(3)}
        with unit_of_work() as now:
            first = mailing.claim(now, 2, now + timedelta(seconds=60))
            rest = mailing.claim(now, 2, now + timedelta(seconds=60))
        assert len(first) == 2 and set(first) | set(rest) == ids


class TestDaily:
    def owed(self, made: Made, kind: str) -> int:
        jobs = {daily.CHECK: "app.jobs.daily.check_escalations", daily.DIGEST: "app.jobs.daily.send_digests"}
        with unit_of_work() as now:
            assert kind in daily.begin_due(now, jobs)
        fresh, _again = outbox.claim_jobs(1000, timedelta(seconds=30))
        [owed] = fresh[jobs[kind]]
        return owed

    def at(self, made: Made, hour: int, days: int) -> None:
        with unit_of_work():
            made.now = daily.midnight_before(made.now) + timedelta(days=days, hours=hour)

    def test_a_unit_is_told_once_a_day_what_is_before_it_and_nobody_of_nothing(self, made: Made):
        made.address(LEAD_LOGIN)
        made.do(lambda city: city.dispatched())
        self.at(made, 9, 40)
        owed = self.owed(made, daily.DIGEST)
        assert daily_jobs.send_digests([owed]) >= 1
        assert daily_jobs.send_digests([owed]) == 0, "the row is gone"
        mine = [one for one in made.told(kind="digest") if one[0] in (LEAD, LEAD_LOGIN)]
        assert mine == sorted([(LEAD, "email"), (LEAD_LOGIN, "email"), (LEAD_LOGIN, "in_app")])
        assert not [one for one in made.told(kind="digest") if one[0] == "handler-shuyuan"]
        with unit_of_work():
            query = select(Notice.facts).join(Staff, Staff.id == Notice.staff_id)
            facts = db.session.scalars(query.where(Notice.kind == "digest", Staff.login == LEAD_LOGIN)).first()
            assert facts and facts["to_sign"] >= 1 and facts["overdue"] >= 1

    def test_the_check_finds_what_is_missing_repairs_it_and_raises_an_alarm(self, made: Made):
        ticket_id = made.do(lambda city: city.dispatched())
        with unit_of_work():
            query = select(Deadline).where(Deadline.ticket_id == ticket_id, Deadline.clock == "handle")
            row = db.session.scalars(query).one()
            deadline_id, made.now = row.id, row.due_at + timedelta(hours=1)
            row.next_at = None  # as after a repair by hand that went wrong
        self.at(made, 4, 1)
        daily_jobs.check_escalations([self.owed(made, daily.CHECK)])
        with unit_of_work():
            run = daily.last_run(daily.CHECK)
            assert run is not None and run.figures["missing"] >= 4
            assert run.figures["repaired"] == run.figures["missing"] + run.figures["silent"]
            rows = db.session.execute(
                select(Escalation.level, Escalation.outcome, Escalation.cause)
                .where(Escalation.deadline_id == deadline_id).order_by(Escalation.level)
            ).all()  # fmt: skip
        assert ("acted", "repaired") in [(row.outcome, row.cause) for row in rows] and len(rows) >= 4
        assert "escalations were missing" in made.app.test_client().get("/readyz").json["alarms"]
        result = made.app.test_cli_runner().invoke(args=["check", "escalations"])
        assert result.exit_code == 0 and '"missing": 0' in result.output
        assert "escalations were missing" not in made.app.test_client().get("/readyz").json["alarms"]

    def test_what_stands_still_owes_nothing(self, made: Made):
        ticket_id = made.do(lambda city: city.suspended())
        with unit_of_work():
            rows = db.session.scalars(select(Deadline).where(Deadline.ticket_id == ticket_id)).all()
            paused = {row.id: row.due_at for row in rows if row.paused_at is not None}
            made.now = max(paused.values()) + timedelta(hours=1)
        made.app.test_cli_runner().invoke(args=["check", "escalations"])  # repairs what others left
        result = made.app.test_cli_runner().invoke(args=["check", "escalations"])
        assert result.exit_code == 0 and '"missing": 0' in result.output
        with unit_of_work():
            found = db.session.scalars(select(Escalation.id).where(Escalation.deadline_id.in_(paused))).all()
            assert paused and found == []

    def test_a_clock_that_would_never_have_gone_on_is_found_too(self, made: Made):
        ticket_id = made.do(lambda city: city.dispatched())
        deadline_id = made.escalate(ticket_id, "handle", 3)
        with unit_of_work():
            db.session.execute(update(Deadline).where(Deadline.id == deadline_id).values(next_at=None))
        made.now += timedelta(minutes=1)
        result = made.app.test_cli_runner().invoke(args=["check", "escalations"])
        assert result.exit_code == 1 and '"silent": 1' in result.output
        with unit_of_work():
            assert db.session.get_one(Deadline, deadline_id).next_at is not None
            assert db.session.scalar(select(Run.figures).order_by(Run.id.desc()).limit(1))["silent"] == 1
