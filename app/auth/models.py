"""Accounts: staff, their roles and units, server-side sessions, one-time tokens and throttle counters."""

from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db import Base


class Staff(Base):
    """A person who works here. Never deleted: events name the id."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The sealed second factor; empty for who has none."""
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    """The step of the last code that was used: neither it nor one before it works again."""
    factor_reset_at: Mapped[datetime | None]
    """When an administrator took the factor away, until the person was told."""
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Role(Base):
    """A named set of permissions. Data: a city may split or merge roles without new code.

    `reach` says for whom the work is done: the city, one unit, or a unit with all units below it. `name` is
    what a city calls a role of its own; the shipped ones are named by the product, in each language.
    """

    __tablename__ = "role"
    __table_args__ = (CheckConstraint("reach IN ('city', 'unit', 'subtree')", name="reach"),)

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reach: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text, default="", server_default="")
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class RoleMembership(Base):
    """A role somebody has, for the work of one unit where the role is a unit's."""

    __tablename__ = "role_membership"
    __table_args__ = (
        UniqueConstraint("staff_id", "role_code", "department_id", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    role_code: Mapped[str] = mapped_column(ForeignKey("role.code"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))


class StaffSession(Base):
    """One login. The cookie holds a random token, this row its SHA-256; deleting the row ends it.

    It ends by itself at `expires_at`, or when nothing was asked for `idle_limit` after `seen_at`.
    """

    __tablename__ = "staff_session"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    idle_limit: Mapped[timedelta]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class OneTimeToken(Base):
    """Lets one person set a password once: the first administrator, a new account, a reset.

    `forced` is that of a first administrator which may be one more.
    """

    __tablename__ = "one_time_token"
    __table_args__ = (
        CheckConstraint("purpose IN ('first_admin', 'enrol', 'reset')", name="purpose"),
        CheckConstraint("(purpose = 'first_admin') = (staff_id IS NULL)", name="whose"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    forced: Mapped[bool] = mapped_column(default=False)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Attempt(Base):
    """Failed guesses: one row each, counted over a window by every process, swept when old.

    `bucket` names what is guarded and for whom, as a keyed hash: no address or login stands here.
    """

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_bucket", "bucket", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    bucket: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]
