"""重办. A matter that its citizen calls unsolved goes back to the unit, as often as the city has set."""

from datetime import timedelta

import pytest
from scenes import ASSIST, ASSIST_LOGIN, LEAD, LEAD_LOGIN, OTHER, City
from sqlalchemy import select, update

from db import db
from routing.models import CitySetting, Department, Policy
from tickets import clocks, errors, figures, queries, service
from tickets.figures import Behind, Span
from tickets.models import FollowUp, Rating
from tickets.permissions import SYSTEM, caller_of


def unsolved(city: City, ticket_id: int, satisfied: int = 1) -> None:
    service.rate(caller_of(ticket_id), city.now, ticket_id, False, satisfied, "还是坏的")


def reply_again(city: City, ticket_id: int) -> None:
    """The unit signs and replies."""
    unit, part = city.who(LEAD_LOGIN), city.parts(ticket_id)[-1]
    service.sign(unit, city.later(hours=1), ticket_id, part.id)
    service.reply(unit, city.now, ticket_id, part.id, city.account("又修了一次。", "内部：已核实。"))


def do_again(city: City, ticket_id: int) -> None:
    """And the reply is accepted."""
    reply_again(city, ticket_id)
    service.accept(city.who("supervisor"), city.now, ticket_id)


class TestByTheCitizen:
    def test_it_is_rated_and_begins_another_round_with_the_same_unit(self, city: City):
        ticket_id = city.accepted()
        unsolved(city, ticket_id)
        ticket, [old, new] = city.ticket(ticket_id), city.parts(ticket_id)
        assert (ticket.state, ticket.round, ticket.redos, ticket.closed_at) == ("IN_PROGRESS", 2, 1, None)
        assert (old.state, old.round, new.state, new.round) == ("DONE", 1, "PENDING_SIGN", 2)
        assert (new.department_id, new.role) == (city.unit(LEAD), "lead")
        last = city.events(ticket_id)[-3:]
        assert [event.kind for event in last] == ["ticket.rated", "ticket.redone", "ticket.dispatched"]
        assert last[-1].payload == {"lead": city.unit(LEAD), "round": 2}
        rating = db.session.scalars(select(Rating).where(Rating.ticket_id == ticket_id)).one()
        assert (rating.solved, rating.satisfied, rating.round) == (False, 1, 1)

    def test_its_clock_is_that_of_another_time(self, city: City):
        ticket_id = city.accepted()
        unsolved(city, ticket_id)
        clocks = {row.clock: row.limit for row in city.clocks(ticket_id)}
        assert clocks.keys() == {"sign", "contact", "redo"} and clocks["redo"] == "5wd"

    def test_without_a_limit_for_another_time_that_of_the_first_holds(self, city: City):
        db.session.execute(update(Policy).where(Policy.clock == "redo").values(is_active=False))
        db.session.info.clear()  # what a new unit of work begins with
        ticket_id = city.accepted()
        unsolved(city, ticket_id)
        assert {row.clock for row in city.clocks(ticket_id)} == {"sign", "contact", "handle"}

    def test_after_a_rejection_the_same_clock_goes_on(self, city: City):
        ticket_id = city.accepted()
        unsolved(city, ticket_id)
        reply_again(city, ticket_id)
        service.reject(city.who("supervisor"), city.now, ticket_id, "没有照片")
        assert {row.clock for row in city.clocks(ticket_id)} == {"redo"}

    def test_also_where_its_limit_was_ended_meanwhile_there_is_one(self, city: City):
        ticket_id = city.accepted()
        unsolved(city, ticket_id)
        reply_again(city, ticket_id)
        db.session.execute(update(Policy).where(Policy.clock == "redo").values(is_active=False))
        db.session.info.clear()
        service.reject(city.who("supervisor"), city.now, ticket_id, "没有照片")
        assert {row.clock for row in city.clocks(ticket_id)} == {"handle"}

    def test_after_the_last_round_it_is_closed(self, city: City):
        ticket_id = city.accepted()
        unsolved(city, ticket_id)
        assert city.ticket(ticket_id).redos == 1
        do_again(city, ticket_id)
        unsolved(city, ticket_id)
        above = city.parts(ticket_id)[-1]
        assert (city.ticket(ticket_id).redos, above.department_id) == (2, city.unit("990102.gov")), "one level up"
        head = city.who("lead-wanghe")
        service.sign(head, city.now, ticket_id, above.id)
        service.reply(head, city.now, ticket_id, above.id, city.account("区里督办修好。", "内部：已核实。"))
        service.accept(city.who("supervisor"), city.now, ticket_id)
        unsolved(city, ticket_id)
        ticket = city.ticket(ticket_id)
        assert (ticket.state, ticket.redos, ticket.closed_at) == ("CLOSED", 2, city.now)
        ratings = db.session.scalars(select(Rating.round).where(Rating.ticket_id == ticket_id)).all()
        assert sorted(ratings) == [1, 2, 3]

    def test_what_is_solved_is_closed_however_poor_it_was(self, city: City):
        ticket_id = city.accepted()
        service.rate(caller_of(ticket_id), city.now, ticket_id, True, 1)
        assert city.ticket(ticket_id).state == "CLOSED"

    def test_the_citizen_reads_until_when(self, city: City):
        ticket_id, code = city.from_web()
        city.accepted(ticket_id=ticket_id)
        unsolved(city, ticket_id)
        found = queries.public_status(city.ticket(ticket_id).number or "", code, city.vault)
        clock = city.clock(ticket_id, "redo", city.parts(ticket_id)[-1].id)
        assert found is not None and found.due_at == clock.due_at
        assert (found.replies, found.steps[-1].kind, found.has_ended) == ((), "ticket.dispatched", False)


    def test_the_latest_reply_is_read(self, city: City):
        ticket_id, code = city.from_web()
        city.accepted(ticket_id=ticket_id)
        unsolved(city, ticket_id)
        do_again(city, ticket_id)
        found = queries.public_status(city.ticket(ticket_id).number or "", code, city.vault)
        assert found is not None and [text for _, text in found.replies] == ["又修了一次。"]

    def test_a_word_on_an_earlier_round_comes_too_late(self, city: City):
        ticket_id = city.accepted()
        unsolved(city, ticket_id)
        do_again(city, ticket_id)
        with pytest.raises(errors.NotNow):
            service.rate(caller_of(ticket_id), city.now, ticket_id, False, 1, of_round=1)
        service.rate(caller_of(ticket_id), city.now, ticket_id, True, 3, of_round=2)
        assert city.ticket(ticket_id).state == "CLOSED"

    def test_where_the_unit_is_no_more_a_dispatcher_says_whose_it_is(self, city: City):
        ticket_id = city.accepted()
        db.session.execute(update(Department).where(Department.id == city.unit(LEAD)).values(is_active=False))
        db.session.info.clear()
        unsolved(city, ticket_id)
        assert city.ticket(ticket_id).state == "TO_DISPATCH"
        assert {row.clock for row in city.clocks(ticket_id)} == {"dispatch"}
        city.ticket(ticket_id).urgency = "urgent"
        assert [one["clock"] for one in clocks.follow_facts(city.ticket(ticket_id), city.now)] == ["dispatch"]
        service.dispatch(city.who("dispatcher"), city.now, ticket_id, city.unit(OTHER))
        assert {row.clock for row in city.clocks(ticket_id)} == {"sign", "contact", "redo"}

    def test_it_may_go_to_a_unit_that_did_its_part_before(self, city: City):
        ticket_id = city.signed(assists=(ASSIST,))
        helper = city.part(ticket_id, ASSIST)
        service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, helper.id)
        city.reply(ticket_id, ASSIST, ASSIST_LOGIN)
        city.reply(ticket_id)
        service.accept(city.who("supervisor"), city.now, ticket_id)
        unsolved(city, ticket_id)
        unit, part = city.who(LEAD_LOGIN), city.parts(ticket_id)[-1]
        service.sign(unit, city.now, ticket_id, part.id)
        city.ask_return(ticket_id, suggested=ASSIST)
        service.redispatch(city.who("dispatcher"), city.now, ticket_id, part.id, city.unit(ASSIST), "改派")
        new = city.parts(ticket_id)[-1]
        assert (new.department_id, new.role) == (city.unit(ASSIST), "lead")
        assert {row.clock for row in city.clocks(ticket_id)} == {"sign", "contact", "redo"}

    def test_the_last_of_two_words_counts_in_the_figures(self, city: City):
        ticket_id = city.accepted()
        unsolved(city, ticket_id)
        do_again(city, ticket_id)
        service.rate(caller_of(ticket_id), city.now, ticket_id, True, 3)
        db.session.flush()
        end = city.now + timedelta(days=1)
        span = Span(city.now - timedelta(days=1), end, end)
        names = ("rated", "solved", "satisfied", "so_so", "dissatisfied")
        assert [figures.count(Behind(name), span) for name in names] == [1, 1, 1, 0, 0]


