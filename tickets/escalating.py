"""升级. Which rung of a ladder acts, who has seen it, and what climbs because nobody did. Rows decide."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from db import db
from routing import service as routing
from routing.models import Policy
from tickets import deadlines, errors, notices
from tickets.change import Locked, finish, lock
from tickets.clocks import clock_rules, owed
from tickets.models import Assignment, Deadline, Escalation, Ticket
from tickets.permissions import Actor, may
from tickets.terms import NOT_OF_UNITS

SET_ASIDE_AFTER = 5
"""So often a worker begins with a deadline in vain; then it is only tried now and then, and there is an alarm."""
SET_ASIDE_FOR = timedelta(hours=1)
ACTED, SKIPPED = "acted", "skipped"
DUE, CLIMBED, BY_HAND, REPAIRED = "due", "climbed", "by_hand", "repaired"
REFERS = "ticket.review"
"""Who refers a matter to the rung that is reached by hand alone."""
_STORED = (
    "deadline_id", "level", "tier", "owed_at", "escalated_at", "outcome", "cause", "planned_at", "ack_by", "clock",
    "department_id",
)  # fmt: skip

Ladder = Mapping[int, deadlines.Rung]


@dataclass(frozen=True)
class Claimed:
    """Ids of claimed deadlines, the earliest first; those `again` were begun with before, and go each alone.

    `has_more`: as many are under way as may be.
    """

    fresh: Sequence[int]
    again: Sequence[int]
    has_more: bool = False

    @property
    def ids(self) -> list[int]:
        return [*self.fresh, *self.again]


def due_deadlines(now: datetime, limit: int, lease_until: datetime) -> Claimed:
    """Claim deadlines with a moment that has come, as many as leave at most `limit` under way.

    Safe to run in any number of processes at once: a claimed row is skipped until its claim runs out.
    """
    is_due, is_free = Deadline.next_at <= now, Deadline.claimed_until.is_(None) | (Deadline.claimed_until < now)
    claimed = is_due, Deadline.claimed_until >= now, Deadline.attempts < SET_ASIDE_AFTER
    free = limit - len(db.session.scalars(select(Deadline.id).where(*claimed).limit(limit)).all())
    if free <= 0:
        return Claimed((), (), True)
    wanted = select(Deadline.id).where(is_due, is_free).order_by(Deadline.next_at, Deadline.id).limit(free)
    ids = db.session.scalars(wanted.with_for_update(skip_locked=True)).all()
    found = db.session.execute(
        update(Deadline).where(Deadline.id.in_(ids)).values(claimed_until=lease_until)
        .returning(Deadline.id, Deadline.next_at, Deadline.attempts)
    ).all()  # fmt: skip
    rows = sorted(found, key=lambda row: (row.next_at, row.id))
    _leave_alone([row.id for row in rows if row.attempts >= SET_ASIDE_AFTER], now + SET_ASIDE_FOR)
    fresh, again = ([row.id for row in rows if bool(row.attempts) is tried] for tried in (False, True))
    return Claimed(fresh, again, len(rows) == free)


def _leave_alone(deadline_ids: Collection[int], until: datetime) -> None:
    if deadline_ids:
        db.session.execute(update(Deadline).where(Deadline.id.in_(deadline_ids)).values(claimed_until=until))


def release(deadline_ids: Collection[int]) -> None:
    """Give claimed deadlines back at once, because nobody could be told of them."""
    db.session.execute(update(Deadline).where(Deadline.id.in_(deadline_ids)).values(claimed_until=None))


def begin(now: datetime, deadline_ids: Collection[int]) -> None:
    """Count the attempt, to be committed before the work: one that kills its worker is known by it."""
    owed = select(Deadline.id).where(Deadline.id.in_(deadline_ids), Deadline.next_at <= now)
    ids = db.session.scalars(owed.order_by(Deadline.id).with_for_update(skip_locked=True)).all()
    db.session.execute(
        update(Deadline).where(Deadline.id.in_(ids)).values(attempts=Deadline.attempts + 1)
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def left(deadline_ids: Collection[int], fault: str | None = None) -> None:
    """What was begun with came to nothing. `fault` says why; without one it was no attempt, and is due at once."""
    values = {"fault": fault} if fault else {"attempts": Deadline.attempts - 1, "claimed_until": None}
    begun = select(Deadline.id).where(Deadline.id.in_(deadline_ids), Deadline.attempts > 0).order_by(Deadline.id)
    ids = db.session.scalars(begun.with_for_update(skip_locked=True)).all()  # who holds one, acts on it
    rows = update(Deadline).where(Deadline.id.in_(ids))
    db.session.execute(rows.values(values).execution_options(synchronize_session=False))


def escalate(
    actor: Actor, now: datetime, deadline_ids: Collection[int], cause: str = DUE
) -> tuple[int, list[int]]:
    """Do what these deadlines owe at `now`: of each the highest level due acts, lower ones are kept as skipped.

    Decided by the rows under their tickets' locks, so a repeat, an overlap or a late call changes nothing. Returns
    how many acted, and the deadlines whose tickets somebody holds just now: for another time.
    """
    pairs = db.session.execute(select(Deadline.id, Deadline.ticket_id).where(Deadline.id.in_(deadline_ids))).all()
    tickets = _lock(actor, {row.ticket_id for row in pairs})
    here = [row.id for row in pairs if row.ticket_id in tickets]
    rows = db.session.scalars(
        select(Deadline).where(Deadline.id.in_(here)).order_by(Deadline.next_at, Deadline.id)
        .with_for_update().execution_options(populate_existing=True)
    ).all()  # fmt: skip
    owing = [row for row in rows if row.next_at is not None and row.next_at <= now]
    reached = _reached(row.id for row in owing)
    ladders = _ladders({row.policy_id for row in owing if row.policy_id is not None})
    made: list[Escalation] = []
    for row in owing:
        ladder = ladders.get(row.policy_id or 0, {})
        made += _act(tickets[row.ticket_id], actor, now, row, reached.get(row.id, []), ladder, cause)
    _insert(made)
    return sum(one.outcome == ACTED for one in made), [row.id for row in pairs if row.ticket_id not in tickets]


def _insert(made: Iterable[Escalation]) -> None:
    """Store rungs. Nobody needs their ids, and without them it costs less, which a flood of deadlines feels."""
    rows = [{name: getattr(one, name) for name in _STORED} for one in made]
    if rows:
        db.session.execute(insert(Escalation).execution_options(render_nulls=True), rows)


def _lock(actor: Actor, ticket_ids: Collection[int]) -> dict[int, Locked]:
    """Those of the tickets that nobody else holds, as `change.lock` has them."""
    query = select(Ticket).where(Ticket.id.in_(ticket_ids)).order_by(Ticket.id).with_for_update(skip_locked=True)
    tickets = db.session.scalars(query.execution_options(populate_existing=True)).all()
    parts: dict[int, list[Assignment]] = {ticket.id: [] for ticket in tickets}
    of_them = select(Assignment).where(Assignment.ticket_id.in_(parts)).order_by(Assignment.id)
    for part in db.session.scalars(of_them.execution_options(populate_existing=True)):
        parts[part.ticket_id].append(part)
    return {ticket.id: Locked(ticket, parts[ticket.id], tuple(ticket.rooms)) for ticket in tickets}


def _reached(deadline_ids: Iterable[int]) -> dict[int, list[Escalation]]:
    """The rungs that were reached, in order of level, by deadline."""
    found: dict[int, list[Escalation]] = {}
    query = select(Escalation).where(Escalation.deadline_id.in_(list(deadline_ids))).order_by(Escalation.level)
    for row in db.session.scalars(query):
        found.setdefault(row.deadline_id, []).append(row)
    return found


def _ladders(policy_ids: Collection[int]) -> dict[int, Ladder]:
    """Ladders by policy and level, also of policies that were replaced since."""
    rules = clock_rules(routing.current())
    found = {row.id: row.ladder for rows in rules.policies.values() for row in rows if row.id in policy_ids}
    replaced = set(policy_ids) - found.keys()
    for row in db.session.scalars(select(Policy).where(Policy.id.in_(replaced))) if replaced else ():
        found[row.id] = deadlines.ladder_from_data(row.ladder)
    return {policy: {rung.level: rung for rung in ladder} for policy, ladder in found.items()}


def _act(
    locked: Locked, actor: Actor, now: datetime, row: Deadline, reached: list[Escalation], ladder: Ladder,
    cause: str,
) -> list[Escalation]:  # fmt: skip
    """Bring the clock up to date. Returns the rungs to be stored; the last is the one that acts, if one does."""
    climbs = _bring_forward(row, reached, now)
    acting, skipped, next_at = deadlines.levels_due(_moments(row), {one.level for one in reached}, now)
    row.attempts, row.fault, row.claimed_until = 0, None, None
    levels = (*skipped, *(() if acting is None else (acting,)))
    made = [_escalation(locked, row, level, now, ACTED if level == acting else SKIPPED, cause) for level in levels]
    if climbs is not None and made and made[-1].level == acting:
        made[-1].cause, made[-1].planned_at = CLIMBED, climbs
    if acting is not None:
        made[-1].ack_by = _ack_by(row, acting, now, ladder)
    following = _next(next_at, [*reached, *made], now)
    row.next_at = owed(row, [following] if following else [], now)
    if acting is not None:
        _record(locked, actor, now, row, made[-1], skipped)
    return made


def _bring_forward(row: Deadline, reached: list[Escalation], now: datetime) -> datetime | None:
    """Where nobody saw the last rung in time, the next one is owed since then. Returns when it was planned."""
    last = _unseen(reached)
    if last is None or last.ack_by is None or last.ack_by > now:
        return None
    for place, (level, tier, at) in enumerate(row.levels):
        planned = datetime.fromisoformat(at)
        if level > last.level:
            if planned <= now:
                return None
            row.levels = [*row.levels[:place], [level, tier, last.ack_by.isoformat()], *row.levels[place + 1 :]]
            return planned
    return None


def _unseen(reached: Iterable[Escalation]) -> Escalation | None:
    """The last rung that acted, if somebody must still say to have seen it."""
    last = max((one for one in reached if one.outcome == ACTED), key=lambda one: one.level, default=None)
    return last if last and last.ack_by and last.acknowledged_at is None else None


def _next(following: datetime | None, reached: list[Escalation], now: datetime) -> datetime | None:
    """When the clock owes something again: its next rung, or sooner where nobody sees the last one."""
    last = _unseen(reached)
    if last is None or last.ack_by is None or last.ack_by <= now or following is None:
        return following
    return min(following, last.ack_by)


def next_moment(row: Deadline, now: datetime) -> datetime | None:
    """The same from what is stored: for a clock whose moments, or whose last rung's being seen, changed."""
    reached = _reached([row.id]).get(row.id, [])
    done = {one.level for one in reached}
    following = min((at for level, at in _moments(row) if level not in done), default=None)
    following = _next(following, reached, now)
    return owed(row, [following] if following else [], now)


