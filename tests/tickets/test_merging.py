"""并单、分单、撤销: tickets that belong together, apart, or are wanted no more."""

import pytest
from scenes import ASSIST, LEAD, LEAD_LOGIN, City

from tickets import errors, queries, service
from tickets.merging import Demand
from tickets.permissions import caller_of


def number_of(city: City, ticket_id: int) -> str:
    return city.ticket(ticket_id).number or ""


class TestMerged:
    def test_every_caller_keeps_an_own_number_and_gets_the_one_answer(self, city: City):
        master = city.signed()
        callers = [city.from_web() for _ in range(3)]
        for ticket_id, _code in callers:
            service.merge(city.who("dispatcher"), city.now, ticket_id, number_of(city, master))
        city.reply(master)
        service.accept(city.who("supervisor"), city.now, master)
        for ticket_id, code in callers:
            found = queries.public_status(number_of(city, ticket_id), code, city.vault)
            assert found is not None and found.state == "TO_CALLBACK"
            assert found.replies == (("望河区城市管理局", "路面已经修好。"),)
            assert city.clock(ticket_id, "callback")
        first, second = callers[0][0], callers[1][0]
        service.rate(caller_of(first), city.now, first, True, 3)
        assert (city.ticket(first).state, city.ticket(second).state) == ("CLOSED", "TO_CALLBACK")

    def test_until_then_it_is_where_the_other_is(self, city: City):
        master = city.signed()
        ticket_id, code = city.from_web()
        service.merge(city.who("dispatcher"), city.now, ticket_id, number_of(city, master))
        found = queries.public_status(number_of(city, ticket_id), code, city.vault)
        assert found is not None
        assert (found.state, found.unit) == ("MERGED", "望河区城市管理局")
        assert found.due_at == city.clock(master, "handle", city.part(master).id).due_at
        assert number_of(city, master) not in repr(found)

    def test_not_solved_for_one_of_them_goes_back_to_the_unit_for_that_one(self, city: City):
        master = city.signed()
        ticket_id, _code = city.from_web()
        service.merge(city.who("dispatcher"), city.now, ticket_id, number_of(city, master))
        city.reply(master)
        service.accept(city.who("supervisor"), city.now, master)
        service.rate(caller_of(ticket_id), city.now, ticket_id, False, 1)
        assert city.ticket(ticket_id).state == "IN_PROGRESS"
        assert city.part(ticket_id).state == "PENDING_SIGN"
        assert city.ticket(master).state == "TO_CALLBACK"

    def test_what_units_had_of_it_is_taken_off_and_its_clocks_stop(self, city: City):
        master, ticket_id = city.signed(), city.signed(assists=(ASSIST,))
        service.merge(city.who("supervisor"), city.now, ticket_id, number_of(city, master))
        assert {part.state for part in city.parts(ticket_id)} == {"CANCELLED"}
        assert not city.clocks(ticket_id)
        assert not {f"dept:{city.unit(unit)}" for unit in (LEAD, ASSIST)} & set(city.ticket(ticket_id).rooms)

    def test_the_handler_is_told_which_they_are_and_of_how_many_persons(self, city: City):
        master, other = city.signed(person_count=2), city.waiting(person_count=3)
        service.merge(city.who("dispatcher"), city.now, other, number_of(city, master))
        [one] = queries.ticket_page(city.who(LEAD_LOGIN), city.now, master, city.vault).relatives
        assert (one.kind, one.number, one.persons) == ("merged", number_of(city, other), 3)

    def test_it_can_be_taken_out_again(self, city: City):
        ticket_id = city.merged()
        service.unmerge(city.who("dispatcher"), city.now, ticket_id, "不是同一路口")
        assert (city.ticket(ticket_id).state, city.ticket(ticket_id).parent_id) == ("TO_DISPATCH", None)
        assert city.clock(ticket_id, "dispatch")
        city.dispatched(ticket_id=ticket_id)

    def test_many_at_once_all_or_none(self, city: City):
        master, others = city.dispatched(), [city.waiting() for _ in range(40)]
        names = [number_of(city, one) for one in others]
        with pytest.raises(errors.Invalid) as refusal:
            service.take_in(city.who("supervisor"), city.now, master, [*names, "20200101000009"])
        assert refusal.value.values["fields"] == {"others": "no_such_ticket"}
        assert {city.ticket(one).state for one in others} == {"TO_DISPATCH"}
        service.take_in(city.who("supervisor"), city.now, master, names)
        assert {(city.ticket(one).state, city.ticket(one).parent_id) for one in others} == {("MERGED", master)}

    def test_what_cannot_be_merged(self, city: City):
        confidential = city.waiting(type="report")
        master, over, single = city.dispatched(), city.answered(), city.waiting()
        faults = {
            number_of(city, single): "itself",
            number_of(city, over): "is_over",
            number_of(city, confidential): "no_such_ticket",
            "": "missing",
        }
        for number, fault in faults.items():
            with pytest.raises(errors.Invalid) as refusal:
                service.merge(city.who("dispatcher"), city.now, single, number)
            assert refusal.value.values["fields"] == {"into": fault}
        service.merge(city.who("dispatcher"), city.now, single, number_of(city, master))
        with pytest.raises(errors.NotNow):  # it has another merged into it
            service.merge(city.who("supervisor"), city.now, master, number_of(city, city.waiting()))
        with pytest.raises(errors.NotNow):
            service.merge(city.who("supervisor"), city.now, confidential, number_of(city, master))

    def test_who_may_not_merge_is_not_told_whether_there_is_a_number(self, city: City):
        dispatched, there = city.dispatched(), number_of(city, city.waiting())
        for number in (there, "20990101000017"):
            for verb, named in ((service.merge, number), (service.take_in, [number])):
                with pytest.raises(errors.Forbidden):
                    verb(city.who(LEAD_LOGIN), city.now, dispatched, named)

    def test_an_answer_at_once_or_a_referral_is_for_all(self, city: City):
        master, single = city.waiting(), city.from_web()
        service.merge(city.who("dispatcher"), city.now, single[0], number_of(city, master))
        service.answer(city.who("dispatcher"), city.now, master, "今晚八点恢复供水。")
        found = queries.public_status(number_of(city, single[0]), single[1], city.vault)
        assert found is not None
        assert (found.state, found.replies) == ("ANSWERED", ((None, "今晚八点恢复供水。"),))
        assert city.ticket(single[0]).closed_at == city.now


