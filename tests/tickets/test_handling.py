"""What a unit does: sign, keep a record of its steps, reply."""

from dataclasses import replace
from datetime import timedelta

import pytest
from scenes import ASSIST, ASSIST_LOGIN, LEAD, LEAD_LOGIN, OTHER, City
from sqlalchemy import select

from db import db
from tickets import errors, service
from tickets.models import TicketText
from tickets.permissions import SYSTEM


def test_signing_stops_the_signing_clock_of_that_part_alone(city: City):
    ticket_id = city.dispatched(assists=(ASSIST,))
    part, other = city.part(ticket_id), city.part(ticket_id, ASSIST)
    service.sign(city.who(LEAD_LOGIN), city.later(minutes=5), ticket_id, part.id, 3)
    assert (part.state, part.signed_at) == ("HANDLING", city.now)
    stopped = [row for row in city.clocks(ticket_id, running=False) if row.stopped_at is not None]
    assert {(row.clock, row.assignment_id) for row in stopped} == {("dispatch", None), ("sign", part.id)}
    assert city.clock(ticket_id, "sign", other.id).next_at is not None
    event = city.events(ticket_id)[-1]
    assert (event.kind, event.department_id, event.payload) == (
        "assignment.signed", city.unit(LEAD), {"assignment": part.id},
    )  # fmt: skip


def test_a_step_is_kept_and_the_first_contact_with_the_citizen_stands(city: City):
    ticket_id = city.signed()
    part = city.part(ticket_id)
    who = city.who(LEAD_LOGIN)
    service.handle(who, city.now, ticket_id, part.id, "现场查看")
    assert part.first_contact_at is None
    first = city.later(hours=1)
    service.handle(who, first, ticket_id, part.id, "电话联系", contacted="phone")
    service.handle(who, city.later(hours=1), ticket_id, part.id, "又联系", contacted="phone")
    assert (part.state, part.first_contact_at) == ("HANDLING", first)
    notes = select(TicketText.version, TicketText.body).where(TicketText.field == "handle_note")
    assert db.session.execute(notes.order_by(TicketText.version)).all() == [
        (1, "现场查看"), (2, "电话联系"), (3, "又联系"),
    ]  # fmt: skip
    assert [event.payload["texts"] for event in city.events(ticket_id)[-3:]] == [
        {"handle_note": 1}, {"handle_note": 2}, {"handle_note": 3},
    ]  # fmt: skip


def test_replying_ends_the_units_clocks_and_calls_the_reviewer(city: City):
    ticket_id = city.signed()
    part = city.part(ticket_id)
    at = city.later(hours=2)
    service.reply(city.who(LEAD_LOGIN), at, ticket_id, part.id, city.account("已修好", "已核实"), 4)
    ticket = city.ticket(ticket_id)
    assert (part.state, part.submitted_at, ticket.state) == ("SUBMITTED", city.now, "TO_REVIEW")
    assert [row.clock for row in city.clocks(ticket_id)] == ["review"]
    replied, submitted = city.events(ticket_id)[-2:]
    assert replied.payload["texts"] == {"public_reply": 1, "internal_note": 1}
    assert (submitted.kind, submitted.payload) == ("ticket.submitted", {})


def test_the_lead_waits_for_every_unit_that_helps(city: City):
    ticket_id = city.signed(assists=(ASSIST,))
    with pytest.raises(errors.NotNow) as refusal:
        city.reply(ticket_id)
    assert refusal.value.values["guard"] == "all_in"
    assist = city.part(ticket_id, ASSIST)
    service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, assist.id)
    city.reply(ticket_id, ASSIST, ASSIST_LOGIN)
    assert (assist.state, city.ticket(ticket_id).state) == ("SUBMITTED", "IN_PROGRESS")
    city.reply(ticket_id)
    assert city.ticket(ticket_id).state == "TO_REVIEW"


def test_a_return_that_is_not_decided_is_waited_for_as_well(city: City):
    ticket_id = city.signed(assists=(ASSIST,))
    city.ask_return(ticket_id, ASSIST, ASSIST_LOGIN)
    with pytest.raises(errors.NotNow):
        city.reply(ticket_id)
    service.excuse(city.who("dispatcher"), city.now, ticket_id, city.part(ticket_id, ASSIST).id, "不需要配合")
    city.reply(ticket_id)
    assert city.ticket(ticket_id).state == "TO_REVIEW"


