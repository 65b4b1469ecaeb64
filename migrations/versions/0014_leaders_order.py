"""A permission that came after a city was set up: its leaders may order a unit to act and to answer (批示)."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.get_bind().execute(
        sa.text(
            "UPDATE role SET permissions = ARRAY(SELECT DISTINCT unnest(permissions || ARRAY['order.issue']) ORDER BY 1)"
            " WHERE code = 'leader' AND NOT permissions @> ARRAY['order.issue']"
        )
    )


def downgrade() -> None:
    """What somebody may is taken back by an administrator, not by a step down: the older version knows it too."""
