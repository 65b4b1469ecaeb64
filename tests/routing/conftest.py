"""The demo city without a database, built once."""

import pytest

from routing import demo_city
from routing.directory import Directory


@pytest.fixture(scope="session")
def city() -> Directory:
    return demo_city.directory()
