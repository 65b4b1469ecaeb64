"""通知. What staff are told: written down with what causes it, told once to each, read by each.

Whom it concerns is data (`Target`); who that is now is looked up by app/recipients.py: accounts are not here.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select, true, update
from sqlalchemy.dialects.postgresql import insert

from db import db
from tickets.concerned import ABOVE as UNIT_ABOVE
from tickets.concerned import AT_WORK, BELOW, LEAD, LEFT, NEW, OWN
from tickets.deadlines import EMAIL, IN_APP
from tickets.models import Ticket
from tickets.notice_models import Notice
from tickets.permissions import Actor, visible_to

PAGE = 30
UNIT, ABOVE, CITY, MAILBOX, MAY = "unit", "above", "city", "mailbox", "may"
_TARGET = re.compile(
    r"(unit|above|city):([a-z][a-z0-9_]{1,39})(?:@([a-z]{1,12}))?|(may):([a-z]+\.[a-z_]+)|mailbox"
)
BOTH = (IN_APP, EMAIL)


@dataclass(frozen=True, slots=True)
class Target:
    """Whom something concerns: who has `role` for the unit, for the unit above it, or for the city; who `may` do
    something (`role` is then the permission) in the whole city; or the mailbox of the unit.

    With a `clock`, only where it is about that clock, or, of what is no clock's, where the ticket waits under it.
    """

    of: str
    role: str = ""
    clock: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Target":
        """From "unit:handler", "city:dispatcher@dispatch", "may:order.issue" or "mailbox". Raises ValueError."""
        match = _TARGET.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} names nobody: unit:, above: or city:ROLE, may:PERMISSION, mailbox.")
        return cls(match[1] or match[4] or MAILBOX, match[2] or match[5] or "", match[3])


@dataclass(frozen=True)
class Rule:
    """That an event of some kind is told: as what, to whom, how.

    `units` is whose people those of a unit are, as tickets/concerned.py finds them; `when` is what the event must
    say for the rule to hold.
    """

    kind: str
    targets: tuple[Target, ...]
    ways: tuple[str, ...] = (IN_APP,)
    units: str = OWN
    when: Mapping[str, Any] = field(default_factory=dict)

    def holds(self, payload: Mapping[str, Any]) -> bool:
        """Whether an event that says this is told by the rule."""
        return all(payload.get(name) == value for name, value in self.when.items())


def _rule(
    kind: str, *targets: str, ways: tuple[str, ...] = (IN_APP,), units: str = OWN, **when: Any
) -> Rule:
    return Rule(kind, tuple(map(Target.parse, targets)), ways, units, when)


PEOPLE = ("unit:handler", "unit:department_lead")
"""Of a unit: who works on the matter, and who answers for it."""

RULES: Mapping[str, tuple[Rule, ...]] = {
    # Whom a rung of the ladder concerns, and how they are told, is said by the city's tiers and policies.
    "ticket.escalated": (_rule("escalated"),),
    "ticket.urged": (
        _rule("urged", "unit:handler", "city:dispatcher@dispatch", "city:supervisor@review", units=AT_WORK),
    ),
    "attachment.added": (_rule("files_added", "unit:handler", units=AT_WORK, from_citizen=True),),
    "ticket.rejected": (_rule("rejected", "unit:handler", ways=BOTH, units=LEAD),),
    "ticket.redone": (_rule("redone", *PEOPLE, ways=BOTH, units=LEAD),),
    "call.emergency": (_rule("call_emergency", "may:call.coach"),),
    # Whose it is
    "assignment.return_requested": (_rule("return_requested", "city:dispatcher"),),
    "assignment.upheld": (_rule("upheld", "unit:handler"),),
    "assignment.returned": (_rule("returned", "unit:handler"),),
    "assignment.recalled": (_rule("recalled", *PEOPLE, units=LEFT),),
    "ticket.disputed": (_rule("disputed", "may:dispute.adjudicate"),),
    "ticket.dispatched": (_rule("designated", *PEOPLE, ways=BOTH, is_designated=True),),
    "ticket.merged": (_rule("merged", "unit:handler", units=LEFT),),
    "ticket.withdrawn": (_rule("withdrawn", "unit:handler", units=LEFT),),
    "ticket.taken_in": (_rule("taken_in", "unit:handler", units=AT_WORK),),
    # Between units
    "ticket.assists_added": (
        _rule("asked_to_help", *PEOPLE, ways=BOTH, units=NEW), _rule("assists_added", "unit:handler", units=LEAD),
    ),
    "assignment.delegated": (_rule("delegated", *PEOPLE, ways=BOTH, units=BELOW),),
    "assignment.declined": (_rule("declined", *PEOPLE, ways=BOTH, units=UNIT_ABOVE),),
    "assignment.contributed": (_rule("contributed", "unit:handler", units=UNIT_ABOVE),),
    "assignment.sent_back": (_rule("sent_back", "unit:handler", ways=BOTH),),
    "assignment.waived": (_rule("waived", "unit:handler"),),
    "meeting.called": (_rule("meeting", *PEOPLE, ways=BOTH, units=AT_WORK),),
    # What was asked for and decided
    "extension.asked": (
        _rule("extension_asked", "may:extension.decide", decides="extension.decide"),
        _rule("extension_asked", "may:extension.decide_again", decides="extension.decide_again"),
    ),
    "extension.granted": (_rule("extension_granted", *PEOPLE),),
    "extension.refused": (_rule("extension_refused", *PEOPLE, ways=BOTH),),
    "suspension.asked": (_rule("suspension_asked", "may:suspension.decide"),),
    "suspension.refused": (_rule("suspension_refused", *PEOPLE, ways=BOTH),),
    "ticket.suspended": (_rule("suspended", *PEOPLE, units=AT_WORK),),
    "suspension.prolonged": (_rule("prolonged", *PEOPLE, units=AT_WORK),),
    "ticket.resumed": (_rule("resumed", *PEOPLE, ways=BOTH, units=AT_WORK),),
    "exclusion.asked": (_rule("exclusion_asked", "may:exclusion.decide"),),
    "exclusion.granted": (_rule("exclusion_granted", "unit:department_lead"),),
    "exclusion.refused": (_rule("exclusion_refused", "unit:department_lead"),),
    "appeal.asked": (_rule("appeal_asked", "may:appeal.decide"),),
    "appeal.granted": (_rule("appeal_granted", *PEOPLE, ways=BOTH, units=LEAD),),
    "appeal.refused": (_rule("appeal_refused", "unit:handler", units=LEAD),),
    # Orders from above
    "order.issued": (
        _rule("order_renewed", *PEOPLE, "mailbox", ways=BOTH, is_renewed=True),
        _rule("order_issued", *PEOPLE, "mailbox", ways=BOTH, is_renewed=None),
    ),
    "order.answered": (_rule("order_answered", "may:order.issue"),),
    "order.settled": (_rule("order_settled", *PEOPLE),),
}
"""Kind of event -> what is told of it. One more line tells of one more kind. Who did it is not told of it."""


@dataclass(frozen=True)
class Recipient:
    """A member of staff, or a unit for its mailbox; `has_mail`: there is an address, and it is to be used."""

    staff: int | None = None
    unit: int | None = None
    has_mail: bool = False


Row = dict[str, Any]


def rows_of(
    kind: str, recipients: Iterable[Recipient], ticket_id: int | None, now: datetime, *, key: str,
    ways: Collection[str] = (IN_APP,), **facts: Any,
) -> list[Row]:  # fmt: skip
    """What is to be written down so that they are told. `facts` are ids, codes, numbers and moments as text."""
    return [
        {
            "key": key, "kind": kind, "way": way, "staff_id": one.staff, "department_id": one.unit,
            "ticket_id": ticket_id, "facts": facts, "created_at": now,
            "state": "PENDING" if way == EMAIL else "SENT", "next_at": now if way == EMAIL else None,
        }
        for one in recipients
        for way in ways
        if (one.has_mail if way == EMAIL else one.staff is not None)
    ]  # fmt: skip


def tell(rows: Sequence[Row]) -> set[int]:
    """Write these down, in the running transaction; who was told under the same key before is not again.

    Returns the staff who have something to look at in the product. Whether it is new to each is not asked of the
    database: to have rows come back costs more than to write them, and a bell rung twice tells nothing twice.
    """
    if rows:
        db.session.connection().execute(insert(Notice).on_conflict_do_nothing(), rows)
    return {row["staff_id"] for row in rows if row["way"] == IN_APP}


def was_told(actor: Actor, key: str) -> bool:
    """Whether this person was told of it in the product."""
    mine = select(Notice.id).where(Notice.key == key, Notice.way == IN_APP, Notice.staff_id == actor.id)
    return actor.kind == "staff" and db.session.scalar(mine.limit(1)) is not None


def told(actor: Actor, keys: Collection[str]) -> set[str]:
    """Those of these of which this person was told in the product."""
    mine = select(Notice.key).where(Notice.key.in_(keys), Notice.way == IN_APP, Notice.staff_id == actor.id)
    return set(db.session.scalars(mine)) if keys and actor.kind == "staff" else set()


@dataclass(frozen=True)
class Line:
    """One notice as its reader sees it; without a number where the ticket is out of the reader's sight by now."""

    id: int
    kind: str
    created_at: datetime
    read_at: datetime | None
    facts: Mapping[str, Any]
    ticket_id: int | None
    number: str | None
    title: str | None


