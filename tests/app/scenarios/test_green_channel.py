"""The enterprise's matter on the green channel: three tenths shorter, the legal limit beside it, by whose word."""

import pytest
from scenes import LEAD, LEAD_LOGIN

from tickets import errors, service

from .conftest import Stage, local

PERMIT = {"type": "help", "enterprise": True}


def test_the_matter_of_an_enterprise_on_the_green_channel(stage: Stage):
    stage.at("2026-03-02 10:00")
    ticket_id, number, code = stage.write_in(**PERMIT)
    stage.do("dispatcher", service.dispatch, ticket_id, stage.unit(LEAD))
    part = stage.part(ticket_id).id
    stage.do(LEAD_LOGIN, service.sign, ticket_id, part)
    legal = stage.clock(ticket_id, "handle", LEAD)
    assert (legal.limit, legal.due_at) == ("5wd", local("2026-03-09 17:30"))

    # Somebody answers for it, with a reason, and only who may.
    stage.later(days=1)
    for login in ("dispatcher", LEAD_LOGIN, "leader"):
        with pytest.raises((errors.Forbidden, errors.NotFound)):
            stage.do(login, service.green, ticket_id, "重点企业")
    with pytest.raises(errors.Invalid):
        stage.do("supervisor", service.green, ticket_id, " ")
    assert not stage.has_on("leader", "green", ticket_id)
    stage.do("supervisor", service.green, ticket_id, "重点项目开工在即，并联办理")

    # 3.5 days of 5 are 3 whole ones, counted from when the clock began; the legal limit stands beside.
    promised = stage.clock(ticket_id, "handle", LEAD)
    assert (promised.limit, promised.due_at) == ("3wd", local("2026-03-05 17:30"))
    assert (promised.started_at, promised.legal_due_at) == (legal.started_at, legal.due_at)
    assert stage.clock(ticket_id, "contact", LEAD).limit == "1wd"  # what is no handling is not shortened
    page = stage.desk(LEAD_LOGIN, ticket_id)
    assert "绿色通道" in page and "法定时限" in page and "重点项目开工在即" in page
    said = stage.public(number, code)
    assert "已进入绿色通道，时限缩短" in said and "3月5日" in said and "重点项目开工在即" not in said

    # It has a list of its own, for those who see the whole city, until it ends.
    for login in ("supervisor", "leader", "office"):
        assert stage.has_on(login, "green", ticket_id)
    with pytest.raises(errors.NotNow):
        stage.do("supervisor", service.green, ticket_id, "再来一次")
    account = stage.read(lambda city: city.account("证照已经办结。", "内部：已送达。"))
    stage.do(LEAD_LOGIN, service.reply, ticket_id, part, account)
    stage.do("supervisor", service.accept, ticket_id)
    stage.rate(ticket_id, True, 3)
    assert not stage.has_on("leader", "green", ticket_id)
    event = next(one for one in stage.read(lambda city: city.events(ticket_id)) if one.kind == "ticket.green")
    assert (event.actor_id, event.payload["clocks"][0]["limit"]) == (
        stage.read(lambda city: city.who("supervisor").id), ["5wd", "3wd"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("type_", "urgency", "limit", "shorter"),
    [("consult", "normal", "2wd", "1wd"), ("help", "hard", "15wd", "10wd"), ("help", "critical", "2h", "1h"),
     ("help", "urgent", "24h", "16h")],
)  # fmt: skip
def test_by_at_least_three_tenths_and_never_to_nothing(
    stage: Stage, type_: str, urgency: str, limit: str, shorter: str
):
    ticket_id, _number, _code = stage.write_in(**PERMIT | {"type": type_}, urgency=urgency)
    stage.do("dispatcher", service.dispatch, ticket_id, stage.unit(LEAD))
    assert stage.clock(ticket_id, "handle", LEAD).limit == limit
    stage.do("supervisor", service.green, ticket_id, "重点企业")
    assert stage.clock(ticket_id, "handle", LEAD).limit == shorter
