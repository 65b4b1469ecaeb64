"""Correcting what was taken down: what was there before stays on record, and the clocks follow the facts."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from scenes import ASSIST, LEAD, UNSURE, City
from sqlalchemy import select, update

from db import db
from routing.models import Policy
from tickets import errors, queries, service
from tickets.intake import Intake
from tickets.models import Contact, Deadline, Escalation, TicketText
from tickets.permissions import SYSTEM, caller_of

MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # ten in the morning, where the city is


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
    page = queries.ticket_page(city.who("supervisor"), city.now, ticket_id, city.vault)
    assert ("place", f"{secret}甲", f"{secret}乙") in page.timeline[-1].texts
    assert ("caller_label", f"{label}甲", f"{label}乙") in page.timeline[-1].texts
    db.session.execute(
        update(TicketText).where(TicketText.ticket_id == ticket_id).values(body="", erased_at=city.now)
    )
    db.session.expire_all()
    page = queries.ticket_page(city.who("supervisor"), city.now, ticket_id, city.vault)
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


class TestClocks:
    """Whoever corrects a fact that a limit hangs on corrects the limit."""

    @pytest.fixture
    def monday(self, city: City) -> City:
        city.now = MONDAY
        return city

    def _handling(self, city: City, ticket_id: int) -> Deadline:
        return city.clock(ticket_id, "handle", city.part(ticket_id).id)

    def test_a_critical_matter_has_two_hours_from_its_dispatch(self, monday: City):
        ticket_id = monday.dispatched()
        part, old = monday.part(ticket_id), self._handling(monday, ticket_id)
        monday.later(hours=1)
        _amend(monday, ticket_id, urgency="critical")
        new, sign = self._handling(monday, ticket_id), monday.clock(ticket_id, "sign", part.id)
        assert (old.stopped_at, old.next_at) == (monday.now, None) and new.epoch > old.epoch
        assert (new.limit, new.started_at, new.due_at) == ("2h", MONDAY, MONDAY + timedelta(hours=2))
        assert (sign.limit, sign.due_at) == ("15min", MONDAY + timedelta(minutes=15))
        assert queries.promised(ticket_id) == new.due_at
        assert monday.events(ticket_id)[-1].payload["clocks"] == [
            {
                "clock": "sign", "unit": part.department_id, "limit": ["1wd", "15min"],
                "due_at": ["2026-03-03T09:30:00+00:00", "2026-03-02T02:15:00+00:00"],
            },
            {
                "clock": "contact", "unit": part.department_id, "limit": ["1wd", "30min"],
                "due_at": ["2026-03-03T09:30:00+00:00", "2026-03-02T02:30:00+00:00"],
            },
            {
                "clock": "handle", "unit": part.department_id, "limit": ["5wd", "2h"],
                "due_at": ["2026-03-09T09:30:00+00:00", "2026-03-02T04:00:00+00:00"],
            },
        ]  # fmt: skip

    def test_what_is_past_by_then_acts_at_once_by_its_highest_level(self, monday: City):
        ticket_id = monday.dispatched()
        monday.later(hours=3)
        _amend(monday, ticket_id, urgency="critical")
        clock = self._handling(monday, ticket_id)
        assert clock.due_at < monday.now and clock.next_at is not None and clock.next_at < monday.now
        assert service.act_on_deadline(SYSTEM, monday.now, clock.id)
        db.session.flush()
        levels = select(Escalation.level, Escalation.outcome).where(Escalation.deadline_id == clock.id)
        assert [tuple(row) for row in db.session.execute(levels.order_by(Escalation.level))] == [
            (0, "skipped"), (2, "skipped"), (3, "acted"),
        ]  # fmt: skip
        assert not service.act_on_deadline(SYSTEM, monday.now, clock.id)

    def test_a_milder_one_gets_its_longer_limit_from_the_dispatch_too(self, monday: City):
        ticket_id = monday.dispatched(urgency="critical", assists=(ASSIST,))
        monday.later(hours=1)
        _amend(monday, ticket_id, type="consult")
        for unit in (LEAD, ASSIST):
            clock = monday.clock(ticket_id, "handle", monday.part(ticket_id, unit).id)
            assert (clock.limit, clock.due_at) == ("2wd", datetime(2026, 3, 4, 9, 30, tzinfo=UTC))
        assert len(monday.events(ticket_id)[-1].payload["clocks"]) == 5

    def test_a_statutory_limit_comes_with_its_category(self, monday: City):
        ticket_id = monday.signed()
        _amend(monday, ticket_id, category_code="19-01-03")
        assert self._handling(monday, ticket_id).limit == "20wd"
        assert [told["clock"] for told in monday.events(ticket_id)[-1].payload["clocks"]] == ["handle"]

    def test_a_line_brings_its_own_limit(self, monday: City):
        db.session.add(Policy(clock="handle", line_no="12348", limit_value=15, limit_unit="wd", source="条例"))
        db.session.flush()
        ticket_id = monday.signed()
        _amend(monday, ticket_id, line_no="12348")
        assert self._handling(monday, ticket_id).limit == "15wd"

    def test_the_dispatchers_clock_follows_as_well(self, monday: City):
        ticket_id = monday.waiting()
        monday.later(minutes=5)
        _amend(monday, ticket_id, urgency="urgent")
        clock = monday.clock(ticket_id, "dispatch")
        assert (clock.limit, clock.started_at, clock.epoch) == ("15min", MONDAY, 2)
        assert "unit" not in monday.events(ticket_id)[-1].payload["clocks"][0]

    @pytest.mark.parametrize("changes", [{"content": "别的话"}, {"type": "help"}, {"category_code": "01-01-01"}])
    def test_what_changes_no_limit_starts_no_clock(self, monday: City, changes: dict[str, str]):
        ticket_id = monday.dispatched()
        clocks = [row.id for row in monday.clocks(ticket_id)]
        _amend(monday, ticket_id, **changes)
        assert [row.id for row in monday.clocks(ticket_id)] == clocks
        assert "clocks" not in monday.events(ticket_id)[-1].payload

    def test_back_and_forth_each_time_it_counts_from_the_dispatch(self, monday: City):
        ticket_id = monday.dispatched()
        due_at = self._handling(monday, ticket_id).due_at
        for urgency in ("critical", "normal", "urgent", "normal"):
            _amend(monday, ticket_id, urgency=urgency)
            monday.later(hours=1)
        assert self._handling(monday, ticket_id).due_at == due_at
        handling = [row for row in monday.clocks(ticket_id, running=False) if row.clock == "handle"]
        assert len({row.epoch for row in handling}) == len(handling) == 5

    def test_after_a_rejection_the_extra_time_stays_and_no_more_comes(self, monday: City):
        ticket_id = monday.replied()
        monday.now = datetime(2026, 3, 5, 3, 0, tzinfo=UTC)  # Thursday
        service.reject(monday.who("supervisor"), monday.now, ticket_id, "不够")
        _amend(monday, ticket_id, urgency="critical")
        assert self._handling(monday, ticket_id).due_at == datetime(2026, 3, 6, 9, 30, tzinfo=UTC)
        _amend(monday, ticket_id, urgency="normal")
        assert self._handling(monday, ticket_id).due_at == datetime(2026, 3, 9, 9, 30, tzinfo=UTC)

    def test_without_a_policy_for_the_new_facts_a_clock_runs_on(self, monday: City):
        ticket_id = monday.dispatched()
        clock = self._handling(monday, ticket_id)
        db.session.execute(update(Policy).where(Policy.clock == "handle").values(urgency="hard"))
        db.session.info.clear()  # what a new unit of work begins with
        _amend(monday, ticket_id, urgency="urgent")
        assert self._handling(monday, ticket_id).id == clock.id


def _unmerged(city: City) -> int:
    ticket_id = city.merged()
    service.unmerge(city.who("supervisor"), city.now, ticket_id, "不是同一件事")
    return ticket_id


def _supplemented(city: City) -> int:
    ticket_id = city.info_asked()
    service.supplement(caller_of(ticket_id), city.now, ticket_id, "在路口")
    return ticket_id


def _gone_on(city: City) -> int:
    ticket_id = city.info_asked()
    service.go_on(city.who("supervisor"), city.now, ticket_id)
    return ticket_id


@pytest.mark.parametrize("bring", [City.recalled, _unmerged, _supplemented, _gone_on])
def test_a_clock_that_a_dispatcher_has_once_more_follows_at_once(city: City, bring: Callable[[City], int]):
    ticket_id = bring(city)
    _amend(city, ticket_id, urgency="critical")
    assert city.clock(ticket_id, "dispatch").due_at == city.now + timedelta(minutes=15)


def test_a_clock_that_stands_still_does_so_by_another_limit_too(city: City):
    ticket_id = city.suspended()
    begun = city.now
    _amend(city, ticket_id, urgency="urgent")
    clock = city.clock(ticket_id, "handle", city.part(ticket_id).id)
    assert (clock.limit, clock.paused_at, clock.next_at) == ("24h", begun, None)
    service.resume(city.who("supervisor"), city.later(days=3), ticket_id, "已完工")
    assert (clock.due_at, clock.paused_at) == (begun + timedelta(days=3, hours=24), None)
