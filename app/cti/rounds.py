"""What every clock process does for calls that we are only told of."""

from app.outbox import unit_of_work
from calls import pushed, seating


def tidy() -> int:
    """Pages that went away, work after calls that is over, calls of which nothing more was heard. How many."""
    with unit_of_work() as now:
        seating.sweep(now)
    with unit_of_work() as now:
        return pushed.tidy(now)
