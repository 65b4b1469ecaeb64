"""A rung that acted is confirmed by somebody who was told of it, or the next one comes in its stead, once."""

from datetime import UTC, datetime, timedelta

import pytest
from scenes import LEAD, LEAD_LOGIN, City
from sqlalchemy import select

from db import db
from tickets import errors, escalating, ledger, notices, overdue, service
from tickets.models import Deadline, Escalation
from tickets.notices import Recipient
from tickets.permissions import SYSTEM

MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # ten in the morning, where the city is


@pytest.fixture
def monday(city: City) -> City:
    city.now = MONDAY
    return city


class Case:
    """A ticket at a unit, and its handling clock."""

    def __init__(self, city: City, **intake: object) -> None:
        self.city = city
        self.ticket_id = city.dispatched(**intake)
        self.id = city.clock(self.ticket_id, "handle", city.part(self.ticket_id).id).id

    @property
    def clock(self) -> Deadline:
        db.session.flush()
        return db.session.get_one(Deadline, self.id, populate_existing=True)

    def act(self, at: datetime) -> bool:
        acted = service.act_on_deadline(SYSTEM, at, self.id)
        db.session.flush()
        return acted

    def reached(self) -> list[Escalation]:
        query = select(Escalation).where(Escalation.deadline_id == self.id).order_by(Escalation.level)
        return list(db.session.scalars(query))

    def told(self, login: str, level: int) -> None:
        person = Recipient(staff=self.city.who(login).id)
        key = escalating.key_of(self.id, level)
        rows = notices.rows_of("escalated", [person], self.ticket_id, self.city.now, key=key, deadline=self.id)
        notices.tell(rows)

    def moment(self, level: int) -> datetime:
        return next(datetime.fromisoformat(at) for one, _tier, at in self.clock.levels if one == level)


@pytest.fixture
def case(monday: City) -> Case:
    """Its unit was warned on the last day but one (level 2), to be confirmed within four working hours."""
    case = Case(monday)
    assert case.act(case.moment(2))
    return case


def test_what_nobody_confirms_climbs_and_says_since_when_and_when_it_was_planned(case: Case):
    warned = case.reached()[-1]
    assert (warned.level, warned.outcome, warned.cause) == (2, "acted", "due")
    # Four working hours after the end of work on Friday: Monday, 8:30 to 12:00 and half an hour of the afternoon.
    assert warned.ack_by == datetime(2026, 3, 9, 6, 30, tzinfo=UTC) == case.clock.next_at
    planned = case.moment(3)
    assert not case.act(warned.ack_by - timedelta(seconds=1))
    assert case.act(warned.ack_by + timedelta(seconds=5))
    climbed = case.reached()[-1]
    assert (climbed.level, climbed.tier, climbed.cause, climbed.planned_at) == (3, "L2", "climbed", planned)
    assert climbed.owed_at == warned.ack_by == case.moment(3)
    assert case.city.events(case.ticket_id)[-1].payload == {
        "deadline": case.id, "level": 3, "tier": "L2", "cause": "climbed",
    }  # fmt: skip


def test_it_climbs_once_however_often_it_is_tried(case: Case):
    at = case.reached()[-1].ack_by
    assert at and case.act(at)
    version = case.city.ticket(case.ticket_id).version
    for _ in range(3):
        assert not case.act(at)
    assert [row.level for row in case.reached()] == [0, 1, 2, 3] and case.reached()[-1].cause == "climbed"
    assert case.city.ticket(case.ticket_id).version == version


def test_what_is_confirmed_comes_when_it_was_planned(case: Case):
    case.told(LEAD_LOGIN, 2)
    at, planned = case.reached()[-1].ack_by, case.moment(3)
    assert at
    assert escalating.acknowledge(case.city.who(LEAD_LOGIN), at - timedelta(minutes=1), case.id)
    seen, who = case.reached()[-1], case.city.who(LEAD_LOGIN)
    assert (seen.acknowledged_at, seen.acknowledged_by) == (at - timedelta(minutes=1), who.id)
    event = case.city.events(case.ticket_id)[-1]
    assert (event.kind, event.actor_id, event.payload) == (
        "ticket.acknowledged", case.city.who(LEAD_LOGIN).id, {"deadline": case.id, "level": 2},
    )  # fmt: skip
    assert case.clock.next_at == planned and not case.act(at)
    assert case.act(planned) and case.reached()[-1].cause == "due"


def test_to_confirm_twice_changes_nothing_more(case: Case):
    case.told(LEAD_LOGIN, 2)
    who = case.city.who(LEAD_LOGIN)
    assert escalating.acknowledge(who, MONDAY, case.id)
    version = case.city.ticket(case.ticket_id).version
    assert not escalating.acknowledge(who, MONDAY + timedelta(hours=1), case.id)
    assert case.city.ticket(case.ticket_id).version == version
    assert case.reached()[-1].acknowledged_at == MONDAY


def test_only_who_was_told_confirms_and_only_what_they_were_told(case: Case):
    case.told("supervisor", 3)
    for login in (LEAD_LOGIN, "supervisor"):
        with pytest.raises(errors.Forbidden):
            escalating.acknowledge(case.city.who(login), MONDAY, case.id)
    with pytest.raises(errors.NotFound):
        escalating.acknowledge(case.city.who("handler-heat"), MONDAY, case.id)
    with pytest.raises(errors.NotFound):
        escalating.acknowledge(case.city.who("supervisor"), MONDAY, 10**12)
    assert case.reached()[-1].acknowledged_at is None


