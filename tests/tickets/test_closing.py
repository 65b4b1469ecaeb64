"""After the reply: review, send back, rate, call back, and the end of the clock that closes by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from scenes import ASSIST, LEAD_LOGIN, City
from sqlalchemy import select, update

from db import db
from routing.models import CitySetting
from tickets import errors, queries, service
from tickets.models import Deadline, FollowUp, Rating
from tickets.permissions import SYSTEM, caller_of


def _both_replied(city: City) -> int:
    return city.replied(assists=(ASSIST,))


def test_accepting_ends_all_parts_and_waits_for_the_citizen(city: City):
    ticket_id = _both_replied(city)
    service.accept(city.who("supervisor"), city.later(hours=1), ticket_id, city.ticket(ticket_id).version)
    assert city.ticket(ticket_id).state == "TO_CALLBACK"
    assert [(part.state, part.ended_at) for part in city.parts(ticket_id)] == [("DONE", city.now)] * 2
    [clock] = city.clocks(ticket_id)
    assert (clock.clock, clock.next_at, clock.levels) == (
        "callback", clock.due_at, [[0, "end", clock.due_at.isoformat()]],
    )  # fmt: skip


def test_a_rejected_reply_is_done_again_by_the_lead_on_a_clock_of_its_own(city: City):
    ticket_id = _both_replied(city)
    lead = city.part(ticket_id)
    service.reject(city.who("supervisor"), city.later(hours=1), ticket_id, "没有写明时间")
    assert city.ticket(ticket_id).state == "IN_PROGRESS"
    assert (lead.state, city.part(ticket_id, ASSIST).state) == ("REJECTED", "SUBMITTED")
    clock = city.clock(ticket_id, "handle", lead.id)
    epochs = [row.epoch for row in city.clocks(ticket_id, running=False) if row.assignment_id == lead.id]
    assert (clock.started_at, clock.epoch) == (city.now, max(epochs)) and clock.epoch > 1
    assert [row.id for row in city.clocks(ticket_id)] == [clock.id]


class TestTimeAfterARejection:
    """Remaining time or one working day more: a city's setting, and never the whole limit anew."""

    @pytest.fixture
    def monday(self, city: City) -> City:
        city.now = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # ten in the morning, where the city is
        return city

    def _rejected(self, city: City, ticket_id: int) -> Deadline:
        service.reject(city.who("supervisor"), city.now, ticket_id, "没有写明时间")
        return city.clock(ticket_id, "handle", city.part(ticket_id).id)

    def test_what_was_left_is_left(self, monday: City):
        ticket_id = monday.replied()
        monday.later(days=1)
        clock = self._rejected(monday, ticket_id)
        assert clock.due_at == datetime(2026, 3, 9, 9, 30, tzinfo=UTC)  # as on the day of the dispatch
        assert (clock.limit, clock.started_at) == ("5wd", monday.now)

    def test_with_nothing_left_it_is_the_next_working_day(self, monday: City):
        ticket_id, code = monday.from_web()
        ticket_id = monday.replied(ticket_id=ticket_id)
        monday.now = datetime(2026, 3, 13, 3, 0, tzinfo=UTC)  # Friday: four days late
        clock = self._rejected(monday, ticket_id)
        assert clock.due_at == datetime(2026, 3, 16, 9, 30, tzinfo=UTC)
        assert clock.yellow_at == datetime(2026, 3, 13, 9, 30, tzinfo=UTC)
        assert all(datetime.fromisoformat(at) >= monday.now for _, _, at in clock.levels)
        status = queries.public_status(monday.ticket(ticket_id).number or "", code, monday.vault)
        assert status is not None and status.due_at == clock.due_at == queries.promised(ticket_id)

    def test_again_and_again_it_gains_no_more_than_that(self, monday: City):
        ticket_id = monday.replied()
        for day in (5, 6, 9, 10):
            monday.now = datetime(2026, 3, day, 3, 0, tzinfo=UTC)
            clock = self._rejected(monday, ticket_id)
            monday.reply(ticket_id)
        assert clock.due_at == datetime(2026, 3, 11, 9, 30, tzinfo=UTC)

    def test_a_city_may_grant_more(self, monday: City):
        own = update(CitySetting).where(CitySetting.key == "rejected_extra").values(value="30d")
        db.session.execute(own)
        db.session.info.clear()  # what a new unit of work begins with
        clock = self._rejected(monday, monday.replied())
        assert clock.due_at == datetime(2026, 4, 1, 16, 0, tzinfo=UTC)


def test_it_can_be_rejected_again_and_each_time_the_clock_is_new(city: City):
    ticket_id = city.rejected()
    city.reply(ticket_id)
    service.reject(city.who("supervisor"), city.later(hours=1), ticket_id, "还是不够")
    part = city.part(ticket_id)
    epochs = [row.epoch for row in city.clocks(ticket_id, running=False) if row.clock == "handle"]
    assert len(set(epochs)) == 3
    city.reply(ticket_id)
    service.accept(city.who("supervisor"), city.now, ticket_id)
    assert part.state == "DONE"


