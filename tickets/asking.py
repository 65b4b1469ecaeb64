"""Verbs of asking the citizen for what is missing: the question, what was added, and going on without."""

from datetime import datetime

from tickets import clocks, pausing, urging
from tickets.change import Locked, check, finish, lock, move, require, write_texts
from tickets.lifecycle import AssignmentState, TicketState, Transition, follows
from tickets.models import Assignment
from tickets.permissions import SYSTEM, Actor
from tickets.terms import URGE


def ask_info(
    actor: Actor, now: datetime, ticket_id: int, question: str, version: int | None = None
) -> None:
    """要求补充. Ask the citizen before it is dispatched.

    Where no answer comes in the time that the city gives, it goes on without one.
    """
    locked = lock(actor, ticket_id)
    _ask(locked, actor, now, check(actor, locked, "ask_info", version), None, question)


def ask_citizen(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, question: str, version: int | None = None
) -> None:
    """The same for one unit's part, whose clock stands still meanwhile."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    _ask(locked, actor, now, check(actor, locked, "ask_citizen", version, part), part, question)


def _ask(
    locked: Locked, actor: Actor, now: datetime, row: Transition, part: Assignment | None, question: str
) -> None:
    require(question=question)
    ticket_id = locked.ticket.id
    move(part or locked.ticket, row)
    if part is None:
        clocks.stop(ticket_id, now, clocks=("dispatch",))
    else:
        pausing.pause(ticket_id, now, (part.id,))
    clocks.start(locked.ticket, "info", now, part, epoch=locked.ticket.version + 1)
    texts = write_texts(locked.ticket, {"question": question}, actor, now, part)
    finish(
        locked, actor, now, "ticket.info_asked", unit=part.department_id if part else None,
        assignment=part.id if part else None, texts=texts,
    )


def supplement(actor: Actor, now: datetime, ticket_id: int, words: str) -> None:
    """The citizen adds what was asked for; everybody who asked goes on. Takes no version: it is never too late."""
    locked = lock(actor, ticket_id)
    row = check(actor, locked, "supplement")
    require(supplement=words)
    texts = write_texts(locked.ticket, {"supplement": words}, actor, now)
    asked = locked.ticket.state == TicketState.NEED_INFO
    _end_questions(locked, now, row)
    urging.owe_word(locked, now)
    if asked:
        clocks.start_dispatch_again(locked.ticket, now)
    finish(locked, actor, now, "ticket.supplemented", texts=texts)


def _end_questions(locked: Locked, now: datetime, row: Transition) -> None:
    move(locked.ticket, row)
    clocks.stop(locked.ticket.id, now, clocks=("info",))
    for part in locked.parts:
        target = follows("supplement", part.state, part.role)
        if target is not None:
            part.state = target
            if locked.ticket.state != TicketState.SUSPENDED:
                pausing.resume(locked.ticket.id, now, (part.id,))


def go_on(actor: Actor, now: datetime, ticket_id: int, version: int | None = None) -> None:
    """Go on without the citizen's answer."""
    locked = lock(actor, ticket_id)
    _go_on(locked, actor, now, None, check(actor, locked, "go_on", version), "")


def carry_on(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, note: str, version: int | None = None
) -> None:
    """The same of one unit's part: the answer came another way, or is not needed any more."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    row = check(actor, locked, "carry_on", version, part)
    require(handle_note=note)
    _go_on(locked, actor, now, part, row, note)


def end_of_waiting(locked: Locked, now: datetime, part: Assignment | None) -> None:
    """The time for the citizen's answer is over."""
    if part is None and locked.ticket.state == TicketState.NEED_INFO:
        _go_on(locked, SYSTEM, now, None, check(SYSTEM, locked, "go_on"), "")
    elif part is not None and part.state == AssignmentState.NEED_INFO:
        _go_on(locked, SYSTEM, now, part, check(SYSTEM, locked, "carry_on", part=part), "")
    else:
        clocks.stop(locked.ticket.id, now, clocks=("info",), parts=(part.id,) if part else None)


def _go_on(
    locked: Locked, actor: Actor, now: datetime, part: Assignment | None, row: Transition, note: str
) -> None:
    ticket = locked.ticket
    move(part or ticket, row)
    clocks.stop(ticket.id, now, clocks=("info",), parts=(part.id,) if part else None)
    if part is not None and ticket.state != TicketState.SUSPENDED:
        pausing.resume(ticket.id, now, (part.id,))
    texts = write_texts(ticket, {"handle_note": note}, actor, now, part)
    if note:
        clocks.stop(ticket.id, now, clocks=(URGE,))
    urging.owe_word(locked, now)
    if part is None:
        clocks.start_dispatch_again(ticket, now)
    finish(
        locked, actor, now, "ticket.went_on", unit=part.department_id if part else None,
        assignment=part.id if part else None, texts=texts,
    )
