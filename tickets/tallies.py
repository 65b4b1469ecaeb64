"""How many lines boards have: by state and light, by the day on which they fall due, and those that wait."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import func, literal, select, union_all

from db import db
from routing import service as routing
from tickets import boards, errors
from tickets.narrowing import NOTHING, Wanted, light_of, midnight
from tickets.permissions import Actor

QUEUES = (
    "mine_new", "triage", "returns", "to_sign", "unit_overdue", "unit_ordered", "review", "callback", "disputed",
    "extensions", "extensions_again", "suspensions", "ordered", "appeals", "badly_rated", "exclusions", "urged",
)  # fmt: skip
"""Boards from which somebody has to take a line; the others are there to be looked at."""
MANY = 100


def waiting(actor: Actor, now: datetime) -> dict[str, int]:
    """Board -> how many lines wait on it, for the actor's queues; nothing is counted beyond MANY."""
    counts = []
    for name in set(QUEUES) & set(boards.boards_of(actor)):
        lines = boards.lines_of(actor, now, name, NOTHING).with_only_columns(literal(1)).limit(MANY).subquery()
        counts.append(select(literal(name).label("name"), func.count().label("lines")).select_from(lines))
    return {row.name: row.lines for row in db.session.execute(union_all(*counts))} if counts else {}


def tally(actor: Actor, now: datetime, name: str, wanted: Wanted = NOTHING) -> dict[str, dict[str, int]]:
    """How many lines of a board that can be narrowed are in each state, and of each light. Raises NotFound.

    Neither count minds the choice of its own kind, so that one sees what another choice would give.
    """
    kind = boards.board_of(actor, name)
    if not kind.narrows:
        raise errors.NotFound()
    rows = boards.lines_of(actor, now, name, replace(wanted, state="", light="")).subquery()
    # Not called state: the database would group by the column of that name.
    code = (rows.c.part if kind.assigned else rows.c.state).label("code")
    query = select(code, light_of(now, rows.c).label("colour"), func.count().label("lines"))
    found: dict[str, dict[str, int]] = {"state": {}, "light": {}}
    for row in db.session.execute(query.group_by("code", "colour")):
        if wanted.light in ("", row.colour):
            found["state"][row.code] = found["state"].get(row.code, 0) + row.lines
        if wanted.state in ("", row.code):
            found["light"][row.colour] = found["light"].get(row.colour, 0) + row.lines
    return found


def due_by_day(
    actor: Actor, now: datetime, name: str, first: date, last: date, wanted: Wanted = NOTHING
) -> dict[date, dict[str, int]]:
    """Day -> light -> how many limits fall due on it in the city: every running clock of a board's parts has its
    day, whichever is due first. Raises NotFound."""
    rows = boards.clocks_of(actor, now, name, wanted).subquery()
    day = func.date(func.timezone(routing.current().zone.key, rows.c.due_at)).label("day")
    light = light_of(now, rows.c).label("light")
    query = select(day, light, func.count().label("limits")).where(
        rows.c.due_at >= midnight(first), rows.c.due_at < midnight(last + timedelta(days=1))
    )
    found: dict[date, dict[str, int]] = {}
    for row in db.session.execute(query.group_by("day", "light")):
        found.setdefault(row.day, {})[row.light] = row.limits
    return found
