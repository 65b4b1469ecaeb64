"""Verbs on what is asked for and decided by somebody else: more time, standing still, leaving out of figures."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, select, text, update

from db import db
from routing import service as routing
from tickets import clocks, deadlines, errors, guards, pausing, terms, urging
from tickets.change import Locked, check, finish, lock, move, require, write_texts
from tickets.dispatching import limit_of
from tickets.models import Assignment, Deadline
from tickets.permissions import Actor
from tickets.request_models import STANDS, Application, SupervisionOrder

SUSPENSION_REASONS = ("planned", "procedure", "season", "third_party", "court", "beyond_means")
LONGEST_SUSPENSION = timedelta(days=366)


def ask_extension(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, days: str, reason: str,
    version: int | None = None,
) -> None:  # fmt: skip
    """延期申请. Before it is due the unit asks for more time, as much as the city's rule for it allows."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, "ask_extension", version, part, now)
    require(days=days, extension_reason=reason)
    limit = limit_of("days", days)
    level = guards.Case(actor, locked.ticket, locked.parts, part).count("extension") + 1
    rule = terms.extensions()[level - 1]
    most = _longest(ticket_id, part, rule)
    if _ends(part, limit) > _ends(part, most):
        raise errors.Invalid(fields={"days": f"too_long_a_time:{most}"})
    _ask(locked, actor, now, part, "extension", reason, level=level, days=str(limit), decides=rule.who)


def _longest(ticket_id: int, part: Assignment, rule: terms.ExtensionRule) -> deadlines.Limit:
    """What may be asked for at most: what the rule says, or its share of the limit that the part began with."""
    first = select(Deadline.limit).where(
        Deadline.ticket_id == ticket_id, Deadline.assignment_id == part.id, Deadline.clock.in_(terms.HANDLING)
    )
    began = db.session.scalar(first.order_by(Deadline.epoch).limit(1))
    bounds = [deadlines.Limit.parse(rule.longest)]
    if began:
        whole = deadlines.Limit.parse(began)
        bounds.append(deadlines.Limit(max(1, int(whole.value * rule.share)), whole.unit))
    return min(bounds, key=lambda bound: _ends(part, bound))


def _ends(part: Assignment, limit: deadlines.Limit) -> datetime:
    """By which limits in different units are compared."""
    return deadlines.due_at(part.dispatched_at, limit, clocks.clock_rules(routing.current()).calendar)


def ask_suspension(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, reason: str, review_on: date | None,
    plan: str, version: int | None = None,
) -> None:  # fmt: skip
    """挂账申请. It cannot be solved now: why, by which plan, and when to look again."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, "ask_suspension", version, part)
    require(suspend_reason=reason, review_on=review_on, suspend_plan=plan)
    if reason not in SUSPENSION_REASONS:
        raise errors.Invalid(fields={"suspend_reason": "unknown"})
    _review_moment(review_on, now)
    _ask(locked, actor, now, part, "suspension", plan, reason=reason, review_on=review_on)


def ask_exclusion(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, what: str, reason: str,
    version: int | None = None,
) -> None:  # fmt: skip
    """考核申诉. The unit asks that something be left out of its figures; what happened stays on record."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, "ask_exclusion", version, part)
    require(exclusion_of=what, exclusion_reason=reason)
    if what not in guards.against(part, locked.ticket):
        raise errors.Invalid(fields={"exclusion_of": "not_so"})
    _ask(locked, actor, now, part, "exclusion", reason, reason=what)


def _ask(
    locked: Locked, actor: Actor, now: datetime, part: Assignment, kind: str, words: str, *,
    level: int = 1, reason: str | None = None, days: str | None = None, review_on: date | None = None,
    decides: str | None = None,
) -> None:  # fmt: skip
    db.session.add(
        Application(
            ticket_id=locked.ticket.id, assignment_id=part.id, kind=kind, level=level, reason=reason, days=days,
            review_on=review_on, asked_by=actor.id, asked_at=now,
        )
    )
    clocks.start(locked.ticket, "decision", now, part, epoch=locked.ticket.version + 1)
    texts = write_texts(locked.ticket, {WORDS[kind]: words}, actor, now, part)
    finish(
        locked, actor, now, f"{kind}.asked", unit=part.department_id, assignment=part.id, reason=reason,
        days=days, decides=decides, review_on=review_on.isoformat() if review_on else None, texts=texts,
    )


