"""The insert-only record of what happened, what waits to be published, and what was. Columns only."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db import Base


class TicketEvent(Base):
    """Timeline and audit in one. The product's database role may insert and read, never change or delete.

    `subject` says what `subject_id` counts: ticket, call, offer, seat, staff (accounts), export or reference
    (versions of the reference data). `rooms_before` and `rooms_after` are who could see the subject before and
    after the change.
    """

    __tablename__ = "ticket_event"
    __table_args__ = (
        Index("ix_ticket_event_subject", "subject", "subject_id", "id"),
        Index(
            "ix_ticket_event_looks", "actor_id", "at",
            postgresql_where=text("kind IN ('contact.revealed','contact.searched','code.reissued')"),
        ),
        Index(
            "ix_ticket_event_decided", "at",
            postgresql_where=text("kind IN ('assignment.returned','assignment.upheld')"),
        ),
        Index(
            "ix_ticket_event_disclosures", "at", "id",
            postgresql_where=text("kind IN ('contact.revealed','contact.searched','contact.exported')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[int | None]
    department_id: Mapped[int | None]
    at: Mapped[datetime]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    rooms_before: Mapped[list[str]] = mapped_column(ARRAY(Text))
    rooms_after: Mapped[list[str]] = mapped_column(ARRAY(Text))


class Outbox(Base):
    """An event that waits for its place in the sequence. Written with it, deleted when published."""

    __tablename__ = "outbox"

    event_id: Mapped[int] = mapped_column(ForeignKey("ticket_event.id"), primary_key=True)
    attempts: Mapped[int] = mapped_column(default=0)
    fault: Mapped[str | None] = mapped_column(Text)
    retry_at: Mapped[datetime | None]
    event: Mapped[TicketEvent] = relationship()


class Publication(Base):
    """The published order: gap-free, each row's hash covers its event and the row before."""

    __tablename__ = "publication"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(ForeignKey("ticket_event.id"), unique=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    published_at: Mapped[datetime]


class RoomHead(Base):
    """The last sequence that went to a room: the `prev` of its next message."""

    __tablename__ = "room_head"

    room: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)


class Lease(Base):
    """Who leads, until when, and how often that changed (`fence`). A late leader's fence no longer fits."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    holder: Mapped[str | None] = mapped_column(Text)
    fence: Mapped[int] = mapped_column(BigInteger, default=0)
    expires_at: Mapped[datetime | None]


class JobOwed(Base):
    """A job that an event calls for. The row goes when the job has done it; a lost job is handed out again.

    `attempts` counts the handings-out, each of which waits longer for the next.
    """

    __tablename__ = "job_owed"
    __table_args__ = (Index("ix_job_owed_due", "due_at", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    job: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[int] = mapped_column(BigInteger)
    due_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
