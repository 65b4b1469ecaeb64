"""Telling staff what events call for, and sending the e-mails among it. Rows decide; each may run again."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import select, update

from app import mail_text, smtp
from app.outbox import unit_of_work
from app.push import ring
from app.recipients import Lookup, tier
from config import Config
from db import db
from tickets import escalating, mailing, notices
from tickets.event_models import JobOwed, TicketEvent
from tickets.lifecycle import HELD
from tickets.models import Assignment, Deadline, Escalation, Ticket
from tickets.notices import Rule

log = logging.getLogger(__name__)

AT_ONCE = 50


def tell_of_events(owed_ids: Sequence[int]) -> int:
    """Write down who is told of the events that these owed rows name; returns how many rows were done."""
    done = 0
    for start in range(0, len(owed_ids), AT_ONCE):
        batch = owed_ids[start : start + AT_ONCE]
        try:
            done += _tell(batch)
        except Exception:
            # One bad event in a batch must not keep the others from being told; it stays owed, and is tried alone.
            log.exception("notices: a batch of %d failed, each is tried by itself", len(batch))
            done += sum(map(_tell_alone, batch))
    return done


def _tell_alone(owed_id: int) -> int:
    try:
        return _tell([owed_id])
    except Exception:
        log.exception("notice owed %s", owed_id)
        return 0


def _tell(owed_ids: Sequence[int]) -> int:
    with unit_of_work() as now:
        query = select(JobOwed).where(JobOwed.id.in_(owed_ids)).with_for_update(skip_locked=True)
        owed = db.session.scalars(query).all()
        found = select(TicketEvent).where(TicketEvent.id.in_([row.subject_id for row in owed]))
        events = db.session.scalars(found.order_by(TicketEvent.id)).all()
        tickets = _tickets({event.subject_id for event in events})
        lookup = Lookup()
        news: set[int] = set()
        for event in events:
            news |= _of_event(lookup, event, tickets[event.subject_id], now)
        for row in owed:
            db.session.delete(row)
    ring(news)
    return len(owed)


def _tickets(ids: Iterable[int]) -> dict[int, Ticket]:
    return {row.id: row for row in db.session.scalars(select(Ticket).where(Ticket.id.in_(list(ids))))}


def _of_event(lookup: Lookup, event: TicketEvent, ticket: Ticket, now: datetime) -> set[int]:
    rule = notices.RULES.get(event.kind)
    if rule is None:
        return set()
    if event.kind == "ticket.escalated":
        return _of_escalation(lookup, event, ticket, rule, now)
    recipients = lookup.of(rule.targets, _units(event, ticket), confidential=ticket.confidential)
    return notices.tell(
        rule.kind, recipients, ticket.id, now, key=f"event:{event.id}", ways=rule.ways, unit=event.department_id
    )


def _of_escalation(lookup: Lookup, event: TicketEvent, ticket: Ticket, rule: Rule, now: datetime) -> set[int]:
    """Whom the rung's tier concerns, in the ways that the policy says; how many they are is kept in the ledger."""
    said: Mapping[str, Any] = event.payload
    row = db.session.get_one(Deadline, said["deadline"])
    unit = event.department_id
    units = () if unit is None else (unit,)
    recipients = lookup.of(tier(said["tier"]), units, confidential=ticket.confidential, clock=row.clock)
    news = notices.tell(
        rule.kind, recipients, ticket.id, now, key=escalating.key_of(row.id, said["level"]),
        ways=escalating.ways_of(row, said["level"]), deadline=row.id, level=said["level"], tier=said["tier"],
        clock=row.clock, due_at=row.due_at.isoformat(), cause=said.get("cause"), unit=unit,
    )  # fmt: skip
    db.session.execute(
        update(Escalation)
        .where(Escalation.deadline_id == row.id, Escalation.level == said["level"])
        .values(told=len(recipients))
    )
    return news


def _units(event: TicketEvent, ticket: Ticket) -> tuple[int, ...]:
    """The unit that the event is about; of an event of the whole ticket, all units that have it."""
    if event.department_id is not None:
        return (event.department_id,)
    having = select(Assignment.department_id).where(
        Assignment.ticket_id == ticket.id, Assignment.state.in_(sorted(HELD))
    )
    return tuple(db.session.scalars(having.distinct()))


def send_mails(notice_ids: Sequence[int]) -> int:
    """Send these e-mails; returns how many the server took. No transaction is open while it is asked.

    When the server is away the rest is given back: the next round comes soon.
    """
    config: Config = current_app.extensions["hotline"]
    taken = 0
    for place, notice_id in enumerate(notice_ids):
        with unit_of_work() as now:
            mail = mailing.take(notice_id, now)
        if mail is None:
            continue
        with unit_of_work():
            message = mail_text.message(config, mail)
        try:
            smtp.send(config, message)
        except smtp.Refused as fault:
            _note(mailing.refused, mail.id, fault)
        except smtp.Unclear as fault:
            _note(mailing.unclear, mail.id, fault)
        except smtp.Away as fault:
            _note(mailing.put_off, mail.id, fault)
            with unit_of_work():
                mailing.release(notice_ids[place + 1 :])
            break
        else:
            with unit_of_work() as now:
                mailing.sent(mail.id, now)
            taken += 1
    return taken


def _note(verb: Any, notice_id: int, fault: Exception) -> None:
    log.warning("notice %s by e-mail: %s: %s", notice_id, type(fault).__name__, fault)
    with unit_of_work() as now:
        verb(notice_id, now, str(fault))
