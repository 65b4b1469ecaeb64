"""Verbs of a call until somebody answers: it rings, chooses, waits, gives up, leaves a message."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from calls import outgoing, settings
from calls.hours import NIGHT_SKILL, Shift, shift
from calls.keeping import WALLBOARD, facts_of, note
from calls.machine import CallState, Progress
from calls.models import PUSHED, Call, Callback, PhoneLine, Voicemail
from calls.settling import settle
from db import db
from routing import service as routing
from tickets import calling, clocks, events
from tickets.lifecycle import TicketState
from tickets.models import Ticket
from tickets.permissions import SYSTEM
from tickets.vault import Vault

SHORTEST_PAUSE = timedelta(seconds=30)
"""A sign of life is written this often at most: each caller who waits gives one every 25 seconds."""
ENGLISH, EMERGENCY = "en", "9"
MESSAGE, ASKED = "voicemail", "asked"
DRAFT_KEPT, LOOK_BACK = timedelta(minutes=30), timedelta(days=3)
BATCH = 200
TOP = 100
"""Priority of a caller whose operator's line was cut, or whose emergency call was not answered."""


@dataclass(frozen=True)
class Ringing:
    """A call as the carrier announces it. `phone` is empty where the number is withheld."""

    provider: str
    sid: str
    line: str
    phone: str
    lang: str = "zh"


def ring(now: datetime, ringing: Ringing, vault: Vault) -> Call:
    """The call, with its draft ticket. Told again, it is the same call."""
    line = line_of(ringing.line)
    row = {
        "ref": secrets.token_hex(16), "provider": ringing.provider, "provider_sid": ringing.sid, "direction": "in",
        "purpose": "hotline", "line_no": line.line_no if line else "12345", "lang": ringing.lang,
        "phone_hash": vault.phone_hash(ringing.phone) if ringing.phone else None,
        "skills": list(line.skills) if line else [], "priority": line.priority if line else 0,
        "state": CallState.NEW, "epoch": 1, "version": 0, "tries": 0, "facts": [],
        "started_at": now, "seen_at": now,
    }  # fmt: skip
    new = insert(Call).values(row).on_conflict_do_nothing(index_elements=["provider", "provider_sid"])
    call_id = db.session.execute(new.returning(Call.id)).scalar()
    if call_id is None:
        same = (Call.provider == ringing.provider) & (Call.provider_sid == ringing.sid)
        return db.session.scalars(select(Call).where(same)).one()
    call = db.session.get_one(Call, call_id)
    call.ticket_id = calling.begin(now, ringing.phone, call.line_no, vault).id
    call.wanted_staff_id = _last_operator(call)
    note(call, "started", now, now)
    return call


def _last_operator(call: Call) -> int | None:
    """首问负责: who talked to this caller last, within a week."""
    if call.phone_hash is None:
        return None
    lately = Call.started_at > call.started_at - timedelta(days=7)
    before = select(Call.staff_id).where(Call.phone_hash == call.phone_hash, Call.staff_id.is_not(None), lately)
    return db.session.scalar(before.order_by(Call.id.desc()).limit(1))


def line_of(number: str) -> PhoneLine | None:
    """The line that has this number; None for one that nobody entered, which is answered as the hotline itself."""
    return db.session.scalar(select(PhoneLine).where(PhoneLine.number == number, PhoneLine.is_active))


def shift_of(call: Call, now: datetime) -> Shift:
    """Who answers the line of this call now."""
    line = db.session.scalars(
        select(PhoneLine).where(PhoneLine.line_no == call.line_no, PhoneLine.is_active).limit(1)
    ).one_or_none()
    if line is None:
        return Shift.DAY
    reference = routing.current()
    local = now.astimezone(reference.zone)
    is_working = clocks.clock_rules(reference).calendar.is_working(local.date())
    return shift(local, line.hours, is_working, line.holidays, line.outside)


