"""Correcting what was taken down: what was there before stays on record."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from scenes import LEAD, UNSURE, City
from sqlalchemy import select, update

from db import db
from tickets import errors, queries, service
from tickets.intake import Intake
from tickets.models import Contact, TicketText


def _texts(ticket_id: int, field: str) -> list[str]:
    query = select(TicketText.body).where(TicketText.ticket_id == ticket_id, TicketText.field == field)
    return list(db.session.scalars(query.order_by(TicketText.version)))


def _amend(city: City, ticket_id: int, who: str = "supervisor", **changes: object) -> None:
    service.amend(city.who(who), city.now, ticket_id, replace(UNSURE, **changes), city.vault)


def test_the_event_has_before_and_after_and_every_version_of_a_text_stays(city: City):
    ticket_id = city.waiting()
    before = city.ticket(ticket_id).version
    changed = replace(UNSURE, content="更正后的话", threat=True, phone="13900139000", place="别处")
    service.amend(city.who("supervisor"), city.now, ticket_id, changed, city.vault, before)
    event = city.events(ticket_id)[-1]
    hashes = [city.vault.contact_hash(ticket_id, "phone", phone) for phone in (UNSURE.phone, "13900139000")]
    assert event.kind == "ticket.amended"
    assert event.payload == {
        "changed": {"threat": [False, True]}, "texts": {"content": 2, "place": 2}, "contact": {"phone": hashes},
    }  # fmt: skip
    assert _texts(ticket_id, "content") == [UNSURE.content, "更正后的话"]
    assert _texts(ticket_id, "place") == [UNSURE.place, "别处"] and city.ticket(ticket_id).place == "别处"
    contact = db.session.get_one(Contact, ticket_id)
    assert contact.phone_hash == city.vault.phone_hash("13900139000")


def test_no_plain_column_loses_what_it_held(city: City):
    ticket_id = city.draft()
    at = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
    _amend(
        city, ticket_id, "operator", type="report", urgency="urgent", category_code="01-01-01",
        region_code="990102", line_no="12319", person_count=12, enterprise=True, wants_reply=False,
        happened_at=at, longitude=118.5,
    )  # fmt: skip
    assert city.events(ticket_id)[-1].payload == {
        "changed": {
            "type": ["complaint", "report"], "urgency": ["normal", "urgent"], "confidential": [False, True],
            "category_code": [None, "01-01-01"], "region_code": [None, "990102"], "line_no": ["12345", "12319"],
            "person_count": [1, 12], "enterprise": [False, True], "wants_reply": [True, False],
            "happened_at": [None, at.isoformat()], "longitude": [None, 118.5],
        }
    }  # fmt: skip


def test_registering_a_draft_tells_what_it_changed_in_it(city: City):
    ticket_id = city.draft()
    service.register(
        city.who("operator"), city.now, ticket_id, replace(UNSURE, urgency="urgent"), city.vault
    )
    assert city.events(ticket_id)[1].payload["changed"] == {"urgency": ["normal", "urgent"]}


def test_a_contact_value_is_known_again_and_at_no_other_ticket(city: City):
    ticket_id, other = city.waiting(), city.waiting()
    for one in (ticket_id, other):
        _amend(city, one, phone="13900139000", name="")
    hashes = city.events(ticket_id)[-1].payload["contact"]
    assert hashes["phone"][1] == city.vault.contact_hash(ticket_id, "phone", "+86 139-0013-9000")
    assert hashes["name"] == [city.vault.contact_hash(ticket_id, "name", UNSURE.name), None]
    assert not {*hashes["phone"]} & {*city.events(other)[-1].payload["contact"]["phone"]}


def test_words_are_in_no_event_and_can_be_erased(city: City):
    secret, label = "她住在塔楼的第三层", "行动不便的老人"
    ticket_id = city.waiting(place=f"{secret}甲", caller_label=f"{label}甲", line_no="13800138000")
    _amend(
        city, ticket_id, content=f"{secret}说的话", place=f"{secret}乙", caller_label=f"{label}乙", name="李四",
        line_no="13900139000",
    )  # fmt: skip
    page = queries.ticket_page(city.who("supervisor"), ticket_id, city.vault)
    assert ("place", f"{secret}甲", f"{secret}乙") in page.timeline[-1].texts
    assert ("caller_label", f"{label}甲", f"{label}乙") in page.timeline[-1].texts
    db.session.execute(
        update(TicketText).where(TicketText.ticket_id == ticket_id).values(body="", erased_at=city.now)
    )
    db.session.expire_all()
    page = queries.ticket_page(city.who("supervisor"), ticket_id, city.vault)
    told = json.dumps([event.payload for event in city.events(ticket_id)], ensure_ascii=False)
    for words in (secret, label, UNSURE.content, "13900139000", "13800138000", "李四", UNSURE.name, UNSURE.phone):
        assert words not in told and words not in repr(page.timeline)


@pytest.mark.parametrize(
    "changes", [{"type": "李四"}, {"urgency": "李四"}, {"category_code": "李四"}, {"line_no": "1" * 21}]
)
def test_a_draft_holds_no_words_where_codes_belong(city: City, changes: dict[str, str]):
    with pytest.raises(errors.Invalid):
        city.draft(**changes)
    ticket_id = city.draft()
    with pytest.raises(errors.Invalid):
        _amend(city, ticket_id, "operator", **changes)


def test_nothing_changed_is_no_event(city: City):
    ticket_id = city.waiting()
    ticket = city.ticket(ticket_id)
    same = replace(UNSURE, category_code=ticket.category_code, region_code=ticket.region_code)
    service.amend(city.who("supervisor"), city.now, ticket_id, same, city.vault)
    assert city.ticket(ticket_id).version == 2


def test_blanks_around_a_text_are_no_change(city: City):
    ticket_id = city.draft()
    padded = replace(UNSURE, title=f" {UNSURE.title}\n")
    service.amend(city.who("operator"), city.now, ticket_id, padded, city.vault)
    assert _texts(ticket_id, "title") == [UNSURE.title]


def test_a_text_can_be_taken_back(city: City):
    ticket_id = city.draft()
    service.amend(city.who("operator"), city.now, ticket_id, replace(UNSURE, content=""), city.vault)
    assert _texts(ticket_id, "content") == [UNSURE.content, ""]


def test_a_contact_can_be_added_and_taken_back(city: City):
    ticket_id = city.waiting(anonymous=True, name="", phone="", address="")
    operator = city.who("operator")
    service.amend(operator, city.now, ticket_id, replace(UNSURE, address=""), city.vault)
    assert city.vault.open_contact(db.session.get_one(Contact, ticket_id), "name") == "张三丰"
    none = replace(UNSURE, anonymous=True, name="", phone="", address="")
    service.amend(operator, city.now, ticket_id, none, city.vault)
    contact = db.session.get_one(Contact, ticket_id)
    assert (contact.name, contact.phone, contact.phone_hash) == (None, None, None)


def test_becoming_confidential_moves_it_to_rooms_of_its_own(city: City):
    ticket_id = city.dispatched()
    service.amend(
        city.who("supervisor"), city.now, ticket_id, replace(UNSURE, confidential=True), city.vault
    )
    ticket = city.ticket(ticket_id)
    unit = city.unit(LEAD)
    assert set(ticket.rooms) == {f"staff:{city.who('operator').id}", "city/c", f"dept:{unit}/c"}
    event = city.events(ticket_id)[-1]
    assert f"dept:{unit}" in event.rooms_before and f"dept:{unit}" not in event.rooms_after


def test_a_draft_may_stay_incomplete_but_not_unstorable(city: City):
    ticket_id = city.draft()
    operator = city.who("operator")
    service.amend(operator, city.now, ticket_id, Intake(), city.vault)
    with pytest.raises(errors.Invalid):
        service.amend(operator, city.now, ticket_id, Intake(place="\x00"), city.vault)


def test_refusals_come_in_their_order(city: City):
    ticket_id = city.waiting()
    with pytest.raises(errors.NotFound):
        service.amend(city.who("operator2"), city.now, ticket_id, Intake(), city.vault, 9)
    with pytest.raises(errors.Forbidden):
        service.amend(city.who("auditor"), city.now, ticket_id, Intake(), city.vault, 9)
    with pytest.raises(errors.Stale):
        service.amend(city.who("supervisor"), city.now, ticket_id, Intake(), city.vault, 9)
    with pytest.raises(errors.Invalid):
        service.amend(city.who("supervisor"), city.now, ticket_id, Intake(), city.vault, 2)
