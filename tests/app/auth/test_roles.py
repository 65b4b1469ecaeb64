"""The shipped roles: what they may, and for whom they work."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.auth.models import Role
from app.auth.roles import SHIPPED, seed_roles
from db import db
from routing.models import Department
from tickets.lifecycle import PERMISSIONS
from tickets.permissions import Actor, rooms_of


def test_roles_hold_only_permissions_that_exist():
    for role in SHIPPED:
        assert role.permissions <= PERMISSIONS, role.code


def test_every_permission_of_staff_is_held_by_some_role():
    # Routing, escalation and rating are not done by staff.
    machines_and_citizens = {
        "ticket.route", "ticket.escalate", "ticket.rate", "ticket.give", "ticket.archive", "ticket.appeal",
    }  # fmt: skip
    held = frozenset().union(*(role.permissions for role in SHIPPED))
    assert held == PERMISSIONS - machines_and_citizens


def test_who_administers_sees_no_tickets_and_who_audits_no_contacts():
    by_code = {role.code: role.permissions for role in SHIPPED}
    assert not any(name.startswith(("see.", "ticket.", "contact.")) for name in by_code["administrator"])
    assert "contact.reveal" not in by_code["auditor"]
    assert {role.code for role in SHIPPED if "admin.staff" in role.permissions} == {"administrator"}


def test_seeding_again_keeps_what_a_city_changed(session: None):
    changed = db.session.get_one(Role, "leader")
    changed.permissions = ["see.city"]
    db.session.flush()
    seed_roles(db.session())
    db.session.expire_all()
    assert db.session.get_one(Role, "leader").permissions == ["see.city"]
    assert len(db.session.scalars(select(Role)).all()) == len(SHIPPED)


@pytest.fixture
def district(session: None) -> Department:
    return db.session.scalars(select(Department).where(Department.code == "990102.gov")).one()


def test_a_lead_works_for_the_units_below_and_not_beside(
    actor_of: Callable[[str], Actor], district: Department
):
    departments = actor_of("lead-wanghe").departments
    codes = dict(db.session.execute(select(Department.id, Department.code)).all())
    assert district.id in departments
    led = {codes[unit] for unit in departments}
    assert {"990102.urban", "990102.traffic", "990102001.gov", "990102001001.gov"} <= led
    assert not {"990103.gov", "990103.urban", "9901.office", "9901.urban"} & led


def test_a_handler_works_for_one_unit(session: None, actor_of: Callable[[str], Actor]):
    actor = actor_of("handler-wanghe-urban")
    assert len(actor.departments) == 1
    assert rooms_of(actor) == {f"dept:{unit}" for unit in actor.departments}


def test_only_leads_of_units_see_confidential_matters(session: None, actor_of: Callable[[str], Actor]):
    assert any(room.endswith("/c") for room in rooms_of(actor_of("lead-wanghe")))
    assert not any(room.endswith("/c") for room in rooms_of(actor_of("handler-urban")))
