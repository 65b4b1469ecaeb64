"""Clocks that stand still, go on with what was left, or are given more time."""

from collections.abc import Collection, Mapping
from datetime import datetime

from routing import service as routing
from tickets import deadlines, escalating, resuming
from tickets.change import running_deadlines
from tickets.clocks import clock_rules, start, stop_these, take_over
from tickets.models import Assignment, Deadline, Ticket
from tickets.terms import HANDLING, URGE

PAUSED = (*HANDLING, "contact", URGE)
"""The clocks that stand still while a citizen is asked, or the matter is suspended."""
WITHIN_DAYS: Mapping[str, deadlines.Unit] = {"d": "h", "wd": "wh"}


def pause(ticket_id: int, now: datetime, parts: Collection[int], *, is_late_too: bool = False) -> None:
    """Let the clocks of these parts stand still. What is overdue goes on climbing, unless that `is_late_too`."""
    for row in running_deadlines(ticket_id):
        runs = row.paused_at is None and (is_late_too or row.due_at > now)
        if row.assignment_id in parts and row.clock in PAUSED and runs:
            row.paused_at, row.next_at, row.claimed_until = now, None, None


def resume(ticket_id: int, now: datetime, parts: Collection[int]) -> None:
    """Let the clocks of these parts go on with what was left of them."""
    rules = clock_rules(routing.current())
    for row in running_deadlines(ticket_id):
        if row.assignment_id in parts and row.paused_at is not None:
            _resume(row, now, rules.calendar_of(row.part))


def _resume(row: Deadline, now: datetime, calendar: deadlines.Calendar) -> None:
    paused, unit = row.paused_at, deadlines.Limit.parse(row.limit).unit
    assert paused is not None

    def moved(at: datetime) -> datetime:
        # The end of a day is one by its ends; any other moment of a clock in days by the time that was left.
        is_end = at == row.due_at or unit not in deadlines.DAY_UNITS
        return resuming.after_pause(at, unit if is_end else WITHIN_DAYS[unit], paused, now, calendar)

    moments = [(level, tier, moved(datetime.fromisoformat(at))) for level, tier, at in row.levels]
    yellow, legal, due = (moved(at) if at else None for at in (row.yellow_at, row.legal_due_at, row.due_at))
    row.levels = [[level, tier, at.isoformat()] for level, tier, at in moments]
    row.yellow_at, row.legal_due_at, row.due_at = yellow, legal, due or row.due_at
    row.pauses = [*row.pauses, [paused.isoformat(), now.isoformat()]]
    row.paused_at = None
    row.next_at = escalating.next_moment(row, now)


def prolong(
    ticket: Ticket, now: datetime, part: Assignment, days: deadlines.Limit
) -> tuple[Deadline, Deadline] | None:
    """Give the part's handling clock more time, counted from its end: the old row and the next epoch's.

    None when it does not run.
    """
    old = handling_clock(ticket.id, part)
    if old is None:
        return None
    due_at = deadlines.prolonged(old.due_at, days, clock_rules(routing.current()).calendar_of(part))
    new = start(ticket, old.clock, now, part, ticket.version + 1, due_at, given=days)
    if new is None:
        return None
    take_over(old, new, old.paused_at)
    stop_these([old.id], now)
    new.prolonged = True
    return old, new


def handling_clock(ticket_id: int, part: Assignment) -> Deadline | None:
    """The clock by which the part is worked on, while it runs."""
    running = (
        row for row in running_deadlines(ticket_id) if row.assignment_id == part.id and row.clock in HANDLING
    )
    return next(running, None)
