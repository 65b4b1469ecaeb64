"""Calls that a platform tells of: whatever comes first, twice or not at all, the same is known in the end."""

from datetime import timedelta
from typing import Any

import pytest
from exchange import CALLER, Exchange
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from calls import arriving, offering, pushed, seating
from calls.models import Call, Callback, Recording, Seat, SurveyAnswer
from calls.pushed import Source, Told
from db import db
from tickets.models import Contact, Ticket

PLAIN, QUEUES = Source("old-exchange"), Source("new-exchange", tells_queue=True)


class Platform:
    """Tells of one call, as of the seconds since its beginning."""

    def __init__(self, exchange: Exchange, source: Source = PLAIN) -> None:
        self.exchange, self.source, self.start = exchange, source, exchange.city.now
        self.agent, self.other = exchange.who("operator").id, exchange.who("operator2").id

    def event(self, kind: str, second: float, **more: Any) -> Told:
        base = {"direction": "in", "phone": CALLER, "call_id": "session-1"}
        return Told(kind=kind, at=self.start + timedelta(seconds=second), **{**base, **more})

    def tell(self, *events: Told) -> Call:
        for event in events:
            call, _ = pushed.hear(self.exchange.city.now, self.source, event, self.exchange.city.vault)
        return call

    def whole(self) -> list[Told]:
        """A caller waits, is answered, held, handed on, and rates."""
        return [
            self.event("newCall", 0), self.event("queued", 5), self.event("ringing", 20, staff_id=self.agent),
            self.event("answer", 25, staff_id=self.agent), self.event("hold", 40), self.event("unhold", 50),
            self.event("transfer", 60, staff_id=self.other), self.event("recording", 61, recording="https://pbx/1"),
            self.event("hangup", 90, cause="normalClearing"), self.event("satisfaction", 95, rating="1"),
        ]  # fmt: skip


@pytest.fixture
def platform(exchange: Exchange) -> Platform:
    return Platform(exchange)


def known(call: Call) -> dict[str, Any]:
    """Everything that is to be the same in the end."""
    db.session.flush()
    db.session.refresh(call)
    columns = {
        name: getattr(call, name)
        for name in ("state", "direction", "staff_id", "started_at", "queued_at", "answered_at", "talk_ended_at",
                     "ended_at", "queue_seconds", "talk_seconds", "hold_seconds", "end_reason", "phone_hash")
    }  # fmt: skip
    waiting = select(Callback.reason).where(Callback.call_id == call.id, Callback.closed_at.is_(None))
    ticket = db.session.get(Ticket, call.ticket_id) if call.ticket_id else None
    seats = select(Seat.staff_id, Seat.state).where(Seat.call_id == call.id).order_by(Seat.staff_id)
    return columns | {
        "facts": sorted(map(str, call.facts)), "callbacks": db.session.scalars(waiting).all(),
        "ticket": (ticket.state, ticket.registered_by) if ticket else None,
        "busy": [tuple(row) for row in db.session.execute(seats) if row.state in ("on_call", "offered")],
    }  # fmt: skip


def in_any_order(platform: Platform, events: list[Told]) -> None:
    """Try orders and repeats; each is undone before the next."""

    @settings(max_examples=8, suppress_health_check=list(HealthCheck))
    @given(st.permutations(events), st.lists(st.sampled_from(events), max_size=3))
    def attempt(order: list[Told], repeated: list[Told]) -> None:
        for told, place in ((events, once), ([*order, *repeated], again)):
            with db.session.begin_nested() as nested:
                place.append(known(platform.tell(*told)))
                nested.rollback()
            db.session.expire_all()
        assert once.pop() == again.pop()

    once: list[Any] = []
    again: list[Any] = []
    attempt()


class TestOrder:
    def test_answered_call(self, platform: Platform):
        in_any_order(platform, platform.whole())

    @pytest.mark.parametrize("source", [PLAIN, QUEUES])
    @pytest.mark.parametrize("cause", ["cancel", "forwarded", "noAnswer"])
    def test_missed_call(self, exchange: Exchange, source: Source, cause: str):
        platform = Platform(exchange, source)
        in_any_order(platform, [
            platform.event("newCall", 0), platform.event("queued", 3), platform.event("dequeued", 30),
            platform.event("hangup", 40, cause=cause),
        ])  # fmt: skip

    def test_call_out(self, platform: Platform):
        out = [
            platform.event("newCall", 0, direction="out"),
            platform.event("answer", 8, direction="out", staff_id=platform.agent),
            platform.event("hangup", 50, direction="out", cause="normalClearing"),
        ]
        in_any_order(platform, out)
        call = platform.tell(*out)
        assert (call.purpose, call.end_reason, call.talk_seconds, call.ticket_id) == (
            "operator_out", "completed", 42, None,
        )  # fmt: skip


