"""Verbs from desk to units: route, dispatch, pass down, dispatch another round."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from db import db
from routing import rules
from routing import service as routing
from routing.values import Decision, Facts
from tickets import clocks, deadlines, errors, masking, pausing, urging
from tickets.change import Locked, check, finish, lock, move, require, write_texts
from tickets.lifecycle import HELD, TicketState, Transition
from tickets.models import Assignment, RoutingDecision, Ticket
from tickets.permissions import SYSTEM, Actor


def route(locked: Locked, now: datetime, title: str, text: str) -> None:
    """Ask routing whose matter this is; dispatch when it is sure enough, else leave it to triage."""
    decision = decide(locked, now, title, text)
    if decision.dispatches and decision.lead is not None:
        units = routing.current().units
        assists = [units[code].id for code in decision.assists]
        row = check(SYSTEM, locked, "dispatch")
        _dispatch(locked, row, SYSTEM, now, units[decision.lead].id, assists, **grounds(decision))
        return
    move(locked.ticket, check(SYSTEM, locked, "triage"))
    # What reads like danger may be none, so only the person who looks has to hurry, not the unit after that.
    hurry = "critical" if decision.disposition == "emergency" else None
    clocks.start(locked.ticket, "dispatch", now, urgency=hurry)
    finish(locked, SYSTEM, now, "ticket.triaged", **grounds(decision))


def decide(locked: Locked, now: datetime, title: str, text: str) -> Decision:
    """What routing says of the ticket, kept with its reasons; a ticket without a category takes the found one."""
    ticket = locked.ticket
    decision = ask(ticket, now, title, text)
    if ticket.category_code is None:
        ticket.category_code = decision.category
    if ticket.region_path is None and decision.region:
        ticket.region_code, ticket.region_path = decision.region[-1], "/".join(decision.region)
    _keep(locked, now, decision)
    return decision


def ask(ticket: Ticket, now: datetime, title: str, text: str) -> Decision:
    """What routing says of a ticket, which need not be stored. Stores nothing."""
    reference = routing.current()
    facts = Facts(
        # Without the numbers and names in it, which are no matter for any duty's keywords.
        title=masking.mask_text(title),
        text=masking.mask_text(text),
        type=ticket.type,
        urgency=ticket.urgency,
        channel=ticket.channel,
        line_no=ticket.line_no,
        category=ticket.category_code,
        region=tuple(ticket.region_path.split("/")) if ticket.region_path else (),
        confidential=ticket.confidential,
        enterprise=ticket.enterprise,
        on=now.astimezone(reference.zone).date(),
    )
    return rules.decide(facts, reference.directory)


def grounds(decision: Decision) -> dict[str, Any]:
    """What the event says of a decision: the duty or rule it stands on, and how sure it was."""
    return {"duty": decision.duty, "rule": decision.rule, "confidence": round(decision.confidence, 3)}


def _keep(locked: Locked, now: datetime, decision: Decision) -> None:
    units = routing.current().units
    db.session.add(
        RoutingDecision(
            ticket_id=locked.ticket.id,
            decided_at=now,
            dispatched=decision.dispatches and decision.lead is not None,
            lead_department_id=units[decision.lead].id if decision.lead else None,
            category_code=decision.category,
            duty_code=decision.duty,
            duty_version=decision.duty_version,
            rule_id=decision.rule,
            confidence=decision.confidence,
            detail=decision.to_data(),
        )
    )


def dispatch(
    actor: Actor,
    now: datetime,
    ticket_id: int,
    lead: int,
    assists: Sequence[int] = (),
    note: str = "",
    version: int | None = None,
) -> None:
    """Give the matter to a lead unit and any assisting ones (department ids)."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "dispatch", version)
    texts = write_texts(locked.ticket, {"dispatch_note": note}, actor, now)
    _dispatch(locked, row, actor, now, lead, assists, texts=texts)


def _dispatch(
    locked: Locked,
    row: Transition,
    actor: Actor,
    now: datetime,
    lead: int,
    assists: Sequence[int],
    **payload: Any,
) -> None:
    """Open one assignment a unit, with its own clocks for signing and handling."""
    check_units(lead, assists)
    ticket = locked.ticket
    if ticket.state == TicketState.TO_DISPATCH:
        clocks.stop(ticket.id, now, clocks=("dispatch",))
    move(ticket, row)
    open_parts(locked, actor, now, lead, assists, **payload)


def open_parts(
    locked: Locked, actor: Actor, now: datetime, lead: int, assists: Sequence[int], *,
    designated: bool = False, **payload: Any,
) -> None:  # fmt: skip
    """Begin a round: one assignment for each unit; those that assist already go on with the part they have."""
    ticket = locked.ticket
    ticket.round += 1
    ticket.dispatched_at = ticket.dispatched_at or now
    having = units_at_work(locked)
    if lead in having:
        raise errors.Invalid(fields={"lead": "already_has_it"})
    new = [unit for unit in dict.fromkeys(assists) if unit != lead and unit not in having]
    begin(locked, now, lead, "lead", designated=designated)
    for unit in new:
        begin(locked, now, unit, "assist", designated=designated)
    finish(
        locked, actor, now, "ticket.dispatched", unit=lead, lead=lead, assists=new or None, round=ticket.round,
        **payload,
    )