WORDS = {
    "extension": "extension_reason", "suspension": "suspend_plan", "exclusion": "exclusion_reason",
    "appeal": "appeal_reason",
}
"""The text in which each kind says why."""


def grant_extension(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """The part is due later, and the citizen reads until when; that it was first due earlier stays on record."""
    _grant_extension("grant_extension", actor, now, ticket_id, assignment_id, note, version)


def grant_again(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """The same for another extension, by whoever decides on these."""
    _grant_extension("grant_again", actor, now, ticket_id, assignment_id, note, version)


def _grant_extension(
    action: str, actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None
) -> None:
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, action, version, part)
    require(decision_note=note)
    asked = decide(locked, actor, now, part, "extension", "granted")
    moved = pausing.prolong(locked.ticket, now, part, deadlines.Limit.parse(asked.days or ""))
    due = [row.due_at.isoformat() for row in moved] if moved else None
    texts = write_texts(locked.ticket, {"decision_note": note}, actor, now, part)
    finish(
        locked, actor, now, "extension.granted", unit=part.department_id, assignment=part.id, days=asked.days,
        due_at=due, texts=texts,
    )


def refuse_extension(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """No more time; the clock ran on all along."""
    _refuse("refuse_extension", "extension", actor, now, ticket_id, assignment_id, note, version)


def refuse_again(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """The same for another extension, by whoever decides on these."""
    _refuse("refuse_again", "extension", actor, now, ticket_id, assignment_id, note, version)


def refuse_suspension(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """The unit goes on with it; the clock ran on all along."""
    _refuse("refuse_suspension", "suspension", actor, now, ticket_id, assignment_id, note, version)


def grant_exclusion(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """It is left out of the unit's figures; nothing that happened is rewritten."""
    _answer("grant_exclusion", "exclusion", "granted", actor, now, ticket_id, assignment_id, note, version)


def refuse_exclusion(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """It counts."""
    _refuse("refuse_exclusion", "exclusion", actor, now, ticket_id, assignment_id, note, version)


def _refuse(
    action: str, kind: str, actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str,
    version: int | None,
) -> None:  # fmt: skip
    _answer(action, kind, "refused", actor, now, ticket_id, assignment_id, note, version)


def _answer(
    action: str, kind: str, state: str, actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str,
    version: int | None,
) -> None:  # fmt: skip
    """A decision that changes nothing but the request itself."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, action, version, part)
    require(decision_note=note)
    asked = decide(locked, actor, now, part, kind, state)
    texts = write_texts(locked.ticket, {"decision_note": note}, actor, now, part)
    finish(
        locked, actor, now, f"{kind}.{state}", unit=part.department_id, assignment=part.id, reason=asked.reason,
        texts=texts,
    )


def decide(
    locked: Locked, actor: Actor, now: datetime, part: Assignment | None, kind: str, state: str
) -> Application:
    """Strike the open request; its clock stops with it, unless something else of the part waits as well."""
    case = guards.Case(actor, locked.ticket, locked.parts, part)
    asked = case.application(kind)
    assert asked is not None
    asked.state, asked.decided_by, asked.decided_at = state, actor.id, now
    db.session.flush()
    if part is not None:
        stop_decision(locked, now, part, asked.asked_at)
    return asked


def lapse(locked: Locked, now: datetime, parts: Collection[Assignment]) -> None:
    """Nothing is left to decide of what was asked for these parts."""
    ids = [part.id for part in parts]
    _lapse(locked, now, Application.assignment_id.in_(ids))
    clocks.stop(locked.ticket.id, now, clocks=("decision",), parts=ids)


def lapse_appeal(locked: Locked, now: datetime) -> None:
    """What was asked of the end is granted in another way."""
    _lapse(locked, now, Application.assignment_id.is_(None))


def _lapse(locked: Locked, now: datetime, which: ColumnElement[bool]) -> None:
    asked = select(Application).where(
        Application.ticket_id == locked.ticket.id, Application.state == "asked", which
    )
    for row in db.session.scalars(asked).all():
        row.state, row.decided_at = "lapsed", now


def end_with(locked: Locked, now: datetime, parts: Collection[Assignment]) -> None:
    """What goes when these parts are taken from their units: clocks, requests, and orders to those units."""
    ids = [part.id for part in parts]
    clocks.stop(locked.ticket.id, now, parts=ids)
    lapse(locked, now, parts)
    orders = update(SupervisionOrder).where(SupervisionOrder.assignment_id.in_(ids), text(STANDS))
    db.session.execute(orders.values(state="lapsed").execution_options(synchronize_session="fetch"))


def stop_decision(locked: Locked, now: datetime, part: Assignment, asked_at: datetime | None = None) -> None:
    """Stop the clock of one decision on a part: the one that began as it was asked for, or of its return."""
    clock = (
        Deadline.ticket_id == locked.ticket.id, Deadline.assignment_id == part.id, Deadline.clock == "decision",
    )  # fmt: skip
    if asked_at is None:
        others = select(Application.asked_at).where(
            Application.assignment_id == part.id, Application.state == "asked"
        )
        rows = select(Deadline.id).where(*clock, Deadline.started_at.not_in(others))
    else:
        rows = select(Deadline.id).where(*clock, Deadline.started_at == asked_at)
    clocks.stop_these(db.session.scalars(rows).all(), now)


def grant_suspension(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, review_on: date | None, public_reason: str,
    version: int | None = None,
) -> None:  # fmt: skip
    """挂账. The clocks of all its parts stand still, and the citizen reads why, and when it is looked at again."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, "grant_suspension", version, part)
    suspend = check(actor, locked, "suspend")
    require(review_on=review_on, public_reason=public_reason)
    until = _review_moment(review_on, now)
    asked = decide(locked, actor, now, part, "suspension", "granted")
    move(locked.ticket, suspend)
    pausing.pause(ticket_id, now, [one.id for one in locked.parts], is_late_too=True)
    _look_again(locked, actor, now, "ticket.suspended", until, public_reason, reason=asked.reason)


def prolong(
    actor: Actor, now: datetime, ticket_id: int, review_on: date | None, public_reason: str,
    version: int | None = None,
) -> None:  # fmt: skip
    """It was looked at again, and still cannot be solved."""
    locked = lock(actor, ticket_id)
    check(actor, locked, "prolong", version)
    require(review_on=review_on, public_reason=public_reason)
    until = _review_moment(review_on, now)
    clocks.stop(ticket_id, now, clocks=("suspension",))
    _look_again(locked, actor, now, "suspension.prolonged", until, public_reason)


def _look_again(
    locked: Locked, actor: Actor, now: datetime, kind: str, until: datetime, words: str, reason: str | None = None
) -> None:
    ticket = locked.ticket
    clocks.start(ticket, "suspension", now, epoch=ticket.version + 1, due_at=until)
    texts = write_texts(ticket, {"public_reason": words}, actor, now)
    finish(locked, actor, now, kind, reason=reason, review_at=until.isoformat(), texts=texts)


def resume(actor: Actor, now: datetime, ticket_id: int, note: str, version: int | None = None) -> None:
    """销号. What held it up is over: the clocks go on with what was left."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "resume", version)
    require(decision_note=note)
    move(locked.ticket, row)
    clocks.stop(ticket_id, now, clocks=("suspension",))
    pausing.resume(ticket_id, now, [one.id for one in locked.parts if one.state != "NEED_INFO"])
    urging.owe_word(locked, now)
    texts = write_texts(locked.ticket, {"decision_note": note}, actor, now)
    finish(locked, actor, now, "ticket.resumed", texts=texts)


def _review_moment(on: date | None, now: datetime) -> datetime:
    """The end of the day on which to look again, which is to come and not too far off. Raises Invalid."""
    zone = routing.current().zone
    today = now.astimezone(zone).date()
    if on is None or not today < on <= today + LONGEST_SUSPENSION:
        raise errors.Invalid(fields={"review_on": "not_ahead"})
    return datetime.combine(on + timedelta(days=1), time(0), zone)
