"""The second factor of accounts: recovery codes, and sign-ins between the password and the second step."""

import sqlalchemy as sa
from alembic import op
from flask import current_app

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("totp_step", sa.BigInteger(), nullable=True))
    op.add_column("staff", sa.Column("factor_reset_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_recovery_code_staff_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_staff_id"), "recovery_code", ["staff_id"], unique=False)
    op.create_table(
        "pending_sign_in",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_pending_sign_in_staff_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_pending_sign_in")),
    )
    op.create_index(op.f("ix_pending_sign_in_expires_at"), "pending_sign_in", ["expires_at"], unique=False)
    op.create_index(op.f("ix_pending_sign_in_staff_id"), "pending_sign_in", ["staff_id"], unique=False)
    grant(sa.make_url(current_app.extensions["hotline"].database_url).username)


def grant(role: str | None) -> None:
    """What the product's processes may do, where they are not the owner."""
    if role is None or role == op.get_bind().scalar(sa.text("SELECT current_user")):
        return
    name = op.get_bind().dialect.identifier_preparer.quote(role)
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON recovery_code, pending_sign_in TO {name}")


def downgrade() -> None:
    op.drop_table("pending_sign_in")
    op.drop_table("recovery_code")
    op.drop_column("staff", "factor_reset_at")
    op.drop_column("staff", "totp_step")
