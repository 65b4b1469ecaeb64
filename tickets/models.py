"""Tables of a ticket: identity, matter, control, contact, assignments, clocks and ratings. Columns only."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Sequence,
    Text,
    UniqueConstraint,
    column,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db import Base
from tickets.lifecycle import AssignmentState, TicketState

number_sequence = Sequence("ticket_number_seq", metadata=Base.metadata)
ticket_sequence = Sequence("ticket_id_seq", metadata=Base.metadata)

_OPEN_ASSIGNMENT = (
    "state IN ('PENDING_SIGN','HANDLING','NEED_INFO','REJECTED','RETURN_REQUESTED','SUBMITTED')"
)
_BEFORE_DISPATCH = "state IN ('REGISTERED','NEED_INFO','TO_DISPATCH','DISPUTED')"
_NOT_HANDLED = "state IN ('MERGED','REFERRED','WITHDRAWN')"
NO_MOMENT = "'9999-01-01 00:00:00+00'::timestamp with time zone"
"""Behind every moment: the place in order of what has no running clock."""
_DUE: Any = func.coalesce(column("due_at"), literal_column(NO_MOMENT))


def _one_of(column: str, values: type[TicketState] | type[AssignmentState]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


class Ticket(Base):
    """工单. What the citizen follows. Lights and counts are derived, never stored.

    `due_at` is when the nearest of its running clocks is due; the database keeps it whenever a clock changes, and
    nobody else writes it.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        CheckConstraint(_one_of("state", TicketState), name="state"),
        CheckConstraint("(number IS NULL) = (state IN ('DRAFT','DISCARDED'))", name="numbered"),
        UniqueConstraint("external_system", "external_no"),
        Index("ix_ticket_before_dispatch", _DUE, "id", postgresql_where=text(_BEFORE_DISPATCH)),
        Index(
            "ix_ticket_review", "state", _DUE, "id", postgresql_where=text("state IN ('TO_REVIEW','TO_CALLBACK')")
        ),
        Index("ix_ticket_registered_by", "registered_by", "id"),
        Index(
            "ix_ticket_open_of_staff", "registered_by", _DUE, "id", postgresql_where=text("closed_at IS NULL")
        ),
        Index("ix_ticket_open", "id", postgresql_where=text("closed_at IS NULL")),
        # What a search is narrowed to, where it is rare: without these it would look through all there ever was.
        Index(
            "ix_ticket_category", "category_code", "id", postgresql_ops={"category_code": "text_pattern_ops"}
        ),
        Index("ix_ticket_area", "region_path", "id", postgresql_ops={"region_path": "text_pattern_ops"}),
        Index("ix_ticket_pressing", "urgency", "id", postgresql_where=text("urgency <> 'normal'")),
        Index("ix_ticket_not_handled", "state", "id", postgresql_where=text(_NOT_HANDLED)),
        Index("ix_ticket_parent_id", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index("ix_ticket_split_from_id", "split_from_id", postgresql_where=text("split_from_id IS NOT NULL")),
        Index("ix_ticket_green", "id", postgresql_where=text("green_channel AND closed_at IS NULL")),
        Index(
            "ix_ticket_to_archive", "closed_at",
            postgresql_where=text("state IN ('CLOSED','ANSWERED','REFERRED','WITHDRAWN')"),
        ),
        Index("ix_ticket_registered_at", "registered_at", postgresql_where=text("registered_at IS NOT NULL")),
        Index("ix_ticket_dispatched_at", "dispatched_at", postgresql_where=text("dispatched_at IS NOT NULL")),
        Index("ix_ticket_closed_at", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, ticket_sequence, primary_key=True)
    number: Mapped[str | None] = mapped_column(Text, unique=True)
    state: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=0)
    rooms: Mapped[list[str]] = mapped_column(ARRAY(Text))

    # Identity
    channel: Mapped[str] = mapped_column(Text)
    line_no: Mapped[str] = mapped_column(Text, default="12345")
    external_system: Mapped[str | None] = mapped_column(Text)
    external_no: Mapped[str | None] = mapped_column(Text)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    """并单: the ticket it is handled with, whose answer it gets."""
    split_from_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    """分单: the ticket whose caller said this as well."""
    form_key: Mapped[str | None] = mapped_column(Text, unique=True)
    form_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    code_counter: Mapped[int] = mapped_column(default=0)
    code_key_id: Mapped[str | None] = mapped_column(Text)
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    registered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]
    received_at: Mapped[datetime]
    registered_at: Mapped[datetime | None]
    dispatched_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]

    # Caller: flags only; what identifies a person is in Contact
    anonymous: Mapped[bool] = mapped_column(default=False)
    confidential: Mapped[bool] = mapped_column(default=False)
    wants_reply: Mapped[bool] = mapped_column(default=True)
    caller_label: Mapped[str | None] = mapped_column(Text)

    # Matter: `title` is masked once, at write; the words as spoken are in TicketText
    type: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text, default="")
    category_code: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    region_code: Mapped[str | None] = mapped_column(Text)
    region_path: Mapped[str | None] = mapped_column(Text)
    place: Mapped[str | None] = mapped_column(Text)
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    happened_at: Mapped[datetime | None]
    person_count: Mapped[int] = mapped_column(default=1)
    enterprise: Mapped[bool] = mapped_column(default=False)
    threat: Mapped[bool] = mapped_column(default=False)

    # Control: settings
    urgency: Mapped[str] = mapped_column(Text, default="normal")
    green_channel: Mapped[bool] = mapped_column(default=False)
    disposition: Mapped[str | None] = mapped_column(Text)
    refer_reason: Mapped[str | None] = mapped_column(Text)
    round: Mapped[int] = mapped_column(default=0)
    redos: Mapped[int] = mapped_column(default=0, server_default="0")


