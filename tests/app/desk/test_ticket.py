"""One ticket's page: what it shows, what it hides, and each form that the transition table allows."""

import html
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from scenes import GATE
from werkzeug.datastructures import MultiDict

from app.desk import forms
from app.desk.pages import difference
from tests.app.desk.test_intake import KEYS, form
from tickets import lifecycle

FORMS = re.compile(r'action="/desk/tickets/\d+/(\w+)"')


def forms_on(page: str) -> set[str]:
    return set(FORMS.findall(page)) - {"reveal", "reissue_code"}


def test_every_action_of_the_table_has_a_form_or_happens_by_itself():
    actions = {row.action for row in lifecycle.TABLE}
    assert actions == forms.VERBS.keys() | forms.WITH_INTAKE | forms.OF_CITIZENS | lifecycle.BY_THEMSELVES
    for action in forms.VERBS:
        needs = {row.needs for row in lifecycle.TABLE if row.action == action}
        assert len(needs) == 1, "one form an action"
        assert set(forms.fields_of(action)) <= forms.FIELDS.keys()


@pytest.mark.parametrize(
    ("number", "unit", "read"), [("3", "d", "3d"), (" 3 ", "wd", "3wd"), ("3wd", "d", "3wd"), ("", "wd", "")]
)
def test_a_length_of_time_is_read_with_the_unit_beside_it(number, unit, read):
    typed = MultiDict({"part": "1", "days": number, "days_unit": unit, "extension_reason": "需协调"})
    assert forms.parse("ask_extension", typed)["days"] == read


def test_the_page_masks_texts_and_contact(desk_of, dispatched):
    content = "有一件小事想反映一下，13987654321，110101199003071233"
    ticket_id, _part = dispatched(content=content, place="府前路12号", address="东河市府前路12号3单元501室")
    page = desk_of("handler-urban").get(f"/desk/tickets/{ticket_id}").text
    for hidden in ("13987654321", "110101199003071233", "13800138000", "王小明", "501室"):
        assert hidden not in page
    assert "139****4321" in page and "138****8000" in page


def test_the_page_masks_what_was_typed_into_small_fields_too(desk_of, matter):
    secret = "13987654321"
    elsewhere = {"external_system": secret, "external_no": secret}
    ticket_id = matter(caller_label=f"老人，儿子{secret}", line_no=secret, **elsewhere)
    page = desk_of("supervisor").get(f"/desk/tickets/{ticket_id}").text
    assert secret not in page and page.count("139****4321") == 4 and "老人，儿子" in page
    assert secret not in desk_of("supervisor").get(f"/desk/tickets/{ticket_id}/amend").text


def test_routing_is_shown_with_its_reasons(desk_of, matter):
    ticket_id = matter()
    page = desk_of("dispatcher").get(f"/desk/tickets/{ticket_id}").text
    assert "派单依据" in page and "派单目录中没有匹配的事项" in page


def test_each_person_gets_the_forms_of_the_own_permissions(desk_of, dispatched, matter):
    waiting = matter()
    page = desk_of("dispatcher").get(f"/desk/tickets/{waiting}").text
    assert forms_on(page) == {"answer", "refer", "dispatch", "ask_info", "merge", "take_in", "split"}
    ticket_id, _part = dispatched()
    path = f"/desk/tickets/{ticket_id}"
    assert forms_on(desk_of("handler-urban").get(path).text) == {"sign", "request_return", "task_sheet"}
    assert forms_on(desk_of("leader").get(path).text) == {"order"}


def test_from_dispatch_to_close_by_forms_alone(desk_of, matter, unit_of):
    ticket_id = matter()
    dispatcher, handler, supervisor = (desk_of(who) for who in ("dispatcher", "handler-urban", "supervisor"))
    answer = dispatcher.act(ticket_id, "dispatch", lead=unit_of("handler-urban"), dispatch_note="请尽快")
    assert answer.status_code == 303 and answer.location == "/desk"  # it has left the dispatcher's sight
    page = handler.get(f"/desk/tickets/{ticket_id}").text
    part = re.search(r'name="part" value="(\d+)"', page)[1]
    assert handler.act(ticket_id, "sign", part=part).status_code == 303
    noted = handler.act(ticket_id, "handle", part=part, handle_note="已到现场", contacted="phone")
    assert noted.status_code == 303
    reply = {"part": part, "public_reply": "已修好", "internal_note": "换了井盖", **GATE}
    assert handler.act(ticket_id, "reply", **reply).status_code == 303
    assert supervisor.act(ticket_id, "reject", review_note="没有照片").status_code == 303
    page = handler.get(f"/desk/tickets/{ticket_id}").text
    again = page[page.index("/reply") :]
    assert ">已修好</textarea>" in again and ">换了井盖</textarea>" in again
    for name in ("contact_method", "facts", "result"):
        assert f'<option value="{GATE[name]}" selected>' in again
    assert page.index("没有照片") < page.index(">已修好</textarea>")
    assert handler.act(ticket_id, "reply", **reply).status_code == 303
    assert supervisor.act(ticket_id, "accept").status_code == 303
    assert supervisor.act(ticket_id, "close", outcome="unreachable").status_code == 303
    page = supervisor.get(f"/desk/tickets/{ticket_id}").text
    assert "无法联系" in page and "没有照片" in page and "已到现场" in page
    assert forms_on(page) == set()


