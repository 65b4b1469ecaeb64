"""Matters that are handled again, and automatic calls that ask how it went."""

import sqlalchemy as sa
from alembic import op
from flask import current_app

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CLOCKS = ("dispatch", "sign", "handle", "redo", "review", "callback")


def upgrade() -> None:
    create_tables()
    op.add_column("ticket", sa.Column("redos", sa.Integer(), server_default="0", nullable=False))
    op.add_column("follow_up", sa.Column("round", sa.Integer(), server_default="1", nullable=False))
    of_clocks(CLOCKS)
    grant(sa.make_url(current_app.extensions["hotline"].database_url).username)


def of_clocks(clocks: tuple[str, ...]) -> None:
    op.drop_constraint("clock", "policy", type_="check")
    named = ", ".join(f"'{clock}'" for clock in clocks)
    op.create_check_constraint("clock", "policy", f"clock IN ({named})")


def grant(role: str | None) -> None:
    """What the product's processes may do, where they are not the owner."""
    if role is None or role == op.get_bind().scalar(sa.text("SELECT current_user")):
        return
    name = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON follow_up_call TO {name}")


def downgrade() -> None:
    op.execute("UPDATE deadline SET clock = 'handle', policy_id = NULL WHERE clock = 'redo'")
    op.execute("DELETE FROM policy WHERE clock = 'redo'")
    of_clocks(tuple(clock for clock in CLOCKS if clock != "redo"))
    op.drop_column("follow_up", "round")
    op.drop_column("ticket", "redos")
    op.drop_table("follow_up_call")


def create_tables() -> None:
    op.create_table(
        "follow_up_call",
        sa.Column("ticket_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=True),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_follow_up_call_call_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_follow_up_call_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "round", name=op.f("pk_follow_up_call")),
        sa.UniqueConstraint("call_id", name=op.f("uq_follow_up_call_call_id")),
    )
    op.create_index(
        "ix_follow_up_call_waiting", "follow_up_call", ["due_at"], unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
