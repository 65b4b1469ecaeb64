"""Databases for tests: each a fresh copy of one that was migrated and seeded with the demo city."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

import psycopg
from flask import Flask
from sqlalchemy import create_engine, delete, make_url

from app.cli import migrate_to_head, seed_all
from config import Config
from db import db
from manage import create_app

TEMPLATE = "hotline_template"
CLONE_LOCK = 12345


def _admin() -> psycopg.Connection:
    url = os.environ["HOTLINE_PG_ADMIN_URL"].replace("+psycopg", "")
    return psycopg.connect(url, autocommit=True)


def _at(config: Config, database: str) -> Config:
    def other(url: str) -> str:
        return make_url(url).set(database=database).render_as_string(hide_password=False)

    return replace(
        config, database_url=other(config.database_url), database_owner_url=other(config.database_owner_url)
    )


def _make_template(admin: psycopg.Connection, config: Config) -> None:
    """Once for all workers: migrate and seed. The lock makes the others wait."""
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,)).fetchone():
        return
    owner = make_url(config.database_owner_url).username
    admin.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}_new WITH (FORCE)")
    admin.execute(f'CREATE DATABASE {TEMPLATE}_new OWNER "{owner}"')
    app = create_app(_at(config, f"{TEMPLATE}_new"))
    with app.app_context():
        migrate_to_head()
        seed_all(demo=True)
        db.engine.dispose()
    admin.execute(f"ALTER DATABASE {TEMPLATE}_new RENAME TO {TEMPLATE}")


def clone_database(name: str) -> Config:
    """A fresh copy of the seeded city, for one worker or one test; returns the settings that lead to it."""
    config = Config.from_environ(os.environ)
    owner = make_url(config.database_owner_url).username
    with _admin() as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", (CLONE_LOCK,))
        _make_template(admin, config)
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f'CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER "{owner}"')
    return _at(config, name)


def app_on_clone(
    config: Config, worker_id: str, suffix: str, clock: Callable[[], datetime] | None = None, **changes: str | int
) -> Iterator[Flask]:
    """An application on a copy of its own, for fixtures to yield from; with `changes` of its configuration."""
    cloned = clone_database(f"hotline_{worker_id}_{suffix}")
    addresses = {"database_url": cloned.database_url, "database_owner_url": cloned.database_owner_url}
    settings = {"CLOCK": clock} if clock else {}
    application = create_app(replace(config, **addresses, **changes), ASYNC_MODE="threading", **settings)
    yield application
    with application.app_context():
        db.engine.dispose()


def emptied(app: Flask, *tables: str) -> None:
    """Delete everything from these tables, as the owner: the product itself may not."""
    engine = create_engine(app.extensions["hotline"].database_owner_url)
    with engine.begin() as connection:
        for name in tables:
            connection.execute(delete(db.metadata.tables[name]))
    engine.dispose()


def drop_database(name: str) -> None:
    """Remove a copy, whoever is still connected to it."""
    with _admin() as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
