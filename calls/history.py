"""Past and present calls for those who watch: the list, one call with all that is known of it, who heard it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, select

from calls.keeping import facts_of
from calls.machine import Fact
from calls.models import Call, Callback, CallLeg, Effect, Recording, SurveyAnswer, Voicemail
from db import db
from tickets import errors, events, keys
from tickets.finding import look_for
from tickets.models import Ticket
from tickets.permissions import Actor, callers_known_to, may

PAGE = 50
HEARD = "recording.heard"


@dataclass(frozen=True)
class Wanted:
    """Which calls: begun in a span or ever, perhaps of one line, of one operator, that ended for one reason."""

    start: datetime | None = None
    end: datetime | None = None
    line_no: str = ""
    staff_id: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Found:
    """One page of calls, the latest first, and the key of the next."""

    calls: Sequence[Call]
    after: str | None


def calls(wanted: Wanted, after: str | None = None, limit: int = PAGE) -> Found:
    """The calls begun in the span. Raises Invalid for a key that is none."""
    return _page(_select(wanted), after, limit)


def calls_of(
    actor: Actor, now: datetime, phone_hash: bytes, wanted: Wanted, after: str | None = None, limit: int = PAGE
) -> Found:
    """The calls of one telephone number, but those with a confidential ticket whose caller the actor may not know;
    that somebody asked stays on record. Raises as above, Forbidden, TooMany."""
    look_for(actor, now, "phone_hash", phone_hash)
    is_hidden = exists().where(
        Ticket.id == Call.ticket_id, Ticket.confidential, ~callers_known_to(actor, Ticket.rooms)
    )
    return _page(_select(wanted).where(Call.phone_hash == phone_hash, ~is_hidden), after, limit)


def _select(wanted: Wanted) -> Select[Call]:
    query = select(Call)
    if wanted.start is not None:
        query = query.where(Call.started_at >= wanted.start)
    if wanted.end is not None:
        query = query.where(Call.started_at < wanted.end)
    if wanted.line_no:
        query = query.where(Call.line_no == wanted.line_no)
    if wanted.staff_id is not None:
        query = query.where(Call.staff_id == wanted.staff_id)
    if wanted.reason:
        query = query.where(Call.end_reason == wanted.reason)
    return query


def _page(query: Select[Call], after: str | None, limit: int) -> Found:
    if after:
        moment, call_id = keys.decode(after)
        query = query.where(
            (Call.started_at < moment) | ((Call.started_at == moment) & (Call.id < call_id))
        )
    rows = list(db.session.scalars(query.order_by(Call.started_at.desc(), Call.id.desc()).limit(limit + 1)))
    more = keys.encode(rows[limit - 1].started_at, rows[limit - 1].id) if len(rows) > limit else None
    return Found(rows[:limit], more)


@dataclass(frozen=True)
class Whole:
    """One call with its facts in order, its lines, its sound, what its caller pressed, and what went wrong."""

    call: Call
    facts: Sequence[Fact]
    lines: Sequence[CallLeg]
    recordings: Sequence[Recording]
    message: Voicemail | None
    answers: dict[str, int]
    troubles: Sequence[Effect]


def whole(call_id: int) -> Whole:
    """All that is known of a call. Raises NotFound."""
    call = db.session.get(Call, call_id)
    if call is None:
        raise errors.NotFound()
    answers = select(SurveyAnswer.question, SurveyAnswer.answer).where(SurveyAnswer.call_id == call_id)
    troubles = select(Effect).where(Effect.call_id == call_id, Effect.outcome.in_(("failed", "unknown")))
    return Whole(
        call,
        sorted(facts_of(call)),
        db.session.scalars(select(CallLeg).where(CallLeg.call_id == call_id).order_by(CallLeg.id)).all(),
        db.session.scalars(select(Recording).where(Recording.call_id == call_id).order_by(Recording.id)).all(),
        db.session.get(Voicemail, call_id),
        dict(db.session.execute(answers).all()),
        db.session.scalars(troubles.order_by(Effect.id)).all(),
    )


def hear(actor: Actor, now: datetime, recording_id: int) -> Recording:
    """Let somebody hear a recording, on record. Raises Forbidden, NotFound for one that is not here."""
    if actor.id is None or not may(actor, "call.coach"):
        raise errors.Forbidden(action="hear")
    return _on_record(actor, now, db.session.get(Recording, recording_id))


def hear_message(actor: Actor, now: datetime, callback_id: int) -> Recording:
    """Let whoever answers calls hear the message by which somebody is owed one, on record. Raises as hear does."""
    if actor.id is None or not may(actor, "call.answer"):
        raise errors.Forbidden(action="hear")
    callback = db.session.get(Callback, callback_id)
    return _on_record(actor, now, sound_of(db.session.get(Voicemail, callback.call_id) if callback else None))


def sound_of(message: Voicemail | None) -> Recording | None:
    """The sound of a message, once it is here."""
    recording = db.session.get(Recording, message.recording_id) if message and message.recording_id else None
    return recording if recording is not None and recording.file and recording.digest else None


def _on_record(actor: Actor, now: datetime, recording: Recording | None) -> Recording:
    if recording is None or recording.file is None or recording.digest is None:
        raise errors.NotFound()
    events.record(
        HEARD, subject="call", subject_id=recording.call_id, version=0, actor=actor, now=now,
        recording=recording.id,
    )  # fmt: skip
    return recording


def old_recordings(now: datetime, kept_for: timedelta, limit: int = PAGE) -> Sequence[Recording]:
    """Recordings here whose time is over, under their locks."""
    query = select(Recording).where(Recording.stored_at < now - kept_for, Recording.file.is_not(None))
    old = query.order_by(Recording.id).limit(limit).with_for_update(skip_locked=True)
    return db.session.scalars(old).all()
