"""Verbs of a talk: who is in the room and who has left; hold, consult, hand over, hang up; lines that break."""

from datetime import datetime

from sqlalchemy import select

from calls import outgoing, seating, settings
from calls.arriving import answered_meanwhile, enqueue, not_missed
from calls.keeping import facts_of, lock, note, progress_of
from calls.machine import CallState
from calls.models import Call, CallLeg, Effect, Offer
from calls.offering import give_up_line
from calls.owing import owe
from calls.settling import OPEN, close, settle
from db import db
from routing import service as routing
from tickets import errors
from tickets.permissions import Actor

CALLER, OPERATOR, PARTY = "caller", "op-", "dept-"
BATCH = 50


def joined(call: Call, label: str, epoch: int, at: datetime, now: datetime) -> None:
    """Somebody is in the talking room of that epoch. When both are, the talk begins and is recorded."""
    _mark(call, label, "joined", at)
    if label == CALLER:
        note(call, "caller_joined", at, now, epoch=epoch)
    elif label.startswith(OPERATOR):
        note(call, "operator_joined", at, now, epoch=epoch, value=label.removeprefix(OPERATOR))
        if any(fact.kind == "operator_left" and fact.epoch == epoch for fact in facts_of(call)):
            owe(call, "unhold", f"back:{epoch}:{at.isoformat()}", now, epoch=epoch)
            _record_again(call, f"back:{epoch}:{at.isoformat()}", now)
    elif label.startswith(PARTY):
        note(call, "party_joined", at, now, epoch=epoch, value=label)
    after = settle(call, now)
    if after.state == CallState.TALKING and after.epoch == epoch:
        owe(call, "record", str(epoch), now, epoch=epoch)
        if epoch > 1:
            _record_again(call, f"talk:{epoch}", now, before=epoch)
    if after.answered_at is not None:
        answered_meanwhile(call)
        if after.ended_at is not None:
            not_missed(call)


def _record_again(call: Call, key: str, now: datetime, before: int | None = None) -> None:
    """A pause is for the operator who ordered it: who comes after a broken line finds the recording going on.

    `before`: only a pause of an epoch before this one.
    """
    kinds = ("pause_recording", "resume_recording")
    orders = select(Effect).where(Effect.call_id == call.id, Effect.kind.in_(kinds))
    found = db.session.scalar(orders.order_by(Effect.id.desc()).limit(1))
    if found is None or found.kind != "pause_recording":
        return
    if before is None or found.payload["epoch"] < before:
        owe(call, "resume_recording", key, now, epoch=call.epoch)


def left(call: Call, label: str, epoch: int, at: datetime, now: datetime) -> None:
    """Somebody has left the room. An operator who did not say so has dropped out, and may come back."""
    _mark(call, label, "left", at)
    if label == CALLER:
        note(call, "caller_left", at, now, epoch=epoch)
    elif label.startswith(OPERATOR):
        note(call, "operator_left", at, now, epoch=epoch, value=label.removeprefix(OPERATOR))
    elif label.startswith(PARTY):
        note(call, "party_left", at, now, epoch=epoch, value=label)
    after = settle(call, now)
    if after.epoch != epoch:
        return
    if after.is_alone:
        _send_on(call, now)
    elif not label.startswith(OPERATOR):
        return
    elif after.interrupted_at is not None:
        owe(call, "apologise", f"{epoch}:{after.interrupted_at.isoformat()}", now, epoch=epoch)
    elif after.state == CallState.CONNECTING and not _is_on_the_line(call, epoch):
        give_up_line(call, now)
        if call.ended_at is None and after.is_caller_in:
            _send_back(call, now)


def _is_on_the_line(call: Call, epoch: int) -> bool:
    """Whether the operator still has a line into the room: a page loaded anew brings one, and loses one."""
    lines = select(CallLeg.id).where(
        CallLeg.call_id == call.id, CallLeg.role == "operator", CallLeg.epoch == epoch,
        CallLeg.joined_at.is_not(None), CallLeg.left_at.is_(None),
    )  # fmt: skip
    return db.session.scalar(lines.limit(1)) is not None


def held(call: Call, epoch: int, at: datetime, now: datetime, *, on: bool) -> None:
    """The carrier says that the caller is on hold, or no longer."""
    note(call, "held" if on else "unheld", at, now, epoch=epoch)


