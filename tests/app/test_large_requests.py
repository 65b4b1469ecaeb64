"""Requests that bring files: who may send large ones, when they are read, and a temporary folder that is full."""

import re
from io import BytesIO

import pytest
from pictures import picture
from PIL import Image
from sqlalchemy import delete
from werkzeug.test import EnvironBuilder

from app import uploads
from app.auth.models import StaffSession
from app.outbox import unit_of_work
from db import db
from tests.app.public.conftest import Citizen, complaint
from tests.app.public.test_files import no_room

NEW = "/desk/tickets/new"
DRAFT = re.compile(r'name="draft" value="([^"]+)"')


def large() -> bytes:
    """A picture of more than a megabyte."""
    out = BytesIO()
    Image.effect_noise((1400, 1400), 100).save(out, "JPEG", quality=95)
    assert out.tell() > 1024 * 1024
    return out.getvalue()


def body_of(fields: dict[str, object]) -> tuple[bytes, str]:
    """As a browser sends it, and its type; made beforehand, for that takes temporary files too."""
    environ = EnvironBuilder(method="POST", data=fields).get_environ()
    return environ["wsgi.input"].read(), environ["CONTENT_TYPE"]


@pytest.mark.parametrize("path", [NEW, "/desk/tickets/1/attachments", "/desk/tickets/1/handle", "/status"])
def test_nobody_sends_the_desk_a_large_form_without_having_signed_in(browser, path):
    answer = browser.post(path, {"files": (BytesIO(large()), "a.jpg")})
    assert answer.status_code == 413
    if path.startswith("/desk"):
        assert browser.post(path, {"files": (BytesIO(picture()), "a.jpg")}).status_code == 302


def test_whoever_signed_in_sends_it_and_what_was_typed_outlives_the_session(app, browser, new_staff):
    person = new_staff()
    browser.sign_in(person.login)
    page = browser.get(NEW).text
    form = {
        "form_key": re.search(r'name="form_key" value="([^"]+)"', page)[1], "draft": DRAFT.search(page)[1],
        "type": "complaint", "urgency": "normal", "channel": "phone", "line_no": "12345",
        "content": "有一件小事想反映一下", "phone": "13800138000",
    }  # fmt: skip
    sent = {**form, "files": (BytesIO(large()), "a.jpg")}
    with app.app_context(), unit_of_work():
        db.session.execute(delete(StaffSession).where(StaffSession.staff_id == person.id))
    assert browser.post(NEW, sent).status_code in (302, 303)
    browser.sign_in(person.login)
    assert "有一件小事想反映一下" in browser.get(NEW).text
    answer = browser.post(NEW, {**form, "files": (BytesIO(large()), "a.jpg")})
    assert answer.status_code == 201


def test_where_the_temporary_folder_is_full_the_words_are_taken_without_the_files(new_browser):
    citizen = Citizen(new_browser())
    body, kind = body_of(complaint(files=[(BytesIO(large()), "a.jpg"), (BytesIO(picture()), "b.jpg")]))
    with no_room():
        receipt = citizen.post("/complain", body, content_type=kind)
    assert receipt.status_code == 201 and "附件未能保存" in receipt.text and "暂时无法保存" in receipt.text
    again = citizen.post("/complain", body, content_type=kind)
    assert again.status_code == 200 and "附件未能保存" not in again.text


def test_a_file_is_read_when_its_turn_has_come(new_browser, monkeypatch: pytest.MonkeyPatch):
    turns = []

    def turn(work, *given):
        turns.append(not any(isinstance(one, bytes) for one in given))
        return work(*given)

    monkeypatch.setattr(uploads, "one_by_one", turn)
    files = [(BytesIO(picture(colour=colour)), f"{colour}.jpg") for colour in ("red", "blue")]
    assert Citizen(new_browser()).complain(files=files).status_code == 201
    assert turns == [True, True]
