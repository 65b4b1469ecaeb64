"""Clocks of a ticket as rows: start and stop. What happens when one of their moments has come: escalating.py."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from db import db
from routing import service as routing
from routing.models import Policy
from routing.reference import Reference
from tickets import deadlines
from tickets.change import running_deadlines
from tickets.models import Assignment, Deadline, Escalation, Ticket
from tickets.terms import HANDLING, URGE

ENDS = ("callback", "info")
"""Clocks whose end does something by itself rather than warn anybody: close unrated, go on without an answer."""
SIGN = "sign"
"""The clock at whose end the system signs for the unit, besides what its ladder tells whom."""
OF_WORK = (SIGN, "contact", URGE, *HANDLING)
"""The clocks of a unit's own work, which end with what it submits; what was ordered of it runs on."""
POLICY_FACTS = frozenset({"type", "urgency", "category_code", "line_no"})
FOLLOW_THE_FACTS = ("dispatch", "sign", "contact", URGE, *HANDLING)
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
    _of_units: dict[int, deadlines.Calendar] = field(default_factory=dict)

    def yellow_at(
        self, start: datetime, due: datetime, limit: deadlines.Limit, calendar: deadlines.Calendar | None = None
    ) -> datetime:
        """When the light of a clock turns yellow, whomever its ladder tells of it and when."""
        calendar = calendar or self.calendar
        return deadlines.yellow_at(start, due, limit, calendar, self.yellow_days, self.yellow_share)

    def calendar_of(self, part: Assignment | None) -> deadlines.Calendar:
        """By which a clock counts: one of a unit's part by the hours of that unit, any other by the city's."""
        return self.calendar if part is None else self.calendar_of_unit(part.department_id)

    def calendar_of_unit(self, unit_id: int) -> deadlines.Calendar:
        """The working time of a unit; that of the city where neither it nor any above it has its own."""
        found = self.reference.hours_of(unit_id)
        if found is None:
            return self.calendar
        whose, hours = found
        if whose not in self._of_units:
            own = replace(self.calendar, periods=hours.weekdays, saturday=hours.saturday, sunday=hours.sunday)
            self._of_units[whose] = own if hours.keeps_holidays else replace(own, days={}, announced=None)
        return self._of_units[whose]


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
        deadlines.Calendar(
            reference.zone, reference.working_periods, reference.calendar, announced=reference.announced
        ),
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
    given: deadlines.Limit | None = None,
) -> Deadline | None:
    """Add the clock's row, its due time and ladder computed from the city's policy and calendar.

    `due_at` is for a clock that takes up where one was stopped, or whose end somebody named: it ends then, not
    after its whole limit. `given` is a limit in place of the policy's. `urgency` is for this clock alone, in place
    of the ticket's. Without a policy there is no clock.
    """
    rules = clock_rules(routing.current())
    promise = promise_of(rules, ticket, clock, urgency)
    if promise is None:
        return None
    policy, limit = promise[0], given or promise[1]
    calendar = rules.calendar_of(part)
    is_shorter = given is None and limit != policy.limit
    legal_due_at = deadlines.due_at(now, policy.limit, calendar) if is_shorter and not due_at else None
    due_at = due_at or deadlines.due_at(now, limit, calendar)
    levels = rungs(policy, limit, now, due_at, calendar)
    row = Deadline(
        ticket_id=ticket.id,
        part=part,
        clock=clock,
        epoch=epoch,
        policy_id=policy.id,
        limit=str(limit),
        started_at=now,
        due_at=due_at,
        yellow_at=rules.yellow_at(now, due_at, limit, calendar),
        legal_due_at=legal_due_at,
        levels=levels,
    )
    row.next_at = owed(row, (datetime.fromisoformat(at) for _, _, at in levels), now)
    db.session.add(row)
    return row


def owed(row: Deadline, moments: Iterable[datetime], after: datetime) -> datetime | None:
    """The first moment from which something is owed: a rung of the ladder, or of signing the end."""
    end = [row.due_at] if row.clock == SIGN and row.due_at > after else []
    return min([*moments, *end], default=None)


def return_until(ticket: Ticket, now: datetime) -> datetime | None:
    """Until when a unit that gets the ticket now may ask to give it back; None where the city sets no limit."""
    rules = clock_rules(routing.current())
    promise = promise_of(rules, ticket, "return")
    return deadlines.due_at(now, promise[1], rules.calendar) if promise else None


def start_contact(ticket: Ticket, now: datetime, part: Assignment) -> None:
    """Start the clock in which the lead unit speaks with the citizen first, where there is one to speak with."""
    if part.role == "lead" and not ticket.anonymous and ticket.wants_reply:
        start(ticket, "contact", now, part)


def rungs(
    policy: deadlines.Policy, limit: deadlines.Limit, start: datetime, due_at: datetime,
    calendar: deadlines.Calendar,
) -> list[list[Any]]:
    """The rungs of a clock as its row holds them."""
    ends = policy.clock in ENDS
    moments = ((0, due_at),) if ends else deadlines.moments(start, due_at, limit, policy.ladder, calendar)
    return [[level, "end" if ends else policy.tier(level), at.isoformat()] for level, at in moments]


def start_handling(
    ticket: Ticket, now: datetime, part: Assignment, epoch: int = 1, due_at: datetime | None = None, *,
    is_again: bool,
) -> Deadline | None:  # fmt: skip
    """Start the clock in which a unit works on it, of another time where it `is_again` its turn.

    Where the city has no limit for another time, that of the first time holds.
    """
    again = start(ticket, "redo", now, part, epoch, due_at) if is_again else None
    return again or start(ticket, "handle", now, part, epoch, due_at)


