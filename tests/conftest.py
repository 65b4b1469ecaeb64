"""What every test stands on: a database of its own worker, cloned from one that was migrated and seeded."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from databases import app_on_clone, clone_database, drop_database
from flask import Flask
from flows.product import Product
from hypothesis import settings
from sharing import ByProduct, longest_first

from app.auth.accounts import actor_by_login
from config import Config
from db import database_now, db
from manage import create_app
from tickets.permissions import Actor

FIRST_QUEUE_OF_PRODUCTS = 8  # of the sixteen databases of the queue's server; those before belong to the workers


def pytest_configure(config: pytest.Config) -> None:
    if "HOTLINE_PG_ADMIN_URL" not in os.environ:
        pytest.exit("these tests need their own servers: run ./hotline test", returncode=2)
    sys.addaudithook(_stay_on_this_machine)
    # A busy machine is no fault of the code: how long one example takes says nothing.
    settings.register_profile("hotline", deadline=None)
    settings.load_profile("hotline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByProduct | None:
    """Ours, unless the command line asks for another one."""
    if config.getvalue("dist") != "load":
        return None
    config.option.loadscopereorder = False  # the order is that of the collection, as longest_first leaves it
    return ByProduct(config, log)


def _stay_on_this_machine(event: str, values: tuple[object, ...]) -> None:
    """No test needs the network: whatever reaches for it, by name or by number, fails where it does."""
    if event == "socket.connect" and isinstance(values[1], tuple):
        host = values[1][0]
    elif event == "socket.getaddrinfo":
        host = values[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost") or _is_loopback(str(name)):
        return
    raise RuntimeError(f"a test reached for the network: {name}")


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


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
    suffix = request.module.__name__.replace(".", "_")
    yield from app_on_clone(config, worker_id, suffix)
    drop_database(f"hotline_{worker_id}_{suffix}")


@pytest.fixture
def managed(worker_id: str) -> Iterator[Flask]:
    """An application with its commands, on a database that may be taken down and up."""
    application = create_app(clone_database(f"hotline_{worker_id}_managed"), ASYNC_MODE="threading")
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def tell(capfd: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Write one line to the terminal, also of a test that passes."""

    def write(line: str) -> None:
        with capfd.disabled():
            print(line, file=sys.stderr, flush=True)

    return write


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


@pytest.fixture(scope="session")
def product(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One installation that runs, with web, worker and clock, on a database of its own."""
    number = 0 if worker_id == "master" else int(worker_id.removeprefix("gw"))
    cloned = clone_database(f"hotline_{worker_id}_product")
    redis = f"{cloned.redis_url.partition('?')[0]}?db={FIRST_QUEUE_OF_PRODUCTS + number}"
    running = Product(replace(cloned, redis_url=redis), tmp_path_factory.mktemp("product"))
    try:
        running.start()
        yield running
    finally:
        running.stop()
