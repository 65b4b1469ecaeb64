"""Exports from the form to the file: whose rows are in it, who approves callers, who may fetch it and how long."""

import csv
import io
import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from app import exporting
from app.jobs.exports import make_exports
from app.outbox import unit_of_work
from db import db
from tickets import service
from tickets.event_models import JobOwed, TicketEvent
from tickets.intake import Intake
from tickets.models import Ticket
from tickets.permissions import VISITOR

PHONE, NAME, ADDRESS = "13655550001", "欧阳导出", "导出巷9号2单元302室"


@pytest.fixture
def signed_in(new_browser) -> Callable[[str], object]:
    def sign_in(login: str):
        browser = new_browser()
        assert browser.sign_in(login).status_code == 303
        return browser

    return sign_in


@pytest.fixture
def matter(app) -> Callable[..., int]:
    def make(**values: object) -> int:
        given = {"content": "=cmd|' /C calc'!A0 有一件小事", "phone": PHONE, "name": NAME, "address": ADDRESS}
        with app.app_context(), unit_of_work() as now:
            intake = Intake(**{**given, **values})
            opened = service.open_ticket(
                VISITOR, now, intake, app.extensions["vault"], form_key=str(uuid.uuid4())
            )
            return opened.ticket.id

    return make


@pytest.fixture
def numbers(app) -> Callable[..., list[str]]:
    def find(*ids: int) -> list[str]:
        with app.app_context(), unit_of_work():
            return [db.session.get_one(Ticket, one).number for one in ids]

    return find


@pytest.fixture
def work(app) -> Callable[[int], None]:
    """What relay and worker do for an export."""

    def make(export_id: int) -> None:
        with app.app_context():
            with unit_of_work() as now:
                owed = JobOwed(job="app.jobs.exports.make_exports", subject_id=export_id, due_at=now)
                db.session.add(owed)
                db.session.flush()
                owed_id = owed.id
            make_exports([owed_id])

    return make


def asked(browser, **fields: object) -> int:
    """Ask by the form; the id of the export."""
    answer = browser.post("/exports", {"place": "find", "format": "csv", **fields})
    assert answer.status_code == 303, answer.text
    return int(re.search(r'data-export="(\d+)"', browser.get("/exports").text)[1])


def fetched(browser, export_id: int):
    return browser.post(f"/exports/{export_id}/file", {})


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def events(app, kind: str, export_id: int) -> list[TicketEvent]:
    with app.app_context(), unit_of_work():
        query = select(TicketEvent).where(
            TicketEvent.kind == kind, TicketEvent.subject == "export", TicketEvent.subject_id == export_id
        )
        found = list(db.session.scalars(query))
        db.session.expunge_all()
        return found


def test_a_search_becomes_a_file_without_callers(app, signed_in, matter, numbers, work):
    plain, secret = matter(urgency="hard"), matter(urgency="hard", confidential=True)
    desk = signed_in("supervisor")
    export = asked(desk, wanted_urgency="hard")
    assert "正在生成" in desk.get("/exports").text and fetched(desk, export).status_code == 409
    work(export)
    answer = fetched(desk, export)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="12345-export-{export}.csv"'
    lines = rows(answer.data)
    assert lines[0] == lines[-1] and f"第{export}号" in lines[0][0] and "supervisor" in lines[0][0]
    shown = {line[0]: line for line in lines[2:-1]}
    assert set(numbers(plain, secret)) <= shown.keys()
    assert shown[numbers(plain)[0]][2].startswith("'=cmd")
    text = answer.data.decode()
    assert PHONE not in text and NAME not in text and ADDRESS not in text and "电话号码" not in lines[1]
    for kind in ("export.asked", "export.made", "export.fetched"):
        assert len(events(app, kind, export)) == 1
    assert events(app, "contact.exported", export) == []


