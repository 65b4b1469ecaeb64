"""Files at the desk: with a matter, a step, a reply; fetched, taken out, put back; refused with the words kept."""

import re
import shutil
from io import BytesIO

import pytest
from pictures import CANARY, camera_picture, film, picture, png_of, sound
from PIL import Image

from app import uploads
from app.outbox import unit_of_work
from db import db
from tests.app.desk.test_sheets import text_of
from tickets import attached, service
from tickets.attached import Attached
from tickets.models import Ticket
from tickets.permissions import caller_of

LINK = re.compile(r'href="(/desk/tickets/\d+/attachments/\d+)"')


def sent(content: bytes, name: str = "IMG_1.jpg") -> tuple[BytesIO, str]:
    return BytesIO(content), name


@pytest.fixture
def files_of(app):
    """All files of a ticket."""

    def look(ticket_id: int) -> list[Attached]:
        with app.app_context(), unit_of_work():
            return list(attached.of_ticket(ticket_id))

    return look


@pytest.fixture
def of_manholes(app, dispatched, desk_of):
    """A signed ticket of a category whose replies need a photo: ticket id, part id."""

    def make() -> tuple[int, int]:
        ticket_id, part = dispatched()
        with app.app_context(), unit_of_work():
            db.session.get_one(Ticket, ticket_id).category_code = "02-04-02"
        assert desk_of("handler-urban").act(ticket_id, "sign", part=part).status_code == 303
        return ticket_id, part

    return make


def intake(**fields: object) -> dict[str, object]:
    return {
        "type": "complaint", "urgency": "normal", "channel": "phone", "line_no": "12345", "wants_reply": "1",
        "content": "有一件小事想反映一下", "phone": "13800138000", **fields,
    }  # fmt: skip


def new_form(desk, **fields: object) -> dict[str, object]:
    key = re.search(r'name="form_key" value="([^"]+)"', desk.get("/desk/tickets/new").text)
    return intake(form_key=key[1], **fields)


def ticket_in(page) -> int:
    return int(re.search(r"/desk/tickets/(\d+)", page.text if page.status_code < 300 else page.location)[1])


def test_an_operator_takes_photos_down_with_the_matter(desk_of, files_of):
    desk = desk_of("operator")
    photos = [sent(picture(colour=colour), f"{colour}.jpg") for colour in ("red", "blue", "navy")]
    answer = desk.post("/desk/tickets/new", new_form(desk, files=photos))
    assert answer.status_code == 201
    ticket_id = ticket_in(answer)
    assert [one.name for one in files_of(ticket_id)] == ["red.jpg", "blue.jpg", "navy.jpg"]
    page = desk.get(f"/desk/tickets/{ticket_id}").text
    assert page.count("/thumbnail") == 3 and "上传附件" in page and "诉求附件" in page


def test_so_with_a_draft_and_with_what_ends_at_the_desk(desk_of, files_of):
    desk = desk_of("operator")
    draft = desk.post("/desk/tickets/new", new_form(desk, keep="draft", files=sent(picture())))
    assert draft.status_code == 303 and len(files_of(ticket_in(draft))) == 1
    form = new_form(desk, keep="answer", answer="已经说明", files=sent(picture(colour="red")))
    ended = desk.post("/desk/tickets/new", form)
    assert ended.status_code == 201 and len(files_of(ticket_in(ended))) == 1


def test_a_form_sent_twice_brings_its_files_once(desk_of, files_of):
    desk = desk_of("operator")
    form = new_form(desk)
    first = desk.post("/desk/tickets/new", {**form, "files": sent(picture())})
    again = desk.post("/desk/tickets/new", {**form, "files": sent(picture())})
    assert (first.status_code, again.status_code) == (201, 200) and ticket_in(first) == ticket_in(again)
    assert len(files_of(ticket_in(first))) == 1


def test_what_was_typed_stays_where_a_file_is_refused(desk_of):
    desk = desk_of("operator")
    evil = sent(b"<svg onload='alert(1)'/>", "a.svg")
    answer = desk.post("/desk/tickets/new", new_form(desk, place="明德路口", files=evil))
    assert answer.status_code == 422 and 'id="files-fault"' in answer.text
    assert "有一件小事想反映一下" in answer.text and 'value="明德路口"' in answer.text
    assert "有文件格式不支持" in answer.text and "请重新选择文件" in answer.text