def test_the_lead_answers_without_a_unit_that_helps_and_says_why(city: City):
    ticket_id = city.signed(assists=(ASSIST,))
    assist = city.part(ticket_id, ASSIST)
    with pytest.raises(errors.Forbidden):
        service.waive(city.who(ASSIST_LOGIN), city.now, ticket_id, assist.id, "我们自己不做了")
    service.waive(city.who(LEAD_LOGIN), city.now, ticket_id, assist.id, "现场已无需配合")
    assert assist.state == "CANCELLED" and not [row for row in city.clocks(ticket_id) if row.part is assist]
    assert f"dept:{city.unit(ASSIST)}" not in city.ticket(ticket_id).rooms
    city.reply(ticket_id)
    assert city.ticket(ticket_id).state == "TO_REVIEW"


def test_what_a_helping_unit_sent_in_can_be_sent_back(city: City):
    ticket_id = city.signed(assists=(ASSIST,))
    assist = city.part(ticket_id, ASSIST)
    service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, assist.id)
    city.reply(ticket_id, ASSIST, ASSIST_LOGIN)
    service.send_back(city.who(LEAD_LOGIN), city.later(hours=1), ticket_id, assist.id, "没有写明时间")
    assert assist.state == "REJECTED" and city.clock(ticket_id, "handle", assist.id)
    with pytest.raises(errors.NotNow):
        city.reply(ticket_id)


@pytest.mark.parametrize(
    ("told", "fields"),
    [
        ({"contact_method": "by pigeon"}, {"contact_method": "unknown"}),
        ({"facts": ""}, {"facts": "missing"}),
        ({"result": "tired"}, {"result": "unknown"}),
        ({"contact_at": None}, {"contact_at": "missing"}),
        ({"contact_from": " "}, {"contact_from": "missing"}),
        ({"contact_from": "abc"}, {"contact_from": "not_a_number"}),
        ({"contact_from": "办公室"}, {"contact_from": "not_a_number"}),
        ({"contact_from": "0546"}, {"contact_from": "not_a_number"}),
    ],
)
def test_the_end_needs_an_account(city: City, told: dict[str, object], fields: dict[str, str]):
    ticket_id = city.signed()
    account = city.account("已修好", "已核实", **told)
    with pytest.raises(errors.Invalid) as refusal:
        service.reply(city.who(LEAD_LOGIN), city.now, ticket_id, city.part(ticket_id).id, account)
    assert refusal.value.values["fields"] == fields


@pytest.mark.parametrize(
    "number", ["0546-8331234", "（0546）8331234转801", "138 0013 8000", "+86 546 8331234", "12345"]
)
def test_the_number_it_was_told_from_is_one_to_dial(city: City, number: str):
    ticket_id = city.signed()
    account = city.account("已修好", "已核实", contact_from=number)
    service.reply(city.who(LEAD_LOGIN), city.now, ticket_id, city.part(ticket_id).id, account)
    assert city.part(ticket_id).contact_from == number


def test_the_citizen_was_told_after_the_dispatch_and_before_now(city: City):
    ticket_id = city.signed()
    part = city.part(ticket_id)
    for at in (part.dispatched_at - timedelta(minutes=1), city.now + timedelta(minutes=1)):
        account = city.account("已修好", "已核实", contact_at=at)
        with pytest.raises(errors.Invalid) as refusal:
            service.reply(city.who(LEAD_LOGIN), city.now, ticket_id, part.id, account)
        assert refusal.value.values["fields"] == {"contact_at": "not_between"}


def test_personal_data_in_the_public_reply_is_pointed_out_before_it_goes_out(city: City):
    ticket_id = city.signed()
    part, who = city.part(ticket_id).id, city.who(LEAD_LOGIN)
    shown = "已联系您本人13912345678，路面修好。"
    for text in (shown, "已上门向张三先生说明。", "3号楼2单元501已通水。"):
        with pytest.raises(errors.Invalid) as refusal:
            service.reply(who, city.now, ticket_id, part, city.account(text, "已核实"))
        assert refusal.value.values["fields"] == {"public_reply": "personal_data"}
    service.reply(who, city.now, ticket_id, part, city.account(shown, "已核实", personal_ok=True))
    assert city.ticket(ticket_id).state == "TO_REVIEW"


def test_who_handled_it_does_not_review_it(city: City):
    ticket_id = city.signed()
    both = replace(city.who(LEAD_LOGIN), permissions=city.who("supervisor").permissions)
    service.reply(both, city.now, ticket_id, city.part(ticket_id).id, city.account("已修好", "已核实"))
    with pytest.raises(errors.NotNow) as refusal:
        service.accept(both, city.now, ticket_id)
    assert refusal.value.values["guard"] == "other_hand"
    service.accept(city.who("supervisor"), city.now, ticket_id)


