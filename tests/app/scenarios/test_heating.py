"""The heating complaint across National Day, with more time asked for and granted."""

from datetime import timedelta

import pytest
from scenes import OTHER, OTHER_LOGIN

from tickets import errors, figures, service, unit_figures
from tickets.figures import Behind, Span

from .conftest import Stage, local

HEAD = "lead-city"


def _counts(stage: Stage, day: str) -> dict[str, int]:
    """The city's figures of one day of limits that ran out, asked for a month later."""
    start = local(f"{day} 00:00")
    span = Span(start, start + timedelta(days=1), start + timedelta(days=30))
    with stage.work():
        return {name: figures.count(Behind(name), span) for name in ("due", "on_time", "on_time_extended")}


def _of_unit(stage: Stage, day: str) -> dict[str, int]:
    start = local(f"{day} 00:00")
    span = Span(start, start + timedelta(days=1), start + timedelta(days=30))
    unit = stage.unit(OTHER)
    with stage.work():
        return {name: unit_figures.count(name, [unit], span) for name in ("due", "on_time", "on_time_extended")}


def test_the_heating_complaint_across_national_day(stage: Stage):
    stage.at("2025-09-26 10:00")  # a Friday; the Sunday after is worked, 1 to 8 October are free
    ticket_id, number, code = stage.write_in()
    stage.do("dispatcher", service.dispatch, ticket_id, stage.unit(OTHER))
    first = stage.clock(ticket_id, "handle", OTHER)
    # 28, 29, 30 September, 9 and 10 October.
    assert (first.limit, first.due_at) == ("5wd", local("2025-10-10 17:30"))
    assert first.yellow_at == local("2025-10-09 17:30")
    part = stage.part(ticket_id, OTHER).id
    stage.do(OTHER_LOGIN, service.sign, ticket_id, part)
    stage.do(OTHER_LOGIN, service.handle, ticket_id, part, "已电话联系", "phone")

    # Nobody is called to work on a free day.
    stage.run_to(local("2025-10-10 09:00"), ticket_id)
    moments = [at for at, _tier, _who in stage.rungs(ticket_id, "handle")]
    assert moments and not [at for at in moments if "10-01" <= at < "10-09"]

    # Asked before it is due, by who answers for the unit; the clock runs on until somebody else decides.
    with pytest.raises(errors.Forbidden):
        stage.do(OTHER_LOGIN, service.ask_extension, ticket_id, part, "3", "等配件")
    with pytest.raises(errors.Invalid):
        stage.do(HEAD, service.ask_extension, ticket_id, part, "6", "等配件")  # longer than the limit itself
    stage.do(HEAD, service.ask_extension, ticket_id, part, "3", "换热站配件假期停产，周二到货")
    assert stage.clock(ticket_id, "handle", OTHER).due_at == first.due_at
    assert stage.has_on("supervisor", "extensions", ticket_id)
    stage.later(hours=2)
    with pytest.raises(errors.Forbidden):
        stage.do(HEAD, service.grant_extension, ticket_id, part, "自己同意")
    stage.do("supervisor", service.grant_extension, ticket_id, part, "情况属实")

    # 11 October is a Saturday that is worked, then 13 and 14; the citizen reads the new date.
    second = stage.clock(ticket_id, "handle", OTHER)
    assert (second.due_at, second.prolonged) == (local("2025-10-14 17:30"), True)
    assert stage.all_clocks(ticket_id, "handle")[0].due_at == first.due_at  # what was first promised stays
    said = stage.public(number, code)
    assert "承办单位已获准延期" in said and "10月14日" in said and "换热站配件" not in said
    assert "延期后" in stage.desk("supervisor", ticket_id)

    # Too late for another one once it is due; in time after the extension is not the same as in time.
    stage.at("2025-10-14 16:00")
    account = stage.read(lambda city: city.account("换热站已修复，室温达标。", "内部：已测温。"))
    stage.do(OTHER_LOGIN, service.reply, ticket_id, part, account)
    stage.do("supervisor", service.accept, ticket_id)
    stage.rate(ticket_id, True, 3)
    nothing = {"due": 0, "on_time": 0, "on_time_extended": 0}
    after_it = {"due": 1, "on_time": 0, "on_time_extended": 1}
    assert _counts(stage, "2025-10-10") == _of_unit(stage, "2025-10-10") == nothing
    assert _counts(stage, "2025-10-14") == _of_unit(stage, "2025-10-14") == after_it
    kinds = stage.kinds(ticket_id)
    assert kinds.index("extension.asked") < kinds.index("extension.granted") < kinds.index("assignment.replied")


def test_more_time_comes_too_late_when_it_is_due(stage: Stage):
    stage.at("2026-03-02 10:00")
    ticket_id, _number, _code = stage.write_in()
    stage.do("dispatcher", service.dispatch, ticket_id, stage.unit(OTHER))
    part = stage.part(ticket_id, OTHER).id
    stage.do(OTHER_LOGIN, service.sign, ticket_id, part)
    stage.now = stage.clock(ticket_id, "handle", OTHER).due_at
    with pytest.raises(errors.NotNow):
        stage.do(HEAD, service.ask_extension, ticket_id, part, "3", "忘了")
