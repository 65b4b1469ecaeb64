"""Verbs between desk and units: route, dispatch, ask for a return, uphold or dispatch anew."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from db import db
from routing import rules
from routing import service as routing
from routing.values import Decision, Facts
from tickets import clocks, errors, masking
from tickets.change import Locked, check, finish, lock, move, require, write_texts
from tickets.lifecycle import HELD, AssignmentState, TicketState, Transition
from tickets.models import Assignment, RoutingDecision, Ticket
from tickets.permissions import SYSTEM, Actor

RETURN_REASONS = ("wrong_area", "not_our_duty", "ownership_unclear", "overlapping_duty", "other")


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
    _check_units(lead, assists)
    ticket = locked.ticket
    if ticket.state == TicketState.TO_DISPATCH:
        clocks.stop(ticket.id, now, clocks=("dispatch",))
    ticket.round += 1
    move(ticket, row)
    ticket.dispatched_at = ticket.dispatched_at or now
    parts = [_assignment(locked, now, lead, "lead")]
    parts += [_assignment(locked, now, unit, "assist") for unit in dict.fromkeys(assists) if unit != lead]
    db.session.add_all(parts)
    for part in parts:
        _start_clocks(locked, now, part)
    locked.parts += parts
    finish(
        locked, actor, now, "ticket.dispatched", unit=lead, lead=lead,
        assists=[part.department_id for part in parts[1:]] or None, round=ticket.round, **payload,
    )


def _start_clocks(locked: Locked, now: datetime, part: Assignment) -> None:
    clocks.start(locked.ticket, "sign", now, part)
    clocks.start_handling(locked.ticket, now, part, is_again=_last_lead(locked) is not None)


def _assignment(locked: Locked, now: datetime, unit: int, role: str) -> Assignment:
    return Assignment(
        ticket_id=locked.ticket.id,
        department_id=unit,
        role=role,
        round=locked.ticket.round,
        state="PENDING_SIGN",
        dispatched_at=now,
    )


def dispatch_again(locked: Locked, now: datetime) -> None:
    """Another round with the unit that led the last one; where it is no more, a dispatcher says whose it is."""
    ticket, lead = locked.ticket, _last_lead(locked)
    if lead is not None and routing.current().units_by_id[lead].is_active:
        _dispatch(locked, check(SYSTEM, locked, "dispatch"), SYSTEM, now, lead, ())
    else:
        clocks.start(ticket, "dispatch", now, epoch=ticket.version)


def _last_lead(locked: Locked) -> int | None:
    """The unit that led the matter to its last reply; None before the first."""
    done = [part.department_id for part in locked.parts if (part.role, part.state) == ("lead", "DONE")]
    return done[-1] if done else None


def _check_units(lead: int, assists: Sequence[int]) -> None:
    known = routing.current().units_by_id
    if lead not in known or not known[lead].is_active:
        raise errors.Invalid(fields={"lead": "unknown"})
    if any(unit not in known or not known[unit].is_active for unit in assists):
        raise errors.Invalid(fields={"assists": "unknown"})


def request_return(
    actor: Actor,
    now: datetime,
    ticket_id: int,
    assignment_id: int,
    reason: str,
    note: str,
    suggested: int | None = None,
    version: int | None = None,
) -> None:
    """The unit says: not ours. Its clock runs on until the hotline decides."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    row = check(actor, locked, "request_return", version, part)
    require(return_reason=reason, return_note=note)
    if reason not in RETURN_REASONS:
        raise errors.Invalid(fields={"return_reason": "unknown"})
    if suggested is not None:
        _check_units(suggested, ())
    move(part, row)
    part.return_reason = reason
    part.suggested_department_id = suggested
    texts = write_texts(locked.ticket, {"return_note": note}, actor, now, part)
    finish(
        locked, actor, now, "assignment.return_requested", unit=part.department_id,
        assignment=part.id, reason=reason, suggested=suggested, texts=texts,
    )


def uphold(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """The hotline upholds the dispatch: the unit keeps the matter."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    row = check(actor, locked, "uphold", version, part)
    require(decision_note=note)
    move(part, row)
    if part.signed_at is None:
        part.signed_at = now
        clocks.stop(locked.ticket.id, now, clocks=("sign",), parts=(part.id,))
    texts = write_texts(locked.ticket, {"decision_note": note}, actor, now, part)
    finish(
        locked, actor, now, "assignment.upheld", unit=part.department_id, assignment=part.id, texts=texts
    )


def redispatch(
    actor: Actor,
    now: datetime,
    ticket_id: int,
    assignment_id: int,
    lead: int,
    note: str,
    version: int | None = None,
) -> None:
    """The return is right: the matter goes to another unit, which takes the returned one's role."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    row = check(actor, locked, "redispatch", version, part)
    require(lead=lead, decision_note=note)
    # Who has done its part of an earlier round may get this one.
    if lead in {other.department_id for other in locked.parts if other.state in HELD - {AssignmentState.DONE}}:
        raise errors.Invalid(fields={"lead": "already_has_it"})
    move(part, row)
    part.ended_at = now
    clocks.stop(locked.ticket.id, now, parts=(part.id,))
    texts = write_texts(locked.ticket, {"decision_note": note}, actor, now, part)
    finish(
        locked, actor, now, "assignment.returned", unit=part.department_id, assignment=part.id, texts=texts
    )
    _replace(locked, actor, now, part, lead)


def _replace(locked: Locked, actor: Actor, now: datetime, old: Assignment, unit: int) -> None:
    """Dispatch to `unit` in the returned part's role; the other parts go on."""
    _check_units(unit, ())
    locked.ticket.round += 1
    part = _assignment(locked, now, unit, old.role)
    db.session.add(part)
    _start_clocks(locked, now, part)
    locked.parts.append(part)
    finish(
        locked, actor, now, "ticket.dispatched", unit=unit,
        lead=unit if old.role == "lead" else None,
        assists=[unit] if old.role == "assist" else None, round=locked.ticket.round,
    )
