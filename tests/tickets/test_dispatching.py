"""From desk to unit and back: dispatch, recall, ask for a return, uphold, dispatch anew."""

from datetime import timedelta

import pytest
from scenes import ASSIST, ASSIST_LOGIN, LEAD, LEAD_LOGIN, OTHER, City
from sqlalchemy import select

from db import db
from routing.models import Department
from tickets import errors, queries, service, unit_figures
from tickets.figures import Span
from tickets.models import TicketText

NOBODY = 10**9


def _dispatch(city: City, ticket_id: int, lead: int, assists: tuple[int, ...] = (), **options: object) -> None:
    service.dispatch(city.who("dispatcher"), city.now, ticket_id, lead, assists, **options)


class TestRoute:
    @pytest.mark.parametrize(
        ("intake", "minutes"),
        [
            ({"content": "隔壁着火了"}, 15),
            ({"content": "举报燃气公司隐瞒燃气泄漏", "type": "report"}, 15),
            ({"content": "举报有人包庇", "type": "report"}, 120),
            ({}, 120),
        ],
    )
    def test_what_is_held_as_an_emergency_waits_no_longer_than_a_critical_ticket(
        self, city: City, intake: dict[str, str], minutes: int
    ):
        ticket_id = city.waiting(**intake)
        ticket = city.ticket(ticket_id)
        assert (ticket.state, ticket.urgency) == ("TO_DISPATCH", "normal")
        assert city.clock(ticket_id, "dispatch").due_at == city.now + timedelta(minutes=minutes)
        assert ticket.confidential == (intake.get("type") == "report")


class TestDispatch:
    def test_each_unit_gets_a_part_with_its_own_clocks(self, city: City):
        ticket_id = city.waiting()
        lead, assist = city.unit(LEAD), city.unit(ASSIST)
        _dispatch(city, ticket_id, lead, (assist, lead, assist), note="请速办", version=2)
        ticket = city.ticket(ticket_id)
        assert (ticket.state, ticket.round, ticket.dispatched_at) == ("IN_PROGRESS", 1, city.now)
        assert [(part.department_id, part.role, part.state, part.round) for part in city.parts(ticket_id)] == [
            (lead, "lead", "PENDING_SIGN", 1),
            (assist, "assist", "PENDING_SIGN", 1),
        ]
        parts = [part.id for part in city.parts(ticket_id)]
        running = {(row.clock, row.assignment_id) for row in city.clocks(ticket_id)}
        of_each = {(clock, part) for clock in ("sign", "handle") for part in parts}
        assert running == of_each | {("contact", parts[0])}

    def test_the_event_says_who_leads_and_the_triage_board_loses_the_ticket(self, city: City):
        ticket_id = city.dispatched(assists=(ASSIST,))
        event = city.events(ticket_id)[-1]
        assert event.payload == {"lead": city.unit(LEAD), "assists": [city.unit(ASSIST)], "round": 1}
        assert event.department_id == city.unit(LEAD)
        assert "triage" in event.rooms_before and "triage" not in event.rooms_after
        assert {f"dept:{city.unit(LEAD)}", f"dept:{city.unit(ASSIST)}"} <= set(event.rooms_after)

    def test_the_advice_is_kept_as_text_and_named_by_version(self, city: City):
        ticket_id = city.waiting()
        _dispatch(city, ticket_id, city.unit(LEAD), note="请速办")
        assert city.events(ticket_id)[-1].payload["texts"] == {"dispatch_note": 1}
        note = select(TicketText.body).where(TicketText.field == "dispatch_note")
        assert db.session.scalars(note).one() == "请速办"

    def test_a_unit_that_does_not_exist_is_no_lead(self, city: City):
        ticket_id = city.waiting()
        with pytest.raises(errors.Invalid) as refusal:
            _dispatch(city, ticket_id, NOBODY)
        assert refusal.value.values["fields"] == {"lead": "unknown"}
        with pytest.raises(errors.Invalid) as refusal:
            _dispatch(city, ticket_id, city.unit(LEAD), (NOBODY,))
        assert refusal.value.values["fields"] == {"assists": "unknown"}

    def test_a_unit_that_was_closed_is_no_lead(self, city: City):
        ticket_id = city.waiting()
        unit = db.session.get_one(Department, city.unit(LEAD))
        unit.is_active = False
        db.session.flush()
        db.session.info.clear()  # what a new unit of work begins with
        with pytest.raises(errors.Invalid):
            _dispatch(city, ticket_id, unit.id)

    def test_refusals_come_in_their_order(self, city: City):
        ticket_id = city.waiting()
        unit = city.unit(LEAD)
        with pytest.raises(errors.NotFound):
            service.dispatch(city.who("operator2"), city.now, ticket_id, NOBODY, version=9)
        with pytest.raises(errors.Forbidden):
            service.dispatch(city.who("operator"), city.now, ticket_id, NOBODY, version=9)
        with pytest.raises(errors.Stale):
            _dispatch(city, ticket_id, NOBODY, version=9)
        with pytest.raises(errors.Invalid):
            _dispatch(city, ticket_id, NOBODY, version=2)
        _dispatch(city, ticket_id, unit, version=2)
        with pytest.raises(errors.NotNow):
            service.dispatch(city.who("supervisor"), city.now, ticket_id, NOBODY)