@dataclass(frozen=True)
class NoticePage:
    rows: Sequence[Line]
    next: int | None


def page_of(actor: Actor, before: int | None = None, unread: bool = False, limit: int = PAGE) -> NoticePage:
    """What this person was told, the latest first, of ids below `before`."""
    query = (
        select(Notice, Ticket.number, Ticket.title, Ticket.id)
        .outerjoin(Ticket, and_(Ticket.id == Notice.ticket_id, visible_to(actor, Ticket.rooms)))
        .where(Notice.staff_id == actor.id, Notice.way == IN_APP)
        .where(Notice.id < before if before is not None else true())
        .where(Notice.read_at.is_(None) if unread else true())
    )
    found = db.session.execute(query.order_by(Notice.id.desc()).limit(limit + 1)).all()
    rows = [
        Line(row.id, row.kind, row.created_at, row.read_at, row.facts, ticket_id, number, title)
        for row, number, title, ticket_id in found[:limit]
    ]
    return NoticePage(rows, rows[-1].id if len(found) > limit else None)


MANY = 100
"""So many unread ones are counted at most: who has more knows enough."""


def unread(actor: Actor) -> int:
    """How many notices this person has not read, up to MANY."""
    mine = select(Notice.id).where(
        Notice.staff_id == actor.id, Notice.way == IN_APP, Notice.read_at.is_(None)
    )
    return db.session.scalar(select(func.count()).select_from(mine.limit(MANY).subquery())) or 0


def read_one(actor: Actor, now: datetime, notice_id: int) -> None:
    """Mark one as read; somebody else's stays as it is."""
    db.session.execute(_mine(actor).where(Notice.id == notice_id).values(read_at=now))


def read(actor: Actor, now: datetime, keys: Collection[str]) -> None:
    """Mark those of these keys as read."""
    db.session.execute(_mine(actor).where(Notice.key.in_(keys)).values(read_at=now))


def read_all(actor: Actor, now: datetime, up_to: int) -> None:
    """Mark everything as read that had come when the page was made, `up_to` with that id."""
    db.session.execute(_mine(actor).where(Notice.id <= up_to).values(read_at=now))


def _mine(actor: Actor) -> Any:
    mine = update(Notice).where(Notice.staff_id == actor.id, Notice.way == IN_APP, Notice.read_at.is_(None))
    return mine.execution_options(synchronize_session=False)
