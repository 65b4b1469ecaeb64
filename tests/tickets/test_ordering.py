"""督办: an order to a unit, its answer, and what becomes of it; and the green channel."""

from datetime import timedelta

import pytest
from scenes import ASSIST, LEAD_LOGIN, City

from tickets import clocks, deadlines, errors, queries, service
from tickets.permissions import SYSTEM


def ordered(city: City, ticket_id: int, login: str = "supervisor") -> int:
    part = city.part(ticket_id).id
    due = city.now + timedelta(days=2)
    service.order(city.who(login), city.now, ticket_id, part, "written", 2, due, "请于两日内修复并反馈")
    return part


def test_an_order_has_an_answer_due_and_outlives_the_reply(city: City):
    ticket_id = city.signed()
    part = ordered(city, ticket_id)
    clock = city.clock(ticket_id, "order", part)
    assert clock.due_at == city.now + timedelta(days=2)
    city.reply(ticket_id)
    assert {row.clock for row in city.clocks(ticket_id)} == {"review", "order"}
    service.answer_order(city.who(LEAD_LOGIN), city.later(hours=5), ticket_id, part, "已连夜修复")
    assert clock.stopped_at == city.now
    service.settle_order(city.who("office"), city.now, ticket_id, part, "核实无误，销号")
    kinds = [event.kind for event in city.events(ticket_id) if event.kind.startswith("order.")]
    assert kinds == ["order.issued", "order.answered", "order.settled"]


def test_a_leader_of_the_city_instructs(city: City):
    ticket_id = city.signed()
    part = ordered(city, ticket_id, "leader")
    assert city.clock(ticket_id, "order", part).due_at == city.now + timedelta(days=2)
    service.answer_order(city.who(LEAD_LOGIN), city.now, ticket_id, part, "已落实")
    service.settle_order(city.who("leader"), city.now, ticket_id, part, "阅")
    with pytest.raises(errors.Forbidden):
        service.order(city.who("auditor"), city.now, ticket_id, part, "written", 3, city.later(days=1), "请办理")


def test_an_answer_that_is_not_enough_is_asked_for_again(city: City):
    ticket_id = city.signed()
    part = ordered(city, ticket_id)
    service.answer_order(city.who(LEAD_LOGIN), city.now, ticket_id, part, "正在处理")
    again = city.now + timedelta(days=1)
    service.renew_order(city.who("supervisor"), city.now, ticket_id, part, again, "未见整改结果，限明日反馈")
    assert city.clock(ticket_id, "order", part).due_at == again
    service.answer_order(city.who(LEAD_LOGIN), city.now, ticket_id, part, "已修复")


def test_one_order_at_a_time_by_who_may_and_ahead(city: City):
    ticket_id = city.signed()
    part = ordered(city, ticket_id, "office")
    with pytest.raises(errors.NotNow):
        ordered(city, ticket_id)
    with pytest.raises(errors.Forbidden):
        service.settle_order(city.who(LEAD_LOGIN), city.now, ticket_id, part, "自己销号")
    other = city.signed()
    with pytest.raises(errors.Invalid) as refusal:
        service.order(
            city.who("supervisor"), city.now, other, city.part(other).id, "loud", 9, city.now, "请处理"
        )
    assert refusal.value.values["fields"] == {
        "order_form": "unknown", "order_level": "unknown", "order_due": "not_ahead",
    }  # fmt: skip


def test_the_unit_has_its_orders_on_a_board(city: City):
    ticket_id = city.signed()
    ordered(city, ticket_id)
    rows = queries.board(city.who(LEAD_LOGIN), city.now, "unit_ordered").rows
    assert [row.id for row in rows] == [ticket_id]
    assert rows[0].due_at == city.now + timedelta(days=2)


def test_the_green_channel_is_shorter_and_shown_beside_the_legal_limit(monday: City):
    city = monday
    ticket_id = city.signed(enterprise=True)
    part = city.part(ticket_id)
    before = city.clock(ticket_id, "handle", part.id)
    service.green(city.who("supervisor"), city.later(hours=1), ticket_id, "重点项目，分管领导同意")
    after = city.clock(ticket_id, "handle", part.id)
    assert (before.limit, after.limit) == ("5wd", "3wd")  # five times 0.7, rounded down
    assert after.legal_due_at == before.due_at and after.due_at < before.due_at
    assert [row.id for row in queries.board(city.who("leader"), city.now, "green").rows] == [ticket_id]
    with pytest.raises(errors.NotNow):
        service.green(city.who("supervisor"), city.now, ticket_id, "再来一次")


def test_what_is_dispatched_on_the_green_channel_has_both_limits(city: City):
    ticket_id = city.waiting()
    service.green(city.who("supervisor"), city.now, ticket_id, "重点企业")
    city.dispatched(ticket_id=ticket_id)
    clock = city.clock(ticket_id, "handle", city.part(ticket_id).id)
    rules = clocks.clock_rules(city.reference)
    assert clock.legal_due_at == deadlines.due_at(city.now, deadlines.Limit.parse("5wd"), rules.calendar)
    assert clock.legal_due_at > clock.due_at


def test_an_order_goes_with_the_part_it_was_for(city: City):
    """Who has not got the matter any more has nothing to answer for in it."""
    ticket_id = city.signed(assists=(ASSIST,))
    part = city.part(ticket_id, ASSIST)
    due = city.now + timedelta(days=2)
    service.order(city.who("supervisor"), city.now, ticket_id, part.id, "written", 1, due, "请反馈")
    service.waive(city.who(LEAD_LOGIN), city.now, ticket_id, part.id, "不再需要")
    assert "order" not in {row.clock for row in city.clocks(ticket_id)}
    assert ticket_id not in [row.id for row in queries.board(city.who("supervisor"), city.now, "ordered").rows]


def test_an_order_is_answered_for_also_when_nobody_rates(city: City):
    ticket_id = city.signed()
    part = ordered(city, ticket_id)
    city.reply(ticket_id)
    service.accept(city.who("supervisor"), city.now, ticket_id)
    callback = city.clock(ticket_id, "callback")
    city.now = callback.due_at + timedelta(minutes=1)
    assert service.act_on_deadline(SYSTEM, city.now, callback.id)
    assert city.ticket(ticket_id).state == "CLOSED"
    assert city.clock(ticket_id, "order", part).next_at is not None
    service.answer_order(city.who(LEAD_LOGIN), city.now, ticket_id, part, "已处理")
