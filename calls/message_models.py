"""Tables of text messages: what goes out and comes in, what was told of it, who wants none, which way is open.

No table here holds a telephone number: what goes out goes to the contact of its ticket, and of whom it came from
there is the keyed hash. Bodies are sealed; that of a reply that goes out by itself holds whom it goes to.
"""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from calls.message_states import MessageState
from db import Base

TO_BE_READ = "direction = 'in' AND template = 'help' AND settled_at IS NULL"
"""Which texts wait for somebody to read them; in these words, for a condition whose values come later would not be
known to be that of the index."""
_STATES = ", ".join(repr(str(state)) for state in MessageState)


class Message(Base):
    """短信. One text. The row of one that goes out is there before anybody is asked to send it.

    `reference` is our own name of it. `body` is what it says, `reply` what one that came in was answered. `again`
    counts how often it was sent anew by hand, by `asked_by`, or because another day is promised. `template` of one
    that came in is what it asked for; `asked_by` and `settled_at` of one that asked for nothing say who dealt with
    it, and when.
    """

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("direction IN ('in','out')", name="direction"),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        Index(
            "uq_message_ticket_template", "ticket_id", "template", "round", "again", unique=True,
            postgresql_where=text("direction = 'out'"),
        ),
        Index("uq_message_provider_sid", "provider", "provider_sid", unique=True),
        Index("ix_message_ticket_id", "ticket_id", "id"),
        Index("ix_message_phone_hash", "phone_hash", "created_at"),
        Index("ix_message_created_at", "created_at"),
        Index(
            "ix_message_to_be_read", "created_at",
            postgresql_where=text(TO_BE_READ),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    reference: Mapped[str] = mapped_column(Text, unique=True)
    direction: Mapped[str] = mapped_column(Text)
    provider: Mapped[str | None] = mapped_column(Text)
    provider_sid: Mapped[str | None] = mapped_column(Text)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    template: Mapped[str] = mapped_column(Text)
    round: Mapped[int] = mapped_column(default=0)
    again: Mapped[int] = mapped_column(default=0)
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    reply: Mapped[bytes | None] = mapped_column(LargeBinary)
    segments: Mapped[int]
    state: Mapped[str] = mapped_column(Text)
    rank: Mapped[int]
    error_code: Mapped[str | None] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]


class MessageReceipt(Base):
    """回执. Every state that was ever told of a message, as it was told; rows are only added.

    `message_id` is empty while no message is known by this name: a receipt may overtake the answer to the sending.
    """

    __tablename__ = "message_receipt"
    __table_args__ = (
        Index("ix_message_receipt_message_id", "message_id", "id"),
        Index(
            "ix_message_receipt_unknown", "provider", "provider_sid", postgresql_where=text("message_id IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    provider: Mapped[str] = mapped_column(Text)
    provider_sid: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    said: Mapped[str] = mapped_column(Text)
    error_code: Mapped[str | None] = mapped_column(Text)
    received_at: Mapped[datetime]


class OptOut(Base):
    """退订. Whoever wants no messages, by the hash of the number."""

    __tablename__ = "opt_out"

    phone_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    since: Mapped[datetime]


class MessageRoute(Base):
    """熔断. How it goes with one provider: its failures of the last minute, and until when nobody asks it."""

    __tablename__ = "message_route"

    provider: Mapped[str] = mapped_column(Text, primary_key=True)
    failed_at: Mapped[list[datetime]] = mapped_column(ARRAY(TIMESTAMP(timezone=True)), default=list)
    shut_until: Mapped[datetime | None]
    fault: Mapped[str | None] = mapped_column(Text)
