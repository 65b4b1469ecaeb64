"""Does the database hold what it promises? Read-only, for operators after an import, a crash or a restore."""

import json
from dataclasses import dataclass
from datetime import datetime

import click
from flask.cli import with_appcontext
from psycopg.errors import QueryCanceled
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from app.outbox import GENESIS, link
from app.reconciling import check_escalations
from db import db, transaction
from tickets.event_models import Outbox, Publication, TicketEvent

# name -> SQL that finds offenders. Each is one pass over the tables, whatever their size.
FAULTS = {
    "tickets without a number, or with one too early": """
        SELECT id FROM ticket WHERE (number IS NULL) <> (state IN ('DRAFT', 'DISCARDED'))""",
    "registered tickets without their event": """
        SELECT t.id FROM ticket t WHERE t.number IS NOT NULL AND NOT EXISTS (
          SELECT FROM ticket_event e
          WHERE e.subject = 'ticket' AND e.subject_id = t.id AND e.kind = 'ticket.registered')""",
    "tickets whose version is not that of their last event": """
        SELECT t.id FROM ticket t LEFT JOIN (
          SELECT subject_id, max(version) AS version, count(*) AS events, count(DISTINCT version) AS versions
          FROM ticket_event WHERE subject = 'ticket' GROUP BY subject_id) e ON e.subject_id = t.id
        WHERE e.version IS DISTINCT FROM t.version OR e.events <> t.version OR e.versions <> t.version""",
    "tickets without text": """
        SELECT t.id FROM ticket t WHERE t.number IS NOT NULL AND NOT EXISTS (
          SELECT FROM ticket_text x WHERE x.ticket_id = t.id AND x.field IN ('title', 'content'))""",
    "registered tickets without a decision": """
        SELECT t.id FROM ticket t WHERE t.number IS NOT NULL AND NOT EXISTS (
            SELECT FROM routing_decision d WHERE d.ticket_id = t.id)""",
    "open parts without a running handling clock": """
        SELECT a.ticket_id FROM assignment a JOIN ticket t ON t.id = a.ticket_id
        WHERE t.state = 'IN_PROGRESS' AND a.state IN ('PENDING_SIGN', 'HANDLING', 'RETURN_REQUESTED', 'REJECTED')
          AND NOT EXISTS (SELECT FROM deadline d
            WHERE d.assignment_id = a.id AND d.clock IN ('handle', 'redo') AND d.stopped_at IS NULL)""",
    "tickets to dispatch without a running dispatch clock": """
        SELECT t.id FROM ticket t WHERE t.state = 'TO_DISPATCH' AND NOT EXISTS (
          SELECT FROM deadline d WHERE d.ticket_id = t.id AND d.clock = 'dispatch' AND d.stopped_at IS NULL)""",
    "running clocks of ended tickets": """
        SELECT d.ticket_id FROM deadline d JOIN ticket t ON t.id = d.ticket_id
        WHERE d.stopped_at IS NULL AND t.closed_at IS NOT NULL""",
    "tickets that are due at another moment than their nearest clock": """
        SELECT t.id FROM ticket t LEFT JOIN (
          SELECT ticket_id, min(due_at) AS due_at FROM deadline
          WHERE stopped_at IS NULL AND paused_at IS NULL GROUP BY ticket_id) d ON d.ticket_id = t.id
        WHERE t.due_at IS DISTINCT FROM d.due_at""",
    "parts that are due at another moment than their nearest clock": """
        SELECT a.ticket_id FROM assignment a LEFT JOIN (
          SELECT assignment_id, min(due_at) AS due_at FROM deadline
          WHERE stopped_at IS NULL AND paused_at IS NULL GROUP BY assignment_id) d ON d.assignment_id = a.id
        WHERE a.due_at IS DISTINCT FROM d.due_at""",
    "tickets in progress that nobody has": """
        SELECT t.id FROM ticket t WHERE t.state = 'IN_PROGRESS' AND NOT EXISTS (
          SELECT FROM assignment a WHERE a.ticket_id = t.id
            AND a.state IN ('PENDING_SIGN', 'HANDLING', 'RETURN_REQUESTED', 'REJECTED', 'SUBMITTED'))""",
    "rungs of the ladder reached before their time": """
        SELECT deadline_id FROM escalation WHERE escalated_at < owed_at""",
    "events neither published nor waiting": """
        SELECT e.id FROM ticket_event e WHERE NOT EXISTS (
            SELECT FROM publication p WHERE p.event_id = e.id)
          AND NOT EXISTS (SELECT FROM outbox o WHERE o.event_id = e.id)""",
    "events published and still waiting": """
        SELECT o.event_id FROM outbox o JOIN publication p ON p.event_id = o.event_id""",
    "gaps in the published sequence": """
        SELECT max(seq) FROM publication HAVING count(*) > 0 AND (count(*) <> max(seq) OR min(seq) <> 1)""",
}
CHUNK = 5000


