"""Calls that a call centre's platform only tells us of: its events become facts, in any order and however often.

Nothing here commands a line. What follows from the facts (seats, drafts, callbacks) is asked of the state anew
after each event.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from calls import arriving, blocking, recordings, seating, settings, surveying
from calls.keeping import facts_of, lock, lock_by_sid, note, progress_of
from calls.machine import CallState, Fact, Progress
from calls.models import PUSHED, Call, Callback, Recording, Seat, SeatSpan
from calls.seats import SeatState, target
from db import db
from tickets import calling, sealing
from tickets.vault import Vault

LOST_AFTER = timedelta(hours=4)
BATCH = 100
WITH_MENU = "with_menu"
REJECT = "reject"
NOBODY = "unknown"
SAID = "said:"
CAUSES = frozenset({"normalClearing", "busy", "cancel", "noAnswer", "congestion", "notFound", "forwarded"})
_OUTBOUND = {
    "busy": "busy", "cancel": "canceled", "noAnswer": "no-answer", "congestion": "failed", "notFound": "failed",
}  # fmt: skip
_RANG = frozenset({"noAnswer", "busy", "congestion"})
_SEAT_STEPS = {"ready": ("ready", None), "break": ("pause", "other"), "offline": ("leave", None)}
_TELEPHONE = re.compile(r"(?<!\d)(?:(?:\+|00)?86)?1[3-9]\d{9}(?!\d)|(?<!\d)0\d{9,11}(?!\d)")


@dataclass(frozen=True)
class Told:
    """One event of a call. `phone`: of the citizen; empty where it is withheld, None where nothing is said of it.

    `staff_id` is the operator it names, `names_agent` whether it names any.
    """

    kind: str
    call_id: str
    at: datetime
    direction: str | None = None
    phone: str | None = None
    line: str = ""
    staff_id: int | None = None
    names_agent: bool = False
    in_queue: bool = False
    cause: str = ""
    keys: str = ""
    wait_seconds: int | None = None
    recording: str = ""
    rating: str = ""
    question: str = "satisfied"


@dataclass(frozen=True)
class Source:
    """The platform that tells."""

    name: str
    tells_queue: bool = False

    @property
    def provider(self) -> str:
        return f"{PUSHED}{self.name}"


def hear(now: datetime, source: Source, told: Told, vault: Vault) -> tuple[Call, str]:
    """Take in one event. Returns its call, and `reject` for a new call that is to be turned away."""
    call = _call_of(now, source, told, vault)
    _learn_who(call, now, told, vault)
    if progress_of(call).started_at is None:
        call.started_at = min(call.started_at, told.at)
    call.seen_at = max(call.seen_at, now)
    answer = ""
    if told.kind == "newCall" and call.direction == "in" and blocking.is_blocked(call.phone_hash, now):
        note(call, "blocked", told.at, now)
        answer = REJECT
    short = settings.current().short_abandon
    for fact in facts_from(told, source.tells_queue, call.direction, short):
        note(call, fact.kind, fact.at, now, epoch=1, value=fact.value)
    if told.recording:
        _keep_recording(call, told, vault)
    if told.rating:
        surveying.answer(call, now, told.question, told.rating)
    follow(call, now)
    return call, answer


def facts_from(told: Told, tells_queue: bool, direction: str, short: int = 0) -> Iterator[Fact]:
    """What an event says of its call, whatever else was said. `short`: seconds of a short abandon."""
    agent = f"{told.staff_id}-cti" if told.staff_id else NOBODY
    if told.keys and told.kind in ("newCall", "queued"):
        yield Fact(told.at, "chose", value=told.keys)
    if told.kind == "newCall":
        yield Fact(told.at, "started")
        if direction == "in" and (told.in_queue or not tells_queue):
            yield Fact(told.at, "queued", value=str(short) if tells_queue else f"{short} {WITH_MENU}")
    elif told.kind == "queued":
        yield Fact(told.at, "queued", value=str(short))
    elif told.kind == "ringing":
        yield Fact(told.at, "offered", value=f"cti-{told.staff_id or NOBODY}")
    elif told.kind == "answer":
        if tells_queue and told.wait_seconds is not None and direction == "in":
            yield Fact(told.at - timedelta(seconds=told.wait_seconds), "queued", value=str(short))
        yield Fact(told.at, "operator_joined", value=agent)
        yield Fact(told.at, "caller_joined")
    elif told.kind == "transfer":
        yield Fact(told.at, "operator_joined", value=agent)
    elif told.kind in ("hold", "unhold"):
        yield Fact(told.at, "held" if told.kind == "hold" else "unheld")
    elif told.kind == "hangup":
        yield Fact(told.at, "ended", value=_end_of(told.cause, direction))


def _end_of(cause: str, direction: str) -> str:
    """For a caller who was not answered it makes no difference which side gave up first: nobody was there."""
    cause = cause if cause in CAUSES else "normalClearing"
    return _OUTBOUND.get(cause, "completed") if direction == "out" else f"{SAID}{cause}"


def _call_of(now: datetime, source: Source, told: Told, vault: Vault) -> Call:
    """The locked call, made by whichever of its events came first."""
    sid = name_of(told.call_id, vault)
    row = {
        "ref": secrets.token_hex(16), "provider": source.provider, "provider_sid": sid,
        "direction": told.direction or "in", "purpose": "hotline", "line_no": "12345", "lang": "zh", "skills": [],
        "priority": 0, "state": CallState.NEW, "epoch": 1, "version": 0, "tries": 0, "facts": [],
        "started_at": told.at, "seen_at": now,
    }  # fmt: skip
    new = insert(Call).values(row).on_conflict_do_nothing(index_elements=["provider", "provider_sid"])
    db.session.execute(new)
    return lock_by_sid(source.provider, sid)


def name_of(call_id: str, vault: Vault) -> str:
    """The platform's name of a call as it is kept: one that holds a telephone number is kept as its hash."""
    if _TELEPHONE.search(call_id) or not call_id.isprintable():
        return f"h:{sealing.blind(vault.keys, call_id, 'cti call').hex()}"
    return call_id


