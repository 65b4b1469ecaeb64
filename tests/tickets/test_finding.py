"""Finding by a caller's telephone number: for those who may see callers, on record, and not at will."""

import logging

import pytest
from scenes import LEAD_LOGIN, City

from tickets import errors, service
from tickets.finding import is_phone
from tickets.reveal import PER_HOUR

PHONE = "13912345678"


def _find(city: City, login: str, text: str) -> list[int]:
    return [row.id for row in service.find(city.who(login), city.now, text, city.vault).rows]


def test_who_searched_when_and_for_what_is_kept_without_the_number(city: City):
    city.waiting(phone=PHONE)
    for typed in (PHONE, "139 8888 7777"):  # found or not
        _find(city, "operator", typed)
    events = city.searches("operator")
    person = city.who("operator").id
    assert {(event.subject, event.subject_id, event.at) for event in events} == {("staff", person, city.now)}
    assert [event.payload for event in events] == [
        {"phone_hash": city.vault.phone_hash(number).hex()} for number in (PHONE, "13988887777")
    ]
    assert all(event.rooms_before == event.rooms_after == [] for event in events)


@pytest.mark.parametrize("login", ["leader", "auditor", "dispatcher", "admin"])
def test_who_may_see_no_contact_searches_for_none(city: City, login: str):
    city.waiting(phone=PHONE)
    with pytest.raises(errors.Forbidden):
        _find(city, login, PHONE)
    assert city.searches(login) == []


def test_other_searches_are_nobodys_business(city: City):
    number = city.ticket(city.waiting()).number or ""
    for text in (number, "喷泉", "139", ""):
        _find(city, "operator", text)
    assert city.searches("operator") == []


def test_nobody_searches_for_more_numbers_than_so_many_an_hour(city: City, caplog: pytest.LogCaptureFixture):
    ticket_id = city.waiting(phone=PHONE)
    for _ in range(PER_HOUR + 1):
        assert _find(city, "operator", PHONE) == [ticket_id]  # the same again and again is one
    for number in range(PER_HOUR - 1):
        _find(city, "operator", f"137000000{number:02d}")
    with caplog.at_level(logging.WARNING), pytest.raises(errors.TooMany) as refusal:
        _find(city, "operator", "13711111111")
    assert refusal.value.values == {"action": "find_by_phone", "limit": PER_HOUR}
    assert f"account {city.who('operator').id}" in caplog.text and "137" not in caplog.text
    assert _find(city, "operator", PHONE) == [ticket_id]
    assert _find(city, LEAD_LOGIN, "13711111111") == []  # others search on
    city.later(hours=1, seconds=1)
    assert _find(city, "operator", "13711111111") == []


@pytest.mark.parametrize(
    "text", [PHONE, "+86 139-1234-5678", "008613912345678", "１３９１２３４５６７８", "(0311) 8690 7205", "95598"]
)
def test_telephone_numbers_in_their_ways_of_writing(text: str):
    assert is_phone(text)


@pytest.mark.parametrize(
    "text", ["", "喷泉", "1702", "柳湾镇95598号院", "1390000000000000", "139小区喷泉12345678", "202611270000010"]
)
def test_what_is_none(text: str):
    assert not is_phone(text)