class TestWholeCalls:
    def test_answered(self, platform: Platform, exchange: Exchange):
        call = platform.tell(*platform.whole())
        assert (call.state, call.end_reason, call.staff_id) == ("ENDED", "completed", platform.other)
        assert (call.queue_seconds, call.talk_seconds, call.hold_seconds) == (25, 65, 10)
        assert db.session.get_one(Ticket, call.ticket_id).registered_by == platform.other
        assert exchange.seat("operator2").state == "wrap_up" and exchange.seat("operator2").call_id == call.id
        assert exchange.seat("operator").state == "wrap_up"
        assert db.session.scalars(select(SurveyAnswer.answer)).all() == [3]
        recording = db.session.scalars(select(Recording)).one()
        assert (recording.state, recording.file) == ("elsewhere", None) and b"pbx" not in recording.reference

    def test_three_events_count_the_menu_as_waiting_and_say_so(self, platform: Platform):
        call = platform.tell(platform.event("newCall", 0), platform.event("answer", 30, staff_id=platform.agent))
        assert call.queue_seconds == 30
        assert [value for _, kind, _, value in call.facts if kind == "queued"] == ["5 with_menu"]

    def test_platform_that_tells_the_queue_is_counted_from_there(self, exchange: Exchange):
        platform = Platform(exchange, QUEUES)
        events = (platform.event("newCall", 0), platform.event("queued", 12), platform.event("answer", 30))
        assert platform.tell(*events).queue_seconds == 18

    def test_seconds_of_waiting_stand_for_the_queue(self, exchange: Exchange):
        platform = Platform(exchange, QUEUES)
        call = platform.tell(platform.event("newCall", 0), platform.event("answer", 30, wait_seconds=7))
        assert call.queue_seconds == 7

    def test_nobody_named_is_nobody(self, platform: Platform):
        call = platform.tell(platform.event("newCall", 0), platform.event("answer", 9))
        assert (call.state, call.staff_id) == ("TALKING", None)

    def test_hung_up_in_the_menu_is_not_missed(self, exchange: Exchange):
        platform = Platform(exchange, QUEUES)
        call = platform.tell(platform.event("newCall", 0), platform.event("hangup", 40, cause="cancel"))
        assert call.end_reason == "abandoned_ivr"
        assert known(call)["callbacks"] == []

    def test_hung_up_at_once_is_not_missed(self, platform: Platform):
        call = platform.tell(platform.event("newCall", 0), platform.event("hangup", 3, cause="cancel"))
        assert call.end_reason == "short_abandon" and known(call)["callbacks"] == []

    def test_hangup_alone_is_a_missed_call_by_its_cause(self, platform: Platform):
        call = platform.tell(platform.event("hangup", 40, cause="noAnswer"))
        assert known(call)["callbacks"] == ["missed"]

    def test_missed_and_answered_when_they_ring_again_need_not_be_called_back(self, platform: Platform):
        platform.tell(platform.event("newCall", 0), platform.event("hangup", 60, cause="cancel"))
        again = {"call_id": "session-2"}
        platform.tell(
            platform.event("newCall", 90, **again), platform.event("answer", 99, staff_id=platform.agent, **again)
        )
        row = db.session.scalars(select(Callback).execution_options(populate_existing=True)).one()
        assert (row.outcome, row.taken_by) == ("called_again", platform.agent)

    def test_missed_call_makes_one_callback_however_often_they_ring(self, platform: Platform):
        for number in range(3):
            platform.tell(
                platform.event("newCall", 0, call_id=f"s{number}"),
                platform.event("hangup", 30, call_id=f"s{number}", cause="cancel"),
            )
        assert len(db.session.scalars(select(Callback)).all()) == 1

    def test_operator_who_reaches_them_has_called_them_back(self, platform: Platform, exchange: Exchange):
        platform.tell(platform.event("newCall", 0), platform.event("hangup", 30, cause="noAnswer"))
        exchange.wait(600)
        out = {"direction": "out", "call_id": "session-2", "staff_id": platform.agent}
        platform.tell(platform.event("newCall", 500, **out))
        platform.tell(platform.event("hangup", 530, cause="noAnswer", **out))
        assert known(platform.tell(platform.event("dequeued", 31)))["callbacks"] == ["missed"]
        out["call_id"] = "session-3"
        platform.tell(platform.event("answer", 560, **out), platform.event("hangup", 590, **out))
        assert [row.outcome for row in db.session.scalars(select(Callback))] == ["reached"]

    def test_answer_that_is_told_late_withdraws_the_callback(self, platform: Platform, exchange: Exchange):
        platform.tell(platform.event("newCall", 0), platform.event("hangup", 60, cause="normalClearing"))
        call = platform.tell(platform.event("answer", 10, staff_id=platform.agent))
        assert call.end_reason == "completed" and call.talk_seconds == 50
        assert db.session.scalars(select(Callback)).all() == []
        assert exchange.seat("operator").state == "wrap_up"

    def test_withheld_number_is_none(self, platform: Platform):
        call = platform.tell(platform.event("newCall", 0, phone=""), platform.event("hangup", 60, phone=""))
        assert call.phone_hash is None and db.session.get(Contact, call.ticket_id) is None

    def test_number_in_the_name_of_a_call_is_not_kept(self, platform: Platform):
        call = platform.tell(platform.event("newCall", 0, call_id="20261127-13800138000-7"))
        again = platform.tell(platform.event("hangup", 30, call_id="20261127-13800138000-7"))
        assert call.id == again.id and "138" not in call.provider_sid[:6] and call.provider_sid.startswith("h:")


