"""In the talking room: nobody is left there alone, and no seat is tied to a talk that it has handed over."""

from exchange import Exchange
from sqlalchemy import select

from calls import arriving, keeping, offering, seating, talking
from calls.models import Call, Callback, CallLeg, Offer
from db import db
from routing import service as routing
from tickets.event_models import TicketEvent


def bring_department(exchange: Exchange, call: Call) -> CallLeg:
    """A department that the operator has rung is in the room; the caller is still on hold."""
    unit = routing.current().units["9901.heat"]
    leg = talking.consult(exchange.who("operator"), exchange.city.now, call.id, "operator", unit.id)
    talking.held(call, 1, exchange.city.now, exchange.city.now, on=True)
    exchange.wait(5)
    talking.joined(call, leg.label, 1, exchange.city.now, exchange.city.now)
    return leg


def hand_over(exchange: Exchange, call: Call) -> CallLeg:
    """The operator leaves the caller to the department."""
    leg = bring_department(exchange, call)
    talking.hang_up(exchange.who("operator"), exchange.city.now, call.id, "operator")
    exchange.wait(1)
    talking.left(call, exchange.label(call), 1, exchange.city.now, exchange.city.now)
    return leg


class TestHandedOver:
    def test_seat_is_free_for_the_next_call_while_the_department_talks_on(self, exchange: Exchange):
        call = exchange.talk()
        hand_over(exchange, call)
        assert exchange.seat().state == "wrap_up" and call.state == "TALKING"
        seating.ready(exchange.who("operator"), exchange.city.now, "operator")
        following = exchange.queue("+8613800138001")
        [offer] = exchange.assign()
        assert offer.call_id == following.id and exchange.seat().state == "offered"

    def test_and_holds_up_nobody_elses_calls(self, exchange: Exchange):
        call = exchange.talk()
        hand_over(exchange, call)
        seating.ready(exchange.who("operator"), exchange.city.now, "operator")
        exchange.wait(1)
        exchange.sit("operator2")
        exchange.queue("+8613800138001")
        exchange.queue("+8613800138002")
        assert len(exchange.assign()) == 2

    def test_end_of_the_talk_leaves_the_seat_in_its_next_one(self, exchange: Exchange):
        call = exchange.talk()
        hand_over(exchange, call)
        seating.ready(exchange.who("operator"), exchange.city.now, "operator")
        following = exchange.queue("+8613800138001")
        [offer] = exchange.assign()
        exchange.connect(exchange.accept(offer))
        arriving.end(keeping.lock(call.id), exchange.city.now, exchange.city.now)
        assert (exchange.seat().state, exchange.seat().call_id) == ("on_call", following.id)

    def test_caller_on_hold_is_let_back_to_the_department(self, exchange: Exchange):
        call = exchange.talk()
        bring_department(exchange, call)
        talking.hang_up(exchange.who("operator"), exchange.city.now, call.id, "operator")
        assert any(key.startswith("unhold:") for key in exchange.owed(call))

    def test_caller_whom_the_department_leaves_is_not_left_alone(self, exchange: Exchange):
        call = exchange.talk()
        leg = hand_over(exchange, call)
        assert "send_caller:survey:1" not in exchange.owed(call)
        exchange.wait(60)
        talking.left(call, leg.label, 1, exchange.city.now, exchange.city.now)
        assert "send_caller:survey:1" in exchange.owed(call)

    def test_nor_where_the_department_goes_in_the_moment_of_handing_over(self, exchange: Exchange):
        call = exchange.talk()
        leg = bring_department(exchange, call)
        talking.hang_up(exchange.who("operator"), exchange.city.now, call.id, "operator")
        talking.left(call, leg.label, 1, exchange.city.now, exchange.city.now)
        assert "send_caller:survey:1" not in exchange.owed(call)
        talking.left(call, exchange.label(call), 1, exchange.city.now, exchange.city.now)
        assert "send_caller:survey:1" in exchange.owed(call)
        assert [one.state for one in db.session.scalars(select(Offer))] == ["over"]
        assert offering.assign(exchange.city.now) == 0


