"""Staff take a matter down: register at once, keep a draft, complete it, amend it."""

import re
import uuid

import pytest

KEYS = re.compile(r'class="key[^"]*">([0-9 ]+)<')
VERSION = re.compile(r'name="version" value="(\d+)"')


def form(**fields: str) -> dict[str, str]:
    return {
        "form_key": str(uuid.uuid4()), "type": "help", "urgency": "normal", "channel": "phone",
        "line_no": "12345", "content": "来电人反映一件小事", "phone": "13700137000", "name": "赵某某", **fields,
    }  # fmt: skip


@pytest.fixture
def operator(desk_of):
    return desk_of("operator")


def draft(operator, **fields: str) -> int:
    answer = operator.post("/desk/tickets/new", form(keep="draft", **fields))
    assert answer.status_code == 303
    return int(answer.location.rpartition("/")[2])


def test_registering_gives_number_and_code_to_read_out(operator):
    answer = operator.post("/desk/tickets/new", form())
    assert answer.status_code == 201
    number, code = KEYS.findall(answer.text)
    assert re.fullmatch(r"\d{4} \d{4} \d{4} \d{3}", number)
    assert re.fullmatch(r"\d{4} \d{4} \d{4}", code)
    page = operator.get("/desk?board=mine").text
    assert number.replace(" ", "") in page
    assert operator.browser.client.post("/status", data={"number": number, "code": code}).status_code == 200


def test_the_same_form_twice_is_one_ticket(operator):
    fields = form()
    first = operator.post("/desk/tickets/new", fields)
    again = operator.post("/desk/tickets/new", fields)
    assert (first.status_code, again.status_code) == (201, 200)
    assert KEYS.findall(first.text) == KEYS.findall(again.text)
    other = operator.post("/desk/tickets/new", fields | {"content": "别的事"})
    assert other.status_code == 422 and "别的事" in other.text and fields["form_key"] not in other.text


SURE = "明德街道书院社区门口的路灯不亮已经三天了"
"""Routing knows whose this is, and would dispatch it at once."""


@pytest.mark.parametrize(
    ("ending", "words", "state"),
    [
        ("answer", {"answer": "已告知路灯今晚检修。"}, "直接答复"),
        (
            "refer",
            {"disposition": "statutory", "refer_reason": "litigation", "referral": "请向供电公司反映。"},
            "告知",
        ),
    ],
)
def test_what_the_desk_can_settle_itself_is_registered_and_ended_and_goes_to_no_unit(
    operator, ending, words, state
):
    fields = form(content=SURE, keep=ending, **words)
    missing = operator.post("/desk/tickets/new", fields | dict.fromkeys(words, ""))
    assert missing.status_code == 422 and SURE in missing.text
    assert all(f'id="{name}-fault"' in missing.text for name in words)
    answer = operator.post("/desk/tickets/new", fields)
    assert answer.status_code == 201 and len(KEYS.findall(answer.text)) == 2
    page = operator.get(re.search(r'href="(/desk/tickets/\d+)"', answer.text)[1]).text
    assert state in page and "已派单" not in page and "待派单" not in page
    again = operator.post("/desk/tickets/new", fields)
    assert again.status_code == 200 and KEYS.findall(again.text) == KEYS.findall(answer.text)


def test_a_draft_too_can_be_answered_as_it_is_registered(operator):
    ticket_id = draft(operator, content=SURE)
    path = f"/desk/tickets/{ticket_id}/register"
    version = VERSION.search(operator.get(path).text)[1]
    fields = form(content=SURE, keep="answer", answer="已告知。") | {"version": version}
    assert operator.post(path, fields).status_code == 201
    page = operator.get(f"/desk/tickets/{ticket_id}").text
    assert "已告知。" in page and "已派单" not in page


def test_the_receipt_says_who_gets_it(operator):
    assert "承办单位" in operator.post("/desk/tickets/new", form(content=SURE)).text


