"""Verbs of a matter that is with the wrong unit: recall, return, uphold, dispatch anew, dispute, designate."""

from collections.abc import Sequence
from datetime import datetime

from tickets import clocks, errors, urging
from tickets.applying import end_with, stop_decision
from tickets.change import Locked, check, finish, lock, move, require, write_texts
from tickets.dispatching import begin, check_units, open_parts, units_at_work
from tickets.lifecycle import OPEN_PART, AssignmentState
from tickets.models import Assignment
from tickets.permissions import Actor
from tickets.terms import URGE

RETURN_REASONS = ("wrong_area", "not_our_duty", "ownership_unclear", "overlapping_duty", "other")


def recall(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, reason: str, version: int | None = None
) -> None:
    """撤派. It went to the wrong unit, and none has signed: it waits for a dispatcher again, and is no return."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, "recall", version, part)
    take_back = check(actor, locked, "take_back")
    require(recall_reason=reason)
    end_with(locked, now, cancel(locked.parts, now))
    move(locked.ticket, take_back)
    clocks.start_dispatch_again(locked.ticket, now)
    texts = write_texts(locked.ticket, {"recall_reason": reason}, actor, now, part)
    finish(
        locked, actor, now, "assignment.recalled", unit=part.department_id, assignment=part.id, texts=texts
    )


def request_return(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, reason: str, note: str, basis: str,
    suggested: int | None, version: int | None = None,
) -> None:  # fmt: skip
    """退单. The unit says: not ours, by what law, and whose. Its clock runs on until the hotline decides."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    row = check(actor, locked, "request_return", version, part, now)
    require(return_reason=reason, legal_basis=basis, suggested=suggested, return_note=note)
    if reason not in RETURN_REASONS:
        raise errors.Invalid(fields={"return_reason": "unknown"})
    if suggested == part.department_id:
        raise errors.Invalid(fields={"suggested": "own_unit"})
    check_units(suggested, (), field="suggested")
    move(part, row)
    part.return_reason, part.suggested_department_id = reason, suggested
    texts = write_texts(locked.ticket, {"legal_basis": basis, "return_note": note}, actor, now, part)
    clocks.stop(ticket_id, now, clocks=(URGE,), parts=(part.id,))  # it cannot write until that is decided
    clocks.start(locked.ticket, "decision", now, part, epoch=locked.ticket.version + 1)
    finish(
        locked, actor, now, "assignment.return_requested", unit=part.department_id,
        assignment=part.id, reason=reason, suggested=suggested, texts=texts,
    )


def uphold(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """The hotline upholds the dispatch: the unit keeps the matter, and has signed for it."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    row = check(actor, locked, "uphold", version, part)
    require(decision_note=note)
    move(part, row)
    stop_decision(locked, now, part)
    if part.signed_at is None:
        part.signed_at = now
        clocks.stop(locked.ticket.id, now, clocks=("sign",), parts=(part.id,))
    urging.owe_word(locked, now)
    texts = write_texts(locked.ticket, {"decision_note": note}, actor, now, part)
    finish(
        locked, actor, now, "assignment.upheld", unit=part.department_id, assignment=part.id, texts=texts
    )


def redispatch(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, lead: int, note: str,
    version: int | None = None,
) -> None:  # fmt: skip
    """The return is right: the matter goes to another unit, which takes the returned one's role."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    row = check(actor, locked, "redispatch", version, part)
    require(lead=lead, decision_note=note)
    check_units(lead, ())
    if part.role == "lead":
        _free(locked, now, lead)
    if lead in units_at_work(locked):
        raise errors.Invalid(fields={"lead": "already_has_it"})
    move(part, row)
    _give_back(locked, actor, now, part, note)
    locked.ticket.round += 1
    begin(locked, now, lead, part.role)
    finish(
        locked, actor, now, "ticket.dispatched", unit=lead, lead=lead if part.role == "lead" else None,
        assists=[lead] if part.role == "assist" else None, round=locked.ticket.round,
    )


def excuse(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """The return of an assisting unit is right, and nobody is needed in its place."""
    _end_part("excuse", "decision_note", actor, now, ticket_id, assignment_id, note, version)


def decline(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """What was passed down goes back to the unit that passed it, which still answers for it."""
    _end_part("decline", "return_note", actor, now, ticket_id, assignment_id, note, version, "assignment.declined")


def _end_part(
    action: str, field: str, actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str,
    version: int | None, kind: str = "assignment.returned",
) -> None:  # fmt: skip
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    row = check(actor, locked, action, version, part)
    require(**{field: note})
    move(part, row)
    _give_back(locked, actor, now, part, note, field, kind)


def concede(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """The return is right, and one too many: whose the matter is, is disputed, and an adjudicator designates."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    row = check(actor, locked, "concede", version, part)
    dispute = check(actor, locked, "dispute")
    require(decision_note=note)
    move(part, row)
    _give_back(locked, actor, now, part, note)
    move(locked.ticket, dispute)
    clocks.start(locked.ticket, "dispute", now, epoch=locked.ticket.version)
    finish(locked, actor, now, "ticket.disputed")


def designate(
    actor: Actor, now: datetime, ticket_id: int, lead: int, assists: Sequence[int], note: str,
    version: int | None = None,
) -> None:  # fmt: skip
    """指定承办. The adjudicator names the unit, which cannot give the matter back."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "designate", version)
    require(lead=lead, decision_note=note)
    check_units(lead, assists)
    clocks.stop(ticket_id, now, clocks=("dispute",))
    _free(locked, now, lead)
    move(locked.ticket, row)
    texts = write_texts(locked.ticket, {"decision_note": note}, actor, now)
    open_parts(locked, actor, now, lead, assists, designated=True, is_designated=True, texts=texts)


def _free(locked: Locked, now: datetime, unit: int | None) -> None:
    """A unit that only helped so far, and is to lead: the part it has ends with all that it passed down."""
    helping = [part for part in locked.parts if (part.department_id, part.role) == (unit, "assist")]
    taken = cancel([one for part in helping for one in (part, *below(part, locked.parts))], now)
    end_with(locked, now, taken)


def _give_back(
    locked: Locked, actor: Actor, now: datetime, part: Assignment, note: str, field: str = "decision_note",
    kind: str = "assignment.returned",
) -> None:  # fmt: skip
    """End the part, and with it what it passed down."""
    part.ended_at = now
    end_with(locked, now, [part, *cancel(below(part, locked.parts), now)])
    texts = write_texts(locked.ticket, {field: note}, actor, now, part)
    finish(locked, actor, now, kind, unit=part.department_id, assignment=part.id, texts=texts)


def cancel(parts: Sequence[Assignment], now: datetime) -> list[Assignment]:
    """Take these parts from their units, as far as they are at work; what ended before stays as it was."""
    taken = [part for part in parts if part.state in (*OPEN_PART, AssignmentState.SUBMITTED)]
    for part in taken:
        part.state, part.ended_at = AssignmentState.CANCELLED, now
    return taken


def below(part: Assignment, parts: Sequence[Assignment]) -> list[Assignment]:
    """All that was passed down from a part, at any depth."""
    children = [one for one in parts if one.parent_id == part.id]
    return [*children, *(deeper for child in children for deeper in below(child, parts))]
