"""Boards and the search narrowed: by state, light, clock, matter, place, unit, who took it down, and days."""

from dataclasses import replace
from datetime import timedelta

import pytest
from scenes import ASSIST, LEAD, LEAD_LOGIN, OTHER_LOGIN, UNNAMED, City

from routing import service as routing
from tickets import errors, queries, service
from tickets.narrowing import LIGHTS, NOTHING, Wanted


def on(city: City, login: str, board: str = "inbox", **wanted: object) -> set[int]:
    return {row.id for row in queries.board(city.who(login), city.now, board, wanted=Wanted(**wanted)).rows}


def found(city: City, login: str, text: str = "", **wanted: object) -> list[int]:
    page = service.find(city.who(login), city.now, text, city.vault, wanted=Wanted(**wanted))
    return [row.id for row in page.rows]


def today(city: City):
    return city.now.astimezone(routing.current().zone).date()


class TestInbox:
    def test_holds_all_that_the_unit_has_to_do_the_nearest_clock_first(self, city: City):
        later, hard = city.dispatched(), city.dispatched(urgency="hard")
        soon, replied, rejected = city.dispatched(urgency="critical"), city.replied(), city.rejected()
        page = queries.board(city.who(LEAD_LOGIN), city.now, "inbox")
        assert {row.id for row in page.rows} == {later, hard, soon, replied, rejected}
        due = [row.due_at for row in page.rows if row.due_at]
        assert due == sorted(due) and page.rows[0].id == soon
        assert {row.part_id for row in page.rows} == {
            city.part(one).id for one in (later, hard, soon, replied, rejected)
        }

    def test_is_narrowed_by_each_thing(self, city: City):
        pending = city.dispatched(type="help", region_code="990102001")
        urgent = city.signed(urgency="urgent", type="complaint")
        category = city.ticket(pending).category_code
        assert on(city, LEAD_LOGIN, state="PENDING_SIGN") == {pending}
        assert on(city, LEAD_LOGIN, state="HANDLING") == {urgent}
        assert on(city, LEAD_LOGIN, urgency="urgent") == {urgent}
        assert on(city, LEAD_LOGIN, type="help") == {pending}
        assert on(city, LEAD_LOGIN, clock="sign") == {pending}
        assert on(city, LEAD_LOGIN, area="990102001") == on(city, LEAD_LOGIN, area="990102") == {pending}
        assert on(city, LEAD_LOGIN, area="990101") == set()
        if category:
            assert pending in on(city, LEAD_LOGIN, category=category.split("-")[0])
        assert on(city, LEAD_LOGIN, registered_from=today(city)) == {pending, urgent}
        assert on(city, LEAD_LOGIN, registered_to=today(city) - timedelta(days=1)) == set()
        due = queries.board(city.who(LEAD_LOGIN), city.now, "inbox", wanted=Wanted(type="help")).rows[0].due_at
        day = due.astimezone(routing.current().zone).date()
        assert pending in on(city, LEAD_LOGIN, due_from=day, due_to=day)
        assert pending not in on(city, LEAD_LOGIN, due_to=day - timedelta(days=1))

    def test_lights_follow_the_time(self, city: City):
        ticket_id, replied = city.signed(**UNNAMED), city.replied()
        clock = city.clock(ticket_id, "handle", city.part(ticket_id).id)
        for moment, light in ((city.now, "green"), (clock.yellow_at, "yellow"), (clock.due_at, "red")):
            city.now = moment
            assert on(city, LEAD_LOGIN, light=light) == {ticket_id}
            assert [colour for colour in LIGHTS if ticket_id in on(city, LEAD_LOGIN, light=colour)] == [light]
        assert on(city, LEAD_LOGIN, light="none") == {replied}

    def test_a_lead_narrows_to_one_of_the_units_below(self, city: City):
        ticket_id = city.dispatched(assists=(ASSIST,))
        rows = queries.board(city.who("lead-wanghe"), city.now, "inbox").rows
        assert [row.id for row in rows] == [ticket_id] * 2
        [row] = queries.board(
            city.who("lead-wanghe"), city.now, "inbox", wanted=Wanted(unit=city.unit(ASSIST))
        ).rows
        assert row.unit == city.unit(ASSIST)
        assert on(city, OTHER_LOGIN, unit=city.unit(LEAD)) == set()  # not one's own

    def test_counts_say_what_each_choice_would_give(self, city: City):
        city.dispatched(urgency="critical", **UNNAMED)
        city.signed(**UNNAMED)
        city.signed(**UNNAMED)
        city.later(minutes=20)  # past the limit to sign a critical one
        tally = queries.tally(city.who(LEAD_LOGIN), city.now, "inbox")
        assert tally == {"state": {"PENDING_SIGN": 1, "HANDLING": 2}, "light": {"red": 1, "green": 2}}
        narrowed = queries.tally(city.who(LEAD_LOGIN), city.now, "inbox", Wanted(state="HANDLING", light="green"))
        assert narrowed == {"state": {"HANDLING": 2}, "light": {"green": 2}}
        for light, lines in tally["light"].items():
            assert len(on(city, LEAD_LOGIN, light=light)) == lines
        with pytest.raises(errors.NotFound):
            queries.tally(city.who("operator"), city.now, "inbox")

    def test_days_say_what_falls_due_on_them(self, city: City):
        ticket_id = city.signed(**UNNAMED)
        who = city.who(LEAD_LOGIN)
        due = queries.board(who, city.now, "inbox").rows[0].due_at.astimezone(routing.current().zone).date()
        days = queries.due_by_day(who, city.now, "inbox", due, due)
        assert days == {due: {"green": 1}} and on(city, LEAD_LOGIN, due_from=due, due_to=due) == {ticket_id}
        assert queries.due_by_day(who, city.now, "inbox", due + timedelta(days=1), due + timedelta(days=9)) == {}


    def test_a_limit_has_its_day_though_another_comes_sooner(self, city: City):
        """A part waits to be signed, and the day on which it is to be handled is known already."""
        ticket_id = city.dispatched()
        who, part = city.who(LEAD_LOGIN), city.part(ticket_id).id
        zone = routing.current().zone
        handled = city.clock(ticket_id, "handle", part).due_at.astimezone(zone).date()
        assert city.clock(ticket_id, "sign", part).due_at.astimezone(zone).date() < handled
        days = queries.due_by_day(who, city.now, "inbox", today(city), handled)
        assert sum(sum(lights.values()) for lights in days.values()) == len(city.clocks(ticket_id)) > 1
        assert days[handled] == {"green": 1}
        assert on(city, LEAD_LOGIN, due_from=handled, due_to=handled) == {ticket_id}
        assert on(city, LEAD_LOGIN, due_from=handled, due_to=handled, clock="handle") == {ticket_id}
        assert on(city, LEAD_LOGIN, due_from=handled, due_to=handled, clock="sign") == set()
        assert found(city, "leader", due_from=handled, due_to=handled) == [ticket_id]
        assert on(city, LEAD_LOGIN, due_from=handled + timedelta(days=1)) == set()