def test_a_form_that_was_restored_says_so_and_can_be_emptied(operator):
    token = re.search(r'name="csrf-token" content="([^"]+)"', operator.get("/desk/tickets/new").text)[1]
    typed = {"form": "new", "fields": {"content": "上一个电话的内容", "category_code": "01"}}
    headers = {"X-CSRFToken": token}
    assert operator.browser.client.post("/desk/drafts", json=typed, headers=headers).status_code == 204
    page = operator.get("/desk/tickets/new").text
    assert "上一个电话的内容" in page and "清空重填" in page
    assert operator.post("/desk/tickets/new/clear", {}).location == "/desk/tickets/new"
    page = operator.get("/desk/tickets/new").text
    assert "上一个电话的内容" not in page and "清空重填" not in page


def test_a_ticket_that_a_unit_has_shows_no_suggestion_when_amended(operator):
    answer = operator.post("/desk/tickets/new", form(content=SURE))
    path = re.search(r'href="(/desk/tickets/\d+)"', answer.text)[1]
    assert 'id="suggestion"' not in operator.get(f"{path}/amend").text
    assert 'id="suggestion"' in operator.get("/desk/tickets/new").text


def test_a_draft_bears_the_beginning_of_what_was_said(operator):
    draft(operator, content="先记下来的一件事，还没有说完")
    assert "先记下来的一件事" in operator.get("/desk?board=mine_new").text


def test_faults_stand_beside_fields_and_input_stays(operator):
    answer = operator.post("/desk/tickets/new", form(content="", person_count="many", place="某处"))
    assert answer.status_code == 422 and 'id="person_count-fault"' in answer.text
    answer = operator.post("/desk/tickets/new", form(content="", phone="", place="某处"))
    assert answer.status_code == 422
    for name in ("content", "phone"):
        assert f'id="{name}-fault"' in answer.text
    assert 'value="某处"' in answer.text


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01T10:00", "<b>"])
def test_a_moment_that_is_none_is_refused(operator, moment):
    answer = operator.post("/desk/tickets/new", form(happened_at=moment))
    assert answer.status_code == 422 and 'id="happened_at-fault"' in answer.text


def test_a_draft_is_completed_and_numbered(operator):
    ticket_id = draft(operator, content="")
    page = operator.get(f"/desk/tickets/{ticket_id}").text
    assert "草稿" in page and f"/desk/tickets/{ticket_id}/register" in page
    path = f"/desk/tickets/{ticket_id}/register"
    filled = operator.get(path).text
    assert "137****7000" in filled and "13700137000" not in filled
    fields = form(content="补全了内容", phone="", name="") | {"version": VERSION.search(filled)[1]}
    answer = operator.post(path, fields)
    assert answer.status_code == 201 and len(KEYS.findall(answer.text)) == 2
    assert "138****" not in operator.get(f"/desk/tickets/{ticket_id}").text
    assert "137****7000" in operator.get(f"/desk/tickets/{ticket_id}").text  # left blank, kept


def test_keeping_the_same_form_twice_is_one_draft(operator):
    fields = form(keep="draft", content="先记下来")
    first, again = operator.post("/desk/tickets/new", fields), operator.post("/desk/tickets/new", fields)
    assert (first.status_code, again.status_code) == (303, 303) and first.location == again.location
    other = operator.post("/desk/tickets/new", fields | {"content": "别的事"})
    assert other.status_code == 422 and "别的事" in other.text and fields["form_key"] not in other.text


def test_a_registration_that_is_sent_again_shows_number_and_code_again(operator):
    ticket_id = draft(operator, content="电话13987654321，楼道灯不亮")
    path = f"/desk/tickets/{ticket_id}/register"
    fields = form(content="", phone="", name="") | {"version": VERSION.search(operator.get(path).text)[1]}
    first, again = operator.post(path, fields), operator.post(path, fields)
    assert (first.status_code, again.status_code) == (201, 200)
    assert len(KEYS.findall(first.text)) == 2 and KEYS.findall(first.text) == KEYS.findall(again.text)
    assert operator.post(path, fields | {"place": "别处"}).status_code == 409


def test_a_form_that_was_kept_and_is_sent_once_more_registers_the_draft(operator):
    fields = form(content="先记下来")
    kept = operator.post("/desk/tickets/new", fields | {"keep": "draft"})
    answer = operator.post("/desk/tickets/new", fields | {"content": "先记下来，再补全"})
    assert answer.status_code == 201 and f'href="{kept.location}"' in answer.text


