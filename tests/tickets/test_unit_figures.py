"""A unit's figures: what was granted to be left out counts in neither part nor whole, and is told beside."""

from datetime import timedelta

import pytest
from scenes import ASSIST, ASSIST_LOGIN, LEAD, LEAD_LOGIN, UNIT_HEAD, City

from db import db
from tickets import clocks, figures, service, unit_figures
from tickets.figures import Span
from tickets.permissions import caller_of


def counts(city: City, *names: str, excluded: bool = False) -> dict[str, int]:
    db.session.flush()
    span = Span(city.now - timedelta(days=1), city.now + timedelta(days=1), city.now)
    return {name: unit_figures.count(name, [city.unit(LEAD)], span, excluded) for name in names}


def difference(city: City, before: dict[str, int], excluded: bool = False) -> dict[str, int]:
    after = counts(city, *before, excluded=excluded)
    return {name: after[name] - before[name] for name in before}


def badly_rated(city: City) -> int:
    ticket_id = city.accepted()
    service.rate(caller_of(ticket_id), city.now, ticket_id, True, 1)
    return ticket_id


def decide(city: City, ticket_id: int, what: str, verb: str = "grant_exclusion") -> None:
    part = city.part(ticket_id).id
    service.ask_exclusion(city.who(UNIT_HEAD), city.now, ticket_id, part, what, "诉求超出政策，有录音")
    if verb:
        getattr(service, verb)(city.who("supervisor"), city.now, ticket_id, part, "已审核")


RATING = ("rated", "solved", "satisfied")


def test_every_figure_says_what_leaves_a_part_out_of_it():
    assert unit_figures.EXCLUDED_BY.keys() == unit_figures.FIGURES.keys()


def test_an_excluded_rating_leaves_the_rates_of_ratings_alone(city: City):
    before, beside = counts(city, *RATING, "signed"), counts(city, *RATING, "signed", excluded=True)
    ticket_id = badly_rated(city)
    assert difference(city, before) == {"rated": 1, "solved": 1, "satisfied": 0, "signed": 1}
    decide(city, ticket_id, "rating")
    assert difference(city, before) == {"rated": 0, "solved": 0, "satisfied": 0, "signed": 1}
    assert difference(city, beside, excluded=True) == {"rated": 1, "solved": 1, "satisfied": 0, "signed": 0}


@pytest.mark.parametrize("verb", ["", "refuse_exclusion"])
def test_what_is_only_asked_for_or_was_refused_counts(city: City, verb: str):
    before, beside = counts(city, *RATING), counts(city, *RATING, excluded=True)
    decide(city, badly_rated(city), "rating", verb)
    assert difference(city, before)["rated"] == 1 and not any(difference(city, beside, excluded=True).values())


def test_an_excluded_delay_leaves_the_rate_of_what_was_in_time_alone(city: City):
    names = ("due", "on_time", "signed", "signed_on_time", "rated")
    ticket_id = city.signed()
    city.later(days=30)
    city.reply(ticket_id)
    service.accept(city.who("supervisor"), city.now, ticket_id)
    service.rate(caller_of(ticket_id), city.now, ticket_id, True, 3)
    db.session.flush()
    long = Span(city.now - timedelta(days=40), city.now + timedelta(days=1), city.now)
    late = {name: unit_figures.count(name, [city.unit(LEAD)], long) for name in names}
    decide(city, ticket_id, "overdue")
    db.session.flush()
    after = {name: unit_figures.count(name, [city.unit(LEAD)], long) for name in names}
    assert {name: late[name] - after[name] for name in names} == {
        "due": 1, "on_time": 0, "signed": 1, "signed_on_time": 1, "rated": 0,
    }  # fmt: skip
    assert unit_figures.count("due", [city.unit(LEAD)], long, excluded=True) == 1


