"""A citizen's photos: sent with the matter, with an answer or later; seen by nobody else; and a full disk."""

import re
import resource
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from pictures import camera_picture, picture
from sqlalchemy import update

from app import uploads
from app.outbox import unit_of_work
from app.public import files as public_files
from db import db
from routing.models import CitySetting
from tests.app.public.conftest import Citizen, complaint, keys_of
from tickets import attached, queries, service
from tickets.models import Ticket

PICTURE = re.compile(r'src="(/pictures/[^"]+)"')
JSON = {"Accept": "application/json"}
COLOURS = ("red", "green", "blue", "tan", "navy", "olive")


def sent(*colours: str) -> list[tuple[BytesIO, str]]:
    return [(BytesIO(picture(colour=colour)), f"{colour}.jpg") for colour in colours]


@pytest.fixture
def of(app):
    """(ticket's id, what its citizen sent) of number and code."""

    def look(number: str, code: str):
        with app.app_context(), unit_of_work():
            found = queries.public_status(number, code, app.extensions["vault"])
            return found.ticket_id, list(found.files)

    return look


@pytest.fixture
def place(app) -> Path:
    return uploads.ATTACHMENTS.place(app.extensions["hotline"].data_dir)


def on_disk(place: Path) -> set[str]:
    return {path.name for path in place.iterdir()}


def test_photos_come_with_the_matter(citizen: Citizen, of):
    receipt = citizen.complain(files=sent("red", "blue"))
    assert receipt.status_code == 201 and "2个文件" in receipt.text
    ticket_id, files = of(*keys_of(receipt))
    assert [(one.name, one.purpose, one.added_by) for one in files] == [
        ("red.jpg", "matter", None), ("blue.jpg", "matter", None),
    ]  # fmt: skip
    page = citizen.ask(*keys_of(receipt))
    assert 'loading="lazy"' not in page.text, "their addresses are good for some minutes only"
    addresses = PICTURE.findall(page.text)
    assert len(addresses) == 2 and "您上传的附件" in page.text
    for address in addresses:
        answer = citizen.get(address)
        assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_the_form_is_made_for_a_telephones_camera(citizen: Citizen):
    page = citizen.get("/complain").text
    field = re.search(r'<input[^>]*type="file"[^>]*>', page)[0]
    assert " multiple" in field and 'accept="image/*' in field and "每次最多9个" in page
    assert 'enctype="multipart/form-data"' in page


def test_a_form_sent_twice_brings_its_photos_once(citizen: Citizen, of):
    form = complaint()
    first = citizen.post("/complain", {**form, "files": sent("red")})
    again = citizen.post("/complain", {**form, "files": sent("red", "blue")})
    assert (first.status_code, again.status_code) == (201, 200)
    assert "1个文件" in first.text and "1个文件" in again.text, "as many as were put in"
    assert [one.name for one in of(*keys_of(first))[1]] == ["red.jpg", "blue.jpg"]


def test_a_form_of_a_matter_that_has_ended_still_gets_its_receipt(citizen: Citizen, of, app, actor_of):
    form = complaint()
    keys = keys_of(citizen.post("/complain", {**form, "files": sent("red")}))
    with app.app_context():
        with unit_of_work():
            ticket_id = queries.public_status(*keys, app.extensions["vault"]).ticket_id
        with unit_of_work() as now:
            service.answer(actor_of("dispatcher"), now, ticket_id, "已经答复")
    again = citizen.post("/complain", {**form, "files": sent("blue")})
    assert again.status_code == 200 and [one.name for one in of(*keys)[1]] == ["red.jpg"]
    assert "个文件" not in again.text, "it went nowhere"