def test_a_form_that_comes_too_late_says_that_its_photos_must_be_chosen_again(desk_of, matter, files_of):
    desk, ticket_id = desk_of("supervisor"), matter()
    path = f"/desk/tickets/{ticket_id}"
    version = re.search(r'name="version" value="(\d+)"', desk.get(path).text)[1]
    desk_of("dispatcher").act(ticket_id, "ask_info", question="在哪里")
    late = desk.post(f"{path}/amend", intake(version=version, files=sent(picture())))
    assert late.status_code == 409 and 'id="files-fault"' in late.text and "请重新选择文件" in late.text
    assert files_of(ticket_id) == []


@pytest.fixture
def no_room(monkeypatch):
    """The disk is as good as full: what is free is the database's."""
    monkeypatch.setattr(uploads, "LEAST_FREE", 2 * shutil.disk_usage("/").total)


def test_where_there_is_no_room_a_matter_is_taken_down_without_its_files(desk_of, files_of, no_room):
    desk = desk_of("operator")
    answer = desk.post("/desk/tickets/new", new_form(desk, files=sent(picture())))
    assert answer.status_code == 201 and "附件暂时无法保存" in answer.text
    assert files_of(ticket_in(answer)) == []
    path = f"/desk/tickets/{ticket_in(answer)}/attachments"
    assert desk.post(path, {"purpose": "matter", "files": sent(picture())}).status_code == 303
    assert "附件暂时无法保存" in desk.get(f"/desk/tickets/{ticket_in(answer)}").text


def test_each_file_is_given_out_to_be_saved_and_shown_as_nothing(desk_of, matter):
    desk, ticket_id = desk_of("supervisor"), matter()
    path = f"/desk/tickets/{ticket_id}/attachments"
    given = [sent(camera_picture(), "张三的 照片.jpg"), sent(film(), "clip.mp4")]
    assert desk.post(path, {"purpose": "matter", "files": given}).status_code == 303
    found = list(dict.fromkeys(LINK.findall(desk.get(f"/desk/tickets/{ticket_id}").text)))
    answers = [desk.get(one) for one in found] + [desk.get(f"{found[0]}/thumbnail")]
    for answer, kind in zip(answers, ("image/jpeg", "video/mp4", "image/jpeg"), strict=True):
        assert (answer.status_code, answer.content_type) == (200, kind)
        assert answer.headers["Content-Disposition"].startswith("attachment; filename")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["Cache-Control"] == "no-store"
        assert CANARY.encode() not in answer.data and b"Exif" not in answer.data
    with Image.open(BytesIO(answers[0].data)) as opened:
        assert not opened.getexif()
    assert desk.get(f"{found[1]}/thumbnail").status_code == 404, "a film has none"


def test_nobody_learns_of_files_that_they_may_not_see(desk_of, dispatched, files_of):
    ticket_id, part = dispatched()
    mine = desk_of("handler-urban")
    mine.act(ticket_id, "sign", part=part)
    path = f"/desk/tickets/{ticket_id}/attachments"
    mine.post(path, {"purpose": "proof", "part": part, "files": sent(picture())})
    [one] = files_of(ticket_id)
    other = desk_of("handler-heat")
    for what in ("", "/thumbnail"):
        unseen, absent = other.get(f"{path}/{one.id}{what}"), other.get(f"{path}/999999999{what}")
        assert unseen.status_code == absent.status_code == 404
        assert unseen.data == absent.data.replace(b"999999999", str(one.id).encode())
    assert other.post(f"{path}/{one.id}/remove", {}).status_code == 404
    assert other.post(path, {"purpose": "matter", "files": sent(picture())}).status_code == 404
    assert desk_of("leader").post(f"{path}/{one.id}/remove", {}).status_code == 403
    assert [row.removed_at for row in files_of(ticket_id)] == [None]


def test_taking_out_and_putting_back_stand_in_the_timeline(desk_of, matter, files_of):
    desk, ticket_id = desk_of("supervisor"), matter()
    path = f"/desk/tickets/{ticket_id}/attachments"
    desk.post(path, {"purpose": "matter", "files": sent(picture())})
    [one] = files_of(ticket_id)
    assert desk.post(f"{path}/{one.id}/remove", {}).status_code == 303
    page = desk.get(f"/desk/tickets/{ticket_id}").text
    assert "已移除（1）" in page and "/restore" in page and "/thumbnail" not in page
    assert desk.post(f"{path}/{one.id}/restore", {}).status_code == 303
    page = desk.get(f"/desk/tickets/{ticket_id}").text
    assert all(words in page for words in ("上传附件", "移除附件", "恢复附件", "1个文件"))


