"""A second call on an open ticket: kept on it, seen by who works on it, and no state changed."""

import pytest
from scenes import LEAD_LOGIN, City

from tickets import errors, queries, service
from tickets.permissions import caller_of, with_proof


def test_it_is_kept_and_changes_no_state(city: City):
    ticket_id = city.signed()
    before = city.ticket(ticket_id).state
    service.urge(city.who("supervisor"), city.now, ticket_id, "还没有人来修")
    event = city.events(ticket_id)[-1]
    assert (event.kind, event.payload) == ("ticket.urged", {"texts": {"urge_note": 1}})
    assert city.ticket(ticket_id).state == before
    page = queries.ticket_page(city.who(LEAD_LOGIN), city.now, ticket_id, city.vault)
    assert page.timeline[-1].texts == (("urge_note", None, "还没有人来修"),)


def test_the_citizen_may_ask_again_with_number_and_code(city: City):
    ticket_id = city.signed()
    service.urge(caller_of(ticket_id), city.now, ticket_id, "请快一点")
    assert city.events(ticket_id)[-1].actor == "citizen"
    with pytest.raises(errors.NotFound):
        service.urge(caller_of(ticket_id + 1), city.now, ticket_id, "请快一点")


def test_a_citizens_same_words_within_a_day_are_kept_once(city: City):
    ticket_id = city.signed()
    caller = caller_of(ticket_id)
    assert service.urge(caller, city.now, ticket_id, "请快一点")
    assert not service.urge(caller, city.later(hours=23), ticket_id, " 请快一点 ")
    assert service.urge(caller, city.now, ticket_id, "还没有人来")
    assert service.urge(caller, city.now, ticket_id, "请快一点")
    assert service.urge(caller, city.later(days=2), ticket_id, "请快一点")


def test_staff_may_note_the_same_words_twice(city: City):
    ticket_id = city.signed()
    for _ in range(2):
        assert service.urge(city.who("supervisor"), city.now, ticket_id, "来电催办")


def test_another_operator_needs_the_callers_number_and_code(city: City):
    ticket_id = city.signed()
    operator = city.who("operator2")
    with pytest.raises(errors.NotFound):
        service.urge(operator, city.now, ticket_id, "来电催办")
    service.urge(with_proof(operator, ticket_id), city.now, ticket_id, "来电催办")
    assert city.events(ticket_id)[-1].actor_id == operator.id
    with pytest.raises(errors.NotFound):
        queries.ticket_page(operator, city.now, ticket_id, city.vault)


def test_something_must_be_said_and_what_is_closed_is_not_urged(city: City):
    ticket_id = city.signed()
    with pytest.raises(errors.Invalid):
        service.urge(city.who("supervisor"), city.now, ticket_id, " ")
    with pytest.raises(errors.NotNow):
        service.urge(city.who("supervisor"), city.now, city.rated(), "又坏了")
