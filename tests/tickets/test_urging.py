"""A second call on an open ticket: kept on it, seen by who works on it, and no state changed."""

from dataclasses import replace

import pytest
from scenes import ASSIST, ASSIST_LOGIN, LEAD_LOGIN, OTHER, UNIT_HEAD, UNSURE, City

from tickets import errors, queries, service
from tickets.models import Deadline
from tickets.permissions import caller_of, with_proof
from tickets.public import public_status
from tickets.terms import URGE


def test_it_is_kept_and_changes_no_state(city: City):
    ticket_id = city.signed()
    before = city.ticket(ticket_id).state
    service.urge(city.who("supervisor"), city.now, ticket_id, "还没有人来修")
    event = city.events(ticket_id)[-1]
    assert (event.kind, event.payload) == ("ticket.urged", {"texts": {"urge_note": 1}})
    assert city.ticket(ticket_id).state == before
    page = queries.ticket_page(city.who(LEAD_LOGIN), city.now, ticket_id, city.vault)
    assert page.timeline[-1].texts == (("urge_note", None, "还没有人来修"),)


def test_the_citizen_may_ask_again_with_number_and_code(city: City):
    ticket_id = city.signed()
    service.urge(caller_of(ticket_id), city.now, ticket_id, "请快一点")
    assert city.events(ticket_id)[-1].actor == "citizen"
    with pytest.raises(errors.NotFound):
        service.urge(caller_of(ticket_id + 1), city.now, ticket_id, "请快一点")


def test_a_citizens_same_words_within_a_day_are_kept_once(city: City):
    ticket_id = city.signed()
    caller = caller_of(ticket_id)
    assert service.urge(caller, city.now, ticket_id, "请快一点")
    assert not service.urge(caller, city.later(hours=23), ticket_id, " 请快一点 ")
    assert service.urge(caller, city.now, ticket_id, "还没有人来")
    assert service.urge(caller, city.now, ticket_id, "请快一点")
    assert service.urge(caller, city.later(days=2), ticket_id, "请快一点")


def test_staff_may_note_the_same_words_twice(city: City):
    ticket_id = city.signed()
    for _ in range(2):
        assert service.urge(city.who("supervisor"), city.now, ticket_id, "来电催办")


def test_another_operator_needs_the_callers_number_and_code(city: City):
    ticket_id = city.signed()
    operator = city.who("operator2")
    with pytest.raises(errors.NotFound):
        service.urge(operator, city.now, ticket_id, "来电催办")
    service.urge(with_proof(operator, ticket_id), city.now, ticket_id, "来电催办")
    assert city.events(ticket_id)[-1].actor_id == operator.id
    with pytest.raises(errors.NotFound):
        queries.ticket_page(operator, city.now, ticket_id, city.vault)


def test_something_must_be_said_and_what_is_closed_is_not_urged(city: City):
    ticket_id = city.signed()
    with pytest.raises(errors.Invalid):
        service.urge(city.who("supervisor"), city.now, ticket_id, " ")
    with pytest.raises(errors.NotNow):
        service.urge(city.who("supervisor"), city.now, city.rated(), "又坏了")


def _clock(city: City, ticket_id: int) -> Deadline:
    return city.clock(ticket_id, URGE, city.part(ticket_id).id)