def test_a_draft_is_nobody_elses(operator, desk_of):
    ticket_id = draft(operator)
    for login in ("operator2", "dispatcher", "supervisor", "handler-urban"):
        assert desk_of(login).get(f"/desk/tickets/{ticket_id}").status_code == 404
    assert desk_of("operator2").get(f"/desk/tickets/{ticket_id}/register").status_code == 404


def test_a_draft_is_discarded_with_a_reason(operator):
    ticket_id = draft(operator)
    assert operator.act(ticket_id, "discard", reason="误建").status_code == 303
    page = operator.get(f"/desk/tickets/{ticket_id}").text
    assert "已作废" in page and "误建" in page


def test_amending_keeps_what_is_left_blank_and_shows_the_difference(operator):
    ticket_id = draft(operator, content="路灯不亮。请修理。")
    path = f"/desk/tickets/{ticket_id}/amend"
    page = operator.get(path).text
    assert "路灯不亮。请修理。</textarea>" in page
    fields = form(content="路灯坏了。请修理。", phone="", name="", urgency="urgent")
    answer = operator.post(path, fields | {"version": VERSION.search(page)[1]})
    assert answer.status_code == 303
    shown = operator.get(f"/desk/tickets/{ticket_id}").text
    assert "<del>路灯不亮。</del><ins>路灯坏了。</ins>" in shown
    assert "紧急程度: 一般 → 紧急" in shown and "137****7000" in shown


def test_the_timeline_has_before_and_after_in_words_and_masked(desk_of, dispatched):
    ticket_id, _part = dispatched(place="府前路12号13987654321旁", type="help")
    supervisor, path = desk_of("supervisor"), f"/desk/tickets/{ticket_id}"
    fields = {
        "type": "complaint", "urgency": "critical", "content": "有一件小事想反映一下", "place": "人民路5号",
        "phone": "13900139000", "threat": "1", "happened_at": "2026-03-01T14:30", "region_code": "990102",
        "line_no": "12345", "wants_reply": "1",
    }  # fmt: skip
    version = VERSION.search(supervisor.get(f"{path}/amend").text)[1]
    assert supervisor.post(f"{path}/amend", fields | {"version": version}).status_code == 303
    page = supervisor.get(path).text
    story = page[page.index('id="story"') :]
    for words in (
        "诉求类型: 求助 → 投诉", "紧急程度: 一般 → 特急", "有扬言行为: 否 → 是",
        "发生时间: – → 2026年3月1日 14:30", "联系电话: 已更改", "5个工作日 → 2小时，新期限为", "望河区",
    ):
        assert words in story, words
    assert "<del>府前路12号139****4321旁</del><ins>人民路5号</ins>" in story
    assert "13987654321" not in page and "13900139000" not in page


def test_a_text_with_personal_data_is_not_put_into_the_form(operator):
    ticket_id = draft(operator, content="请联系13987654321，谢谢")
    path = f"/desk/tickets/{ticket_id}/amend"
    page = operator.get(path).text
    assert "13987654321" not in page and "139****4321" in page
    fields = form(content="", place="新地点", phone="", name="") | {"version": VERSION.search(page)[1]}
    assert operator.post(path, fields).status_code == 303
    assert "139****4321" in operator.get(f"/desk/tickets/{ticket_id}").text


@pytest.mark.parametrize("channel", ["import", "pigeon", ""])
def test_nobody_takes_a_call_on_a_channel_for_machines(operator, channel):
    answer = operator.post("/desk/tickets/new", form(channel=channel, phone=""))
    assert answer.status_code == 422 and 'id="channel-fault"' in answer.text


def test_an_amendment_keeps_the_channel_of_the_ticket(desk_of, matter):
    ticket_id = matter(channel="import", anonymous=True, phone="", name="")
    supervisor, path = desk_of("supervisor"), f"/desk/tickets/{ticket_id}"
    for posted, words in (("import", "第一次更正"), ("phone", "第二次更正"), ("pigeon", "第三次更正")):
        page = supervisor.get(f"{path}/amend").text
        fields = form(content=words, channel=posted, phone="", name="") | {"version": VERSION.search(page)[1]}
        assert supervisor.post(f"{path}/amend", fields).status_code == 303
        page = supervisor.get(path).text
        assert words in page and "<dd>导入 12345</dd>" in page


