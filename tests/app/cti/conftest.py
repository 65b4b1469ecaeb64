"""A city whose call centre has a platform of its own, which tells us what happens."""

from collections.abc import Iterator

import pytest
from databases import app_on_clone
from flask import Flask
from pushing import LINE, TOKEN, Platform
from telephone import clear

from app.outbox import unit_of_work
from calls import platforms
from calls.models import PhoneLine
from config import Config
from db import db


@pytest.fixture(scope="session")
def app(config: Config, worker_id: str) -> Iterator[Flask]:
    yield from app_on_clone(config, worker_id, "cti", telephony="cti")


@pytest.fixture
def platform(app: Flask) -> Platform:
    """Known by its token, from anywhere."""
    clear(app)
    with app.app_context(), unit_of_work() as now:
        platforms.add(now, "exchange", TOKEN, "", "", tells_queue=False)
        db.session.add(PhoneLine(number=LINE, line_no="12345", name="12345", skills=[], hours=[]))
    return Platform(app)
