"""A ticket on paper: without its caller, as a page and as a PDF; the task sheet on the ticket's record."""

import io
import re

from pypdf import PdfReader


def text_of(answer) -> str:
    assert answer.content_type == "application/pdf"
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages).replace("\n", "")


MATTER = {
    "content": "有一件小事想反映一下，我叫王小明", "phone": "13800138000", "name": "王小明",
    "accused": "承包商某甲",
}  # fmt: skip


def test_print_and_pdf_say_the_same_without_the_caller(desk_of, dispatched):
    ticket_id, _ = dispatched(**MATTER)
    desk = desk_of("handler-urban")
    path = f"/desk/tickets/{ticket_id}/print"
    for text in (desk.get(path).text, text_of(desk.get(f"{path}?as=pdf"))):
        assert "有一件小事想反映一下" in text and "打印人" in text and "派单" in text
        assert "13800138000" not in text and "王小明" not in text and "138****8000" not in text
    assert desk_of("handler-heat").get(f"/desk/tickets/{ticket_id}/print").status_code == 404


def test_a_task_sheet_is_made_by_post_and_stands_in_the_timeline(desk_of, dispatched):
    ticket_id, part = dispatched(**MATTER)
    desk = desk_of("handler-urban")
    path = f"/desk/tickets/{ticket_id}/task_sheet"
    fields = {"part": part, "task_note": "请承包商某甲更换灯泡", "task_read": "1"}
    assert desk.get(path).status_code in (404, 405)
    page = desk.post(path, fields)
    pdf = desk.post(path, {**fields, "as": "pdf"})
    for text in (page.text, text_of(pdf)):
        assert "有一件小事" not in text and "更换灯泡" in text and "任务单" in text
        assert "王小明" not in text and "承包商某甲" not in text and "13800138000" not in text
    timeline = desk.get(f"/desk/tickets/{ticket_id}").text
    assert timeline.count("开具任务单") == 2
    assert "有一件小事想反映一下，我叫＊＊＊</textarea>" in timeline
    assert desk.post(path, {**fields, "task_note": " "}).status_code == 422
    unread = desk.post(path, {"part": part, "task_note": "请更换灯泡"})
    assert unread.status_code == 422 and "我已通读" in unread.text
    long = desk.post(path, {**fields, "task_note": "请更换灯泡" * 401})
    assert long.status_code == 422 and "请更换灯泡" * 401 + "</textarea>" in long.text
    assert f'id="{ticket_id}-task_sheet-{part}" open' in long.text and "内容过长" in long.text
    assert desk.post(path, {"part": "x", "task_note": "y"}).status_code == 422
    assert desk_of("leader").post(path, fields).status_code == 403


def test_no_task_sheet_is_offered_of_a_confidential_ticket(desk_of, lead_of, matter, unit_of):
    ticket_id, unit = matter(confidential=True, **MATTER), unit_of("handler-urban")
    assert desk_of("supervisor").act(ticket_id, "dispatch", lead=unit).status_code == 303
    lead = lead_of("handler-urban")
    part = re.search(r'name="part" value="(\d+)"', lead.get(f"/desk/tickets/{ticket_id}").text)[1]
    assert "task_sheet" not in lead.get(f"/desk/tickets/{ticket_id}").text
    answer = lead.post(f"/desk/tickets/{ticket_id}/task_sheet", {"part": part, "task_note": "x"})
    assert answer.status_code == 409