def add_assist(
    actor: Actor, now: datetime, ticket_id: int, assists: Sequence[int], note: str, version: int | None = None
) -> None:
    """加派协办. More units are to help, while the lead works on: each with a part and clocks of its own, and the
    lead's reply waits for them. Raises Invalid for a unit that has a part already, and then adds none."""
    locked = lock(actor, ticket_id)
    check(actor, locked, "add_assist", version)
    require(assists=" ".join(map(str, assists)), dispatch_note=note)
    _check_assists(assists)
    if units_at_work(locked) & set(assists):
        raise errors.Invalid(fields={"assists": "already_has_it"})
    locked.ticket.round += 1
    new = list(dict.fromkeys(assists))
    for unit in new:
        begin(locked, now, unit, "assist")
    texts = write_texts(locked.ticket, {"dispatch_note": note}, actor, now)
    finish(
        locked, actor, now, "ticket.assists_added", assists=new, round=locked.ticket.round, texts=texts
    )


def units_at_work(locked: Locked) -> set[int]:
    """The units that have the matter now; who has done its part of an earlier round may get this one."""
    return {part.department_id for part in locked.parts if part.state in HELD and part.state != "DONE"}


def begin(
    locked: Locked, now: datetime, unit: int, role: str, *,
    designated: bool = False, parent: Assignment | None = None, due_at: datetime | None = None,
) -> Assignment:  # fmt: skip
    """A unit's part in the present round, with its clocks; `due_at` is a time for it of its own."""
    ticket = locked.ticket
    part = Assignment(
        ticket_id=ticket.id,
        department_id=unit,
        role=role,
        round=ticket.round,
        state="PENDING_SIGN",
        dispatched_at=now,
        designated=designated,
        parent_id=parent.id if parent else None,
        return_until=None if designated or parent else clocks.return_until(ticket, now),
    )
    db.session.add(part)
    clocks.start(ticket, "sign", now, part)
    clocks.start_contact(ticket, now, part)
    clocks.start_handling(ticket, now, part, due_at=due_at, is_again=_last_lead(locked) is not None)
    locked.parts.append(part)
    if role == "lead":
        urging.owe_word(locked, now)
    return part


def dispatch_again(locked: Locked, now: datetime, *, level_up: bool = False) -> None:
    """Another round with the unit that led the last one, or, `level_up`, with the unit above it.

    Where there is none any more, a dispatcher says whose it is.
    """
    ticket = locked.ticket
    lead = _last_lead(locked) or _led_for(ticket)
    units = routing.current().units_by_id
    if level_up and lead is not None:
        upper = (units[unit] for unit in routing.current().ancestors(lead))
        lead = next((unit.id for unit in upper if unit.is_active and unit.kind != "hotline"), lead)
    if lead is not None and units[lead].is_active:
        _dispatch(locked, check(SYSTEM, locked, "dispatch"), SYSTEM, now, lead, ())
    else:
        # The event is on record already: of the verbs that follow, the next may start this clock at its version.
        clocks.start(ticket, "dispatch", now, epoch=ticket.version - 1)


def _last_lead(locked: Locked) -> int | None:
    """The unit that led the matter to its last reply; None before the first."""
    done = [part.department_id for part in locked.parts if (part.role, part.state) == ("lead", "DONE")]
    return done[-1] if done else None


def _led_for(ticket: Ticket) -> int | None:
    """The unit that led the ticket which this one was merged into."""
    if ticket.parent_id is None:
        return None
    led = select(Assignment.department_id).where(
        Assignment.ticket_id == ticket.parent_id, Assignment.role == "lead", Assignment.state == "DONE"
    )
    return db.session.scalar(led.order_by(Assignment.id.desc()).limit(1))


def delegate(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, below: int, days: str = "", note: str = "",
    version: int | None = None,
) -> None:  # fmt: skip
    """下派. Pass the part down to a unit below; it is due in `days` (a limit), never after the part itself.

    Whoever passes it down goes on answering for it, and waits for what comes back.
    """
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, "delegate", version, part)
    require(below=below)
    if below not in routing.current().descendants(part.department_id) - {part.department_id}:
        raise errors.Invalid(fields={"below": "unknown"})
    check_units(below, ())
    if below in units_at_work(locked):
        raise errors.Invalid(fields={"below": "already_has_it"})
    own = pausing.handling_clock(ticket_id, part)
    due_at = _sooner(now, days, own.due_at if own else None)
    texts = write_texts(locked.ticket, {"dispatch_note": note}, actor, now, part)
    locked.ticket.round += 1
    begin(locked, now, below, "sub", parent=part, due_at=due_at)
    finish(
        locked, actor, now, "assignment.delegated", unit=part.department_id, assignment=part.id, below=below,
        texts=texts, round=locked.ticket.round,
    )


def _sooner(now: datetime, days: str, own: datetime | None) -> datetime | None:
    if not days.strip():
        return own
    calendar = clocks.clock_rules(routing.current()).calendar
    due_at = deadlines.due_at(now, limit_of("days", days), calendar)
    return min(due_at, own) if own else due_at


def limit_of(field: str, text: str) -> deadlines.Limit:
    """A length of time as typed: a bare number is working days. Raises Invalid."""
    text = text.strip().lower()
    try:
        return deadlines.Limit.parse(f"{text}wd" if text.isdecimal() else text)
    except ValueError as fault:
        raise errors.Invalid(fields={field: "not_a_limit"}) from fault


def check_units(lead: int | None, assists: Sequence[int], field: str = "lead") -> None:
    """Raise Invalid for a unit that there is not, or is no more."""
    known = routing.current().units_by_id
    if lead is None or lead not in known or not known[lead].is_active:
        raise errors.Invalid(fields={field: "unknown"})
    _check_assists(assists)


def _check_assists(assists: Sequence[int]) -> None:
    known = routing.current().units_by_id
    if any(unit not in known or not known[unit].is_active for unit in assists):
        raise errors.Invalid(fields={"assists": "unknown"})