class TestSplit:
    def test_what_was_said_besides_gets_numbers_of_its_own(self, city: City):
        ticket_id = city.signed()
        demands = [Demand("路灯不亮", "路口的路灯也不亮"), Demand("井盖松动", "井盖松动有响声")]
        made = service.split(city.who("supervisor"), city.now, ticket_id, demands, city.vault)
        assert [one.split_from_id for one in made] == [ticket_id] * 2
        assert len({one.number for one in made} | {number_of(city, ticket_id)}) == 3
        page = queries.ticket_page(city.who("supervisor"), city.now, made[0].id, city.vault)
        assert page.texts["content"] == "路口的路灯也不亮" and page.contact["phone"] == "138****8000"
        assert [(one.kind, one.id) for one in page.relatives] == [("split_from", ticket_id)]
        assert made[0].registered_by == city.who("operator").id
        assert city.part(ticket_id).state == "HANDLING"  # the first matter stays where it is

    def test_something_has_to_be_said(self, city: City):
        for demands in ([], [Demand("路灯", " ")]):
            with pytest.raises(errors.Invalid):
                service.split(city.who("supervisor"), city.now, city.waiting(), demands, city.vault)


class TestWithdrawn:
    def test_it_ends_and_the_units_are_free_of_it(self, city: City):
        ticket_id = city.withdrawn()
        assert (city.ticket(ticket_id).state, city.ticket(ticket_id).closed_at) == ("WITHDRAWN", city.now)
        assert city.part(ticket_id).state == "CANCELLED" and not city.clocks(ticket_id)

    def test_only_the_citizen_of_this_ticket_or_who_has_them_on_the_line(self, city: City):
        ticket_id = city.waiting()
        with pytest.raises(errors.NotFound):
            service.withdraw(caller_of(ticket_id + 1), city.now, ticket_id, "不用了")
        with pytest.raises(errors.Forbidden):
            service.withdraw(city.who("dispatcher"), city.now, ticket_id, "不用了")
        assert service.withdraw(city.who("operator"), city.now, ticket_id, "来电称已解决")

    def test_what_the_law_wants_looked_into_goes_on(self, city: City):
        ticket_id = city.waiting(type="report")
        assert not service.withdraw(caller_of(ticket_id), city.now, ticket_id, "我不举报了")
        ticket = city.ticket(ticket_id)
        assert (ticket.state, ticket.wants_reply) == ("TO_DISPATCH", False)
        assert city.events(ticket_id)[-1].kind == "ticket.withdrawal_noted"

    def test_what_others_were_merged_into_goes_on_for_them(self, city: City):
        master, single = city.dispatched(), city.waiting()
        service.merge(city.who("dispatcher"), city.now, single, number_of(city, master))
        assert not service.withdraw(caller_of(master), city.now, master, "我搬走了")
        assert city.ticket(master).state == "IN_PROGRESS"
