"""What stands under the lines of a board: requests with their reasons, and urges with their age."""

from datetime import timedelta

from scenes import LEAD_LOGIN, UNIT_HEAD, City

from tickets import queries, second_lines, service
from tickets.narrowing import Wanted
from tickets.permissions import caller_of


def test_a_request_says_how_much_and_why(city: City):
    ticket_id = city.signed()
    part = city.part(ticket_id)
    service.ask_extension(city.who(UNIT_HEAD), city.now, ticket_id, part.id, "3", "等配件")
    [asked] = second_lines.asked_on("extensions", [ticket_id])
    assert (asked.unit, asked.days, asked.words) == (part.department_id, "3wd", "等配件")
    assert second_lines.asked_on("suspensions", [ticket_id]) == second_lines.asked_on("inbox", [ticket_id]) == []


def test_of_a_confidential_ticket_the_words_stand_on_its_page_alone(city: City):
    ticket_id = city.signed()
    city.ticket(ticket_id).confidential = True
    service.ask_extension(city.who(UNIT_HEAD), city.now, ticket_id, city.part(ticket_id).id, "3", "等配件")
    assert [one.words for one in second_lines.asked_on("extensions", [ticket_id])] == [""]


def test_a_return_says_to_whom(city: City):
    ticket_id = city.return_requested()
    [asked] = second_lines.asked_on("returns", [ticket_id])
    part = city.part(ticket_id)
    assert (asked.reason, asked.suggested) == (part.return_reason, part.suggested_department_id)
    assert asked.words


def test_urges_are_counted_and_wait_until_a_unit_writes(city: City):
    ticket_id, first = city.signed(), city.later(minutes=5)
    service.urge(caller_of(ticket_id), first, ticket_id, "什么时候修好")
    last = city.later(minutes=5)
    service.urge(caller_of(ticket_id), last, ticket_id, "还没有人来")
    assert second_lines.urges_of([ticket_id]) == {ticket_id: second_lines.Urges(2, last, first)}
    assert queries.waiting(city.who("supervisor"), city.now)["urged"] == 1
    part = city.part(ticket_id).id
    service.handle(city.who(LEAD_LOGIN), city.later(minutes=5), ticket_id, part, "已安排")
    assert second_lines.urges_of([ticket_id]) == {ticket_id: second_lines.Urges(2, last, None)}


def test_the_clocks_of_the_days_wanted(city: City):
    ticket_id = city.dispatched()
    part = city.part(ticket_id).id
    handle = city.clock(ticket_id, "handle", part)
    day = handle.due_at.astimezone(city.zone).date()
    found = second_lines.due_within(Wanted(due_from=day, due_to=day), [ticket_id])
    assert found == [(ticket_id, part, "handle", handle.due_at)]
    assert second_lines.due_within(Wanted(due_from=day + timedelta(days=1)), [ticket_id]) == []
    assert second_lines.due_within(Wanted(clock="handle"), [ticket_id]) == []