def _ack_by(row: Deadline, level: int, now: datetime, ladder: Ladder) -> datetime | None:
    """Until when the rung must be seen. Above the last that is reached by itself nothing can climb."""
    rung = ladder.get(level)
    if rung is None or rung.ack is None or not any(higher > level for higher, _tier, _at in row.levels):
        return None
    return deadlines.due_at(now, rung.ack, clock_rules(routing.current()).calendar)


def _escalation(
    locked: Locked, row: Deadline, level: int, now: datetime, outcome: str, cause: str
) -> Escalation:
    return Escalation(
        deadline_id=row.id, level=level, tier=_tiers(row)[level], owed_at=dict(_moments(row))[level],
        escalated_at=now, outcome=outcome, cause=cause, clock=row.clock, department_id=_unit(locked, row),
    )  # fmt: skip


def _unit(locked: Locked, row: Deadline) -> int | None:
    """Whose it is; None for what the hotline itself owes on a unit's part."""
    if row.clock in NOT_OF_UNITS:
        return None
    return next((part.department_id for part in locked.parts if part.id == row.assignment_id), None)


def _record(
    locked: Locked, actor: Actor, now: datetime, row: Deadline, made: Escalation, skipped: Sequence[int] = ()
) -> None:
    finish(
        locked, actor, now, "ticket.escalated", unit=made.department_id, deadline=row.id, level=made.level,
        tier=made.tier, skipped=list(skipped) or None, cause=None if made.cause == DUE else made.cause,
    )  # fmt: skip


