"""A telephone in the demo city: calls and seats, in a transaction that is rolled back."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from databases import app_on_clone
from exchange import Exchange
from flask import Flask
from scenes import City

from config import Config
from tickets.vault import Vault


@pytest.fixture(scope="session")
def app(config: Config, worker_id: str) -> Iterator[Flask]:
    """On a database where nobody else has seats or calls."""
    yield from app_on_clone(config, worker_id, "calls")


@pytest.fixture
def exchange(now: datetime, vault: Vault) -> Exchange:
    return Exchange(City(now, vault))
