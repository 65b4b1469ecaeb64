"""What is done once a day in the city's own time: begun by a row, so once, whoever notices first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db import db
from routing import service as routing
from tickets.event_models import JobOwed
from tickets.notice_models import Run

CHECK, DIGEST = "check", "digest"
SETTING = "notices"
SHIPPED = {"digest_hour": 8, "check_hour": 3}
"""What a city goes by that has not said its hours."""
HOURS = {CHECK: "check_hour", DIGEST: "digest_hour"}
SHOWN = 30


def hours() -> dict[str, int]:
    """At which hour of the day what is done, by the city's setting."""
    said: dict[str, int] = {**SHIPPED, **routing.current().settings.get(SETTING, {})}
    return said


def begin_due(now: datetime, jobs: dict[str, str]) -> list[str]:
    """Begin what is due today and was not begun: its row, and the job owed for it. Returns what was begun."""
    local = now.astimezone(routing.current().zone)
    at = hours()
    due = [kind for kind in jobs if local.hour >= at[HOURS[kind]]]
    today = select(Run.kind).where(Run.day == local.date(), Run.kind.in_(due))
    begun = []
    for kind in sorted(set(due) - set(db.session.scalars(today))):
        row = insert(Run).values(kind=kind, day=local.date(), began_at=now, figures={})
        run_id = db.session.scalar(row.on_conflict_do_nothing().returning(Run.id))
        if run_id is not None:
            db.session.add(JobOwed(job=jobs[kind], subject_id=run_id, due_at=now))
            begun.append(kind)
    return begun


def begin_asked(kind: str, now: datetime) -> Run:
    """A run that somebody asks for, besides the day's own."""
    run = Run(kind=kind, began_at=now, figures={})
    db.session.add(run)
    db.session.flush()
    return run


def end(run: Run, now: datetime, figures: dict[str, Any]) -> None:
    """Keep what came of it."""
    run.figures, run.ended_at = figures, now


def last_run(kind: str) -> Run | None:
    """The last that has ended."""
    ended = select(Run).where(Run.kind == kind, Run.ended_at.is_not(None)).order_by(Run.id.desc())
    return db.session.scalar(ended.limit(1))


def last_runs(kind: str) -> Sequence[Run]:
    """The latest first."""
    return db.session.scalars(select(Run).where(Run.kind == kind).order_by(Run.id.desc()).limit(SHOWN)).all()


def midnight_before(now: datetime) -> datetime:
    """The beginning of the city's day."""
    local = now.astimezone(routing.current().zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def day_after(start: datetime) -> datetime:
    """The beginning of the next day of the city."""
    return (start + timedelta(hours=26)).replace(hour=0)
