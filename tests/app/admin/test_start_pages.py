"""The start page, the record of changes, the system's state; who enters; and that all processes see an edit."""

from datetime import timedelta

import pytest
from sqlalchemy import delete

from app import edits
from app.outbox import unit_of_work
from db import db
from manage import create_app
from routing import service
from tickets.event_models import JobOwed, Outbox, TicketEvent

PAGES = (
    "/admin/units", "/admin/units/new", "/admin/units/9901.bus", "/admin/categories", "/admin/categories/02",
    "/admin/duties", "/admin/duties/new", "/admin/duties/try", "/admin/duties/D020401", "/admin/rules",
    "/admin/rules/new", "/admin/rules/1", "/admin/policies", "/admin/policies/new", "/admin/policies/1",
    "/admin/calendar", "/admin/calendar/2026-10-01", "/admin/settings",
    "/admin/lines", "/admin/lines/new", "/admin/lines/+86990112315", "/admin/texts", "/admin/texts/waiting/zh",
    "/admin/texts/welcome/en?line=12315",
)  # fmt: skip
STAFF_PAGES = ("/admin/roles", "/admin/roles/leader", "/admin/staff")
FORMS = (
    "/admin/units", "/admin/units/9901.bus", "/admin/units/9901.bus/close", "/admin/units/9901.bus/reopen",
    "/admin/categories", "/admin/categories/02", "/admin/duties", "/admin/duties/try", "/admin/duties/D020401",
    "/admin/rules", "/admin/rules/1", "/admin/rules/1/up", "/admin/rules/1/down", "/admin/rules/1/on",
    "/admin/rules/1/off", "/admin/policies", "/admin/policies/1", "/admin/policies/1/end",
    "/admin/calendar/2026-10-01", "/admin/settings/zone", "/admin/settings/phone", "/admin/lines",
    "/admin/lines/+86990112315", "/admin/lines/+86990112315/off", "/admin/lines/+86990112315/on",
    "/admin/texts/waiting/zh", "/admin/texts/waiting/zh/shipped", "/admin/roles", "/admin/roles/leader",
)  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_opens(office, language):
    for path in (*PAGES, *STAFF_PAGES, "/admin", "/admin/record", "/admin/system"):
        answer = office.get(f"{path}{'&' if '?' in path else '?'}lang={language}")
        assert answer.status_code == 200, path
        assert answer.text.count("<h1") == 1 and "nav-tabs" in answer.text


@pytest.mark.parametrize(
    "login", ["operator", "dispatcher", "handler-urban", "supervisor", "leader", "auditor", None]
)
def test_nobody_else_enters(office, new_browser, login):
    browser = new_browser()
    if login:
        browser.sign_in(login)
    status = 403 if login else 302
    before = office.edits()
    for path in (*PAGES, *STAFF_PAGES, "/admin", "/admin/system"):
        assert browser.get(path).status_code == status, path
    for path in FORMS:
        assert browser.post(path, {"version": 1, "value": "UTC"}).status_code == status, path
    assert browser.get("/admin/record").status_code == (200 if login in ("auditor", "supervisor") else status)
    assert office.edits() == before


def test_who_manages_the_directory_alone_sees_no_accounts(office, new_browser, new_staff):
    fields = {"code": "keeper", "name": "目录管理员", "reach": "city", "permissions": ["admin.directory"]}
    office.send("/admin/roles", **fields)
    keeper = new_browser()
    assert keeper.sign_in(new_staff(("keeper", None)).login).location == "/admin"
    assert "/admin/staff" not in keeper.get("/admin").text
    assert keeper.get("/admin/duties").status_code == 200
    assert all(keeper.get(path).status_code == 403 for path in STAFF_PAGES)


def test_the_desk_leads_holders_there(office, new_browser):
    assert 'href="/admin"' in office.get("/account").text
    operator = new_browser()
    operator.sign_in("operator")
    assert 'href="/admin"' not in operator.get("/desk").text


def test_the_record_tells_who_changed_what_and_goes_on_page_by_page(office, monkeypatch):
    for name in ("甲公司", "乙公司", "丙公司"):
        office.send("/admin/units/9901.bus", name=name)
    monkeypatch.setattr(edits.page, "__defaults__", (None, 2))
    page = office.get("/admin/record").text
    assert all(text in page for text in ("<del>甲公司</del>", "<del>乙公司</del>", "<ins>丙公司</ins>", "某某"))
    onward = page.split('rel="next" href="')[1].split('"')[0]
    assert "<ins>甲公司</ins>" in office.get(onward).text
    assert "丙公司" in office.get("/admin").text


def test_an_edit_is_seen_by_every_process_at_once(office):
    config = office.app.extensions["hotline"]
    other = create_app(config, ASYNC_MODE="threading")

    def name_there() -> str:
        with other.app_context(), unit_of_work():
            return service.current().units["9901.power"].name

    before = name_there()
    kept = dict(service._kept)
    office.send("/admin/units/9901.power", name="供电新名")
    # What another process has kept is of the version before; it asks for the number first.
    service._kept.clear()
    service._kept.update(kept)
    assert (before, name_there()) == (next(iter(kept.values())).units["9901.power"].name, "供电新名")
    with other.app_context():
        db.engine.dispose()


def test_the_system_page_tells_the_oldest_work_and_what_was_set_aside(office):
    with office.app.app_context(), unit_of_work() as now:
        db.session.execute(delete(Outbox))
    assert office.get("/admin/system").text.count("light green") == 4
    with office.app.app_context(), unit_of_work() as now:
        event = TicketEvent(
            subject="ticket", subject_id=1, version=1, kind="ticket.unheard_of", actor="system",
            at=now - timedelta(hours=2), payload={}, rooms_before=[], rooms_after=[],
        )  # fmt: skip
        db.session.add(Outbox(event=event, attempts=3, fault="KeyError('ticket.unheard_of')"))
        db.session.add(JobOwed(job="x", subject_id=1, due_at=now - timedelta(hours=3)))
    page = office.get("/admin/system?lang=en").text
    assert "2 hours ago" in page and "3 hours ago" in page and "ticket.unheard_of" in page and "0.1.0" in page
