"""Accounts from the command line: the first administrator, help for the locked out, the demo city's staff."""

from datetime import datetime
from functools import cache

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth import accounts, factors, passwords, queries
from app.auth.accounts import CONSOLE
from app.auth.models import Staff
from app.auth.signing_in import DEMO_PASSWORD
from app.outbox import unit_of_work
from routing.models import Department
from tickets import errors

staff_commands = AppGroup("staff", help="Accounts of the people who work here.")

DEMO_STAFF = (
    # login, name, role, code of the unit
    ("operator", "话务员甲", "operator", None),
    ("operator2", "话务员乙", "operator", None),
    # These answer the telephone of a rush hour by themselves.
    ("operator3", "话务员丙", "operator", None),
    ("operator4", "话务员丁", "operator", None),
    ("operator5", "话务员戊", "operator", None),
    ("operator6", "话务员己", "operator", None),
    ("dispatcher", "派单员", "dispatcher", None),
    ("handler-urban", "市城管局承办员", "handler", "9901.urban"),
    ("handler-housing", "市住建局承办员", "handler", "9901.housing"),
    ("handler-heat", "热力公司承办员", "handler", "9901.heat"),
    ("handler-wanghe-urban", "望河区城管局承办员", "handler", "990102.urban"),
    ("handler-wanghe-housing", "望河区住建局承办员", "handler", "990102.housing"),
    ("handler-mingde", "明德街道承办员", "handler", "990102001.gov"),
    ("handler-shuyuan", "书院社区承办员", "handler", "990102001001.gov"),
    ("lead-wanghe", "望河区负责人", "department_lead", "990102.gov"),
    ("lead-yundi", "云堤区负责人", "department_lead", "990103.gov"),
    ("lead-haijia", "海岬区负责人", "department_lead", "990104.gov"),
    ("lead-qinghe", "青禾县负责人", "department_lead", "990121.gov"),
    ("lead-anlan", "安澜县负责人", "department_lead", "990122.gov"),
    ("lead-city", "市政府办负责人", "department_lead", "9901.office"),
    ("supervisor", "督办员", "supervisor", None),
    ("admin", "系统管理员", "administrator", None),
    ("office", "市政府办公室督查", "city_office", None),
    ("leader", "市领导", "leader", None),
    ("auditor", "审计员", "auditor", None),
)


@staff_commands.command("first-admin")
@click.option("--force", is_flag=True, help="Also where there is an administrator already.")
def first_admin(force: bool) -> None:
    """Print a one-time token that makes an administrator."""
    try:
        with unit_of_work() as now:
            token = accounts.issue_first_admin(CONSOLE, now, force)
    except errors.NotNow:
        raise click.ClickException(
            "there is an administrator already, who can make another; if nobody can sign in, "
            "use 'staff reset LOGIN', or --force."
        ) from None
    _show_token(token, accounts.FIRST_ADMIN)


@staff_commands.command("list")
def list_staff() -> None:
    """Print every account: login, name, state, roles."""
    after: str | None = ""
    while after is not None:
        with unit_of_work():
            people, after = queries.staff_page(after)
        for person in people:
            state = "disabled" if person.disabled_at else "active" if person.has_password else "no password"
            roles = ", ".join(f"{held.role} {held.unit}".strip() for held in person.held)
            click.echo(f"{person.login}\t{person.name}\t{state}\t{roles}")


@staff_commands.command("reset")
@click.argument("login")
def reset(login: str) -> None:
    """Void the password and sessions of LOGIN, and print a one-time token for a new password."""
    try:
        with unit_of_work() as now:
            person = queries.person_by_login(accounts.normal_login(login))
            token = accounts.reset(CONSOLE, now, person.id)
    except errors.TicketError as fault:
        raise _refused(login, fault) from None
    _show_token(token, accounts.RESET if person.has_password else accounts.ENROL)


@staff_commands.command("reset-factor")
@click.argument("login")
def reset_factor(login: str) -> None:
    """Take away the second factor of LOGIN, and end the sessions: for who lost telephone and recovery codes."""
    try:
        with unit_of_work() as now:
            person = queries.person_by_login(accounts.normal_login(login))
            factors.reset(CONSOLE, now, person.id)
    except errors.NotNow:
        raise click.ClickException(f"{login} has no second factor.") from None
    except errors.TicketError as fault:
        raise _refused(login, fault) from None
    click.echo(f"{person.login} signs in with the password alone, or sets up a new second factor.")


@staff_commands.command("disable")
@click.argument("login")
def disable(login: str) -> None:
    """Shut LOGIN out at once."""
    try:
        with unit_of_work() as now:
            person = queries.person_by_login(accounts.normal_login(login))
            accounts.disable(CONSOLE, now, person.id, person.version)
    except errors.TicketError as fault:
        raise _refused(login, fault) from None
    click.echo(f"{person.login} is disabled.")


def _refused(login: str, fault: errors.TicketError) -> click.ClickException:
    sentences = {
        "not_found": f"there is no account {login}: see 'staff list'.",
        "not_now": f"{login} is disabled already.",
        "invalid": f"{login} is the last administrator: make another first.",
    }
    return click.ClickException(sentences.get(fault.code, fault.code))


def _show_token(token: str, purpose: str) -> None:
    base = current_app.extensions["hotline"].public_base_url.rstrip("/")
    click.echo(f"token: {token}")
    minutes = int(accounts.LIFE[purpose].total_seconds() // 60)
    span = f"{minutes // 60} hours" if minutes > 120 else f"{minutes} minutes"
    click.echo(f"Enter it at {base}/enrol within {span}. It works once.")


def demo_accounts(session: Session, now: datetime) -> list[tuple[str, str, str]]:
    """Make the demo city's staff where they are missing; returns (login, role, name of the unit or empty).

    All have DEMO_PASSWORD. Raises RuntimeError where the password is not to be known to everybody.
    """
    if current_app.extensions["hotline"].env not in ("demo", "test"):
        raise RuntimeError("demo accounts are for the demo city only")
    units = {unit.code: unit for unit in session.scalars(select(Department))}
    present = set(session.scalars(select(Staff.login)))
    for login, name, role, code in DEMO_STAFF:
        if login not in present:
            _add_demo(session, now, login, name, (role, units[code].id if code else None))
    return [(login, role, units[code].name if code else "") for login, _, role, code in DEMO_STAFF]


def _add_demo(session: Session, now: datetime, login: str, name: str, held: accounts.Membership) -> None:
    staff_id, _ = accounts.create_staff(CONSOLE, now, login=login, name=name, memberships=[held])
    accounts.void_tokens(staff_id)
    session.get_one(Staff, staff_id).password_hash = demo_hash()


@cache
def demo_hash() -> str:
    """One hash for all of them: the password is no secret."""
    return passwords.hashed(DEMO_PASSWORD)
