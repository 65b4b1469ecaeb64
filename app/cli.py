"""The command line: prepare the database, check it, import another line's records, manage accounts,
count a due time, print the transition table."""

import sys
from pathlib import Path

import click
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from app import database
from app.auth.commands import demo_accounts, staff_commands
from app.auth.roles import seed_roles
from app.auth.signing_in import DEMO_PASSWORD
from app.checking import check_command
from app.contacts import contact_commands
from app.demo.commands import demo_commands
from app.demo.history import play_history
from app.demonstration import is_demo_city
from app.due import due_command
from app.importing import import_commands
from app.lifecycle_page import lifecycle_command
from app.outbox import unit_of_work
from app.voice.commands import phone_commands
from calls.lines import seed_demo
from db import db
from routing.seed import seed


def register_commands(app: Flask) -> None:
    """Attach all commands to the application."""
    for command in (
        prepare, check_command, import_commands, staff_commands, phone_commands, demo_commands, due_command,
        contact_commands, lifecycle_command,
    ):  # fmt: skip
        app.cli.add_command(command)


@click.command("prepare")
@click.option("--demo/--no-demo", default=False, help="The demo city with accounts, or an empty city.")
@with_appcontext
def prepare(demo: bool) -> None:
    """Bring the database to what this version needs. Quick when there is nothing to do."""
    config = current_app.extensions["hotline"]
    if demo and config.is_production:
        raise click.ClickException("The demo city has known passwords: not with HOTLINE_ENV=production.")
    try:
        _check_server(config.is_production)
        migrate_to_head()
    except OperationalError as fault:
        raise click.ClickException(f"The database does not answer: {str(fault.orig).strip()}") from fault
    accounts = seed_all(demo)
    if accounts and config.demo_pace:
        with unit_of_work() as now:
            play_history(now, current_app.extensions["vault"])
    _welcome(Path(config.data_dir), accounts)


def migrate_to_head() -> None:
    """Run the migrations that are missing, as the owner."""
    head = ScriptDirectory(_migrations()).get_current_head()
    engine = create_engine(current_app.extensions["hotline"].database_owner_url)
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    engine.dispose()
    if present != head:
        click.echo("migrating the database ...")
        upgrade(directory=_migrations())


def _migrations() -> str:
    return str(Path(current_app.root_path).parent / "migrations")


def seed_all(demo: bool) -> list[tuple[str, str, str]]:
    """Reference data and roles where there are none; demo accounts with the demo city, and in no other."""
    with unit_of_work() as now:
        seed(db.session(), demo=demo)
        seed_roles(db.session())
        if not (demo and is_demo_city()):
            return []
        seed_demo(db.session())
        return demo_accounts(db.session(), now)


def _check_server(production: bool) -> None:
    server = database.look()
    if server.version < database.OLDEST_POSTGRES:
        raise click.ClickException(
            f"PostgreSQL {server.version} is too old: use {database.OLDEST_POSTGRES} or later, "
            "or unset DATABASE_URL."
        )
    if production and server.fault:
        raise click.ClickException(server.fault)
    if server.carelessness:
        click.echo(f"warning: {server.carelessness}", err=True)


def _welcome(data: Path, accounts: list[tuple[str, str, str]]) -> None:
    """Leave what `hotline up` prints once everything is ready."""
    lines = [f"  {login:<24}{role:<18}{unit}" for login, role, unit in accounts]
    if lines:
        lines = [f"sign in with password {DEMO_PASSWORD} as", *(line.rstrip() for line in lines)]
    else:
        lines = ["no accounts yet? make the first administrator: ./hotline flask staff first-admin"]
    try:
        (data / "run").mkdir(parents=True, exist_ok=True)
        (data / "run" / "demo").unlink(missing_ok=True)
        if accounts:
            (data / "run" / "demo").touch()  # by this `hotline up` knows that there is something to play
        (data / "run" / "welcome.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as fault:
        click.echo(f"note: {data}/run/welcome.txt not written: {fault.strerror}", err=True)
        sys.stdout.write("\n".join(lines) + "\n")
