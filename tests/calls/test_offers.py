"""Waiting calls and ready seats: who gets whom, and what a race, a pause or a broken line does to it."""

from datetime import timedelta

import pytest
from exchange import CALLER, Exchange
from sqlalchemy import select

from calls import arriving, offering, seating, talking
from calls.models import Call, Callback, Effect, Offer, SeatSpan
from db import db
from tickets import errors
from tickets.event_models import TicketEvent
from tickets.models import Contact, Ticket


class TestRinging:
    def test_told_again_it_is_the_same_call_with_one_draft(self, exchange: Exchange):
        first = exchange.ring()
        exchange._sids -= 1
        again = exchange.ring()
        assert again.id == first.id and again.ticket_id == first.ticket_id and len(again.facts) == 1

    def test_draft_holds_the_number_sealed_and_nobody_sees_it(self, exchange: Exchange):
        call = exchange.ring()
        ticket = db.session.get_one(Ticket, call.ticket_id)
        contact = db.session.get_one(Contact, call.ticket_id)
        assert (ticket.state, ticket.channel, ticket.rooms, ticket.registered_by) == ("DRAFT", "phone", [], None)
        assert exchange.city.vault.open_contact(contact, "phone") == CALLER
        assert call.phone_hash == contact.phone_hash == exchange.city.vault.phone_hash("13800138000")

    def test_withheld_number_is_no_number(self, exchange: Exchange):
        call = exchange.ring(phone="")
        assert call.phone_hash is None and db.session.get(Contact, call.ticket_id) is None

    def test_number_stands_nowhere_but_in_the_contact(self, exchange: Exchange):
        call = exchange.talk()
        arriving.end(call, exchange.city.now, exchange.city.now)
        db.session.flush()
        for event in db.session.scalars(select(TicketEvent)):
            assert "13800138000" not in str(event.payload)
        for effect in db.session.scalars(select(Effect)):
            assert "138" not in str(effect.payload)


class TestAssigning:
    def test_longest_idle_gets_the_oldest_call(self, exchange: Exchange):
        exchange.sit("operator2")
        exchange.wait(5)
        exchange.sit("operator")
        older = exchange.queue()
        exchange.wait(1)
        exchange.queue("+8613800138001")
        first, second = exchange.assign()
        assert (first.call_id, exchange.login_of(first.staff_id)) == (older.id, "operator2")
        assert exchange.login_of(second.staff_id) == "operator"
        assert exchange.seat("operator").state == "offered"

    def test_nobody_is_offered_two_calls_and_no_call_twice(self, exchange: Exchange):
        exchange.sit("operator")
        exchange.queue()
        exchange.queue("+8613800138001")
        assert len(exchange.assign()) == 1 == len(exchange.assign())

    def test_last_operator_of_this_caller_is_asked_first_for_a_while(self, exchange: Exchange):
        call = exchange.talk("operator2")
        arriving.end(call, exchange.city.now, exchange.city.now)
        exchange.sit("operator")
        exchange.wait(1)
        exchange.sit("operator2")
        again = exchange.queue()
        assert again.wanted_staff_id == exchange.who("operator2").id
        [offer] = exchange.assign()
        assert exchange.login_of(offer.staff_id) == "operator2"

    def test_language_is_insisted_on_for_a_while(self, exchange: Exchange):
        exchange.sit("operator")
        exchange.sit("operator2", "en")
        seating.pause(exchange.who("operator2"), exchange.city.now, "operator2", "rest")
        call = self.english(exchange)
        assert call.lang == "en" and exchange.assign() == []
        exchange.wait(30)
        seating.ready(exchange.who("operator2"), exchange.city.now, "operator2")
        [offer] = exchange.assign()
        assert exchange.login_of(offer.staff_id) == "operator2"
        offering.decline(exchange.who("operator2"), exchange.city.now, offer.id, "operator2")
        assert exchange.assign() == []
        exchange.wait(31)
        seating.beat(exchange.who("operator"), exchange.city.now, "operator")
        [offer] = exchange.assign()
        assert exchange.login_of(offer.staff_id) == "operator"

    def english(self, exchange: Exchange) -> Call:
        call = exchange.ring()
        arriving.choose(call, exchange.city.now, exchange.city.now, "8")
        arriving.enqueue(call, exchange.city.now, exchange.city.now)
        return call

    def test_nobody_waits_for_a_skill_that_nobody_on_duty_has(self, exchange: Exchange):
        exchange.sit("operator2", "en")
        seating.leave(exchange.who("operator2"), exchange.city.now, "operator2")
        exchange.sit("operator")
        call = self.english(exchange)
        [offer] = exchange.assign()
        assert (offer.call_id, exchange.login_of(offer.staff_id)) == (call.id, "operator")

    def test_of_several_skills_those_are_insisted_on_that_somebody_has(self, exchange: Exchange):
        exchange.sit("operator")
        exchange.sit("operator2", "en")
        call = self.english(exchange)
        call.skills = ["night", "en"]
        [offer] = exchange.assign()
        assert exchange.login_of(offer.staff_id) == "operator2"

    def test_seat_whose_page_is_silent_gets_none(self, exchange: Exchange):
        exchange.sit("operator")
        exchange.wait(46)
        exchange.queue()
        assert exchange.assign() == []
        assert seating.sweep(exchange.city.now) == 1
        assert (exchange.seat().state, exchange.seat().reason) == ("offline", "lost")


