"""延期、挂账、考核剔除: asked by a unit, decided by somebody else."""

from dataclasses import replace
from datetime import timedelta

import pytest
from scenes import LEAD_LOGIN, UNIT_HEAD, City
from sqlalchemy import select

from db import db
from tickets import errors, queries, service
from tickets.permissions import caller_of
from tickets.request_models import Application


def asked(city: City, ticket_id: int, days: str = "3") -> None:
    who, part = city.who(UNIT_HEAD), city.part(ticket_id).id
    service.ask_extension(who, city.now, ticket_id, part, days, "配件需要从外地调运")


def granted(city: City, ticket_id: int) -> None:
    service.grant_extension(city.who("supervisor"), city.now, ticket_id, city.part(ticket_id).id, "同意")


def applications(ticket_id: int) -> list[tuple[str, str]]:
    rows = select(Application.kind, Application.state).where(Application.ticket_id == ticket_id)
    return [tuple(row) for row in db.session.execute(rows.order_by(Application.id))]


class TestMoreTime:
    def test_the_clock_runs_on_until_it_is_granted_and_counts_from_its_end(self, monday: City):
        city = monday
        ticket_id = city.signed()
        part = city.part(ticket_id)
        first = city.clock(ticket_id, "handle", part.id)
        asked(city, ticket_id)
        assert first.stopped_at is None and city.clock(ticket_id, "decision", part.id)
        granted(city, ticket_id)
        second = city.clock(ticket_id, "handle", part.id)
        # 5 working days from Monday end next Monday; three more, on Thursday.
        assert (second.prolonged, second.due_at - first.due_at) == (True, timedelta(days=3))
        assert first.stopped_at == city.now and first.due_at < second.due_at
        assert "decision" not in {row.clock for row in city.clocks(ticket_id)}
        event = city.events(ticket_id)[-1]
        assert (event.kind, event.payload["due_at"]) == (
            "extension.granted", [first.due_at.isoformat(), second.due_at.isoformat()],
        )

    def test_the_citizen_reads_until_when(self, monday: City):
        city = monday
        ticket_id, code = city.from_web()
        city.signed(ticket_id=ticket_id)
        asked(city, ticket_id)
        granted(city, ticket_id)
        found = queries.public_status(city.ticket(ticket_id).number or "", code, city.vault)
        assert found is not None
        due = city.clock(ticket_id, "handle", city.part(ticket_id).id).due_at
        assert found.due_at == due and found.extended is not None and found.extended.was < due
        assert [step.until for step in found.steps if step.kind == "extension.granted"] == [due]
        assert "配件" not in repr(found)

    def test_it_comes_too_late_when_it_is_due(self, city: City):
        ticket_id = city.signed()
        city.now = city.clock(ticket_id, "handle", city.part(ticket_id).id).due_at
        with pytest.raises(errors.NotNow) as refusal:
            asked(city, ticket_id)
        assert refusal.value.values["guard"] == "may_extend"

    @pytest.mark.parametrize("days", ["6", "11wd", "200h", "8d"])
    def test_it_is_no_longer_than_the_limit_itself_or_the_citys_longest(self, monday: City, days: str):
        ticket_id = monday.signed()
        with pytest.raises(errors.Invalid) as refusal:
            asked(monday, ticket_id, days)
        assert refusal.value.values["fields"] == {"days": "too_long_a_time:5wd"}

    @pytest.mark.parametrize("days", ["soon", "-1", "3 weeks"])
    def test_it_is_a_length_of_time(self, city: City, days: str):
        ticket_id = city.signed()
        with pytest.raises(errors.Invalid) as refusal:
            asked(city, ticket_id, days)
        assert refusal.value.values["fields"] == {"days": "not_a_limit"}

    def test_one_at_a_time_the_second_by_the_city_office_and_no_third(self, city: City):
        ticket_id = city.signed()
        part = city.part(ticket_id).id
        asked(city, ticket_id)
        with pytest.raises(errors.NotNow):
            asked(city, ticket_id)
        granted(city, ticket_id)
        asked(city, ticket_id)
        with pytest.raises(errors.NotNow):
            granted(city, ticket_id)
        service.grant_again(city.who("office"), city.now, ticket_id, part, "同意再延")
        with pytest.raises(errors.NotNow) as refusal:
            asked(city, ticket_id)
        assert refusal.value.values["guard"] == "may_extend"
        assert applications(ticket_id) == [("extension", "granted")] * 2

    def test_refused_the_clock_was_never_another(self, city: City):
        ticket_id = city.signed()
        part = city.part(ticket_id)
        due = city.clock(ticket_id, "handle", part.id).due_at
        asked(city, ticket_id)
        service.refuse_extension(city.who("supervisor"), city.now, ticket_id, part.id, "理由不充分")
        assert city.clock(ticket_id, "handle", part.id).due_at == due
        assert applications(ticket_id) == [("extension", "refused")]

    def test_only_who_leads_the_unit_asks_and_somebody_else_decides(self, city: City):
        ticket_id = city.signed()
        part = city.part(ticket_id).id
        with pytest.raises(errors.Forbidden):
            service.ask_extension(city.who(LEAD_LOGIN), city.now, ticket_id, part, "3", "来不及")
        asked(city, ticket_id)
        with pytest.raises(errors.Forbidden):
            service.grant_extension(city.who(UNIT_HEAD), city.now, ticket_id, part, "自己同意")

    def test_a_reply_makes_the_request_pointless(self, city: City):
        ticket_id = city.signed()
        asked(city, ticket_id)
        city.reply(ticket_id)
        assert applications(ticket_id) == [("extension", "lapsed")]
        assert {row.clock for row in city.clocks(ticket_id)} == {"review"}