def test_what_was_shown_and_is_blank_now_is_cleared(operator):
    ticket_id = draft(operator, place="府前路", demand="尽快修好", caller_label="老人", accused="某公司")
    path = f"/desk/tickets/{ticket_id}/amend"
    page = operator.get(path).text
    for words in ("府前路", "尽快修好", "老人", "某公司"):
        assert f'value="{words}"' in page
    fields = form(phone="", name="", place="", demand="", caller_label="", accused="")
    assert operator.post(path, fields | {"version": VERSION.search(page)[1]}).status_code == 303
    page = operator.get(path).text
    for words in ("府前路", "尽快修好", "老人", "某公司"):
        assert f'value="{words}"' not in page
    assert "<del>尽快修好</del>" in operator.get(f"/desk/tickets/{ticket_id}").text


def test_what_is_hidden_stays_until_it_is_ticked_to_be_removed(operator):
    secret = "13987654321"
    hidden = {"demand": f"请打{secret}", "caller_label": f"邻居{secret}", "line_no": secret, "address": "某某小区"}
    ticket_id = draft(operator, **hidden)
    path = f"/desk/tickets/{ticket_id}"
    names = (*hidden, "phone", "name")
    for removed in ((), ("demand", "address"), names):
        page = operator.get(f"{path}/amend").text
        assert secret not in page and all(f'name="remove_{name}"' in page for name in names)
        blank = form(**dict.fromkeys(names, "")) | {f"remove_{name}": "1" for name in removed}
        answer = operator.post(f"{path}/amend", blank | {"version": VERSION.search(page)[1]})
        assert answer.status_code == 303
        names = tuple(name for name in names if name not in removed)
    page = operator.get(f"{path}/amend").text
    assert "remove_" not in page
    shown = operator.get(path).text
    assert "联系电话: 已删除" in shown and "姓名: 已删除" in shown and secret not in shown


def test_a_ticket_that_is_registered_keeps_a_number_to_call(operator):
    answer = operator.post("/desk/tickets/new", form())
    path = re.search(r'href="(/desk/tickets/\d+)"', answer.text)[1]
    page = operator.get(f"{path}/amend").text
    fields = form(phone="", name="", remove_phone="1") | {"version": VERSION.search(page)[1]}
    answer = operator.post(f"{path}/amend", fields)
    assert answer.status_code == 422 and 'id="phone-fault"' in answer.text
    assert 'name="remove_phone" value="1" checked' in answer.text


def test_a_late_form_does_not_clear_what_others_filled_in(operator):
    ticket_id = draft(operator)
    path = f"/desk/tickets/{ticket_id}/amend"
    version = VERSION.search(operator.get(path).text)[1]
    operator.post(path, form(demand="尽快修好") | {"version": version})
    late = operator.post(path, form(place="后改的地点", demand="") | {"version": version})
    assert late.status_code == 409
    assert 'value="后改的地点"' in late.text and 'value="尽快修好"' in late.text


def test_an_amendment_on_an_old_version_is_told_and_kept(operator):
    ticket_id = draft(operator)
    path = f"/desk/tickets/{ticket_id}/amend"
    version = VERSION.search(operator.get(path).text)[1]
    operator.post(path, form(place="先改的地点") | {"version": version})
    late = operator.post(path, form(place="后改的地点") | {"version": version})
    assert late.status_code == 409
    assert 'value="后改的地点"' in late.text and "话务员甲" in late.text


def test_amending_what_may_not_be_amended(desk_of, dispatched):
    ticket_id, _part = dispatched()
    assert desk_of("handler-urban").get(f"/desk/tickets/{ticket_id}/amend").status_code == 403
    assert desk_of("supervisor").get(f"/desk/tickets/{ticket_id}/amend").status_code == 200


def test_only_who_may_open_gets_the_form(desk_of):
    for login in ("dispatcher", "handler-urban", "leader"):
        assert desk_of(login).get("/desk/tickets/new").status_code == 403
        assert desk_of(login).post("/desk/tickets/new", form()).status_code == 403
