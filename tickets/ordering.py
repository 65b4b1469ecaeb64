"""Verbs of supervision orders: issue one, answer it, settle it or order again."""

from datetime import datetime

from sqlalchemy import select, text

from db import db
from tickets import clocks, errors
from tickets.change import Locked, check, finish, lock, require, write_texts
from tickets.models import Assignment
from tickets.permissions import Actor
from tickets.request_models import STANDS, SupervisionOrder

FORMS = ("system", "written", "on_site", "joint", "special")
LEVELS = (1, 2, 3)
"""The hotline, the city office, the city's leaders."""


def order(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, form: str, level: int | None,
    due_at: datetime | None, text: str, version: int | None = None,
) -> None:  # fmt: skip
    """督办. Order a unit to act and to answer by a moment."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, "order", version, part)
    require(order_form=form, order_level=level, order_due=due_at, order_text=text)
    faults = {
        "order_form": "" if form in FORMS else "unknown",
        "order_level": "" if level in LEVELS else "unknown",
        "order_due": _fault_of(due_at, now),
    }
    _refuse(faults)
    issued = SupervisionOrder(
        ticket_id=ticket_id, assignment_id=part.id, level=level, form=form, issued_by=actor.id, issued_at=now,
        due_at=due_at,
    )
    db.session.add(issued)
    _tell(locked, actor, now, part, "order.issued", {"order_text": text}, issued)


def answer_order(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, answer: str, version: int | None = None
) -> None:
    """The unit says what it did."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, "answer_order", version, part)
    require(order_answer=answer)
    found = _open_order(part)
    found.state, found.answered_at = "answered", now
    _tell(locked, actor, now, part, "order.answered", {"order_answer": answer}, found)


def settle_order(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, remark: str, version: int | None = None
) -> None:
    """销号. What the unit did is enough."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, "settle_order", version, part)
    require(order_remark=remark)
    found = _open_order(part)
    found.state, found.settled_at = "settled", now
    _tell(locked, actor, now, part, "order.settled", {"order_remark": remark}, found)


def renew_order(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, due_at: datetime | None, text: str,
    version: int | None = None,
) -> None:  # fmt: skip
    """What the unit did is not enough: the order stands, with another day to answer by."""
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    check(actor, locked, "renew_order", version, part)
    require(order_due=due_at, order_text=text)
    _refuse({"order_due": _fault_of(due_at, now)})
    found = _open_order(part)
    found.state, found.answered_at, found.due_at = "issued", None, due_at or found.due_at
    _tell(locked, actor, now, part, "order.issued", {"order_text": text}, found, is_renewed=True)


def _tell(
    locked: Locked, actor: Actor, now: datetime, part: Assignment, kind: str, words: dict[str, str],
    found: SupervisionOrder, **said: bool,
) -> None:  # fmt: skip
    """Record it; the order's clock runs while an answer is due."""
    clocks.stop(locked.ticket.id, now, clocks=("order",), parts=(part.id,))
    if found.state == "issued":
        clocks.start(
            locked.ticket, "order", now, part, epoch=locked.ticket.version + 1, due_at=found.due_at
        )
    texts = write_texts(locked.ticket, words, actor, now, part)
    due = {"due_at": found.due_at.isoformat()} if found.state == "issued" else {}
    finish(
        locked, actor, now, kind, unit=part.department_id, assignment=part.id, level=found.level,
        form=found.form, texts=texts, **due, **said,
    )


def _open_order(part: Assignment) -> SupervisionOrder:
    query = select(SupervisionOrder).where(
        SupervisionOrder.assignment_id == part.id, text(STANDS)
    )
    return db.session.scalars(query).one()


def _fault_of(due_at: datetime | None, now: datetime) -> str:
    return "" if due_at is not None and due_at > now else "not_ahead"


def _refuse(faults: dict[str, str]) -> None:
    found = {name: fault for name, fault in faults.items() if fault}
    if found:
        raise errors.Invalid(fields=found)