def _recall(city: City, ticket_id: int, unit: str = LEAD, reason: str = "派错单位", **options: object) -> None:
    part = city.part(ticket_id, unit).id
    service.recall(city.who("supervisor"), city.now, ticket_id, part, reason, **options)


class TestRecall:
    def test_it_leaves_every_unit_and_waits_for_a_dispatcher_again(self, city: City):
        ticket_id = city.dispatched(assists=(ASSIST,))
        city.later(hours=1)
        _recall(city, ticket_id, version=3)
        ticket, event = city.ticket(ticket_id), city.events(ticket_id)[-1]
        assert ticket.state == "TO_DISPATCH"
        assert {(part.state, part.ended_at) for part in city.parts(ticket_id)} == {("CANCELLED", city.now)}
        assert [(row.clock, row.started_at) for row in city.clocks(ticket_id)] == [("dispatch", city.now)]
        lead = city.part(ticket_id)
        assert (event.kind, event.department_id) == ("assignment.recalled", lead.department_id)
        assert event.payload == {"assignment": lead.id, "texts": {"recall_reason": 1}}
        units = {f"dept:{part.department_id}" for part in city.parts(ticket_id)}
        assert units <= set(event.rooms_before) and units.isdisjoint(event.rooms_after)
        assert "triage" in event.rooms_after
        for login in (LEAD_LOGIN, ASSIST_LOGIN):
            with pytest.raises(errors.NotFound):
                service.sign(city.who(login), city.now, ticket_id, lead.id)

    def test_what_read_like_danger_has_no_more_time_than_before(self, city: City):
        ticket_id = city.dispatched(content="隔壁着火了")
        _recall(city, ticket_id)
        assert city.clock(ticket_id, "dispatch").due_at == city.now + timedelta(minutes=15)

    @pytest.mark.parametrize("unit", [LEAD, OTHER])
    def test_any_unit_may_be_chosen_then_also_the_same(self, city: City, unit: str):
        ticket_id = city.recalled(assists=(ASSIST,))
        _dispatch(city, ticket_id, city.unit(unit), (city.unit(ASSIST),))
        new = city.part(ticket_id, unit)
        assert (new.role, new.state, new.round) == ("lead", "PENDING_SIGN", 2)
        assert {row.clock for row in city.clocks(ticket_id) if row.assignment_id == new.id} >= {"sign", "handle"}
        _recall(city, ticket_id, unit)
        assert city.ticket(ticket_id).state == "TO_DISPATCH"

    def test_it_is_no_return_of_the_two_that_there_may_be(self, city: City):
        ticket_id = city.recalled()
        city.returned(ticket_id=ticket_id)
        _recall(city, ticket_id, OTHER)
        _dispatch(city, ticket_id, city.unit("9901.gas"))
        part = city.part(ticket_id, "9901.gas").id
        service.request_return(
            city.who("lead-city"), city.now, ticket_id, part, "other", "不归我们", "三定方案", city.unit(OTHER)
        )
        with pytest.raises(errors.NotNow) as refusal:
            service.redispatch(city.who("dispatcher"), city.now, ticket_id, part, city.unit(OTHER), "改派")
        assert refusal.value.values["guard"] == "may_redispatch", "one return before this one, and two recalls"

    def test_it_counts_in_no_figure_of_the_unit(self, city: City):
        span = Span(city.now - timedelta(days=1), city.now + timedelta(days=90), city.now + timedelta(days=60))

        def figures() -> dict[str, int]:
            db.session.flush()
            return {name: unit_figures.count(name, [city.unit(LEAD)], span) for name in unit_figures.FIGURES}

        before = figures()
        ticket_id = city.dispatched()
        assert figures()["due"] == before["due"] + 1, "it would run out in that time"
        _recall(city, ticket_id)
        assert figures() == before

    @pytest.mark.parametrize("reason", ["", " "])
    def test_it_takes_a_reason(self, city: City, reason: str):
        ticket_id = city.dispatched()
        with pytest.raises(errors.Invalid) as refusal, db.session.begin_nested():
            _recall(city, ticket_id, reason=reason)
        assert refusal.value.values["fields"] == {"recall_reason": "missing"}

    def test_a_part_that_helps_is_not_recalled_by_itself(self, city: City):
        ticket_id = city.dispatched(assists=(ASSIST,))
        assert self._refused(city, ticket_id, ASSIST) == "may_be_recalled"

    def test_nor_what_a_unit_that_helps_has_signed_for(self, city: City):
        ticket_id = city.dispatched(assists=(ASSIST,))
        service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, city.part(ticket_id, ASSIST).id)
        assert self._refused(city, ticket_id) == "may_be_recalled"

    def test_nor_what_was_designated(self, city: City):
        ticket_id = city.designated()
        (part,) = [one for one in city.parts(ticket_id) if one.state == "PENDING_SIGN"]
        with pytest.raises(errors.NotNow) as refusal:
            service.recall(city.who("supervisor"), city.now, ticket_id, part.id, "派错单位")
        assert refusal.value.values["guard"] == "may_be_recalled"

    def test_nor_what_is_handled_again(self, city: City):
        assert self._refused(city, city.redone()) == "may_be_recalled"

    def _refused(self, city: City, ticket_id: int, unit: str = LEAD) -> object:
        with pytest.raises(errors.NotNow) as refusal:
            _recall(city, ticket_id, unit)
        return refusal.value.values["guard"]

    def test_once_it_is_signed_for_it_is_too_late_and_who_saw_it_before_is_told(self, city: City):
        ticket_id = city.dispatched()
        service.sign(city.who(LEAD_LOGIN), city.now, ticket_id, city.part(ticket_id).id)
        with pytest.raises(errors.Stale):
            _recall(city, ticket_id, version=2)
        with pytest.raises(errors.NotNow):
            _recall(city, ticket_id)

    def test_the_page_offers_it_to_whoever_may(self, city: City):
        ticket_id = city.dispatched(assists=(ASSIST,))
        page = queries.ticket_page(city.who("supervisor"), city.now, ticket_id, city.vault)
        assert [[row.action for row in part.actions] for part in page.parts] == [["recall", "order"], ["order"]]

    def test_the_citizen_reads_that_it_is_assigned_anew_and_not_why(self, city: City):
        ticket_id, code = city.from_web()
        city.recalled(ticket_id=ticket_id)
        found = queries.public_status(city.ticket(ticket_id).number or "", code, city.vault)
        assert found is not None
        last = found.steps[-1]
        assert (last.kind, last.unit) == ("assignment.recalled", "望河区城市管理局")
        assert (found.unit, found.due_at) == (None, None) and "dispatch" in found.clocks
        assert "派错单位" not in repr(found)