def choose(call: Call, at: datetime, now: datetime, digit: str) -> None:
    """The caller pressed a key in the first menu. 8 asks for English; of 9 supervisors are told at once."""
    is_new = note(call, "chose", at, now, value=digit) is not None
    if digit == EMERGENCY and is_new:
        _alarm(call, now)
    if digit == "8" and ENGLISH not in call.skills:
        call.lang, call.skills = ENGLISH, [*call.skills, ENGLISH]


def _alarm(call: Call, now: datetime) -> None:
    """Before all others from here on, whichever way they come into the queue."""
    call.priority = TOP
    events.record(
        "call.emergency", subject="call", subject_id=call.id, version=call.version, actor=SYSTEM, now=now,
        rooms_before=(WALLBOARD,), rooms_after=(WALLBOARD,),
    )  # fmt: skip


def enqueue(call: Call, at: datetime, now: datetime, *, again: bool = False) -> Progress | None:
    """Put the caller in the queue. `again`: whoever talked to them has dropped out; they come first now."""
    if CallState(call.state) == CallState.ENDED:
        return None
    waiting = any(fact.kind == "queued" and fact.epoch == call.epoch for fact in facts_of(call))
    if waiting and not again:
        return None
    if again:
        call.priority = TOP
    if shift_of(call, now) == Shift.NIGHT and NIGHT_SKILL not in call.skills:
        call.skills = [*call.skills, NIGHT_SKILL]
    is_next = again or any(fact.kind == "emergency" for fact in facts_of(call))
    epoch = call.epoch + 1 if is_next else call.epoch
    progress = note(
        call, "queued", at, now, epoch=epoch, value=settings.current().short_abandon
    )
    settle(call, now)
    return progress


def is_full(now: datetime) -> bool:
    """Whether one more caller should rather be called back: too many wait, or one waits too long."""
    limits = settings.current()
    ours = Call.provider.not_like(f"{PUSHED}%")
    # Not since they came: who has talked, and waits anew after the operator's line broke, has not waited so long.
    waiting = select(Call.waiting_since).where(Call.state == CallState.QUEUED, ours).order_by(Call.waiting_since)
    since = db.session.scalars(waiting.limit(limits.queue_limit)).all()
    longest = now - since[0] if since and since[0] else timedelta(0)
    return len(since) >= limits.queue_limit or longest > timedelta(minutes=limits.longest_wait_minutes)


def beat(call: Call, now: datetime) -> None:
    """The carrier has shown that the line is still there."""
    if now - call.seen_at >= SHORTEST_PAUSE:
        db.session.execute(update(Call).where(Call.id == call.id).values(seen_at=now))


def beat_of(provider: str, sid: str, now: datetime) -> None:
    """The same for a caller who waits, by the name of the line: nothing is locked where it is not time yet."""
    same = (Call.provider == provider) & (Call.provider_sid == sid) & (Call.seen_at <= now - SHORTEST_PAUSE)
    db.session.execute(update(Call).where(same).values(seen_at=now).execution_options(synchronize_session=False))


def want_callback(call: Call, at: datetime, now: datetime) -> bool:
    """The caller would rather be called back. False for a withheld number, which cannot be."""
    if call.phone_hash is None or call.ticket_id is None:
        return False
    note(call, "callback", at, now)
    owe_callback(call, now, ASKED)
    settle(call, now)
    return True


def begin_voicemail(call: Call, at: datetime, now: datetime) -> None:
    """The tone has sounded: whatever comes of it, this caller is called back."""
    if any(fact.kind == "voicemail" for fact in facts_of(call)):
        return
    note(call, "voicemail", at, now)
    db.session.execute(insert(Voicemail).values(call_id=call.id, begun_at=at).on_conflict_do_nothing())
    owe_callback(call, now, MESSAGE)
    settle(call, now)


def end(call: Call, at: datetime, now: datetime, status: str = "completed") -> None:
    """The line is down. Told in any order and any number of times, the call ends once."""
    if call.direction == "out":
        outgoing.end(call, at, now, status)
        return
    note(call, "ended", at, now, value=status)
    call.asked_number = None
    if call.end_reason == "abandoned_queue":
        owe_callback(call, now, "missed")
    settle(call, now)