def take_up_dropped(now: datetime) -> int:
    """Callers whose operator has been gone too long go back to the queue, before all others. How many went."""
    due = now - settings.current().span("drop")
    found = db.session.scalars(
        select(Call.id).where(Call.interrupted_at <= due, Call.ended_at.is_(None)).order_by(Call.id).limit(BATCH)
    ).all()
    for call_id in found:
        call = lock(call_id)
        if call.interrupted_at is None or call.interrupted_at > due or call.state != CallState.TALKING:
            continue
        _send_back(call, now)
    return len(found)


def _send_back(call: Call, now: datetime) -> None:
    """The caller sits in a room without an operator: back to the queue, before all others."""
    epoch = call.epoch
    enqueue(call, now, now, again=True)
    call.conference_sid = None  # the next room is another one
    owe(call, "send_caller", f"queue:{epoch}", now, to="queue")


def hold(actor: Actor, now: datetime, call_id: int, console: str, *, on: bool) -> Call:
    """Let the caller wait, with music, or talk on. What the screen shows follows from what the carrier says.

    This and the verbs below raise Forbidden, NotFound, NotNow and Stale.
    """
    call = _in_talk(actor, call_id, console, "hold")
    kind = "hold" if on else "unhold"
    # Each press is an order of its own: one that came to nothing can be given again.
    owe(call, kind, f"{call.epoch}:{call.version}:{now.isoformat()}", now, epoch=call.epoch)
    return call


def hang_up(actor: Actor, now: datetime, call_id: int, console: str) -> Call:
    """End the talk: the caller is asked how it was. With a department in the room it is handed over instead.

    A citizen who is still being rung is rung no longer.
    """
    call = _own(actor, call_id, console)
    if outgoing.is_ringing(call):
        outgoing.cancel(actor, call, now)
        return call
    _demand_talk(call, "hang_up")
    note(call, "operator_leaving", now, now, actor=actor, value=actor.id)
    if progress_of(call).parties:
        _hand_over(call, actor, now)
    else:
        _send_on(call, now)
    return call


def _send_on(call: Call, now: datetime) -> None:
    """The talk is over: to the questions on it, or, for somebody whom we rang, to the end."""
    to = "survey" if call.direction == "in" else "goodbye"
    owe(call, "send_caller", f"{to}:{call.epoch}", now, to=to)


def _hand_over(call: Call, actor: Actor, now: datetime) -> None:
    """The caller and the department talk on, and hear each other; the operator is done with the talk."""
    owe(call, "unhold", f"handed_over:{call.epoch}", now, epoch=call.epoch)
    for leg in _lines_of(call, actor):
        owe(call, "remove", leg.label, now, epoch=call.epoch, label=leg.label)
    taken = select(Offer).where(Offer.call_id == call.id, Offer.state.in_(OPEN)).with_for_update()
    for offer in db.session.scalars(taken):
        # An open one would keep the seat from every other call for as long as the two talk.
        close(offer, now, "over")
    seat = seating.lock(actor.id)
    seating.move(seat, "wrap_up", now, actor=actor, call=call, until=now + settings.current().span("wrap_up"))


def consult(actor: Actor, now: datetime, call_id: int, console: str, department_id: int) -> CallLeg:
    """Ring a department while the caller is on hold; one at a time. Raises Invalid for a unit without number."""
    call = _in_talk(actor, call_id, console, "consult")
    unit = routing.current().units_by_id.get(department_id)
    if unit is None or not unit.phone:
        raise errors.Invalid(fields={"department": "unknown" if unit is None else "no_phone"})
    if _open_parties(call):
        raise errors.NotNow(action="consult", state="consulting")
    leg = CallLeg(
        call_id=call.id, epoch=call.epoch, role="department", label="", provider=call.provider,
        department_id=department_id, status="dialling", created_at=now,
    )  # fmt: skip
    db.session.add(leg)
    db.session.flush()
    leg.label = f"{PARTY}{leg.id}"
    owe(call, "hold", f"consult:{leg.id}", now, epoch=call.epoch)
    owe(call, "dial_party", str(leg.id), now, leg=leg.id)
    return leg


def end_consult(actor: Actor, now: datetime, call_id: int, console: str) -> Call:
    """Send the department away again and go back to the caller."""
    call = _in_talk(actor, call_id, console, "end_consult")
    for leg in _open_parties(call):
        owe(call, "drop_party", str(leg.id), now, leg=leg.id)
        leg.status, leg.left_at = "dropped", now
    owe(call, "unhold", f"alone:{call.epoch}:{call.version}", now, epoch=call.epoch)
    return call