def test_rows_follow_the_rule_of_rooms(signed_in, matter, numbers, work):
    plain, secret = matter(urgency="hard"), matter(urgency="hard", confidential=True)
    desk = signed_in("dispatcher")
    export = asked(desk, wanted_urgency="hard", format="xlsx")
    work(export)
    answer = fetched(desk, export)
    sheet = load_workbook(io.BytesIO(answer.data)).active
    shown = {row[0].value for row in sheet.iter_rows()}
    [of_plain, of_secret] = numbers(plain, secret)
    assert of_plain in shown and of_secret not in shown
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_a_board_becomes_a_file_as_it_is_narrowed(signed_in, matter, numbers, work):
    urgent, normal = matter(urgency="urgent"), matter()
    desk = signed_in("dispatcher")
    export = asked(desk, place="triage", wanted_urgency="urgent")
    work(export)
    shown = {row[0] for row in rows(fetched(desk, export).data)}
    assert numbers(urgent)[0] in shown and numbers(normal)[0] not in shown
    refused = desk.post("/exports", {"place": "all", "format": "csv"})
    assert refused.status_code == 404


def test_callers_need_a_reason_and_somebody_else(app, signed_in, new_staff, matter, numbers, work):
    plain, secret = matter(urgency="critical"), matter(urgency="critical", confidential=True)
    desk = signed_in("supervisor")
    wanted = {"place": "find", "format": "csv", "wanted_urgency": "critical", "identity": "1"}
    without = desk.post("/exports", wanted)
    assert without.status_code == 422 and "须说明用途" in without.text
    again = without.text[without.text.index('id="export-reason"') - 2000 :]
    assert 'name="identity" value="1" checked' in again and 'value="csv" checked' in again
    assert 'name="wanted_urgency" value="critical"' in again
    export = asked(desk, wanted_urgency="critical", identity="1", reason="回访抽样")
    work(export)  # nothing is made of what nobody approved
    assert fetched(desk, export).status_code == 409 and "待审批" in desk.get("/exports").text
    decision = {"approve": "1", "decision": "同意，用于回访"}
    assert desk.post(f"/exports/approvals/{export}", decision).status_code == 403  # one's own
    other = signed_in(new_staff(("supervisor", None)).login)
    page = other.get("/exports/approvals").text
    assert "回访抽样" in page and "含来电人" in page
    assert other.post(f"/exports/approvals/{export}", {"approve": "1", "decision": " "}).status_code == 422
    assert other.post(f"/exports/approvals/{export}", decision).status_code == 303
    assert other.post(f"/exports/approvals/{export}", decision).status_code == 409  # once
    work(export)
    lines = {row[0]: row for row in rows(fetched(desk, export).data)}
    [of_plain, of_secret] = numbers(plain, secret)
    assert lines[of_plain][-3:] == [NAME, PHONE, ADDRESS]
    assert lines[of_secret][-3:] == ["", "", ""]  # never, whoever approves
    [looked] = events(app, "contact.exported", export)
    assert looked.payload["callers"] == sum(any(line[-3:]) for number, line in lines.items() if number.isdecimal())
    assert NAME not in str(looked.payload)
    assert "导出到文件" in signed_in("auditor").get("/oversight/looks").text
    assert fetched(other, export).status_code == 404  # who approved does not fetch


def test_refused_stays_refused(signed_in, new_staff, matter, work):
    matter(urgency="critical")
    desk, other = signed_in("supervisor"), signed_in(new_staff(("supervisor", None)).login)
    export = asked(desk, wanted_urgency="critical", identity="1", reason="统计")
    assert other.post(f"/exports/approvals/{export}", {"approve": "0", "decision": "无必要"}).status_code == 303
    work(export)
    page = desk.get("/exports").text
    assert "未批准" in page and "无必要" in page and fetched(desk, export).status_code == 409


