"""Everybody at one running product, signed in once."""

from collections.abc import Iterator

import pytest

from .cases import Office
from .product import Product


@pytest.fixture(scope="session")
def everybody(product: Product) -> Iterator[Office]:
    office = Office(product)
    # From the first ticket on: who may hear of all, and who must hear of nothing.
    for login in ("supervisor", "operator", "operator2", "handler-heat"):
        office.screen(login)
    yield office
    office.close()


@pytest.fixture
def office(everybody: Office) -> Office:
    everybody.forget_guesses()
    return everybody
