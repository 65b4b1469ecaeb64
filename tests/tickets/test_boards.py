"""Boards, search and what changed: complete, in order, and of what the asker may see only."""

import base64
import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from scenes import ASSIST, ASSIST_LOGIN, LEAD, LEAD_LOGIN, OTHER_LOGIN, UNIT_HEAD, UNNAMED, UNSURE, City
from sqlalchemy import insert, select, text

from app.checking import FAULTS
from db import db
from routing import service as routing
from tickets import clocks, errors, queries, service
from tickets.boards import BOARDS
from tickets.event_models import Publication, RoomHead, TicketEvent
from tickets.models import Assignment, Ticket
from tickets.permissions import SYSTEM, VISITOR, caller_of
from tickets.published import CHANGES, FAR_BEHIND


def _ids(city: City, login: str, name: str, size: int = 50) -> list[int]:
    """The whole board, page by page."""
    found, after = [], None
    while True:
        page = queries.board(city.who(login), city.now, name, after, size)
        assert len(page.rows) <= size
        found += [row.id for row in page.rows]
        if page.next is None:
            return found
        after = page.next


class TestBoards:
    def test_each_shows_what_is_to_be_done_there(self, city: City):
        waiting, returning = city.waiting(), city.return_requested()
        pending, handling = city.dispatched(), city.signed()
        replied, rejected, accepted, rated = city.replied(), city.rejected(), city.accepted(), city.rated()
        boards = {
            ("operator", "mine"): {waiting, returning, pending, handling, replied, rejected, accepted, rated},
            ("dispatcher", "triage"): {waiting},
            ("dispatcher", "returns"): {returning},
            (LEAD_LOGIN, "to_sign"): {pending},
            (LEAD_LOGIN, "in_hand"): {returning, handling, rejected},
            (LEAD_LOGIN, "submitted"): {replied},
            ("lead-wanghe", "to_sign"): {pending},
            (OTHER_LOGIN, "in_hand"): set(),
            ("supervisor", "review"): {replied},
            ("supervisor", "callback"): {accepted},
            ("supervisor", "overdue"): set(),
            ("leader", "all"): {waiting, returning, pending, handling, replied, rejected, accepted, rated},
            ("operator2", "mine"): set(),
        }
        for (login, name), expected in boards.items():
            found = _ids(city, login, name)
            assert len(found) == len(set(found)), (login, name)
            assert set(found) == expected, (login, name)

    def test_which_boards_a_role_has(self, city: City):
        assert queries.boards_of(city.who("operator")) == ["mine_new", "mine_open", "mine_overdue", "mine"]
        assert queries.boards_of(city.who("dispatcher")) == ["triage", "returns"]
        of_units = ["inbox", "to_sign", "in_hand", "submitted", "unit_overdue", "unit_ordered"]
        assert queries.boards_of(city.who(LEAD_LOGIN)) == of_units
        assert queries.boards_of(city.who("auditor")) == ["urged", "green", "overdue", "all"]
        assert queries.boards_of(city.who("admin")) == []
        assert {board.who for board in BOARDS.values()} <= city.who("supervisor").permissions | {
            "see.own", "see.department", "extension.decide_again",
        }  # fmt: skip

    @pytest.mark.parametrize("name", ["all", "nonsense", "triage"])
    def test_a_board_that_is_not_ones_own_is_not_there(self, city: City, name: str):
        for who in (city.who(LEAD_LOGIN), VISITOR, SYSTEM):
            with pytest.raises(errors.NotFound):
                queries.board(who, city.now, name)

    def test_a_confidential_ticket_is_on_no_board_of_who_may_not_see_it(self, city: City):
        ticket_id = city.waiting(confidential=True)
        assert ticket_id not in _ids(city, "dispatcher", "triage")
        assert ticket_id not in _ids(city, "leader", "all")
        assert ticket_id in _ids(city, "supervisor", "triage")

    def test_a_row_says_where_it_stands(self, city: City):
        ticket_id = city.dispatched(region_code="990102001")
        [row] = queries.board(city.who(LEAD_LOGIN), city.now, "to_sign").rows
        ticket, sign = city.ticket(ticket_id), city.clock(ticket_id, "sign", city.part(ticket_id).id)
        assert (row.number, row.title, row.version) == (ticket.number, ticket.title, 3)
        assert (row.unit, row.unit_name) == (city.unit(LEAD), routing.current().units[LEAD].short_name)
        assert (row.due_at, row.region, row.category) == (sign.due_at, "990102001", ticket.category_code)
        data = row.to_data()
        assert data["due_at"] == sign.due_at.isoformat() and json.dumps(data)
        assert not {"name", "phone", "address", "place"} & data.keys()

    def test_pages_are_complete_and_without_repeats_also_where_moments_are_equal(self, city: City):
        """A lead of units has several parts of one ticket, dispatched and due in the same moment."""
        tickets = [city.dispatched(assists=(ASSIST,)) for _ in range(4)]
        for size in (1, 2, 3):
            assert sorted(_ids(city, "lead-wanghe", "to_sign", size)) == sorted(tickets * 2)
        for ticket_id in tickets:
            for unit, login in ((LEAD, LEAD_LOGIN), (ASSIST, ASSIST_LOGIN)):
                service.sign(city.who(login), city.now, ticket_id, city.part(ticket_id, unit).id)
            city.reply(ticket_id, ASSIST, ASSIST_LOGIN)
        assert sorted(_ids(city, "lead-wanghe", "submitted", 3)) == sorted(tickets)
        city.later(days=400)
        overdue = _ids(city, "supervisor", "overdue", 3)
        assert sorted(overdue) == sorted(tickets * 2)  # nobody spoke with the citizens either

    def test_pages_of_new_ones_go_on_where_the_last_ended_though_more_come_in(self, city: City):
        first = [city.waiting() for _ in range(5)]
        page = queries.board(city.who("leader"), city.now, "all", None, 2)
        city.waiting()
        rest = queries.board(city.who("leader"), city.now, "all", page.next, 50)
        assert [row.id for row in (*page.rows, *rest.rows)][:5] == first[::-1]

    def test_what_is_due_first_comes_first_and_what_is_never_due_last(self, city: City):
        late = city.waiting()
        urgent = city.waiting(urgency="urgent")
        never = city.waiting()
        clocks.stop(never, city.now)
        assert _ids(city, "dispatcher", "triage", 1) == [urgent, late, never]

    def test_the_moment_it_goes_by_is_that_of_the_nearest_clock_whatever_becomes_of_clocks(self, monday: City):
        """Kept by the database: started, stopped, prolonged, standing still and running on, of part and ticket."""
        city = monday
        who, ticket_id = city.who(LEAD_LOGIN), city.signed()
        part = city.part(ticket_id)
        handle = city.clock(ticket_id, "handle", part.id)

        def kept() -> set[datetime | None]:
            db.session.flush()
            ids = {Ticket: ticket_id, Assignment: part.id}
            return {db.session.scalar(select(one.due_at).where(one.id == key)) for one, key in ids.items()}

        assert kept() == {city.clock(ticket_id, "contact", part.id).due_at}
        clocks.stop(ticket_id, city.now, clocks=("contact",))
        assert kept() == {handle.due_at}
        before = handle.due_at
        service.ask_extension(city.who(UNIT_HEAD), city.now, ticket_id, part.id, "3", "等配件")
        service.grant_extension(city.who("supervisor"), city.later(hours=1), ticket_id, part.id, "同意")
        longer = city.clock(ticket_id, "handle", part.id).due_at
        assert longer > before and kept() == {longer}
        service.ask_citizen(who, city.now, ticket_id, part.id, "请补充具体位置")
        asked = kept()
        assert longer not in asked
        service.supplement(caller_of(ticket_id), city.later(hours=2), ticket_id, "在明德路口")
        assert kept() == {city.clock(ticket_id, "handle", part.id).due_at}
        for name in ("tickets", "parts"):
            wrong = FAULTS[f"{name} that are due at another moment than their nearest clock"]
            assert db.session.execute(text(wrong)).all() == []
        clocks.stop(ticket_id, city.now)
        assert kept() == {None}

    @pytest.mark.parametrize(
        "key",
        [
            "x", "!!", "键", base64.urlsafe_b64encode(b"[]").decode(), base64.urlsafe_b64encode(b"7").decode(),
            base64.urlsafe_b64encode(b'["2026-01-01", Infinity]').decode(),
            base64.urlsafe_b64encode(b'[5, 5]').decode(),
        ],
    )  # fmt: skip
    def test_a_key_nobody_gave_out_is_refused(self, city: City, key: str):
        with pytest.raises(errors.Invalid) as refusal:
            queries.board(city.who("leader"), city.now, "all", key)
        assert refusal.value.values["fields"] == {"after": "unknown"}

    def test_overdue_means_past_its_due_time_and_running(self, city: City):
        ticket_id = city.dispatched(**UNNAMED)
        part = city.part(ticket_id).id
        due = city.clock(ticket_id, "sign", part).due_at
        city.now = due
        assert _ids(city, "supervisor", "overdue") == []
        city.later(seconds=1)
        assert _ids(city, "supervisor", "overdue") == [ticket_id]
        service.sign(city.who(LEAD_LOGIN), city.now, ticket_id, part)
        assert _ids(city, "supervisor", "overdue") == []

    def test_a_unit_sees_its_own_overdue_parts_and_what_state_each_is_in(self, city: City):
        ticket_id = city.dispatched(assists=(ASSIST,), **UNNAMED)
        service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, city.part(ticket_id, ASSIST).id)
        assert _ids(city, LEAD_LOGIN, "unit_overdue") == []
        city.now = city.clock(ticket_id, "sign", city.part(ticket_id).id).due_at
        city.later(seconds=1)
        [row] = queries.board(city.who(LEAD_LOGIN), city.now, "unit_overdue").rows
        assert (row.id, row.part, row.unit) == (ticket_id, "PENDING_SIGN", city.unit(LEAD))
        assert _ids(city, ASSIST_LOGIN, "unit_overdue") == _ids(city, "handler-heat", "unit_overdue") == []
        [row] = queries.board(city.who(ASSIST_LOGIN), city.now, "in_hand").rows
        assert (row.state, row.part) == ("IN_PROGRESS", "HANDLING")
        [row] = queries.board(city.who("supervisor"), city.now, "overdue").rows
        assert row.part is None



