"""Calls: lines and texts, calls and their legs, offers, seats, what the carrier told and what is owed to it."""

import sqlalchemy as sa
from alembic import op
from flask import current_app
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    "phone_line",
    "phone_text",
    "call",
    "call_leg",
    "callback",
    "effect",
    "message",
    "message_receipt",
    "message_route",
    "offer",
    "opt_out",
    "recording",
    "seat",
    "seat_span",
    "survey_answer",
    "telephony_event",
    "voicemail",
)


def upgrade() -> None:
    create_tables()
    grant(sa.make_url(current_app.extensions["hotline"].database_url).username)


def grant(role: str | None) -> None:
    """What the product's processes may do, where they are not the owner."""
    if role is None or role == op.get_bind().scalar(sa.text("SELECT current_user")):
        return
    name = op.get_bind().dialect.identifier_preparer.quote(role)
    tables = ", ".join(f'"{table}"' for table in TABLES)
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {name}")
    op.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}")


def downgrade() -> None:
    op.drop_column("department", "phone")
    for table in reversed(TABLES):
        op.drop_table(table)


def create_tables() -> None:
    op.create_table(
        "phone_line",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("hours", postgresql.JSONB(), nullable=False),
        sa.Column("holidays", sa.Text(), server_default="open", nullable=False),
        sa.Column("outside", sa.Text(), server_default="crew", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("outside IN ('crew','closed')", name=op.f("ck_phone_line_outside")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_phone_line")),
    )
    op.create_table(
        "phone_text",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("key", "lang", "line_no", name=op.f("pk_phone_text")),
    )
    op.create_table(
        "call",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_sid", sa.Text(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Text(), nullable=False),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=True),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("wanted_staff_id", sa.Integer(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conference_sid", sa.Text(), nullable=True),
        sa.Column("asked_number", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ivr_done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("talk_ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("interrupted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queue_seconds", sa.Integer(), nullable=False),
        sa.Column("talk_seconds", sa.Integer(), nullable=False),
        sa.Column("hold_seconds", sa.Integer(), nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("direction IN ('in','out')", name=op.f("ck_call_direction")),
        sa.CheckConstraint(
            "state IN ('NEW', 'IVR', 'QUEUED', 'OFFERED', 'CONNECTING', 'TALKING', 'SURVEY', 'EMERGENCY', 'VOICEMAIL', 'CALLBACK', 'ENDED')",
            name=op.f("ck_call_state"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_call_staff_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_call_ticket_id")),
        sa.ForeignKeyConstraint(["wanted_staff_id"], ["staff.id"], name=op.f("fk_call_wanted_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("ref", name=op.f("uq_call_ref")),
    )
    op.create_index(
        "ix_call_open", "call", ["seen_at"], unique=False, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index("ix_call_phone_hash", "call", ["phone_hash", "id"], unique=False)
    op.create_index(
        "ix_call_queued_at",
        "call",
        ["queued_at"],
        unique=False,
        postgresql_where=sa.text("queued_at IS NOT NULL"),
    )
    op.create_index("ix_call_staff_id", "call", ["staff_id", "id"], unique=False)
    op.create_index("ix_call_started_at", "call", ["started_at"], unique=False)
    op.create_index(op.f("ix_call_ticket_id"), "call", ["ticket_id"], unique=False)
    op.create_index(
        "ix_call_waiting",
        "call",
        ["priority", "queued_at"],
        unique=False,
        postgresql_where=sa.text("state = 'QUEUED'"),
    )
    op.create_index("uq_call_provider_sid", "call", ["provider", "provider_sid"], unique=True)
    op.create_table(
        "call_leg",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_sid", sa.Text(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('caller','operator','department','supervisor')", name=op.f("ck_call_leg_role")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_leg_call_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_call_leg_department_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_call_leg_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_leg")),
    )
    op.create_index("ix_call_leg_call_id", "call_leg", ["call_id", "id"], unique=False)
    op.create_index("uq_call_leg_provider_sid", "call_leg", ["provider", "provider_sid"], unique=True)
    op.create_table(
        "callback",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.Integer(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint("reason IN ('missed','asked','voicemail')", name=op.f("ck_callback_reason")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_callback_call_id")),
        sa.ForeignKeyConstraint(["taken_by"], ["staff.id"], name=op.f("fk_callback_taken_by")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_callback_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback")),
        sa.UniqueConstraint("call_id", name=op.f("uq_callback_call_id")),
    )
    op.create_index("ix_callback_asked_at", "callback", ["asked_at"], unique=False)
    op.create_index(
        "ix_callback_waiting",
        "callback",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "uq_callback_open",
        "callback",
        ["phone_hash"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "effect",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_effect_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effect")),
    )
    op.create_index(
        "ix_effect_due", "effect", ["due_at", "id"], unique=False, postgresql_where=sa.text("done_at IS NULL")
    )
    op.create_index("uq_effect_key", "effect", ["call_id", "key"], unique=True)
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("provider_sid", sa.Text(), nullable=True),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=True),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("again", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("reply", sa.LargeBinary(), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("direction IN ('in','out')", name=op.f("ck_message_direction")),
        sa.CheckConstraint(
            "state IN ('PENDING', 'SENDING', 'UNKNOWN', 'ACCEPTED', 'SENT', 'FAILED', 'UNDELIVERED', 'DELIVERED', 'RECEIVED')",
            name=op.f("ck_message_state"),
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.id"], name=op.f("fk_message_asked_by")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_message_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("reference", name=op.f("uq_message_reference")),
    )
    op.create_index("ix_message_created_at", "message", ["created_at"], unique=False)
    op.create_index("ix_message_phone_hash", "message", ["phone_hash", "created_at"], unique=False)
    op.create_index("ix_message_ticket_id", "message", ["ticket_id", "id"], unique=False)
    op.create_index("uq_message_provider_sid", "message", ["provider", "provider_sid"], unique=True)
    op.create_index(
        "uq_message_ticket_template",
        "message",
        ["ticket_id", "template", "round", "again"],
        unique=True,
        postgresql_where=sa.text("direction = 'out'"),
    )
    op.create_table(
        "message_receipt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_sid", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_message_receipt_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_receipt")),
    )
    op.create_index("ix_message_receipt_message_id", "message_receipt", ["message_id", "id"], unique=False)
    op.create_index(
        "ix_message_receipt_unknown",
        "message_receipt",
        ["provider", "provider_sid"],
        unique=False,
        postgresql_where=sa.text("message_id IS NULL"),
    )
    op.create_table(
        "message_route",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("failed_at", postgresql.ARRAY(sa.TIMESTAMP(timezone=True)), nullable=False),
        sa.Column("shut_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_message_route")),
    )
    op.create_table(
        "opt_out",
        sa.Column("phone_hash", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("phone_hash", name=op.f("pk_opt_out")),
    )
    op.create_table(
        "offer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_offer_call_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_offer_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
    )
    op.create_index("ix_offer_call_id", "offer", ["call_id", "id"], unique=False)
    op.create_index(
        "ix_offer_due",
        "offer",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending','accepted')"),
    )
    op.create_index(
        "uq_offer_open_call",
        "offer",
        ["call_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('pending','accepted','connected')"),
    )
    op.create_index(
        "uq_offer_open_staff",
        "offer",
        ["staff_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('pending','accepted','connected')"),
    )
    op.create_table(
        "recording",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_sid", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_there_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_recording_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
        sa.UniqueConstraint("provider_sid", name=op.f("uq_recording_provider_sid")),
    )
    op.create_index("ix_recording_call_id", "recording", ["call_id"], unique=False)
    op.create_table(
        "seat",
        sa.Column("staff_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("call_id", sa.BigInteger(), nullable=True),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("console", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('offline', 'ready', 'offered', 'on_call', 'wrap_up', 'break')",
            name=op.f("ck_seat_state"),
        ),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_seat_call_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_seat_staff_id")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_seat")),
    )
    op.create_index(
        "ix_seat_ready", "seat", ["since"], unique=False, postgresql_where=sa.text("state = 'ready'")
    )
    op.create_table(
        "seat_span",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("call_id", sa.BigInteger(), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_seat_span_call_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_seat_span_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_span")),
    )
    op.create_index("ix_seat_span_began_at", "seat_span", ["began_at"], unique=False)
    op.create_index("ix_seat_span_staff_id", "seat_span", ["staff_id", "began_at"], unique=False)
    op.create_index(
        "uq_seat_span_open",
        "seat_span",
        ["staff_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "survey_answer",
        sa.Column("call_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Integer(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_survey_answer_call_id")),
        sa.PrimaryKeyConstraint("call_id", "question", name=op.f("pk_survey_answer")),
    )
    op.create_table(
        "telephony_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_telephony_event_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telephony_event")),
        sa.UniqueConstraint("dedup_key", name=op.f("uq_telephony_event_dedup_key")),
    )
    op.create_index(op.f("ix_telephony_event_call_id"), "telephony_event", ["call_id"], unique=False)
    op.create_index("ix_telephony_event_received_at", "telephony_event", ["received_at"], unique=False)
    op.create_table(
        "voicemail",
        sa.Column("call_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("recording_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_voicemail_call_id")),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_voicemail_recording_id")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_voicemail")),
    )
    op.add_column("department", sa.Column("phone", sa.String(), nullable=True))
