"""A clock for what a unit owes a citizen who asked again (催办)."""

import json

import sqlalchemy as sa
from alembic import op

from routing.seed import document

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BEFORE = (
    "dispatch", "sign", "contact", "handle", "redo", "review", "callback", "info", "return", "decision", "dispute",
    "order", "suspension", "appeal",
)  # fmt: skip


def upgrade() -> None:
    allow((*BEFORE, "urge"))
    if not op.get_bind().scalar(sa.text("SELECT count(*) FROM policy")):
        return
    insert = sa.text(
        "INSERT INTO policy (clock, ticket_type, urgency, limit_value, limit_unit, ladder, source)"
        " VALUES (:clock, :ticket_type, :urgency, :limit_value, :limit_unit, CAST(:ladder AS jsonb), :source)"
    )
    for row in document("policies"):
        if row["clock"] == "urge":
            values = {name: row.get(name) for name in ("clock", "ticket_type", "urgency", "limit_value", "limit_unit")}
            op.get_bind().execute(insert, values | {"ladder": json.dumps(row["ladder"]), "source": row["source"]})


def downgrade() -> None:
    # What is nearest due is kept by a trigger that goes by the end of a clock, not by its row's removal.
    op.execute(
        "UPDATE deadline SET stopped_at = coalesce(stopped_at, now()), paused_at = NULL, next_at = NULL"
        " WHERE clock = 'urge'"
    )
    op.execute("DELETE FROM escalation WHERE deadline_id IN (SELECT id FROM deadline WHERE clock = 'urge')")
    op.execute("DELETE FROM deadline WHERE clock = 'urge'")
    op.execute("DELETE FROM policy WHERE clock = 'urge'")
    allow(BEFORE)


def allow(clocks: tuple[str, ...]) -> None:
    op.drop_constraint("clock", "policy", type_="check")
    op.create_check_constraint("clock", "policy", f"clock IN ({', '.join(map(repr, clocks))})")
