"""Accounts from the command line, and the demo city's staff."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app.auth.commands import demo_accounts
from app.auth.models import Role, Staff
from app.auth.signing_in import DEMO_PASSWORD
from app.outbox import unit_of_work
from db import db
from routing.models import Department

TOKEN = re.compile(r"token: ([a-z2-7-]+)")


@pytest.fixture
def run(app):
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(args=["staff", *words])


def test_the_first_administrator_comes_by_a_token(app, browser, run):
    refused = run("first-admin")
    assert refused.exit_code != 0 and "administrator already" in refused.output
    printed = run("first-admin", "--force")
    assert printed.exit_code == 0 and "http://127.0.0.1/enrol within 24 hours" in printed.output
    token = TOKEN.search(printed.output)[1]
    fields = {"token": token, "password": "a-lamp-by-the-river", "again": "a-lamp-by-the-river"}
    assert browser.post("/enrol", fields).status_code == 422
    assert browser.post("/enrol", fields | {"login": "the-first", "name": "第一位"}).status_code == 303
    assert browser.sign_in("the-first", "a-lamp-by-the-river").location == "/admin"
    assert run("disable", "the-first").exit_code == 0


def test_listing_resetting_and_disabling(app, browser, new_staff, run):
    login = new_staff().login
    assert re.search(rf"^{login}\t某某\tactive\toperator$", run("list").output, re.M)
    printed = run("reset", login.upper())
    assert "within 30 minutes" in printed.output and TOKEN.search(printed.output)
    assert f"{login}\t某某\tno password" in run("list").output
    assert browser.sign_in(login).status_code == 401
    assert run("disable", login).exit_code == 0
    assert f"{login}\t某某\tdisabled" in run("list").output


@pytest.mark.parametrize("command", ["reset", "disable"])
def test_who_is_not_there_is_named(run, command: str):
    answer = run(command, "nobody")
    assert answer.exit_code != 0 and "no account nobody" in answer.output


def test_the_demo_city_has_every_role_and_units_of_every_level(app, session):
    with unit_of_work() as now:
        rows = demo_accounts(db.session(), now)
    roles = Counter(role for _, role, _ in rows)
    assert set(roles) == set(db.session.scalars(select(Role.code)))
    assert roles["operator"] >= 2 and roles["handler"] >= 4
    units = {unit for _, role, unit in rows if role == "handler"}
    found = db.session.execute(select(Department.level, Department.kind).where(Department.name.in_(units))).all()
    assert {row.level for row in found} == {1, 2, 3, 4}
    assert {"bureau", "utility", "town"} <= {row.kind for row in found}


def test_making_the_demo_staff_twice_makes_them_once(app, session):
    before = db.session.scalar(select(func.count()).select_from(Staff))
    db.session.rollback()
    with unit_of_work() as now:
        first = demo_accounts(db.session(), now)
    with unit_of_work() as now:
        assert demo_accounts(db.session(), now) == first
    assert db.session.scalar(select(func.count()).select_from(Staff)) == before


def test_every_demo_account_can_sign_in(app, new_browser):
    with app.app_context(), unit_of_work() as now:
        logins = [login for login, _, _ in demo_accounts(db.session(), now)]
    for login in logins:
        assert new_browser().sign_in(login, DEMO_PASSWORD).status_code == 303


def test_no_demo_staff_in_production(app, session, monkeypatch):
    production = replace(app.extensions["hotline"], env="production")
    monkeypatch.setitem(app.extensions, "hotline", production)
    with pytest.raises(RuntimeError), unit_of_work() as now:
        demo_accounts(db.session(), now)