def _moments(row: Deadline) -> tuple[tuple[int, datetime], ...]:
    return tuple((level, datetime.fromisoformat(at)) for level, _, at in row.levels)


def _tiers(row: Deadline) -> dict[int, str]:
    return {level: tier for level, tier, _ in row.levels}


def acknowledge(actor: Actor, now: datetime, deadline_id: int) -> bool:
    """已知悉. Somebody who was told of rungs of this clock has seen them: nothing climbs for them any more.

    Safe to repeat. Returns whether there was anything to see. Raises NotFound, Forbidden for who was not told.
    """
    locked, row = _lock_one(actor, deadline_id)
    reached = _reached([deadline_id]).get(deadline_id, [])
    acted = [one for one in reached if one.outcome == ACTED]
    mine = [one for one in acted if notices.was_told(actor, key_of(deadline_id, one.level))]
    if not mine:
        raise errors.Forbidden(action="acknowledge")
    notices.read(actor, now, [key_of(deadline_id, one.level) for one in mine])
    unseen = [one for one in mine if one.acknowledged_at is None]
    for one in unseen:
        one.acknowledged_at, one.acknowledged_by = now, actor.id
    if row.next_at is not None:
        row.next_at = next_moment(row, now)
    for one in unseen:
        finish(locked, actor, now, "ticket.acknowledged", deadline=row.id, level=one.level)
    return bool(unseen)