class TestTaking:
    def test_accepting_gives_the_draft_to_the_operator(self, exchange: Exchange):
        exchange.sit()
        call = exchange.queue()
        [offer] = exchange.assign()
        exchange.accept(offer)
        ticket = db.session.get_one(Ticket, call.ticket_id, populate_existing=True)
        assert ticket.registered_by == exchange.who("operator").id
        assert ticket.rooms == [f"staff:{ticket.registered_by}"]
        assert call.state == "CONNECTING"

    def test_second_click_is_answered_the_same(self, exchange: Exchange):
        exchange.sit()
        exchange.queue()
        [offer] = exchange.assign()
        assert exchange.accept(offer).accepted_at == exchange.accept(offer).accepted_at

    def test_too_late(self, exchange: Exchange):
        exchange.sit()
        exchange.queue()
        [offer] = exchange.assign()
        exchange.wait(18)
        with pytest.raises(errors.NotNow):
            exchange.accept(offer)

    def test_another_window_may_not(self, exchange: Exchange):
        exchange.sit()
        exchange.queue()
        [offer] = exchange.assign()
        with pytest.raises(errors.Stale):
            offering.accept(exchange.who("operator"), exchange.city.now, offer.id, "other window")

    def test_nor_another_person(self, exchange: Exchange):
        exchange.sit()
        exchange.queue()
        [offer] = exchange.assign()
        exchange.sit("operator2")
        with pytest.raises(errors.NotFound):
            offering.accept(exchange.who("operator2"), exchange.city.now, offer.id, "operator2")

    def test_offer_that_runs_out_costs_the_seat_its_turn_and_not_the_caller_his_place(self, exchange: Exchange):
        exchange.sit()
        call = exchange.queue()
        queued = call.queued_at
        exchange.assign()
        exchange.wait(19)
        assert offering.run_out(exchange.city.now) == 1
        assert (exchange.seat().state, exchange.seat().reason) == ("break", "no_answer")
        assert (call.state, call.queued_at, call.tries) == ("QUEUED", queued, 1)
        assert offering.run_out(exchange.city.now) == 0

    def test_line_that_never_comes(self, exchange: Exchange):
        exchange.sit()
        call = exchange.queue()
        [offer] = exchange.assign()
        exchange.accept(offer)
        exchange.wait(11)
        offering.run_out(exchange.city.now)
        assert (exchange.seat().state, exchange.seat().reason) == ("break", "device")
        assert call.state == "QUEUED"

    def test_caller_who_gives_up_costs_nobody_a_turn(self, exchange: Exchange):
        exchange.sit()
        call = exchange.queue()
        [offer] = exchange.assign()
        exchange.wait(8)
        arriving.end(call, exchange.city.now, exchange.city.now)
        assert exchange.seat().state == "ready" and offer.state == "gone"
        assert call.end_reason == "abandoned_queue"

    def test_caller_gone_while_the_line_was_coming(self, exchange: Exchange):
        exchange.sit()
        call = exchange.queue()
        [offer] = exchange.assign()
        exchange.connect(exchange.accept(offer))
        assert exchange.owed(call) == [f"bring_caller:1:{offer.id}"] and exchange.seat().state == "on_call"
        arriving.end(call, exchange.city.now, exchange.city.now)
        assert exchange.seat().state == "ready"


