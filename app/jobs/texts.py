"""Keeping the word index of tickets true."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from app.extensions import vault
from app.outbox import unit_of_work
from db import db
from routing import service as routing
from tickets import queries
from tickets.event_models import JobOwed


def index_texts(owed_ids: Sequence[int]) -> int:
    """Index the tickets that these owed rows name, and strike the rows. Safe to repeat."""
    with unit_of_work():
        rows = db.session.execute(select(JobOwed.id, JobOwed.subject_id).where(JobOwed.id.in_(owed_ids))).all()
        words = queries.words_of({row.subject_id for row in rows}, vault())
        routing.index_texts(db.session(), {str(key): text for key, text in words.items()})
        db.session.execute(delete(JobOwed).where(JobOwed.id.in_([row.id for row in rows])))
    return len(rows)
