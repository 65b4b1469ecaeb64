"""A product that is a dictionary, and a network around it that must find nothing wrong with it."""

from collections.abc import Iterator

import pytest
from tiny_product import Product


@pytest.fixture
def product() -> Iterator[Product]:
    made = Product()
    yield made
    assert made.network.faults == []