def not_missed(call: Call) -> None:
    """It is told after the end that nobody was missed: nobody need be called back, unless they already are."""
    untouched = (
        (Callback.call_id == call.id) & (Callback.reason == "missed") & Callback.closed_at.is_(None)
        & Callback.taken_by.is_(None) & (Callback.attempts == 0)
    )  # fmt: skip
    db.session.execute(delete(Callback).where(untouched))


def drop_drafts(now: datetime) -> int:
    """Throw away the drafts of calls that came to nothing; returns how many. One that waits for a callback stays.

    Not at once: that a message was left may be told long after the end.
    """
    waits = select(Callback.ticket_id).where(Callback.closed_at.is_(None))
    drafts = (
        select(Call.ticket_id, Call.end_reason)
        .join(Ticket, Ticket.id == Call.ticket_id)
        .where(
            Call.started_at > now - LOOK_BACK, Call.ended_at < now - DRAFT_KEPT, Call.answered_at.is_(None),
            Ticket.state == TicketState.DRAFT, Ticket.registered_by.is_(None), Ticket.id.not_in(waits),
        )
        .limit(BATCH)
    )  # fmt: skip
    found = db.session.execute(drafts).all()
    for ticket_id, reason in found:
        calling.drop(now, ticket_id or 0, f"The call ended: {reason}.")
    return len(found)


def owe_callback(call: Call, now: datetime, reason: str) -> None:
    """Write down that the caller is to be called back: one open row a number, however often they rang.

    A message has a row of its own, as that is where it is listened to: also the second one of a number, and that
    of a number which was withheld. Who asks for it takes the place of an older row that says they were missed.
    """
    if call.ticket_id is None or call.direction == "out":
        return
    due = now + timedelta(minutes=settings.current().callback_minutes)
    row: dict[str, Any] = {
        "call_id": call.id, "ticket_id": call.ticket_id, "reason": reason, "asked_at": now, "due_at": due,
        "attempts": 0,
    }  # fmt: skip
    if reason == ASKED and _asks_instead(call, row):
        return
    owners: list[bytes | None] = [call.phone_hash] if call.phone_hash is not None else []
    if reason == MESSAGE:
        owners.append(None)
    for owner in owners:
        new = insert(Callback).values(row | {"phone_hash": owner}).on_conflict_do_nothing()
        if db.session.execute(new.returning(Callback.id)).scalar() is not None:
            return


def _asks_instead(call: Call, row: dict[str, Any]) -> bool:
    """Let the open row of a missed call be about this one. One that somebody is ringing just now keeps its ticket,
    by which the end of that call finds it."""
    mine = select(Callback.id).where(Callback.call_id == call.id)
    if db.session.scalar(mine) is not None:
        return False
    older = select(Callback).where(
        Callback.phone_hash == call.phone_hash, Callback.closed_at.is_(None), Callback.reason == "missed"
    )
    found = db.session.scalar(older.with_for_update())
    if found is None:
        return False
    kept = ("call_id", "ticket_id", "attempts") if found.taken_at is not None else ()
    for name in row.keys() - set(kept):
        setattr(found, name, row[name])
    return True


def answered_meanwhile(call: Call) -> None:
    """Who rang again and was answered need not be called back. A message is still to be heard."""
    if call.direction == "out" or call.phone_hash is None or call.answered_at is None:
        return
    before = select(Call.id).where(
        Call.phone_hash == call.phone_hash, Call.started_at < call.answered_at, Call.id != call.id
    )
    owed = (
        (Callback.phone_hash == call.phone_hash) & Callback.closed_at.is_(None) & (Callback.reason != MESSAGE)
        & Callback.call_id.in_(before)
    )  # fmt: skip
    done = {"closed_at": call.answered_at, "outcome": "called_again", "taken_by": call.staff_id}
    db.session.execute(update(Callback).where(owed).values(done))