def test_confirming_outdates_nobodys_form_and_reads_the_notice(case: Case):
    case.told(LEAD_LOGIN, 2)
    who, version = case.city.who(LEAD_LOGIN), case.city.ticket(case.ticket_id).version
    assert notices.unread(who) == 1
    escalating.acknowledge(who, MONDAY, case.id)
    assert notices.unread(who) == 0
    service.sign(who, case.city.now, case.ticket_id, case.city.part(case.ticket_id).id, version)


def test_after_an_outage_a_rung_that_is_due_by_itself_has_not_climbed(case: Case):
    late = case.moment(4) + timedelta(minutes=3)
    assert case.act(late)
    assert [(row.level, row.outcome, row.cause) for row in case.reached()[3:]] == [
        (3, "skipped", "due"), (4, "acted", "due"),
    ]  # fmt: skip


def test_it_climbs_to_the_top_and_then_owes_nothing(case: Case):
    while case.clock.next_at is not None:
        assert case.act(case.clock.next_at)
    assert [row.level for row in case.reached()] == [0, 1, 2, 3, 4, 5]
    assert [row.cause for row in case.reached()[3:]] == ["climbed", "climbed", "climbed"]
    assert case.reached()[-1].ack_by is None, "above the last there is nothing to climb to"


def test_a_clock_that_stops_climbs_no_more(case: Case):
    at = case.reached()[-1].ack_by
    service.sign(case.city.who(LEAD_LOGIN), case.city.now, case.ticket_id, case.city.part(case.ticket_id).id)
    case.city.reply(case.ticket_id)
    assert at and not case.act(at)


def test_an_urgent_matter_is_confirmed_by_the_wall_clock(monday: City):
    case = Case(monday, urgency="urgent")
    at = case.moment(2)
    case.act(at)
    assert case.reached()[-1].ack_by == at + timedelta(hours=4)


class TestByHand:
    def test_an_overdue_matter_is_referred_once_by_who_reviews(self, case: Case):
        supervisor, after = case.city.who("supervisor"), case.clock.due_at + timedelta(days=1)
        with pytest.raises(errors.NotNow):
            escalating.refer(supervisor, case.clock.due_at - timedelta(days=1), case.id)
        with pytest.raises(errors.Forbidden):
            escalating.refer(case.city.who(LEAD_LOGIN), after, case.id)
        following = case.clock.next_at
        escalating.refer(supervisor, after, case.id)
        db.session.flush()
        made = case.reached()[-1]
        assert (made.level, made.tier, made.outcome, made.cause) == (6, "L5", "acted", "by_hand")
        assert made.department_id == case.city.unit(LEAD)
        event = case.city.events(case.ticket_id)[-1]
        assert (event.kind, event.actor_id) == ("ticket.escalated", supervisor.id)
        assert case.clock.next_at == following
        with pytest.raises(errors.NotNow):
            escalating.refer(supervisor, after, case.id)

    def test_it_never_comes_by_itself(self, case: Case):
        assert 6 not in [level for level, _tier, _at in case.clock.levels]


class TestReads:
    def test_a_tickets_page_says_how_far_its_clocks_have_come_and_who_may_confirm(self, case: Case):
        case.told(LEAD_LOGIN, 2)
        handler, supervisor = case.city.who(LEAD_LOGIN), case.city.who("supervisor")
        [mine] = ledger.standing(handler, MONDAY, case.ticket_id)
        assert (mine.deadline_id, mine.may_see_to, mine.refers_to) == (case.id, True, None)
        later = case.clock.due_at + timedelta(hours=1)
        theirs = {one.deadline_id: one for one in ledger.standing(supervisor, later, case.ticket_id)}
        assert theirs[case.id].refers_to == "L5" and not theirs[case.id].may_see_to
        assert ledger.to_see_to(handler, [case.id, 10**12]) == {case.id: True}
        escalating.acknowledge(handler, MONDAY, case.id)
        db.session.flush()
        assert ledger.to_see_to(handler, [case.id]) == {case.id: False}

    def test_the_list_of_the_overdue_says_who_has_seen_it(self, case: Case):
        case.told(LEAD_LOGIN, 2)
        escalating.acknowledge(case.city.who(LEAD_LOGIN), MONDAY, case.id)
        db.session.flush()
        page = overdue.late_clocks(case.city.who("supervisor"), case.moment(2), overdue.Wanted())
        [row] = [row for row in page.rows if row.id == case.id]
        assert (row.acknowledged_at, row.acknowledged_by) == (MONDAY, case.city.who(LEAD_LOGIN).id)

    def test_the_ledger_tells_of_every_level_and_is_narrowed(self, case: Case):
        at = case.reached()[-1].ack_by
        assert at and case.act(at + timedelta(minutes=5))
        supervisor, unit = case.city.who("supervisor"), case.city.unit(LEAD)

        def levels(**wanted: object) -> list[int]:
            page = ledger.ledger(supervisor, ledger.Wanted(**wanted))
            return [row.level for row in page.rows if row.deadline_id == case.id]

        assert levels() == [3, 2, 1, 0] == levels(unit=unit) == levels(clock="handle")
        assert levels(tier="L0") == [1, 0] and levels(unit=0) == [] == levels(clock="sign")
        day = at.replace(hour=0)
        assert levels(start=day, end=day + timedelta(days=1)) == [3]
        assert unit in ledger.units_named()
        outsider = case.city.who("handler-heat")
        assert not [row for row in ledger.ledger(outsider, ledger.Wanted()).rows if row.deadline_id == case.id]
