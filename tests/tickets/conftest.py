"""The demo city in a transaction that is rolled back, on a database where nobody ever commits."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from databases import app_on_clone
from flask import Flask
from scenes import City

from config import Config
from tickets.vault import Vault


@pytest.fixture(scope="session")
def app(config: Config, worker_id: str) -> Iterator[Flask]:
    """In place of the one that tests of pages share: what those leave behind would be on every board here."""
    yield from app_on_clone(config, worker_id, "quiet")


MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # ten in the morning, where the city is


@pytest.fixture
def monday(city: City) -> City:
    city.now = MONDAY
    return city


@pytest.fixture
def city(now: datetime, vault: Vault) -> City:
    return City(now, vault)