class TestLinesThatBreak:
    def test_caller_in_the_room_goes_back_where_the_operators_line_never_came(self, exchange: Exchange):
        exchange.sit()
        call = exchange.queue()
        [offer] = exchange.assign()
        exchange.accept(offer)
        now = exchange.city.now
        leg = offering.connect(now, offer.id, offer.staff_id, "twilio", "CA" + "9" * 32)
        assert leg is not None
        talking.joined(call, talking.CALLER, 1, now, now)
        exchange.wait(3)
        talking.left(call, leg.label, 1, exchange.city.now, exchange.city.now)
        assert (call.state, call.epoch, exchange.seat().state) == ("QUEUED", 2, "break")
        assert "send_caller:queue:1" in exchange.owed(call)

    def test_page_loaded_anew_before_the_caller_came_costs_no_turn(self, exchange: Exchange):
        exchange.sit()
        call = exchange.queue()
        [offer] = exchange.assign()
        exchange.connect(exchange.accept(offer))
        first = exchange.label(call)
        exchange.connect(offer)
        talking.left(call, first, 1, exchange.city.now, exchange.city.now)
        assert (call.state, exchange.seat().state) == ("CONNECTING", "on_call")

    def test_next_room_goes_by_another_name_at_the_carriers(self, exchange: Exchange):
        call = exchange.talk()
        call.conference_sid = "CF" + "1" * 32
        talking.left(call, exchange.label(call), 1, exchange.city.now, exchange.city.now)
        exchange.wait(16)
        assert talking.take_up_dropped(exchange.city.now) == 1
        assert call.conference_sid is None

    def test_one_who_comes_after_the_end_is_let_go_too(self, exchange: Exchange):
        call = exchange.talk()
        arriving.end(call, exchange.city.now, exchange.city.now)
        closed = [key for key in exchange.owed(call) if key.startswith("hang_up:")]
        talking.joined(call, "op-1-99", 1, exchange.city.now, exchange.city.now)
        again = [key for key in exchange.owed(call) if key.startswith("hang_up:")]
        assert len(closed) == 1 and len(again) == 2


class TestToldLate:
    def test_talk_told_of_after_the_end_is_no_missed_call(self, exchange: Exchange):
        exchange.sit()
        call = exchange.queue()
        [offer] = exchange.assign()
        exchange.accept(offer)
        leg = offering.connect(exchange.city.now, offer.id, offer.staff_id, "twilio", "CA" + "9" * 32)
        assert leg is not None
        begun = exchange.city.now
        exchange.wait(60)
        arriving.end(call, exchange.city.now, exchange.city.now)
        assert call.end_reason == "abandoned_queue"
        assert db.session.scalars(select(Callback.reason)).all() == ["missed"]
        for label in (leg.label, talking.CALLER):
            talking.joined(call, label, 1, begun, exchange.city.now)
        assert call.end_reason == "completed" and db.session.scalars(select(Callback)).all() == []

    def test_but_one_that_is_being_rung_stays(self, exchange: Exchange):
        call = exchange.queue()
        exchange.wait(60)
        arriving.end(call, exchange.city.now, exchange.city.now)
        db.session.scalars(select(Callback)).one().attempts = 1
        arriving.not_missed(call)
        assert len(db.session.scalars(select(Callback)).all()) == 1


def test_queue_is_not_full_for_one_who_has_talked_meanwhile(exchange: Exchange):
    call = exchange.talk()
    exchange.wait(1200)
    talking.left(call, exchange.label(call), 1, exchange.city.now, exchange.city.now)
    exchange.wait(16)
    talking.take_up_dropped(exchange.city.now)
    assert call.state == "QUEUED" and not arriving.is_full(exchange.city.now)
    exchange.wait(660)
    assert arriving.is_full(exchange.city.now)


def test_keyed_in_number_does_not_outlive_the_call(exchange: Exchange):
    call = exchange.ring()
    call.asked_number = "110101199003070000"
    arriving.end(call, exchange.city.now, exchange.city.now)
    assert call.asked_number is None


class TestNews:
    def test_of_a_talk_reaches_the_page_of_whoever_talks(self, exchange: Exchange):
        call = exchange.talk()
        talking.held(call, 1, exchange.city.now, exchange.city.now, on=True)
        db.session.flush()
        told = select(TicketEvent.rooms_after).where(
            TicketEvent.subject == "call", TicketEvent.subject_id == call.id, TicketEvent.kind == "call.noted"
        )
        rooms = db.session.scalars(told.order_by(TicketEvent.id)).all()
        assert rooms[0] == ["calls"] and rooms[-1] == ["calls", f"staff:{exchange.who('operator').id}"]
