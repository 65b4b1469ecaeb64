"""Clocks as rows: what starts them, which rung acts, who claims what is due."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from scenes import ASSIST, LEAD_LOGIN, UNSURE, City
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.auth.accounts import actor_by_login
from app.outbox import unit_of_work
from db import db
from routing.models import CitySetting, Policy
from tickets import clocks, digests, errors, escalating, queries, service
from tickets.change import running_deadlines
from tickets.models import Deadline, Escalation
from tickets.overdue import totals
from tickets.permissions import SYSTEM

MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # as the fixture has it

def _escalations(deadline_id: int) -> list[tuple[int, str]]:
    query = select(Escalation.level, Escalation.outcome).where(Escalation.deadline_id == deadline_id)
    return [tuple(row) for row in db.session.execute(query.order_by(Escalation.level))]


class TestStart:
    def test_an_ordinary_matter_has_five_working_days(self, monday: City):
        ticket_id = monday.dispatched()
        clock = monday.clock(ticket_id, "handle", monday.part(ticket_id).id)
        assert clock.limit == "5wd"
        assert clock.due_at == datetime(2026, 3, 9, 9, 30, tzinfo=UTC)  # Monday next, 17:30
        assert [tier for _, tier, _ in clock.levels] == ["L0", "L0", "L1", "L2", "L3", "L4"]
        assert clock.yellow_at == datetime.fromisoformat(clock.levels[2][2])
        assert clock.next_at == datetime.fromisoformat(clock.levels[0][2])

    def test_an_urgent_one_runs_on_the_wall_clock(self, monday: City):
        ticket_id = monday.dispatched(urgency="urgent")
        clock = monday.clock(ticket_id, "handle", monday.part(ticket_id).id)
        assert (clock.limit, clock.due_at) == ("24h", MONDAY + timedelta(hours=24))

    def test_a_merged_line_has_a_limit_of_its_own(self, monday: City):
        db.session.add(Policy(clock="handle", line_no="12348", limit_value=60, limit_unit="d", source="条例"))
        db.session.flush()
        limits = {}
        for line_no in ("12348", "12345"):
            ticket_id = monday.dispatched(line_no=line_no)
            limits[line_no] = monday.clock(ticket_id, "handle", monday.part(ticket_id).id).limit
        assert limits == {"12348": "60d", "12345": "5wd"}

    def test_the_light_turns_yellow_by_a_rule_of_its_own_whatever_the_ladder_tells(self, monday: City):
        for urgency, left in (("critical", timedelta(minutes=24)), ("urgent", timedelta(hours=4.8))):
            ticket_id = monday.dispatched(urgency=urgency)
            clock = monday.clock(ticket_id, "handle", monday.part(ticket_id).id)
            assert clock.yellow_at == clock.due_at - left
        sign = monday.clock(ticket_id := monday.dispatched(), "sign", monday.part(ticket_id).id)
        assert "L1" not in [tier for _, tier, _ in sign.levels]
        assert sign.yellow_at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # due on Tuesday, so from Monday 17:30
        assert monday.clock(monday.accepted(), "callback").yellow_at is not None

    def test_a_city_may_have_its_own_yellow(self, monday: City):
        own = {"days": 2, "share": 0.5}
        db.session.execute(update(CitySetting).where(CitySetting.key == "yellow").values(value=own))
        db.session.info.clear()
        ticket_id = monday.dispatched()
        clock = monday.clock(ticket_id, "handle", monday.part(ticket_id).id)
        assert clock.yellow_at == datetime(2026, 3, 5, 9, 30, tzinfo=UTC)  # Monday is due, Thursday is two before
        ticket_id = monday.dispatched(urgency="critical")
        clock = monday.clock(ticket_id, "handle", monday.part(ticket_id).id)
        assert clock.yellow_at == MONDAY + timedelta(hours=1)

    def test_the_green_channel_shortens_what_is_promised(self, monday: City):
        ticket_id = monday.waiting()
        monday.ticket(ticket_id).green_channel = True
        monday.dispatched(ticket_id=ticket_id)
        part = monday.part(ticket_id)
        assert monday.clock(ticket_id, "handle", part.id).limit == "3wd"
        assert monday.clock(ticket_id, "sign", part.id).limit == "1wd"

    def test_without_a_policy_no_clock_starts(self, monday: City):
        db.session.execute(update(Policy).where(Policy.clock == "sign").values(is_active=False))
        db.session.info.clear()  # what a new unit of work begins with
        ticket_id = monday.dispatched()
        assert {row.clock for row in monday.clocks(ticket_id)} == {"contact", "handle"}

    def test_one_clock_has_one_row_for_each_epoch(self, monday: City):
        ticket_id = monday.waiting()
        with pytest.raises(IntegrityError), db.session.begin_nested():
            clocks.start(monday.ticket(ticket_id), "dispatch", monday.now)
            db.session.flush()


class TestEscalate:
    def test_the_next_rung_acts_once(self, monday: City):
        ticket_id = monday.dispatched()
        clock = monday.clock(ticket_id, "handle", monday.part(ticket_id).id)
        first = clock.next_at
        assert first is not None
        assert not service.act_on_deadline(SYSTEM, first - timedelta(seconds=1), clock.id)
        assert service.act_on_deadline(SYSTEM, first, clock.id)
        assert _escalations(clock.id) == [(0, "acted")]
        event = monday.events(ticket_id)[-1]
        assert event.payload == {"deadline": clock.id, "level": 0, "tier": "L0"}
        assert event.department_id == monday.part(ticket_id).department_id
        version = monday.ticket(ticket_id).version
        assert not service.act_on_deadline(SYSTEM, first, clock.id)
        assert monday.ticket(ticket_id).version == version

    def test_when_several_are_due_the_highest_acts_and_the_rest_are_kept_as_skipped(self, monday: City):
        ticket_id = monday.dispatched()
        clock = monday.clock(ticket_id, "handle", monday.part(ticket_id).id)
        assert service.act_on_deadline(SYSTEM, clock.due_at, clock.id)
        db.session.flush()
        assert _escalations(clock.id) == [(0, "skipped"), (1, "skipped"), (2, "skipped"), (3, "acted")]
        assert monday.events(ticket_id)[-1].payload == {
            "deadline": clock.id, "level": 3, "tier": "L2", "skipped": [0, 1, 2],
        }  # fmt: skip
        assert clock.next_at is not None and clock.next_at > clock.due_at
        assert clocks.highest_level(ticket_id) == 3

    def test_it_goes_on_to_the_top_and_then_owes_nothing(self, monday: City):
        ticket_id = monday.dispatched()
        clock = monday.clock(ticket_id, "handle", monday.part(ticket_id).id)
        acted = []
        while clock.next_at is not None:
            assert service.act_on_deadline(SYSTEM, clock.next_at, clock.id)
            acted.append(monday.events(ticket_id)[-1].payload["level"])
        assert acted == [0, 1, 2, 3, 4, 5]
        assert clock.stopped_at is None
        assert not service.act_on_deadline(SYSTEM, MONDAY + timedelta(days=365), clock.id)

    def test_a_stopped_clock_owes_nothing(self, monday: City):
        ticket_id = monday.dispatched()
        clock = monday.clock(ticket_id, "sign", monday.part(ticket_id).id)
        service.sign(monday.who("handler-wanghe-urban"), monday.now, ticket_id, monday.part(ticket_id).id)
        assert not service.act_on_deadline(SYSTEM, clock.due_at, clock.id)
        assert clock.stopped_at == monday.now and clock.claimed_until is None

    def test_a_rung_below_one_that_acted_is_only_kept(self, monday: City):
        """The ladder was reached out of order, as after a repair by hand: nothing lower may call again."""
        ticket_id = monday.dispatched()
        clock = monday.clock(ticket_id, "handle", monday.part(ticket_id).id)
        first = clock.next_at
        assert first is not None
        db.session.add(
            Escalation(
                deadline_id=clock.id, level=5, tier="L4", owed_at=first, escalated_at=first, outcome="acted"
            )
        )
        db.session.flush()
        version = monday.ticket(ticket_id).version
        assert not service.act_on_deadline(SYSTEM, first, clock.id)
        db.session.flush()
        assert _escalations(clock.id) == [(0, "skipped"), (5, "acted")]
        assert monday.ticket(ticket_id).version == version

    def test_no_rung_is_stored_twice(self, monday: City):
        ticket_id = monday.dispatched()
        clock = monday.clock(ticket_id, "handle", monday.part(ticket_id).id)
        row = {
            "deadline_id": clock.id, "level": 0, "tier": "L0", "owed_at": MONDAY, "escalated_at": MONDAY,
            "outcome": "acted",
        }  # fmt: skip
        db.session.add(Escalation(**row))
        db.session.flush()
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.add(Escalation(**row))

    def test_a_deadline_that_does_not_exist_does_nothing(self, monday: City):
        assert escalating.escalate(SYSTEM, MONDAY, [10**12]) == (0, [])

    def test_a_clock_of_the_whole_ticket_names_no_unit(self, monday: City):
        ticket_id = monday.waiting()
        clock = monday.clock(ticket_id, "dispatch")
        assert service.act_on_deadline(SYSTEM, clock.due_at, clock.id)
        assert monday.events(ticket_id)[-1].department_id is None

    def test_who_may_not_know_of_the_ticket_may_not_act_on_its_clock(self, monday: City):
        ticket_id = monday.waiting()
        clock = monday.clock(ticket_id, "dispatch")
        with pytest.raises(errors.NotFound):
            service.act_on_deadline(monday.who("operator2"), clock.due_at, clock.id)


def test_stopping_chooses_by_clock_and_by_part(monday: City):
    ticket_id = monday.dispatched(assists=(ASSIST,))
    part = monday.part(ticket_id)
    clocks.stop(ticket_id, monday.now, clocks=("sign",), parts=(part.id,))
    assert len(running_deadlines(ticket_id)) == 4
    clocks.stop(ticket_id, monday.now, clocks=("handle", "contact"))
    assert {row.clock for row in running_deadlines(ticket_id)} == {"sign"}
    clocks.stop(ticket_id, monday.now)
    assert not running_deadlines(ticket_id)


@pytest.fixture
def far_ahead() -> datetime:
    """Later than any deadline that other tests have left."""
    return datetime(2030, 1, 1, tzinfo=UTC)


class TestClaim:
    """Several sweeps at once, in sessions of their own, so this commits; it takes its tickets back at the end."""

    @pytest.fixture
    def due(self, own_app) -> Iterator[list[int]]:
        vault = own_app.extensions["vault"]
        with own_app.app_context():
            with unit_of_work() as now:
                ids = [service.open_ticket(SYSTEM, now, UNSURE, vault).ticket.id for _ in range(4)]
                dispatcher = actor_by_login("dispatcher")
            with unit_of_work():
                running = select(Deadline.id).where(Deadline.ticket_id.in_(ids)).order_by(Deadline.id)
                deadlines = list(db.session.scalars(running))
            yield deadlines
            with unit_of_work() as now:
                for ticket_id in ids:
                    service.answer(dispatcher, now, ticket_id, "已答复")

    def test_two_at_once_share_what_is_due_and_none_gets_both(self, due: list[int], far_ahead: datetime):
        lease = far_ahead + timedelta(seconds=30)
        with unit_of_work():
            mine = escalating.due_deadlines(far_ahead, 2, lease).ids
            db.session.flush()
            with Session(db.engine) as other:
                rows = other.scalars(
                    select(Deadline.id)
                    .where(Deadline.id.in_(due), Deadline.next_at <= far_ahead)
                    .with_for_update(skip_locked=True)
                ).all()
        assert len(mine) == 2
        assert set(rows) == set(due) - set(mine)

    def test_a_claim_holds_until_it_runs_out_or_is_given_back(self, due: list[int], far_ahead: datetime):
        lease = far_ahead + timedelta(seconds=30)

        def claim(moment: datetime) -> set[int]:
            with unit_of_work():
                return set(escalating.due_deadlines(moment, 100, moment + timedelta(seconds=30)).ids) & set(due)

        with unit_of_work():
            assert set(due) <= set(escalating.due_deadlines(far_ahead, 100, lease).ids)
        assert claim(far_ahead) == set()
        with unit_of_work():
            escalating.release(due[:1])
        assert claim(far_ahead) == set(due[:1])
        assert claim(lease + timedelta(seconds=1)) == set(due)

    def test_what_is_not_due_is_not_claimed(self, due: list[int]):
        with unit_of_work() as now:
            assert not set(escalating.due_deadlines(now, 100, now).ids) & set(due)

    def test_acting_gives_the_claim_back(self, due: list[int], far_ahead: datetime):
        with unit_of_work():
            escalating.due_deadlines(far_ahead, 100, far_ahead + timedelta(seconds=30))
        with unit_of_work():
            row = db.session.get_one(Deadline, due[0])
            assert row.claimed_until is not None
            assert service.act_on_deadline(SYSTEM, far_ahead, row.id)
            assert row.claimed_until is None
        with unit_of_work():
            acted = select(func.count()).select_from(Escalation).where(Escalation.deadline_id == due[0])
            assert db.session.scalar(acted) == 2


def test_a_first_talk_that_is_late_is_a_limit_like_any_other(monday: City):
    ticket_id = monday.signed()
    part = monday.part(ticket_id)
    late = monday.now = monday.clock(ticket_id, "contact", part.id).due_at + timedelta(minutes=1)
    for login, name in ((LEAD_LOGIN, "unit_overdue"), ("supervisor", "overdue"), ("operator", "mine_overdue")):
        page = queries.board(monday.who(login), late, name)
        assert [(row.id, row.clock) for row in page.rows] == [(ticket_id, "contact")], name
    who = monday.who(LEAD_LOGIN)
    assert queries.waiting(who, late)["unit_overdue"] == queries.tally(who, late, "inbox")["light"]["red"] == 1
    assert totals(monday.who("supervisor"), late).levels["overdue"] == 1
    counts = digests.of_units(late, late - timedelta(days=1), late + timedelta(days=1))[part.department_id]
    assert counts["overdue"] == 1


def test_the_overdue_board_shows_the_level_that_was_reached(monday: City):
    ticket_id = monday.dispatched()
    clock = monday.clock(ticket_id, "handle", monday.part(ticket_id).id)
    service.act_on_deadline(SYSTEM, clock.due_at, clock.id)
    page = queries.board(monday.who("supervisor"), clock.due_at + timedelta(minutes=1), "overdue")
    assert [row.tier for row in page.rows if row.id == ticket_id and row.due_at == clock.due_at] == ["L2"]