def test_what_should_not_have_come_can_be_taken_out_after_the_end(app, desk_of, matter, files_of, actor_of):
    desk, ticket_id = desk_of("supervisor"), matter()
    path = f"/desk/tickets/{ticket_id}/attachments"
    desk.post(path, {"purpose": "matter", "files": sent(picture())})
    with app.app_context(), unit_of_work() as now:
        service.answer(actor_of("dispatcher"), now, ticket_id, "已经答复")
    [one] = files_of(ticket_id)
    page = desk.get(f"/desk/tickets/{ticket_id}").text
    assert f'action="{path}/{one.id}/remove"' in page and f'action="{path}"' not in page, "out, and none in"
    assert desk.post(f"{path}/{one.id}/remove", {}).status_code == 303
    assert files_of(ticket_id)[0].removed_at is not None
    assert f'action="{path}/{one.id}/restore"' in desk.get(f"/desk/tickets/{ticket_id}").text
    assert "/restore" not in desk_of("leader").get(f"/desk/tickets/{ticket_id}").text


def test_files_of_a_merged_ticket_are_with_the_one_that_is_worked_on(app, desk_of, dispatched, matter, actor_of):
    (master, _), merged = dispatched(), matter()
    examined = uploads.media.examine("x.jpg", picture(), 10_000)
    with app.app_context(), uploads.held([examined]) as held, unit_of_work() as now:
        service.merge(actor_of("supervisor"), now, merged, db.session.get_one(Ticket, master).number)
        [one] = service.attach(caller_of(merged), now, merged, held.files)
    desk = desk_of("handler-urban")
    page = desk.get(f"/desk/tickets/{master}").text
    assert "并入工单的附件" in page and f"attachments/{one}/remove" not in page
    assert f'href="/desk/tickets/{master}/attachments/{one}"' in page
    for what in ("", "/thumbnail"):
        assert desk.get(f"/desk/tickets/{master}/attachments/{one}{what}").status_code == 200
        assert desk.get(f"/desk/tickets/{merged}/attachments/{one}{what}").status_code == 404
        assert desk_of("handler-heat").get(f"/desk/tickets/{master}/attachments/{one}{what}").status_code == 404


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "请填写此项"),
        ([sent(b"", "a.jpg")], "有文件内容为空"),
        ([sent(picture("PNG"), "a.jpg")], "扩展名与实际格式不符"),
        ([sent(png_of(50_000, 50_000), "a.png")], "像素过大"),
        ([sent(picture(colour=colour), "a.jpg") for colour in ["red", "tan"] * 5], "文件数量超过单次上限"),
        ([sent(bytes(10 * 1024 * 1024 + 1), "a.jpg")], "超过上限"),
        ([sent(bytes(8 * 1024 * 1024), "a.jpg") for _ in range(4)], "超过上限"),
    ],
)
def test_each_refusal_says_why(desk_of, matter, files_of, files, words):
    desk, ticket_id = desk_of("supervisor"), matter()
    answer = desk.post(f"/desk/tickets/{ticket_id}/attachments", {"purpose": "matter", "files": files})
    assert answer.status_code == 303 and words in desk.get(f"/desk/tickets/{ticket_id}").text
    assert files_of(ticket_id) == []


def test_no_request_is_larger_than_any_city_can_set(desk_of, matter):
    desk, ticket_id = desk_of("supervisor"), matter()
    large = [sent(bytes(31 * 1024 * 1024), "a.jpg") for _ in range(2)]
    path = f"/desk/tickets/{ticket_id}/attachments"
    assert desk.post(path, {"purpose": "matter", "files": large}).status_code == 413
    assert desk.post("/login", {"login": "x", "password": "y" * 1024 * 1024}).status_code == 413


