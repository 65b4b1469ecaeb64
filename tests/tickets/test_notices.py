"""Notices: told once to each, read by each, and no number of a ticket that one may not see."""

from datetime import timedelta

import pytest
from scenes import LEAD, LEAD_LOGIN, City
from sqlalchemy import func, select

from db import db
from tickets import daily, notices
from tickets.deadlines import EMAIL, IN_APP
from tickets.event_models import JobOwed
from tickets.notice_models import Notice
from tickets.notices import Recipient, Target


def _tell(city: City, key: str, *logins: str, ticket_id: int | None = None, **options: object) -> set[int]:
    people = [Recipient(staff=city.who(login).id, has_mail=True) for login in logins]
    return notices.tell(notices.rows_of("urged", people, ticket_id, city.now, key=key, **options))


def test_nobody_is_told_twice_under_one_key(city: City):
    supervisor, leader = (city.who(login).id for login in ("supervisor", "leader"))

    def told() -> list[tuple[str, int | None]]:
        rows = db.session.execute(select(Notice.key, Notice.staff_id).order_by(Notice.id))
        return [(row.key, row.staff_id) for row in rows]

    assert _tell(city, "k", "supervisor") == {supervisor}
    assert _tell(city, "k", "supervisor", "leader") == {supervisor, leader}
    assert _tell(city, "k", "supervisor", "leader") == {supervisor, leader}
    assert told() == [("k", supervisor), ("k", leader)]
    _tell(city, "other", "supervisor", "leader")
    assert told()[2:] == [("other", supervisor), ("other", leader)]


def test_each_way_is_a_row_and_an_e_mail_waits_to_be_sent(city: City):
    unit = Recipient(unit=city.unit(LEAD), has_mail=True)
    nobody = Recipient(staff=city.who("leader").id, has_mail=False)
    ways, people = (IN_APP, EMAIL), [unit, nobody]
    assert notices.tell(notices.rows_of("digest", people, None, city.now, key="d", ways=ways, overdue=3)) == {
        nobody.staff
    }
    rows = db.session.scalars(select(Notice).where(Notice.key == "d").order_by(Notice.way)).all()
    assert [(row.way, row.state, row.next_at, row.facts) for row in rows] == [
        (EMAIL, "PENDING", city.now, {"overdue": 3}), (IN_APP, "SENT", None, {"overdue": 3}),
    ]  # fmt: skip
    assert rows[0].department_id == unit.unit


def test_nothing_is_written_where_there_is_nobody(city: City):
    before = db.session.scalar(select(func.count()).select_from(Notice))
    assert notices.tell(notices.rows_of("urged", [], None, city.now, key="none")) == set()
    assert db.session.scalar(select(func.count()).select_from(Notice)) == before


class TestReading:
    def test_the_latest_first_page_by_page_and_unread_alone(self, city: City):
        who = city.who("auditor")
        for number in range(5):
            _tell(city, f"n{number}", "auditor")
        first = notices.page_of(who, limit=3)
        then = notices.page_of(who, first.next, limit=3)
        ids = [row.id for row in (*first.rows, *then.rows)]
        assert len(ids) == 5 and ids == sorted(ids, reverse=True) and then.next is None
        assert notices.unread(who) == 5
        notices.read_one(who, city.now, ids[0])
        assert notices.unread(who) == 4
        assert [row.id for row in notices.page_of(who, unread=True).rows] == ids[1:]

    def test_all_are_read_up_to_what_the_page_knew(self, city: City):
        who = city.who("auditor")
        _tell(city, "a", "auditor")
        known = notices.page_of(who).rows[0].id
        _tell(city, "b", "auditor")
        notices.read_all(who, city.now, known)
        assert [row.id > known for row in notices.page_of(who, unread=True).rows] == [True]

    def test_nobody_reads_for_another(self, city: City):
        _tell(city, "mine", "auditor")
        [row] = notices.page_of(city.who("auditor")).rows
        notices.read_one(city.who("leader"), city.now, row.id)
        notices.read_all(city.who("leader"), city.now, row.id)
        assert notices.unread(city.who("auditor")) == 1 and notices.unread(city.who("leader")) == 0

    def test_more_than_a_hundred_are_not_counted(self, city: City, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(notices, "MANY", 2)
        for number in range(3):
            _tell(city, f"n{number}", "auditor")
        assert notices.unread(city.who("auditor")) == 2

    def test_a_ticket_out_of_sight_is_named_no_more(self, city: City):
        ticket_id = city.dispatched()
        _tell(city, "t", LEAD_LOGIN, "handler-heat", ticket_id=ticket_id)
        [seen] = notices.page_of(city.who(LEAD_LOGIN)).rows
        [unseen] = notices.page_of(city.who("handler-heat")).rows
        assert (seen.number, seen.ticket_id) == (city.ticket(ticket_id).number, ticket_id)
        assert (unseen.number, unseen.ticket_id) == (None, None)

    def test_who_was_told(self, city: City):
        _tell(city, "x", "auditor")
        assert notices.was_told(city.who("auditor"), "x") and not notices.was_told(city.who("leader"), "x")
        assert notices.told(city.who("auditor"), ["x", "y"]) == {"x"}
        assert notices.told(city.who("auditor"), []) == set()


@pytest.mark.parametrize("text", ["", "unit", "unit:", "moon:handler", "unit:handler@", "mailbox:x", "city:A"])
def test_what_names_nobody_is_refused(text: str):
    with pytest.raises(ValueError, match="names nobody"):
        Target.parse(text)


def test_who_it_concerns_is_read_from_text():
    assert Target.parse("unit:handler") == Target("unit", "handler")
    assert Target.parse("city:dispatcher@dispatch") == Target("city", "dispatcher", "dispatch")
    assert Target.parse("mailbox") == Target("mailbox")


class TestDaily:
    JOBS = {daily.CHECK: "check", daily.DIGEST: "digest"}

    def test_each_begins_once_a_day_when_its_hour_has_come(self, city: City):
        midnight = daily.midnight_before(city.now + timedelta(days=3))
        assert daily.begin_due(midnight + timedelta(hours=2), self.JOBS) == []
        assert daily.begin_due(midnight + timedelta(hours=3), self.JOBS) == [daily.CHECK]
        assert daily.begin_due(midnight + timedelta(hours=9), self.JOBS) == [daily.DIGEST]
        assert daily.begin_due(midnight + timedelta(hours=23), self.JOBS) == []
        assert daily.begin_due(midnight + timedelta(hours=33), self.JOBS) == [daily.CHECK, daily.DIGEST]
        db.session.flush()
        owed = db.session.scalars(select(JobOwed.job).where(JobOwed.job.in_(("check", "digest")))).all()
        assert sorted(owed) == ["check", "check", "digest", "digest"]

    def test_the_day_after_is_a_day_of_the_city(self, city: City):
        midnight = daily.midnight_before(city.now)
        assert midnight.utcoffset() == timedelta(hours=8) and midnight <= city.now
        assert daily.day_after(midnight) - midnight == timedelta(days=1)
