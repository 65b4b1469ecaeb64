"""At the front desk: take in once and only once, as a draft or at once."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from scenes import UNSURE, City
from sqlalchemy import select

from db import db
from routing import service as routing
from tickets import errors, numbers, service
from tickets.change import scope_of
from tickets.event_models import Outbox
from tickets.intake import CONTENT_LENGTH, TITLE_LENGTH, Intake, Opened
from tickets.models import Contact, RoutingDecision, TicketText
from tickets.permissions import SYSTEM, VISITOR, rooms_of_ticket

SURE = replace(UNSURE, title="供热管道爆裂", content="明德路供热管道爆裂，热水喷出来了")
"""A rule gives it to the heating company."""


def _texts(ticket_id: int, field: str) -> list[str]:
    query = select(TicketText.body).where(TicketText.ticket_id == ticket_id, TicketText.field == field)
    return list(db.session.scalars(query.order_by(TicketText.version)))


def test_a_visitors_matter_gets_number_code_and_clock(city: City):
    opened = service.open_ticket(VISITOR, city.now, replace(UNSURE, channel="web"), city.vault)
    ticket = city.ticket(opened.ticket.id)
    assert (ticket.state, ticket.version, opened.is_new) == ("TO_DISPATCH", 2, True)
    assert ticket.number is not None and numbers.is_ticket_number(ticket.number)
    day = city.now.astimezone(routing.current().zone)
    assert ticket.number.startswith(f"{day:%Y%m%d}")
    assert len(opened.code) == 12 and ticket.code_hash is not None
    assert opened.code.encode() not in ticket.code_hash
    assert city.clock(ticket.id, "dispatch").started_at == city.now
    assert [event.kind for event in city.events(ticket.id)] == ["ticket.registered", "ticket.triaged"]


def test_the_number_carries_the_citys_day_not_the_servers(city: City):
    city.now = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)  # one in the morning of the 2nd, where the city is
    assert (city.ticket(city.waiting()).number or "").startswith("20260302")


def test_a_sure_matter_goes_to_its_unit_at_once(city: City):
    opened = service.open_ticket(VISITOR, city.now, replace(SURE, channel="web"), city.vault)
    ticket = city.ticket(opened.ticket.id)
    assert ticket.state == "IN_PROGRESS"
    assert [part.department_id for part in city.parts(ticket.id)] == [city.unit("9901.heat")]
    decision = db.session.scalars(select(RoutingDecision).where(RoutingDecision.ticket_id == ticket.id)).one()
    assert decision.dispatched and decision.rule_id is not None and decision.detail["reasons"]
    assert {row.clock for row in city.clocks(ticket.id)} == {"sign", "contact", "handle"}


def test_what_is_not_sure_keeps_the_suggestion_and_the_reason(city: City):
    ticket_id = city.waiting(title="路灯不亮", content="路灯不亮", type="report")
    assert city.ticket(ticket_id).state == "TO_DISPATCH"  # a rule holds confidential reports for a person
    decision = db.session.scalars(select(RoutingDecision).where(RoutingDecision.ticket_id == ticket_id)).one()
    assert not decision.dispatched
    assert decision.lead_department_id is not None and decision.detail["reasons"]


def test_personal_data_stands_in_contact_only_and_sealed(city: City):
    ticket_id = city.waiting()
    contact = db.session.get_one(Contact, ticket_id)
    for field, value in (("name", "张三丰"), ("phone", "13800138000")):
        assert value.encode() not in getattr(contact, field)
        assert city.vault.open_contact(contact, field) == value
    assert contact.phone_hash == city.vault.phone_hash("+86 138-0013-8000")


def test_events_name_texts_and_fields_but_hold_no_word_of_them(city: City):
    secret = "她说的话一个字也不能进事件"
    ticket_id = city.dispatched(content=secret, title=f"题{secret}")
    service.sign(city.who("handler-wanghe-urban"), city.now, ticket_id, city.part(ticket_id).id)
    city.reply(ticket_id)
    told = json.dumps([event.payload for event in city.events(ticket_id)], ensure_ascii=False)
    for words in (secret, "张三丰", "13800138000", "路面已经修好", "内部：已核实"):
        assert words not in told
    first = city.events(ticket_id)[0].payload
    assert first["texts"] == {"title": 1, "content": 1, "place": 1}
    assert sorted(first["contact"]) == ["address", "name", "phone"]


def test_versions_count_events_and_each_event_waits_in_the_outbox(city: City):
    ticket_id = city.rated()
    events = city.events(ticket_id)
    assert [event.version for event in events] == list(range(1, city.ticket(ticket_id).version + 1))
    waiting = set(db.session.scalars(select(Outbox.event_id)))
    assert {event.id for event in events} <= waiting


def test_the_title_is_masked_when_it_is_written_and_the_words_are_kept(city: City):
    ticket_id = city.waiting(title="请打13912345678找我")
    assert "13912345678" not in city.ticket(ticket_id).title
    assert _texts(ticket_id, "title") == ["请打13912345678找我"]


def test_without_a_title_the_beginning_of_the_content_stands_in(city: City):
    assert city.ticket(city.waiting(title="", content="很长\n的" + "话" * 60)).title == "很长 的" + "话" * 26 + "…"
    assert city.ticket(city.waiting(title="", content="说完了")).title == "说完了"


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"type": "rumour"}, {"type": "unknown"}),
        ({"urgency": "whenever"}, {"urgency": "unknown"}),
        ({"channel": "pigeon"}, {"channel": "unknown"}),
        ({"content": " ", "title": ""}, {"content": "missing"}),
        ({"content": "x" * (CONTENT_LENGTH + 1)}, {"content": "too_long"}),
        ({"title": "x" * (TITLE_LENGTH + 1)}, {"title": "too_long"}),
        ({"phone": " "}, {"phone": "missing"}),
        ({"phone": "1" * 51, "name": "王" * 101}, {"phone": "too_long", "name": "too_long"}),
        ({"external_no": "1" * 101}, {"external_no": "too_long"}),
        ({"region_code": "000"}, {"region_code": "unknown"}),
        ({"category_code": "99-99"}, {"category_code": "unknown"}),
        ({"content": "a\x00b"}, {"content": "unreadable"}),
        ({"caller_label": "\ud83d"}, {"caller_label": "unreadable"}),
        ({"external_no": "\x00"}, {"external_no": "unreadable"}),
        ({"type": "x", "phone": ""}, {"type": "unknown", "phone": "missing"}),
    ],
)
def test_faults_are_named_by_field_and_nothing_is_stored(
    city: City, changes: dict[str, str], fields: dict[str, str]
):
    with pytest.raises(errors.Invalid) as refusal:
        service.open_ticket(VISITOR, city.now, replace(UNSURE, **changes), city.vault)
    assert refusal.value.values == {"fields": fields}
    assert not db.session.new and not db.session.dirty


def test_who_may_not_register_is_told_before_any_fault(city: City):
    with pytest.raises(errors.Forbidden):
        service.open_ticket(city.who("auditor"), city.now, Intake(), city.vault)


def test_nobody_is_forced_to_leave_a_number_who_stays_anonymous(city: City):
    ticket_id = city.waiting(anonymous=True, name="", phone="", address="")
    assert db.session.get(Contact, ticket_id) is None


def test_a_report_is_confidential_by_itself(city: City):
    ticket = city.ticket(city.waiting(type="report"))
    assert ticket.confidential and "city/c" in ticket.rooms and "city" not in ticket.rooms


def test_a_place_named_in_the_words_becomes_the_region_where_none_was_chosen(city: City):
    ticket = city.ticket(city.waiting(content="望河区这件事情实在说不清归谁"))
    assert (ticket.region_code, ticket.region_path) == ("990102", "9901/990102")


def test_a_title_made_of_the_content_shows_no_half_of_a_number(city: City):
    ticket = city.ticket(city.waiting(title="", content=f"{'话' * 33}13987650000找我"))
    assert "1398765" not in ticket.title and ticket.title.startswith("话" * 30)


def test_digits_of_a_telephone_number_are_no_matter_for_any_unit(city: City):
    assert city.ticket(city.waiting(content="说不清归谁，电话13912345678")).state == "TO_DISPATCH"


def test_the_region_brings_its_chain(city: City):
    ticket = city.ticket(city.waiting(region_code="990102001"))
    assert ticket.region_path == "9901/990102/990102001"


class TestOnce:
    """A form's key and an external number each make one ticket, however often they come."""

    WEB = replace(UNSURE, channel="web")

    def test_the_same_form_gets_the_same_ticket_and_for_a_day_the_code(self, city: City):
        first = service.open_ticket(VISITOR, city.now, self.WEB, city.vault, form_key="k1")
        again = service.open_ticket(VISITOR, city.now, self.WEB, city.vault, form_key="k1")
        assert (again.ticket.id, again.code, again.is_new) == (first.ticket.id, first.code, False)
        assert city.ticket(first.ticket.id).version == 2
        late = city.now + timedelta(hours=24)
        assert service.open_ticket(VISITOR, late, self.WEB, city.vault, form_key="k1").code == ""

    def test_a_repeat_gets_its_own_ticket_and_no_other_that_came_without_a_number(self, city: City):
        city.waiting()
        first = service.open_ticket(VISITOR, city.now, self.WEB, city.vault, form_key="k2")
        city.waiting()
        assert service.open_ticket(
            VISITOR, city.now, self.WEB, city.vault, form_key="k2"
        ).ticket.id == first.ticket.id  # fmt: skip

    def test_the_same_key_with_other_content_is_refused(self, city: City):
        service.open_ticket(VISITOR, city.now, self.WEB, city.vault, form_key="k3")
        other = replace(self.WEB, content="别的事情")
        with pytest.raises(errors.KeyReused):
            service.open_ticket(VISITOR, city.now, other, city.vault, form_key="k3")

    def test_an_external_number_is_taken_once_and_opens_no_code(self, city: City):
        record = replace(UNSURE, channel="import", external_system="12319", external_no="A-1")
        first = service.open_ticket(SYSTEM, city.now, record, city.vault)
        changed = replace(record, content="后来改过的话")
        again = service.open_ticket(SYSTEM, city.now, changed, city.vault)
        assert (again.ticket.id, again.code, again.is_new) == (first.ticket.id, "", False)
        elsewhere = replace(record, external_system="12345-old")
        assert service.open_ticket(SYSTEM, city.now, elsewhere, city.vault).is_new

    def test_a_fresh_key_for_a_known_external_number_finds_its_ticket(self, city: City):
        record = replace(UNSURE, channel="import", external_system="12319", external_no="A-2")
        first = service.open_ticket(SYSTEM, city.now, record, city.vault)
        again = service.open_ticket(SYSTEM, city.now, record, city.vault, form_key="k4")
        assert (again.ticket.id, again.is_new) == (first.ticket.id, False)

    def test_a_number_that_is_taken_is_no_repeat_of_anything(self, city: City, monkeypatch: pytest.MonkeyPatch):
        taken = city.ticket(city.waiting()).number
        monkeypatch.setattr(numbers, "ticket_number", lambda day, serial: taken)
        with pytest.raises(errors.KeyReused):
            city.waiting()