RETURN_FIELDS = ("return_reason", "return_note", "legal_basis", "suggested")


def _ask_return(city: City, login: str, ticket_id: int, part_id: int, suggested: str = OTHER) -> None:
    who, unit = city.who(login), city.unit(suggested)
    service.request_return(who, city.now, ticket_id, part_id, "other", "不归我们", "三定方案", unit)


class TestReturn:
    def test_asking_keeps_the_clock_running_and_calls_the_dispatcher(self, city: City):
        ticket_id = city.dispatched()
        part = city.part(ticket_id)
        service.request_return(
            city.who(LEAD_LOGIN), city.now, ticket_id, part.id, "wrong_area", "在隔壁区", "区划图",
            city.unit(OTHER), 3,
        )
        assert (part.state, part.return_reason) == ("RETURN_REQUESTED", "wrong_area")
        assert part.suggested_department_id == city.unit(OTHER)
        assert city.clock(ticket_id, "handle", part.id) and city.clock(ticket_id, "sign", part.id)
        ticket, event = city.ticket(ticket_id), city.events(ticket_id)[-1]
        assert "triage" in ticket.rooms and f"dept:{city.unit(LEAD)}" in ticket.rooms
        assert event.payload == {
            "assignment": part.id, "reason": "wrong_area", "suggested": city.unit(OTHER),
            "texts": {"legal_basis": 1, "return_note": 1},
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("reason", "note", "basis", "suggested", "fields"),
        [
            ("", " ", " ", None, dict.fromkeys(RETURN_FIELDS, "missing")),
            ("tired", "累了", "三定方案", NOBODY, {"return_reason": "unknown"}),
            ("other", "不归我们", "三定方案", NOBODY, {"suggested": "unknown"}),
        ],
    )
    def test_a_ground_its_basis_and_another_unit_are_needed(
        self, city: City, reason: str, note: str, basis: str, suggested: int | None, fields: dict[str, str]
    ):
        ticket_id = city.dispatched()
        with pytest.raises(errors.Invalid) as refusal:
            service.request_return(
                city.who(LEAD_LOGIN), city.now, ticket_id, city.part(ticket_id).id, reason, note, basis, suggested
            )
        assert refusal.value.values["fields"] == fields

    def test_upheld_the_unit_keeps_it_and_counts_as_having_signed(self, city: City):
        ticket_id = city.dispatched()
        part = city.part(ticket_id)
        _ask_return(city, LEAD_LOGIN, ticket_id, part.id)
        due = city.clock(ticket_id, "handle", part.id).due_at
        with pytest.raises(errors.Invalid):
            service.uphold(city.who("dispatcher"), city.now, ticket_id, part.id, "")
        service.uphold(city.who("dispatcher"), city.later(hours=1), ticket_id, part.id, "职责清单写明", 4)
        assert (part.state, part.signed_at) == ("HANDLING", city.now)
        assert city.clock(ticket_id, "handle", part.id).due_at == due
        assert {row.clock for row in city.clocks(ticket_id)} == {"contact", "handle"}
        assert "triage" not in city.ticket(ticket_id).rooms

    def test_upheld_after_signing_the_first_signature_stands(self, city: City):
        ticket_id = city.return_requested()
        part = city.part(ticket_id)
        signed = part.signed_at
        service.uphold(city.who("supervisor"), city.later(hours=1), ticket_id, part.id, "维持")
        assert (part.state, part.signed_at) == ("HANDLING", signed)

    def test_granted_another_unit_takes_the_role_and_the_first_loses_sight(self, city: City):
        ticket_id = city.return_requested(assists=(ASSIST,))
        old = city.part(ticket_id)
        now = city.later(hours=1)
        service.redispatch(city.who("dispatcher"), now, ticket_id, old.id, city.unit(OTHER), "改派", 5)
        new = city.part(ticket_id, OTHER)
        assert (old.state, old.ended_at) == ("RETURNED", city.now)
        assert (new.role, new.state, new.round, new.dispatched_at) == ("lead", "PENDING_SIGN", 2, city.now)
        assert not [row for row in city.clocks(ticket_id) if row.assignment_id == old.id]
        running = {row.clock for row in city.clocks(ticket_id) if row.assignment_id == new.id}
        assert running == {"sign", "contact", "handle"}
        returned, dispatched = city.events(ticket_id)[-2:]
        assert (returned.kind, returned.department_id) == ("assignment.returned", city.unit(LEAD))
        assert dispatched.payload == {"lead": city.unit(OTHER), "round": 2}
        assert f"dept:{city.unit(LEAD)}" in returned.rooms_before
        assert f"dept:{city.unit(LEAD)}" not in returned.rooms_after
        assert f"dept:{city.unit(OTHER)}" in dispatched.rooms_after
        with pytest.raises(errors.NotFound):
            service.handle(city.who(LEAD_LOGIN), city.now, ticket_id, old.id, "还想办")

    def test_an_assisting_unit_is_replaced_by_an_assisting_one(self, city: City):
        ticket_id = city.dispatched(assists=(ASSIST,))
        part = city.part(ticket_id, ASSIST)
        _ask_return(city, "lead-wanghe", ticket_id, part.id)
        service.redispatch(city.who("dispatcher"), city.now, ticket_id, part.id, city.unit(OTHER), "改派")
        assert city.part(ticket_id, OTHER).role == "assist"
        assert city.events(ticket_id)[-1].payload == {"assists": [city.unit(OTHER)], "round": 2}
        assert city.part(ticket_id).state == "PENDING_SIGN"

    def test_no_unit_gets_it_twice_nor_one_that_does_not_exist(self, city: City):
        ticket_id = city.return_requested(assists=(ASSIST,))
        part = city.part(ticket_id)
        with pytest.raises(errors.Invalid) as refusal:
            service.redispatch(city.who("dispatcher"), city.now, ticket_id, part.id, city.unit(LEAD), "改派")
        assert refusal.value.values["fields"] == {"lead": "already_has_it"}
        with pytest.raises(errors.Invalid) as refusal, db.session.begin_nested():
            service.redispatch(city.who("dispatcher"), city.now, ticket_id, part.id, NOBODY, "改派")
        assert refusal.value.values["fields"] == {"lead": "unknown"}

    def test_a_unit_that_returned_it_may_get_it_again(self, city: City):
        ticket_id = city.returned()
        part = city.part(ticket_id, OTHER)
        _ask_return(city, "handler-heat", ticket_id, part.id, suggested=LEAD)
        service.concede(city.who("dispatcher"), city.now, ticket_id, part.id, "提请裁定")
        service.designate(city.who("supervisor"), city.now, ticket_id, city.unit(LEAD), [], "指定办理")
        assert [part.round for part in city.parts(ticket_id)] == [1, 2, 3]
        assert city.part(ticket_id).state == "PENDING_SIGN"

    def test_refusals_come_in_their_order(self, city: City):
        ticket_id = city.return_requested()
        part = city.part(ticket_id).id
        with pytest.raises(errors.NotFound):
            service.redispatch(city.who("handler-heat"), city.now, ticket_id, part, NOBODY, "", 9)
        with pytest.raises(errors.NotFound):
            service.redispatch(city.who("dispatcher"), city.now, ticket_id, part + 1, NOBODY, "", 9)
        with pytest.raises(errors.Forbidden):
            service.redispatch(city.who("leader"), city.now, ticket_id, part, NOBODY, "", 9)
        with pytest.raises(errors.Stale):
            service.redispatch(city.who("dispatcher"), city.now, ticket_id, part, NOBODY, "", 9)
        with pytest.raises(errors.Invalid):
            service.redispatch(city.who("dispatcher"), city.now, ticket_id, part, NOBODY, "", 5)
        service.uphold(city.who("dispatcher"), city.now, ticket_id, part, "维持")
        with pytest.raises(errors.NotNow):
            service.redispatch(city.who("supervisor"), city.now, ticket_id, part, NOBODY, "")


