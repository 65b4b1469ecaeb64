"""Autosave: what was typed and not sent comes back to the same person, and goes when it is sent."""

import re

import pytest

from tests.app.desk.test_intake import form

TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')


def save(desk, page: str, name: str, fields: dict[str, str]):
    token = TOKEN.search(desk.get(page).text)[1]
    return desk.browser.client.post(
        "/desk/drafts", json={"form": name, "fields": fields}, headers={"X-CSRFToken": token}
    )


def test_an_intake_form_comes_back_and_goes_when_sent(desk_of):
    operator = desk_of("operator2")
    fields = form(content="打到一半的内容")
    assert save(operator, "/desk/tickets/new", "new", fields).status_code == 204
    page = operator.get("/desk/tickets/new").text
    assert "打到一半的内容" in page and fields["form_key"] in page
    assert operator.post("/desk/tickets/new", fields).status_code == 201
    assert "打到一半的内容" not in operator.get("/desk/tickets/new").text


def test_a_refused_form_is_still_kept(desk_of):
    operator = desk_of("operator2")
    save(operator, "/desk/tickets/new", "new", form(content="", place="还在的地点"))
    assert operator.post("/desk/tickets/new", form(content="")).status_code == 422
    assert "还在的地点" in operator.get("/desk/tickets/new").text
    assert operator.post("/desk/tickets/new", form()).status_code == 201


def test_an_action_form_comes_back_open(desk_of, dispatched):
    ticket_id, part = dispatched()
    handler = desk_of("handler-urban")
    handler.act(ticket_id, "sign", part=part)
    path = f"/desk/tickets/{ticket_id}"
    page = handler.get(path).text
    name = re.search(r'data-draft="([^"]+-reply-[^"]+)"', page)[1]
    assert save(handler, path, name, {"public_reply": "写到一半的答复"}).status_code == 204
    page = handler.get(path).text
    assert "写到一半的答复" in page and "<details open>" in page
    assert "写到一半的答复" not in desk_of("supervisor").get(path).text
    handler.act(ticket_id, "reply", part=part, public_reply="完整答复", internal_note="说明")
    assert "写到一半的答复" not in handler.get(path).text


@pytest.mark.parametrize(
    "body",
    [
        [], {}, {"form": 1, "fields": {}}, {"form": "x" * 81, "fields": {}}, {"form": "new", "fields": []},
        {"form": "new", "fields": {str(n): "" for n in range(61)}},
    ],
)  # fmt: skip
def test_a_draft_that_is_none_is_refused(desk_of, body):
    operator = desk_of("operator")
    token = TOKEN.search(operator.get("/desk/tickets/new").text)[1]
    answer = operator.browser.client.post("/desk/drafts", json=body, headers={"X-CSRFToken": token})
    assert answer.status_code == 422


def test_a_draft_needs_the_page_token(desk_of):
    answer = desk_of("operator").browser.client.post("/desk/drafts", json={"form": "new", "fields": {}})
    assert answer.status_code == 400