class TestRating:
    def test_the_citizens_word_closes_it(self, city: City):
        ticket_id = city.accepted()
        service.rate(caller_of(ticket_id), city.now, ticket_id, True, 1, "太慢了", 7)
        ticket = city.ticket(ticket_id)
        assert (ticket.state, ticket.closed_at) == ("CLOSED", city.now)
        rating = db.session.scalars(select(Rating).where(Rating.ticket_id == ticket_id)).one()
        assert (rating.solved, rating.satisfied, rating.round) == (True, 1, 1)
        assert city.events(ticket_id)[-1].payload == {
            "solved": True, "satisfied": 1, "texts": {"rating_note": 1},
        }  # fmt: skip
        assert not city.clocks(ticket_id)

    @pytest.mark.parametrize(
        ("solved", "satisfied", "fields"),
        [
            (None, None, {"solved": "missing", "satisfied": "missing"}),
            (True, 4, {"satisfied": "unknown"}),
            (True, 0, {"satisfied": "unknown"}),
        ],
    )
    def test_silence_is_no_rating(self, city: City, solved: bool | None, satisfied: int | None, fields: object):
        ticket_id = city.accepted()
        with pytest.raises(errors.Invalid) as refusal:
            service.rate(caller_of(ticket_id), city.now, ticket_id, solved, satisfied)
        assert refusal.value.values["fields"] == fields

    def test_once_only_and_only_ones_own(self, city: City):
        ticket_id = city.rated()
        with pytest.raises(errors.NotNow):
            service.rate(caller_of(ticket_id), city.now, ticket_id, True, 3)
        with pytest.raises(errors.NotFound):
            service.rate(caller_of(ticket_id + 1), city.now, ticket_id, True, 3)
        with pytest.raises(errors.Forbidden):
            service.rate(city.who("supervisor"), city.now, ticket_id, True, 3)


class TestCallBack:
    def test_the_outcome_is_kept_as_it_was(self, city: City):
        ticket_id = city.accepted()
        service.close(city.who("supervisor"), city.now, ticket_id, "unreachable", 7)
        follow_up = db.session.scalars(select(FollowUp).where(FollowUp.ticket_id == ticket_id)).one()
        assert (follow_up.outcome, follow_up.asked_by) == ("unreachable", city.who("supervisor").id)
        assert city.ticket(ticket_id).state == "CLOSED"
        assert not db.session.scalars(select(Rating).where(Rating.ticket_id == ticket_id)).all()

    @pytest.mark.parametrize(
        ("outcome", "fault"), [("", "missing"), ("satisfied", "unknown"), ("unrated", "unknown")]
    )
    def test_no_outcome_is_made_up(self, city: City, outcome: str, fault: str):
        ticket_id = city.accepted()
        with pytest.raises(errors.Invalid) as refusal:
            service.close(city.who("supervisor"), city.now, ticket_id, outcome)
        assert refusal.value.values["fields"] == {"outcome": fault}


class TestTheEndOfTheClock:
    def test_it_closes_unrated_once_and_not_before(self, city: City):
        ticket_id = city.accepted()
        clock = city.clock(ticket_id, "callback")
        assert not service.act_on_deadline(SYSTEM, clock.due_at - timedelta(seconds=1), clock.id)
        assert service.act_on_deadline(SYSTEM, clock.due_at, clock.id)
        ticket = city.ticket(ticket_id)
        assert (ticket.state, ticket.closed_at) == ("CLOSED", clock.due_at)
        assert city.events(ticket_id)[-1].payload == {"outcome": "unrated"}
        follow_up = db.session.scalars(select(FollowUp).where(FollowUp.ticket_id == ticket_id)).one()
        assert (follow_up.outcome, follow_up.asked_by) == ("unrated", None)
        assert not service.act_on_deadline(SYSTEM, clock.due_at, clock.id)
        assert city.ticket(ticket_id).version == ticket.version

    def test_it_does_nothing_to_a_ticket_that_was_rated_in_time(self, city: City):
        ticket_id = city.accepted()
        clock = city.clock(ticket_id, "callback")
        service.rate(caller_of(ticket_id), city.now, ticket_id, True, 3)
        assert not service.act_on_deadline(SYSTEM, clock.due_at, clock.id)

    def test_a_deadline_that_does_not_exist_asks_for_nothing(self, city: City):
        assert not service.act_on_deadline(SYSTEM, city.now, 10**12)


def test_refusals_come_in_their_order(city: City):
    ticket_id = city.signed()
    supervisor = city.who("supervisor")
    with pytest.raises(errors.NotFound):
        service.reject(city.who("operator2"), city.now, ticket_id, "", 9)
    with pytest.raises(errors.Forbidden):
        service.reject(city.who(LEAD_LOGIN), city.now, ticket_id, "", 9)
    with pytest.raises(errors.Stale):
        service.reject(supervisor, city.now, ticket_id, "", 9)
    with pytest.raises(errors.NotNow):
        service.reject(supervisor, city.now, ticket_id, "", 4)
    city.reply(ticket_id)
    with pytest.raises(errors.Invalid) as refusal:
        service.reject(supervisor, city.now, ticket_id, "", 6)
    assert refusal.value.values["fields"] == {"review_note": "missing"}
    for verb in (service.accept, service.close):
        with pytest.raises(errors.Stale):
            verb(supervisor, city.now, ticket_id, *(() if verb is service.accept else ("",)), 5)
