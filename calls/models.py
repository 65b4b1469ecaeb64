"""Tables of calls: the call and its legs, offers, seats, what the carrier told, what is owed to it. Columns only.

No table here holds a telephone number: callers' stand sealed in the contact of the call's ticket, elsewhere is
only the keyed hash.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from calls.machine import CallState
from calls.seats import SeatState
from db import Base

PROVIDER = "twilio"
"""The provider of calls whose lines we command, whoever plays the carrier."""
PUSHED = "cti:"
"""Before the name of a platform, the provider of calls that we are only told of and cannot command."""
_OPEN_OFFER = "state IN ('pending','accepted','connected')"


def _one_of(column: str, values: type[CallState] | type[SeatState]) -> str:
    return f"{column} IN ({', '.join(repr(str(value)) for value in values)})"


class Call(Base):
    """One telephone call. `facts` is all that is known of it; the columns after it are read from the facts.

    `ref` names it towards the carrier. `skills` must be had by whoever answers; the higher `priority` the sooner.
    `seen_at` is the last sign of life from the carrier. `asked_number` is the ticket that the caller keyed in.
    """

    __tablename__ = "call"
    __table_args__ = (
        CheckConstraint(_one_of("state", CallState), name="state"),
        CheckConstraint("direction IN ('in','out')", name="direction"),
        Index("uq_call_provider_sid", "provider", "provider_sid", unique=True),
        Index("ix_call_waiting", "priority", "queued_at", postgresql_where=text("state = 'QUEUED'")),
        Index("ix_call_open", "seen_at", postgresql_where=text("ended_at IS NULL")),
        Index("ix_call_queued_at", "queued_at", postgresql_where=text("queued_at IS NOT NULL")),
        Index("ix_call_started_at", "started_at"),
        Index("ix_call_phone_hash", "phone_hash", "id"),
        Index("ix_call_staff_id", "staff_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ref: Mapped[str] = mapped_column(Text, unique=True)
    provider: Mapped[str] = mapped_column(Text)
    provider_sid: Mapped[str | None] = mapped_column(Text)
    direction: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    line_no: Mapped[str] = mapped_column(Text)
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    lang: Mapped[str] = mapped_column(Text, default="zh")
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    priority: Mapped[int] = mapped_column(default=0)
    wanted_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    tries: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0)
    seen_at: Mapped[datetime]
    conference_sid: Mapped[str | None] = mapped_column(Text)
    asked_number: Mapped[str | None] = mapped_column(Text)
    disposition: Mapped[str | None] = mapped_column(Text)
    facts: Mapped[list[Any]] = mapped_column(JSONB, default=list)

    # Read from the facts
    state: Mapped[str] = mapped_column(Text)
    epoch: Mapped[int] = mapped_column(default=1)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    started_at: Mapped[datetime]
    ivr_done_at: Mapped[datetime | None]
    queued_at: Mapped[datetime | None]
    waiting_since: Mapped[datetime | None]
    offered_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    talk_ended_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    interrupted_at: Mapped[datetime | None]
    queue_seconds: Mapped[int] = mapped_column(default=0)
    talk_seconds: Mapped[int] = mapped_column(default=0)
    hold_seconds: Mapped[int] = mapped_column(default=0)
    end_reason: Mapped[str | None] = mapped_column(Text)
    ended_by: Mapped[str | None] = mapped_column(Text)


class CallLeg(Base):
    """One line into a call: the caller's, an operator's, a department's, a supervisor's who listens."""

    __tablename__ = "call_leg"
    __table_args__ = (
        CheckConstraint("role IN ('caller','operator','department','supervisor')", name="role"),
        Index("ix_call_leg_call_id", "call_id", "id"),
        Index("uq_call_leg_provider_sid", "provider", "provider_sid", unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"))
    epoch: Mapped[int]
    role: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(Text)
    provider_sid: Mapped[str | None] = mapped_column(Text)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    status: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    joined_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]


class Offer(Base):
    """One call offered to one seat. The two partial unique indexes are the lock of the assignment: a call is
    offered to one seat at a time, a seat has one call at a time, whoever assigns."""

    __tablename__ = "offer"
    __table_args__ = (
        Index("uq_offer_open_call", "call_id", unique=True, postgresql_where=text(_OPEN_OFFER)),
        Index("uq_offer_open_staff", "staff_id", unique=True, postgresql_where=text(_OPEN_OFFER)),
        Index("ix_offer_call_id", "call_id", "id"),
        Index("ix_offer_due", "expires_at", postgresql_where=text("state IN ('pending','accepted')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"))
    epoch: Mapped[int]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    state: Mapped[str] = mapped_column(Text)
    offered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class Seat(Base):
    """坐席. Where one member of staff answers calls, and what it is at.

    `console` is the window that may answer; a newer one takes over. `seen_at` is its last sign of life.
    `extension` is the telephone on the desk, as the call centre's platform or the carrier rings it.
    """

    __tablename__ = "seat"
    __table_args__ = (
        CheckConstraint(_one_of("state", SeatState), name="state"),
        Index("ix_seat_ready", "since", postgresql_where=text("state = 'ready'")),
        Index("uq_seat_extension", "extension", unique=True),
    )

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    console: Mapped[str | None] = mapped_column(Text)
    extension: Mapped[str | None] = mapped_column(Text)
    seen_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=0)


class SeatSpan(Base):
    """What a seat was at, from when to when: the record that occupancy and handling time are counted from."""

    __tablename__ = "seat_span"
    __table_args__ = (
        Index("ix_seat_span_staff_id", "staff_id", "began_at"),
        Index("uq_seat_span_open", "staff_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_seat_span_began_at", "began_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class TelephonyEvent(Base):
    """One request of the carrier's, and what it was answered: the same request again gets the same answer.

    `payload` holds names and codes only: neither numbers nor digits that somebody pressed.
    """

    __tablename__ = "telephony_event"
    __table_args__ = (Index("ix_telephony_event_received_at", "received_at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    provider: Mapped[str] = mapped_column(Text)
    dedup_key: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"), index=True)
    received_at: Mapped[datetime]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reply: Mapped[str] = mapped_column(Text)


class Effect(Base):
    """What is owed to the carrier: redirect, hold, dial, record, send. Carried out by the clock processes.

    `payload` holds ids, never numbers. `outcome` is done, moot (too late to matter), failed or unknown: the
    carrier did not say whether it was done, which is found out by asking, never by doing it again.
    """

    __tablename__ = "effect"
    __table_args__ = (
        Index("uq_effect_key", "call_id", "key", unique=True),
        Index("ix_effect_due", "due_at", "id", postgresql_where=text("done_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    key: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(Text)
    fault: Mapped[str | None] = mapped_column(Text)


class Voicemail(Base):
    """留言. The row is there from the tone on, so that who hangs up before the end is called back as well."""

    __tablename__ = "voicemail"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True, autoincrement=False)
    begun_at: Mapped[datetime]
    seconds: Mapped[int | None]
    recording_id: Mapped[int | None] = mapped_column(ForeignKey("recording.id"))


class Recording(Base):
    """录音. Fetched from the carrier, verified, kept sealed in a file, and deleted at the carrier's.

    One that a call centre's platform keeps is never fetched: `reference` is its sealed address there.
    """

    __tablename__ = "recording"
    __table_args__ = (Index("ix_recording_call_id", "call_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"))
    kind: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(Text)
    provider_sid: Mapped[str] = mapped_column(Text, unique=True)
    state: Mapped[str] = mapped_column(Text)
    begun_at: Mapped[datetime]
    seconds: Mapped[int | None]
    file: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    reference: Mapped[bytes | None] = mapped_column(LargeBinary)
    stored_at: Mapped[datetime | None]
    deleted_there_at: Mapped[datetime | None]


class Callback(Base):
    """回拨. Somebody is to be called back: missed in the queue, asked for it, or left a message.

    `phone_hash` is the number that has no second open row; empty where the number was withheld or has one already.
    """

    __tablename__ = "callback"
    __table_args__ = (
        Index("uq_callback_open", "phone_hash", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("ix_callback_waiting", "due_at", postgresql_where=text("closed_at IS NULL")),
        Index("ix_callback_asked_at", "asked_at"),
        CheckConstraint("reason IN ('missed','asked','voicemail')", name="reason"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), unique=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    reason: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    taken_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    taken_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(Text)


class FollowUpCall(Base):
    """回访外呼. The citizen of a ticket is to be asked by an automatic call how this round went.

    `call_id` is the latest call, `is_on` whether it goes on. `attempts` are those that the carrier made.
    """

    __tablename__ = "follow_up_call"
    __table_args__ = (
        Index("ix_follow_up_call_waiting", "due_at", postgresql_where=text("closed_at IS NULL")),
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True, autoincrement=False)
    round: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"), unique=True)
    is_on: Mapped[bool] = mapped_column(default=False)
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(Text)


class SurveyAnswer(Base):
    """服务评价. What was pressed after a talk or in an automatic call, question by question, as it came."""

    __tablename__ = "survey_answer"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True, autoincrement=False)
    question: Mapped[str] = mapped_column(Text, primary_key=True)
    answer: Mapped[int]
    answered_at: Mapped[datetime]


class PhoneLine(Base):
    """A number that can be dialled: one of the lines merged into the hotline, or the hotline itself.

    `number` is E.164 and the city's own, so it may stand here. `hours` are periods of the day in which the
    ordinary crew answers, [["08:00","20:00"]]; `outside` says who else: crew (the skill night) or closed.
    """

    __tablename__ = "phone_line"
    __table_args__ = (CheckConstraint("outside IN ('crew','closed')", name="outside"),)

    number: Mapped[str] = mapped_column(Text, primary_key=True)
    line_no: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    hours: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    holidays: Mapped[str] = mapped_column(Text, default="open", server_default="open")
    outside: Mapped[str] = mapped_column(Text, default="crew", server_default="crew")
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class PhoneText(Base):
    """What a caller hears or reads, as the city words it. `line_no` empty: on every line without its own.

    An empty `body` is no wording: what was there was taken back.
    """

    __tablename__ = "phone_text"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    lang: Mapped[str] = mapped_column(Text, primary_key=True)
    line_no: Mapped[str] = mapped_column(Text, primary_key=True, default="", server_default="")
    body: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class BlockedNumber(Base):
    """A number that is not put through, until a moment; `ended_at`: unblocked before. Never deleted."""

    __tablename__ = "blocked_number"
    __table_args__ = (Index("ix_blocked_number_phone_hash", "phone_hash", "until"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    phone_hash: Mapped[bytes] = mapped_column(LargeBinary)
    shown: Mapped[str] = mapped_column(Text)
    """The number as it may be shown, masked."""
    reason: Mapped[str] = mapped_column(Text)
    until: Mapped[datetime]
    by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None]


class CtiPlatform(Base):
    """A call centre's platform that tells us what happens on its lines.

    `tokens` are [{"hash", "made_at"}], the newest first: each of them lets it in, so that one can be exchanged
    while calls go on. `networks` empty: it may come from anywhere. `secret` is sealed; with it every event must be
    signed. `tells_queue`: it says when a caller begins to wait, so that the menu does not count as waiting.
    """

    __tablename__ = "cti_platform"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    tokens: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    networks: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    dial_url: Mapped[str] = mapped_column(Text, default="", server_default="")
    tells_queue: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    created_at: Mapped[datetime]
    heard_at: Mapped[datetime | None]
    heard_event: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