def test_a_limit_that_a_correction_replaced_says_nothing_of_whether_it_was_signed_in_time(city: City):
    names = ("signed", "signed_on_time")
    ticket_id = city.dispatched()
    city.ticket(ticket_id).urgency = "urgent"
    clocks.follow_facts(city.ticket(ticket_id), city.later(minutes=1))
    part = city.part(ticket_id)
    city.now = city.clock(ticket_id, "sign", part.id).due_at + timedelta(minutes=1)
    before = counts(city, *names)
    service.sign(city.who(LEAD_LOGIN), city.now, ticket_id, part.id)
    assert difference(city, before) == {"signed": 1, "signed_on_time": 0}


def test_the_list_behind_holds_what_is_counted_and_beside_what_is_not(city: City):
    ticket_id = badly_rated(city)
    decide(city, ticket_id, "rating")
    db.session.flush()
    span = Span(city.now - timedelta(days=1), city.now + timedelta(days=1), city.now)
    head, units = city.who(UNIT_HEAD), [city.unit(LEAD)]

    def listed(excluded: bool) -> set[int]:
        page = unit_figures.tickets_behind(head, "rated", units, span, excluded=excluded)
        return {row.id for row in page.rows}

    assert ticket_id not in listed(False) and ticket_id in listed(True)
    assert unit_figures.unlisted(head, "rated", units, span, excluded=True) == 0


def test_the_lead_has_its_rating_also_where_it_called_in_others(city: City):
    """What is passed down or added raises the round of the ticket, not of the lead's part."""
    before = counts(city, *RATING)
    ticket_id = city.signed()
    service.add_assist(city.who("supervisor"), city.now, ticket_id, [city.unit(ASSIST)], "请配合")
    part = city.part(ticket_id, ASSIST)
    service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, part.id)
    service.contribute(city.who(ASSIST_LOGIN), city.now, ticket_id, part.id, "已配合")
    city.reply(ticket_id)
    service.accept(city.who("supervisor"), city.now, ticket_id)
    service.rate(caller_of(ticket_id), city.now, ticket_id, True, 3)
    assert difference(city, before) == {"rated": 1, "solved": 1, "satisfied": 1}


def test_each_rating_counts_once_for_who_led_then(city: City):
    before = counts(city, *RATING)
    ticket_id = city.done_again()
    parts = [one.id for one in city.parts(ticket_id)]
    assert len(parts) == 2
    assert difference(city, before) == {"rated": 1, "solved": 1, "satisfied": 1}, "by ticket"


def test_what_was_taken_from_a_unit_is_neither_due_nor_on_time(city: City):
    before = counts(city, "due", "on_time")
    ticket_id = city.signed()
    row = city.clock(ticket_id, "handle", city.part(ticket_id).id)
    service.withdraw(caller_of(ticket_id), city.now, ticket_id, "不用了")
    city.now = row.due_at + timedelta(minutes=1)
    assert difference(city, before) == {"due": 0, "on_time": 0}


def test_what_stands_still_has_not_run_out(city: City):
    """Neither for the unit nor for the city: its day comes when it goes on, and then the clock has another end."""
    before = counts(city, "due", "on_time")
    ticket_id = city.suspended()
    row = city.clock(ticket_id, "handle", city.part(ticket_id).id)
    long = Span(city.now - timedelta(days=1), row.due_at + timedelta(days=2), row.due_at + timedelta(days=1))
    names = ("due", "on_time")
    row.paused_at = row.due_at + timedelta(hours=1)
    db.session.flush()
    unit_late = [unit_figures.count(name, [city.unit(LEAD)], long) for name in names]
    city_late = [figures.count(figures.Behind(name), long) for name in names]
    row.paused_at = city.now
    db.session.flush()
    unit_still = [unit_figures.count(name, [city.unit(LEAD)], long) for name in names]
    assert unit_still == [unit_late[0] - 1, unit_late[1]]
    assert [figures.count(figures.Behind(name), long) for name in names] == [city_late[0] - 1, city_late[1]]
    assert difference(city, before) == {"due": 0, "on_time": 0}
