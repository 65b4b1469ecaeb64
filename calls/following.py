"""自动回访. Citizens who have a reply are asked how it went: when they may be, by text or by an automatic call.

A row stands for each round of a ticket that is to be asked about by telephone; it goes when the citizen has
answered, does not want to, or was not reached often enough. What they say is a rating like any other.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from calls import messaging, settings
from calls.machine import Fact
from calls.models import Call, FollowUpCall, SurveyAnswer
from calls.surveying import SATISFIED, Questions
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
    "satisfied": SATISFIED,
}
"""Question -> key -> answer. The first key also proves that a person is there, and no machine."""
BATCH = 50
_LINES = 2
"""The class of the advisory lock under which lines are counted."""
_OPEN = FollowUpCall.closed_at.is_(None)


def plan(ticket_id: int, now: datetime, vault: Vault) -> bool:
    """Write down that a ticket's citizen is to be rung, once for each round; returns whether they are.

    Nobody is rung about a confidential matter: whoever picks up would learn that there is one.
    """
    chosen = settings.current()
    ticket, contact = db.session.get_one(Ticket, ticket_id), db.session.get(Contact, ticket_id)
    if not chosen.follow_up_lines or contact is None or ticket.state != TicketState.TO_CALLBACK:
        return False
    is_told = ticket.wants_reply and ticket.channel in messaging.TOLD_CHANNELS and not ticket.confidential
    is_fresh = contact.updated_at > now - timedelta(days=chosen.number_days)
    number = sealing.normalise_phone(vault.open_contact(contact, "phone"))
    is_reached = messaging.is_dialable(number) and not messaging.has_opted_out(contact.phone_hash)
    if not (is_told and is_fresh and is_reached):
        return False
    due = settings.when_asked(now + timedelta(minutes=chosen.follow_up_after_minutes))
    row = {"ticket_id": ticket_id, "round": ticket.round, "due_at": due, "attempts": 0, "is_on": False}
    new = insert(FollowUpCall).values(row).on_conflict_do_nothing().returning(FollowUpCall.ticket_id)
    return db.session.execute(new).scalar() is not None


def take_due(now: datetime) -> FollowUpCall | None:
    """The locked row of the next citizen to be rung now. Rows that are not to be rung any more are closed."""
    lines = settings.current().follow_up_lines
    due = and_(_OPEN, FollowUpCall.is_on.is_(False), FollowUpCall.due_at <= now)
    if not lines or db.session.scalar(select(FollowUpCall.ticket_id).where(due).limit(1)) is None:
        return None
    if (later := settings.when_asked(now)) > now:
        db.session.execute(update(FollowUpCall).where(due).values(due_at=later))
        return None
    # One clock process counts the lines at a time: each would find the last one free.
    db.session.execute(select(func.pg_advisory_xact_lock(_LINES, 0)))
    busy = select(func.count()).select_from(FollowUpCall).where(_OPEN, FollowUpCall.is_on)
    if (db.session.scalar(busy) or 0) >= lines:
        return None
    rows = select(FollowUpCall).where(due).order_by(FollowUpCall.due_at).limit(BATCH)
    for row in db.session.scalars(rows.with_for_update(skip_locked=True)):
        against = _against(row)
        if against is None:
            return row
        row.closed_at, row.outcome = now, against
    return None


def is_wanted(call: Call) -> bool:
    """Whether the citizen of an automatic call that was begun is still to be rung."""
    row = _row_of(call)
    return row is not None and _against(row) is None


def _against(row: FollowUpCall) -> str | None:
    """Why somebody is not to be rung, or not any more: they have rated it, want no texts, or nobody is known."""
    ticket, contact = db.session.get_one(Ticket, row.ticket_id), db.session.get(Contact, row.ticket_id)
    if contact is None or (ticket.state, ticket.round) != (TicketState.TO_CALLBACK, row.round):
        return "moot"
    return messaging.OPTED_OUT if messaging.has_opted_out(contact.phone_hash) else None


def _row_of(call: Call) -> FollowUpCall | None:
    query = select(FollowUpCall).where(FollowUpCall.call_id == call.id).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def next_question(said: Mapping[str, int]) -> str | None:
    """What is to be asked now: the first question without an answer; none after a refusal."""
    if said.get(AGREED) == 0:
        return None
    return next((question for question in QUESTIONS if question not in said), None)


def answers(call: Call) -> dict[str, int]:
    """Question -> answer, as far as they were given."""
    rows = select(SurveyAnswer.question, SurveyAnswer.answer).where(SurveyAnswer.call_id == call.id)
    return {row.question: row.answer for row in db.session.execute(rows)}


def is_redone(call: Call) -> bool:
    """Whether it will be handled again, as the citizen has said that it is not solved."""
    row = _row_of(call)
    return row is not None and tickets.would_be_redone(row.ticket_id, row.round)


def settle(call: Call, facts: frozenset[Fact], now: datetime) -> None:
    """The call is over: what was said counts for the ticket, and who was not reached is tried again.

    Asked again for whatever is told after the end, a last key or that somebody had picked up, until the next try.
    """
    row = _row_of(call)
    if row is None:
        return
    said = answers(call)
    outcome, was_on, row.is_on = _outcome(call, facts, said), row.is_on, False
    if not was_on and outcome == row.outcome:
        return
    if call.provider_sid is None and (against := _against(row)):
        row.closed_at, row.outcome = now, against  # nobody was rung
        return
    tickets.asked(now, row.ticket_id, row.round, outcome, None if "solved" not in said else bool(said["solved"]))
    row.outcome = outcome
    if said:
        row.closed_at = row.closed_at or now
        _take_down(row, said, now)
    elif was_on:
        _try_again(row, call, now)


def _try_again(row: FollowUpCall, call: Call, now: datetime) -> None:
    """On another day, at another hour. A call that the carrier never made is no try."""
    chosen = settings.current()
    row.attempts += call.provider_sid is not None
    if row.attempts >= chosen.follow_up_tries:
        row.closed_at = now
    else:
        row.due_at = settings.when_asked(now + timedelta(hours=chosen.follow_up_gap_hours))


def _outcome(call: Call, facts: frozenset[Fact], said: dict[str, int]) -> str:
    if said.get(AGREED) == 0:
        return "declined"
    if said:
        return "answered" if said.keys() == QUESTIONS.keys() else "partly"
    if any(fact.kind == "picked_up" for fact in facts):
        return "no_key"
    return call.end_reason if call.end_reason in ("busy", "no_answer") else "failed"


def _take_down(row: FollowUpCall, said: dict[str, int], now: datetime) -> None:
    """A rating, where both that make one were given; that it is not solved counts without the other one too."""
    solved, satisfied = said.get("solved"), said.get("satisfied")
    try:
        if solved is not None and satisfied is not None:
            citizen = caller_of(row.ticket_id)
            tickets.rate(citizen, now, row.ticket_id, bool(solved), satisfied, of_round=row.round)
        elif solved == 0:
            tickets.unsolved(now, row.ticket_id, row.round)
    except errors.NotNow:
        pass  # they have rated it by text or on the net meanwhile
