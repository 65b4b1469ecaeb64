"""What is attached to a ticket: the list for its page, one's own for a citizen, one file for who fetches it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from sqlalchemy import Text, any_, bindparam, cast, exists, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from db import db
from tickets import errors, hiding
from tickets.attachment_models import MATTER, SHOWS_WORK, Attachment
from tickets.hiding import Veil
from tickets.lifecycle import ENDED, TicketState
from tickets.models import Ticket
from tickets.permissions import CONFIDENTIAL, Actor, sees
from tickets.vault import Vault

UNDO = timedelta(hours=24)
"""What was taken out is kept so long at least, also where the ticket has ended."""


@dataclass(frozen=True)
class Attached:
    """One file as pages show it, and as it is fetched. `added_by` None: the citizen."""

    id: int
    ticket_id: int
    assignment_id: int | None
    purpose: str
    kind: str
    media_type: str
    name: str
    size: int
    digest: bytes
    file: str | None
    thumbnail: str | None
    added_by: int | None
    created_at: datetime
    removed_at: datetime | None
    removed_by: int | None

    @property
    def shows_work(self) -> bool:
        """Whether it can be the proof that a reply needs."""
        return self.kind in SHOWS_WORK


_COLUMNS = [Attachment.__table__.c[field.name] for field in fields(Attached)]
_OF_TICKET = (
    select(*_COLUMNS)
    .where(Attachment.ticket_id == bindparam("ticket_id"))
    .order_by(Attachment.id)
)
_OF_CITIZEN = _OF_TICKET.where(Attachment.added_by.is_(None), Attachment.removed_at.is_(None))

FROM_CITIZEN = exists(Attachment.id).where(Attachment.ticket_id == Ticket.id, Attachment.added_by.is_(None))
"""Whether there may be any, for a query of tickets."""


def of_ticket(ticket_id: int) -> tuple[Attached, ...]:
    """All that were put in and can still be seen or put back, to who sees the ticket."""
    return tuple(one for one in _read(_OF_TICKET, ticket_id) if one.file is not None)


def of_citizen(ticket_id: int) -> tuple[Attached, ...]:
    """What the ticket's own citizen sent. Of a ticket that others were merged into none of theirs is among it."""
    return _read(_OF_CITIZEN, ticket_id)


def _read(query: object, ticket_id: int) -> tuple[Attached, ...]:
    rows = db.session.execute(query, {"ticket_id": ticket_id})  # type: ignore[call-overload]
    return tuple(Attached(*row) for row in rows)


WITH_MASTER = {TicketState.MERGED, TicketState.TO_CALLBACK} | ENDED
"""States of a ticket that goes the way of the one it was merged into, or has gone it to the end."""


def of_merged(actor: Actor, ticket: Ticket, vault: Vault) -> tuple[Attached, ...]:
    """The matter's files of tickets merged into this one, under the names that its reader may know.

    For who sees this one, and works on it for those as well. Of a confidential ticket only for who would see this
    one too if it were confidential. What is handled anew by itself has its files for itself again.
    """
    query = (
        select(Ticket, *_COLUMNS)
        .select_from(Attachment)
        .join(Ticket, Ticket.id == Attachment.ticket_id)
        .where(Ticket.parent_id == ticket.id, Ticket.state.in_(WITH_MASTER))
        .where(Attachment.purpose == MATTER, Attachment.removed_at.is_(None))
        .order_by(Attachment.id)
    )
    veils: dict[int, Veil] = {}
    found = []
    for merged, *columns in db.session.execute(query):
        if merged.confidential and not _sees_confidential(actor, ticket, merged):
            continue
        if merged.id not in veils:
            veils[merged.id] = hiding.veil_for(actor, merged, vault)
        found.append(veiled(Attached(*columns), veils[merged.id]))
    return tuple(found)


def _sees_confidential(actor: Actor, ticket: Ticket, merged: Ticket) -> bool:
    rooms = [room.removesuffix(CONFIDENTIAL) + CONFIDENTIAL for room in ticket.rooms]
    return sees(actor, merged.id, [*merged.rooms, *rooms])


def veiled(one: Attached, veil: Veil) -> Attached:
    """The file under the name that this reader may know: people call files by names of people."""
    return replace(one, name=veil.text(one.name))


def of_matter(ticket_id: int, ids: Collection[int]) -> Sequence[Attached]:
    """These pictures of the matter, to be shown to somebody outside. Raises Invalid for any other."""
    found = [
        one for one in of_ticket(ticket_id)
        if one.id in ids and one.purpose == MATTER and one.thumbnail and one.removed_at is None
    ]  # fmt: skip
    if len(found) < len(set(ids)):
        raise errors.Invalid(fields={"photos": "unknown"})
    return found


def fetched(actor: Actor, ticket_id: int, attachment_id: int, vault: Vault) -> Attached:
    """One file of a ticket. Raises NotFound: the same for what is not there and for what the actor may not see.

    A citizen has what they sent and nothing else; what was taken out only staff can look at. With a ticket go the
    files of those merged into it.
    """
    ticket = seen(actor, ticket_id)
    is_staff = actor.kind == "staff"
    for one in of_ticket(ticket_id) if is_staff else of_citizen(ticket_id):
        if one.id == attachment_id and one.file is not None:
            return veiled(one, hiding.veil_for(actor, ticket, vault))
    for one in of_merged(actor, ticket, vault) if is_staff else ():
        if one.id == attachment_id:
            return one
    raise errors.NotFound()


def seen(actor: Actor, ticket_id: int) -> Ticket:
    """A ticket that the actor sees. Raises NotFound."""
    ticket = db.session.get(Ticket, ticket_id)
    if ticket is None or not sees(actor, ticket.id, ticket.rooms):
        raise errors.NotFound()
    return ticket


def known_files(names: Collection[str]) -> Collection[str]:
    """Which of these names on the disk a row knows."""
    these = any_(cast(list(names), ARRAY(Text)))  # one parameter, however many they are
    query = select(Attachment.file, Attachment.thumbnail).where(
        (Attachment.file == these) | (Attachment.thumbnail == these)
    )
    return {name for row in db.session.execute(query) for name in row if name}


def let_go(now: datetime) -> None:
    """Forget the files of what was taken out of tickets that have ended since: a sweep deletes them."""
    over = select(Ticket.id).where(Ticket.id == Attachment.ticket_id, Ticket.closed_at < now - UNDO)
    db.session.execute(
        update(Attachment)
        .where(Attachment.file.is_not(None), Attachment.removed_at < now - UNDO, over.exists())
        .values(file=None, thumbnail=None),
        execution_options={"synchronize_session": False},
    )
