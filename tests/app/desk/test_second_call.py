"""A caller who rings again and reaches another operator: number and code open what the citizen may know."""

import re

from app.outbox import unit_of_work
from db import db
from tickets import service
from tickets.intake import Intake
from tickets.models import Ticket
from tickets.permissions import VISITOR


def opened(app) -> tuple[str, str, int]:
    intake = Intake(content="路灯不亮", phone="13800138031", place="望河区明德路12号3单元401室")
    with app.app_context(), unit_of_work() as now:
        found = service.open_ticket(VISITOR, now, intake, app.extensions["vault"], form_key=f"second {now}")
        return found.ticket.number or "", found.code, found.ticket.id


def ask(desk, **fields: str):
    page = desk.get("/desk/second-call")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    return desk.post("/desk/second-call", {"csrf_token": token, **fields})


def test_number_and_code_show_how_far_it_is_and_keep_what_was_said(app, desk_of):
    number, code, ticket_id = opened(app)
    desk = desk_of("operator2")
    assert desk.get(f"/desk/tickets/{ticket_id}").status_code == 404
    shown = ask(desk, number=number, code=code)
    assert shown.status_code == 200 and "路灯不亮" in shown.text
    assert "13800138031" not in shown.text and "401室" not in shown.text
    kept = ask(desk, number=number, code=code, urge_note="还是不亮，请快点")
    assert kept.status_code == 200 and number in kept.text
    page = desk_of("supervisor").get(f"/desk/tickets/{ticket_id}").text
    assert "群众催办" in page and "还是不亮" in page


def test_a_wrong_code_shows_nothing_and_what_was_typed_stays(app, desk_of):
    number, _code, _id = opened(app)
    answer = ask(desk_of("operator2"), number=number, code="000000000000", urge_note="说过的话")
    assert answer.status_code == 404 and "路灯不亮" not in answer.text and number in answer.text


def test_an_empty_note_is_a_fault_beside_its_field(app, desk_of):
    number, code, _id = opened(app)
    answer = ask(desk_of("operator2"), number=number, code=code, urge_note=" ")
    assert answer.status_code == 422 and "urge_note-fault" in answer.text


def test_the_citizen_asks_again_three_times_a_day(app, client):
    number, code, ticket_id = opened(app)
    fields = {"number": number, "code": code, "urge_note": "请快一点"}
    assert "urge_note" in client.post("/status", data={"number": number, "code": code}).text
    for note in ("还没有修", "怎么样了", "有消息吗"):
        assert client.post("/urge", data=fields | {"urge_note": note}).status_code == 200
    often = client.post("/urge", data=fields)
    assert often.status_code == 422 and "请快一点" in often.text
    with app.app_context(), unit_of_work():
        assert db.session.get(Ticket, ticket_id).state in ("TO_DISPATCH", "IN_PROGRESS")
    assert client.post("/urge", data=fields | {"code": "1" * 12}).status_code == 404
