"""The administrator's pages on staff."""

import re

import pytest
from sqlalchemy import select

from app.auth import queries
from app.auth.models import Staff
from db import db
from routing.models import Department

KEY = re.compile(r'class="key">([a-z2-7-]+)<')


@pytest.fixture
def unit(app) -> int:
    with app.app_context():
        return db.session.scalars(select(Department.id).where(Department.code == "9901.heat")).one()


def person(app, staff_id: int) -> queries.Person:
    with app.app_context():
        return queries.person(staff_id)


def version(app, staff_id: int) -> dict[str, int]:
    return {"version": person(app, staff_id).version}


def test_a_new_account_from_form_to_first_sign_in(app, admin, new_browser, unit):
    fields = {"login": "page-made", "name": "新承办员", "role": ["handler", ""], "unit": [str(unit), ""]}
    answer = admin.post("/admin/staff", fields)
    assert answer.status_code == 200
    token = KEY.search(answer.text)[1]
    with app.app_context():
        made = queries.person_by_login("page-made")
    assert [(held.role, held.unit_id) for held in made.held] == [("handler", unit)]
    browser = new_browser()
    enrol = {"token": token, "password": "a-lamp-by-the-river", "again": "a-lamp-by-the-river"}
    assert browser.post("/enrol", enrol).status_code == 303
    assert browser.sign_in("page-made", "a-lamp-by-the-river").status_code == 303
    assert token not in admin.get(f"/admin/staff/{made.id}").text


def test_a_refused_form_keeps_what_was_typed(admin):
    fields = {"login": "operator", "name": "<b>某人</b>", "role": ["handler"], "unit": [""]}
    answer = admin.post("/admin/staff", fields)
    assert answer.status_code == 422
    assert 'value="operator"' in answer.text and "&lt;b&gt;某人&lt;/b&gt;" in answer.text
    assert re.search(r'<option value="handler" selected>', answer.text)
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.parametrize("chosen", [{"role": "emperor", "unit": ""}, {"role": "handler", "unit": "x"}, {}])
def test_roles_that_do_not_exist_are_refused(app, admin, chosen):
    answer = admin.post("/admin/staff", {"login": "page-none", "name": "某人"} | chosen)
    assert answer.status_code == 422
    with app.app_context():
        assert db.session.scalar(select(Staff.id).where(Staff.login == "page-none")) is None


def test_further_fields_change_nothing(app, admin):
    fields = {"login": "page-mass", "name": "某人", "role": "auditor", "unit": "", "id": "1", "password_hash": "x"}
    admin.post("/admin/staff", fields)
    with app.app_context():
        made = queries.person_by_login("page-mass")
    assert made.id != 1 and not made.has_password


def test_changing_roles(app, admin, new_staff, unit):
    someone = new_staff()
    path = f"/admin/staff/{someone.id}/roles"
    fields = {"role": ["handler", "auditor"], "unit": [str(unit), ""]}
    assert admin.post(path, fields | version(app, someone.id)).status_code == 303
    assert [held.role for held in person(app, someone.id).held] == ["auditor", "handler"]
    stale = admin.post(path, {"role": "leader", "unit": "", "version": someone.version})
    assert stale.status_code == 409 and '<option value="leader" selected>' in stale.text
    assert admin.post(path, {"role": "leader", "unit": ""}).status_code == 422
    assert [held.role for held in person(app, someone.id).held] == ["auditor", "handler"]


def test_disabling_and_enabling(app, admin, new_browser, new_staff):
    someone = new_staff()
    browser = new_browser()
    browser.sign_in(someone.login)
    seen = version(app, someone.id)
    assert admin.post(f"/admin/staff/{someone.id}/disable", seen).status_code == 303
    assert browser.get("/account").status_code == 302
    assert admin.post(f"/admin/staff/{someone.id}/disable", seen).status_code == 409
    assert admin.post(f"/admin/staff/{someone.id}/enable", version(app, someone.id)).status_code == 303
    assert browser.sign_in(someone.login).status_code == 303


def test_a_reset_shows_the_token_once(app, admin, new_browser, new_staff):
    someone = new_staff()
    browser = new_browser()
    browser.sign_in(someone.login)
    answer = admin.post(f"/admin/staff/{someone.id}/reset", version(app, someone.id))
    assert answer.status_code == 200 and KEY.search(answer.text)
    assert "no-store" in answer.headers["Cache-Control"]
    assert browser.get("/account").status_code == 302
    assert not KEY.search(admin.get(f"/admin/staff/{someone.id}").text)
    assert admin.post(f"/admin/staff/{someone.id}/reset", {"version": someone.version}).status_code == 409


def test_the_list_goes_on_page_by_page(app, admin, monkeypatch):
    monkeypatch.setattr(queries.staff_page, "__defaults__", ("", 3))
    seen, path, pages = [], "/admin/staff", 0
    while path and (pages := pages + 1) < 100:
        text = admin.get(path).text
        seen += re.findall(r'/admin/staff/\d+">([^<]+)<', text)
        onward = re.search(r'href="(/admin/staff\?after=[^"]+)" rel="next"', text)
        path = onward[1] if onward else ""
    with app.app_context():
        assert seen == db.session.scalars(select(Staff.login).order_by(Staff.login)).all()
    assert admin.get("/admin/staff?after=%00").status_code == 200


def test_an_account_that_is_not_there(admin):
    assert admin.get("/admin/staff/999999").status_code == 404
    assert admin.post("/admin/staff/999999/disable", {"version": 1}).status_code == 404


@pytest.mark.parametrize(
    "login", ["operator", "dispatcher", "handler-urban", "lead-wanghe", "supervisor", "leader", "auditor", None]
)
def test_nobody_else_enters(app, new_browser, new_staff, login: str | None):
    browser, someone = new_browser(), new_staff()
    if login:
        browser.sign_in(login)
    status = 403 if login else 302
    for path in ("/admin/staff", "/admin/staff/new", f"/admin/staff/{someone.id}"):
        assert browser.get(path).status_code == status
    fields = {"login": "thief", "name": "x", "role": "administrator", "unit": "", "version": someone.version}
    verbs = [f"/{someone.id}/{verb}" for verb in ("roles", "disable", "enable", "reset")]
    for path in (f"/admin/staff{end}" for end in ("", *verbs)):
        assert browser.post(path, fields).status_code == status
    assert person(app, someone.id).version == someone.version


def test_no_reading_changes_anything(admin, app, new_staff):
    someone = new_staff()
    for verb in ("roles", "disable", "enable", "reset"):
        assert admin.get(f"/admin/staff/{someone.id}/{verb}").status_code == 405
    assert person(app, someone.id).version == someone.version
