"""The demo city in a transaction that is rolled back, with tickets on demand."""

from datetime import datetime

import pytest
from scenes import City

from tickets.vault import Vault


@pytest.fixture
def city(now: datetime, vault: Vault) -> City:
    return City(now, vault)
