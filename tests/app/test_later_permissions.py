"""Permissions that came after a city was set up: its roles get those that ship, and lose none they were given."""

from pathlib import Path

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import create_engine, text

from app.auth.roles import SHIPPED
from db import db

MIGRATIONS = str(Path(__file__).parents[2] / "migrations")
BEFORE, AFTER = "0010", "head"
LATER = {"supervisor": "export.approve", "department_lead": "canned.edit", "leader": "order.issue"}


def roles(managed: Flask, change: str = "") -> dict[str, list[str]]:
    engine = create_engine(managed.extensions["hotline"].database_owner_url)
    with engine.begin() as connection:
        if change:
            connection.execute(text(change))
        rows = connection.execute(text("SELECT code, permissions FROM role"))
        found = {row.code: row.permissions for row in rows}
    engine.dispose()
    return found


def test_roles_that_ship_them_get_them_once_and_others_stay_as_they_are(managed: Flask):
    shipped = {role.code: sorted(role.permissions) for role in SHIPPED}
    for code, permission in LATER.items():
        take = f"UPDATE role SET permissions = array_remove(permissions, '{permission}') WHERE code = '{code}'"  # noqa: S608  names of this file
        before = roles(managed, take)
    assert all(permission not in before[code] for code, permission in LATER.items())
    with managed.app_context():
        db.engine.dispose()
        downgrade(directory=MIGRATIONS, revision=BEFORE)
        upgrade(directory=MIGRATIONS, revision=AFTER)
    after = roles(managed)
    assert {code: after[code] for code in shipped} == shipped
    with managed.app_context():
        db.engine.dispose()
        downgrade(directory=MIGRATIONS, revision=BEFORE)
        upgrade(directory=MIGRATIONS, revision=AFTER)
    assert roles(managed) == after
