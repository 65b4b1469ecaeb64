"""Clocks of a ticket as rows: start and stop. What happens when one of their moments has come: escalating.py."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from db import db
from routing import service as routing
from routing.reference import Reference
from tickets import deadlines
from tickets.change import running_deadlines
from tickets.models import Assignment, Deadline, Escalation, Ticket

CLOSES_AT_END = "callback"
"""The one clock whose end closes the ticket (unrated) rather than warns anybody."""
HANDLING = ("handle", "redo")
"""The clocks in which a unit works on a matter: the first time, and again after the citizen was not content."""
POLICY_FACTS = frozenset({"type", "urgency", "category_code", "line_no"})
FOLLOW_THE_FACTS = ("dispatch", "sign", *HANDLING)
"""The clocks that run while those facts of a ticket can still be corrected."""


@dataclass(frozen=True)
class ClockRules:
    """The city's calendar and policies as the pure rules take them, of one `reference`."""

    reference: Reference
    calendar: deadlines.Calendar
    policies: Mapping[str, tuple[deadlines.Policy, ...]]
    green_factor: float
    yellow_days: int
    yellow_share: float
    rejected_extra: deadlines.Limit

    def yellow_at(self, start: datetime, due: datetime, limit: deadlines.Limit) -> datetime:
        """When the light of a clock turns yellow, whomever its ladder tells of it and when."""
        return deadlines.yellow_at(start, due, limit, self.calendar, self.yellow_days, self.yellow_share)


_kept: dict[int, ClockRules] = {}


def clock_rules(reference: Reference) -> ClockRules:
    """Built once for each version of the reference data. One that is rolled back gives its number to the next."""
    found = _kept.get(reference.version)
    if found is None or found.reference is not reference:
        found = _clock_rules(reference)
        _kept.clear()
        _kept[reference.version] = found
    return found


def _clock_rules(reference: Reference) -> ClockRules:
    policies: dict[str, list[deadlines.Policy]] = {}
    for row in reference.policies:
        policies.setdefault(row.clock, []).append(
            deadlines.Policy(
                row.id,
                row.clock,
                row.ticket_type,
                row.urgency,
                row.category_code,
                deadlines.Limit.parse(f"{row.limit_value}{row.limit_unit}"),
                deadlines.ladder_from_data(row.ladder),
                row.statutory,
                row.line_no,
            )
        )
    return ClockRules(
        reference,
        deadlines.Calendar(reference.zone, reference.working_periods, reference.calendar),
        {clock: tuple(rows) for clock, rows in policies.items()},
        float(reference.setting("green_factor")),
        int(reference.setting("yellow")["days"]),
        float(reference.setting("yellow")["share"]),
        deadlines.Limit.parse(reference.setting("rejected_extra")),
    )


def start(
    ticket: Ticket,
    clock: str,
    now: datetime,
    part: Assignment | None = None,
    epoch: int = 1,
    due_at: datetime | None = None,
    urgency: str | None = None,
) -> Deadline | None:
    """Add the clock's row, its due time and ladder computed from the city's policy and calendar.

    `due_at` is for a clock that takes up where one was stopped: it ends then, not after its whole limit.
    `urgency` is for this clock alone, in place of the ticket's. Without a policy there is no clock.
    """
    rules = clock_rules(routing.current())
    promise = _promise(rules, ticket, clock, urgency)
    if promise is None:
        return None
    policy, limit = promise
    due_at = due_at or deadlines.due_at(now, limit, rules.calendar)
    ends = clock == CLOSES_AT_END
    moments = ((0, due_at),) if ends else deadlines.moments(now, due_at, limit, policy.ladder, rules.calendar)
    levels = [[level, "end" if ends else policy.tier(level), at.isoformat()] for level, at in moments]
    row = Deadline(
        ticket_id=ticket.id,
        part=part,
        clock=clock,
        epoch=epoch,
        policy_id=policy.id,
        limit=str(limit),
        started_at=now,
        due_at=due_at,
        yellow_at=rules.yellow_at(now, due_at, limit),
        levels=levels,
        next_at=moments[0][1] if moments else None,
    )
    db.session.add(row)
    return row


def start_handling(
    ticket: Ticket, now: datetime, part: Assignment, epoch: int = 1, due_at: datetime | None = None, *,
    is_again: bool,
) -> None:  # fmt: skip
    """Start the clock in which a unit works on it, of another time where it `is_again` its turn.

    Where the city has no limit for another time, that of the first time holds.
    """
    if not is_again or start(ticket, "redo", now, part, epoch, due_at) is None:
        start(ticket, "handle", now, part, epoch, due_at)


