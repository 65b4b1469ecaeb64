"""退单: the window, the count, the dispute, and what is designated."""

from datetime import timedelta

import pytest
from scenes import ASSIST, ASSIST_LOGIN, LEAD, LEAD_LOGIN, OTHER, OTHER_LOGIN, UNIT_HEAD, City
from sqlalchemy import update

from db import db
from routing.models import CitySetting, Policy
from routing.terms import LIFECYCLE
from tickets import errors, queries, service, terms
from tickets.lifecycle import transition

GAS = "9901.gas"


def test_the_window_ends_by_the_citys_policy(city: City):
    ticket_id = city.signed()
    part = city.part(ticket_id)
    assert part.return_until is not None
    city.now = part.return_until + timedelta(seconds=1)
    with pytest.raises(errors.NotNow) as refusal:
        city.ask_return(ticket_id)
    assert refusal.value.values["guard"] == "may_return"
    city.now = part.return_until
    city.ask_return(ticket_id)
    assert part.state == "RETURN_REQUESTED"


def test_what_was_refused_is_not_asked_for_again_as_often_as_the_city_says(city: City):
    ticket_id = city.return_requested(assists=(ASSIST,))
    part = city.part(ticket_id)

    def refused() -> None:
        service.uphold(city.who("dispatcher"), city.now, ticket_id, part.id, "属你单位职责")

    refused()
    with pytest.raises(errors.NotNow) as refusal:
        city.ask_return(ticket_id)
    assert refusal.value.values["guard"] == "may_return"
    city.ask_return(ticket_id, ASSIST, ASSIST_LOGIN)
    assert city.part(ticket_id, ASSIST).state == "RETURN_REQUESTED", "another part is another matter"
    own = {**terms.SHIPPED, "returns_per_part": 2}
    db.session.execute(update(CitySetting).where(CitySetting.key == LIFECYCLE).values(value=own))
    db.session.info.clear()
    city.ask_return(ticket_id)
    refused()
    with pytest.raises(errors.NotNow):
        city.ask_return(ticket_id)


def test_a_city_without_a_window_lets_units_return_as_long_as_they_handle(city: City):
    db.session.query(Policy).filter_by(clock="return").update({"is_active": False})
    db.session.flush()
    ticket_id = city.signed()
    assert city.part(ticket_id).return_until is None
    city.later(days=20)
    city.ask_return(ticket_id)
    assert city.part(ticket_id).state == "RETURN_REQUESTED"


def test_the_hotlines_own_clock_runs_until_it_decides(city: City):
    ticket_id = city.return_requested()
    part = city.part(ticket_id)
    assert city.clock(ticket_id, "decision", part.id).limit == "4wh"
    assert city.clock(ticket_id, "handle", part.id)
    service.uphold(city.who("dispatcher"), city.later(hours=1), ticket_id, part.id, "属你单位职责")
    assert "decision" not in {row.clock for row in city.clocks(ticket_id)}


def test_after_two_granted_returns_it_is_disputed_and_not_dispatched_a_third_time(city: City):
    ticket_id = city.returned()
    city.ask_return(ticket_id, OTHER, OTHER_LOGIN, suggested=LEAD)
    part = city.part(ticket_id, OTHER)
    with pytest.raises(errors.NotNow) as refusal:
        service.redispatch(city.who("dispatcher"), city.now, ticket_id, part.id, city.unit(GAS), "再改派")
    assert refusal.value.values["guard"] == "may_redispatch"
    service.concede(city.who("dispatcher"), city.now, ticket_id, part.id, "双方都有依据")
    ticket = city.ticket(ticket_id)
    assert (ticket.state, part.state) == ("DISPUTED", "RETURNED")
    assert transition("ticket", "dispatch", ticket.state) is None
    assert city.clock(ticket_id, "dispute").limit == "2wd"


def test_what_is_designated_cannot_be_given_back(city: City):
    ticket_id = city.disputed()
    with pytest.raises(errors.NotFound):
        service.designate(city.who(LEAD_LOGIN), city.now, ticket_id, city.unit(LEAD), [], "不该由我指定")
    service.designate(city.who("office"), city.later(hours=3), ticket_id, city.unit(LEAD), [], "以属地为准")
    part = city.part(ticket_id)
    assert (city.ticket(ticket_id).state, part.designated, part.state) == ("IN_PROGRESS", True, "PENDING_SIGN")
    assert {row.clock for row in city.clocks(ticket_id)} == {"sign", "contact", "handle"}
    with pytest.raises(errors.NotNow) as refusal:
        city.ask_return(ticket_id)
    assert refusal.value.values["guard"] == "may_return"


def test_a_first_return_cannot_be_made_a_dispute(city: City):
    ticket_id = city.return_requested()
    with pytest.raises(errors.NotNow):
        service.concede(city.who("dispatcher"), city.now, ticket_id, city.part(ticket_id).id, "提请裁定")


