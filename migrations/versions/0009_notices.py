"""What staff are told, who has seen an escalation, what stood still, and what is done once a day."""

import sqlalchemy as sa
from alembic import op
from flask import current_app
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = ("notice", "mailbox", "beat", "outage", "daily_run")
MOMENT = sa.DateTime(timezone=True)
OF_ESCALATION = {
    "planned_at": MOMENT, "ack_by": MOMENT, "acknowledged_at": MOMENT, "acknowledged_by": sa.Integer(),
    "clock": sa.Text(), "department_id": sa.Integer(), "told": sa.Integer(),
}  # fmt: skip


def upgrade() -> None:
    extend()
    make_notice()
    make_the_rest()
    grant(sa.make_url(current_app.extensions["hotline"].database_url).username)


def extend() -> None:
    op.add_column("department", sa.Column("email", sa.String(), nullable=True))
    op.add_column("deadline", sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
    op.add_column("deadline", sa.Column("fault", sa.Text(), nullable=True))
    op.create_index(
        "ix_deadline_set_aside", "deadline", ["id"], postgresql_where=sa.text("attempts >= 5")
    )
    op.create_index(
        "ix_ticket_event_decided", "ticket_event", ["at"],
        postgresql_where=sa.text("kind IN ('assignment.returned','assignment.upheld')"),
    )
    op.add_column("escalation", sa.Column("cause", sa.Text(), server_default="due", nullable=False))
    for name, kind in OF_ESCALATION.items():
        op.add_column("escalation", sa.Column(name, kind, nullable=True))
    for name, table in (("acknowledged_by", "staff"), ("department_id", "department")):
        op.create_foreign_key(op.f(f"fk_escalation_{name}"), "escalation", table, [name], ["id"])
    op.execute(
        "UPDATE escalation e SET clock = d.clock, department_id = a.department_id"
        " FROM deadline d LEFT JOIN assignment a ON a.id = d.assignment_id WHERE d.id = e.deadline_id"
    )
    op.create_index("ix_escalation_at", "escalation", ["escalated_at", "id"])
    op.create_index("ix_escalation_of_unit", "escalation", ["department_id", "escalated_at", "id"])
    op.create_index("ix_escalation_of_tier", "escalation", ["tier", "escalated_at", "id"])


def make_notice() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("claimed_until", MOMENT, nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tried_at", MOMENT, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.CheckConstraint("(staff_id IS NULL) <> (department_id IS NULL)", name="one_recipient"),
        sa.CheckConstraint("way IN ('in_app', 'email')", name="way"),
        sa.CheckConstraint(
            "state IN ('PENDING', 'SENDING', 'SENT', 'UNCLEAR', 'FAILED', 'MOOT')", name="state"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_notice_staff_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_notice_department_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_notice_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint(
            "key", "way", "staff_id", "department_id", name=op.f("uq_notice_key_way_staff_id_department_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    for name, columns, where in (
        ("ix_notice_of_staff", ["staff_id", "id"], "way = 'in_app'"),
        ("ix_notice_unread", ["staff_id"], "way = 'in_app' AND read_at IS NULL"),
        ("ix_notice_due", ["next_at", "id"], "next_at IS NOT NULL"),
        ("ix_notice_troubled", ["id"], "state IN ('UNCLEAR', 'FAILED')"),
    ):
        op.create_index(name, "notice", columns, postgresql_where=sa.text(where))


def make_the_rest() -> None:
    op.create_table(
        "mailbox",
        sa.Column("staff_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("is_off", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_mailbox_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_mailbox")),
    )
    op.create_table(
        "beat",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_beat")),
    )
    op.create_table(
        "outage",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("noticed_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage")),
    )
    op.create_index(
        "uq_outage_open", "outage", ["name"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index("ix_outage_began_at", "outage", ["began_at"])
    op.create_table(
        "daily_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_run")),
        sa.UniqueConstraint("kind", "day", name=op.f("uq_daily_run_kind_day")),
    )
    op.create_index("ix_daily_run_kind", "daily_run", ["kind", "id"])


def grant(role: str | None) -> None:
    """What the product's processes may do, where they are not the owner."""
    if role is None or role == op.get_bind().scalar(sa.text("SELECT current_user")):
        return
    name = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {', '.join(TABLES)} TO {name}")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    for name in ("ix_escalation_of_tier", "ix_escalation_of_unit", "ix_escalation_at"):
        op.drop_index(name, "escalation")
    for name in reversed(OF_ESCALATION):
        op.drop_column("escalation", name)
    op.drop_column("escalation", "cause")
    op.drop_index("ix_ticket_event_decided", "ticket_event")
    op.drop_index("ix_deadline_set_aside", "deadline")
    op.drop_column("deadline", "fault")
    op.drop_column("deadline", "attempts")
    op.drop_column("department", "email")
