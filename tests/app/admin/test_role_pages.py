"""Roles: their rights in words, changed for everybody's next request, and never without an administrator."""

import pytest

from app.auth.models import Role
from app.auth.rights import GRANTABLE
from app.auth.roles import SHIPPED
from app.auth.wording import PERMISSIONS
from db import db


def rights(office, code: str) -> set[str]:
    with office.app.app_context():
        return set(db.session.get_one(Role, code).permissions)


def test_every_right_has_words():
    assert PERMISSIONS.keys() == GRANTABLE


def test_the_list_tells_each_role_and_its_rights(office):
    page = office.get("/admin/roles").text
    assert all(f">{role.code}</span>" in page for role in SHIPPED)
    office.browser.get("/?lang=en")
    assert "Dispatch tickets to units" in office.get("/admin/roles?lang=en").text


def test_a_right_is_had_from_the_next_request(office, new_browser, new_staff):
    person, seer = new_browser(), new_browser()
    person.sign_in(new_staff(("leader", None)).login)
    seer.sign_in(new_staff(("auditor", None)).login)
    assert person.get("/admin/units").status_code == 403
    held = sorted(rights(office, "leader") | {"admin.directory"})
    assert office.send("/admin/roles/leader", permissions=held).status_code == 303
    assert person.get("/admin/units").status_code == 200
    told = office.last_edit().payload
    assert (told["what"], told["key"]) == ("role", "leader") and "admin.directory" in told["after"]["permissions"]
    office.send("/admin/roles/leader", permissions=["reports.read"])
    assert person.get("/account").status_code == 302, "a screen that listens must not go on hearing"
    assert seer.get("/account").status_code == 200


def test_a_city_splits_the_supervisor(office):
    fields = {"code": "reviewer", "name": "审核员", "reach": "city", "permissions": ["see.city", "ticket.review"]}
    assert office.send("/admin/roles", **fields).location == "/admin/roles/reviewer"
    assert rights(office, "reviewer") == {"see.city", "ticket.review"}
    made = {"login": "page-reviewer", "name": "某审核", "role": "reviewer", "unit": ""}
    assert office.browser.post("/admin/staff", made).status_code == 200
    assert "审核员" in office.get("/admin/staff").text


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"code": "leader"}, "code"),
        ({"code": "Bad Code"}, "code"),
        ({"name": ""}, "name"),
        ({"permissions": []}, "permissions"),
        ({"permissions": ["ticket.route"]}, "permissions"),
        ({"reach": "moon"}, "reach"),
    ],
)
def test_what_does_not_fit_is_refused_and_stays_typed(office, fields, field):
    given = {"code": "odd_role", "name": "某角色", "reach": "city", "permissions": ["see.own"]} | fields
    answer = office.send("/admin/roles", **given)
    assert answer.status_code == 422 and f'id="{field}-fault"' in answer.text
    assert field == "name" or 'value="某角色"' in answer.text


def test_the_last_role_that_may_administer_keeps_it(office):
    answer = office.send("/admin/roles/administrator", permissions=["admin.directory"])
    assert answer.status_code == 422 and 'id="permissions-fault"' in answer.text
    fields = {"code": "registrar", "name": "账号管理员", "reach": "city", "permissions": ["admin.staff"]}
    office.send("/admin/roles", **fields)
    answer = office.send("/admin/roles/administrator", permissions=["admin.directory"])
    assert answer.status_code == 422, "another role has it, but nobody holds that role"
    assert "admin.staff" in rights(office, "administrator")


def test_who_comes_second_is_told_and_keeps_the_ticks(office):
    path = "/admin/roles/dispatcher"
    old = office.form(path).filled(permissions=["see.own", "ticket.refer"])
    office.send(path, permissions=["ticket.dispatch", "see.triage"])
    answer = office.post(old)
    assert answer.status_code == 409 and 'value="ticket.refer" checked' in answer.text
    assert rights(office, "dispatcher") == {"ticket.dispatch", "see.triage"}
    assert office.get("/admin/roles/nothing").status_code == 404