class TestAskingMoreToHelp:
    def test_each_has_a_part_with_its_clocks_and_the_lead_waits_for_it(self, city: City):
        ticket_id = city.helped_later()
        part = city.part(ticket_id, OTHER)
        assert (part.role, part.state, part.dispatched_at) == ("assist", "PENDING_SIGN", city.now)
        assert {row.clock for row in city.clocks(ticket_id) if row.assignment_id == part.id} >= {"sign", "handle"}
        assert city.ticket(ticket_id).state == "IN_PROGRESS"
        event = city.events(ticket_id)[-1]
        assert (event.kind, event.payload["assists"]) == ("ticket.assists_added", [city.unit(OTHER)])
        with pytest.raises(errors.NotNow):
            city.reply(ticket_id)
        service.sign(city.who("handler-heat"), city.now, ticket_id, part.id)
        city.reply(ticket_id, OTHER, "handler-heat")
        city.reply(ticket_id)
        assert city.ticket(ticket_id).state == "TO_REVIEW"

    def test_who_has_it_is_not_asked_again_and_nobody_else_with_it(self, city: City):
        ticket_id = city.helped_later()
        for unit in (LEAD, OTHER):
            with pytest.raises(errors.Invalid) as refusal:
                units = [city.unit("9901.gas"), city.unit(unit)]
                service.add_assist(city.who("supervisor"), city.now, ticket_id, units, "请配合")
            assert refusal.value.values["fields"] == {"assists": "already_has_it"}
        assert len(city.parts(ticket_id)) == 2

    def test_who_gave_it_back_or_was_let_off_may_be_asked_again(self, city: City):
        ticket_id = city.helped_later()
        part = city.part(ticket_id, OTHER)
        service.waive(city.who(LEAD_LOGIN), city.now, ticket_id, part.id, "暂不需要")
        service.add_assist(city.who("supervisor"), city.now, ticket_id, [city.unit(OTHER)], "还是需要")
        assert [one.state for one in city.parts(ticket_id)] == ["HANDLING", "CANCELLED", "PENDING_SIGN"]

    @pytest.mark.parametrize(
        ("units", "note", "fault"),
        [([], "请配合", {"assists": "missing"}), ([NOBODY], "请配合", {"assists": "unknown"}),
         (["9901.gas"], " ", {"dispatch_note": "missing"})],
    )  # fmt: skip
    def test_it_takes_units_and_why(self, city: City, units: list, note: str, fault: dict[str, str]):
        ticket_id = city.signed()
        ids = [city.unit(unit) if isinstance(unit, str) else unit for unit in units]
        with pytest.raises(errors.Invalid) as refusal:
            service.add_assist(city.who("supervisor"), city.now, ticket_id, ids, note)
        assert refusal.value.values["fields"] == fault

    def test_the_lead_does_not_ask_by_itself(self, city: City):
        ticket_id = city.signed()
        with pytest.raises(errors.Forbidden):
            service.add_assist(city.who(LEAD_LOGIN), city.now, ticket_id, [city.unit(OTHER)], "请配合")