class TestOtherBoards:
    def test_are_narrowed_by_states_of_tickets(self, city: City):
        urgent, normal = city.waiting(urgency="urgent"), city.waiting()
        assert on(city, "dispatcher", "triage", urgency="urgent") == {urgent}
        assert on(city, "dispatcher", "triage", state="TO_DISPATCH") == {urgent, normal}

    def test_those_of_all_times_are_not(self, city: City):
        ticket_id = city.waiting()
        assert ticket_id in on(city, "leader", "all", urgency="critical")


class TestSearch:
    def test_words_and_filters_together(self, city: City):
        urgent = city.waiting(urgency="urgent", content="广场喷泉常年不开")
        normal = city.waiting(content="广场喷泉漏水")
        for ticket_id in (urgent, normal):
            city.index(ticket_id)
        assert found(city, "leader", "喷泉") == [normal, urgent]
        assert found(city, "leader", "喷泉", urgency="urgent") == [urgent]
        assert found(city, "leader", urgency="urgent") == [urgent]
        assert found(city, "leader", "") == []

    def test_filters_alone_reach_what_is_closed(self, city: City):
        open_, closed = city.signed(**UNNAMED), city.rated()
        assert found(city, "leader", state="CLOSED") == [closed]
        assert found(city, "leader", unit=city.unit(LEAD)) == [closed, open_]
        assert found(city, "leader", light="green") == [open_]
        assert found(city, "leader", staff=city.who("operator").id) == [closed, open_]
        assert found(city, LEAD_LOGIN, registered_from=today(city)) == [closed, open_]
        assert found(city, OTHER_LOGIN, registered_from=today(city)) == []
        assert found(city, "operator2", registered_from=today(city)) == []

    def test_a_draft_is_in_no_list_of_a_filter(self, city: City):
        city.draft()
        assert found(city, "operator", urgency="normal") == []

    def test_common_words_are_found_from_the_newest_on(self, city: City, monkeypatch: pytest.MonkeyPatch):
        tickets = [city.waiting(content="广场喷泉常年不开") for _ in range(5)]
        other = city.waiting(content="路灯不亮")
        for ticket_id in (*tickets, other):
            city.index(ticket_id)
        monkeypatch.setattr("tickets.searching.FEW", 2)
        page = queries.find(city.who("leader"), "喷泉", limit=3)
        assert [row.id for row in page.rows] == tickets[:1:-1]
        assert [row.id for row in queries.find(city.who("leader"), "喷泉", page.next, 3).rows] == tickets[1::-1]

    def test_older_tickets_are_reached_stretch_by_stretch(self, city: City, monkeypatch: pytest.MonkeyPatch):
        tickets = [city.waiting(urgency="urgent" if number % 2 else "normal") for number in range(8)]
        monkeypatch.setattr("tickets.searching.FIRST_STRETCH", 1)
        assert found(city, "leader", urgency="urgent") == tickets[7::-2]
        assert found(city, "leader", urgency="hard") == []

    def test_place_and_what_units_wrote_are_found_as_they_are_shown(self, city: City):
        ticket_id = city.replied(place="望河区明德路蓝湾花园")
        city.index(ticket_id)
        assert found(city, "leader", "蓝湾花园") == [ticket_id]
        assert found(city, LEAD_LOGIN, "路面已经修好") == [ticket_id]
        assert found(city, OTHER_LOGIN, "路面已经修好") == []

    def test_what_only_the_desk_may_read_is_not_in_the_index(self, city: City):
        ticket_id = city.waiting(accused="赵铁柱商行", content="短斤少两")
        service.reveal(city.who("supervisor"), city.now, ticket_id, "phone", "核实水表读数", city.vault)
        city.index(ticket_id)
        assert found(city, "supervisor", "短斤少两") == [ticket_id]
        assert found(city, "supervisor", "赵铁柱") == [] and found(city, "supervisor", "水表读数") == []


