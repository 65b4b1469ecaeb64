"""Arrangements of years, hours of units, and counting running clocks anew."""

import sqlalchemy as sa
from alembic import op
from flask import current_app
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

REFERENCE = ("calendar_year", "department_hours")
TABLES = (*REFERENCE, "rescheduling")


def upgrade() -> None:
    create_tables()
    # What was known so far: a year is announced where days are made up, as there are in every arrangement.
    op.execute(
        "INSERT INTO calendar_year (year, is_announced, source)"
        " SELECT extract(year FROM day)::int, bool_or(is_working AND extract(isodow FROM day) > 5), min(source)"
        " FROM calendar_day GROUP BY 1"
    )
    for table in REFERENCE:
        op.execute(
            f"CREATE TRIGGER {table}_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION raise_reference_version()"
        )
    grant(sa.make_url(current_app.extensions["hotline"].database_url).username)


def grant(role: str | None) -> None:
    """What the product's processes may do, where they are not the owner."""
    if role is None or role == op.get_bind().scalar(sa.text("SELECT current_user")):
        return
    name = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {', '.join(TABLES)} TO {name}")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def create_tables() -> None:
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_announced", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("year BETWEEN 1900 AND 2999", name=op.f("ck_calendar_year_year")),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_year")),
    )
    op.create_table(
        "department_hours",
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("weekdays", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("saturday", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sunday", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("keeps_holidays", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_department_hours_department_id")
        ),
        sa.PrimaryKeyConstraint("department_id", name=op.f("pk_department_hours")),
    )
    op.create_table(
        "rescheduling",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("reference_version", sa.BigInteger(), nullable=False),
        sa.Column("moves", sa.Boolean(), nullable=False),
        sa.Column("may_shorten", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.Column("found", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.id"], name=op.f("fk_rescheduling_asked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rescheduling")),
    )
    op.create_index(
        "uq_rescheduling_under_way", "rescheduling", ["ended_at"], unique=True,
        postgresql_where=sa.text("ended_at IS NULL"), postgresql_nulls_not_distinct=True,
    )
