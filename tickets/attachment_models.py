"""Files that came with a ticket. Columns only; what is in them lies sealed on the disk, under names of its own."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from db import Base

KINDS = ("image", "audio", "video")
SHOWS_WORK = ("image", "video")
"""Those that can show what was done."""
MATTER, HANDLING, PROOF = "matter", "handling", "proof"
PURPOSES = (MATTER, HANDLING, PROOF)


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Attachment(Base):
    """附件. Of the matter as a whole, or of one unit's part: what it saw on the way, or proof of what it did.

    `added_by` is None for the ticket's citizen. `digest` is the SHA-256 of what is kept, `name` for people alone.
    `file` and `thumbnail` are None once a removed one is gone for good.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        CheckConstraint(_one_of("kind", KINDS), name="kind"),
        CheckConstraint(_one_of("purpose", PURPOSES), name="purpose"),
        CheckConstraint("(purpose = 'matter') = (assignment_id IS NULL)", name="of_part"),
        CheckConstraint("file IS NOT NULL OR removed_at IS NOT NULL", name="kept"),
        Index("ix_attachment_ticket_id", "ticket_id", "id"),
        Index("ix_attachment_assignment_id", "assignment_id", postgresql_where=text("assignment_id IS NOT NULL")),
        Index(
            "ix_attachment_to_purge", "removed_at",
            postgresql_where=text("removed_at IS NOT NULL AND file IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"))
    purpose: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    size: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    file: Mapped[str | None] = mapped_column(Text, unique=True)
    thumbnail: Mapped[str | None] = mapped_column(Text, unique=True)
    added_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
