"""A database that could lose or rewrite the record is refused by every process as it starts, not once before."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, make_url, text

from app import create_app, database
from app.database import Server, check_at_start
from config import Config, UnsafeConfig
from db import db

ROOT = Path(__file__).parents[2]
GOOD = Server(version=18, switched_off=[], is_superuser=False, may_rewrite=False)


def _seen_as(config: Config, url: str) -> Server:
    app = create_app(replace(config, database_url=url), ASYNC_MODE="threading")
    with app.app_context():
        server = database.look()
        db.engine.dispose()
    return server


def test_the_products_own_role_is_as_it_should_be(config: Config):
    server = _seen_as(config, config.database_url)
    assert server.excess == ""
    assert server.switched_off == ["fsync"]  # the tests' server never waits for the disk
    assert server.version >= database.OLDEST_POSTGRES


def test_the_owner_and_a_superuser_are_seen(config: Config):
    assert "change or delete events" in _seen_as(config, config.database_owner_url).excess
    name = make_url(config.database_url).database
    admin = make_url(os.environ["HOTLINE_PG_ADMIN_URL"]).set(database=name)
    assert "is a superuser" in _seen_as(config, admin.render_as_string(hide_password=False)).excess


@pytest.mark.parametrize(
    "right",
    [
        "UPDATE ON publication", "DELETE ON ticket_event", "TRUNCATE ON ticket_event",
        "UPDATE (payload) ON ticket_event",
    ],
)  # fmt: skip
def test_every_right_to_change_an_event_is_seen(own_app: Flask, right: str):
    config = own_app.extensions["hotline"]
    role = make_url(config.database_url).username
    owner = create_engine(config.database_owner_url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection, own_app.app_context():
        assert not database.look().may_rewrite
        connection.execute(text(f"GRANT {right} TO {role}"))
        assert database.look().may_rewrite
        connection.execute(text(f"REVOKE {right} FROM {role}"))
        assert not database.look().may_rewrite
    owner.dispose()


@pytest.mark.parametrize(
    "values",
    [
        {"switched_off": ["fsync"]}, {"switched_off": ["synchronous_commit"]}, {"is_superuser": True},
        {"may_rewrite": True},
    ],
)  # fmt: skip
def test_only_production_insists(app: Flask, monkeypatch: pytest.MonkeyPatch, values: dict[str, object]):
    monkeypatch.setattr(database, "look", lambda: replace(GOOD, **values))
    check_at_start(app)
    monkeypatch.setitem(app.extensions, "hotline", replace(app.extensions["hotline"], env="production"))
    with pytest.raises(UnsafeConfig):
        check_at_start(app)
    monkeypatch.setattr(database, "look", lambda: GOOD)
    check_at_start(app)


@pytest.mark.parametrize("process", [["-c", "import wsgi"], ["worker.py"], ["clock.py"]])
def test_no_process_starts_on_an_unsafe_server_in_production(config: Config, process: list[str]):
    """The tests' own server has fsync off."""
    production = {
        "HOTLINE_ENV": "production", "PUBLIC_BASE_URL": "https://12345.city.example", "PYTHONPATH": str(ROOT),
        "DATABASE_URL": config.database_url, "DATABASE_OWNER_URL": config.database_owner_url,
        "REDIS_URL": config.redis_url,
    }  # fmt: skip
    command, env = [sys.executable, *process], os.environ | production
    ended = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0
    assert "UnsafeConfig: PostgreSQL runs with fsync off" in ended.stderr.splitlines()[-1]


def test_a_start_asks_once(app: Flask, count_queries, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(app.extensions, "hotline", replace(app.extensions["hotline"], env="production"))
    with app.app_context(), count_queries() as statements, pytest.raises(UnsafeConfig):
        check_at_start(app)
    assert len(statements) == 1
