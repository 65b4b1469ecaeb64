"""The whole life of a ticket: what is asked for, ordered, called together, merged, split, passed down, paused."""

import sqlalchemy as sa
from alembic import op
from flask import current_app
from sqlalchemy.dialects import postgresql

from routing.seed import add_policies

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CLOCKS = (
    "dispatch", "sign", "contact", "handle", "redo", "review", "callback", "info", "return", "decision", "dispute",
    "order", "suspension", "appeal",
)  # fmt: skip
NEW_CLOCKS = ("contact", "info", "return", "decision", "dispute", "order", "suspension", "appeal")
TICKET_STATES = (
    "DRAFT", "DISCARDED", "REGISTERED", "NEED_INFO", "REFERRED", "ANSWERED", "TO_DISPATCH", "DISPUTED", "IN_PROGRESS",
    "SUSPENDED", "TO_REVIEW", "TO_CALLBACK", "CLOSED", "MERGED", "WITHDRAWN", "ARCHIVED",
)  # fmt: skip
NEW_TICKET_STATES = ("NEED_INFO", "DISPUTED", "SUSPENDED", "MERGED", "WITHDRAWN", "ARCHIVED")
PART_STATES = (
    "PENDING_SIGN", "HANDLING", "NEED_INFO", "RETURN_REQUESTED", "SUBMITTED", "REJECTED", "DONE", "RETURNED",
    "CANCELLED",
)  # fmt: skip
NEW_PART_STATES = ("NEED_INFO", "CANCELLED")
GRANTS = {
    "operator": ("ticket.supplement", "ticket.withdraw"),
    "dispatcher": ("ticket.refuse", "ticket.ask", "ticket.merge", "ticket.split"),
    "department_lead": ("assignment.delegate", "assignment.extend", "assignment.suspend", "assignment.appeal"),
    "supervisor": (
        "ticket.supplement", "ticket.withdraw", "ticket.answer", "ticket.refer", "ticket.refuse", "ticket.ask",
        "ticket.merge", "ticket.split", "ticket.green", "dispute.adjudicate", "extension.decide",
        "suspension.decide", "exclusion.decide", "appeal.decide", "order.issue",
    ),
}
"""What the shipped roles may do besides, where a city has them already."""
OFFICE = ("see.city", "see.confidential", "reports.read", "order.issue", "extension.decide_again", "dispute.adjudicate")
TABLES = ("application", "supervision_order", "joint_meeting")
OPEN_PART = "state IN ('PENDING_SIGN','HANDLING','NEED_INFO','REJECTED','RETURN_REQUESTED','SUBMITTED')"
OPEN_PART_BEFORE = "state IN ('PENDING_SIGN','HANDLING','REJECTED','RETURN_REQUESTED','SUBMITTED')"
WAITING = "state IN ('REGISTERED','NEED_INFO','TO_DISPATCH','DISPUTED')"
WAITING_BEFORE = "state IN ('REGISTERED','TO_DISPATCH')"


def upgrade() -> None:
    of_states(TICKET_STATES, PART_STATES, CLOCKS, WAITING, OPEN_PART)
    change_tickets()
    change_parts()
    change_clocks()
    wake_leads()
    change_follow_up()
    create_applications()
    create_orders()
    create_meetings()
    grant(sa.make_url(current_app.extensions["hotline"].database_url).username)
    add_to_roles()
    add_policies(op.get_bind(), NEW_CLOCKS)


def of_states(
    tickets: tuple[str, ...], parts: tuple[str, ...], clocks: tuple[str, ...], waiting: str, open_part: str
) -> None:
    for table, name, column, values in (
        ("ticket", "state", "state", tickets),
        ("assignment", "state", "state", parts),
        ("policy", "clock", "clock", clocks),
    ):
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, f"{column} IN ({', '.join(repr(value) for value in values)})")
    op.drop_index("ix_ticket_before_dispatch", "ticket")
    op.create_index(
        "ix_ticket_before_dispatch", "ticket", ["registered_at", "id"], postgresql_where=sa.text(waiting)
    )
    op.drop_index("ix_assignment_open", "assignment")
    op.create_index(
        "ix_assignment_open", "assignment", ["department_id", "ticket_id"], postgresql_where=sa.text(open_part)
    )


def change_tickets() -> None:
    op.add_column("ticket", sa.Column("split_from_id", sa.BigInteger()))
    op.add_column("ticket", sa.Column("refer_reason", sa.Text()))
    op.create_foreign_key(op.f("fk_ticket_split_from_id"), "ticket", "ticket", ["split_from_id"], ["id"])
    for name, columns, where in (
        ("ix_ticket_parent_id", ["parent_id"], "parent_id IS NOT NULL"),
        ("ix_ticket_split_from_id", ["split_from_id"], "split_from_id IS NOT NULL"),
        ("ix_ticket_green", ["id"], "green_channel AND closed_at IS NULL"),
        ("ix_ticket_to_archive", ["closed_at"], "state IN ('CLOSED','ANSWERED','REFERRED','WITHDRAWN')"),
    ):
        op.create_index(name, "ticket", columns, postgresql_where=sa.text(where))