def party_status(leg_id: int, status: str, at: datetime, now: datetime, sid: str = "") -> None:
    """What became of ringing a department. One that does not answer gives the caller back."""
    found = db.session.get(CallLeg, leg_id)
    if found is None or found.role != "department":
        raise errors.NotFound()
    call, leg = lock(found.call_id), found
    db.session.refresh(leg)
    if sid and leg.provider_sid not in (None, sid):
        raise errors.NotFound()
    leg.provider_sid = leg.provider_sid or sid or None
    if leg.left_at is not None:
        return
    leg.status = status
    if status in GONE:
        leg.left_at = at
        if leg.joined_at is None and call.ended_at is None:
            owe(call, "unhold", f"unanswered:{leg.id}", now, epoch=call.epoch)


GONE = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


def pause_recording(actor: Actor, now: datetime, call_id: int, console: str, *, paused: bool) -> Call:
    """Keep what is said now out of the recording, as while an identity number is read out; or go on."""
    call = _in_talk(actor, call_id, console, "pause_recording")
    kind = "pause_recording" if paused else "resume_recording"
    owe(call, kind, f"{call.epoch}:{call.version}:{now.isoformat()}", now, epoch=call.epoch)
    return call


def _in_talk(actor: Actor, call_id: int, console: str, action: str) -> Call:
    """The same, while there is a talk. Raises NotNow besides."""
    call = _own(actor, call_id, console)
    _demand_talk(call, action)
    return call


def _own(actor: Actor, call_id: int, console: str) -> Call:
    """The locked call that the actor's seat is in. Raises Forbidden, NotFound, Stale."""
    seating.demand(actor)
    call = lock(call_id)
    seat = seating.own(actor, console)
    if seat.call_id != call.id:
        raise errors.NotFound()
    return call


def _demand_talk(call: Call, action: str) -> None:
    if call.state != CallState.TALKING:
        raise errors.NotNow(action=action, state=call.state)


def _lines_of(call: Call, actor: Actor) -> list[CallLeg]:
    query = select(CallLeg).where(
        CallLeg.call_id == call.id, CallLeg.role == "operator", CallLeg.staff_id == actor.id,
        CallLeg.epoch == call.epoch, CallLeg.left_at.is_(None),
    )  # fmt: skip
    return list(db.session.scalars(query.order_by(CallLeg.id)))


def _open_parties(call: Call) -> list[CallLeg]:
    query = select(CallLeg).where(
        CallLeg.call_id == call.id, CallLeg.role == "department", CallLeg.left_at.is_(None)
    )
    return list(db.session.scalars(query.order_by(CallLeg.id)))


def _mark(call: Call, label: str, status: str, at: datetime) -> None:
    """Note on the latest line of that label that it came or went; an earlier moment told late wins."""
    query = select(CallLeg).where(CallLeg.call_id == call.id, CallLeg.label == label)
    leg = db.session.scalar(query.order_by(CallLeg.id.desc()).limit(1))
    if leg is None:
        return
    if status == "joined":
        leg.joined_at = min(leg.joined_at or at, at)
    else:
        leg.left_at = max(leg.left_at or at, at)
    leg.status = "left" if leg.left_at and leg.left_at >= (leg.joined_at or leg.left_at) else "joined"


def listen(call: Call, staff_id: int, provider: str, sid: str, now: datetime) -> str | None:
    """A supervisor's line into the talk. Returns the operator's line at the carrier's; None without a talk."""
    if call.state != CallState.TALKING:
        return None
    line = select(CallLeg.provider_sid).where(
        CallLeg.call_id == call.id, CallLeg.role == "operator", CallLeg.epoch == call.epoch
    )
    found = db.session.scalar(line.order_by(CallLeg.id.desc()).limit(1))
    same = select(CallLeg.id).where(CallLeg.provider == provider, CallLeg.provider_sid == sid)
    if db.session.scalar(same) is None:
        leg = CallLeg(
            call_id=call.id, epoch=call.epoch, role="supervisor", label=f"sup-{staff_id}", provider=provider,
            provider_sid=sid, staff_id=staff_id, status="connecting", created_at=now,
        )  # fmt: skip
        db.session.add(leg)
    return found
