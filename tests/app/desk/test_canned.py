"""Texts and checklists for replies: who edits which, what is filled in, and ticks that keep the words of then."""

import html
import re

import pytest
from scenes import GATE

from app.outbox import unit_of_work
from db import db
from routing import replies
from tests.app.desk.test_drafts import save
from tickets.models import Ticket


def add(desk, **fields: object):
    given = {"code": "甲1", "title": "已办", "body": "您好，{number}由{unit}于{due}办理。", "unit": "", **fields}
    return desk.post("/desk/canned", given)


def texts_on(page: str) -> dict[str, str]:
    found = re.findall(r'<option value="([^"]+)" data-body="([^"]*)">', page)
    return {code: html.unescape(body) for code, body in found}


@pytest.fixture
def emptied(app):
    """Texts of these tests are gone when they end: others read the same pages."""
    yield
    with app.app_context(), unit_of_work():
        for row in db.session.query(replies.CannedReply):
            row.is_active = False
        for item in db.session.query(replies.CheckItem):
            item.is_active = False


def test_a_lead_keeps_the_units_and_an_administrator_the_citys(
    app, desk_of, lead_of, unit_of, dispatched, emptied
):
    unit = unit_of("handler-urban")
    lead, admin = lead_of("handler-urban"), desk_of("admin")
    assert add(lead, unit=unit, code="单位1").status_code == 303
    assert add(admin, code="全市1").status_code == 303
    assert add(lead, code="全市2").status_code == 403
    assert add(admin, unit=unit, code="单位2").status_code == 403
    assert add(lead, unit=unit_of("handler-heat"), code="别家").status_code == 403
    assert desk_of("handler-urban").get("/desk/canned").status_code == 403
    ticket_id, part = dispatched()
    desk = desk_of("handler-urban")
    desk.act(ticket_id, "sign", part=part)
    shown = texts_on(desk.get(f"/desk/tickets/{ticket_id}").text)
    with app.app_context(), unit_of_work():
        number = db.session.get_one(Ticket, ticket_id).number
    assert {"单位1", "全市1"} <= shown.keys()
    assert number in shown["单位1"] and "{" not in shown["单位1"] and "之前办理" in shown["单位1"]
    assert "单位1" not in texts_on(lead_of("handler-heat").get(f"/desk/tickets/{ticket_id}").text)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"code": "a b"}, "1至20个字母"), ({"body": "{phone}"}, "花括号内"), ({"title": ""}, "请填写"),
        ({"body": " "}, "请填写"), ({"category_code": "99"}, "请从给定选项中选择"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_it(desk_of, emptied, fields: dict, words: str):
    answer = add(desk_of("admin"), **fields)
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text and words in answer.text


def test_an_edit_has_a_version_and_a_history_and_the_code_stays(app, desk_of, lead_of, emptied):
    admin = desk_of("admin")
    assert add(admin, code="改改").status_code == 303 and add(admin, code="改改").status_code == 422
    with app.app_context(), unit_of_work():
        canned_id = db.session.query(replies.CannedReply.id).filter_by(code="改改").scalar()
    change = {"version": "1", "title": "新名", "body": "新文", "is_active": "1", "code": "别的"}
    assert admin.post(f"/desk/canned/{canned_id}", change).status_code == 303
    assert admin.post(f"/desk/canned/{canned_id}", change).status_code == 409
    page = admin.get(f"/desk/canned/{canned_id}").text
    assert "新文" in page and "改改" in page and "您好，{number}" in page and 'value="2"' in page
    assert lead_of("handler-urban").get(f"/desk/canned/{canned_id}").status_code == 403
    assert "答复常用语" in admin.get("/admin/record").text


def test_ticks_are_kept_with_the_reply_in_the_words_of_then(app, desk_of, dispatched, emptied):
    ticket_id, part = dispatched(category_code="02")
    admin = desk_of("admin")
    for kind, wording in (("site", "到现场核实"), ("reply", "写明整改期限")):
        answer = admin.post("/admin/categories/02/checks", {"kind": kind, "wording": wording})
        assert answer.status_code == 303
    with app.app_context(), unit_of_work():
        items = {item.wording: item.id for item in replies.checks_of(db.session(), "02")}
    desk = desk_of("handler-urban")
    desk.act(ticket_id, "sign", part=part)
    form = desk.get(f"/desk/tickets/{ticket_id}").text
    assert "到现场核实" in form and "写明整改期限" in form
    both = "\n".join(str(item) for item in items.values())
    path = f"/desk/tickets/{ticket_id}"
    assert save(desk, path, f"{ticket_id}-reply-{part}", {"checked": both}).status_code == 204
    assert len(re.findall('name="checked"[^>]* checked>', desk.get(path).text)) == 2, "ticks are kept as texts are"
    fields = {"part": part, "public_reply": "已修好。", "internal_note": "已核实。", **GATE}
    assert desk.act(ticket_id, "reply", checked=[10**9], **fields).status_code == 422
    assert desk.act(ticket_id, "reply", checked=[items["到现场核实"]], **fields).status_code == 303
    changed = admin.post(
        f"/admin/categories/02/checks/{items['到现场核实']}", {"version": "1", "item_wording": "拍照留存"}
    )
    assert changed.status_code == 303
    page = desk.get(f"/desk/tickets/{ticket_id}").text
    assert "✓ 到现场核实" in page and "✓ 写明整改期限" not in page and "拍照留存" not in page
    other, other_part = dispatched(category_code="02")
    desk.act(other, "sign", part=other_part)
    form = desk.get(f"/desk/tickets/{other}").text
    assert "拍照留存" in form and "到现场核实" not in form
    assert "到现场核实" in admin.get("/admin/categories/02").text  # in its history
