"""The list of what was missed: messages become tickets, texts are read, and who watches sees it without acting."""

import re

import pytest
from sqlalchemy import select
from switchboard import Switch
from telephone import LINE

from app.extensions import vault
from app.outbox import unit_of_work
from calls import arriving, conversing
from calls.arriving import Ringing
from calls.message_models import Message
from calls.models import Callback
from db import db
from tickets.models import Ticket

LIST = "/desk/phone/callbacks"
WORDS = "楼下的井盖又松了，能派人来看看吗"


def leave_message(switch: Switch, phone: str) -> int:
    """A message; returns the callback that is owed for it."""
    with switch.app.app_context(), unit_of_work() as now:
        call = arriving.ring(now, Ringing("twilio", switch._sid(), LINE, phone), vault())
        arriving.begin_voicemail(call, now, now)
        arriving.end(call, now, now)
        return db.session.scalars(select(Callback.id).where(Callback.call_id == call.id)).one()


def text(switch: Switch, words: str, kind: str) -> int:
    with switch.app.app_context(), unit_of_work() as now:
        sender = vault().phone_hash("+8613800138000")
        message, _ = conversing.take_down("twilio", switch._sid(), sender, words, now, vault())
        conversing.keep_reply(message, kind, "", None, vault())
        return message.id


def test_a_message_of_a_withheld_number_becomes_a_ticket_of_whoever_takes_it(switch: Switch, desk):
    callback_id = leave_message(switch, "")
    page = desk.browser.get(LIST).text
    row = page[page.index(f'data-callback="{callback_id}"') :]
    row = row[: row.index("</tr>")]
    assert "未显示" in row and "data-call=" not in row and f"{LIST}/{callback_id}/take-down" in row
    taken = desk.browser.post(f"{LIST}/{callback_id}/take-down", {})
    assert taken.status_code == 303
    ticket_id = int(re.search(r"/desk/tickets/(\d+)$", taken.location)[1])
    with switch.app.app_context(), unit_of_work():
        assert db.session.get_one(Ticket, ticket_id).registered_by == desk.person.id
        callback = db.session.get_one(Callback, callback_id)
        assert callback.outcome == "taken_down" and callback.closed_at is not None
    assert desk.browser.get(taken.location).status_code == 200
    assert desk.browser.post(f"{LIST}/{callback_id}/take-down", {}).status_code == 409


def test_a_text_that_no_machine_understood_waits_until_somebody_has_read_it(switch: Switch, desk):
    free, order = text(switch, WORDS, conversing.HELP), text(switch, "STOP", "stop")
    page = desk.browser.get(LIST).text
    assert WORDS in page and f"texts/{free}/done" in page and f"texts/{order}/done" not in page
    counted = desk.state()["texts"]
    assert desk.browser.post(f"{LIST}/texts/{free}/done", {}).status_code == 303
    assert WORDS not in desk.browser.get(LIST).text and desk.state()["texts"] == counted - 1
    with switch.app.app_context(), unit_of_work():
        assert db.session.get_one(Message, free).asked_by == desk.person.id
    assert desk.browser.post(f"{LIST}/texts/999999999/done", {}).status_code == 404


@pytest.mark.parametrize("role", ["supervisor", "leader"])
def test_who_only_watches_sees_the_list_and_nothing_to_press_hear_or_read(switch: Switch, new_desk, role: str):
    callback_id, free = leave_message(switch, "+8613800138000"), text(switch, WORDS, conversing.HELP)
    browser = new_desk(role).browser
    page = browser.get(LIST).text
    assert f'data-callback="{callback_id}"' in page and "138****8000" in page and WORDS not in page
    assert not re.search(r"data-call=|data-close=|take-down|<audio", page)
    assert f'<a href="{LIST}"><b data-value="callbacks">' in browser.get("/oversight/phone").text
    for path in (f"{callback_id}/take-down", f"{callback_id}/close", f"texts/{free}/done"):
        assert browser.post(f"{LIST}/{path}", {}).status_code == 403