def test_a_return_is_asked_for_and_refused_and_not_asked_for_again(desk_of, dispatched, unit_of):
    ticket_id, part = dispatched()
    handler, dispatcher = desk_of("handler-urban"), desk_of("dispatcher")
    asked = {"part": part, "return_reason": "not_our_duty", "return_note": "不归我局", "legal_basis": "三定方案"}
    asked |= {"suggested": unit_of("handler-housing")}
    assert handler.act(ticket_id, "request_return", **asked).status_code == 303
    queue = dispatcher.get("/desk?board=returns").text
    line = queue[queue.index(f'data-id="{ticket_id}"') :].partition("</tr>")[0]
    assert "非本单位职责" in line and "建议转" in line and "不归我局" in line
    assert dispatcher.act(ticket_id, "uphold", part=part, decision_note="属于贵单位").status_code == 303
    assert "request_return" not in forms_on(handler.get(f"/desk/tickets/{ticket_id}").text)
    assert handler.act(ticket_id, "request_return", **asked).status_code == 409


def test_a_return_is_asked_for_and_granted(desk_of, dispatched, unit_of):
    ticket_id, part = dispatched()
    handler, dispatcher = desk_of("handler-urban"), desk_of("dispatcher")
    suggested = unit_of("handler-housing")
    asked = {"part": part, "return_reason": "not_our_duty", "return_note": "不归我局", "legal_basis": "三定方案"}
    asked |= {"suggested": suggested}
    assert handler.act(ticket_id, "request_return", **asked).status_code == 303
    page = dispatcher.get(f"/desk/tickets/{ticket_id}").text
    assert forms_on(page) == {"uphold", "redispatch", "add_assist", "merge", "take_in", "split"}
    assert f'value="{suggested}" selected>' in page
    answer = dispatcher.act(ticket_id, "redispatch", part=part, lead=suggested, decision_note="改派")
    assert answer.status_code == 303
    page = desk_of("handler-housing").get(f"/desk/tickets/{ticket_id}").text
    story = page.index('id="story"')
    assert page.index("/sign") < page.index('class="printed ended"') < page.index("已退回") < story
    assert handler.get(f"/desk/tickets/{ticket_id}").status_code == 404


def test_a_wrong_dispatch_is_recalled_and_dispatched_again(desk_of, dispatched, unit_of):
    ticket_id, part = dispatched()
    handler, supervisor = desk_of("handler-urban"), desk_of("supervisor")
    page = supervisor.get(f"/desk/tickets/{ticket_id}").text
    assert "recall" in forms_on(page) and "不计为退单" in page
    assert supervisor.act(ticket_id, "recall", part=part, recall_reason=" ").status_code == 422
    assert supervisor.act(ticket_id, "recall", part=part, recall_reason="区划看错了").status_code == 303
    page = supervisor.get(f"/desk/tickets/{ticket_id}").text
    assert "区划看错了" in page and "已撤派" in page
    assert handler.get(f"/desk/tickets/{ticket_id}").status_code == 404
    again = desk_of("dispatcher").act(ticket_id, "dispatch", lead=unit_of("handler-urban"))
    assert again.status_code == 303 and handler.get(f"/desk/tickets/{ticket_id}").status_code == 200


def test_a_missing_field_keeps_the_rest_and_is_marked(desk_of, dispatched):
    ticket_id, part = dispatched()
    handler = desk_of("handler-urban")
    handler.act(ticket_id, "sign", part=part)
    answer = handler.act(ticket_id, "reply", part=part, public_reply="井盖已更换完毕", internal_note=" ", **GATE)
    assert answer.status_code == 422
    assert "井盖已更换完毕" in answer.text
    assert f'id="{ticket_id}-reply-{part}-internal_note-fault"' in answer.text


