"""One ticket's page: masked, complete, and with exactly the actions that would go through."""

from dataclasses import replace

import pytest
from scenes import ASSIST, LEAD_LOGIN, OTHER, UNSURE, City

from tickets import errors, queries, service
from tickets.queries import TicketPage


def _page(city: City, login: str, ticket_id: int) -> TicketPage:
    return queries.ticket_page(city.who(login), city.now, ticket_id, city.vault)


def test_contacts_are_masked_for_everybody(city: City):
    ticket_id = city.dispatched()
    for login in ("operator", LEAD_LOGIN, "supervisor", "auditor"):
        page = _page(city, login, ticket_id)
        assert page.contact == {"name": "张**", "phone": "138****8000", "address": "明德路"}
    assert _page(city, "operator", ticket_id).may_reveal
    assert not _page(city, "auditor", ticket_id).may_reveal


def test_who_stands_behind_a_confidential_ticket_is_not_even_masked_for_a_unit(city: City):
    ticket_id = city.waiting(confidential=True)
    service.dispatch(city.who("supervisor"), city.now, ticket_id, city.unit("990102.urban"))
    page = _page(city, "lead-wanghe", ticket_id)
    assert (page.contact, page.may_reveal) == ({}, False)
    assert _page(city, "supervisor", ticket_id).contact["phone"] == "138****8000"


def test_an_anonymous_ticket_has_no_contact(city: City):
    ticket_id = city.waiting(anonymous=True, name="", phone="", address="")
    assert _page(city, "operator", ticket_id).contact == {}


def test_a_ticket_out_of_sight_is_not_there(city: City):
    ticket_id = city.dispatched()
    for login in ("operator2", "dispatcher", "handler-heat", "admin"):
        with pytest.raises(errors.NotFound):
            _page(city, login, ticket_id)
    with pytest.raises(errors.NotFound):
        _page(city, "supervisor", 10**12)


def test_actions_are_those_the_table_and_the_role_allow_now(city: City):
    ticket_id = city.return_requested(assists=(ASSIST,))

    def offered(login: str) -> tuple[list[str], list[list[str]]]:
        page = _page(city, login, ticket_id)
        return [row.action for row in page.actions], [[row.action for row in part.actions] for part in page.parts]

    whole = ["add_assist", "amend", "green", "merge", "take_in", "split", "urge", "withdraw"]
    assert offered("supervisor") == (whole, [["uphold", "redispatch", "order"], ["order"]])
    of_dispatcher = ["add_assist", "merge", "take_in", "split"]
    assert offered("dispatcher") == (of_dispatcher, [["uphold", "redispatch"], []])
    assert offered(LEAD_LOGIN) == ([], [[], ["waive"]])
    assert offered("lead-wanghe") == ([], [[], ["sign", "waive", "request_return"]])
    assert offered("auditor") == ([], [[], []])
    waiting = city.waiting()
    page = _page(city, "dispatcher", waiting)
    first = ["dispatch", "answer", "refer", "ask_info", "merge", "take_in", "split"]
    assert [row.action for row in page.actions] == first
    draft = _page(city, "operator", city.draft())
    assert [row.action for row in draft.actions] == ["discard", "register", "amend"]


def test_nobody_is_offered_what_follows_by_itself(city: City):
    ticket_id = city.signed()
    assert not {row.action for row in _page(city, LEAD_LOGIN, ticket_id).actions}


def test_parts_come_with_their_clocks_and_the_unit_they_named(city: City):
    ticket_id = city.dispatched(assists=(ASSIST,))
    part, other = city.part(ticket_id).id, city.unit(OTHER)
    who = city.who(LEAD_LOGIN)
    service.request_return(who, city.now, ticket_id, part, "wrong_area", "在隔壁", "区划图", other)
    lead, assist = _page(city, "supervisor", ticket_id).parts
    assert (lead.unit, lead.suggested) == ("望河区城市管理局", "东河市热力有限公司")
    assert assist.suggested is None
    assert sorted(clock.clock for clock in lead.clocks) == ["contact", "decision", "handle", "sign"]
    assert [clock.clock for clock in _page(city, "supervisor", ticket_id).clocks] == ["dispatch"]


def test_the_timeline_tells_all_in_order_and_what_an_amendment_changed(city: City):
    ticket_id = city.waiting()
    changed = replace(UNSURE, content="更正后的话")
    service.amend(city.who("supervisor"), city.now, ticket_id, changed, city.vault)
    city.dispatched(ticket_id=ticket_id)
    page = _page(city, "supervisor", ticket_id)
    assert [entry.kind for entry in page.timeline] == [
        "ticket.registered", "ticket.triaged", "ticket.amended", "ticket.dispatched",
    ]  # fmt: skip
    registered, _, amended, dispatched = page.timeline
    assert {field: (before, after) for field, before, after in registered.texts} == {
        "title": (None, UNSURE.title), "content": (None, UNSURE.content), "place": (None, UNSURE.place),
    }  # fmt: skip
    assert amended.texts == (("content", UNSURE.content, "更正后的话"),)
    assert (amended.actor, amended.actor_id) == ("staff", city.who("supervisor").id)
    assert (dispatched.unit, registered.unit) == ("望河区城市管理局", None)
    assert page.texts["content"] == "更正后的话"


def test_decision_and_rating_are_there_once_there_are_any(city: City):
    page = _page(city, "operator", city.draft())
    assert page.decision is None and page.rating is None
    page = _page(city, "supervisor", city.rated())
    assert page.decision is not None and page.decision.detail["reasons"] is not None
    assert page.rating is not None and page.rating.satisfied == 3