def test_returns_of_helping_units_are_counted_apart(city: City):
    ticket_id = city.dispatched(assists=(ASSIST,))
    helper = city.part(ticket_id, ASSIST)
    for unit, login, to in ((ASSIST, ASSIST_LOGIN, OTHER), (OTHER, OTHER_LOGIN, GAS)):
        city.ask_return(ticket_id, unit, login, suggested=LEAD)
        part = city.part(ticket_id, unit)
        service.redispatch(city.who("dispatcher"), city.now, ticket_id, part.id, city.unit(to), "改派")
    assert helper.state == "RETURNED" and city.part(ticket_id, GAS).role == "assist"
    city.ask_return(ticket_id)  # the lead's first
    service.redispatch(
        city.who("dispatcher"), city.now, ticket_id, city.part(ticket_id).id, city.unit("9901.drain"), "改派"
    )
    assert city.ticket(ticket_id).state == "IN_PROGRESS"


def test_who_asked_for_a_return_does_not_decide_on_it(city: City):
    ticket_id = city.return_requested()
    part = city.part(ticket_id)
    asker = city.who(LEAD_LOGIN)
    with pytest.raises(errors.Forbidden):
        service.uphold(asker, city.now, ticket_id, part.id, "自己批自己")


def test_the_citizen_reads_who_said_no_and_who_has_it_now(city: City):
    ticket_id, code = city.from_web()
    city.returned(ticket_id=ticket_id)
    number = city.ticket(ticket_id).number or ""
    found = queries.public_status(number, code, city.vault)
    assert found is not None
    told = [(step.kind, step.unit, step.reason) for step in found.steps]
    assert ("assignment.return_requested", "望河区城市管理局", "not_our_duty") in told
    assert ("assignment.returned", "望河区城市管理局", None) in told
    assert found.unit == "东河市热力有限公司"
    assert "三定" not in repr(found) and "不属于我局职责" not in repr(found)


def test_a_unit_that_helps_may_be_made_the_lead(city: City):
    """What it has as a helper ends; it may go on to hand in what it has while it is disputed who leads."""
    ticket_id = city.returned(assists=(ASSIST,))
    helping = city.part(ticket_id, ASSIST)
    service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, helping.id)
    city.ask_return(ticket_id, OTHER, OTHER_LOGIN, suggested=ASSIST)
    service.concede(city.who("dispatcher"), city.now, ticket_id, city.part(ticket_id, OTHER).id, "提请裁定")
    service.contribute(city.who(ASSIST_LOGIN), city.now, ticket_id, helping.id, "已到现场勘查")
    service.designate(city.who("office"), city.now, ticket_id, city.unit(ASSIST), [], "由其牵头")
    assert helping.state == "CANCELLED" and helping.ended_at == city.now
    lead = city.part(ticket_id, ASSIST)
    assert (lead.role, lead.state, lead.designated) == ("lead", "PENDING_SIGN", True)
    assert {row.assignment_id for row in city.clocks(ticket_id)} <= {lead.id, None}


def test_the_matter_may_go_to_the_unit_that_helps(city: City):
    ticket_id = city.signed(assists=(ASSIST,))
    city.ask_return(ticket_id, suggested=ASSIST)
    part = city.part(ticket_id).id
    service.redispatch(city.who("dispatcher"), city.now, ticket_id, part, city.unit(ASSIST), "由协办单位主办")
    assert [(one.role, one.state) for one in city.parts(ticket_id)] == [
        ("lead", "RETURNED"), ("assist", "CANCELLED"), ("lead", "PENDING_SIGN"),
    ]  # fmt: skip


def test_a_decision_on_the_return_leaves_other_decisions_their_clock(city: City):
    ticket_id = city.signed()
    part = city.part(ticket_id).id
    service.ask_extension(city.who(UNIT_HEAD), city.now, ticket_id, part, "3", "等配件")
    city.later(minutes=5)
    city.ask_return(ticket_id)
    decisions = [row for row in city.clocks(ticket_id) if row.clock == "decision"]
    assert len(decisions) == 2
    service.uphold(city.who("dispatcher"), city.now, ticket_id, part, "属你局职责")
    left = [row.id for row in city.clocks(ticket_id) if row.clock == "decision"]
    assert left == [min(decisions, key=lambda row: row.started_at).id]


def test_what_a_unit_below_gave_back_stays_as_it_was(city: City):
    """The part above ends later; that somebody declined, and when, is not written anew."""
    ticket_id = city.delegated()
    below, lead = city.part(ticket_id, "990102001.gov"), city.part(ticket_id, "990102.gov")
    service.decline(city.who(UNIT_HEAD), city.now, ticket_id, below.id, "不在我辖区")
    declined = city.now
    city.later(hours=1)
    service.request_return(
        city.who(UNIT_HEAD), city.now, ticket_id, lead.id, "not_our_duty", "非我区职责", "三定方案",
        city.unit(OTHER),
    )  # fmt: skip
    service.redispatch(city.who("dispatcher"), city.now, ticket_id, lead.id, city.unit(OTHER), "改派")
    assert (below.state, below.ended_at) == ("RETURNED", declined)
    assert (lead.state, lead.ended_at) == ("RETURNED", city.now)
