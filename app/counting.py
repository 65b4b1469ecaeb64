"""Counting what the record promises: asked for on a page, done search by search in the background."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from app import checking
from app.enqueue import COUNT_FAULTS
from db import Base, db
from tickets.event_models import JobOwed

SECONDS = 60.0
"""After so long a search is given up: less than a job may take."""


class Counting(Base):
    """One count of everything in `checking.FAULTS`; `found` grows by a fault with each search that is done."""

    __tablename__ = "counting"
    __table_args__ = (
        Index(
            "uq_counting_under_way", "ended_at", unique=True,
            postgresql_where=text("ended_at IS NULL"), postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    asked_at: Mapped[datetime]
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    found: Mapped[dict[str, list[int] | None]] = mapped_column(JSONB, default=dict)
    ended_at: Mapped[datetime | None]

    @property
    def left(self) -> list[str]:
        """The faults that were not looked for yet."""
        return [name for name in checking.FAULTS if name not in self.found]


def ask(staff_id: int, now: datetime) -> None:
    """Have everything counted anew, unless that is under way."""
    made = insert(Counting).values(asked_at=now, asked_by=staff_id, found={}).on_conflict_do_nothing()
    counting_id = db.session.scalar(made.returning(Counting.id))
    if counting_id is not None:
        db.session.add(JobOwed(job=COUNT_FAULTS, subject_id=counting_id, due_at=now))


def latest() -> Counting | None:
    """The last count that was asked for, under way or ended."""
    return db.session.scalar(select(Counting).order_by(Counting.id.desc()).limit(1))


def search_on(counting: Counting, now: datetime) -> None:
    """Look for the next fault; the last one ends the count."""
    for name in counting.left[:1]:
        counting.found = {**counting.found, name: checking.offenders(name, SECONDS)}
    if not counting.left:
        counting.ended_at = now