def test_first_contact_stops_its_clock(city: City):
    ticket_id = city.signed()
    part = city.part(ticket_id)
    assert city.clock(ticket_id, "contact", part.id).limit == "1wd"
    service.handle(city.who(LEAD_LOGIN), city.later(hours=1), ticket_id, part.id, "没有打通", "unreachable")
    assert city.clock(ticket_id, "contact", part.id) and part.first_contact_at is None
    service.handle(city.who(LEAD_LOGIN), city.later(hours=1), ticket_id, part.id, "已电话说明", "phone")
    assert part.first_contact_at == city.now
    assert not [row for row in city.clocks(ticket_id) if row.clock == "contact"]


def test_nobody_to_speak_with_is_no_clock(city: City):
    ticket_id = city.dispatched(anonymous=True, phone="", name="", address="")
    assert not [row for row in city.clocks(ticket_id) if row.clock == "contact"]


def test_who_does_not_sign_in_time_has_signed_late(city: City):
    ticket_id = city.dispatched()
    part = city.part(ticket_id)
    clock = city.clock(ticket_id, "sign", part.id)
    city.now = clock.due_at
    assert service.act_on_deadline(SYSTEM, city.now, clock.id)
    assert (part.state, part.signed_at, part.auto_signed) == ("HANDLING", clock.due_at, True)
    assert clock.stopped_at == clock.due_at and city.clock(ticket_id, "handle", part.id)
    assert not service.act_on_deadline(SYSTEM, city.now, clock.id)
    assert [event.kind for event in city.events(ticket_id)].count("assignment.signed") == 1


class TestPassedDown:
    DISTRICT, BELOW, DEEPER = "990102.gov", "990102001.gov", "990102001001.gov"

    def _with_the_district(self, city: City) -> tuple[int, int]:
        ticket_id = city.waiting()
        service.dispatch(city.who("dispatcher"), city.now, ticket_id, city.unit(self.DISTRICT))
        part = city.part(ticket_id, self.DISTRICT)
        service.sign(city.who("lead-wanghe"), city.now, ticket_id, part.id)
        return ticket_id, part.id

    def _down(self, city: City, ticket_id: int, part: int, unit: str, days: str = "") -> int:
        service.delegate(city.who("lead-wanghe"), city.now, ticket_id, part, city.unit(unit), days)
        return city.part(ticket_id, unit).id

    def test_as_deep_as_the_tree_and_each_waits_for_what_it_passed_down(self, city: City):
        ticket_id, top = self._with_the_district(city)
        street = self._down(city, ticket_id, top, self.BELOW, "3")
        who = city.who("lead-wanghe")
        service.sign(city.who("handler-mingde"), city.now, ticket_id, street)
        village = self._down(city, ticket_id, street, self.DEEPER)
        service.sign(city.who("handler-shuyuan"), city.now, ticket_id, village)
        roles = [(part.role, part.parent_id) for part in city.parts(ticket_id)]
        assert roles == [("lead", None), ("sub", top), ("sub", street)]
        with pytest.raises(errors.NotNow):
            service.reply(who, city.now, ticket_id, top, city.account("已修好", "已核实"))
        with pytest.raises(errors.NotNow):
            service.contribute(city.who("handler-mingde"), city.now, ticket_id, street, "已处理")
        service.contribute(city.who("handler-shuyuan"), city.now, ticket_id, village, "已处理")
        service.contribute(city.who("handler-mingde"), city.now, ticket_id, street, "已处理")
        service.reply(who, city.now, ticket_id, top, city.account("已修好", "已核实"))
        service.accept(city.who("supervisor"), city.now, ticket_id)
        assert {part.state for part in city.parts(ticket_id)} == {"DONE"}

    def test_it_is_due_sooner_or_with_the_part_it_came_from_never_later(self, city: City):
        ticket_id, top = self._with_the_district(city)
        own = city.clock(ticket_id, "handle", top).due_at
        sooner = self._down(city, ticket_id, top, self.BELOW, "1wd")
        later = self._down(city, ticket_id, top, self.DEEPER, "30wd")
        assert city.clock(ticket_id, "handle", sooner).due_at < own
        assert city.clock(ticket_id, "handle", later).due_at == own

    def test_it_can_be_given_back_to_who_passed_it_down(self, city: City):
        ticket_id, top = self._with_the_district(city)
        street = self._down(city, ticket_id, top, self.BELOW)
        with pytest.raises(errors.NotNow):
            city.ask_return(ticket_id, self.BELOW, "handler-mingde")
        service.decline(city.who("handler-mingde"), city.now, ticket_id, street, "不在本街道")
        assert city.part(ticket_id, self.BELOW).state == "RETURNED"
        service.reply(city.who("lead-wanghe"), city.now, ticket_id, top, city.account("已修好", "已核实"))
        assert city.ticket(ticket_id).state == "TO_REVIEW"

    def test_only_down_the_own_tree_and_only_to_who_has_it_not(self, city: City):
        ticket_id, top = self._with_the_district(city)
        self._down(city, ticket_id, top, self.BELOW)
        for unit, fault in ((OTHER, "unknown"), (self.DISTRICT, "unknown"), (self.BELOW, "already_has_it")):
            with pytest.raises(errors.Invalid) as refusal:
                self._down(city, ticket_id, top, unit)
            assert refusal.value.values["fields"] == {"below": fault}

    def test_what_the_upper_unit_gives_back_is_taken_from_the_lower_one(self, city: City):
        ticket_id, top = self._with_the_district(city)
        self._down(city, ticket_id, top, self.BELOW)
        service.request_return(
            city.who("lead-wanghe"), city.now, ticket_id, top, "not_our_duty", "不归区里", "三定方案",
            city.unit(OTHER),
        )
        service.redispatch(city.who("dispatcher"), city.now, ticket_id, top, city.unit(OTHER), "改派")
        assert city.part(ticket_id, self.BELOW).state == "CANCELLED"
        assert {row.part.department_id for row in city.clocks(ticket_id) if row.part} == {city.unit(OTHER)}