@pytest.mark.parametrize("login", ["leader", "auditor", "dispatcher"])
def test_who_may_know_no_caller_asks_for_none_and_approves_none(signed_in, login: str):
    desk = signed_in(login)
    fields = {"place": "find", "format": "csv", "wanted_urgency": "hard", "identity": "1", "reason": "x"}
    assert desk.post("/exports", fields).status_code == 403
    assert desk.get("/exports/approvals").status_code == 403
    assert "identity" not in desk.get("/desk/find?urgency=hard").text


def test_a_file_lies_sealed_and_is_gone_after_its_hours(app, signed_in, matter, work, clock):
    matter(urgency="hard")
    desk = signed_in("supervisor")
    export = asked(desk, wanted_urgency="hard")
    work(export)
    folder = exporting.folder(app.extensions["hotline"].data_dir)
    with app.app_context(), unit_of_work():
        path = folder / db.session.get_one(exporting.Export, export).file
    assert "编号".encode() not in path.read_bytes()
    assert folder.stat().st_mode & 0o077 == 0
    with app.app_context():
        exporting.sweep(app.extensions["hotline"].data_dir, clock.now)
    assert path.exists()
    late = clock.now + timedelta(hours=24)
    with app.app_context():
        assert exporting.sweep(app.extensions["hotline"].data_dir, late) >= 1
    assert not path.exists() and fetched(desk, export).status_code == 409


def test_who_came_to_see_less_has_to_ask_anew(app, signed_in, matter, work):
    matter(urgency="hard")
    desk = signed_in("supervisor")
    export = asked(desk, wanted_urgency="hard")
    work(export)
    with app.app_context(), unit_of_work():
        row = db.session.get_one(exporting.Export, export)
        row.rooms = [*row.rooms, "dept:1"]
    assert fetched(desk, export).status_code == 403


def test_what_was_searched_for_is_sealed_and_in_no_page_or_event(app, signed_in, matter, work):
    matter(phone="13655559999")
    desk = signed_in("supervisor")
    export = asked(desk, q="13655559999")
    work(export)
    assert len(rows(fetched(desk, export).data)) == 4
    assert "13655559999" not in desk.get("/exports").text and "含输入的查找内容" in desk.get("/exports").text
    with app.app_context(), unit_of_work():
        row = db.session.get_one(exporting.Export, export)
        assert b"13655559999" not in row.words
        assert exporting.words_of(row, app.extensions["vault"]) == ("13655559999", "")


def test_a_long_list_is_cut_and_says_so(signed_in, matter, work, monkeypatch):
    for _ in range(3):
        matter(urgency="hard")
    desk = signed_in("supervisor")
    monkeypatch.setattr("app.jobs.exports.AT_ONCE", 2)
    monkeypatch.setattr("app.jobs.exports.limits", lambda: {"rows": 2, "hours": 24})
    export = asked(desk, wanted_urgency="hard")
    work(export)
    assert len(rows(fetched(desk, export).data)) == 5 and "已截断" in desk.get("/exports").text


def test_stretches_make_one_list_and_a_repeat_makes_nothing_twice(app, signed_in, matter, work, monkeypatch):
    ids = {matter(urgency="hard") for _ in range(5)}
    desk = signed_in("supervisor")
    monkeypatch.setattr("app.jobs.exports.AT_ONCE", 2)
    export = asked(desk, wanted_urgency="hard")
    work(export)
    work(export)
    shown = [row[0] for row in rows(fetched(desk, export).data)[2:-1]]
    assert len(shown) == len(set(shown)) >= len(ids) and len(events(app, "export.made", export)) == 1


def test_all_tickets_at_once_are_not_exported(signed_in):
    answer = signed_in("supervisor").post("/exports", {"place": "find", "format": "csv"})
    assert answer.status_code == 422 and "请先查找或筛选" in answer.text


def test_not_more_than_so_many_at_once(app, signed_in, matter, monkeypatch):
    matter(urgency="hard")
    monkeypatch.setattr("app.exporting.limits", lambda: {"at_once": 0})
    fields = {"place": "find", "format": "csv", "wanted_urgency": "hard"}
    assert signed_in("supervisor").post("/exports", fields).status_code == 429