def test_what_was_typed_stays_where_a_photo_is_refused(citizen: Citizen, place: Path):
    before = on_disk(place)
    evil = (BytesIO(b"<svg onload='alert(1)'/>"), "a.svg")
    answer = citizen.complain(content="井盖坏了，请修", files=[*sent("red"), evil])
    assert answer.status_code == 422 and 'id="files-fault"' in answer.text and "井盖坏了，请修" in answer.text
    assert 'href="#files"' in answer.text and on_disk(place) == before
    assert "请重新选择文件" in citizen.complain(content="", files=sent("red")).text
    english = citizen.post("/complain?lang=en", complaint(files=[(BytesIO(b"GIF89a"), "a.gif")]))
    assert "One of the files is of another kind." in english.text


def test_three_photos_sent_at_the_same_moment_all_arrive(citizen: Citizen, new_browser, of):
    number, code = keys_of(citizen.complain())
    everybody = [Citizen(new_browser()) for _ in COLOURS]

    def send(who: Citizen, colour: str) -> int:
        return who.post("/attach", {"number": number, "code": code, "files": sent(colour)}).status_code

    with ThreadPoolExecutor(len(COLOURS)) as pool:
        assert list(pool.map(send, everybody, COLOURS)) == [200] * len(COLOURS)
    assert {one.name for one in of(number, code)[1]} == {f"{colour}.jpg" for colour in COLOURS}


def test_an_answer_brings_its_photos(citizen: Citizen, of, app, actor_of):
    keys = keys_of(citizen.complain())
    ticket_id, _ = of(*keys)
    with app.app_context(), unit_of_work() as now:
        service.ask_info(actor_of("dispatcher"), now, ticket_id, "请补充照片")
    number, code = keys
    form = {"number": number, "code": code, "supplement": "照片见附件"}
    refused = citizen.post("/supplement", {**form, "files": [(BytesIO(b"%PDF-1.7"), "a.pdf")]})
    assert refused.status_code == 422 and "照片见附件" in refused.text and 'id="files-fault"' in refused.text
    assert citizen.post("/supplement", {**form, "files": sent("red")}).status_code == 200
    assert [one.name for one in of(*keys)[1]] == ["red.jpg"]


def test_files_can_be_sent_later_and_not_after_the_end(citizen: Citizen, of, app, actor_of):
    keys = keys_of(citizen.complain())
    form = {"number": keys[0], "code": keys[1]}
    none = citizen.post("/attach", form)
    assert none.status_code == 422 and 'id="files-fault"' in none.text
    done = citizen.post("/attach", {**form, "files": sent("red")})
    assert done.status_code == 200 and "附件已收到" in done.text and "您上传的附件" in done.text
    ticket_id, _ = of(*keys)
    with app.app_context(), unit_of_work() as now:
        service.answer(actor_of("dispatcher"), now, ticket_id, "已经答复")
    late = citizen.post("/attach", {**form, "files": sent("blue")})
    assert late.status_code == 200 and "附件未接收" in late.text and len(of(*keys)[1]) == 1


