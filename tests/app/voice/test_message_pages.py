"""Where people see text messages: on the ticket's page, on the page of oversight, on the citizen's receipt."""

import pytest
from sqlalchemy import select
from telephone import CALLER, Telephone

from calls import message_routes
from calls.message_models import Message
from db import db
from tests.app.voice.test_messages import register, texts


@pytest.fixture
def desk_of(new_browser):
    def sign_in(login: str):
        browser = new_browser()
        assert browser.sign_in(login).status_code in (302, 303)
        return browser

    return sign_in


def test_the_ticket_shows_what_was_sent_and_not_what_it_says(telephone: Telephone, desk_of):
    ticket_id, _, code = register(telephone, phone="13800138000")
    page = desk_of("supervisor").get(f"/desk/tickets/{ticket_id}").text
    assert "受理短信" in page and "已送达" in page
    assert "138****8000" in page
    assert code not in page and "13800138000" not in page and "重新发送受理短信" not in page
    english = desk_of("supervisor").get(f"/desk/tickets/{ticket_id}?lang=en").text
    assert "Receipt with number and query code" in english and "delivered" in english


def test_a_receipt_that_did_not_arrive_is_sent_again_by_hand_and_not_twice(telephone: Telephone, desk_of):
    telephone.phone(CALLER).sms = "undelivered"
    ticket_id, number, code = register(telephone)
    supervisor, path = desk_of("supervisor"), f"/desk/tickets/{ticket_id}"
    page = supervisor.get(path).text
    assert "重新发送受理短信" in page and "手机关机" in page
    telephone.phone(CALLER).sms = "delivered"
    assert supervisor.post(f"{path}/texts/again").status_code == 303
    assert supervisor.post(f"{path}/texts/again").status_code == 409  # it is on its way
    telephone.pass_(5)
    [said] = texts(telephone)
    assert number in said and code in said
    assert supervisor.post(f"{path}/texts/again").status_code == 409  # it has arrived
    rows = select(Message.again, Message.state, Message.asked_by.is_not(None)).order_by(Message.id)
    assert telephone.read(lambda: db.session.execute(rows).all()) == [
        (0, "UNDELIVERED", False), (1, "DELIVERED", True),
    ]  # fmt: skip


def test_who_may_not_see_the_number_may_not_send(telephone: Telephone, desk_of):
    telephone.phone(CALLER).sms = "undelivered"
    ticket_id, _, _ = register(telephone)
    leader = desk_of("leader")
    assert "重新发送受理短信" not in leader.get(f"/desk/tickets/{ticket_id}").text
    assert leader.post(f"/desk/tickets/{ticket_id}/texts/again").status_code == 403


def test_oversight_counts_todays_and_names_reasons_and_routes(telephone: Telephone, desk_of):
    register(telephone)
    telephone.phone(CALLER).sms = "failed"
    ticket_id, number, _ = register(telephone)
    with telephone.app.app_context():
        from_now = telephone.now
        with db.session.begin():
            for _ in range(5):
                message_routes.failed("twilio", from_now, "500")
    page = desk_of("supervisor").get("/oversight/messages").text
    assert "已送达" in page and "未发出" in page and "运营商未说明原因" in page
    assert "已熔断" in page and "模拟网络" in page
    assert number in page and f"/desk/tickets/{ticket_id}" in page and "13800138000" not in page


def test_the_citizens_receipt_says_where_it_also_goes(telephone: Telephone, new_browser):
    form = {"content": "门口路灯不亮，夜里看不清路。", "type": "complaint", "phone": "13800138000"}
    citizen = new_browser()
    wanted = citizen.post("/complain", form | {"wants_reply": "1", "form_key": "a" * 32}).text
    assert "138****8000" in wanted and "短信" in wanted
    assert "138****8000" not in citizen.post("/complain", form | {"form_key": "b" * 32}).text
