"""Many deadlines in one minute among very many open tickets: how soon all have acted, what boards cost."""

import statistics
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg

from app.auth.accounts import actor_by_login
from bench import load, serving
from bench.board import busiest_handler
from bench.databases import Databases, Filled
from bench.machine import Others, database_settings
from db import database_now, db, transaction
from routing import service as routing
from tickets import daily, queries
from tickets.notice_models import Run

TICKETS, SHARE_OPEN, DUE_OF_OPEN = 1_000_000, 1.0, 10
"""So many tickets, all open; every so many-th clock of a unit's part falls due."""
MARK_SECONDS, MARK_BOARD_MS = 300.0, 200.0
LEAD_SECONDS = 20
"""From the moment at which the clocks are set until they are due: the processes are up by then."""
BETWEEN = 0.25
PATIENCE = 1800.0
BOARDS = (("seeded-supervisor-1", "overdue"), ("seeded-supervisor-1", "review"), ("", "in_hand"), ("", "to_sign"))
"""Asked one after the other while all this goes on; an empty login is the busiest handler's."""

# Whatever else is due waits until tomorrow, so that only what is counted is done.
_QUIET = """
    UPDATE deadline SET next_at = next_at + interval '30 days'
    WHERE next_at < %s::timestamptz + interval '1 day'"""
_SET = """
    UPDATE deadline d SET due_at = %(due)s, next_at = %(due)s, claimed_until = NULL, attempts = 0,
      levels = (SELECT jsonb_agg(jsonb_build_array(rung -> 0, rung -> 1,
                  to_char(%(due)s::timestamptz AT TIME ZONE 'UTC' + ((rung ->> 0)::int - 3) * interval '1 day',
                          'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')) ORDER BY (rung ->> 0)::int)
                FROM jsonb_array_elements(d.levels) rung)
    WHERE d.id IN (
      SELECT d.id FROM deadline d JOIN assignment a ON a.id = d.assignment_id
      WHERE d.stopped_at IS NULL AND d.clock IN ('handle', 'redo')
        AND NOT EXISTS (SELECT FROM escalation e WHERE e.deadline_id = d.id) LIMIT %(number)s)
    RETURNING d.id"""
_ACTED = "SELECT count(*) FROM escalation WHERE escalated_at >= %s AND outcome = 'acted'"
_TOLD = "SELECT count(*) FROM notice"
_WRONG = """
    SELECT count(*) FROM (SELECT d.id FROM deadline d
      LEFT JOIN escalation e ON e.deadline_id = d.id AND e.outcome = 'acted' AND e.level = 3
      WHERE d.due_at = %s GROUP BY d.id HAVING count(e.id) <> 1) wrong"""


def escalations(databases: Databases, tickets: int | None) -> dict[str, Any]:
    """Seconds until every one has acted, exactly once; meanwhile boards are asked as by people."""
    with databases.writing(tickets or TICKETS, SHARE_OPEN) as database:
        with database.app.app_context():
            settings = database_settings()
            with transaction():
                now = database_now()
                handler = busiest_handler()
                _have_done_the_day(now)
        with psycopg.connect(_owner(database), autocommit=True) as connection:
            databases.tell("setting the clocks")
            number = database.seeded.open // DUE_OF_OPEN
            due = connection.execute("SELECT %s + %s * interval '1 second'", (now, LEAD_SECONDS)).fetchone()
            assert due is not None
            others = Others()
            made = _set_clocks(connection, due[0], number)
            with serving.product(database.config):
                return {
                    "benchmark": "escalations", "tickets": database.seeded.tickets, "open": database.seeded.open,
                    "due": made, "database": settings,
                    **_measured(database, connection, due[0], made, handler, databases.tell),
                    "others_cores": others.cores(),
                }  # fmt: skip


def _have_done_the_day(now: datetime) -> None:
    """The day's check and digest count as done: the one would take for missing what is put off here."""
    today = now.astimezone(routing.current().zone).date()
    db.session.add_all(Run(kind=kind, day=today, began_at=now, ended_at=now, figures={}) for kind in daily.HOURS)


def _owner(database: Filled) -> str:
    return database.config.database_owner_url.replace("+psycopg", "", 1)


def _set_clocks(connection: psycopg.Connection[Any], due: datetime, number: int) -> int:
    """Bring that many handling clocks of units to the same moment, the others beyond the day."""
    connection.execute(_QUIET, (due,))
    made = len(connection.execute(_SET, {"due": due, "number": number}).fetchall())
    connection.execute("VACUUM (ANALYZE) deadline")
    return made


def _measured(
    database: Filled,
    connection: psycopg.Connection[Any],
    due: datetime,
    number: int,
    handler: str,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    boards: list[float] = []
    asked = 0
    started, acted, wrong = time.monotonic(), 0, number
    while wrong and time.monotonic() - started < PATIENCE:
        boards.append(_board(database, *BOARDS[asked % len(BOARDS)], handler))
        asked += 1
        time.sleep(BETWEEN)
        if asked % 4 == 0:
            acted = _count(connection, _ACTED, (due,))
            wrong = _count(connection, _WRONG, (due,)) if acted >= number else number
            tell(f"{acted:,} of {number:,} have acted")
    last = connection.execute("SELECT max(escalated_at) - %s FROM escalation", (due,)).fetchone()
    seconds = last[0].total_seconds() if last and last[0] else None
    told = _count(connection, _TOLD)
    p50 = round(statistics.median(boards), 1)
    return {
        "acted": acted, "seconds": seconds, "not_once": wrong, "notices_by_then": told,
        "boards": {
            "asked": len(boards), "p50_ms": p50, "p95_ms": round(load.percentile(boards, 95) or 0.0, 1),
            "most_ms": round(max(boards), 1),
        },
        "mark": {
            "seconds": MARK_SECONDS, "board_p50_ms": MARK_BOARD_MS,
            "met": acted == number and not wrong and (seconds or PATIENCE) < MARK_SECONDS and p50 < MARK_BOARD_MS,
        },
    }  # fmt: skip


def _board(database: Filled, login: str, name: str, handler: str) -> float:
    """Milliseconds of one board, from question to rows."""
    began = time.perf_counter()
    with database.app.app_context(), transaction():
        queries.board(actor_by_login(login or handler), database_now(), name)
    return (time.perf_counter() - began) * 1000


def _count(connection: psycopg.Connection[Any], query: str, values: tuple[Any, ...] = ()) -> int:
    row = connection.execute(query, values).fetchone()
    return int(row[0]) if row else 0
