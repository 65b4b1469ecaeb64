"""A city of this folder's own in which much has happened, committed, and people who watch over it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from databases import app_on_clone
from flask import Flask
from scenes import LEAD, City

from app.outbox import stamp, take_lead, unit_of_work
from config import Config
from tickets import escalating, service
from tickets.permissions import SYSTEM, caller_of

NOON = datetime(2026, 3, 4, 4, tzinfo=UTC)
"""In the city, on a Wednesday: nothing here happens at midnight."""


@pytest.fixture(scope="session")
def app(config: Config, worker_id: str) -> Iterator[Flask]:
    """In place of the one that other tests share: figures would count what those leave behind."""
    yield from app_on_clone(config, worker_id, "oversight", clock=lambda: NOON)


@pytest.fixture(scope="session")
def made(app: Flask) -> dict[str, int]:
    """Tickets by what became of them; those of long ago are overdue. All is published."""
    vault = app.extensions["vault"]
    with app.app_context():
        with unit_of_work() as now:
            city = City(now - timedelta(days=20), vault)
            ids = {"overdue": city.signed(urgency="urgent"), "overdue_secret": city.waiting(type="report")}
            service.dispatch(city.who("supervisor"), city.now, ids["overdue_secret"], city.unit(LEAD))
            for row in [*city.clocks(ids["overdue"]), *city.clocks(ids["overdue_secret"])]:
                escalating.escalate(SYSTEM, now - timedelta(days=1), [row.id])
            ids["old_waiting"] = city.waiting()
            city.now = now
            ids |= {
                "waiting": city.waiting(region_code="990102001"), "draft": city.draft(),
                "web": city.from_web(category_code="01-01-01")[0], "secret": city.waiting(type="report"),
                "answered": city.answered(),
                "referred": city.referred(), "returned": city.returned(), "replied": city.replied(),
                "accepted": city.accepted(), "rated": city.rated(), "confirmed": city.accepted(),
                "so_so": city.accepted(),
            }
            service.close(city.who("supervisor"), city.now, ids["confirmed"], "confirmed")
            service.rate(caller_of(ids["so_so"]), city.now, ids["so_so"], False, 2)
        lead = take_lead("a test")
        assert lead is not None
        while stamp(lead):
            pass
    return ids


@pytest.fixture
def enter(new_browser, made) -> Callable[[str], object]:
    """The browser of a demo account, signed in, in that city."""

    def sign_in(login: str) -> object:
        browser = new_browser()
        assert browser.sign_in(login).status_code == 303
        return browser

    return sign_in