def test_a_joint_visit_is_called_and_minuted(city: City):
    ticket_id = city.signed(assists=(ASSIST,))
    part, who = city.part(ticket_id).id, city.who(LEAD_LOGIN)
    with pytest.raises(errors.NotNow):
        service.minute(who, city.now, ticket_id, part, "还没有开会")
    service.schedule(who, city.now, ticket_id, part, "visit", city.now + timedelta(days=1), "明德路12号门前")
    service.minute(who, city.later(days=1), ticket_id, part, "三方到场，确认由城管修复。")
    kinds = [event.kind for event in city.events(ticket_id)]
    assert kinds[-2:] == ["meeting.called", "meeting.minuted"]
    with pytest.raises(errors.NotNow):
        service.minute(who, city.now, ticket_id, part, "再记一次")


def test_both_accounts_of_the_outcome_are_needed(city: City):
    ticket_id = city.signed()
    with pytest.raises(errors.Invalid) as refusal:
        service.reply(city.who(LEAD_LOGIN), city.now, ticket_id, city.part(ticket_id).id, city.account("", " "))
    assert refusal.value.values["fields"] == {"public_reply": "missing", "internal_note": "missing"}
    with pytest.raises(errors.Invalid):
        service.handle(city.who(LEAD_LOGIN), city.now, ticket_id, city.part(ticket_id).id, " ")


def test_a_lead_of_units_may_do_the_work_of_those_below(city: City):
    ticket_id = city.dispatched()
    service.sign(city.who("lead-wanghe"), city.now, ticket_id, city.part(ticket_id).id)
    assert city.part(ticket_id).state == "HANDLING"


def test_a_neighbour_sees_the_ticket_and_does_nothing_to_anothers_part(city: City):
    ticket_id = city.dispatched(assists=(ASSIST,))
    with pytest.raises(errors.Forbidden):
        service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, city.part(ticket_id).id)


def test_refusals_come_in_their_order(city: City):
    ticket_id = city.dispatched()
    part, who = city.part(ticket_id).id, city.who(LEAD_LOGIN)
    elsewhere = city.dispatched()
    with pytest.raises(errors.NotFound):
        service.reply(city.who("handler-heat"), city.now, ticket_id, part, city.account("", ""), 9)
    with pytest.raises(errors.NotFound):  # a part of another ticket
        service.reply(who, city.now, elsewhere, part, city.account("", ""), 9)
    with pytest.raises(errors.NotFound):
        service.reply(who, city.now, 10**12, part, city.account("", ""), 9)
    with pytest.raises(errors.Forbidden):
        service.reply(city.who("supervisor"), city.now, ticket_id, part, city.account("", ""), 9)
    with pytest.raises(errors.Stale):
        service.reply(who, city.now, ticket_id, part, city.account("", ""), 9)
    with pytest.raises(errors.NotNow):
        service.reply(who, city.now, ticket_id, part, city.account("", ""), 3)
    service.sign(who, city.now, ticket_id, part, 3)
    with pytest.raises(errors.Invalid):
        service.reply(who, city.now, ticket_id, part, city.account("", ""), 4)