def promise_of(
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


def start_dispatch_again(ticket: Ticket, now: datetime) -> None:
    """A dispatcher has it once more, in the time there was for it before: what reads like danger has less.

    To be called before the event is written, or a correction that comes next would find its epoch taken.
    """
    before = (
        select(Policy.urgency).join(Deadline, Deadline.policy_id == Policy.id)
        .where(Deadline.ticket_id == ticket.id, Deadline.clock == "dispatch")
        .order_by(Deadline.epoch.desc(), Deadline.id.desc())
    )  # fmt: skip
    urgency = db.session.scalar(before.limit(1))
    start(ticket, "dispatch", now, epoch=ticket.version, urgency=urgency)


def take_up(ticket: Ticket, now: datetime, part: Assignment) -> None:
    """Start the part's handling clock again after a rejection: due when it was, or after the city's extra time
    where that is later."""
    rules = clock_rules(routing.current())
    due_at = deadlines.due_at(now, rules.rejected_extra, rules.calendar_of(part))
    stopped = select(Deadline).where(
        Deadline.ticket_id == ticket.id, Deadline.assignment_id == part.id, Deadline.clock.in_(HANDLING)
    )
    was = db.session.scalar(stopped.order_by(Deadline.epoch.desc()).limit(1))
    due_at = max(due_at, was.due_at) if was else due_at
    is_again = was is not None and was.clock == "redo"
    new = start_handling(ticket, now, part, ticket.version, due_at, is_again=is_again)
    if was and new:
        take_over(was, new, None)
        new.prolonged = was.prolonged


def follow_facts(ticket: Ticket, now: datetime) -> list[dict[str, Any]]:
    """Start anew, from when it began, each running clock whose policy or limit is another by the present facts.

    One that has no policy any more runs on. Returns for the event, of each clock and unit, limit and due time
    before and after. What of the new ladder is past acts with the next sweep.
    """
    rules = clock_rules(routing.current())
    told = []
    for old in running_deadlines(ticket.id):
        is_named = old.prolonged or (old.part is not None and old.part.role == "sub")
        follows = old.clock in FOLLOW_THE_FACTS and not is_named
        promise = promise_of(rules, ticket, old.clock) if follows else None
        if promise is None or (promise[0].id, str(promise[1])) == (old.policy_id, old.limit):
            continue
        due_at = due_from_the_beginning(rules, old, promise[1])
        if old.clock == "dispatch" and due_at > old.due_at:
            continue  # what reads like danger was given less time than its urgency says
        stands_since = old.paused_at
        _stop(old, now)
        new = start(ticket, old.clock, old.started_at, old.part, ticket.version, due_at)
        if new is not None:
            take_over(old, new, stands_since)
            if str(promise[0].limit) != new.limit:
                new.legal_due_at = due_from_the_beginning(rules, old, promise[0].limit)
            told.append(_replaced(old, new))
    return told


def take_over(old: Deadline, new: Deadline, stands_since: datetime | None) -> None:
    """The new row stood still when the old one did, and still does where that one `stands_since`."""
    new.pauses = list(old.pauses)
    if stands_since is not None:
        new.paused_at, new.next_at = stands_since, None


def due_from_the_beginning(rules: ClockRules, old: Deadline, limit: deadlines.Limit) -> datetime:
    """When the clock is due had this been its limit all along.

    One of a unit's work counts from its dispatch; after a rejection it is due no sooner than its extra time.
    """
    part, calendar = old.part, rules.calendar_of(old.part)
    pauses = [(datetime.fromisoformat(begun), datetime.fromisoformat(ended)) for begun, ended in old.pauses]
    if part is None or old.clock not in HANDLING or old.started_at == part.dispatched_at:
        return deadlines.due_at(old.started_at, limit, calendar, pauses)
    extra = deadlines.due_at(old.started_at, rules.rejected_extra, calendar)
    return max(deadlines.due_at(part.dispatched_at, limit, calendar, pauses), extra)


def _replaced(old: Deadline, new: Deadline) -> dict[str, Any]:
    told = {
        "clock": old.clock,
        "limit": [old.limit, new.limit],
        "due_at": [old.due_at.isoformat(), new.due_at.isoformat()],
    }
    return told | ({"unit": old.part.department_id} if old.part else {})


def stop(
    ticket_id: int, now: datetime, *, clocks: Collection[str] = (), parts: Collection[int] | None = None,
    but: Collection[str] = (),
) -> None:  # fmt: skip
    """Stop running clocks of the ticket: all `but` some, or those named, or those of the assignments given."""
    for row in running_deadlines(ticket_id):
        is_meant = row.clock not in but and (not clocks or row.clock in clocks)
        if is_meant and (parts is None or row.assignment_id in parts):
            _stop(row, now)


def stop_these(deadline_ids: Collection[int], now: datetime) -> None:
    """Stop these clocks, as far as they run."""
    query = select(Deadline).where(Deadline.id.in_(deadline_ids), Deadline.stopped_at.is_(None))
    for row in db.session.scalars(query):
        _stop(row, now)


def _stop(row: Deadline, now: datetime) -> None:
    row.stopped_at = now
    row.paused_at = None
    row.next_at = None
    row.claimed_until = None


def highest_level(ticket_id: int) -> int | None:
    """The highest rung any clock of the ticket has reached, or None."""
    return db.session.scalar(
        select(func.max(Escalation.level))
        .join(Deadline, Deadline.id == Escalation.deadline_id)
        .where(Deadline.ticket_id == ticket_id)
    )
