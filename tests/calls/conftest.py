"""A telephone in the demo city: calls and seats, in a transaction that is rolled back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
from databases import clone_database
from exchange import Exchange
from flask import Flask
from scenes import City

from config import Config
from db import db
from manage import create_app
from tickets.vault import Vault


@pytest.fixture(scope="session")
def app(config: Config, worker_id: str) -> Iterator[Flask]:
    """On a database where nobody else has seats or calls."""
    cloned = clone_database(f"hotline_{worker_id}_calls")
    addresses = {"database_url": cloned.database_url, "database_owner_url": cloned.database_owner_url}
    application = create_app(replace(config, **addresses), ASYNC_MODE="threading")
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def exchange(now: datetime, vault: Vault) -> Exchange:
    return Exchange(City(now, vault))
