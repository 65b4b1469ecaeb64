"""Tables of what staff are told, of failures of the machinery, and of what is done once a day. Columns only."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db import Base


class Notice(Base):
    """通知. One thing told to one person, or to the mailbox of a unit, in one way; the key lets it be told once.

    `facts` holds ids, codes, numbers and moments. `next_at` is when an e-mail is to be tried; `state` is of its
    sending: PENDING, SENDING (handed to the server, and nothing came back yet), SENT, UNCLEAR, FAILED or MOOT; of
    what stands in the product itself it is SENT from the beginning.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("key", "way", "staff_id", "department_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("(staff_id IS NULL) <> (department_id IS NULL)", name="one_recipient"),
        CheckConstraint("way IN ('in_app', 'email')", name="way"),
        CheckConstraint(
            "state IN ('PENDING', 'SENDING', 'SENT', 'UNCLEAR', 'FAILED', 'MOOT')", name="state"
        ),
        Index("ix_notice_of_staff", "staff_id", "id", postgresql_where=text("way = 'in_app'")),
        Index(
            "ix_notice_unread", "staff_id", postgresql_where=text("way = 'in_app' AND read_at IS NULL")
        ),
        Index("ix_notice_due", "next_at", "id", postgresql_where=text("next_at IS NOT NULL")),
        Index("ix_notice_troubled", "id", postgresql_where=text("state IN ('UNCLEAR', 'FAILED')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    way: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    state: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    tried_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    fault: Mapped[str | None] = mapped_column(Text)


class Mailbox(Base):
    """Where a member of staff gets e-mail, if anywhere; `is_off` is the person's own choice."""

    __tablename__ = "mailbox"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    address: Mapped[str | None] = mapped_column(Text)
    is_off: Mapped[bool] = mapped_column(default=False, server_default="false")


class Beat(Base):
    """When something that must go on was last seen to go on."""

    __tablename__ = "beat"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    at: Mapped[datetime]


class Outage(Base):
    """A time in which something stood still: nothing was swept, or what was owed not done. Open without an end."""

    __tablename__ = "outage"
    __table_args__ = (
        Index("uq_outage_open", "name", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_outage_began_at", "began_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    began_at: Mapped[datetime]
    noticed_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Run(Base):
    """What is done once a day, or when somebody asks for it: `day` is the city's, and empty where asked for."""

    __tablename__ = "daily_run"
    __table_args__ = (UniqueConstraint("kind", "day"), Index("ix_daily_run_kind", "kind", "id"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    day: Mapped[date | None]
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
