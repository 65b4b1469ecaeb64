"""Running deadlines counted anew in the background: first what would move, then moving it if somebody says so."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from app.enqueue import RESCHEDULE
from app.outbox import unit_of_work
from db import Base, db
from routing.editing import Edit, Refused
from routing.service import current_version
from tickets import errors, rescheduling
from tickets.event_models import JobOwed
from tickets.permissions import SYSTEM, Actor

RESCHEDULING = "rescheduling"
CHUNK = 200
"""So many tickets are looked at in one go."""
LONGEST_REASON = 200


class Rescheduling(Base):
    """One time through all tickets with running clocks, in the order of their ids, up to `reached`.

    Unless it `moves`, it only counts. `found` counts promises by what becomes of them, and the tickets `moved`.
    """

    __tablename__ = "rescheduling"
    __table_args__ = (
        Index(
            "uq_rescheduling_under_way", "ended_at", unique=True,
            postgresql_where=text("ended_at IS NULL"), postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    asked_at: Mapped[datetime]
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    reference_version: Mapped[int] = mapped_column(BigInteger)
    moves: Mapped[bool]
    may_shorten: Mapped[bool]
    reason: Mapped[str]
    total: Mapped[int]
    done: Mapped[int]
    reached: Mapped[int] = mapped_column(BigInteger)
    found: Mapped[dict[str, int]] = mapped_column(JSONB)
    ended_at: Mapped[datetime | None]

    def is_foresight(self, version: int) -> bool:
        """Whether it tells what would move by the reference data of that version."""
        return not self.moves and self.ended_at is not None and self.reference_version == version


def latest() -> Rescheduling | None:
    """The last one that was asked for, under way or ended."""
    return db.session.scalar(select(Rescheduling).order_by(Rescheduling.id.desc()).limit(1))


def foresee(actor: Actor, now: datetime) -> None:
    """Have counted what would move, unless one is under way."""
    _begin(actor, now, moves=False, may_shorten=False, reason="")


def move(actor: Actor, now: datetime, counted: int, reason: str, may_shorten: bool) -> Edit:
    """Have moved what was counted by the rescheduling `counted`, the last one. Raises Refused.

    The reason, and whether promises may become sooner, go to the record of edits.
    """
    last = latest()
    if last is None or last.id != counted or not last.is_foresight(current_version(db.session())):
        raise Refused({"state": "counted_before"})
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise Refused({"reason": "too_long" if len(reason) > LONGEST_REASON else "missing"})
    begun = _begin(actor, now, moves=True, may_shorten=may_shorten, reason=reason)
    if begun is None:
        raise Refused({"state": "under_way"})
    return Edit(RESCHEDULING, str(begun), 1, {}, {"may_shorten": may_shorten, "reason": reason})


def _begin(actor: Actor, now: datetime, *, moves: bool, may_shorten: bool, reason: str) -> int | None:
    values = {
        "asked_at": now, "asked_by": actor.id, "reference_version": current_version(db.session()), "moves": moves,
        "may_shorten": may_shorten, "reason": reason, "total": rescheduling.count_tickets(), "done": 0,
        "reached": 0, "found": {},
    }  # fmt: skip
    made = insert(Rescheduling).values(values).on_conflict_do_nothing().returning(Rescheduling.id)
    begun = db.session.scalar(made)
    if begun is not None:
        db.session.add(JobOwed(job=RESCHEDULE, subject_id=begun, due_at=now))
    return begun


def go_on(owed_id: int) -> bool:
    """Look at the next tickets, and move what moves; returns whether there are more.

    Each ticket that moves is a transaction of its own, in which the rescheduling says that it was done. So one
    that is killed goes on where it was, and of two that run at once each finds what the other did.
    """
    with unit_of_work() as now:
        begun = _hold(owed_id)
        if begun is None:
            return False
        ids = rescheduling.tickets_after(begun.reached, CHUNK)
        foreseen = rescheduling.foreseen(ids, now)
        if not begun.moves or not ids:
            for ticket_id in ids:
                _reach(begun, ticket_id, foreseen[ticket_id])
            _end_after(begun, owed_id, now, is_last=len(ids) < CHUNK)
            return len(ids) == CHUNK
        moved, reached = rescheduling.MOVED[begun.may_shorten], begun.reached
    for unmoved, ticket_id in _stretches(ids, {one for one in ids if any(foreseen[one][fate] for fate in moved)}):
        with unit_of_work() as now:
            begun = _hold(owed_id)
            if begun is None or begun.reached != reached:
                return False  # another goes on with it
            for one in unmoved:
                _reach(begun, one, foreseen[one])
            if ticket_id is not None:
                _move_one(begun, ticket_id, now)
            reached = begun.reached
    return True


def _hold(owed_id: int) -> Rescheduling | None:
    """The rescheduling that a job is owed for, both locked; None where another has it or it has ended."""
    owed = db.session.get(JobOwed, owed_id, with_for_update={"skip_locked": True}, populate_existing=True)
    if owed is None:
        return None
    query = select(Rescheduling).where(Rescheduling.id == owed.subject_id).with_for_update()
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def _stretches(ids: list[int], moving: set[int]) -> Iterator[tuple[list[int], int | None]]:
    """(tickets passed by, the ticket that moves after them or None) through all ids."""
    passed: list[int] = []
    for ticket_id in ids:
        if ticket_id in moving:
            yield passed, ticket_id
            passed = []
        else:
            passed.append(ticket_id)
    if passed:
        yield passed, None


def _move_one(begun: Rescheduling, ticket_id: int, now: datetime) -> None:
    try:
        fates = rescheduling.reschedule(
            SYSTEM, now, ticket_id, may_shorten=begun.may_shorten, rescheduling=begun.id
        )
    except errors.NotFound:
        fates = Counter()
    moved = any(fates.get(fate) for fate in rescheduling.MOVED[begun.may_shorten])
    _reach(begun, ticket_id, {**fates, "moved": int(moved)})


def _reach(begun: Rescheduling, ticket_id: int, fates: Mapping[str, int]) -> None:
    begun.reached = ticket_id
    begun.done += 1
    found = dict(begun.found)
    for fate, count in fates.items():
        found[fate] = found.get(fate, 0) + count
    begun.found = found


def _end_after(begun: Rescheduling, owed_id: int, now: datetime, *, is_last: bool) -> None:
    """End it when there is no ticket left. What was begun or ended meanwhile makes the first count a guess."""
    if is_last:
        begun.ended_at, begun.total = now, begun.done
        db.session.delete(db.session.get_one(JobOwed, owed_id))


def release(owed_id: int) -> None:
    """Let the job be handed out again at once: between two turns others get theirs."""
    with unit_of_work():
        owed = db.session.get(JobOwed, owed_id, with_for_update={"skip_locked": True})
        if owed is not None:
            owed.claimed_until, owed.attempts = None, 0
