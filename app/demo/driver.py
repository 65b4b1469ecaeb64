"""The play itself: again and again one step of one of its own tickets. It remembers nothing: what comes next
stands in the database, so it may be killed at any instant and started again."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app.demo import steps, texts
from app.demo.stage import Stage, persons_at_work
from app.demonstration import is_demo_city
from app.outbox import unit_of_work
from db import db
from tickets import errors
from tickets.models import Deadline, Ticket

log = logging.getLogger(__name__)

LEVEL = 120
"""How many tickets of the play are open at most, however long it runs."""
MOST_NEW = 0.4  # of all steps; the rest carries on with what is there
TRIES = 30
SLOW, HOT = 8, 4
"""How many ordinary and urgent tickets lie about until their clock has run out, so that something is overdue."""
LONG_OVERDUE = timedelta(minutes=30)


@dataclass(frozen=True)
class _Open:
    id: int
    urgency: str
    matter: texts.Matter


class NotTheDemoCity(Exception):
    """The database holds a city of somebody's own, in which nothing may be played."""


def run(pace: int) -> None:
    """Play `pace` steps a minute until the process ends. Raises NotTheDemoCity."""
    while True:
        begun = time.monotonic()
        try:
            step()
        except (SQLAlchemyError, errors.TicketError) as fault:
            # The database comes back; and a person may have been quicker with the same ticket.
            log.warning("step left out: %s", type(fault).__name__)
        time.sleep(max(0.0, begun + 60 / pace - time.monotonic()))


def step() -> str | None:
    """One step now, in a unit of work; returns what was done. Raises NotTheDemoCity."""
    with unit_of_work() as now:
        if not is_demo_city():
            raise NotTheDemoCity()
        stage = Stage(now, Random(), current_app.extensions["vault"], persons_at_work(now))
        done = act(stage, LEVEL)
    log.info("%s", done or "nothing to do")
    return done


def act(stage: Stage, level: int) -> str | None:
    """Take in a new matter, the rarer the more are open, or carry on with one that is there."""
    found = _open()
    matter = texts.a_matter(stage.random, {one.matter.key for one in found})
    if stage.chance(min(MOST_NEW, 1 - len(found) / level)):
        return steps.take_in(stage, matter)
    lying = _lying(stage, found)
    ids = [one.id for one in found if one.id not in lying]
    for ticket_id in stage.random.sample(ids, min(len(ids), TRIES)):
        done = steps.go_on(stage, ticket_id)
        if done:
            return done
    return steps.take_in(stage, matter) if len(found) < level else None


def _open() -> list[_Open]:
    """The open tickets of the play, and of nobody else, the oldest first."""
    query = select(Ticket.id, Ticket.urgency, Ticket.external_no)
    mine = query.where(Ticket.closed_at.is_(None), Ticket.external_system == texts.SYSTEM)
    rows = db.session.execute(mine.order_by(Ticket.id)).all()
    known = [(row, texts.matter_of(row.external_no)) for row in rows]
    return [_Open(row.id, row.urgency, matter) for row, matter in known if matter is not None]


def _lying(stage: Stage, found: Sequence[_Open]) -> set[int]:
    """Those that nobody takes up yet: until one of their clocks has been overdue for a while."""
    slow = [one.id for one in found if one.id % 7 == 3][:SLOW]
    hot = [one.id for one in found if one.id % 3 == 0 and one.urgency in ("urgent", "critical")][:HOT]
    due = (
        select(Deadline.ticket_id)
        .where(Deadline.ticket_id.in_([*slow, *hot]), Deadline.stopped_at.is_(None))
        .group_by(Deadline.ticket_id)
        .having(func.min(Deadline.due_at) < stage.now - LONG_OVERDUE)
    )
    return {*slow, *hot} - set(db.session.scalars(due))
