"""Files that come with tickets, and categories that ask for a photo of what was done."""

import sqlalchemy as sa
from alembic import op
from flask import current_app

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("category", sa.Column("wants_photo", sa.Boolean(), server_default="false", nullable=False))
    op.create_table(
        "attachment",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("assignment_id", sa.BigInteger(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("thumbnail", sa.Text(), nullable=True),
        sa.Column("added_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('image', 'audio', 'video')", name=op.f("ck_attachment_kind")),
        sa.CheckConstraint("purpose IN ('matter', 'handling', 'proof')", name=op.f("ck_attachment_purpose")),
        sa.CheckConstraint("(purpose = 'matter') = (assignment_id IS NULL)", name=op.f("ck_attachment_of_part")),
        sa.CheckConstraint("file IS NOT NULL OR removed_at IS NOT NULL", name=op.f("ck_attachment_kept")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_attachment_ticket_id")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_attachment_assignment_id")),
        sa.ForeignKeyConstraint(["added_by"], ["staff.id"], name=op.f("fk_attachment_added_by")),
        sa.ForeignKeyConstraint(["removed_by"], ["staff.id"], name=op.f("fk_attachment_removed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
        sa.UniqueConstraint("file", name=op.f("uq_attachment_file")),
        sa.UniqueConstraint("thumbnail", name=op.f("uq_attachment_thumbnail")),
    )
    op.create_index("ix_attachment_ticket_id", "attachment", ["ticket_id", "id"])
    op.create_index(
        "ix_attachment_assignment_id", "attachment", ["assignment_id"],
        postgresql_where=sa.text("assignment_id IS NOT NULL"),
    )
    op.create_index(
        "ix_attachment_to_purge", "attachment", ["removed_at"],
        postgresql_where=sa.text("removed_at IS NOT NULL AND file IS NOT NULL"),
    )
    grant(sa.make_url(current_app.extensions["hotline"].database_url).username)


def grant(role: str | None) -> None:
    """What the product's processes may do, where they are not the owner."""
    if role is None or role == op.get_bind().scalar(sa.text("SELECT current_user")):
        return
    name = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON attachment TO {name}")


def downgrade() -> None:
    op.drop_table("attachment")
    op.drop_column("category", "wants_photo")
