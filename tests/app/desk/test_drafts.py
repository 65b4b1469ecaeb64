"""Autosave: what was typed and not sent comes back to the same person, and goes when it is sent."""

import re
from io import BytesIO

import pytest
from pictures import picture
from scenes import GATE

from app import kept
from tests.app.desk.test_intake import form

TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')

FILES_AGAIN = "请重新选择文件"
OPEN = re.compile(r"<details id=\"\S+\" open>")


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
    assert "写到一半的答复" in page and OPEN.search(page)
    assert "写到一半的答复" not in desk_of("supervisor").get(path).text
    handler.act(ticket_id, "reply", part=part, public_reply="完整答复", internal_note="说明", **GATE)
    assert "写到一半的答复" not in handler.get(path).text


def token_of(desk, page: str, name: str) -> str:
    """What the form of that name carries to be known by."""
    opened = re.search(rf'<form[^>]*data-draft="{name}".*?</form>', desk.get(page).text, re.DOTALL)[0]
    return re.search(r'name="draft" value="([^"]+)"', opened)[1]


@pytest.fixture
def replying(desk_of, dispatched):
    """A handler at the form of a reply: the desk, the ticket's page, and what the form sends."""
    ticket_id, part = dispatched()
    handler, path = desk_of("handler-urban"), f"/desk/tickets/{ticket_id}"
    handler.act(ticket_id, "sign", part=part)
    token = token_of(handler, path, f"{ticket_id}-reply-{part}")
    version = re.search(r'name="version" value="(\d+)"', handler.get(path).text)[1]
    typed = {"draft": token, "part": part, "version": version, "internal_note": "内部说明", **GATE}
    return handler, path, typed | {"public_reply": "写了很久的\r\n答复"}


def test_a_reply_outlives_its_session(replying, desk_of):
    handler, path, typed = replying
    for _ in range(2):  # the third session ends the first
        desk_of("handler-urban")
    answer = handler.post(f"{path}/reply", typed)
    assert answer.status_code == 302 and answer.location == f"/login?next={path}"
    told = handler.get(answer.location).text
    assert "您的登录已失效" in told and FILES_AGAIN not in told
    assert handler.browser.sign_in("handler-urban", next=path).location == path
    page = handler.get(path).text
    assert "写了很久的\n答复" in page and "内部说明" in page and OPEN.search(page)


def test_of_its_photo_is_said_that_it_must_be_chosen_again(replying, desk_of):
    handler, path, typed = replying
    forged = typed | {"csrf_token": "of another session", "files": (BytesIO(picture()), "a.jpg")}
    handler.browser.client.post(f"{path}/reply", data=forged)
    assert FILES_AGAIN in handler.get(path).text
    for _ in range(2):
        desk_of("handler-urban")
    answer = handler.post(f"{path}/reply", typed | {"files": (BytesIO(picture()), "a.jpg")})
    told = handler.get(answer.location).text
    assert "您的登录已失效" in told and FILES_AGAIN in told


def test_a_reply_outlives_the_token_of_its_page(replying):
    handler, path, typed = replying
    answer = handler.browser.client.post(f"{path}/reply", data=typed | {"csrf_token": "of another session"})
    assert (answer.status_code, answer.location) == (303, path)
    page = handler.get(path).text
    assert "页面打开时间过长" in page and "写了很久的\n答复" in page
    assert handler.post(f"{path}/reply", typed).status_code == 303  # nothing had been done
    assert "写了很久的\n答复" not in re.findall(r"<textarea.*?</textarea>", handler.get(path).text, re.DOTALL)


def test_an_intake_outlives_its_session_and_comes_back_to_its_person_only(desk_of):
    operator, page = desk_of("operator2"), "/desk/tickets/new"
    typed = form(content="会话结束后提交的内容", draft=token_of(operator, page, "new"))
    for _ in range(2):
        desk_of("operator2")
    answer = operator.post(page, typed)
    assert answer.location == "/login?next=/desk/tickets/new"
    assert operator.browser.sign_in("operator").status_code == 303
    assert "会话结束后提交的内容" not in operator.get(page).text
    operator.browser.sign_in("operator2")
    assert "会话结束后提交的内容" in operator.get(page).text
    assert operator.post(page, typed).status_code == 201


@pytest.mark.parametrize("token", ["", "new", "WzEsIm5ldyJd.aaaa.bbbb"])
def test_nothing_is_kept_of_a_form_that_is_none_of_ours(desk_of, token: str):
    operator = desk_of("operator2")
    answer = operator.browser.client.post("/desk/tickets/new", data=form(content="伪造的内容", draft=token))
    assert answer.status_code == 400
    assert "伪造的内容" not in operator.get("/desk/tickets/new").text


def test_a_page_of_yesterday_keeps_nothing(desk_of, monkeypatch):
    operator = desk_of("operator2")
    typed = form(content="昨天的内容", draft=token_of(operator, "/desk/tickets/new", "new"))
    monkeypatch.setattr(kept, "SECONDS", -1)
    assert operator.browser.client.post("/desk/tickets/new", data=typed).status_code == 400
    assert "昨天的内容" not in operator.get("/desk/tickets/new").text


@pytest.mark.parametrize(
    ("sent_to", "page"),
    [
        ("/desk/tickets/7/close", "/desk/tickets/7"), ("/desk/tickets/7/reveal", "/desk/tickets/7"),
        ("/desk/tickets/7/amend", "/desk/tickets/7/amend"), ("/desk/find", "/desk/find"),
        ("/desk/drafts", "/desk"), ("/admin/staff/7/roles", "/admin/staff/7"), ("/account/password", "/account"),
    ],
)  # fmt: skip
def test_the_sign_in_leads_back_to_a_page_that_can_be_opened(browser, sent_to: str, page: str):
    answer = browser.post(sent_to)
    assert (answer.status_code, answer.location) == (302, f"/login?next={page}")


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