class TestWithTheWorkOfAUnit:
    def test_a_step_has_its_photos(self, desk_of, dispatched, files_of):
        ticket_id, part = dispatched()
        desk = desk_of("handler-urban")
        desk.act(ticket_id, "sign", part=part)
        answer = desk.act(ticket_id, "handle", part=part, handle_note="到场查看", files=sent(picture()))
        assert answer.status_code == 303
        assert [(one.purpose, one.assignment_id) for one in files_of(ticket_id)] == [("handling", part)]

    def test_the_form_says_beforehand_that_a_photo_is_needed(self, desk_of, of_manholes, dispatched):
        ticket_id, _ = of_manholes()
        words = "该类别工单须上传办结照片或视频后才能提交反馈"
        assert words in desk_of("handler-urban").get(f"/desk/tickets/{ticket_id}").text
        assert words in desk_of("handler-urban").get(f"/desk/tickets/{ticket_id}?lang=zh").text
        other, part = dispatched()
        desk_of("handler-urban").act(other, "sign", part=part)
        assert words not in desk_of("handler-urban").get(f"/desk/tickets/{other}").text

    def test_it_still_says_so_where_there_is_only_what_shows_nothing(self, desk_of, of_manholes):
        ticket_id, part = of_manholes()
        desk = desk_of("handler-urban")
        path, place = f"/desk/tickets/{ticket_id}", rf'id="{ticket_id}-reply-{part}-files'
        for file, is_enough in (((sound(), "a.mp3"), False), ((film(), "a.mp4"), True)):
            form = {"purpose": "proof", "part": part, "files": sent(*file)}
            assert desk.post(f"{path}/attachments", form).status_code == 303
            page = desk.get(path).text
            hint = re.search(rf'<p class="alert alert-(\w+)" {place}-wanted">', page)[1]
            field = re.search(rf'<input[^>]*{place}"[^>]*>', page)[0]
            assert (hint == "success", " required" not in field) == (is_enough, is_enough)

    def _reply(self, desk, ticket_id: int, part: int, **fields: object):
        told = {
            "public_reply": "井盖已更换。", "internal_note": "已核实", "contact_method": "no_contact",
            "facts": "true", "result": "solved", **fields,
        }  # fmt: skip
        return desk.act(ticket_id, "reply", part=part, **told)

    def test_without_it_the_field_says_so_and_the_words_stay(self, desk_of, of_manholes):
        ticket_id, part = of_manholes()
        desk = desk_of("handler-urban")
        answer = self._reply(desk, ticket_id, part)
        assert answer.status_code == 422
        assert f'id="{ticket_id}-reply-{part}-files-fault"' in answer.text and "井盖已更换。" in answer.text

    def test_it_may_come_with_the_reply_itself(self, desk_of, of_manholes, files_of):
        ticket_id, part = of_manholes()
        answer = self._reply(desk_of("handler-urban"), ticket_id, part, files=sent(picture()))
        assert answer.status_code == 303
        assert [one.purpose for one in files_of(ticket_id)] == ["proof"]

    def test_it_stays_where_the_words_need_another_look(self, desk_of, of_manholes, files_of):
        ticket_id, part = of_manholes()
        desk = desk_of("handler-urban")
        photo = sent(picture(), "好了.jpg")
        answer = self._reply(desk, ticket_id, part, public_reply="请找13800138000", files=photo)
        assert answer.status_code == 422 and "已上传：好了.jpg" in answer.text
        assert self._reply(desk, ticket_id, part).status_code == 303
        assert len(files_of(ticket_id)) == 1

    def test_it_stays_where_a_field_cannot_be_read(self, desk_of, of_manholes, files_of):
        ticket_id, part = of_manholes()
        photo = sent(picture(), "好了.jpg")
        answer = self._reply(desk_of("handler-urban"), ticket_id, part, contact_at="昨天", files=photo)
        assert answer.status_code == 422 and "已上传：好了.jpg" in answer.text and "井盖已更换。" in answer.text
        assert [one.name for one in files_of(ticket_id)] == ["好了.jpg"]

    def test_where_there_is_no_room_the_words_stay(self, desk_of, of_manholes, no_room):
        ticket_id, part = of_manholes()
        answer = self._reply(desk_of("handler-urban"), ticket_id, part, files=sent(picture()))
        assert answer.status_code == 422 and "附件暂时无法保存" in answer.text and "井盖已更换。" in answer.text

    def test_a_refused_file_leaves_the_reply_undone(self, desk_of, of_manholes, files_of):
        ticket_id, part = of_manholes()
        desk = desk_of("handler-urban")
        answer = self._reply(desk, ticket_id, part, files=sent(b"%PDF-1.7", "a.pdf"))
        assert answer.status_code == 422 and "有文件格式不支持" in answer.text and "井盖已更换。" in answer.text
        assert files_of(ticket_id) == []