class TestByAPerson:
    def test_whoever_follows_up_has_it_handled_again(self, city: City):
        ticket_id = city.accepted()
        service.redo(city.who("supervisor"), city.now, ticket_id, "市民说没有修")
        assert city.ticket(ticket_id).state == "IN_PROGRESS"
        [event] = [event for event in city.events(ticket_id) if event.kind == "ticket.redone"]
        assert event.payload["texts"] == {"redo_reason": 1}

    def test_for_a_reason(self, city: City):
        ticket_id = city.accepted()
        with pytest.raises(errors.Invalid) as refusal:
            service.redo(city.who("supervisor"), city.now, ticket_id, " ")
        assert refusal.value.values["fields"] == {"redo_reason": "missing"}

    def test_also_beyond_the_rounds_that_happen_by_themselves(self, city: City):
        db.session.execute(update(CitySetting).where(CitySetting.key == "redo_rounds").values(value=0))
        db.session.info.clear()
        ticket_id = city.accepted()
        service.redo(city.who("supervisor"), city.now, ticket_id, "市民说没有修")
        assert (city.ticket(ticket_id).state, city.ticket(ticket_id).redos) == ("IN_PROGRESS", 0)


class TestAsking:
    def test_a_try_is_kept_and_makes_no_form_stale(self, city: City):
        ticket_id = city.accepted()
        version = city.ticket(ticket_id).version
        service.asked(city.now, ticket_id, 1, "no_answer")
        assert city.events(ticket_id)[-1].payload == {"outcome": "no_answer"}
        service.close(city.who("supervisor"), city.now, ticket_id, "confirmed", version)

    def test_who_was_never_reached_counts_as_that_at_the_end(self, city: City):
        ticket_id = city.accepted()
        clock = city.clock(ticket_id, "callback")
        service.asked(city.now, ticket_id, 1, "busy")
        assert service.act_on_deadline(SYSTEM, clock.due_at, clock.id)
        assert city.events(ticket_id)[-1].payload == {"outcome": "unreachable"}
        outcomes = db.session.scalars(select(FollowUp.outcome).where(FollowUp.ticket_id == ticket_id))
        assert sorted(outcomes) == ["busy", "unreachable"]

    def test_who_was_reached_once_and_said_nothing_does_not(self, city: City):
        ticket_id = city.accepted()
        clock = city.clock(ticket_id, "callback")
        for outcome in ("busy", "declined"):
            service.asked(city.now, ticket_id, 1, outcome)
        assert service.act_on_deadline(SYSTEM, clock.due_at, clock.id)
        assert city.events(ticket_id)[-1].payload == {"outcome": "unrated"}

    def test_calls_that_were_never_made_say_nothing_of_the_citizen(self, city: City):
        ticket_id = city.accepted()
        clock = city.clock(ticket_id, "callback")
        service.asked(city.now, ticket_id, 1, "failed")
        assert service.act_on_deadline(SYSTEM, clock.due_at, clock.id)
        assert city.events(ticket_id)[-1].payload == {"outcome": "unrated"}

    def test_no_outcome_is_made_up(self, city: City):
        with pytest.raises(errors.Invalid):
            service.asked(city.now, city.accepted(), 1, "satisfied")
