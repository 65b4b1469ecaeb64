"""The suggestion while typing, dispatch by one key, and colleagues on the same page."""

import re

from app.outbox import unit_of_work
from db import db
from tickets.models import RoutingDecision

JSON = {"Accept": "application/json"}
HEATING = "望河区明德街道书院社区的暖气不热，室内只有十二度，供热公司一直没有处理"


def token_of(desk) -> str:
    return re.search(r'name="csrf-token" content="([^"]+)"', desk.get("/desk/tickets/new").text)[1]


def ask(desk, **fields: str):
    return desk.post("/desk/suggest", {"csrf_token": token_of(desk), **fields}, headers=JSON)


def test_a_text_being_typed_gets_a_unit_with_reasons_and_nothing_is_stored(app, desk_of):
    with app.app_context(), unit_of_work():
        before = db.session.query(RoutingDecision).count()
    found = ask(desk_of("operator"), content=HEATING, type="complaint", urgency="normal", channel="phone").json
    assert "热" in found["unit"] and found["reasons"] and found["basis"]
    assert 0 < found["confidence"] <= 1 and found["category"] and "书院" in found["region_name"]
    with app.app_context(), unit_of_work():
        assert db.session.query(RoutingDecision).count() == before


def test_a_text_that_nobody_knows_has_no_unit(desk_of):
    found = ask(desk_of("operator"), content="嗯", type="help", urgency="normal", channel="phone").json
    assert found["unit"] is None and not found["dispatches"]


def test_a_report_is_held_as_it_will_be_when_it_is_registered(desk_of):
    """It is confidential by its type, whether that is ticked or not."""
    desk = desk_of("operator")
    said = {"content": HEATING, "urgency": "normal", "channel": "phone"}
    assert ask(desk, type="complaint", **said).json["dispatches"]
    assert not ask(desk, type="report", **said).json["dispatches"]


def test_who_takes_nothing_down_is_not_told(desk_of):
    desk = desk_of("handler-urban")
    assert desk.post("/desk/suggest", {"content": HEATING}, headers=JSON).status_code in (400, 403)


def test_the_triage_board_offers_the_suggestion_and_one_key_dispatches(desk_of, matter):
    ticket_id = matter(title="反映一件事", content="路边有垃圾", urgency="critical")
    desk = desk_of("dispatcher")
    page = desk.get("/desk?board=triage").text
    form = re.search(rf'action="/desk/tickets/{ticket_id}/dispatch" data-accept-form>(.*?)</form>', page, re.S)
    assert form is not None
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[1]))
    answer = desk.post(f"/desk/tickets/{ticket_id}/dispatch", fields, headers=JSON)
    assert answer.status_code == 200 and answer.json["done"] == "派单"
    again = desk.post(f"/desk/tickets/{ticket_id}/dispatch", fields, headers=JSON)
    assert again.status_code in (404, 409) and again.json["message"]


def test_colleagues_on_one_page_see_each_others_names(desk_of, matter):
    ticket_id = matter()
    first, second = desk_of("supervisor"), desk_of("dispatcher")
    assert _sign(first, ticket_id) == []
    assert _sign(second, ticket_id) == ["督办员"]
    assert _sign(second, ticket_id, leaving="1") == []
    assert _sign(first, ticket_id) == []


def _sign(desk, ticket_id: int, **fields: str) -> list[str]:
    page = desk.get(f"/desk/tickets/{ticket_id}").text
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)[1]
    answer = desk.post(f"/desk/tickets/{ticket_id}/presence", {"csrf_token": token, **fields}, headers=JSON)
    return answer.json["others"]