def _promise(
    rules: ClockRules, ticket: Ticket, clock: str, urgency: str | None = None
) -> tuple[deadlines.Policy, deadlines.Limit] | None:
    """The policy for the ticket's facts as they stand, and its limit, on the green channel the shorter one."""
    facts = deadlines.PolicyFacts(
        ticket.type, urgency or ticket.urgency, ticket.category_code, ticket.line_no
    )
    policy = deadlines.choose_policy(rules.policies.get(clock, ()), facts)
    if policy is None:
        return None
    if ticket.green_channel and clock in HANDLING:
        return policy, deadlines.green(policy.limit, rules.green_factor)
    return policy, policy.limit


def take_up(ticket: Ticket, now: datetime, part: Assignment) -> None:
    """Start the part's handling clock again after a rejection: due when it was, or after the city's extra time
    where that is later."""
    rules = clock_rules(routing.current())
    due_at = deadlines.due_at(now, rules.rejected_extra, rules.calendar)
    stopped = select(Deadline.clock, Deadline.due_at).where(
        Deadline.ticket_id == ticket.id, Deadline.assignment_id == part.id, Deadline.clock.in_(HANDLING)
    )
    was = db.session.execute(stopped.order_by(Deadline.epoch.desc()).limit(1)).one_or_none()
    clock, was_due = (was.clock, was.due_at) if was else ("handle", due_at)
    start_handling(ticket, now, part, ticket.version, max(due_at, was_due), is_again=clock == "redo")


def follow_facts(ticket: Ticket, now: datetime) -> list[dict[str, Any]]:
    """Start anew, from when it began, each running clock whose policy or limit is another by the present facts.

    One that has no policy any more runs on. Returns for the event, of each clock and unit, limit and due time
    before and after. What of the new ladder is past acts with the next sweep.
    """
    rules = clock_rules(routing.current())
    told = []
    for old in running_deadlines(ticket.id):
        promise = _promise(rules, ticket, old.clock) if old.clock in FOLLOW_THE_FACTS else None
        if promise is None or (promise[0].id, str(promise[1])) == (old.policy_id, old.limit):
            continue
        due_at = _due_from_the_beginning(rules, old, promise[1])
        if old.clock == "dispatch" and due_at > old.due_at:
            continue  # what reads like danger was given less time than its urgency says
        _stop(old, now)
        new = start(ticket, old.clock, old.started_at, old.part, ticket.version, due_at)
        told += [_replaced(old, new)] if new else []
    return told


def _due_from_the_beginning(rules: ClockRules, old: Deadline, limit: deadlines.Limit) -> datetime:
    """When the clock is due had this been its limit all along; after a rejection no sooner than its extra time."""
    part = old.part
    if part is None or old.started_at == part.dispatched_at:
        return deadlines.due_at(old.started_at, limit, rules.calendar)
    extra = deadlines.due_at(old.started_at, rules.rejected_extra, rules.calendar)
    return max(deadlines.due_at(part.dispatched_at, limit, rules.calendar), extra)


def _replaced(old: Deadline, new: Deadline) -> dict[str, Any]:
    told = {
        "clock": old.clock,
        "limit": [old.limit, new.limit],
        "due_at": [old.due_at.isoformat(), new.due_at.isoformat()],
    }
    return told | ({"unit": old.part.department_id} if old.part else {})


def stop(
    ticket_id: int, now: datetime, *, clocks: Collection[str] = (), parts: Collection[int] | None = None
) -> None:
    """Stop running clocks of the ticket: all, or those named, or those of the assignments given."""
    for row in running_deadlines(ticket_id):
        if (not clocks or row.clock in clocks) and (parts is None or row.assignment_id in parts):
            _stop(row, now)


def _stop(row: Deadline, now: datetime) -> None:
    row.stopped_at = now
    row.next_at = None
    row.claimed_until = None


def highest_level(ticket_id: int) -> int | None:
    """The highest rung any clock of the ticket has reached, or None."""
    return db.session.scalar(
        select(func.max(Escalation.level))
        .join(Deadline, Deadline.id == Escalation.deadline_id)
        .where(Deadline.ticket_id == ticket_id)
    )
