"""Lists that are narrowed and kept, exports, replies kept ready, what is to be ticked, search by a caller's name."""

import sqlalchemy as sa
from alembic import op
from flask import current_app
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

LOOKS = ("contact.revealed", "contact.searched", "contact.exported")


def upgrade() -> None:
    op.add_column("contact", sa.Column("name_hash", sa.LargeBinary(), nullable=True))
    op.create_index("ix_contact_name_hash", "contact", ["name_hash"])
    op.create_index("ix_assignment_department_id_ticket_id", "assignment", ["department_id", "ticket_id"])
    of_looks(LOOKS)
    create_saved_filter()
    create_export()
    create_replies()
    grant(sa.make_url(current_app.extensions["hotline"].database_url).username)


def of_looks(kinds: tuple[str, ...]) -> None:
    op.drop_index("ix_ticket_event_disclosures", "ticket_event")
    named = ",".join(f"'{kind}'" for kind in kinds)
    op.create_index(
        "ix_ticket_event_disclosures", "ticket_event", ["at", "id"], postgresql_where=sa.text(f"kind IN ({named})")
    )


def grant(role: str | None) -> None:
    """What the product's processes may do, where they are not the owner."""
    if role is None or role == op.get_bind().scalar(sa.text("SELECT current_user")):
        return
    name = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON export, canned_reply, check_item TO {name}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON saved_filter TO {name}")
    op.execute(f"GRANT USAGE ON SEQUENCE canned_reply_id_seq, check_item_id_seq TO {name}")


def downgrade() -> None:
    for table in ("check_item", "canned_reply", "export", "saved_filter"):
        op.drop_table(table)
    of_looks(LOOKS[:2])
    op.drop_index("ix_assignment_department_id_ticket_id", "assignment")
    op.drop_index("ix_contact_name_hash", "contact")
    op.drop_column("contact", "name_hash")


def create_saved_filter() -> None:
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("staff_id", sa.Integer(), sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("department_id", sa.Integer(), sa.ForeignKey("department.id")),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("wanted", postgresql.JSONB(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("staff_id", "name"),
    )
    op.create_index("ix_saved_filter_department_id", "saved_filter", ["department_id"])


def create_export() -> None:
    op.create_table(
        "export",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("asked_by", sa.Integer(), sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("wanted", postgresql.JSONB(), nullable=False),
        sa.Column("words", sa.LargeBinary()),
        sa.Column("identity", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Integer(), sa.ForeignKey("staff.id")),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("is_cut", sa.Boolean(), nullable=False),
        sa.Column("file", sa.Text()),
        sa.Column("rooms", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True)),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_export_asked_by", "export", ["asked_by", "id"])
    op.create_index("ix_export_waiting", "export", ["id"], postgresql_where=sa.text("state = 'WAITING'"))
    op.create_index("ix_export_kept", "export", ["expires_at"], postgresql_where=sa.text("file IS NOT NULL"))


def create_replies() -> None:
    op.create_table(
        "canned_reply",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("department_id", sa.Integer(), sa.ForeignKey("department.id")),
        sa.Column("category_code", sa.String(8), sa.ForeignKey("category.code")),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.UniqueConstraint("department_id", "code", postgresql_nulls_not_distinct=True),
    )
    op.create_table(
        "check_item",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("category_code", sa.String(8), sa.ForeignKey("category.code"), nullable=False),
        sa.Column("kind", sa.String(5), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("kind IN ('site','reply')", name="kind"),
    )
    op.create_index(
        "ix_check_item_in_force", "check_item", ["category_code", "position"], postgresql_where=sa.text("is_active")
    )