class TicketText(Base):
    """What people wrote: versioned and erasable. Events name field and version, never the body."""

    __tablename__ = "ticket_text"
    __table_args__ = (Index("ix_ticket_text_ticket_id", "ticket_id", "field", "version", unique=True),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"))
    field: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1)
    body: Mapped[str] = mapped_column(Text)
    written_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    written_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class Contact(Base):
    """The person behind a ticket, sealed field by field (AES-256-GCM). The only place for personal data."""

    __tablename__ = "contact"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True, autoincrement=False)
    name: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    address: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)
    name_hash: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)
    updated_at: Mapped[datetime]


class Assignment(Base):
    """承办任务. One per handling unit and round: lead (主办), assisting (协办), or passed down (下派) by the part
    `parent_id`. `designated` by an adjudicator, it cannot be returned; `auto_signed` nobody signed in time.
    `due_at` is when the nearest of its own running clocks is due, kept by the database as that of the ticket is.

    What the unit says on ending it: how, when and from which number the citizen was told, whether the facts are
    true, and what came of it.
    """

    __tablename__ = "assignment"
    __table_args__ = (
        CheckConstraint(_one_of("state", AssignmentState), name="state"),
        CheckConstraint("role IN ('lead','assist','sub')", name="role"),
        CheckConstraint("(role = 'sub') = (parent_id IS NOT NULL)", name="sub"),
        UniqueConstraint("ticket_id", "department_id", "round"),
        Index("ix_assignment_department_id_ticket_id", "department_id", "ticket_id"),
        Index("ix_assignment_open", "department_id", _DUE, "id", postgresql_where=text(_OPEN_ASSIGNMENT)),
        Index(
            "ix_assignment_to_sign", "department_id", _DUE, "id", postgresql_where=text("state = 'PENDING_SIGN'")
        ),
        Index(
            "ix_assignment_return_requested", "ticket_id", postgresql_where=text("state = 'RETURN_REQUESTED'")
        ),
        Index("ix_assignment_returned", "ended_at", postgresql_where=text("state = 'RETURNED'")),
        Index("ix_assignment_signed_at", "signed_at", postgresql_where=text("signed_at IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    role: Mapped[str] = mapped_column(Text)
    round: Mapped[int]
    state: Mapped[str] = mapped_column(Text)
    dispatched_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    first_contact_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"))
    designated: Mapped[bool] = mapped_column(default=False, server_default="false")
    auto_signed: Mapped[bool] = mapped_column(default=False, server_default="false")
    contact_method: Mapped[str | None] = mapped_column(Text)
    contact_at: Mapped[datetime | None]
    contact_from: Mapped[str | None] = mapped_column(Text)
    facts: Mapped[str | None] = mapped_column(Text)
    result: Mapped[str | None] = mapped_column(Text)
    return_until: Mapped[datetime | None]
    return_reason: Mapped[str | None] = mapped_column(Text)
    legal_basis: Mapped[str | None] = mapped_column(Text)
    suggested_department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))


class RoutingDecision(Base):
    """What routing said of a ticket, and why, as it was then. One row each time it was asked."""

    __tablename__ = "routing_decision"
    __table_args__ = (Index("ix_routing_decision_ticket_id", "ticket_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    decided_at: Mapped[datetime]
    dispatched: Mapped[bool]
    lead_department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    category_code: Mapped[str | None] = mapped_column(Text)
    duty_code: Mapped[str | None] = mapped_column(Text)
    duty_version: Mapped[int | None]
    rule_id: Mapped[int | None]
    confidence: Mapped[float]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Deadline(Base):
    """One clock of a ticket or assignment. `next_at` is the next moment at which something is owed.

    `levels` holds the ladder computed at the start: [[level, tier, moment], ...] in order. An extension or
    redo stops this row and opens the next epoch, `prolonged` where the unit was given more time. `pauses` are
    [from, to]; while it stands still, since `paused_at`, nothing is owed. `legal_due_at` is when it would be due
    without the green channel. `claimed_until` is a sweep's lease, never a state; `attempts` counts how often a
    worker began with what is owed and did not end it.
    """

    __tablename__ = "deadline"
    __table_args__ = (
        Index("ix_deadline_due", "next_at", "id", postgresql_where=text("next_at IS NOT NULL")),
        Index("ix_deadline_running", "ticket_id", postgresql_where=text("stopped_at IS NULL")),
        Index("ix_deadline_overdue", "due_at", "id", postgresql_where=text("stopped_at IS NULL")),
        Index("ix_deadline_handle", "due_at", postgresql_where=text("clock = 'handle'")),
        UniqueConstraint(
            "ticket_id", "assignment_id", "clock", "epoch", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint(
            "(stopped_at IS NULL AND paused_at IS NULL) OR next_at IS NULL", name="stopped_owes_nothing"
        ),
        Index("ix_deadline_set_aside", "id", postgresql_where=text("attempts >= 5")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"))
    clock: Mapped[str] = mapped_column(Text)
    epoch: Mapped[int] = mapped_column(default=1)
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("policy.id"))
    limit: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    yellow_at: Mapped[datetime | None]
    levels: Mapped[list[Any]] = mapped_column(JSONB)
    next_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    pauses: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    prolonged: Mapped[bool] = mapped_column(default=False, server_default="false")
    legal_due_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    fault: Mapped[str | None] = mapped_column(Text)
    part: Mapped[Assignment | None] = relationship()


class Escalation(Base):
    """One rung of the ladder that was reached: it acted, or a higher one acted in its stead (skipped).

    `cause` is due, climbed (nobody had seen the rung before in time: `planned_at` is when it would have been due),
    by_hand or repaired. `ack_by` is until when somebody must have seen it, where that is asked. Clock and unit are
    those of the deadline, so that the ledger finds its rows by an index.
    """

    __tablename__ = "escalation"
    __table_args__ = (
        UniqueConstraint("deadline_id", "level"),
        Index("ix_escalation_at", "escalated_at", "id"),
        Index("ix_escalation_of_unit", "department_id", "escalated_at", "id"),
        Index("ix_escalation_of_tier", "tier", "escalated_at", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    deadline_id: Mapped[int] = mapped_column(ForeignKey("deadline.id"))
    level: Mapped[int]
    tier: Mapped[str] = mapped_column(Text)
    owed_at: Mapped[datetime]
    escalated_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text, default="due", server_default="due")
    planned_at: Mapped[datetime | None]
    ack_by: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    clock: Mapped[str | None] = mapped_column(Text)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    told: Mapped[int | None]


class FollowUp(Base):
    """回访. One attempt to ask the citizen, and what came of it; `asked_by` is empty where a machine asked, or the
    time ran out."""

    __tablename__ = "follow_up"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(Text)
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    again_at: Mapped[datetime | None]
    was_contacted: Mapped[bool | None]
    is_true: Mapped[bool | None]


class Rating(Base):
    """评价. The citizen's own word on a round, sent in or told on the telephone; nobody's silence becomes one.

    A bad one is `judged` once: reasonable, and handled again, or not.
    """

    __tablename__ = "rating"
    __table_args__ = (
        UniqueConstraint("ticket_id", "round"),
        CheckConstraint("satisfied BETWEEN 1 AND 3", name="satisfied"),
        CheckConstraint("judged IN ('reasonable','dismissed')", name="judged"),
        Index(
            "ix_rating_to_judge", "rated_at",
            postgresql_where=text("judged IS NULL AND (NOT solved OR satisfied = 1)"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    round: Mapped[int]
    solved: Mapped[bool]
    satisfied: Mapped[int]
    rated_at: Mapped[datetime] = mapped_column(index=True)
    judged: Mapped[str | None] = mapped_column(Text)


class Presence(Base):
    """Who has a ticket's page open, as of when. Courtesy, not a lock: it may be wrong for half a minute."""

    __tablename__ = "presence"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    seen_at: Mapped[datetime] = mapped_column(index=True)


class FormDraft(Base):
    """What somebody typed and has not sent: sealed, without events, swept when it expires."""

    __tablename__ = "form_draft"
    __table_args__ = (UniqueConstraint("staff_id", "form"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    form: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    saved_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
