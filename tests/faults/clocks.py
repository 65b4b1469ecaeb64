"""Clocks of stored tickets, moved so that they fall due when a test needs it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

# One clock per open ticket that owes nothing yet, and for some minutes.
FREE = """
    SELECT DISTINCT ON (d.ticket_id) d.id, d.started_at, d.due_at, d.yellow_at, d.levels, d.next_at
    FROM deadline d JOIN ticket t ON t.id = d.ticket_id
    WHERE t.closed_at IS NULL AND d.stopped_at IS NULL AND d.clock <> 'callback'
      AND d.next_at > clock_timestamp() + interval '5 minutes'
      AND NOT EXISTS (SELECT FROM escalation e WHERE e.deadline_id = d.id)
    ORDER BY d.ticket_id, d.id LIMIT %s"""
MOVE = "UPDATE deadline SET started_at = %s, due_at = %s, yellow_at = %s, levels = %s, next_at = %s WHERE id = %s"
REACHED = "SELECT count(DISTINCT deadline_id) FROM escalation WHERE deadline_id = ANY(%s)"


ADMIN = "hotline_pg_admin_url"  # sees what other sessions wait for
HOLD = "LOCK TABLE escalation IN SHARE MODE"  # nobody writes a rung, everybody reads
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"


def waits_to_write(admin: psycopg.Connection[Any]) -> bool:
    """Whether some worker has changed rows and waits for the table of rungs."""
    row = admin.execute(WAITING, ["%INSERT INTO escalation%"]).fetchone()
    return row is not None and row[0] > 0


def free(connection: psycopg.Connection[Any], number: int) -> int:
    """How many clocks can be set, counted up to `number`."""
    return len(connection.execute(FREE, [number]).fetchall())


def make_due(connection: psycopg.Connection[Any], number: int, seconds: float) -> tuple[list[int], datetime]:
    """Move the whole ladder of `number` free clocks so that their next rung is due in `seconds`.

    Returns the deadlines' ids and the moment; fails where there are too few.
    """
    now = connection.execute("SELECT clock_timestamp()").fetchone()
    rows = connection.execute(FREE, [number]).fetchall()
    assert now is not None and len(rows) == number, f"only {len(rows)} clocks of {number} could be set"
    due = now[0] + timedelta(seconds=seconds)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(MOVE, [_moved(row, due) for row in rows])
    return [row[0] for row in rows], due


def _moved(row: Sequence[Any], due: datetime) -> tuple[Any, ...]:
    """The clock's columns moved so that what is next falls on `due`, then its id."""
    deadline, started_at, due_at, yellow_at, levels, next_at = row
    back = next_at - due
    moved = [[level, tier, (datetime.fromisoformat(at) - back).isoformat()] for level, tier, at in levels]
    yellow = yellow_at - back if yellow_at else None
    return started_at - back, due_at - back, yellow, Jsonb(moved), due, deadline


def reached(connection: psycopg.Connection[Any], deadlines: Sequence[int]) -> int:
    """How many of these deadlines have been acted on at all."""
    row = connection.execute(REACHED, [list(deadlines)]).fetchone()
    assert row is not None
    return int(row[0])
