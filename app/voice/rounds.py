"""What every clock process does for the telephone, side by side: indexes and locks see that it is done once."""

import logging
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import select, update

from app.outbox import unit_of_work
from app.voice import hearing, spool
from app.voice.effects import carry_out, port_of
from calls import arriving, keeping, offering, seating, talking
from calls.models import Call
from calls.ports import CarrierError, Gone, VoicePort
from db import db

log = logging.getLogger(__name__)

QUIET = timedelta(seconds=90)
"""A line that nothing was heard of for so long is asked about."""
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
LOST = "lost"
BATCH = 50


def assign() -> int:
    """Close what ran out, take up who was dropped, offer what waits. Returns how many were offered."""
    with unit_of_work() as now:
        offering.run_out(now)
    with unit_of_work() as now:
        talking.take_up_dropped(now)
    with unit_of_work() as now:
        seating.sweep(now)
    with unit_of_work() as now:
        return offering.assign(now)


def carry() -> int:
    """Carry out what is owed to the carrier; returns how many."""
    port = port_of()
    return carry_out(port) if port is not None else 0


def replay() -> int:
    """Act on what was kept while the database was away; returns how many."""
    return spool.replay(current_app.extensions["hotline"].data_dir, hearing.hear_again)


def reconcile() -> int:
    """Ask the carrier about lines that nothing was heard of; returns how many calls were mended."""
    port = port_of()
    return sum(_mend(call_id, line, port) for call_id, line in _quiet()) if port is not None else 0


def _quiet() -> list[tuple[int, str]]:
    with unit_of_work() as now:
        quiet = select(Call.id, Call.provider_sid).where(
            Call.ended_at.is_(None), Call.seen_at < now - QUIET, Call.provider_sid.is_not(None),
            Call.provider == hearing.PROVIDER,
        )  # fmt: skip
        rows = db.session.execute(quiet.order_by(Call.seen_at).limit(BATCH))
        return [(row.id, row.provider_sid) for row in rows]


def _mend(call_id: int, line: str, port: VoicePort) -> bool:
    try:
        state = port.look(line)
        status, ended = state.status, state.ended_at
    except Gone:
        status, ended = LOST, None
    except CarrierError as fault:
        log.warning("call %s not looked at: %s", call_id, fault)
        return False
    with unit_of_work() as now:
        if status in OVER or status == LOST:
            _end(call_id, ended or now, now, status)
            return True
        db.session.execute(update(Call).where(Call.id == call_id).values(seen_at=now))
        return False


def _end(call_id: int, at: datetime, now: datetime, status: str) -> None:
    call = keeping.lock(call_id)
    if call.ended_at is None:
        log.warning("call %s had ended unheard: %s", call_id, status)
        arriving.end(call, at, now, status)
