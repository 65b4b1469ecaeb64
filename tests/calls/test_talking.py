"""In the talking room: nobody is left there alone, and no seat is tied to a talk that it has handed over."""

from exchange import Exchange
from sqlalchemy import select

from calls import arriving, keeping, offering, seating, talking
from calls.models import Call, CallLeg, Offer
from db import db
from routing import service as routing


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
