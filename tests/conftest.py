"""What every test stands on: a database of its own worker, cloned from one that was migrated and seeded."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from app.auth.accounts import actor_by_login
from app.cli import migrate_to_head, seed_all
from config import Config
from db import database_now, db
from manage import create_app
from tickets.permissions import Actor

TEMPLATE = "hotline_template"
CLONE_LOCK = 12345


def pytest_configure(config: pytest.Config) -> None:
    if "HOTLINE_PG_ADMIN_URL" not in os.environ:
        pytest.exit("these tests need their own servers: run ./hotline test", returncode=2)


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


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real messages; the environment names it."""
    folder = os.environ.get("HOTLINE_SHARED")
    if not folder or not Path(folder).is_dir():
        pytest.skip("HOTLINE_SHARED names no folder: real messages are not here")
    return Path(folder)


@pytest.fixture(scope="session")
def config(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Config:
    number = "0" if worker_id == "master" else worker_id.removeprefix("gw")
    cloned = clone_database(f"hotline_{worker_id}")
    data = tmp_path_factory.mktemp("data")
    redis = f"{cloned.redis_url.partition('?')[0]}?db={number}"
    return replace(cloned, data_dir=str(data), redis_url=redis)


@pytest.fixture(scope="session")
def app(config: Config):
    application = create_app(config, ASYNC_MODE="threading")
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def own_app(request: pytest.FixtureRequest, worker_id: str, config: Config):
    """An application on a freshly seeded database of this module alone, for tests that commit and count."""
    name = f"hotline_{worker_id}_{request.module.__name__.rpartition('.')[2]}"
    cloned = clone_database(name)
    addresses = {"database_url": cloned.database_url, "database_owner_url": cloned.database_owner_url}
    application = create_app(replace(config, **addresses), ASYNC_MODE="threading")
    yield application
    with application.app_context():
        db.engine.dispose()
    with _admin() as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def session(app) -> Iterator[None]:
    """A transaction for tests that call verbs directly; rolled back at the end, so nothing is left behind."""
    with app.app_context():
        yield
        db.session.rollback()
        db.session.remove()


@pytest.fixture
def now(session: None) -> datetime:
    return database_now()


@pytest.fixture
def vault(app):
    return app.extensions["vault"]


@pytest.fixture
def actor_of(app) -> Callable[[str], Actor]:
    """The Actor of a demo account, by login."""
    return actor_by_login
