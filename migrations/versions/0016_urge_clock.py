"""A clock for what a unit owes a citizen who asked again (催办)."""

from alembic import op

from routing.seed import add_policies

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
    add_policies(op.get_bind(), ("urge",))


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
