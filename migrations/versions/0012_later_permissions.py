"""Permissions that came after a city was set up, for the roles that ship with them: to approve exports, to edit
texts for replies. A role that has them stays as it is, and so does one that the city has made itself."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

GRANTS = {"supervisor": ("export.approve",), "department_lead": ("canned.edit",)}


def upgrade() -> None:
    more = sa.text(
        "UPDATE role SET permissions = ARRAY(SELECT DISTINCT unnest(permissions || CAST(:more AS text[])) ORDER BY 1)"
        " WHERE code = :code AND NOT permissions @> CAST(:more AS text[])"
    )
    for code, permissions in GRANTS.items():
        op.get_bind().execute(more, {"code": code, "more": list(permissions)})


def downgrade() -> None:
    """What somebody may is taken back by an administrator, not by a step down: the older version knows it too."""
