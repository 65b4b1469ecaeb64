"""Who is called back: nobody twice for the same, and no message is left unheard."""

import pytest
from exchange import CALLER, Exchange
from sqlalchemy import select

from calls import arriving, outgoing, recordings
from calls.models import Call, Callback, Voicemail
from db import db
from tickets import errors
from tickets.models import Ticket


def leave_message(exchange: Exchange, phone: str = CALLER) -> Call:
    call = exchange.ring(phone)
    exchange.wait(10)
    arriving.begin_voicemail(call, exchange.city.now, exchange.city.now)
    exchange.wait(20)
    arriving.end(call, exchange.city.now, exchange.city.now)
    return call


def owed() -> dict[int, str]:
    rows = db.session.execute(select(Callback.call_id, Callback.reason).order_by(Callback.id))
    return {row.call_id: row.reason for row in rows}


def test_every_message_of_a_number_is_to_be_heard(exchange: Exchange):
    first, second = leave_message(exchange), leave_message(exchange)
    assert owed() == {first.id: "voicemail", second.id: "voicemail"}


def test_so_is_one_after_a_missed_call(exchange: Exchange):
    missed = exchange.queue()
    exchange.wait(60)
    arriving.end(missed, exchange.city.now, exchange.city.now)
    message = leave_message(exchange)
    arriving.begin_voicemail(message, exchange.city.now, exchange.city.now)
    assert owed() == {missed.id: "missed", message.id: "voicemail"}


def test_and_one_of_a_withheld_number_which_cannot_be_rung(exchange: Exchange):
    call = leave_message(exchange, phone="")
    assert owed() == {call.id: "voicemail"}
    exchange.wait(3600)
    assert arriving.drop_drafts(exchange.city.now) == 0
    assert db.session.get_one(Ticket, call.ticket_id).state == "DRAFT"
    exchange.sit()
    callback = db.session.scalars(select(Callback.id)).one()
    operator, now = exchange.who("operator"), exchange.city.now
    with pytest.raises(errors.NotNow):
        outgoing.call_back(operator, now, callback, "operator", "twilio")
    assert outgoing.give_up(operator, now, callback, "done_otherwise").closed_at == now


def test_a_withheld_number_that_gives_up_waiting_is_not_owed_anything(exchange: Exchange):
    call = exchange.queue(phone="")
    exchange.wait(60)
    arriving.end(call, exchange.city.now, exchange.city.now)
    assert call.end_reason == "abandoned_queue" and owed() == {}


def missed(exchange: Exchange) -> Call:
    call = exchange.queue()
    exchange.wait(60)
    arriving.end(call, exchange.city.now, exchange.city.now)
    return call


def only() -> Callback:
    return db.session.scalars(select(Callback).execution_options(populate_existing=True)).one()


class TestMessageOfNothing:
    def told(self, exchange: Exchange, call: Call, status: str, seconds: int | None) -> bool:
        now = exchange.city.now
        recordings.heard_of(call, "voicemail", "twilio", f"RE{call.id:032x}", status, seconds, now, now)
        return self.is_empty(exchange, call)

    def is_empty(self, exchange: Exchange, call: Call) -> bool:
        return recordings.is_empty(db.session.get_one(Voicemail, call.id), call, exchange.city.now)

    @pytest.mark.parametrize(("status", "seconds"), [("completed", 0), ("absent", None)])
    def test_waits_for_no_sound(self, exchange: Exchange, status: str, seconds: int | None):
        call = leave_message(exchange)
        assert not self.is_empty(exchange, call)
        assert self.told(exchange, call, status, seconds)
        assert not any(key.startswith("fetch_recording") for key in exchange.owed(call))

    def test_of_which_nothing_is_told_ends_so_after_a_while(self, exchange: Exchange):
        call = leave_message(exchange)
        exchange.wait(14 * 60)
        assert not self.is_empty(exchange, call)
        exchange.wait(2 * 60)
        assert self.is_empty(exchange, call)
        assert not self.told(exchange, call, "completed", 12), "told very late"

    @pytest.mark.parametrize("seconds", [3, None])
    def test_with_words_in_it_is_fetched(self, exchange: Exchange, seconds: int | None):
        call = leave_message(exchange)
        assert not self.told(exchange, call, "completed", seconds)
        assert any(key.startswith("fetch_recording") for key in exchange.owed(call))


class TestWhoAsksAfterBeingMissed:
    def ask(self, exchange: Exchange) -> Call:
        exchange.wait(300)
        call = exchange.queue()
        assert arriving.want_callback(call, exchange.city.now, exchange.city.now)
        return call

    def test_the_wish_takes_the_place_of_the_missed_call(self, exchange: Exchange):
        missed(exchange)
        call = self.ask(exchange)
        row = only()
        assert (row.call_id, row.ticket_id, row.reason) == (call.id, call.ticket_id, "asked")
        assert row.asked_at == exchange.city.now < row.due_at

    def test_while_somebody_rings_them_the_row_keeps_its_ticket(self, exchange: Exchange):
        first = missed(exchange)
        exchange.sit()
        operator, now = exchange.who("operator"), exchange.city.now
        outgoing.call_back(operator, now, only().id, "operator", "twilio")
        self.ask(exchange)
        assert (only().ticket_id, only().reason) == (first.ticket_id, "asked")

    def test_an_older_wish_keeps_its_time(self, exchange: Exchange):
        first = self.ask(exchange)
        asked_at = only().asked_at
        self.ask(exchange)
        assert (only().call_id, only().asked_at) == (first.id, asked_at)


class TestWhoRingsAgainAndIsAnswered:
    def test_is_not_called_back(self, exchange: Exchange):
        missed(exchange)
        exchange.wait(60)
        exchange.talk()
        row = only()
        assert (row.outcome, row.closed_at) == ("called_again", exchange.city.now)
        assert row.taken_by == exchange.who("operator").id
        assert outgoing.waiting(exchange.city.now) == []

    def test_by_another_number_is_no_news_of_this_one(self, exchange: Exchange):
        missed(exchange)
        exchange.talk(phone="+8613800138001")
        assert only().closed_at is None

    def test_a_message_is_to_be_heard_all_the_same(self, exchange: Exchange):
        leave_message(exchange)
        exchange.talk()
        assert only().closed_at is None


class TestRingingTheCallerOfATicket:
    def test_who_may_be_shown_the_number_may_dial_it(self, exchange: Exchange):
        ticket_id = exchange.city.waiting("operator")
        exchange.sit()
        operator, now = exchange.who("operator"), exchange.city.now
        call = outgoing.call_caller(operator, now, ticket_id, "operator", "twilio").call
        assert (call.ticket_id, call.direction, call.purpose) == (ticket_id, "out", "ticket")

    def test_who_does_not_see_the_ticket_may_not(self, exchange: Exchange):
        ticket_id = exchange.city.waiting("operator")
        exchange.sit("operator2")
        other, now = exchange.who("operator2"), exchange.city.now
        with pytest.raises(errors.NotFound):
            outgoing.call_caller(other, now, ticket_id, "operator2", "twilio")
        assert db.session.scalars(select(Call)).all() == []
