"""A message of a number that was withheld is owed to nobody's number."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("callback", "phone_hash", existing_type=sa.LargeBinary(), nullable=True)


def downgrade() -> None:
    op.execute("UPDATE callback SET phone_hash = sha256(call_id::text::bytea) WHERE phone_hash IS NULL")
    op.alter_column("callback", "phone_hash", existing_type=sa.LargeBinary(), nullable=False)