class TestNobodyElse:
    def test_has_them_without_number_and_code(self, citizen: Citizen, of):
        mine, theirs = keys_of(citizen.complain(files=sent("red"))), keys_of(citizen.complain(files=sent("blue")))
        [own], [foreign] = of(*mine)[1], of(*theirs)[1]

        def fetch(one: int, code: str = mine[1]):
            return citizen.post("/attachment", {"number": mine[0], "code": code, "attachment": str(one)})

        answer = fetch(own.id)
        assert answer.status_code == 200 and answer.headers["Content-Disposition"].startswith("attachment")
        unseen, absent = fetch(foreign.id), fetch(999_999_999)
        assert unseen.status_code == absent.status_code == 404 and unseen.data == absent.data
        assert fetch(own.id, code="0000 0000 0000").status_code == 404
        for text in ("", "x", "-1", "9" * 40, "１"):
            assert fetch(text).status_code == 404

    def test_has_what_staff_put_in(self, citizen: Citizen, of, app, actor_of):
        keys = keys_of(citizen.complain())
        ticket_id, _ = of(*keys)
        with app.app_context(), uploads.held([_examined()]) as held, unit_of_work() as now:
            [one] = service.attach(actor_of("supervisor"), now, ticket_id, held.files)
        page = citizen.ask(*keys)
        assert "/pictures/" not in page.text
        form = {"number": keys[0], "code": keys[1], "attachment": str(one)}
        assert citizen.post("/attachment", form).status_code == 404

    def test_has_the_small_picture_after_some_minutes(self, citizen: Citizen, monkeypatch):
        [address] = PICTURE.findall(citizen.ask(*keys_of(citizen.complain(files=sent("red")))).text)
        token = address.rpartition("/")[2]
        assert citizen.get(address).status_code == 200
        for forged in (token[:-1], f"{token}x", "x", token.replace(".", "", 1)):
            assert citizen.get(f"/pictures/{forged}").status_code == 404
        monkeypatch.setattr(public_files, "PICTURE_SECONDS", -1)
        assert citizen.get(address).status_code == 404

    def test_has_those_of_a_ticket_merged_into_another(self, citizen: Citizen, of, app, actor_of):
        first, second = keys_of(citizen.complain(files=sent("red"))), keys_of(citizen.complain(files=sent("blue")))
        one, other = of_id(of, first), of_id(of, second)
        with app.app_context(), unit_of_work() as now:
            supervisor, unit = actor_of("supervisor"), next(iter(actor_of("handler-urban").departments))
            service.dispatch(supervisor, now, one, unit)
            service.merge(supervisor, now, other, first[0])
        assert [one.name for one in of(*first)[1]] == ["red.jpg"]
        page = citizen.ask(*second).text
        assert "blue.jpg" in page and "red.jpg" not in page and page.count("/pictures/") == 1


def of_id(of, keys: tuple[str, str]) -> int:
    return of(*keys)[0]


def _examined():
    return uploads.media.examine("x.jpg", camera_picture(), 40_000_000)


@contextmanager
def no_room() -> Iterator[None]:
    """No file of this process can grow: a full disk, as far as what writes can tell."""
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


class TestOnAFullDisk:
    def test_the_words_are_taken_and_the_photos_refused(self, citizen: Citizen, of, place: Path):
        form, before = complaint(), on_disk(place)
        with no_room():
            receipt = citizen.post("/complain", {**form, "files": sent("red")})
        assert receipt.status_code == 201 and "附件未能保存" in receipt.text and "暂时无法保存" in receipt.text
        assert of(*keys_of(receipt))[1] == [] and on_disk(place) == before
        again = citizen.post("/complain", {**form, "files": sent("red")})
        assert again.status_code == 200 and len(of(*keys_of(receipt))[1]) == 1

    def test_what_the_database_needs_is_left_to_it(self, citizen: Citizen, of, place: Path, monkeypatch):
        before, free = on_disk(place), shutil.disk_usage(place).free
        monkeypatch.setattr(uploads, "LEAST_FREE", 2 * free)
        receipt = citizen.complain(files=sent("red"))
        assert receipt.status_code == 201 and "附件未能保存" in receipt.text
        assert of(*keys_of(receipt))[1] == [] and on_disk(place) == before

    def test_programs_are_told_so_too(self, citizen: Citizen, of):
        with no_room():
            taken = citizen.post("/complain", {**complaint(), "files": sent("red")}, headers=JSON)
            keys = {name: taken.json[name] for name in ("number", "code")}
            alone = citizen.post("/attach", {**keys, "files": sent("red")}, headers=JSON)
        assert (taken.status_code, taken.json["files_fault"]) == (201, "no_room")
        assert (alone.status_code, alone.json["files_fault"]) == (200, "no_room")
        stored = citizen.post("/attach", {**keys, "files": sent("red")}, headers=JSON)
        assert stored.json["files_fault"] is None and len(of(*keys.values())[1]) == 1

    def test_so_with_an_answer_and_with_photos_alone(self, citizen: Citizen, of, app, actor_of):
        keys = keys_of(citizen.complain())
        ticket_id = of_id(of, keys)
        with app.app_context(), unit_of_work() as now:
            service.ask_info(actor_of("dispatcher"), now, ticket_id, "请补充照片")
        form = {"number": keys[0], "code": keys[1]}
        with no_room():
            answer = citizen.post("/supplement", {**form, "supplement": "照片见附件", "files": sent("red")})
            alone = citizen.post("/attach", {**form, "files": sent("red")})
        assert answer.status_code == 200 and "附件未能保存" in answer.text and "照片见附件" in answer.text
        assert alone.status_code == 200 and "暂时无法保存" in alone.text and "附件已收到" not in alone.text
        assert of(*keys)[1] == []