class TestAfterwards:
    def test_talk_ends_in_work_on_it_and_then_in_the_next_call(self, exchange: Exchange):
        call = exchange.talk()
        exchange.wait(40)
        arriving.end(call, exchange.city.now, exchange.city.now)
        assert (exchange.seat().state, exchange.seat().call_id) == ("wrap_up", call.id)
        assert call.talk_seconds == 40
        for _ in range(7):
            exchange.wait(10)
            seating.beat(exchange.who("operator"), exchange.city.now, "operator")
        seating.sweep(exchange.city.now)
        assert exchange.seat().state == "ready"
        spans = db.session.scalars(select(SeatSpan).order_by(SeatSpan.id)).all()
        assert [span.state for span in spans] == ["ready", "offered", "on_call", "wrap_up", "ready"]
        assert all(span.ended_at == after.began_at for span, after in zip(spans, spans[1:], strict=False))

    def test_missed_caller_is_to_be_called_back_once_a_number(self, exchange: Exchange):
        for _ in range(2):
            call = exchange.queue()
            exchange.wait(30)
            arriving.end(call, exchange.city.now, exchange.city.now)
            arriving.end(call, exchange.city.now + timedelta(seconds=1), exchange.city.now)
        [row] = db.session.scalars(select(Callback)).all()
        assert row.reason == "missed" and row.due_at - row.asked_at == timedelta(minutes=30)
        assert db.session.get_one(Ticket, row.ticket_id, populate_existing=True).state == "DRAFT"

    def test_draft_of_a_call_that_came_to_nothing_goes(self, exchange: Exchange):
        call, missed = exchange.ring(), exchange.queue("+8613800138001")
        exchange.wait(30)
        for one in (call, missed):
            arriving.end(one, exchange.city.now, exchange.city.now)
        assert arriving.drop_drafts(exchange.city.now) == 0
        exchange.wait(1801)
        assert arriving.drop_drafts(exchange.city.now) == 1 and arriving.drop_drafts(exchange.city.now) == 0
        found = [db.session.get_one(Ticket, one.ticket_id, populate_existing=True) for one in (call, missed)]
        assert [ticket.state for ticket in found] == ["DISCARDED", "DRAFT"]

    def test_operator_who_drops_out_has_a_moment_to_come_back(self, exchange: Exchange):
        call = exchange.talk()
        label = exchange.label(call)
        talking.left(call, label, 1, exchange.city.now, exchange.city.now)
        exchange.wait(10)
        assert talking.take_up_dropped(exchange.city.now) == 0
        talking.joined(call, label, 1, exchange.city.now, exchange.city.now)
        exchange.wait(20)
        assert talking.take_up_dropped(exchange.city.now) == 0 and call.state == "TALKING"

    def test_and_after_it_the_caller_comes_before_all_others(self, exchange: Exchange):
        call = exchange.talk()
        exchange.queue("+8613800138001")
        talking.left(call, exchange.label(call), 1, exchange.city.now, exchange.city.now)
        exchange.wait(16)
        assert talking.take_up_dropped(exchange.city.now) == 1
        assert (call.state, call.epoch) == ("QUEUED", 2) and "send_caller:queue:1" in exchange.owed(call)
        exchange.sit("operator2")
        [offer] = exchange.assign()
        assert (offer.call_id, offer.epoch) == (call.id, 2)
        exchange.accept(offer)
        ticket = db.session.get_one(Ticket, call.ticket_id, populate_existing=True)
        assert ticket.registered_by == exchange.who("operator2").id

    def test_hanging_up_asks_how_it_was(self, exchange: Exchange):
        call = exchange.talk()
        talking.hang_up(exchange.who("operator"), exchange.city.now, call.id, "operator")
        talking.hang_up(exchange.who("operator"), exchange.city.now, call.id, "operator")
        assert [key for key in exchange.owed(call) if key.startswith("send_caller")] == ["send_caller:survey:1"]
        assert all(one.state != "pending" for one in db.session.scalars(select(Offer)))
