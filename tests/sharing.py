"""Which tests one process runs, one after another, when there are several: those that share a running product."""

import pytest
from xdist.scheduler import LoadScopeScheduling

PRODUCTS = {"tests/flows/": "product", "tests/browser/": "product", "tests/faults/": "faults"}
"""Folder -> the running product that its tests share. It takes seconds to start, so it is started once."""


def product_of(name: str) -> str | None:
    """The product that a test shares, by the test's id; None for a test that needs none."""
    return next((product for folder, product in PRODUCTS.items() if name.startswith(folder)), None)


def longest_first(items: list[pytest.Item]) -> None:
    """Put the tests that share a product before the others, which then fill up what time is left."""
    items.sort(key=lambda item: product_of(item.nodeid) is None)


class ByProduct(LoadScopeScheduling):
    """Hands out the tests of one product together, and others file by file."""

    def _split_scope(self, nodeid: str) -> str:
        return product_of(nodeid) or nodeid.partition("::")[0]
