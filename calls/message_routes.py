"""熔断. Which providers of text messages may be asked now.

It stands in Postgres and not in each process: all clock processes and their threads are to stop asking after the
same five failures, one of them alone is to try again, and the page of oversight, which a web process makes, is
to show it. It costs a row that is read before each text, and written only while something fails.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from calls.message_models import MessageRoute
from db import db

MOST, WITHIN, SHUT = 5, timedelta(seconds=60), timedelta(seconds=30)
LONGEST_WISH = timedelta(minutes=5)
"""So long at most a provider may tell us to wait."""


def let_in(provider: str, now: datetime) -> bool:
    """Whether a provider may be asked. Of one that was shut, only the first who asks after that is let in."""
    route = db.session.get(MessageRoute, provider)
    if route is None or route.shut_until is None:
        return True
    route = _locked(provider)
    if route.shut_until is not None and route.shut_until > now:
        return False
    if route.shut_until is not None:
        route.shut_until = now + SHUT
    return True


def worked(provider: str) -> None:
    """It answered: its failures are forgotten."""
    route = db.session.get(MessageRoute, provider)
    if route is not None and (route.failed_at or route.shut_until):
        route = _locked(provider)
        route.failed_at, route.shut_until, route.fault = [], None, None


def failed(provider: str, now: datetime, fault: str, wait: float | None = None) -> None:
    """It did not do what was asked. `wait`: it said itself for how many seconds it wants to be left alone."""
    row = {"provider": provider, "failed_at": []}
    db.session.execute(insert(MessageRoute).values(row).on_conflict_do_nothing())
    route = _locked(provider)
    was_shut = route.shut_until is not None
    route.failed_at = [*(at for at in route.failed_at if at > now - WITHIN), now][-MOST:]
    route.fault = fault
    if wait is not None:
        route.shut_until = now + min(timedelta(seconds=wait), LONGEST_WISH)
    elif was_shut or len(route.failed_at) >= MOST:
        route.shut_until = now + SHUT


def next_open(providers: Sequence[str], now: datetime) -> datetime:
    """When it is worth while to come back: the first moment at which one of them may be asked."""
    shut = select(MessageRoute.shut_until).where(
        MessageRoute.provider.in_(providers), MessageRoute.shut_until > now
    )
    return min((at for at in db.session.scalars(shut) if at), default=now + SHUT)


def states() -> dict[str, MessageRoute]:
    """Provider -> how it goes with it; one that has never failed is not among them."""
    return {route.provider: route for route in db.session.scalars(select(MessageRoute))}


def recent(route: MessageRoute, now: datetime) -> int:
    """How many failures of the last minute are known; more than the most are not counted."""
    return sum(at > now - WITHIN for at in route.failed_at)


def _locked(provider: str) -> MessageRoute:
    query = select(MessageRoute).where(MessageRoute.provider == provider).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()
