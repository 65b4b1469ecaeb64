"""Texts that nobody has dealt with are counted every few seconds by every console, however many were sent."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_message_to_be_read", "message", ["created_at"],
        postgresql_where=sa.text("direction = 'in' AND template = 'help' AND settled_at IS NULL"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_message_to_be_read", table_name="message")
