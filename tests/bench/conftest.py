"""One seeded database for all tests of the benchmarks, made as the benchmarks make theirs."""

from collections.abc import Iterator

import pytest

from bench.databases import Databases, Filled
from db import db

TICKETS, SHARE_OPEN = 2000, 0.1


@pytest.fixture(scope="session")
def seeded() -> Iterator[Filled]:
    """2,000 tickets, a tenth of them open."""
    with Databases(lambda _: None) as databases, databases.reading(TICKETS, SHARE_OPEN) as filled:
        yield filled


@pytest.fixture
def asking(seeded: Filled) -> Iterator[Filled]:
    """The application's context on it; whatever a test writes is rolled back."""
    with seeded.app.app_context():
        yield seeded
        db.session.rollback()
        db.session.remove()