class TestSuspension:
    def test_its_clocks_stand_still_and_go_on_with_what_was_left(self, monday: City):
        city = monday
        ticket_id = city.suspended()
        part = city.part(ticket_id)
        handle = city.clock(ticket_id, "handle", part.id)
        due, begun = handle.due_at, city.now
        assert (handle.paused_at, handle.next_at) == (city.now, None)
        assert city.ticket(ticket_id).state == "SUSPENDED"
        city.later(days=14)  # two weeks later, the same hour of a Monday
        service.resume(city.who("supervisor"), city.now, ticket_id, "管网改造完成")
        assert handle.due_at == due + timedelta(days=14)
        assert handle.pauses == [[begun.isoformat(), city.now.isoformat()]]
        assert (handle.paused_at, city.ticket(ticket_id).state) == (None, "IN_PROGRESS")
        assert handle.next_at is not None and handle.next_at > city.now

    def test_it_is_looked_at_again_on_its_day(self, city: City):
        ticket_id = city.suspended()
        clock = city.clock(ticket_id, "suspension")
        local = clock.due_at.astimezone(city.zone)
        assert (local.date() - timedelta(days=1), local.hour) == (city.in_days(30), 0)
        service.prolong(city.who("supervisor"), city.later(days=20), ticket_id, city.in_days(60), "仍未完工")
        assert city.clock(ticket_id, "suspension").due_at > clock.due_at

    @pytest.mark.parametrize("days", [0, -3, 400])
    def test_the_day_lies_ahead(self, city: City, days: int):
        ticket_id = city.signed()
        part = city.part(ticket_id).id
        with pytest.raises(errors.Invalid) as refusal:
            service.ask_suspension(
                city.who(UNIT_HEAD), city.now, ticket_id, part, "planned", city.in_days(days), "列入计划"
            )
        assert refusal.value.values["fields"] == {"review_on": "not_ahead"}

    def test_the_citizen_reads_why_and_until_when(self, city: City):
        ticket_id, code = city.from_web()
        city.suspended(ticket_id=ticket_id)
        found = queries.public_status(city.ticket(ticket_id).number or "", code, city.vault)
        assert found is not None and found.state == "SUSPENDED" and found.due_at is None
        step = [one for one in found.steps if one.kind == "ticket.suspended"][0]
        assert found.suspended == step
        assert step.words == "管网改造明年三月开工" and step.until == city.clock(ticket_id, "suspension").due_at
        assert "列入明年改造计划" not in repr(found)

    def test_nothing_is_done_to_it_meanwhile_but_what_the_citizen_says_is_kept(self, city: City):
        ticket_id = city.suspended()
        with pytest.raises(errors.NotNow):
            city.reply(ticket_id)
        assert service.urge(caller_of(ticket_id), city.now, ticket_id, "还要多久")


class TestExclusion:
    def test_it_is_left_out_and_nothing_is_rewritten(self, city: City):
        ticket_id = city.accepted()
        service.rate(caller_of(ticket_id), city.now, ticket_id, True, 1)
        part = city.part(ticket_id)
        before = len(city.events(ticket_id))
        service.ask_exclusion(city.who(UNIT_HEAD), city.now, ticket_id, part.id, "rating", "诉求超出政策，有录音")
        service.grant_exclusion(city.who("supervisor"), city.now, ticket_id, part.id, "属不合理诉求")
        assert applications(ticket_id) == [("exclusion", "granted")]
        assert part.state == "DONE" and len(city.events(ticket_id)) == before + 2

    def test_there_is_something_to_leave_out(self, city: City):
        ticket_id = city.rated()
        part = city.part(ticket_id).id
        with pytest.raises(errors.NotNow):
            service.ask_exclusion(city.who(UNIT_HEAD), city.now, ticket_id, part, "overdue", "并没有超期")


def test_nobody_decides_on_what_one_asked_for_oneself(monday: City):
    """Memberships are free: somebody may be head of a unit and supervisor at once."""
    city = monday
    ticket_id = city.signed()
    asked(city, ticket_id)
    both = replace(city.who("supervisor"), id=city.who(UNIT_HEAD).id)
    with pytest.raises(errors.NotNow):
        service.grant_extension(both, city.now, ticket_id, city.part(ticket_id).id, "同意")
    granted(city, ticket_id)


def test_an_appeal_goes_when_a_bad_rating_is_found_reasonable(monday: City):
    city = monday
    ticket_id = city.accepted()
    service.rate(caller_of(ticket_id), city.now, ticket_id, True, 1)
    service.appeal(caller_of(ticket_id), city.now, ticket_id, "又坏了")
    service.reopen(city.who("supervisor"), city.now, ticket_id, "评价属实")
    assert applications(ticket_id) == [("appeal", "lapsed")]


def test_what_was_bad_in_a_round_that_was_done_again_waits_for_nobody(monday: City):
    city = monday
    city.done_again()
    assert not queries.board(city.who("supervisor"), city.now, "badly_rated").rows