class TestSeats:
    def test_follow_the_platform(self, platform: Platform, exchange: Exchange):
        exchange.sit("operator")
        call = platform.tell(platform.event("newCall", 0), platform.event("ringing", 3, staff_id=platform.agent))
        assert (exchange.seat().state, exchange.seat().call_id) == ("offered", call.id)
        platform.tell(platform.event("answer", 6, staff_id=platform.agent))
        assert exchange.seat().state == "on_call"
        platform.tell(platform.event("hangup", 30))
        assert exchange.seat().state == "wrap_up"
        exchange.wait(61)
        exchange.seat().seen_at = exchange.city.now
        seating.sweep(exchange.city.now)
        assert exchange.seat().state == "ready"

    def test_one_who_rang_and_was_not_meant_is_ready_again(self, platform: Platform, exchange: Exchange):
        exchange.sit("operator")
        platform.tell(platform.event("newCall", 0), platform.event("ringing", 3, staff_id=platform.agent))
        platform.tell(platform.event("answer", 6, staff_id=platform.other))
        assert (exchange.seat().state, exchange.seat("operator2").state) == ("ready", "on_call")

    def test_next_call_ends_one_whose_end_was_not_told(self, platform: Platform, exchange: Exchange):
        platform.tell(platform.event("answer", 0, staff_id=platform.agent))
        second = platform.tell(platform.event("answer", 50, staff_id=platform.agent, call_id="session-2"))
        assert exchange.seat().call_id == second.id

    def test_state_told_late_changes_nothing(self, platform: Platform, exchange: Exchange):
        seat = exchange.sit("operator")
        pushed.agent_state(exchange.city.now, platform.agent, "break", seat.since - timedelta(seconds=1))
        assert exchange.seat().state == "ready"
        exchange.wait(5)
        pushed.agent_state(exchange.city.now, platform.agent, "break", exchange.city.now)
        assert exchange.seat().state == "break"
        pushed.agent_state(exchange.city.now, platform.agent, "sleeping", exchange.city.now)
        assert exchange.seat().state == "break"

    def test_we_offer_nobody_a_call_that_is_not_ours(self, platform: Platform, exchange: Exchange):
        exchange.sit("operator")
        assert platform.tell(platform.event("newCall", 0)).state == "QUEUED"
        assert offering.assign(exchange.city.now) == 0


class TestTidying:
    def test_draft_goes_when_nothing_more_is_to_come(self, exchange: Exchange):
        platform = Platform(exchange, QUEUES)
        call = platform.tell(platform.event("newCall", 0), platform.event("hangup", 10, cause="cancel"))
        assert arriving.drop_drafts(exchange.city.now) == 0
        exchange.wait(3600)
        assert arriving.drop_drafts(exchange.city.now) == 1
        assert db.session.get_one(Ticket, call.ticket_id).state == "DISCARDED"

    def test_call_of_which_nothing_more_is_heard_ends(self, platform: Platform, exchange: Exchange):
        call = platform.tell(platform.event("newCall", 0), platform.event("answer", 5, staff_id=platform.agent))
        exchange.wait(5 * 3600)
        assert pushed.tidy(exchange.city.now) == 1
        assert (call.state, exchange.seat().state) == ("ENDED", "wrap_up")

    def test_no_fact_is_made_of_what_says_nothing(self, platform: Platform):
        call = platform.tell(platform.event("dequeued", 3), platform.event("recording", 4))
        assert call.facts == [] and call.state == "NEW"