class TestFind:
    def find(self, city: City, login: str, text: str) -> list[int]:
        return [row.id for row in service.find(city.who(login), city.now, text, city.vault).rows]

    def test_by_number_however_it_is_typed(self, city: City):
        ticket_id = city.waiting()
        number = city.ticket(ticket_id).number or ""
        for typed in (number, f" {number[:8]}-{number[8:14]} {number[14:]} ", number.translate(
            str.maketrans("0123456789", "０１２３４５６７８９")
        )):  # fmt: skip
            assert self.find(city, "leader", typed) == [ticket_id]
        assert self.find(city, "operator2", number) == []
        wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
        assert self.find(city, "leader", wrong) == []

    def test_by_telephone_number_within_sight_only(self, city: City):
        mine, other = city.waiting(phone="13912345678"), city.waiting("operator2", phone="139-1234-5678")
        city.waiting(phone="13987654321")
        assert self.find(city, "supervisor", "+86 139 1234 5678") == [other, mine]
        assert self.find(city, "operator", "13912345678") == [mine]
        assert self.find(city, LEAD_LOGIN, "13912345678") == []
        assert queries.find(city.who("supervisor"), "13912345678").rows == []

    def test_a_unit_does_not_find_a_confidential_ticket_by_its_callers_number(self, city: City):
        """It sees the ticket, and would learn by a guess whose it is."""
        ticket_id = city.waiting(confidential=True, phone="13912345678")
        service.dispatch(city.who("supervisor"), city.now, ticket_id, city.unit(LEAD))
        assert ticket_id in _ids(city, "lead-wanghe", "to_sign")
        assert self.find(city, "lead-wanghe", "13912345678") == []
        assert self.find(city, "supervisor", "13912345678") == self.find(city, "operator", "13912345678")
        assert self.find(city, "supervisor", "13912345678") == [ticket_id]

    def test_by_words_within_sight_only(self, city: City):
        ticket_id = city.waiting(content="小区门口的喷泉常年不喷水")
        city.index(ticket_id)
        assert self.find(city, "leader", "喷泉") == [ticket_id]
        assert self.find(city, "leader", "喷泉 常年") == [ticket_id]
        assert self.find(city, "operator2", "喷泉") == []
        assert self.find(city, "leader", "喷雾") == []

    def test_what_is_starred_on_a_page_cannot_be_spelt_out_by_searching(self, city: City):
        """Beginnings of words are found, so ten questions a digit would do."""
        phone, identity = "13912345678", "11010519491231002X"
        ticket_id = city.waiting(content=f"喷泉不喷水，请打{phone}或0311-86907205，身份证{identity}，门牌1702号")
        city.index(ticket_id)
        supervisor = city.who("supervisor")
        for hidden in (phone, identity, "86907205"):
            for length in range(4, len(hidden) + 1):
                assert queries.find(supervisor, hidden[:length]).rows == [], hidden[:length]
                assert queries.find(supervisor, f"喷泉 {hidden[:length]}").rows == []
        for shown in ("喷泉", "1702", "门牌 1702", "139"):
            assert [row.id for row in queries.find(supervisor, shown).rows] == [ticket_id], shown

    @pytest.mark.parametrize("text", ["", "  ", "！？", "&|!():*", "\x00", "'; drop table ticket --", "\ud800"])
    def test_odd_input_finds_nothing_and_breaks_nothing(self, city: City, text: str):
        city.waiting()
        assert self.find(city, "leader", text) == []

    def test_many_found_come_in_pages(self, city: City):
        tickets = [city.waiting() for _ in range(5)]
        who, found, after = city.who("supervisor"), [], None
        while True:
            page = service.find(who, city.now, UNSURE.phone, city.vault, after, 2)
            found += [row.id for row in page.rows]
            if page.next is None:
                break
            after = page.next
        assert found == tickets[::-1]


