"""Finding a ticket by number, telephone number and words, among those one may see."""

import re

import pytest

from app.outbox import unit_of_work
from db import db
from tickets.models import Ticket


@pytest.fixture
def number_of(app):
    def find(ticket_id: int) -> str:
        with app.app_context(), unit_of_work():
            return db.session.get_one(Ticket, ticket_id).number

    return find


def search(desk, typed: str):
    """What the form finds: a ticket number stands in an address, so that one can come back to it."""
    answer = desk.post("/desk/find", {"q": typed})
    if answer.status_code == 303:
        return desk.get(answer.location)
    return answer


def ids(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'data-id="(\d+)"', page)]


def test_by_number_however_it_is_typed(desk_of, matter, number_of):
    ticket_id = matter()
    number = number_of(ticket_id)
    desk = desk_of("supervisor")
    for typed in (number, f" {number[:8]} {number[8:]} "):
        assert ids(search(desk, typed).text) == [ticket_id]
    assert ids(desk.get(f"/desk/find?q={number}").text) == [ticket_id]


def test_by_telephone_number_without_a_trace_in_the_address(desk_of, matter):
    ticket_id = matter(phone="13611112222")
    desk = desk_of("supervisor")
    page = desk.get("/desk/find").text
    assert re.search(r'<form[^>]*method="post"[^>]*action="/desk/find"', page)
    assert ids(search(desk, "136 1111 2222").text) == [ticket_id]


def test_a_telephone_number_in_an_address_waits_for_the_form_to_be_sent(desk_of, matter):
    matter(phone="13611114444")
    page = desk_of("supervisor").get("/desk/find?q=13611114444").text
    assert ids(page) == [] and "没有找到" not in page and 'value="13611114444"' in page


def test_who_may_see_no_callers_is_told_why_nothing_is_found(desk_of, matter, number_of):
    ticket_id = matter(phone="13611115555")
    desk = desk_of("leader")
    refused = search(desk, "13611115555")
    assert refused.status_code == 403 and ids(refused.text) == []
    assert "不能按电话号码查找" in refused.text and "没有找到" not in refused.text
    assert ids(search(desk, number_of(ticket_id)).text) == [ticket_id]


def test_who_searches_for_too_many_numbers_is_told_to_wait(desk_of, monkeypatch):
    monkeypatch.setattr("tickets.finding.PER_HOUR", 0)
    refused = search(desk_of("supervisor"), "13611116666")
    assert refused.status_code == 429 and "达到每人上限" in refused.text


def test_what_one_may_not_see_is_not_found(desk_of, matter, number_of):
    number = number_of(matter(phone="13611113333"))
    for login in ("operator", "handler-urban"):
        desk = desk_of(login)
        for typed in (number, "13611113333"):
            page = search(desk, typed).text
            assert ids(page) == [] and "没有找到" in page


def test_an_empty_question_asks_nothing(desk_of):
    page = search(desk_of("supervisor"), "  ").text
    assert "没有找到" not in page


@pytest.mark.parametrize("typed", ["'; drop table ticket;--", "& | !", "\\", "<script>", "(", ":*", "%"])
def test_signs_of_query_languages_are_only_signs(desk_of, typed):
    assert search(desk_of("supervisor"), typed).status_code == 200