def test_so_many_forms_with_files_come_from_one_address_in_an_hour(citizen: Citizen, of, app):
    def set_limit(value: dict[str, int]) -> None:
        with app.app_context(), unit_of_work():
            db.session.execute(update(CitySetting).where(CitySetting.key == "uploads").values(value=value))

    with app.app_context(), unit_of_work():
        before = db.session.get_one(CitySetting, "uploads").value
    set_limit({**before, "per_hour": 1})
    try:
        assert len(of(*keys_of(citizen.complain(files=sent("red"))))[1]) == 1
        second = citizen.complain(files=sent("red"))
        assert second.status_code == 201 and "上传次数过多" in second.text and of(*keys_of(second))[1] == []
        program = citizen.post("/complain", {**complaint(), "files": sent("red")}, headers=JSON)
        assert (program.status_code, program.json["files_fault"]) == (201, "file_often")
        assert citizen.complain().status_code == 201
    finally:
        set_limit(before)


def test_the_disk_holds_what_rows_name_and_nothing_else_for_long(citizen: Citizen, of, app, place: Path):
    _, [one] = of(*keys_of(citizen.complain(files=sent("red"))))
    assert {one.file, one.thumbnail} <= on_disk(place)
    for name in (one.file, one.thumbnail):
        assert picture(colour="red")[:20] not in (place / name).read_bytes(), "it is sealed"
        assert (place / name).stat().st_mode & 0o077 == 0
    stray, half = place / "0123.sealed", place / "4567.sealed.99"
    stray.write_bytes(b"x")
    half.write_bytes(b"x")
    data_dir = app.extensions["hotline"].data_dir
    with app.app_context():
        with unit_of_work() as now:
            pass
        uploads.sweep(data_dir, now)
        assert stray.exists(), "its row may be about to be committed"
        assert uploads.sweep(data_dir, now + 2 * uploads.STRAY_AFTER) >= 2
    assert not stray.exists() and not half.exists() and {one.file, one.thumbnail} <= on_disk(place)


def test_a_damaged_file_is_not_given_out(citizen: Citizen, of, place: Path):
    keys = keys_of(citizen.complain(files=sent("red")))
    _, [one] = of(*keys)
    form = {"number": keys[0], "code": keys[1], "attachment": str(one.id)}
    (place / one.file).write_bytes((place / one.file).read_bytes()[:-1])
    assert citizen.post("/attachment", form).status_code == 404
    (place / one.file).unlink()
    assert citizen.post("/attachment", form).status_code == 404
    assert citizen.ask(*keys).status_code == 200


def test_what_staff_took_out_its_citizen_sees_no_more(citizen: Citizen, of, app, actor_of):
    keys = keys_of(citizen.complain(files=sent("red")))
    ticket_id, [one] = of(*keys)
    with app.app_context(), unit_of_work() as now:
        service.detach(actor_of("supervisor"), now, ticket_id, one.id)
    assert of(*keys)[1] == [] and "/pictures/" not in citizen.ask(*keys).text
    with app.app_context(), unit_of_work():
        assert db.session.get_one(Ticket, ticket_id).version >= 3
        assert len(attached.of_ticket(ticket_id)) == 1
