"""The demo city in a transaction that is rolled back, on a database where nobody ever commits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
from databases import clone_database
from flask import Flask
from scenes import City

from config import Config
from db import db
from manage import create_app
from tickets.vault import Vault


@pytest.fixture(scope="session")
def app(config: Config, worker_id: str) -> Iterator[Flask]:
    """In place of the one that tests of pages share: what those leave behind would be on every board here."""
    cloned = clone_database(f"hotline_{worker_id}_quiet")
    addresses = {"database_url": cloned.database_url, "database_owner_url": cloned.database_owner_url}
    application = create_app(replace(config, **addresses), ASYNC_MODE="threading")
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def city(now: datetime, vault: Vault) -> City:
    return City(now, vault)