def faults(chain: bool = True) -> dict[str, list[int]]:
    """Fault -> up to ten ids that show it; empty when all is well. `chain` also recomputes every hash."""
    found = {}
    with transaction():
        db.session.execute(text("SET LOCAL statement_timeout = 0"))
        for name, query in FAULTS.items():
            ids = list(db.session.scalars(text(f"{query} LIMIT 10")))
            if ids:
                found[name] = ids
        broken = first_broken_link() if chain else None
    if broken is not None:
        found["events that are not what was published"] = [broken]
    return found


@dataclass(frozen=True)
class Walked:
    """A stretch of the chain: read up to and with `reached`; `broken` is the first that does not follow."""

    reached: int
    broken: int | None
    is_end: bool


def walk(after: int, limit: int) -> Walked:
    """Recompute up to `limit` hashes that follow a sequence (0: the beginning); each on the stored one before."""
    previous = _hash_at(after)
    if previous is None:
        return Walked(after, after, False)
    rows = db.session.execute(
        select(Publication.seq, Publication.hash, TicketEvent)
        .join(TicketEvent, TicketEvent.id == Publication.event_id)
        .where(Publication.seq > after)
        .order_by(Publication.seq)
        .limit(limit)
    ).all()
    reached = after
    for seq, stored, event in rows:
        if seq != reached + 1 or link(previous, event) != stored:
            return Walked(reached, seq, False)
        previous, reached = stored, seq
    db.session.expunge_all()
    return Walked(reached, None, len(rows) < limit)


def event_at(seq: int) -> TicketEvent | None:
    """What was published at that place, or None for a place that is empty."""
    query = select(TicketEvent).join(Publication, Publication.event_id == TicketEvent.id)
    return db.session.scalar(query.where(Publication.seq == seq))


def _hash_at(seq: int) -> bytes | None:
    return GENESIS if seq == 0 else db.session.scalar(select(Publication.hash).where(Publication.seq == seq))


def first_broken_link() -> int | None:
    """The first sequence whose hash does not follow from its event and the hash before, or None."""
    walked = walk(0, CHUNK)
    while walked.broken is None and not walked.is_end:
        walked = walk(walked.reached, CHUNK)
    return walked.broken


@dataclass(frozen=True)
class Published:
    """How far the record is published, and what waits: `set_aside` could not be published and is tried again."""

    last: int
    at: datetime | None
    waiting: int
    set_aside: int


def published() -> Published:
    """The state of the record as it stands."""
    last = db.session.execute(
        select(Publication.seq, Publication.published_at).order_by(Publication.seq.desc()).limit(1)
    ).one_or_none()
    waiting = db.session.execute(select(func.count(), func.count(Outbox.retry_at)).select_from(Outbox)).one()
    return Published(last.seq if last else 0, last.published_at if last else None, *waiting)


def offenders(name: str, seconds: float) -> list[int] | None:
    """Up to ten ids that show a fault, none when all is well, None when the search was given up after so long.

    What is left of the transaction goes on either way.
    """
    most = max(1, round(seconds * 1000))
    db.session.execute(select(func.set_config("statement_timeout", f"{most}ms", True)))
    try:
        with db.session.begin_nested():
            return list(db.session.scalars(text(f"{FAULTS[name]} LIMIT 10")))
    except OperationalError as fault:
        if isinstance(fault.orig, QueryCanceled):
            return None
        raise


@click.group("check", invoke_without_command=True)
@click.option("--chain/--no-chain", default=True, help="Recompute the hash of every published event.")
@click.pass_context
@with_appcontext
def check_command(context: click.Context, chain: bool) -> None:
    """Check every ticket for its events, publications, clocks and decision. Exit code 1 on a fault."""
    if context.invoked_subcommand is not None:
        return
    found = faults(chain)
    with transaction():
        tickets = db.session.scalar(text("SELECT count(*) FROM ticket"))
        events = db.session.scalar(text("SELECT count(*) FROM ticket_event"))
    click.echo(json.dumps({"tickets": tickets, "events": events, "faults": found}, ensure_ascii=False))
    if found:
        raise SystemExit(1)


check_command.add_command(check_escalations)
