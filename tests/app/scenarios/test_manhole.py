"""The manhole that two units refuse: disputed, designated, and the citizen reads in plain words who said no."""

from datetime import timedelta

import pytest
from scenes import LEAD, LEAD_LOGIN, OTHER, OTHER_LOGIN

from tickets import errors, service

from .conftest import Stage

BASIS = "《城市道路管理条例》第六条"
THIRD = "9901.gas"
NO = "承办单位认为不属于其职责，由热线裁定: 非本单位职责"


def refuse(stage: Stage, ticket_id: int, unit: str, login: str, suggested: str) -> int:
    part = int(stage.part(ticket_id, unit).id)
    why = ("not_our_duty", "该井盖不属于我单位管护", BASIS, stage.unit(suggested))
    stage.do(login, service.request_return, ticket_id, part, *why)
    return part


def test_the_manhole_that_two_units_refuse(stage: Stage):
    stage.at("2026-03-02 10:00")  # a Monday
    ticket_id, number, code = stage.write_in(type="help")
    stage.do("dispatcher", service.dispatch, ticket_id, stage.unit(LEAD))

    # The first unit says no. Its clock runs on while the hotline decides, and the hotline's own runs besides.
    stage.later(hours=1)
    first = refuse(stage, ticket_id, LEAD, LEAD_LOGIN, suggested=OTHER)
    due = stage.clock(ticket_id, "handle", LEAD).due_at
    assert stage.running(ticket_id) == {"sign", "contact", "handle", "decision"}
    assert stage.told(ticket_id, kind="return_requested") == [("dispatcher", "return_requested")]
    assert stage.has_on("dispatcher", "returns", ticket_id)
    stage.later(hours=2)
    handle = stage.clock(ticket_id, "handle", LEAD)
    assert (handle.due_at, handle.pauses, handle.paused_at) == (due, [], None)
    stage.do("dispatcher", service.redispatch, ticket_id, first, stage.unit(OTHER), "按管护界线改派")
    assert stage.get(LEAD_LOGIN, f"/desk/tickets/{ticket_id}").status_code == 404  # it has it no more
    assert f"{NO} 望河区城市管理局" in stage.public(number, code)

    # The second says no as well: no third unit is asked.
    stage.later(hours=3)
    second = refuse(stage, ticket_id, OTHER, OTHER_LOGIN, suggested=LEAD)
    with pytest.raises(errors.NotNow):
        stage.do("dispatcher", service.redispatch, ticket_id, second, stage.unit(THIRD), "再改派")
    stage.do("dispatcher", service.concede, ticket_id, second, "双方均有依据，提请裁定")
    assert stage.state(ticket_id) == "DISPUTED"
    with pytest.raises(errors.NotNow):
        stage.do("dispatcher", service.dispatch, ticket_id, stage.unit(THIRD))
    assert stage.has_on("office", "disputed", ticket_id) and stage.has_on("supervisor", "disputed", ticket_id)
    assert "部门职责有争议，热线正在裁定。" in stage.public(number, code)

    # The ruling has a limit of its own, which nobody may let pass unseen.
    ruling = stage.clock(ticket_id, "dispute")
    assert ruling.limit == "2wd" and ruling.due_at - stage.now > timedelta(days=1)
    stage.run_to(ruling.due_at, ticket_id)
    assert [(tier, who) for _at, tier, who in stage.rungs(ticket_id, "dispute")] == [
        ("L0", {"supervisor", "office"}), ("L2", {"supervisor"}),
    ]  # fmt: skip

    # What an adjudicator designates cannot be given back, by nobody and for no reason.
    for login in ("dispatcher", LEAD_LOGIN, OTHER_LOGIN):
        with pytest.raises((errors.Forbidden, errors.NotFound)):
            stage.do(login, service.designate, ticket_id, stage.unit(LEAD), [], "我来指定")
    stage.do("office", service.designate, ticket_id, stage.unit(LEAD), [], "以属地为准，先办后议")
    part = stage.part(ticket_id)
    assert (stage.state(ticket_id), part.state, part.designated) == ("IN_PROGRESS", "PENDING_SIGN", True)
    with pytest.raises(errors.NotNow):
        refuse(stage, ticket_id, LEAD, LEAD_LOGIN, suggested=OTHER)
    assert "request_return" not in stage.page(LEAD_LOGIN, f"/desk/tickets/{ticket_id}")
    assert "指定承办" in stage.desk(LEAD_LOGIN, ticket_id)

    # The citizen reads each no, by whom, and who has it now; not what the units wrote to each other.
    said = stage.public(number, code)
    assert "承办单位 望河区城市管理局" in said
    for name in ("望河区城市管理局", "东河市热力有限公司"):
        assert f"{NO} {name}" in said and f"已从该单位收回 {name}" in said
    assert "该井盖不属于我单位管护" not in said and "先办后议" not in said and BASIS not in said
    assert stage.kinds(ticket_id) == [
        "ticket.registered", "ticket.triaged", "ticket.dispatched", "assignment.return_requested",
        "assignment.returned", "ticket.dispatched", "assignment.return_requested", "assignment.returned",
        "ticket.disputed", "ticket.escalated", "ticket.escalated", "ticket.dispatched",
    ]