class TestByName:
    def by(self, city: City, login: str, name: str, text: str = "", wanted: Wanted = NOTHING) -> list[int]:
        page = service.find(city.who(login), city.now, text, city.vault, name=name, wanted=wanted)
        return [row.id for row in page.rows]

    def test_the_whole_name_however_it_is_typed(self, city: City):
        ticket_id = city.waiting(name="阿依·古丽", urgency="urgent")
        for typed in ("阿依·古丽", " 阿依 古丽 ", "阿依•古丽"):
            assert self.by(city, "supervisor", typed) == [ticket_id]
        assert self.by(city, "supervisor", "阿依") == [] and self.by(city, "supervisor", "古丽") == []
        assert self.by(city, "supervisor", "阿依古丽", wanted=Wanted(urgency="urgent")) == [ticket_id]
        assert self.by(city, "supervisor", "阿依古丽", wanted=Wanted(urgency="hard")) == []

    def test_is_on_record_limited_and_for_those_who_may_know_callers(self, city: City, monkeypatch):
        ticket_id = city.waiting(name="李小花", confidential=True)
        service.dispatch(city.who("supervisor"), city.now, ticket_id, city.unit(LEAD), [])
        with pytest.raises(errors.Forbidden):
            self.by(city, "leader", "李小花")
        assert self.by(city, "lead-wanghe", "李小花") == []
        assert self.by(city, "supervisor", "李小花") == [ticket_id]
        monkeypatch.setattr("tickets.finding.PER_HOUR", 1)
        assert self.by(city, "supervisor", "李 小花") == [ticket_id]  # the same again
        with pytest.raises(errors.TooMany):
            self.by(city, "supervisor", "王大明")
        with pytest.raises(errors.TooMany):  # names and numbers share one limit
            service.find(city.who("supervisor"), city.now, "13900000001", city.vault)

    def test_the_event_holds_a_hash_alone(self, city: City):
        city.waiting(name="李小花")
        self.by(city, "supervisor", "李小花")
        [event] = city.searches("supervisor")
        assert event.payload == {"name_hash": city.vault.name_hash("李小花").hex()}


def test_a_filter_goes_to_json_and_back(city: City):
    wanted = Wanted(state="HANDLING", unit=3, due_from=today(city), category="02")
    assert Wanted.of_data(wanted.to_data()) == wanted and NOTHING.to_data() == {}
    assert replace(wanted, state="", unit=None, due_from=None, category="").is_empty