def change_parts() -> None:
    for column in (
        sa.Column("parent_id", sa.BigInteger()),
        sa.Column("designated", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("auto_signed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("contact_method", sa.Text()),
        sa.Column("contact_at", sa.DateTime(timezone=True)),
        sa.Column("contact_from", sa.Text()),
        sa.Column("facts", sa.Text()),
        sa.Column("result", sa.Text()),
        sa.Column("return_until", sa.DateTime(timezone=True)),
        sa.Column("legal_basis", sa.Text()),
    ):
        op.add_column("assignment", column)
    op.create_foreign_key(op.f("fk_assignment_parent_id"), "assignment", "assignment", ["parent_id"], ["id"])
    op.drop_constraint("role", "assignment", type_="check")
    op.create_check_constraint("role", "assignment", "role IN ('lead','assist','sub')")
    op.create_check_constraint("sub", "assignment", "(role = 'sub') = (parent_id IS NOT NULL)")


def wake_leads() -> None:
    """The lead's reply waits for those who help it now: one that did not wait goes on until they have answered."""
    leads = """
        UPDATE assignment a SET state = 'HANDLING' FROM ticket t
        WHERE t.id = a.ticket_id AND t.state = 'IN_PROGRESS' AND a.role = 'lead' AND a.state = 'SUBMITTED'
        RETURNING a.id"""
    ids = list(op.get_bind().execute(sa.text(leads)).scalars())
    clocks = """
        UPDATE deadline SET stopped_at = NULL, next_at = now() WHERE id IN (
          SELECT max(id) FROM deadline WHERE assignment_id = ANY(:ids) AND clock IN ('handle', 'redo')
          GROUP BY assignment_id)"""
    op.get_bind().execute(sa.text(clocks), {"ids": ids})


def change_clocks() -> None:
    for column in (
        sa.Column("paused_at", sa.DateTime(timezone=True)),
        sa.Column("pauses", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("prolonged", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("legal_due_at", sa.DateTime(timezone=True)),
    ):
        op.add_column("deadline", column)
    op.drop_constraint("stopped_owes_nothing", "deadline", type_="check")
    op.create_check_constraint(
        "stopped_owes_nothing", "deadline", "(stopped_at IS NULL AND paused_at IS NULL) OR next_at IS NULL"
    )


def change_follow_up() -> None:
    op.add_column("follow_up", sa.Column("again_at", sa.DateTime(timezone=True)))
    op.add_column("follow_up", sa.Column("was_contacted", sa.Boolean()))
    op.add_column("follow_up", sa.Column("is_true", sa.Boolean()))
    op.add_column("rating", sa.Column("judged", sa.Text()))
    op.create_check_constraint("judged", "rating", "judged IN ('reasonable','dismissed')")
    op.create_index(
        "ix_rating_to_judge", "rating", ["rated_at"],
        postgresql_where=sa.text("judged IS NULL AND (NOT solved OR satisfied = 1)"),
    )


def create_applications() -> None:
    op.create_table(
        "application",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("assignment_id", sa.BigInteger()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("days", sa.Text()),
        sa.Column("review_on", sa.Date()),
        sa.Column("asked_by", sa.Integer()),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("kind IN ('extension', 'suspension', 'exclusion', 'appeal')", name="kind"),
        sa.CheckConstraint("state IN ('asked', 'granted', 'refused', 'lapsed')", name="state"),
        sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_application_ticket_id")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_application_assignment_id")),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.id"], name=op.f("fk_application_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_application_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
    )
    op.create_index(
        "ix_application_asked", "application", ["ticket_id", "assignment_id", "kind"], unique=True,
        postgresql_where=sa.text("state = 'asked'"), postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "ix_application_queue", "application", ["kind", "id"], postgresql_where=sa.text("state = 'asked'")
    )
    op.create_index("ix_application_ticket_id", "application", ["ticket_id", "id"])


def create_orders() -> None:
    op.create_table(
        "supervision_order",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("assignment_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("issued_by", sa.Integer()),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("state IN ('issued','answered','settled','lapsed')", name="state"),
        sa.CheckConstraint("level BETWEEN 1 AND 3", name="level"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_supervision_order_ticket_id")),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("fk_supervision_order_assignment_id")
        ),
        sa.ForeignKeyConstraint(["issued_by"], ["staff.id"], name=op.f("fk_supervision_order_issued_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_order")),
    )
    is_open = sa.text("state IN ('issued','answered')")
    op.create_index(
        "ix_supervision_order_open", "supervision_order", ["assignment_id"], unique=True, postgresql_where=is_open
    )
    op.create_index(
        "ix_supervision_order_queue", "supervision_order", ["due_at", "id"], postgresql_where=is_open
    )
    op.create_index("ix_supervision_order_ticket_id", "supervision_order", ["ticket_id", "id"])


def create_meetings() -> None:
    op.create_table(
        "joint_meeting",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("assignment_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("called_by", sa.Integer()),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minuted_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("kind IN ('visit','review')", name="kind"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_joint_meeting_ticket_id")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_joint_meeting_assignment_id")),
        sa.ForeignKeyConstraint(["called_by"], ["staff.id"], name=op.f("fk_joint_meeting_called_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_joint_meeting")),
    )
    op.create_index("ix_joint_meeting_ticket_id", "joint_meeting", ["ticket_id", "id"])


def grant(role: str | None) -> None:
    """What the product's processes may do, where they are not the owner."""
    if role is None or role == op.get_bind().scalar(sa.text("SELECT current_user")):
        return
    name = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {', '.join(TABLES)} TO {name}")
    op.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}")


def add_to_roles() -> None:
    more = sa.text(
        "UPDATE role SET permissions = ARRAY(SELECT DISTINCT unnest(permissions || CAST(:more AS text[])) ORDER BY 1)"
        " WHERE code = :code"
    )
    for code, permissions in GRANTS.items():
        op.get_bind().execute(more, {"code": code, "more": list(permissions)})
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM role")):
        op.get_bind().execute(
            sa.text(
                "INSERT INTO role (code, permissions, reach) VALUES ('city_office', :may, 'city')"
                " ON CONFLICT DO NOTHING"
            ),
            {"may": sorted(OFFICE)},
        )


def downgrade() -> None:
    clocks = ", ".join(repr(clock) for clock in NEW_CLOCKS)
    op.execute(
        f"DELETE FROM escalation WHERE deadline_id IN (SELECT id FROM deadline WHERE clock IN ({clocks}))"
    )
    op.execute(f"DELETE FROM deadline WHERE clock IN ({clocks})")
    op.execute(f"UPDATE deadline SET policy_id = NULL WHERE policy_id IN (SELECT id FROM policy WHERE clock IN ({clocks}))")
    op.execute(f"DELETE FROM policy WHERE clock IN ({clocks})")
    op.execute("UPDATE ticket SET state = 'CLOSED', closed_at = coalesce(closed_at, now()) WHERE state IN ('MERGED','WITHDRAWN','ARCHIVED')")
    op.execute("UPDATE ticket SET state = 'TO_DISPATCH' WHERE state IN ('NEED_INFO','DISPUTED')")
    op.execute("UPDATE ticket SET state = 'IN_PROGRESS' WHERE state = 'SUSPENDED'")
    op.execute("UPDATE assignment SET state = 'HANDLING' WHERE state = 'NEED_INFO'")
    op.execute("UPDATE assignment SET state = 'RETURNED' WHERE state = 'CANCELLED'")
    op.execute("UPDATE assignment SET role = 'assist', parent_id = NULL WHERE role = 'sub'")
    for table in reversed(TABLES):
        op.drop_table(table)
    drop_columns()
    of_states(
        tuple(state for state in TICKET_STATES if state not in NEW_TICKET_STATES),
        tuple(state for state in PART_STATES if state not in NEW_PART_STATES),
        tuple(clock for clock in CLOCKS if clock not in NEW_CLOCKS),
        WAITING_BEFORE,
        OPEN_PART_BEFORE,
    )


def drop_columns() -> None:
    op.drop_constraint("stopped_owes_nothing", "deadline", type_="check")
    op.drop_constraint("sub", "assignment", type_="check")
    op.drop_constraint("role", "assignment", type_="check")
    op.create_check_constraint("role", "assignment", "role IN ('lead','assist')")
    op.drop_index("ix_rating_to_judge", "rating")
    for name in ("ix_ticket_parent_id", "ix_ticket_split_from_id", "ix_ticket_green", "ix_ticket_to_archive"):
        op.drop_index(name, "ticket")
    for table, columns in {
        "ticket": ("split_from_id", "refer_reason"),
        "assignment": (
            "parent_id", "designated", "auto_signed", "contact_method", "contact_at", "contact_from", "facts",
            "result", "return_until", "legal_basis",
        ),
        "deadline": ("paused_at", "pauses", "prolonged", "legal_due_at"),
        "follow_up": ("again_at", "was_contacted", "is_true"),
        "rating": ("judged",),
    }.items():
        for column in columns:
            op.drop_column(table, column)
    op.create_check_constraint("stopped_owes_nothing", "deadline", "stopped_at IS NULL OR next_at IS NULL")
