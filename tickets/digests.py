"""每日提醒. What a unit has before it today, in numbers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text

from db import db
from tickets.terms import NOT_OF_UNITS

# By unit, of the parts it has. Each count finds its rows by an index of what is open, whatever was closed.
_COUNTS = text("""
    SELECT a.department_id AS unit,
      count(DISTINCT a.id) FILTER (WHERE d.due_at >= :now AND d.due_at < :tomorrow) AS due_today,
      count(DISTINCT a.id) FILTER (WHERE d.due_at < :now) AS overdue,
      count(DISTINCT a.id) FILTER (WHERE a.state = 'PENDING_SIGN') AS to_sign
    FROM assignment a LEFT JOIN deadline d
      ON d.ticket_id = a.ticket_id AND d.assignment_id = a.id AND d.stopped_at IS NULL AND d.paused_at IS NULL
      AND d.clock <> ALL(:others)
    WHERE a.state IN ('PENDING_SIGN', 'HANDLING', 'REJECTED', 'RETURN_REQUESTED', 'SUBMITTED')
    GROUP BY a.department_id""")
_DECIDED = text("""
    SELECT department_id AS unit, count(*) AS returned FROM ticket_event
    WHERE kind IN ('assignment.returned', 'assignment.upheld') AND at >= :since AND at < :now
      AND department_id IS NOT NULL GROUP BY department_id""")
_ORDERS = text("""
    SELECT a.department_id AS unit, count(*) AS orders
    FROM supervision_order o JOIN assignment a ON a.id = o.assignment_id
    WHERE o.state = 'issued' GROUP BY a.department_id""")


Units = Mapping[int, dict[str, Any]]
"""Unit -> its counts, by name."""


def of_units(now: datetime, since: datetime, tomorrow: datetime) -> Units:
    """What units have due today, overdue, to sign for, to answer, and of returns decided since; who has any."""
    found: dict[int, dict[str, Any]] = {}
    for row in db.session.execute(_COUNTS, {"now": now, "tomorrow": tomorrow, "others": list(NOT_OF_UNITS)}):
        found[row.unit] = {"due_today": row.due_today, "overdue": row.overdue, "to_sign": row.to_sign}
    for row in db.session.execute(_DECIDED, {"now": now, "since": since}):
        found.setdefault(row.unit, {})["returned"] = row.returned
    for row in db.session.execute(_ORDERS):
        found.setdefault(row.unit, {})["orders"] = row.orders
    return {unit: counts for unit, counts in sorted(found.items()) if any(counts.values())}
