"""What is asked for, ordered or called together beside a ticket's course. Columns only."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from db import Base

STANDS = "state IN ('issued','answered')"
"""Of an order: somebody still has to do something about it."""
KINDS = ("extension", "suspension", "exclusion", "appeal")
STATES = ("asked", "granted", "refused", "lapsed")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Application(Base):
    """申请. More time (延期), standing still (挂账) or leaving out of the figures (剔除), asked by a unit; or the
    citizen's appeal (复核). What was written is in TicketText, in fields named after the kind.

    `level` counts the requests of its kind for this part: who decides on a second one may be somebody else.
    `days` is a limit as policies write it; `reason` a code; `review_on` the day on which to look again.
    """

    __tablename__ = "application"
    __table_args__ = (
        CheckConstraint(_one_of("kind", KINDS), name="kind"),
        CheckConstraint(_one_of("state", STATES), name="state"),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided"),
        Index(
            "ix_application_asked", "ticket_id", "assignment_id", "kind", unique=True,
            postgresql_where=text("state = 'asked'"), postgresql_nulls_not_distinct=True,
        ),
        Index("ix_application_queue", "kind", "id", postgresql_where=text("state = 'asked'")),
        Index("ix_application_ticket_id", "ticket_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"))
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, default="asked")
    level: Mapped[int] = mapped_column(default=1)
    reason: Mapped[str | None] = mapped_column(Text)
    days: Mapped[str | None] = mapped_column(Text)
    review_on: Mapped[date | None]
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]


class SupervisionOrder(Base):
    """督办单. An order to one unit to act and answer by a day; settled (销号) by who may issue one."""

    __tablename__ = "supervision_order"
    __table_args__ = (
        CheckConstraint("state IN ('issued','answered','settled','lapsed')", name="state"),
        CheckConstraint("level BETWEEN 1 AND 3", name="level"),
        Index(
            "ix_supervision_order_open", "assignment_id", unique=True, postgresql_where=text(STANDS)
        ),
        Index("ix_supervision_order_queue", "due_at", "id", postgresql_where=text(STANDS)),
        Index("ix_supervision_order_ticket_id", "ticket_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"))
    level: Mapped[int]
    form: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, default="issued")
    issued_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    issued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]


class JointMeeting(Base):
    """联合勘查、联席会审. The lead unit calls the units of a ticket together; what came of it is minuted."""

    __tablename__ = "joint_meeting"
    __table_args__ = (
        CheckConstraint("kind IN ('visit','review')", name="kind"),
        Index("ix_joint_meeting_ticket_id", "ticket_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"))
    kind: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    place: Mapped[str] = mapped_column(Text)
    called_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    called_at: Mapped[datetime]
    minuted_at: Mapped[datetime | None]
