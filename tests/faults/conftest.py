"""One instance of the product for all the short faults, and the line that each run leaves on the terminal."""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .product import Product
from .run import City, Tell

SETTINGS = {"HOTLINE_CLOCK_PROCESSES": "5", "HOTLINE_WORKER_PROCESSES": "2"}


@pytest.fixture(scope="package")
def home() -> Iterator[Path]:
    """A short path: sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="hotline-faults-") as place:
        yield Path(place)


@pytest.fixture(scope="package")
def running(home: Path) -> Iterator[City]:
    """The product with five clocks and two workers, shared by the faults of this package."""
    if not sys.platform.startswith("linux"):
        pytest.skip("finds processes in /proc, which only Linux has")
    product = Product(home, **SETTINGS)
    product.start()
    try:
        yield City(product, home)
    finally:
        product.stop()


@pytest.fixture
def city(running: City, tell: Tell) -> Iterator[City]:
    """The shared product, healthy before the test; nothing of it stays frozen after."""
    running.tell = tell
    running.product.wait(running.product.is_whole, 30, "every process is back")
    try:
        yield running
    finally:
        running.product.thaw()


@pytest.fixture
def own_city(tell: Tell) -> Iterator[Callable[..., City]]:
    """Makes a product of the test's own, with further settings for it."""
    made: list[Product] = []
    with tempfile.TemporaryDirectory(prefix="hotline-faults-") as place:

        def make(**settings: str) -> City:
            product = Product(Path(place), **settings)
            made.append(product)
            product.start()
            city = City(product, Path(place))
            city.tell = tell
            return city

        try:
            yield make
        finally:
            for product in made:
                product.stop()