class TestItsClock:
    """One working day for the unit that leads to write something, shown on the board of urges."""

    def test_it_runs_from_the_first_urge_until_any_unit_writes(self, city: City):
        ticket_id = city.signed(assists=(ASSIST,))
        service.urge(caller_of(ticket_id), city.now, ticket_id, "什么时候修好")
        first = _clock(city, ticket_id)
        assert first.limit == "1wd"
        service.urge(caller_of(ticket_id), city.later(hours=1), ticket_id, "还没有人来")
        assert _clock(city, ticket_id).id == first.id, "asking twice gives no more time"
        helps = city.part(ticket_id, ASSIST).id
        service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, helps)
        service.handle(city.who(ASSIST_LOGIN), city.now, ticket_id, helps, "已到现场")
        assert URGE not in {row.clock for row in city.clocks(ticket_id)}
        service.urge(caller_of(ticket_id), city.later(hours=1), ticket_id, "后来呢")
        assert _clock(city, ticket_id).id != first.id
        service.contribute(city.who(ASSIST_LOGIN), city.now, ticket_id, helps, "已更换灯泡")
        assert URGE not in {row.clock for row in city.clocks(ticket_id)}
        service.urge(caller_of(ticket_id), city.later(hours=1), ticket_id, "还是不亮")
        city.reply(ticket_id)
        assert URGE not in {row.clock for row in city.clocks(ticket_id)}

    def test_the_board_of_urges_goes_by_it(self, city: City):
        later, sooner = city.signed(), city.signed()
        for ticket_id in (sooner, later):
            service.urge(caller_of(ticket_id), city.later(hours=1), ticket_id, "什么时候修好")
        service.handle(city.who(LEAD_LOGIN), city.now, sooner, city.part(sooner).id, "已安排")
        service.urge(caller_of(sooner), city.later(days=1), sooner, "还没有")
        rows = queries.board(city.who("supervisor"), city.now, "urged").rows
        assert [(row.id, row.clock) for row in rows] == [(later, URGE), (sooner, URGE)]

    def test_it_is_told_to_the_citizen(self, city: City):
        ticket_id, code = city.from_web()
        city.dispatched(ticket_id=ticket_id)
        number = city.ticket(ticket_id).number or ""
        service.urge(caller_of(ticket_id), city.now, ticket_id, "什么时候修好")
        found = public_status(number, code, city.vault)
        assert found is not None and found.clocks[URGE] == _clock(city, ticket_id).due_at

    def test_it_stands_still_while_the_citizen_is_asked(self, city: City):
        ticket_id = city.signed()
        service.urge(caller_of(ticket_id), city.now, ticket_id, "什么时候修好")
        part = city.part(ticket_id).id
        service.ask_citizen(city.who(UNIT_HEAD), city.later(hours=1), ticket_id, part, "哪一盏灯？")
        assert _clock(city, ticket_id).paused_at is not None
        service.urge(caller_of(ticket_id), city.now, ticket_id, "快一点")
        service.supplement(caller_of(ticket_id), city.now, ticket_id, "第三盏")
        assert _clock(city, ticket_id).paused_at is None

    def test_it_ends_while_a_return_is_decided_and_begins_again_with_whoever_has_it_then(self, city: City):
        kept, given = city.signed(), city.signed()
        for ticket_id in (kept, given):
            service.urge(caller_of(ticket_id), city.now, ticket_id, "什么时候修好")
            city.ask_return(ticket_id)
            assert URGE not in {row.clock for row in city.clocks(ticket_id)}
        dispatcher, part = city.who("dispatcher"), city.part(kept)
        service.uphold(dispatcher, city.now, kept, part.id, "属于你单位职责")
        assert _clock(city, kept).started_at == city.now
        service.redispatch(dispatcher, city.now, given, city.part(given).id, city.unit(OTHER), "改派")
        assert city.clock(given, URGE, city.part(given, OTHER).id)

    def test_who_asked_before_it_was_dispatched_is_owed_a_word_from_then_on(self, city: City):
        ticket_id = city.waiting()
        service.urge(city.who("supervisor"), city.now, ticket_id, "来电催办")
        city.dispatched(ticket_id=ticket_id)
        assert _clock(city, ticket_id)

    def test_it_follows_a_corrected_urgency(self, city: City):
        ticket_id = city.signed()
        service.urge(caller_of(ticket_id), city.now, ticket_id, "什么时候修好")
        amended = replace(UNSURE, urgency="critical")
        service.amend(city.who("supervisor"), city.now, ticket_id, amended, city.vault)
        assert _clock(city, ticket_id).limit == "30min"

    def test_what_the_unit_heard_another_way_is_a_word_too(self, city: City):
        ticket_id = city.citizen_asked()
        part = city.part(ticket_id).id
        service.urge(caller_of(ticket_id), city.now, ticket_id, "什么时候修好")
        service.carry_on(city.who(LEAD_LOGIN), city.now, ticket_id, part, "电话里已说明")
        assert URGE not in {row.clock for row in city.clocks(ticket_id)}

    def test_it_is_not_told_while_the_matter_is_suspended(self, city: City):
        ticket_id, code = city.from_web()
        city.signed(ticket_id=ticket_id)
        service.urge(caller_of(ticket_id), city.now, ticket_id, "什么时候修好")
        head, part, on = city.who(UNIT_HEAD), city.part(ticket_id).id, city.in_days(20)
        service.ask_suspension(head, city.now, ticket_id, part, "planned", on, "列入计划")
        service.grant_suspension(city.who("supervisor"), city.now, ticket_id, part, on, "明年改造")
        found = public_status(city.ticket(ticket_id).number or "", code, city.vault)
        assert found is not None and URGE not in found.clocks and _clock(city, ticket_id).paused_at

    def test_where_the_hotline_has_the_matter_there_is_none(self, city: City):
        for ticket_id in (city.waiting(), city.return_requested(), city.replied(), city.suspended()):
            service.urge(city.who("supervisor"), city.now, ticket_id, "来电催办")
            assert URGE not in {row.clock for row in city.clocks(ticket_id)}
