"""Everybody at one running product, signed in once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .cases import Office
from .product import Product


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All flows in one process, so that the product is started once."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("product"))


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