def _learn_who(call: Call, now: datetime, told: Told, vault: Vault) -> None:
    """Direction, line and number as soon as an event tells them; the draft begins with the number."""
    if told.direction:
        call.direction = told.direction
        call.purpose = "hotline" if told.direction == "in" else "operator_out"
    line = arriving.line_of(told.line) if told.kind == "newCall" and told.line else None
    if line is not None:
        call.line_no, call.skills, call.priority = line.line_no, list(line.skills), line.priority
    if told.phone and call.phone_hash is None:
        call.phone_hash = vault.phone_hash(told.phone)
    is_blocked = call.answered_at is None and blocking.is_blocked(call.phone_hash, now)
    if told.phone is not None and call.direction == "in" and call.ticket_id is None and not is_blocked:
        call.ticket_id = calling.begin(now, told.phone, call.line_no, vault).id
    db.session.flush()


def _keep_recording(call: Call, told: Told, vault: Vault) -> None:
    """Keep where the platform has the sound, sealed. Nobody fetches it: its address is anybody's word."""
    sid = f"{call.provider}:{sealing.blind(vault.keys, f'{call.id}:{told.recording}', 'recording').hex()}"
    row = {
        "call_id": call.id, "kind": recordings.TALK, "provider": call.provider, "provider_sid": sid,
        "state": "elsewhere", "begun_at": told.at,
        "reference": sealing.seal(vault.keys, told.recording, "reference", f"recording:{sid}"),
    }  # fmt: skip
    db.session.execute(insert(Recording).values(row).on_conflict_do_nothing(index_elements=["provider_sid"]))


def follow(call: Call, now: datetime) -> Progress:
    """Bring seats, ticket and callback of a locked call in line with what is known of it."""
    after = progress_of(call)
    holder = _agent(call)
    _lock_seats(call, holder)
    _free_others(call, after, holder, now)
    if after.state == CallState.TALKING and holder is not None:
        _bring_on(call, holder, now)
    elif after.state == CallState.OFFERED:
        _ring_at(call, now)
    elif after.state == CallState.ENDED:
        _close(call, after, holder, now)
    arriving.answered_meanwhile(call)
    if after.staff_id is not None and call.ticket_id is not None:
        calling.hand_to(now, call.ticket_id, after.staff_id)
    return after


def _lock_seats(call: Call, holder: int | None) -> None:
    """All seats that may be moved, in one order: two calls may change operators with each other at one moment."""
    concerned = (Seat.call_id == call.id) | Seat.staff_id.in_([*_rung(call), holder or 0])
    db.session.execute(select(Seat.staff_id).where(concerned).order_by(Seat.staff_id).with_for_update())


def _agent(call: Call) -> int | None:
    """Who is with the caller: whoever was told of last. None where that is nobody whom we know."""
    joined = [fact for fact in facts_of(call) if fact.kind == "operator_joined"]
    latest = max(joined, key=lambda fact: (fact.at, fact.value), default=None)
    name = latest.value.partition("-")[0] if latest else ""
    return int(name) if name.isdigit() else None


def _rung(call: Call) -> list[int]:
    names = [fact.value.removeprefix("cti-") for fact in facts_of(call) if fact.kind == "offered"]
    return sorted({int(name) for name in names if name.isdigit()})


