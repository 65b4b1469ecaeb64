"""Telling staff what events call for, and sending the e-mails among it. Rows decide; each may run again."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import select

from app import mail_text, smtp
from app.outbox import unit_of_work
from app.push import ring
from app.recipients import Lookup, tier
from config import Config
from db import db
from tickets import escalating, mailing, notices
from tickets.concerned import units_of
from tickets.event_models import JobOwed, TicketEvent
from tickets.lifecycle import TicketState
from tickets.models import Assignment, Deadline, Escalation, Ticket
from tickets.notices import Row, Rule

log = logging.getLogger(__name__)

AT_ONCE = 200
DECIDED_ABOVE = frozenset({"decision"})
"""Clocks of a unit's part in which it waits for others: to remind the unit would be to remind the wrong one."""
ESCALATED = "ticket.escalated"
PASSED_ON = frozenset({"ticket.urged", "attachment.added"})
"""What the citizen of a merged ticket does concerns those who work on the ticket it was merged into."""
WAITS: Mapping[str, str] = {TicketState.TO_DISPATCH: "dispatch", TicketState.TO_REVIEW: "review"}
"""The clock of the hotline's own under which a ticket in that state waits."""
Rungs = Mapping[tuple[int, int], tuple[Deadline, Escalation]]


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
        tickets = _tickets({event.subject_id for event in events if event.subject == "ticket"})
        lookup, rungs = Lookup(), _rungs(events)
        rows: list[Row] = []
        for event in events:
            if event.subject == "call":
                rows += _of_call(lookup, event, now)
            else:
                rows += _of_event(lookup, event, tickets[event.subject_id], rungs, now)
        news = notices.tell(rows)
        for row in owed:
            db.session.delete(row)
    ring(news)
    return len(owed)


def _tickets(ids: Iterable[int]) -> dict[int, Ticket]:
    return {row.id: row for row in db.session.scalars(select(Ticket).where(Ticket.id.in_(list(ids))))}


def _rungs(events: Iterable[TicketEvent]) -> Rungs:
    """The clock and the rung of each escalation among the events, by clock and level."""
    told = [event.payload["deadline"] for event in events if event.kind == ESCALATED]
    query = select(Deadline, Escalation).join(Escalation, Escalation.deadline_id == Deadline.id)
    found = db.session.execute(query.where(Deadline.id.in_(told))) if told else ()
    return {(row.id, rung.level): (row, rung) for row, rung in found}


def _of_event(lookup: Lookup, event: TicketEvent, ticket: Ticket, rungs: Rungs, now: datetime) -> list[Row]:
    rules = [rule for rule in notices.RULES.get(event.kind, ()) if rule.holds(event.payload)]
    if event.kind == ESCALATED:
        return _of_escalation(lookup, event, ticket, rungs, now)
    if event.kind in PASSED_ON and ticket.state == TicketState.MERGED and ticket.parent_id is not None:
        ticket = db.session.get_one(Ticket, ticket.parent_id)
    return [row for rule in rules for row in _by_rule(lookup, rule, event, ticket, now)]


def _of_call(lookup: Lookup, event: TicketEvent, now: datetime) -> list[Row]:
    """What is told of a call names the call and no ticket: its draft is nobody's yet."""
    return [
        row
        for rule in notices.RULES[event.kind]
        for row in notices.rows_of(
            rule.kind, lookup.of(rule.targets, (), confidential=False), None, now, key=f"event:{event.id}",
            ways=rule.ways, call=event.subject_id,
        )
    ]


def _by_rule(lookup: Lookup, rule: Rule, event: TicketEvent, ticket: Ticket, now: datetime) -> list[Row]:
    parts = db.session.scalars(
        select(Assignment).where(Assignment.ticket_id == ticket.id).order_by(Assignment.id)
    ).all()
    units = units_of(rule.units, event, parts)
    found = lookup.of(rule.targets, units, confidential=ticket.confidential, clock=WAITS.get(ticket.state))
    recipients = [one for one in found if event.actor != "staff" or one.staff != event.actor_id]
    return notices.rows_of(
        rule.kind, recipients, ticket.id, now, key=f"event:{event.id}", ways=rule.ways, unit=event.department_id,
        **_moments(event),
    )


def _moments(event: TicketEvent) -> dict[str, str]:
    """What the event says of time: when something is due (of more time the new moment), or takes place."""
    said = {name: event.payload[name] for name in ("due_at", "at") if name in event.payload}
    return {name: moment if isinstance(moment, str) else moment[-1] for name, moment in said.items()}


def _of_escalation(
    lookup: Lookup, event: TicketEvent, ticket: Ticket, rungs: Rungs, now: datetime
) -> list[Row]:
    """Whom the rung's tier concerns, in the ways that the policy says; how many they are is kept in the ledger."""
    said: Mapping[str, Any] = event.payload
    row, rung = rungs[said["deadline"], said["level"]]
    unit = event.department_id
    units = () if unit is None or row.clock in DECIDED_ABOVE else (unit,)
    recipients = lookup.of(tier(said["tier"]), units, confidential=ticket.confidential, clock=row.clock)
    rung.told = len(recipients)
    return notices.rows_of(
        "escalated", recipients, ticket.id, now, key=escalating.key_of(row.id, rung.level),
        ways=escalating.ways_of(row, rung.level), deadline=row.id, level=rung.level, tier=said["tier"],
        clock=row.clock, due_at=row.due_at.isoformat(), cause=said.get("cause"), unit=unit,
    )  # fmt: skip


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
