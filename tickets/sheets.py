"""A ticket on paper for somebody outside: what is to be done, where, by when; not who asked or is accused.

No word of the complaint is on it: people name themselves, others and their doors in ways that no mask knows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from db import db
from routing import service as routing
from routing.values import Unit
from tickets import attached, errors, hiding, outward
from tickets.attached import Attached
from tickets.change import finish, lock, require, write_texts
from tickets.lifecycle import SIDE_RECORDS, WORKED_ON
from tickets.models import Deadline, Ticket, TicketText
from tickets.permissions import Actor, may
from tickets.vault import Vault

LONGEST_TASK = 2000


@dataclass(frozen=True)
class TaskSheet:
    """What a property manager or contractor is given."""

    number: str
    task: str
    category: str | None
    region: str | None
    place: str
    due_at: datetime | None
    unit: Unit
    photos: tuple[Attached, ...] = ()


def photos_for(actor: Actor, ticket_id: int, ids: Collection[int]) -> Sequence[Attached]:
    """The pictures that were chosen for a sheet, to be looked at before it is made. Raises NotFound, Invalid."""
    attached.seen(actor, ticket_id)
    return attached.of_matter(ticket_id, ids)


def task_sheet(
    actor: Actor, now: datetime, ticket_id: int, assignment_id: int, task: str, vault: Vault,
    photos: Collection[int] = (), is_read: bool = False,
) -> TaskSheet:  # fmt: skip
    """The sheet of one unit's part, with the task in the unit's own words; that it was made is recorded.

    `is_read`: the unit says that it has read the task and that it names nobody.

    No picture is on it but those of the matter that were chosen for it.

    Of a confidential ticket there is none: the matter alone may give its caller away. Raises NotFound, Forbidden,
    NotNow, Invalid.
    """
    locked = lock(actor, ticket_id)
    part = locked.part(assignment_id)
    if not may(actor, SIDE_RECORDS["task_sheet"], unit=part.department_id):
        raise errors.Forbidden(action="task_sheet")
    if part.state not in WORKED_ON:
        raise errors.NotNow(action="task_sheet", state=part.state)
    if locked.ticket.confidential:
        raise errors.NotNow(action="task_sheet", state="confidential")
    require(task_note=task, task_read=is_read or None)
    chosen = tuple(attached.of_matter(ticket_id, photos))
    texts = write_texts(locked.ticket, {"task_note": task}, actor, now, part)
    finish(
        locked, actor, now, "ticket.task_sheet", unit=part.department_id, assignment=part.id, texts=texts,
        attachments=[one.id for one in chosen] or None,
    )
    return replace(_sheet(locked.ticket, part.department_id, part.id, task, vault), photos=chosen)


def draft(ticket_id: int, vault: Vault) -> str:
    """What the matter says, masked as far as masks go: to be turned into a task by who has read it."""
    bodies = _texts(ticket_id)
    people = [*hiding.caller_of(ticket_id, vault).values(), bodies.get("accused", "")]
    return _shown(bodies.get("content", ""), people)[:LONGEST_TASK]


def _shown(text: str, people: Collection[str]) -> str:
    return hiding.without(outward.mask(hiding.without(text, people)), people)


def _sheet(ticket: Ticket, unit_id: int, part_id: int, task: str, vault: Vault) -> TaskSheet:
    caller = hiding.caller_of(ticket.id, vault)
    return TaskSheet(
        number=ticket.number or "",
        task=_shown(task, [*caller.values(), _texts(ticket.id).get("accused", "")]),
        category=ticket.category_code,
        region=ticket.region_code,
        place=outward.mask(hiding.Veil(caller).place(ticket.place or "")),
        due_at=_due(part_id),
        unit=routing.current().units_by_id[unit_id],
    )


def _texts(ticket_id: int) -> dict[str, str]:
    rows = db.session.scalars(
        select(TicketText)
        .where(
            TicketText.ticket_id == ticket_id,
            TicketText.field.in_(["content", "accused"]),
            TicketText.erased_at.is_(None),
        )
        .order_by(TicketText.version)
    )
    return {row.field: row.body for row in rows}


def _due(part_id: int) -> datetime | None:
    """When the unit's own handling limit runs out."""
    query = select(Deadline.due_at).where(
        Deadline.assignment_id == part_id, Deadline.clock.in_(["handle", "redo"]), Deadline.stopped_at.is_(None)
    )
    return db.session.scalar(query.order_by(Deadline.due_at).limit(1))