def _free_others(call: Call, after: Progress, holder: int | None, now: datetime) -> None:
    """Seats that were with this call and are not any more."""
    at_it = select(Seat.staff_id).where(
        Seat.call_id == call.id, Seat.state.in_((SeatState.ON_CALL, SeatState.OFFERED))
    )
    for staff_id in db.session.scalars(at_it.order_by(Seat.staff_id)).all():
        if after.state == CallState.TALKING and staff_id == holder:
            continue
        if after.state == CallState.OFFERED and staff_id in _rung(call):
            continue
        seat = seating.lock(staff_id)
        if seat.call_id == call.id:
            _let_go(seat, call, now)


def _let_go(seat: Seat, call: Call, now: datetime) -> None:
    if seat.state == SeatState.ON_CALL:
        seating.move(seat, "wrap_up", now, call=call, until=now + settings.current().span("wrap_up"))
    elif seat.state == SeatState.OFFERED:
        seating.move(seat, "withdraw", now)


def _ring_at(call: Call, now: datetime) -> None:
    for staff_id in _rung(call):
        seat = seating.place_of(staff_id, now)
        if seat.state == SeatState.READY:
            seating.move(seat, "offer", now, call=call)


def _bring_on(call: Call, staff_id: int, now: datetime) -> None:
    """The platform's word counts: whoever it connects is on the call, whatever their seat was at."""
    seat = seating.place_of(staff_id, now)
    if seat.call_id == call.id and seat.state == SeatState.ON_CALL:
        return
    if seat.state == SeatState.ON_CALL:
        seating.move(seat, "wrap_up", now)
    if seat.state == SeatState.OFFLINE:
        seating.move(seat, "ready", now)
    seating.move(seat, "connect", now, call=call)


def _close(call: Call, after: Progress, holder: int | None, now: datetime) -> None:
    """The end of a call, however late something is told of it."""
    if after.answered_at is not None and holder is not None and not _was_at(call, holder):
        _bring_on(call, holder, now)
        _let_go(seating.lock(holder), call, now)
    if is_missed(call, after):
        arriving.owe_callback(call, now, "missed")
        return
    # It was never owed, as is known now; what is told next may show that it is.
    arriving.not_missed(call)
    if call.direction == "out" and after.answered_at is not None and call.phone_hash is not None:
        _reached(call, after.answered_at, now)


def _reached(call: Call, at: datetime, now: datetime) -> None:
    """Whoever was owed a callback when an operator talked to them has had it."""
    owed = (Callback.phone_hash == call.phone_hash) & Callback.closed_at.is_(None) & (Callback.asked_at <= at)
    done = {"closed_at": now, "outcome": "reached", "attempts": Callback.attempts + 1, "taken_by": call.staff_id}
    db.session.execute(update(Callback).where(owed).values(done))


def _was_at(call: Call, staff_id: int) -> bool:
    same = select(SeatSpan.id).where(
        SeatSpan.staff_id == staff_id, SeatSpan.call_id == call.id, SeatSpan.state == SeatState.ON_CALL
    )
    return db.session.scalar(same.limit(1)) is not None


def is_missed(call: Call, after: Progress) -> bool:
    """漏接. Nobody answered somebody who waited; one who hung up in the menu, or at once, was not missed."""
    facts = facts_of(call)
    if call.direction == "out" or after.answered_at or any(fact.kind == "blocked" for fact in facts):
        return False
    said = {fact.value.removeprefix(SAID) for fact in facts if fact.kind == "ended"}
    if "forwarded" in said:
        return False  # somebody else has taken it
    if after.queued_at is None:
        return bool(said & _RANG) or ("cancel" in said and not any(fact.kind == "started" for fact in facts))
    return after.end_reason == "abandoned_queue"


def agent_state(now: datetime, staff_id: int, state: str, at: datetime) -> None:
    """What an operator is at between calls, as the platform says. Told late, or in a call, it changes nothing."""
    if state not in _SEAT_STEPS:
        return
    action, reason = _SEAT_STEPS[state]
    seat = seating.place_of(staff_id, now)
    if at >= seat.since and target(action, seat.state) is not None:
        seating.move(seat, action, now, reason=reason)


def tidy(now: datetime) -> int:
    """End calls of which nothing was heard for hours; returns how many."""
    lost = select(Call.id).where(
        Call.provider.like(f"{PUSHED}%"), Call.ended_at.is_(None), Call.seen_at < now - LOST_AFTER
    )
    ids = db.session.scalars(lost.limit(BATCH)).all()
    for call_id in ids:
        call = lock(call_id)
        if call.ended_at is None and call.seen_at < now - LOST_AFTER:
            note(call, "ended", call.seen_at, now, value="lost")
            follow(call, now)
    return len(ids)
