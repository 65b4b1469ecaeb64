"""Running clocks counted anew after the rules changed: what moves, what is kept, and what is told of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import ASSIST, LEAD, OTHER, UNNAMED, City
from sqlalchemy import func, select, update

from db import db
from routing import service as routing
from routing.calendar_models import DepartmentHours
from routing.models import CalendarDay, Policy
from tickets import public, service
from tickets.event_models import TicketEvent
from tickets.models import Escalation
from tickets.permissions import SYSTEM
from tickets.rescheduling import MOVED, count_tickets, fate_of, foreseen, reschedule, running_after, tickets_after

MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # ten in the morning, where the city is
NEXT_MONDAY = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def monday(city: City) -> City:
    city.now = MONDAY
    return city


def set_day(day: date, is_working: bool) -> None:
    db.session.merge(CalendarDay(day=day, is_working=is_working, note="通知", source="测试"))
    _see()


def _see() -> None:
    """As a new unit of work sees the city."""
    db.session.flush()
    db.session.info.clear()


def moved(city: City, ticket_id: int, may_shorten: bool = False) -> dict[str, int]:
    return dict(reschedule(SYSTEM, city.now, ticket_id, may_shorten=may_shorten, rescheduling=7))


def told(city: City, ticket_id: int) -> list[TicketEvent]:
    return [event for event in city.events(ticket_id) if event.kind == "ticket.rescheduled"]


def handling(city: City, ticket_id: int):
    return city.clock(ticket_id, "handle", city.part(ticket_id).id)


class TestWhatMoves:
    def test_another_holiday_moves_it_once_with_one_event(self, monday: City):
        ticket_id = monday.dispatched(**UNNAMED)
        row = handling(monday, ticket_id)
        version = monday.ticket(ticket_id).version
        set_day(date(2026, 3, 5), False)
        assert moved(monday, ticket_id) == {"later": 1, "same": 1}  # the day to sign is Tuesday as before
        row = handling(monday, ticket_id)
        assert row.due_at == NEXT_MONDAY + DAY and row.limit == "5wd" and row.started_at == MONDAY
        assert row.yellow_at == NEXT_MONDAY  # a working day before
        (event,) = told(monday, ticket_id)
        assert event.actor == "system" and event.version == version + 1
        clock = {
            "clock": "handle", "limit": ["5wd", "5wd"], "unit": monday.unit(LEAD),
            "due_at": [NEXT_MONDAY.isoformat(), (NEXT_MONDAY + DAY).isoformat()],
        }  # fmt: skip
        assert event.payload == {"rescheduling": 7, "clocks": [clock], "promised": clock["due_at"]}
        assert moved(monday, ticket_id) == {"same": 2}
        assert len(told(monday, ticket_id)) == 1 and monday.ticket(ticket_id).version == version + 1

    def test_another_policy_and_another_clock_of_the_same_ticket_in_one_event(self, monday: City):
        ticket_id = monday.dispatched(**UNNAMED)
        for clock in ("sign", "handle"):
            of_all = Policy.clock == clock, Policy.urgency.is_(None), Policy.ticket_type.is_(None)
            db.session.execute(update(Policy).where(*of_all, Policy.category_code.is_(None)).values(limit_value=9))
        _see()
        assert moved(monday, ticket_id) == {"later": 2}
        (event,) = told(monday, ticket_id)
        assert [clock["limit"] for clock in event.payload["clocks"]] == [["1wd", "9wd"], ["5wd", "9wd"]]

    def test_the_citizen_reads_the_new_promise_and_only_that(self, monday: City):
        ticket_id, code = monday.from_web(**UNNAMED)
        monday.dispatched(ticket_id=ticket_id, assists=(ASSIST,))
        set_day(date(2026, 3, 5), False)
        moved(monday, ticket_id)
        found = public.public_status(monday.ticket(ticket_id).number, code, monday.vault)
        assert found is not None and found.due_at == NEXT_MONDAY + DAY
        assert [(step.kind, step.until) for step in found.steps][-1] == ("ticket.rescheduled", NEXT_MONDAY + DAY)
        set_day(date(2026, 3, 3), False)  # the day by which it is to be signed: that is between the offices
        row = handling(monday, ticket_id)
        row.stopped_at, row.next_at = monday.now, None
        assert moved(monday, ticket_id) == {"later": 3}
        found = public.public_status(monday.ticket(ticket_id).number, code, monday.vault)
        assert found is not None and [step.kind for step in found.steps].count("ticket.rescheduled") == 1

    def test_a_clock_without_a_policy_runs_on(self, monday: City):
        ticket_id = monday.dispatched(**UNNAMED)
        db.session.execute(update(Policy).where(Policy.clock == "handle").values(is_active=False))
        _see()
        assert moved(monday, ticket_id) == {"same": 2}

    def test_what_reads_like_danger_keeps_its_quarter_of_an_hour(self, monday: City):
        ticket_id = monday.waiting(title="楼道起火了", content="楼道里正在着火")
        assert monday.ticket(ticket_id).urgency == "normal"
        assert monday.clock(ticket_id, "dispatch").limit == "15min"
        assert moved(monday, ticket_id) == {"same": 1}

    def test_the_green_channel_stays_green(self, monday: City):
        ticket_id = monday.waiting()
        monday.ticket(ticket_id).green_channel = True
        monday.dispatched(ticket_id=ticket_id)
        set_day(date(2026, 3, 5), False)
        moved(monday, ticket_id)
        row = handling(monday, ticket_id)
        assert (row.limit, row.due_at) == ("3wd", datetime(2026, 3, 6, 9, 30, tzinfo=UTC))


class TestWhatIsKept:
    def test_a_promise_is_not_made_shorter_unless_that_was_chosen(self, monday: City):
        ticket_id = monday.dispatched(**UNNAMED)
        set_day(date(2026, 3, 7), True)
        assert foreseen([ticket_id], monday.now)[ticket_id] == {"sooner": 1, "same": 1}
        assert moved(monday, ticket_id) == {"sooner": 1, "same": 1}
        assert handling(monday, ticket_id).due_at == NEXT_MONDAY and not told(monday, ticket_id)
        assert moved(monday, ticket_id, may_shorten=True) == {"sooner": 1, "same": 1}
        assert handling(monday, ticket_id).due_at == NEXT_MONDAY - 2 * DAY
        assert len(told(monday, ticket_id)) == 1

    def test_what_is_overdue_stays_so_and_nothing_is_moved_into_the_past(self, monday: City):
        ticket_id = monday.dispatched(**UNNAMED)
        set_day(date(2026, 3, 7), True)
        monday.now = NEXT_MONDAY - DAY  # Sunday: on Saturday it would have been due
        assert moved(monday, ticket_id, may_shorten=True) == {"past": 1, "overdue": 1}
        monday.now = NEXT_MONDAY
        set_day(date(2026, 3, 7), False)
        set_day(date(2026, 3, 9), False)
        assert moved(monday, ticket_id, may_shorten=True) == {"overdue": 2}
        assert not told(monday, ticket_id)

    def test_who_was_told_is_not_told_again_and_what_is_to_come_still_comes(self, monday: City):
        ticket_id = monday.dispatched(**UNNAMED)
        row = handling(monday, ticket_id)
        first = row.next_at
        assert first is not None and service.act_on_deadline(SYSTEM, first, row.id)
        monday.now = first
        set_day(date(2026, 3, 9), False)
        moved(monday, ticket_id)
        row = handling(monday, ticket_id)
        assert row.next_at == datetime.fromisoformat(row.levels[1][2]) > first
        assert not service.act_on_deadline(SYSTEM, first, row.id)
        assert service.act_on_deadline(SYSTEM, row.due_at, row.id)
        levels = db.session.scalars(select(Escalation.level).where(Escalation.deadline_id == row.id)).all()
        assert sorted(levels) == [0, 1, 2, 3]

    def test_an_open_form_is_not_out_of_date_by_it(self, monday: City):
        ticket_id = monday.dispatched(**UNNAMED)
        seen = monday.ticket(ticket_id).version
        set_day(date(2026, 3, 5), False)
        moved(monday, ticket_id)
        service.sign(monday.who("handler-wanghe-urban"), monday.now, ticket_id, monday.part(ticket_id).id, seen)
        assert monday.part(ticket_id).state == "HANDLING"


class TestHoursOfUnits:
    def test_its_clocks_run_by_its_own_hours_and_those_of_the_city_do_not(self, monday: City):
        _give(monday.unit(LEAD), [["00:00", "24:00"]], keeps_holidays=False)
        monday.now = datetime(2026, 3, 6, 2, 0, tzinfo=UTC)  # Friday
        ticket_id = monday.dispatched(assists=(ASSIST,), **UNNAMED)
        part, helper = monday.part(ticket_id), monday.part(ticket_id, ASSIST)
        assert monday.clock(ticket_id, "sign", part.id).due_at == datetime(2026, 3, 7, 16, 0, tzinfo=UTC)
        assert monday.clock(ticket_id, "handle", part.id).due_at == datetime(2026, 3, 11, 16, 0, tzinfo=UTC)
        assert monday.clock(ticket_id, "sign", helper.id).due_at == datetime(2026, 3, 9, 9, 30, tzinfo=UTC)

    def test_they_are_inherited_until_a_unit_has_its_own(self, monday: City):
        _give(monday.unit("9901.office"), [["09:00", "11:00"]])
        window = _give(monday.unit(OTHER), [["08:00", "18:00"]])
        reference = routing_now()
        assert reference.hours_of(monday.unit("9901.gas"))[0] == monday.unit("9901.office")
        assert reference.hours_of(monday.unit(OTHER))[0] == monday.unit(OTHER)
        window.is_active = False
        _see()
        assert routing_now().hours_of(monday.unit(OTHER))[0] == monday.unit("9901.office")
        assert routing_now().hours_of(0) is None

    def test_a_change_of_them_moves_the_clocks_of_that_unit(self, monday: City):
        ticket_id = monday.dispatched(assists=(ASSIST,), **UNNAMED)
        _give(monday.unit(LEAD), [["08:30", "12:00"], ["14:00", "18:30"]])
        assert moved(monday, ticket_id) == {"later": 2, "same": 2}
        assert handling(monday, ticket_id).due_at == NEXT_MONDAY + timedelta(hours=1)


def _give(unit_id: int, periods: list[list[str]], keeps_holidays: bool = True) -> DepartmentHours:
    weekend = [] if keeps_holidays else periods
    row = DepartmentHours(
        department_id=unit_id, weekdays=periods, saturday=weekend, sunday=weekend, keeps_holidays=keeps_holidays,
        source="测试",
    )  # fmt: skip
    db.session.add(row)
    _see()
    return row


def routing_now():
    return routing.current()


def test_tickets_are_walked_in_the_order_of_their_ids(monday: City):
    before = count_tickets()
    ids = sorted(monday.waiting() for _ in range(3))
    assert count_tickets() == before + 3
    assert tickets_after(ids[0] - 1, 2) == ids[:2] and tickets_after(ids[1], 9) == ids[2:]
    assert running_after(monday.now) >= 3 and running_after(monday.now + timedelta(days=400)) == 0
    assert db.session.scalar(select(func.count()).select_from(TicketEvent)) is not None


moments = st.integers(0, 40).map(lambda hours: MONDAY + timedelta(hours=hours))


@given(moments, moments, moments, st.booleans())
def test_a_promise_moves_at_most_once_and_never_into_the_past(due_at, anew, now, may_shorten):
    fate = fate_of(due_at, anew, now)
    moves = fate in MOVED[may_shorten]
    promised = anew if moves else due_at
    assert fate_of(promised, anew, now) not in MOVED[may_shorten]
    assert not moves or (promised > now and due_at > now)
    assert promised >= due_at or may_shorten
