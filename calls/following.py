"""自动回访. Citizens who have a reply are asked how it went: when they may be, by text or by an automatic call.

A row stands for each round of a ticket that is to be asked about by telephone; it goes when the citizen has
answered, does not want to, or was not reached often enough. What they say is a rating like any other.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from calls import messaging, settings
from calls.machine import Fact
from calls.models import Call, FollowUpCall, SurveyAnswer
from calls.surveying import Questions
from db import db
from tickets import errors, sealing
from tickets import service as tickets
from tickets.lifecycle import TicketState
from tickets.models import Contact, Ticket
from tickets.permissions import caller_of
from tickets.vault import Vault

FOLLOW_UP = "follow_up"
"""The purpose of an automatic call."""
AGREED = "agreed"
QUESTIONS: Questions = {
    AGREED: {"1": 1, "2": 0},
    "contacted": {"1": 1, "2": 0},
    "solved": {"1": 1, "2": 0},
    "satisfied": {"1": 3, "2": 2, "3": 1},
}
"""Question -> key -> answer. The first key also proves that a person is there, and no machine."""
UNREACHABLE = "unreachable"
SAID = {"busy": "busy", "no_answer": "no_answer"}
"""End of a call to which nobody has said anything -> outcome; any other is a failure."""


def plan(ticket_id: int, now: datetime, vault: Vault) -> bool:
    """Write down that a ticket's citizen is to be rung, once for each round; returns whether they are."""
    chosen = settings.current()
    ticket, contact = db.session.get_one(Ticket, ticket_id), db.session.get(Contact, ticket_id)
    if not chosen.follow_up_lines or contact is None or ticket.state != TicketState.TO_CALLBACK:
        return False
    is_told = ticket.wants_reply and ticket.channel in messaging.TOLD_CHANNELS
    number = sealing.normalise_phone(vault.open_contact(contact, "phone"))
    if not is_told or not number.startswith("+86") or messaging.has_opted_out(contact.phone_hash):
        return False
    due = settings.when_asked(now + timedelta(minutes=chosen.follow_up_after_minutes))
    row = {"ticket_id": ticket_id, "round": ticket.round, "due_at": due, "attempts": 0}
    new = insert(FollowUpCall).values(row).on_conflict_do_nothing().returning(FollowUpCall.ticket_id)
    return db.session.execute(new).scalar() is not None


def take_due(now: datetime) -> FollowUpCall | None:
    """The locked row of the next citizen to be rung now. Rows that are not to be rung any more are closed."""
    lines = settings.current().follow_up_lines
    due = select(FollowUpCall).where(
        FollowUpCall.closed_at.is_(None), FollowUpCall.call_id.is_(None), FollowUpCall.due_at <= now
    )
    due = due.order_by(FollowUpCall.due_at).limit(1).with_for_update(skip_locked=True)
    while lines and (row := db.session.scalar(due)) is not None:
        ticket = db.session.get_one(Ticket, row.ticket_id)
        if ticket.state != TicketState.TO_CALLBACK or ticket.round != row.round:
            row.closed_at, row.outcome = now, "moot"
        elif (later := settings.when_asked(now)) > now:
            row.due_at = later
        else:
            return row if _going_on() < lines else None
        db.session.flush()
    return None


def _going_on() -> int:
    busy = select(func.count()).select_from(FollowUpCall)
    busy = busy.where(FollowUpCall.closed_at.is_(None), FollowUpCall.call_id.is_not(None))
    return db.session.scalar(busy) or 0


def next_question(call: Call) -> str | None:
    """What is to be asked now: the first question without an answer; none after a refusal."""
    said = answers(call)
    if said.get(AGREED) == 0:
        return None
    return next((question for question in QUESTIONS if question not in said), None)


def answers(call: Call) -> dict[str, int]:
    """Question -> answer, as far as they were given."""
    rows = select(SurveyAnswer.question, SurveyAnswer.answer).where(SurveyAnswer.call_id == call.id)
    return {row.question: row.answer for row in db.session.execute(rows)}


def settle(call: Call, facts: frozenset[Fact], now: datetime) -> None:
    """The call is over: what was said counts for the ticket, and who was not reached is tried again."""
    query = select(FollowUpCall).where(FollowUpCall.call_id == call.id).with_for_update()
    row = db.session.scalar(query.execution_options(populate_existing=True))
    if row is None or row.closed_at is not None:
        return
    said = answers(call)
    outcome = _outcome(call, facts, said)
    tickets.asked(now, row.ticket_id, outcome)
    if said:
        _take_down(row.ticket_id, said, now)
        row.closed_at, row.outcome = now, outcome
    elif row.attempts >= settings.current().follow_up_tries:
        row.closed_at, row.outcome = now, UNREACHABLE
    else:
        gap = timedelta(hours=settings.current().follow_up_gap_hours)
        row.call_id, row.due_at, row.outcome = None, settings.when_asked(now + gap), outcome


def _outcome(call: Call, facts: frozenset[Fact], said: dict[str, int]) -> str:
    if said.get(AGREED) == 0:
        return "declined"
    if said:
        return "answered" if said.keys() == QUESTIONS.keys() else "partly"
    if any(fact.kind == "picked_up" for fact in facts):
        return "no_key"
    return SAID.get(call.end_reason or "", "failed")


def _take_down(ticket_id: int, said: dict[str, int], now: datetime) -> None:
    """A rating, where both that make one were given; that it is not solved counts without the other one too."""
    solved, satisfied = said.get("solved"), said.get("satisfied")
    try:
        if solved is not None and satisfied is not None:
            tickets.rate(caller_of(ticket_id), now, ticket_id, bool(solved), satisfied)
        elif solved == 0:
            tickets.unsolved(now, ticket_id)
    except errors.NotNow:
        pass  # they have rated it by text or on the net meanwhile
