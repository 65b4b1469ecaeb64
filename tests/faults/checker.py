"""Is everything there that was acknowledged, once, and nothing else? Asked over a fresh connection, afterwards."""

import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from app.checking import FAULTS

from .citizens import Complaint, content_hash

STORED = """
    SELECT t.form_key, t.number, x.body FROM ticket t
    LEFT JOIN ticket_text x ON x.ticket_id = t.id AND x.field = 'content' AND x.version = 1
    WHERE t.form_key IS NOT NULL"""

# Every rung of every running clock of the tickets asked for, with the rows that stand for its having been reached
# and with the events that told of it.
RUNGS = """
    SELECT d.id, (rung ->> 0)::int AS level, (rung ->> 2)::timestamptz AS owed_at,
      (SELECT array_agg(e.escalated_at) FROM escalation e WHERE e.deadline_id = d.id
        AND e.level = (rung ->> 0)::int) AS reached,
      (SELECT count(*) FROM ticket_event v WHERE v.subject = 'ticket' AND v.subject_id = d.ticket_id
        AND v.kind = 'ticket.escalated' AND (v.payload ->> 'deadline')::bigint = d.id
        AND (v.payload ->> 'level')::int = (rung ->> 0)::int) AS told,
      EXISTS (SELECT FROM escalation e WHERE e.deadline_id = d.id
        AND e.level = (rung ->> 0)::int AND e.outcome = 'skipped') AS skipped
    FROM deadline d CROSS JOIN LATERAL jsonb_array_elements(d.levels) rung
    WHERE d.id = ANY(%s) AND d.stopped_at IS NULL"""


@dataclass
class Stored:
    """What the set checker found. Lists hold form keys."""

    lost: list[str] = field(default_factory=list)  # acknowledged and not there
    altered: list[str] = field(default_factory=list)  # there with another number or other words
    doubled: list[str] = field(default_factory=list)  # there more than once
    ghosts: list[str] = field(default_factory=list)  # there, and sent by nobody or refused

    @property
    def faults(self) -> dict[str, list[str]]:
        return {name: keys for name, keys in vars(self).items() if keys}


def check_stored(
    connection: psycopg.Connection[Any], complaints: Iterable[Complaint], others: Iterable[str] = ()
) -> Stored:
    """Compare what was acknowledged with what is stored.

    `complaints`: all that this instance was ever sent; `others`: keys of forms that were sent besides.
    """
    by_key, words, found = {}, Counter[str](), Stored()
    for key, number, body in connection.execute(STORED).fetchall():
        by_key[key] = (number, content_hash(body or ""))
        words[content_hash(body or "")] += 1
    may_be_there = set(others)
    for one in complaints:
        if one.result != "fail":
            may_be_there.add(one.key)
        if words[one.hash] > 1:
            found.doubled.append(one.key)
        if one.result == "ok" and one.key not in by_key:
            found.lost.append(one.key)
        elif one.result == "ok" and by_key[one.key] != (one.number, one.hash):
            found.altered.append(one.key)
    found.ghosts = sorted(by_key.keys() - may_be_there)
    return found


def broken_promises(connection: psycopg.Connection[Any]) -> dict[str, list[int]]:
    """What the product's own checker finds wrong with the rows themselves, and events of no ticket."""
    of_nobody = """
        SELECT e.id FROM ticket_event e WHERE e.subject = 'ticket'
          AND NOT EXISTS (SELECT FROM ticket t WHERE t.id = e.subject_id)"""
    queries = FAULTS | {"events of a ticket that is not there": of_nobody}
    found = {name: connection.execute(f"{query} LIMIT 10").fetchall() for name, query in queries.items()}
    return {name: [row[0] for row in rows] for name, rows in found.items() if rows}


def wait_published(connection: psycopg.Connection[Any], seconds: float) -> float:
    """Wait until the events there are now have their places in the sequence; returns how long it took."""
    begun = time.monotonic()
    last = connection.execute("SELECT max(event_id) FROM outbox").fetchone()
    while connection.execute("SELECT FROM outbox WHERE event_id <= %s LIMIT 1", last).fetchone() is not None:
        assert time.monotonic() - begun < seconds, f"events still wait after {seconds:.0f} s"
        time.sleep(0.05)
    return time.monotonic() - begun


@dataclass
class Escalated:
    """What became of the rungs that were owed. Pairs are (deadline, level)."""

    owed: int = 0
    once: int = 0
    missing: list[tuple[int, int]] = field(default_factory=list)
    repeated: list[tuple[int, int]] = field(default_factory=list)
    early: list[tuple[int, int]] = field(default_factory=list)
    late: list[float] = field(default_factory=list)  # seconds from the moment owed to the moment reached

    @property
    def faults(self) -> dict[str, list[tuple[int, int]]]:
        wrong = {"missing": self.missing, "repeated": self.repeated, "early": self.early}
        return {name: pairs for name, pairs in wrong.items() if pairs}

    @property
    def latest(self) -> float:
        return round(max(self.late, default=0.0), 1)


def check_escalations(
    connection: psycopg.Connection[Any], deadlines: Collection[int], until: datetime
) -> Escalated:
    """Each rung owed by these clocks before `until` exactly once and told of once; none before its time."""
    found = Escalated()
    for deadline, level, owed_at, reached, told, skipped in connection.execute(RUNGS, [list(deadlines)]):
        pair, moments = (deadline, level), reached or []
        if any(moment < owed_at for moment in moments):
            found.early.append(pair)
        if owed_at > until and not moments:
            continue
        found.owed += 1
        if len(moments) > 1 or told > 1 or (moments and told != (0 if skipped else 1)):
            found.repeated.append(pair)
        elif not moments:
            found.missing.append(pair)
        else:
            found.once += 1
            found.late.append((moments[0] - owed_at).total_seconds())
    return found