def refer(actor: Actor, now: datetime, deadline_id: int) -> None:
    """Reach the rung of an overdue clock that is reached by hand alone. Raises NotFound, Forbidden, NotNow."""
    locked, row = _lock_one(actor, deadline_id)
    if not may(actor, REFERS):
        raise errors.Forbidden(action="refer")
    rung = rung_by_hand(row, now)
    if rung is None:
        raise errors.NotNow(action="refer", state=locked.ticket.state)
    made = Escalation(
        deadline_id=row.id, level=rung.level, tier=rung.tier, owed_at=now, escalated_at=now, outcome=ACTED,
        cause=BY_HAND, clock=row.clock, department_id=_unit(locked, row),
    )  # fmt: skip
    db.session.add(made)
    _record(locked, actor, now, row, made)


def rung_by_hand(row: Deadline, now: datetime) -> deadlines.Rung | None:
    """The rung to which this clock can be referred now, if any: it is overdue, and was not referred before."""
    if row.stopped_at is not None or row.due_at > now or row.policy_id is None:
        return None
    reached = {one.level for one in _reached([row.id]).get(row.id, [])}
    rungs = _ladders({row.policy_id}).get(row.policy_id, {}).values()
    return next((one for one in rungs if one.kind == deadlines.BY_HAND and one.level not in reached), None)


def _lock_one(actor: Actor, deadline_id: int) -> tuple[Locked, Deadline]:
    ticket_id = db.session.scalar(select(Deadline.ticket_id).where(Deadline.id == deadline_id))
    if ticket_id is None:
        raise errors.NotFound()
    locked = lock(actor, ticket_id)
    query = select(Deadline).where(Deadline.id == deadline_id).with_for_update()
    return locked, db.session.scalars(query.execution_options(populate_existing=True)).one()


def ways_of(row: Deadline, level: int) -> tuple[str, ...]:
    """How the people of a rung are told; in the product where the policy does not say it."""
    ladder = _ladders({row.policy_id}).get(row.policy_id, {}) if row.policy_id is not None else {}
    return ladder[level].ways if level in ladder else (deadlines.IN_APP,)


def key_of(deadline_id: int, level: int) -> str:
    """Of the notices that tell of one rung."""
    return f"escalation:{deadline_id}:{level}"