def test_words_are_those_that_stand_and_of_numbered_tickets_only(city: City):
    ticket_id, draft = city.waiting(content="第一版"), city.draft()
    amended = replace(UNSURE, content="第二版")
    service.amend(city.who("supervisor"), city.now, ticket_id, amended, city.vault)
    words = queries.words_of([ticket_id, draft], city.vault)
    assert words.keys() == {ticket_id}
    assert "第二版" in words[ticket_id] and "第一版" not in words[ticket_id]
    assert queries.words_of([], city.vault) == {}


class TestChanges:
    """Events are published here by hand, in the order given, in the test's own transaction."""

    @pytest.fixture(autouse=True)
    def start(self, city: City) -> None:
        db.session.flush()
        self.seq = queries.last_seq()

    def publish(self, city: City, *ticket_ids: int) -> int:
        db.session.flush()
        query = select(TicketEvent.id).where(
            TicketEvent.subject_id.in_(ticket_ids),
            TicketEvent.id.not_in(select(Publication.event_id)),
        )
        rows = []
        for event_id in db.session.scalars(query.order_by(TicketEvent.id)).all():
            self.seq += 1
            rows.append({"seq": self.seq, "event_id": event_id, "hash": b"", "published_at": city.now})
        db.session.execute(insert(Publication), rows)
        return self.seq

    def test_rows_as_they_stand_and_what_went_out_of_sight(self, city: City):
        start = self.seq
        stays, moves, hidden = city.waiting(), city.waiting(), city.waiting(confidential=True)
        before = self.publish(city, stays, moves, hidden)
        city.dispatched(ticket_id=moves)
        after = self.publish(city, moves)
        dispatcher = city.who("dispatcher")
        answer = queries.changes(dispatcher, start)
        assert [row["id"] for row in answer["rows"]] == [stays]
        assert (answer["gone"], answer["seq"], answer["more"]) == ([moves], after, False)
        answer = queries.changes(dispatcher, before)
        assert (answer["rows"], answer["gone"]) == ([], [moves])
        assert queries.changes(dispatcher, after)["gone"] == []
        unit = queries.changes(city.who(LEAD_LOGIN), start)
        assert ([row["id"] for row in unit["rows"]], unit["gone"]) == ([moves], [])
        supervisor = queries.changes(city.who("supervisor"), start)
        assert {row["id"] for row in supervisor["rows"]} == {stays, moves, hidden}

    def test_who_hears_of_nothing_gets_nothing_but_the_sequence(self, city: City):
        start, ticket_id = self.seq, city.waiting()
        last = self.publish(city, ticket_id)
        for who in (city.who("admin"), VISITOR, city.who(OTHER_LOGIN)):
            assert queries.changes(who, start) == {
                "seq": last, "rows": [], "gone": [], "more": False, "reload": False,
            }  # fmt: skip

    def test_more_than_an_answer_holds_is_asked_for_again(self, city: City, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("tickets.published.CHANGES", 3)
        assert CHANGES > 3
        start = self.seq
        tickets = [city.waiting() for _ in range(4)]
        last = self.publish(city, *tickets)
        seen: set[int] = set()
        after, rounds = start, 0
        while True:
            answer = queries.changes(city.who("leader"), after)
            seen |= {row["id"] for row in answer["rows"]}
            assert answer["seq"] > after or not answer["more"]
            after, rounds = answer["seq"], rounds + 1
            if not answer["more"]:
                break
        assert (seen, after) == (set(tickets), last)
        assert rounds == 3  # eight events, three at a time

    def test_who_is_too_far_behind_starts_afresh(self, city: City):
        self.publish(city, city.waiting())
        answer = queries.changes(city.who("leader"), self.seq - FAR_BEHIND - 1)
        assert answer == {"seq": self.seq, "rows": [], "gone": [], "more": False, "reload": True}

    def test_heads_of_rooms_are_zero_where_nothing_was_said(self, city: City):
        db.session.add(RoomHead(room="test:a", seq=7))
        db.session.flush()
        assert queries.room_heads(["test:a", "test:b"]) == {"test:a": 7, "test:b": 0}
        assert queries.room_heads([]) == {}

    def test_rows_and_rooms_of_no_ticket_are_none(self, city: City):
        ticket_id = city.waiting()
        assert queries.rows_by_id([]) == {}
        assert queries.rows_by_id([ticket_id])[ticket_id].state == "TO_DISPATCH"
        assert queries.rooms_now([ticket_id, 10**12]) == {ticket_id: set(city.ticket(ticket_id).rooms)}


def test_a_rows_clock_is_the_nearest_that_runs(city: City):
    ticket_id = city.dispatched()
    part = city.part(ticket_id).id
    row = queries.rows_by_id([ticket_id])[ticket_id]
    assert row.due_at == city.clock(ticket_id, "sign", part).due_at
    service.sign(city.who(LEAD_LOGIN), city.now + timedelta(minutes=1), ticket_id, part)
    row = queries.rows_by_id([ticket_id])[ticket_id]
    assert row.due_at == city.clock(ticket_id, "contact", part).due_at
    service.handle(city.who(LEAD_LOGIN), city.now + timedelta(minutes=2), ticket_id, part, "已电话联系", "phone")
    row = queries.rows_by_id([ticket_id])[ticket_id]
    assert row.due_at == city.clock(ticket_id, "handle", part).due_at
