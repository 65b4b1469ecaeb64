"""`prepare`: brings a database to what this version needs, and refuses what would lose complaints."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from databases import clone_database
from flask import Flask
from sqlalchemy import create_engine, func, select, text

from app import database
from app.auth.models import Staff
from db import db
from manage import create_app
from routing.models import Department, Region


def _prepare(app: Flask, *options: str) -> Result:
    return app.test_cli_runner().invoke(args=["prepare", *options])


def _count(app: Flask, model: type) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
def empty(worker_id: str, config, tmp_path: Path):
    """The application on a database in which nothing is."""
    addresses = clone_database(f"hotline_{worker_id}_cli")
    owner = create_engine(addresses.database_owner_url)
    with owner.begin() as connection:
        connection.execute(text("DROP OWNED BY CURRENT_USER CASCADE"))
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS public"))
    owner.dispose()
    application = create_app(
        replace(
            config, database_url=addresses.database_url, database_owner_url=addresses.database_owner_url,
            data_dir=str(tmp_path),
        ),
        ASYNC_MODE="threading",
    )  # fmt: skip
    yield application
    with application.app_context():
        db.engine.dispose()


def test_from_nothing_to_the_demo_city_and_again_in_no_time(empty: Flask, tmp_path: Path):
    first = _prepare(empty, "--demo")
    assert first.exit_code == 0, first.output
    assert "migrating the database" in first.output
    counts = _count(empty, Department), _count(empty, Staff)
    assert counts[0] > 25 and counts[1] > 10
    welcome = (tmp_path / "run" / "welcome.txt").read_text(encoding="utf-8")
    assert "operator" in welcome
    again = _prepare(empty, "--demo")
    assert again.exit_code == 0 and "migrating" not in again.output
    assert (_count(empty, Department), _count(empty, Staff)) == counts


def test_a_city_of_ones_own_has_no_accounts_and_never_gets_known_passwords(empty: Flask, tmp_path: Path):
    assert _prepare(empty, "--no-demo").exit_code == 0
    assert (_count(empty, Region), _count(empty, Staff)) == (1, 0)
    assert "first-admin" in (tmp_path / "run" / "welcome.txt").read_text(encoding="utf-8")
    later = _prepare(empty, "--demo")
    assert later.exit_code == 0, later.output
    assert (_count(empty, Region), _count(empty, Staff)) == (1, 0)


def test_production_gets_no_demo(own_app: Flask, monkeypatch: pytest.MonkeyPatch):
    config = replace(own_app.extensions["hotline"], env="production")
    monkeypatch.setitem(own_app.extensions, "hotline", config)
    refused = _prepare(own_app, "--demo")
    assert refused.exit_code == 1 and "known passwords" in refused.output


def _shown(monkeypatch: pytest.MonkeyPatch, app: Flask, **values: object) -> None:
    """Makes the server seem to be like this."""
    with app.app_context():
        seen = replace(database.look(), **values)
    monkeypatch.setattr(database, "look", lambda: seen)


@pytest.mark.parametrize(
    ("values", "production", "sentence"),
    [
        ({"version": 14}, False, "PostgreSQL 14 is too old: use 15 or later"),
        ({"switched_off": ["fsync"]}, True, "PostgreSQL runs with fsync off"),
        ({"switched_off": ["synchronous_commit"]}, True, "PostgreSQL runs with synchronous_commit off"),
        ({"switched_off": [], "is_superuser": True}, True, "DATABASE_URL is a superuser"),
        ({"switched_off": [], "may_rewrite": True}, True, "can change or delete events"),
    ],
)
def test_a_server_that_is_not_safe_is_refused_with_one_sentence(
    own_app: Flask, monkeypatch: pytest.MonkeyPatch, values: dict, production: bool, sentence: str
):
    env = "production" if production else "test"
    monkeypatch.setitem(own_app.extensions, "hotline", replace(own_app.extensions["hotline"], env=env))
    _shown(monkeypatch, own_app, **values)
    refused = _prepare(own_app)
    assert refused.exit_code == 1 and sentence in refused.output
    assert isinstance(refused.exception, SystemExit)


def test_where_it_matters_less_it_is_a_warning(own_app: Flask, monkeypatch: pytest.MonkeyPatch):
    _shown(monkeypatch, own_app, switched_off=["fsync"], is_superuser=True)
    result = _prepare(own_app)
    assert result.exit_code == 0 and "warning: PostgreSQL runs with fsync off" in result.stderr


def test_a_database_that_does_not_answer_is_said_in_one_sentence(config):
    away = "postgresql+psycopg://hotline_app@/hotline?host=/nowhere-at-all"
    lone = create_app(replace(config, database_url=away, database_owner_url=away), ASYNC_MODE="threading")
    refused = _prepare(lone)
    assert refused.exit_code == 1 and "The database does not answer" in refused.output


def test_a_folder_that_cannot_be_written_is_a_note(
    own_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    blocked = tmp_path / "file"
    blocked.write_text("")
    config = replace(own_app.extensions["hotline"], data_dir=str(blocked))
    monkeypatch.setitem(own_app.extensions, "hotline", config)
    result = _prepare(own_app)
    assert result.exit_code == 0 and "welcome.txt not written" in result.stderr