def test_what_is_starred_is_shown_before_it_goes_out_and_the_reviewer_reads_the_number(desk_of, dispatched):
    ticket_id, part = dispatched()
    handler = desk_of("handler-urban")
    handler.act(ticket_id, "sign", part=part)
    reply = {"part": part, "internal_note": "已核实", **GATE, "contact_method": "message"}
    at = datetime.now(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%dT%H:%M")
    reply |= {"contact_at": at, "contact_from": "0546-8331234"}
    reply |= {"public_reply": "已上门告知张三先生（5栋1202室）。"}
    answer = handler.act(ticket_id, "reply", **reply)
    assert answer.status_code == 422
    assert "已上门告知张<mark>*</mark>先生（5栋<mark>****</mark>室）。" in answer.text
    assert handler.act(ticket_id, "reply", **reply, personal_ok="1").status_code == 303
    assert "0546-8331234" in desk_of("supervisor").get(f"/desk/tickets/{ticket_id}").text


@pytest.mark.parametrize("lead", ["", "x", "-1", "999999999", "٣"])
def test_a_unit_that_is_none_is_refused(desk_of, matter, lead):
    ticket_id = matter()
    answer = desk_of("dispatcher").act(ticket_id, "dispatch", lead=lead)
    assert answer.status_code == 422
    assert f'id="{ticket_id}-dispatch-lead-fault"' in answer.text


def test_a_change_in_between_is_told_and_the_text_is_kept(desk_of, dispatched):
    ticket_id, part = dispatched()
    first, second = desk_of("handler-urban"), desk_of("handler-urban")
    first.act(ticket_id, "sign", part=part)
    page = first.get(f"/desk/tickets/{ticket_id}").text
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    second.act(ticket_id, "handle", part=part, handle_note="另一人先记了一步")
    late = {"version": version, "part": part, "handle_note": "我写了很久的内容"}
    answer = first.post(f"/desk/tickets/{ticket_id}/handle", late)
    assert answer.status_code == 409
    note = answer.text[answer.text.index('class="alert alert-warning"') :][:600]
    assert "记录办理进展" in note and "市城管局承办员" in note
    assert "我写了很久的内容" in answer.text
    fresh = re.search(r'name="version" value="(\d+)"', answer.text)[1]
    assert int(fresh) > int(version)


def test_a_colleague_who_looks_up_the_telephone_number_costs_nobody_a_form(desk_of, dispatched):
    ticket_id, part = dispatched()
    handler, supervisor = desk_of("handler-urban"), desk_of("supervisor")
    handler.act(ticket_id, "sign", part=part)
    path = f"/desk/tickets/{ticket_id}"
    version = re.search(r'name="version" value="(\d+)"', handler.get(path).text)[1]
    supervisor.post(f"{path}/reveal", {"field": "phone", "reveal_reason": "回访核实"})
    fields = {"version": version, "part": part, "handle_note": "我写了很久的内容"}
    assert handler.post(f"{path}/handle", fields).status_code == 303


def test_an_action_of_another_state_is_refused_with_what_happened(desk_of, dispatched):
    ticket_id, part = dispatched()
    handler = desk_of("handler-urban")
    handler.act(ticket_id, "sign", part=part)
    assert handler.act(ticket_id, "sign", part=part).status_code == 409


def test_what_was_typed_into_a_form_that_is_no_more_is_given_back(desk_of, dispatched):
    ticket_id, part = dispatched()
    first, second = desk_of("handler-urban"), desk_of("handler-urban")
    first.act(ticket_id, "sign", part=part)
    late = {"version": "1", "part": part, "public_reply": "我写的答复", "internal_note": "内部<b>情况</b>"}
    second.act(ticket_id, "reply", part=part, public_reply="同事写的答复", internal_note="同事的记录", **GATE)
    answer = first.post(f"/desk/tickets/{ticket_id}/reply", late)
    assert answer.status_code == 409 and f'action="/desk/tickets/{ticket_id}/reply"' not in answer.text
    note = answer.text[answer.text.index('class="alert alert-warning"') :].partition("</div>")[0]
    assert "我写的答复" in note and "内部&lt;b&gt;情况&lt;/b&gt;" in note and "市城管局承办员" in note
    assert "您填写的内容" not in second.get(f"/desk/tickets/{ticket_id}").text


def test_an_action_that_is_none_or_not_theirs(desk_of, dispatched):
    ticket_id, part = dispatched()
    handler = desk_of("handler-urban")
    assert handler.act(ticket_id, "rate", solved="yes", satisfied="3").status_code == 404
    assert handler.act(ticket_id, "explode").status_code == 404
    assert handler.act(ticket_id, "accept").status_code == 403
    assert desk_of("leader").act(ticket_id, "sign", version="1", part=part).status_code == 403


def test_a_form_without_its_token_changes_nothing(desk_of, dispatched):
    ticket_id, part = dispatched()
    desk = desk_of("handler-urban")
    answer = desk.browser.client.post(f"/desk/tickets/{ticket_id}/sign", data={"version": "3", "part": part})
    assert answer.status_code == 400


def test_a_contact_is_shown_once_for_a_reason_that_stays(desk_of, dispatched):
    ticket_id, _part = dispatched()
    handler = desk_of("handler-urban")
    path = f"/desk/tickets/{ticket_id}"
    refused = handler.post(f"{path}/reveal", {"field": "phone", "reveal_reason": " "})
    assert refused.status_code == 422 and "13800138000" not in refused.text
    shown = handler.post(f"{path}/reveal", {"field": "phone", "reveal_reason": "上门前联系"})
    assert "13800138000" in shown.text
    after = handler.get(path).text
    assert "13800138000" not in after
    assert "查看联系方式" in after and "上门前联系" in after


def test_a_form_that_was_refused_is_led_to(desk_of, dispatched):
    ticket_id, _part = dispatched()
    supervisor = desk_of("supervisor")
    for action, fields in (("reveal", {"field": "phone", "reveal_reason": " "}), ("reissue_code", {})):
        page = supervisor.post(f"/desk/tickets/{ticket_id}/{action}", fields)
        assert page.status_code == 422
        [place] = re.findall(r'role="alert">.*?href="#([^"]+)"', page.text)
        assert f'id="{place}"' in page.text


def test_nobody_reveals_without_the_permission(desk_of, dispatched):
    ticket_id, _part = dispatched()
    leader = desk_of("leader")
    assert "reveal" not in FORMS.findall(leader.get(f"/desk/tickets/{ticket_id}").text)
    answer = leader.post(f"/desk/tickets/{ticket_id}/reveal", {"field": "phone", "reveal_reason": "想看"})
    assert answer.status_code == 403


def test_who_lost_the_code_gets_a_new_one_and_the_old_one_ends(desk_of, client):
    operator = desk_of("operator")
    answer = operator.post("/desk/tickets/new", form())
    number, old = KEYS.findall(answer.text)
    path = re.search(r'href="(/desk/tickets/\d+)"', answer.text)[1]
    refused = operator.post(f"{path}/reissue_code", {"reissue_reason": " "})
    assert refused.status_code == 422 and not KEYS.findall(refused.text) and 'id="reissue-fault"' in refused.text
    [new] = KEYS.findall(operator.post(f"{path}/reissue_code", {"reissue_reason": "来电人遗失查询码"}).text)
    after = operator.get(path).text
    assert new not in after and new.replace(" ", "") not in after
    assert "重新发放查询码" in after and "来电人遗失查询码" in after
    statuses = [client.post("/status", data={"number": number, "code": code}).status_code for code in (old, new)]
    assert statuses == [404, 200]


def test_units_and_readers_give_out_no_codes(desk_of, dispatched):
    ticket_id, _part = dispatched()
    path = f"/desk/tickets/{ticket_id}"
    for login in ("handler-urban", "leader"):
        desk = desk_of(login)
        assert "reissue_code" not in FORMS.findall(desk.get(path).text)
        answer = desk.post(f"{path}/reissue_code", {"reissue_reason": "想要"})
        assert answer.status_code == 403 and not KEYS.findall(answer.text)
    assert "reissue_code" in FORMS.findall(desk_of("supervisor").get(path).text)


def test_markup_in_a_citizens_words_stays_text(desk_of, matter):
    ticket_id = matter(content='<img src=x onerror=alert(1)>{{ 7*7 }}', place="<b>某处</b>")
    page = desk_of("dispatcher").get(f"/desk/tickets/{ticket_id}").text
    assert "<img" not in page and "<b>某处" not in page
    assert "<img src=x onerror=alert(1)>{{ 7*7 }}" in html.unescape(page)


def test_a_difference_names_what_went_and_what_came():
    parts = difference("路灯不亮。请修理。", "路灯坏了。请修理。")
    assert parts == [("del", "路灯不亮。"), ("ins", "路灯坏了。"), ("same", "请修理。")]


def test_a_difference_is_masked():
    shown = "".join(text for _tag, text in difference("电话13987654321", "电话13987654322。谢谢"))
    assert "1398765432" not in shown
