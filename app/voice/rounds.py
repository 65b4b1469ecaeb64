"""What every clock process does for the telephone, side by side: indexes and locks see that it is done once."""

from collections.abc import Callable

from flask import current_app

from app import abilities
from app.outbox import unit_of_work
from app.voice import hearing, spool
from app.voice.effects import carry_out, port_of
from calls import offering, outgoing, seating, talking
from calls.models import PROVIDER


def assign() -> int:
    """Offer what waits to whoever is ready. Returns how many were offered."""
    with unit_of_work() as now:
        return offering.assign(now)


def tend() -> int:
    """Close what ran out, take up who was dropped, ring who is to be asked; then offer what that leaves to be
    offered. Returns how many were."""
    with unit_of_work() as now:
        offering.run_out(now)
    with unit_of_work() as now:
        talking.take_up_dropped(now)
    with unit_of_work() as now:
        outgoing.give_up_unheard(now)
    with unit_of_work() as now:
        seating.sweep(now)
    offered = assign()
    ask_citizens()  # after those who wait
    return offered


def ask_citizens() -> bool:
    """Ring one more of those who are to be asked how it went, where calls can be made; returns whether so."""
    if not abilities.can(current_app.extensions["hotline"], "call_out"):
        return False
    with unit_of_work() as now:
        return outgoing.ask_next(now, PROVIDER)


def carry(found: Callable[[], None] = lambda: None) -> int:
    """Carry out one thing that is owed to the carrier; returns how many. `found` is called before it is done."""
    port = port_of()
    return carry_out(port, found) if port is not None else 0


def replay() -> int:
    """Act on what was kept while the database was away; returns how many."""
    return spool.replay(current_app.extensions["hotline"].data_dir, hearing.hear_again)
