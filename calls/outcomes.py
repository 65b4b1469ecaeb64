"""What became of a span's calls: handed over, solved at once, called back, rated, messages heard. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select

from calls import free_texts
from calls.figures import Asked
from calls.kpis import Kpi, one_of, share
from calls.machine import Fact
from calls.models import Call, Callback, SurveyAnswer, Voicemail
from calls.outgoing import IS_OWED
from db import db
from tickets.lifecycle import TicketState
from tickets.models import Ticket

SATISFACTION = "satisfied"
"""The question of the survey whose answer is the citizen's judgement, as ratings have it: 3 satisfied, 1 not."""
SATISFIED = 3
# Not strict, a path would look into each fact, and find no list there.
_HAD_PARTY = Call.facts.path_exists('strict $[*] ? (@[1] == "party_joined")')
_WAS_ASKED = Call.facts.path_exists('strict $[*] ? (@[1] == "surveyed")')


def kpis(asked: Asked) -> Mapping[str, Kpi]:
    """Every figure of what became of the calls."""
    return {**departments(asked), "first_contact": first_contact(asked), **called_back(asked), **rated(asked),
            **messages(asked)}  # fmt: skip


def departments(asked: Asked) -> Mapping[str, Kpi]:
    """Talks that a department was brought into, and those that were left to it."""
    answered = and_(asked.calls, Call.queued_at.is_not(None), Call.answered_at.is_not(None))
    talks = db.session.scalar(select(func.count()).select_from(Call).where(answered)) or 0
    with_party = db.session.scalars(select(Call.facts).where(answered, _HAD_PARTY)).all()
    left = sum(is_handed_over(_facts(facts)) for facts in with_party)
    return {"three_way": share(len(with_party), talks), "handed_over": share(left, talks)}


def _facts(rows: list[list[object]]) -> list[Fact]:
    return [Fact(datetime.fromisoformat(str(at)), str(kind), int(str(epoch)), str(value))
            for at, kind, epoch, value in rows]  # fmt: skip


def is_handed_over(facts: list[Fact]) -> bool:
    """Whether the operator left the talk on purpose while a department was in it and the caller too."""
    for leaving in (fact for fact in facts if fact.kind == "operator_leaving"):
        here = [fact for fact in facts if fact.epoch == leaving.epoch]
        caller_gone = min((fact.at for fact in here if fact.kind == "caller_left"), default=None)
        if caller_gone is not None and caller_gone <= leaving.at:
            continue
        came = {fact.value for fact in here if fact.kind == "party_joined" and fact.at <= leaving.at}
        went = {fact.value for fact in here if fact.kind == "party_left" and fact.at <= leaving.at}
        if came - went:
            return True
    return False


def first_contact(asked: Asked) -> Kpi:
    """Tickets of answered calls that were answered at the desk, of all that got a number."""
    whole = func.count(func.distinct(Ticket.id))
    query = (
        select(whole, whole.filter(Ticket.state == TicketState.ANSWERED))
        .join(Call, Call.ticket_id == Ticket.id)
        .where(asked.calls, Call.answered_at.is_not(None), Ticket.number.is_not(None))
    )
    tickets, answered = db.session.execute(query).one()
    return share(answered, tickets)


def called_back(asked: Asked) -> Mapping[str, Kpi]:
    """Call-backs that were owed in the span and are due or done: done by their limit, of all of them."""
    due = or_(Callback.closed_at.is_not(None), Callback.due_at <= asked.span.now)
    in_time = Callback.closed_at <= Callback.due_at
    query = (
        select(func.count(), func.count().filter(in_time))
        .join(Call, Call.id == Callback.call_id)
        .where(asked.span.holds(Callback.asked_at), asked.on_line, due)
    )
    whole, part = db.session.execute(query).one()
    return {"callback_in_time": share(part, whole)}


def rated(asked: Asked) -> Mapping[str, Kpi]:
    """Satisfied callers of those who said, and those who said of all who were asked. Silence is no answer."""
    answers = func.count(func.distinct(SurveyAnswer.call_id))
    about = SurveyAnswer.question == SATISFACTION
    query = (
        select(answers, answers.filter(about), answers.filter(about, SurveyAnswer.answer >= SATISFIED))
        .join(Call, Call.id == SurveyAnswer.call_id)
        .where(asked.calls)
    )
    said, judged, satisfied = db.session.execute(query).one()
    were_asked = db.session.scalar(select(func.count()).select_from(Call).where(asked.calls, _WAS_ASKED)) or 0
    return {"satisfaction": share(satisfied, judged), "participation": share(said, max(were_asked, said))}


def messages(asked: Asked) -> Mapping[str, Kpi]:
    """Messages that were left, how many were dealt with, and how long half of those took at most."""
    spent = func.extract("epoch", Callback.closed_at - Voicemail.begun_at)
    query = (
        select(
            func.count(),
            func.count(Callback.closed_at),
            func.percentile_cont(0.5).within_group(spent).filter(Callback.closed_at.is_not(None)),
        )
        .select_from(Voicemail)
        .join(Call, Call.id == Voicemail.call_id)
        .outerjoin(Callback, Callback.call_id == Voicemail.call_id)
        .where(asked.calls)
    )
    left, done, middle = db.session.execute(query).one()
    seconds = float(middle) if middle is not None else None
    return {"voicemail_done": share(done, left), "voicemail_time": one_of(seconds, done)}


@dataclass(frozen=True)
class Owed:
    """What is owed of one kind, and how long the oldest has been waiting."""

    count: int
    oldest: timedelta | None


def owed(now: datetime) -> Mapping[str, Owed]:
    """What is owed to citizens now: call-backs, of them apart those who left a message, and texts to be read."""
    is_message = Callback.reason == "voicemail"
    found = db.session.execute(
        select(is_message, func.count(), func.min(Callback.asked_at))
        .where(IS_OWED)
        .group_by(is_message)
    ).all()
    called = {is_message: (count, since) for is_message, count, since in found}
    kinds = {
        "callbacks": called.get(False, (0, None)), "voicemails": called.get(True, (0, None)),
        "texts": free_texts.waiting_since(now),
    }  # fmt: skip
    return {kind: Owed(count, now - since if since else None) for kind, (count, since) in kinds.items()}