class TestOnATaskSheet:
    def test_no_photo_stands_unless_it_was_chosen(self, desk_of, dispatched, files_of):
        ticket_id, part = dispatched()
        supervisor, desk = desk_of("supervisor"), desk_of("handler-urban")
        photo = {"purpose": "matter", "files": sent(picture(size=(300, 200)))}
        supervisor.post(f"/desk/tickets/{ticket_id}/attachments", photo)
        desk.act(ticket_id, "sign", part=part)
        path = f"/desk/tickets/{ticket_id}/task_sheet"
        fields = {"part": part, "task_note": "请更换井盖", "task_read": "1"}
        [one] = files_of(ticket_id)
        plain, pdf = desk.post(path, fields), desk.post(path, {**fields, "as": "pdf"})
        assert "/thumbnail" not in plain.text and b"/Subtype /Image" not in pdf.data and "更换井盖" in text_of(pdf)
        chosen = {**fields, "photos": one.id}
        assert f"attachments/{one.id}/thumbnail" in desk.post(path, chosen).text
        assert b"/Subtype /Image" in desk.post(path, {**chosen, "as": "pdf"}).data

    def test_nor_ever_one_of_the_units_own(self, desk_of, dispatched, files_of):
        ticket_id, part = dispatched()
        desk = desk_of("handler-urban")
        desk.act(ticket_id, "sign", part=part)
        desk.post(
            f"/desk/tickets/{ticket_id}/attachments", {"purpose": "proof", "part": part, "files": sent(picture())}
        )
        [one] = files_of(ticket_id)
        fields = {"part": part, "task_note": "请更换井盖", "task_read": "1", "photos": one.id}
        assert desk.post(f"/desk/tickets/{ticket_id}/task_sheet", fields).status_code == 422
        assert 'name="photos"' not in desk.get(f"/desk/tickets/{ticket_id}").text

    def test_what_was_typed_stays_where_one_was_taken_out_meanwhile(self, desk_of, dispatched, files_of):
        ticket_id, part = dispatched()
        supervisor, desk = desk_of("supervisor"), desk_of("handler-urban")
        path = f"/desk/tickets/{ticket_id}/attachments"
        photos = [sent(picture()), sent(picture(colour="red"), "b.jpg")]
        supervisor.post(path, {"purpose": "matter", "files": photos})
        desk.act(ticket_id, "sign", part=part)
        gone, left = [one.id for one in files_of(ticket_id)]
        supervisor.post(f"{path}/{gone}/remove", {})
        sheet = f"/desk/tickets/{ticket_id}/task_sheet"
        for more in ({}, {"as": "pdf"}):
            fields = {"part": part, "task_note": "请更换井盖", "task_read": "1", "photos": [gone, left], **more}
            answer = desk.post(sheet, fields)
            assert answer.status_code == 422 and ">请更换井盖</textarea>" in answer.text
            assert f'name="photos" value="{left}" checked' in answer.text and "请从给定选项中选择" in answer.text
        assert "开具任务单" not in desk.get(f"/desk/tickets/{ticket_id}").text

    def test_none_is_on_record_that_could_not_be_made(self, app, desk_of, dispatched, files_of):
        ticket_id, part = dispatched()
        supervisor, desk = desk_of("supervisor"), desk_of("handler-urban")
        supervisor.post(f"/desk/tickets/{ticket_id}/attachments", {"purpose": "matter", "files": sent(picture())})
        desk.act(ticket_id, "sign", part=part)
        [one] = files_of(ticket_id)
        uploads.ATTACHMENTS.remove(app.extensions["hotline"].data_dir, one.thumbnail)
        fields = {"part": part, "task_note": "请更换井盖", "task_read": "1", "photos": one.id, "as": "pdf"}
        answer = desk.post(f"/desk/tickets/{ticket_id}/task_sheet", fields)
        assert answer.status_code == 422 and ">请更换井盖</textarea>" in answer.text
        assert "开具任务单" not in desk.get(f"/desk/tickets/{ticket_id}").text
