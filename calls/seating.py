"""Verbs of a seat: be ready, pause, leave; and what happens to it when its page or its line goes away."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from calls import settings
from calls.keeping import WALLBOARD
from calls.models import Call, Seat, SeatSpan
from calls.seats import BREAKS, SeatState, target
from db import db
from routing.editing import Edit, Refused, difference
from tickets import errors, events
from tickets.permissions import SYSTEM, Actor, may

EXTENSION = re.compile(r"\+?[0-9]{2,15}|sips?:[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,200}")
"""A short number of the exchange, a full one, or a SIP address."""
BEAT_EVERY = 5
"""Seconds that a sign of life is worth: a later one is not written sooner."""


def sit_down(actor: Actor, now: datetime, console: str) -> Seat:
    """Open the telephone page: this console is the one that answers from now on. Raises Forbidden."""
    demand(actor)
    seat = place_of(actor.id, now)
    seat.console, seat.seen_at = console, now
    return seat


def ready(actor: Actor, now: datetime, console: str) -> Seat:
    """Take calls from now on. Raises Forbidden, NotFound, NotNow, Stale."""
    return _step(actor, now, console, "ready")


def pause(actor: Actor, now: datetime, console: str, reason: str) -> Seat:
    """Take a break, for a reason. Raises Invalid besides."""
    if reason not in BREAKS:
        raise errors.Invalid(fields={"reason": "unknown"})
    return _step(actor, now, console, "pause", reason)


def leave(actor: Actor, now: datetime, console: str) -> Seat:
    """Go offline."""
    return _step(actor, now, console, "leave")


def beat(actor: Actor, now: datetime, console: str) -> Seat | None:
    """A sign of life of the page. None where another console has taken the seat, or none was opened."""
    demand(actor)
    seat = db.session.get(Seat, actor.id)
    if seat is None or seat.console != console:
        return None
    if (now - seat.seen_at).total_seconds() >= BEAT_EVERY:
        db.session.execute(update(Seat).where(Seat.staff_id == actor.id).values(seen_at=now))
    return seat


def set_skills(actor: Actor, now: datetime, staff_id: int, skills: Collection[str]) -> Edit:
    """Say what a member of staff can answer: languages, dialects, enterprise matters, nights. Raises Forbidden.

    Whoever assigns reads it anew each time: callers who wait already are offered by it from then on.
    """
    if not may(actor, "call.coach"):
        raise errors.Forbidden(action="set_skills")
    given = sorted({skill.strip() for skill in skills if skill.strip()})
    seat = place_of(staff_id, now)
    before, seat.skills = seat.skills, given
    return _edit(staff_id, "skills", {"answers": before}, {"answers": given})


def _edit(staff_id: int, what: str, before: dict[str, Any], after: dict[str, Any]) -> Edit:
    """What was set of a person's place, for the record."""
    db.session.flush()
    return Edit(what, str(staff_id), 1, *difference(before, after))


def sweep(now: datetime) -> int:
    """Seats whose page has been silent too long go offline; one with a call is left to the call. How many went."""
    silent = now - settings.current().span("seat_lost")
    gone = db.session.scalars(
        select(Seat)
        .where(
            Seat.state.in_((SeatState.READY, SeatState.WRAP_UP, SeatState.BREAK)), Seat.seen_at < silent,
        )
        .with_for_update(skip_locked=True)
    ).all()  # fmt: skip
    for seat in gone:
        move(seat, "drop", now, reason="lost")
    over = db.session.scalars(
        select(Seat)
        .where(Seat.state == SeatState.WRAP_UP, Seat.until <= now, Seat.seen_at >= silent)
        .with_for_update(skip_locked=True)
    ).all()
    for seat in over:
        move(seat, "ready", now)
    return len(gone)


def move(
    seat: Seat, action: str, now: datetime, *,
    actor: Actor = SYSTEM, reason: str | None = None, call: Call | None = None, until: datetime | None = None,
) -> Seat:  # fmt: skip
    """Bring a locked seat to where the action leads, with its record and its event. Raises NotNow."""
    state = target(action, seat.state)
    if state is None:
        raise errors.NotNow(action=action, state=seat.state)
    if (seat.state, seat.reason) == (state, reason) and call is None:
        return seat
    # Work on a call is over when its time is, not when somebody looks.
    at = min(now, seat.until) if seat.state == SeatState.WRAP_UP and seat.until else now
    open_span = (SeatSpan.staff_id == seat.staff_id) & SeatSpan.ended_at.is_(None)
    db.session.execute(update(SeatSpan).where(open_span).values(ended_at=at))
    seat.state, seat.reason, seat.since, seat.until = state, reason, at, until
    seat.call_id = call.id if call else None
    seat.version += 1
    if state != SeatState.OFFLINE:
        db.session.add(
            SeatSpan(staff_id=seat.staff_id, state=state, reason=reason, call_id=seat.call_id, began_at=at)
        )
    rooms = (WALLBOARD, f"staff:{seat.staff_id}")
    events.record(
        "seat.changed", subject="seat", subject_id=seat.staff_id, version=seat.version, actor=actor, now=now,
        rooms_before=rooms, rooms_after=rooms, state=str(state), reason=reason, call=seat.call_id,
    )  # fmt: skip
    db.session.flush()
    return seat


def lock(staff_id: int | None) -> Seat:
    """The seat under its row lock. Raises NotFound."""
    query = select(Seat).where(Seat.staff_id == staff_id).with_for_update()
    seat = db.session.scalar(query.execution_options(populate_existing=True))
    if seat is None:
        raise errors.NotFound()
    return seat


def place_of(staff_id: int | None, now: datetime) -> Seat:
    """The seat of somebody under its lock, made where they have none yet."""
    db.session.execute(insert(Seat).values(_fresh(staff_id, now, [])).on_conflict_do_nothing())
    return lock(staff_id)


def set_extension(actor: Actor, now: datetime, staff_id: int, extension: str) -> Edit:
    """Say which telephone stands on somebody's desk; empty: none. Raises Forbidden, Refused."""
    if not may(actor, "call.coach"):
        raise errors.Forbidden(action="set_extension")
    wanted = extension.strip() or None
    if wanted is not None and not EXTENSION.fullmatch(wanted):
        raise Refused({"extension": "extension_shape"})
    taken = select(Seat.staff_id).where(Seat.extension == wanted, Seat.staff_id != staff_id)
    if wanted is not None and db.session.scalar(taken) is not None:
        raise Refused({"extension": "extension_taken"})
    seat = place_of(staff_id, now)
    before, seat.extension = seat.extension, wanted
    return _edit(staff_id, "extension", {"extension": before}, {"extension": wanted})


def demand(actor: Actor) -> None:
    """Raise Forbidden for whoever answers no calls."""
    if actor.id is None or not may(actor, "call.answer"):
        raise errors.Forbidden(action="answer")


def own(actor: Actor, console: str) -> Seat:
    """The actor's seat under its lock, for the console that holds it. Raises Forbidden, NotFound, Stale."""
    demand(actor)
    seat = lock(actor.id)
    if seat.console != console:
        raise errors.Stale(version=0, theirs=seat.version)
    return seat


def _fresh(staff_id: int | None, now: datetime, skills: list[str]) -> dict[str, object]:
    return {
        "staff_id": staff_id, "state": SeatState.OFFLINE, "since": now, "seen_at": now, "skills": skills,
        "version": 0,
    }  # fmt: skip


def _step(actor: Actor, now: datetime, console: str, action: str, reason: str | None = None) -> Seat:
    seat = own(actor, console)
    seat.seen_at = now
    return move(seat, action, now, actor=actor, reason=reason)
