"""The verbs on accounts, and one-time tokens."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from app.auth import accounts, passwords, queries, tokens
from app.auth.accounts import CONSOLE
from app.auth.models import OneTimeToken, RoleMembership, Staff
from app.outbox import unit_of_work
from db import db
from routing.models import Department
from tickets import errors
from tickets.event_models import TicketEvent
from tickets.permissions import Actor

GOOD = "a-lamp-by-the-river"
NO_TOKENS = ["", " ", "\t", "0", "null", "None", "undefined", "[]", "-----", "a" * 26, "\x00" * 26, "７" * 26]


def create(now: datetime, login: str = "new-person", **changes: object) -> tuple[int, str]:
    values = {"login": login, "name": "新人", "memberships": [("operator", None)]} | changes
    return accounts.create_staff(CONSOLE, now, **values)


def faults(refused: pytest.ExceptionInfo) -> dict[str, str]:
    return refused.value.values["fields"]


@pytest.fixture
def unit(session: None) -> int:
    return db.session.scalars(select(Department.id).where(Department.code == "9901.urban")).one()


def test_a_new_account_is_opened_by_its_token(now: datetime):
    staff_id, token = create(now)
    assert db.session.get_one(Staff, staff_id).password_hash is None
    assert accounts.redeem_token(now, token, GOOD) == staff_id
    assert passwords.is_right(db.session.get_one(Staff, staff_id).password_hash, GOOD)


@pytest.mark.parametrize(
    "login", ["operator", "dispatcher", "handler-urban", "lead-wanghe", "supervisor", "leader", "auditor"]
)
def test_only_who_administers_accounts_may(now: datetime, actor_of: Callable[[str], Actor], login: str):
    staff_id, _ = create(now)
    stranger = actor_of(login)
    new = {"login": "x-y", "name": "x", "memberships": [("auditor", None)]}
    for verb in (
        lambda: accounts.create_staff(stranger, now, **new),
        lambda: accounts.set_roles(stranger, now, staff_id, 1, [("administrator", None)]),
        lambda: accounts.disable(stranger, now, staff_id, 1),
        lambda: accounts.enable(stranger, now, staff_id, 1),
        lambda: accounts.reset(stranger, now, staff_id),
        lambda: accounts.issue_first_admin(stranger, now, force=True),
    ):
        with pytest.raises(errors.Forbidden):
            verb()
    accounts.disable(actor_of("admin"), now, staff_id, 1)


@pytest.mark.parametrize(
    ("login", "fault"),
    [
        ("", "missing"), ("  ", "missing"), ("x", "login_shape"), ("-ab", "login_shape"), ("a b", "login_shape"),
        ("张三", "login_shape"), ("a" * 41, "login_shape"), ("ab\x00", "login_shape"), ("operator", "taken"),
        ("OPERATOR", "taken"), ("<script>", "login_shape"),
    ],
)  # fmt: skip
def test_logins_that_are_refused(now: datetime, login: str, fault: str):
    with pytest.raises(errors.Invalid) as refused:
        create(now, login)
    assert faults(refused) == {"login": fault}


@pytest.mark.parametrize(
    ("name", "fault"),
    [("", "missing"), ("x" * 61, "too_long"), ("a\x00b", "unreadable"), ("a\u202eb", "unreadable")],
)
def test_names_that_are_refused(now: datetime, name: str, fault: str):
    with pytest.raises(errors.Invalid) as refused:
        create(now, name=name)
    assert faults(refused) == {"name": fault}


def test_roles_are_checked_against_the_table_and_the_units(now: datetime, unit: int):
    for memberships, fault in (
        ([], "missing"),
        ([("emperor", None)], "unknown"),
        ([("handler", None)], "unit_missing"),
        ([("department_lead", None)], "unit_missing"),
        ([("operator", unit)], "unit_not_wanted"),
        ([("handler", 999_999)], "unknown"),
    ):
        with pytest.raises(errors.Invalid) as refused:
            create(now, memberships=memberships)
        assert faults(refused) == {"roles": fault}
    db.session.get_one(Department, unit).is_active = False
    with pytest.raises(errors.Invalid):
        create(now, memberships=[("handler", unit)])


def test_a_role_is_held_once_however_often_it_is_chosen(now: datetime, unit: int):
    staff_id, _ = create(now, memberships=[("handler", unit), ("handler", unit), ("operator", None)])
    held = queries.person(staff_id).held
    assert [(one.role, one.unit_id) for one in held] == [("handler", unit), ("operator", None)]


def test_each_change_is_recorded_with_ids_and_codes_only(now: datetime, unit: int):
    staff_id, token = create(now)
    accounts.redeem_token(now, token, GOOD)
    person = db.session.get_one(Staff, staff_id)
    accounts.set_roles(CONSOLE, now, staff_id, person.version, [("handler", unit), ("auditor", None)])
    accounts.disable(CONSOLE, now, staff_id, person.version)
    accounts.enable(CONSOLE, now, staff_id, person.version)
    accounts.reset(CONSOLE, now, staff_id, person.version)
    db.session.flush()
    rows = db.session.execute(
        select(TicketEvent.kind, TicketEvent.version, TicketEvent.payload, TicketEvent.rooms_after)
        .where(TicketEvent.subject == "staff", TicketEvent.subject_id == staff_id)
        .order_by(TicketEvent.id)
    ).all()
    assert [tuple(row) for row in rows] == [
        ("staff.created", 1, {"roles": ["operator"]}, []),
        ("staff.changed", 2, {"changed": ["password"]}, []),
        ("staff.changed", 3, {"changed": ["roles"], "roles": ["auditor", f"handler@{unit}"]}, []),
        ("staff.disabled", 4, {}, []),
        ("staff.enabled", 5, {}, []),
        ("staff.reset", 6, {}, []),
    ]


def test_a_page_seen_before_a_change_changes_nothing(now: datetime):
    staff_id, _ = create(now)
    accounts.set_roles(CONSOLE, now, staff_id, 1, [("auditor", None)])
    for verb in (
        lambda: accounts.set_roles(CONSOLE, now, staff_id, 1, [("leader", None)]),
        lambda: accounts.disable(CONSOLE, now, staff_id, 1),
        lambda: accounts.reset(CONSOLE, now, staff_id, 1),
    ):
        with pytest.raises(errors.Stale):
            verb()
    assert [one.role for one in queries.person(staff_id).held] == ["auditor"]


def test_disabling_and_enabling_twice(now: datetime):
    staff_id, _ = create(now)
    accounts.disable(CONSOLE, now, staff_id, 1)
    for verb in (accounts.disable, accounts.reset):
        with pytest.raises(errors.NotNow):
            verb(CONSOLE, now, staff_id, 2)
    accounts.enable(CONSOLE, now, staff_id, 2)
    with pytest.raises(errors.NotNow):
        accounts.enable(CONSOLE, now, staff_id, 3)


def test_an_account_that_is_not_there(now: datetime):
    with pytest.raises(errors.NotFound):
        accounts.disable(CONSOLE, now, 999_999, 1)
    with pytest.raises(errors.NotFound):
        accounts.actor_by_login("nobody")


def test_the_last_administrator_stays(now: datetime):
    admin = db.session.scalars(select(Staff).where(Staff.login == "admin")).one()
    # Other tests on this database may have left administrators of their own.
    db.session.execute(update(Staff).where(Staff.id != admin.id).values(disabled_at=now))
    for verb in (
        lambda: accounts.disable(CONSOLE, now, admin.id, admin.version),
        lambda: accounts.set_roles(CONSOLE, now, admin.id, admin.version, [("auditor", None)]),
    ):
        with pytest.raises(errors.Invalid) as refused, db.session.begin_nested():
            verb()
        assert faults(refused) == {"roles": "last_administrator"}
        db.session.refresh(admin)
    create(now, memberships=[("administrator", None)])
    accounts.disable(CONSOLE, now, admin.id, admin.version)


@pytest.fixture
def no_other_administrators(app) -> Iterator[None]:
    """Sets aside all accounts there are, and brings them back."""

    def shut(moment: object) -> None:
        with app.app_context(), unit_of_work():
            chosen = update(Staff).where(Staff.id.in_(active))
            db.session.execute(chosen.values(disabled_at=moment))

    with app.app_context():
        active = db.session.scalars(select(Staff.id).where(Staff.disabled_at.is_(None))).all()
    shut(func.clock_timestamp())
    yield
    shut(None)


@pytest.mark.usefixtures("no_other_administrators")
def test_two_administrators_cannot_remove_each_other_at_once(app, new_staff):
    people = [new_staff(("administrator", None)) for _ in range(2)]
    gate, refused = threading.Barrier(2), []

    def remove(person: Staff) -> None:
        with app.app_context():
            gate.wait()
            try:
                with unit_of_work() as now:
                    accounts.disable(CONSOLE, now, person.id, person.version)
            except errors.Invalid as fault:
                refused.append(fault.values["fields"])

    threads = [threading.Thread(target=remove, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == [{"roles": "last_administrator"}]


@pytest.mark.parametrize("token", NO_TOKENS)
def test_what_is_no_token_opens_nothing(now: datetime, token: str):
    create(now)
    accounts.issue_first_admin(CONSOLE, now, force=True)
    with pytest.raises(errors.Invalid) as refused:
        accounts.redeem_token(now, token, GOOD, login="thief", name="x")
    assert faults(refused)["token"] in ("missing", "bad_token")


def test_a_token_works_once(now: datetime):
    staff_id, token = create(now)
    accounts.redeem_token(now, token, GOOD)
    kept = db.session.get_one(Staff, staff_id).password_hash
    with pytest.raises(errors.Invalid) as refused:
        accounts.redeem_token(now, token, "another-lamp-by-the-sea")
    assert faults(refused) == {"token": "bad_token"}
    assert db.session.get_one(Staff, staff_id).password_hash == kept


def test_a_refused_password_does_not_use_the_token_up(now: datetime):
    _, token = create(now)
    with pytest.raises(errors.Invalid) as refused:
        accounts.redeem_token(now, token, "short")
    assert faults(refused) == {"password": "too_short"}
    accounts.redeem_token(now, token, GOOD)


def test_tokens_end(now: datetime):
    staff_id, token = create(now)
    with pytest.raises(errors.Invalid):
        accounts.redeem_token(now + timedelta(hours=24), token, GOOD)
    accounts.redeem_token(now + timedelta(hours=24, seconds=-1), token, GOOD)
    reset = accounts.reset(CONSOLE, now, staff_id)
    with pytest.raises(errors.Invalid):
        accounts.redeem_token(now + timedelta(minutes=30), reset, GOOD)
    accounts.redeem_token(now + timedelta(minutes=29), reset, GOOD)


def test_a_newer_token_voids_the_older(now: datetime):
    staff_id, token = create(now)
    newer = accounts.reset(CONSOLE, now, staff_id)
    with pytest.raises(errors.Invalid):
        accounts.redeem_token(now, token, GOOD)
    accounts.redeem_token(now, newer, GOOD)


def test_a_disabled_account_loses_its_token(now: datetime):
    staff_id, token = create(now)
    accounts.disable(CONSOLE, now, staff_id, 1)
    with pytest.raises(errors.Invalid):
        accounts.redeem_token(now, token, GOOD)


def test_a_token_may_be_typed_with_or_without_its_hyphens(now: datetime):
    _, token = create(now)
    assert re.fullmatch(r"[a-z2-7]{5}(-[a-z2-7]{5}){4}-[a-z2-7]", token)
    accounts.redeem_token(now, f" {token.replace('-', ' ').upper()} ", GOOD)


def test_only_a_hash_of_it_is_stored(now: datetime):
    staff_id, token = create(now)
    db.session.flush()
    row = db.session.scalars(select(OneTimeToken).where(OneTimeToken.staff_id == staff_id)).one()
    assert row.token_hash == tokens.typed_hash(token) and len(row.token_hash) == 32
    with pytest.raises(errors.Invalid):
        accounts.redeem_token(now, row.token_hash.hex()[:26], GOOD)


def test_the_first_administrator_makes_their_own_account(now: datetime):
    token = accounts.issue_first_admin(CONSOLE, now, force=True)
    with pytest.raises(errors.Invalid) as refused:
        accounts.redeem_token(now, token, GOOD)
    assert faults(refused) == {"login": "missing", "name": "missing"}
    staff_id = accounts.redeem_token(now, token, GOOD, login="first-one", name="第一位")
    held = db.session.scalars(select(RoleMembership.role_code).where(RoleMembership.staff_id == staff_id)).all()
    assert held == ["administrator"]


def test_a_newer_token_for_a_first_administrator_voids_the_older(now: datetime):
    older, newer = (accounts.issue_first_admin(CONSOLE, now, force=True) for _ in range(2))
    _, enrolment = create(now)
    with pytest.raises(errors.Invalid) as refused:
        accounts.redeem_token(now, older, GOOD, login="too-late", name="甲")
    assert faults(refused) == {"token": "bad_token"}
    accounts.redeem_token(now, newer, GOOD, login="in-time", name="乙")
    accounts.redeem_token(now, enrolment, GOOD)


def test_one_first_administrator_voids_the_tokens_for_others(now: datetime):
    first = accounts.issue_first_admin(CONSOLE, now, force=True)
    other = tokens.new_typed_token()
    values = {"purpose": accounts.FIRST_ADMIN, "forced": True, "expires_at": now + timedelta(hours=1)}
    db.session.add(OneTimeToken(token_hash=tokens.typed_hash(other), **values))
    accounts.redeem_token(now, first, GOOD, login="the-first", name="甲")
    with pytest.raises(errors.Invalid):
        accounts.redeem_token(now, other, GOOD, login="the-second", name="乙")


def test_a_token_that_was_not_forced_makes_no_second_administrator(now: datetime):
    people = update(Staff).where(Staff.disabled_at.is_(None)).returning(Staff.id)
    shut = db.session.scalars(people.values(disabled_at=now)).all()
    token = accounts.issue_first_admin(CONSOLE, now)
    with db.session.begin_nested() as meanwhile:
        db.session.execute(update(Staff).where(Staff.id.in_(shut)).values(disabled_at=None))
        with pytest.raises(errors.Invalid) as refused:
            accounts.redeem_token(now, token, GOOD, login="one-more", name="甲")
        assert faults(refused) == {"token": "bad_token"}
        meanwhile.rollback()
    accounts.redeem_token(now, token, GOOD, login="the-first", name="乙")


def test_no_first_administrator_where_there_is_one(now: datetime):
    with pytest.raises(errors.NotNow):
        accounts.issue_first_admin(CONSOLE, now)


def test_an_enrolment_token_makes_no_administrator(now: datetime):
    staff_id, token = create(now)
    assert accounts.redeem_token(now, token, GOOD, login="thief", name="x") == staff_id
    assert [one.role for one in queries.person(staff_id).held] == ["operator"]


def test_tokens_long_past_are_swept(now: datetime):
    staff_id, _ = create(now)
    db.session.flush()
    mine = select(OneTimeToken).where(OneTimeToken.staff_id == staff_id)
    accounts.sweep_tokens(now + timedelta(hours=47))
    assert db.session.scalars(mine).one()
    accounts.sweep_tokens(now + timedelta(hours=49))
    db.session.expire_all()
    assert db.session.scalars(mine).one_or_none() is None