def test_history_is_closed_as_imported_without_clocks(city: City):
    record = replace(SURE, channel="import", external_system="12319", external_no="A-3", anonymous=True)
    opened = service.open_ticket(SYSTEM, city.now, record, city.vault, clocks_run=False)
    ticket = city.ticket(opened.ticket.id)
    assert (ticket.state, ticket.closed_at) == ("CLOSED", city.now)
    assert not city.clocks(ticket.id, running=False) and not city.parts(ticket.id)
    assert [event.payload.get("outcome") for event in city.events(ticket.id)] == [None, "imported"]
    decided = db.session.scalars(select(RoutingDecision).where(RoutingDecision.ticket_id == ticket.id)).one()
    assert decided.category_code == ticket.category_code is not None


def test_only_routing_closes_a_matter_as_history(city: City):
    with pytest.raises(errors.Forbidden):
        service.open_ticket(city.who("operator"), city.now, UNSURE, city.vault, clocks_run=False)


class TestDraft:
    def test_a_draft_needs_nothing_and_has_no_number(self, city: City):
        ticket = city.ticket(service.open_draft(city.who("operator"), city.now, Intake(), city.vault).id)
        assert (ticket.state, ticket.number, ticket.version) == ("DRAFT", None, 1)
        assert ticket.rooms == [f"staff:{city.who('operator').id}"]

    def test_only_who_takes_calls_begins_one(self, city: City):
        with pytest.raises(errors.Forbidden):
            service.open_draft(city.who("dispatcher"), city.now, Intake(), city.vault)

    def test_the_same_form_is_one_draft(self, city: City):
        operator = city.who("operator")

        def keep(**changes: object) -> int:
            intake = replace(UNSURE, **changes)
            return service.open_draft(operator, city.now, intake, city.vault, form_key="d1").id

        ticket_id = keep()
        city.waiting()
        service.amend(operator, city.now, ticket_id, replace(UNSURE, place="别处"), city.vault)
        assert keep() == ticket_id and len(city.events(ticket_id)) == 2
        with pytest.raises(errors.KeyReused):
            keep(content="别的事情")
        with pytest.raises(errors.KeyReused):
            service.open_draft(city.who("operator2"), city.now, UNSURE, city.vault, form_key="d1")
        service.discard(operator, city.now, ticket_id, "电话断了")
        with pytest.raises(errors.KeyReused):
            keep()

    def test_a_form_that_was_kept_and_is_then_registered_is_no_second_ticket(self, city: City):
        operator = city.who("operator")
        draft = service.open_draft(operator, city.now, replace(UNSURE, content=""), city.vault, form_key="d2")
        opened = service.open_ticket(operator, city.now, UNSURE, city.vault, form_key="d2")
        again = service.open_ticket(operator, city.now, UNSURE, city.vault, form_key="d2")
        assert draft.id == opened.ticket.id == again.ticket.id and opened.ticket.number
        assert (opened.is_new, again.is_new, again.code) == (True, False, opened.code)

    def test_registering_again_shows_number_and_code_for_a_day(self, city: City):
        ticket_id, operator = city.draft(), city.who("operator")

        def register(intake: Intake = UNSURE) -> Opened:
            return service.register(operator, city.now, ticket_id, intake, city.vault, 1)

        first, again = register(), register()
        assert (again.ticket.id, again.code, again.is_new) == (ticket_id, first.code, False)
        assert len(city.events(ticket_id)) == 3
        with pytest.raises(errors.Stale):
            register(replace(UNSURE, content="别的事情"))
        with pytest.raises(errors.Forbidden):
            service.register(city.who("supervisor"), city.now, ticket_id, UNSURE, city.vault, 1)
        city.later(hours=24)
        assert register().code == ""

    def test_registering_gives_the_number_and_routes(self, city: City):
        ticket_id = city.draft(content="", title="")
        opened = service.register(city.who("operator"), city.later(minutes=3), ticket_id, UNSURE, city.vault, 1)
        ticket = city.ticket(ticket_id)
        assert (ticket.state, ticket.registered_at) == ("TO_DISPATCH", city.now)
        assert ticket.number and opened.code and opened.is_new
        assert city.clock(ticket_id, "dispatch").started_at == city.now

    def test_registering_stores_only_the_texts_that_changed(self, city: City):
        ticket_id = city.draft()
        service.register(
            city.who("operator"), city.now, ticket_id, replace(UNSURE, title="新的标题"), city.vault
        )
        assert _texts(ticket_id, "title") == [UNSURE.title, "新的标题"]
        assert _texts(ticket_id, "content") == [UNSURE.content]

    def test_refusals_come_in_their_order(self, city: City):
        ticket_id = city.draft()
        operator, other = city.who("operator"), city.who("operator2")
        bad = Intake()
        with pytest.raises(errors.NotFound):
            service.register(other, city.now, ticket_id, bad, city.vault, 9)
        with pytest.raises(errors.Stale) as stale:
            service.register(operator, city.now, ticket_id, bad, city.vault, 9)
        assert stale.value.values == {"version": 9, "theirs": 1}
        with pytest.raises(errors.Invalid):
            service.register(operator, city.now, ticket_id, bad, city.vault, 1)
        service.register(operator, city.now, ticket_id, UNSURE, city.vault, 1)
        with pytest.raises(errors.NotNow) as refusal:
            service.register(operator, city.now, ticket_id, bad, city.vault)
        assert refusal.value.values == {"action": "register", "state": "TO_DISPATCH"}


def test_rooms_stored_are_the_rooms_of_the_ticket(city: City):
    for ticket_id in (city.draft(), city.waiting(), city.rated(), city.returned()):
        ticket = city.ticket(ticket_id)
        assert set(ticket.rooms) == rooms_of_ticket(scope_of(ticket, city.parts(ticket_id)))
