"""Who may do what, and who sees what. One rule of rooms decides the check, the list and the live board."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement, false
from sqlalchemy.orm import InstrumentedAttribute

from tickets.lifecycle import HELD, AssignmentState, TicketState

CONFIDENTIAL = "/c"


@dataclass(frozen=True)
class Actor:
    """Who acts: `kind` is staff, citizen or system. `ticket_id`: whose number and code were proved.

    `permissions` are held for the whole city; `units` maps each unit whose work the actor does to what is held
    there, so that a lead of one unit who helps out in another is no lead in the other.
    """

    kind: str
    id: int | None = None
    permissions: frozenset[str] = frozenset()
    units: Mapping[int, frozenset[str]] = field(default_factory=dict)
    ticket_id: int | None = None
    name: str = field(default="", compare=False)

    @property
    def departments(self) -> frozenset[int]:
        return frozenset(self.units)

    def holds(self, permission: str) -> bool:
        """Whether the permission is held anywhere: for menus and doors, not for one ticket."""
        return permission in self.permissions or any(permission in held for held in self.units.values())


SYSTEM = Actor(
    "system",
    permissions=frozenset(
        {
            "ticket.register", "ticket.route", "ticket.dispatch", "ticket.escalate", "ticket.follow_up",
            "ticket.ask", "ticket.archive", "assignment.sign", "assignment.handle",
        }
    ),
)
SWITCHBOARD = Actor("system", permissions=frozenset({"ticket.open", "ticket.give"}))
"""Who begins the draft of a call before anybody has answered it."""
VISITOR = Actor("citizen", permissions=frozenset({"ticket.register"}))


OF_CALLER = frozenset({"ticket.rate", "ticket.urge", "ticket.supplement", "ticket.withdraw", "ticket.appeal"})


def caller_of(ticket_id: int) -> Actor:
    """The citizen who proved number and query code of one ticket."""
    return Actor("citizen", permissions=OF_CALLER, ticket_id=ticket_id)


def with_proof(actor: Actor, ticket_id: int) -> Actor:
    """A member of staff to whom the caller has told number and query code of one ticket: sees that one as well."""
    return replace(actor, ticket_id=ticket_id)


@dataclass(frozen=True)
class Scope:
    """The facts of a ticket that decide who sees it. `parts` are (department id, assignment state)."""

    ticket_id: int
    state: str
    registered_by: int | None
    confidential: bool
    parts: tuple[tuple[int, str], ...] = ()


def rooms_of_ticket(scope: Scope) -> frozenset[str]:
    """The rooms a ticket is in. A confidential one is in rooms of their own, but for who took it down."""
    rooms = set()
    if scope.registered_by is not None:
        rooms.add(f"staff:{scope.registered_by}")
    if scope.state in (TicketState.DRAFT, TicketState.DISCARDED):
        return frozenset(rooms)
    suffix = CONFIDENTIAL if scope.confidential else ""
    rooms.add("city" + suffix)
    if _waits_for_dispatch(scope):
        rooms.add("triage" + suffix)
    rooms |= {f"dept:{unit}{suffix}" for unit, state in scope.parts if state in HELD}
    return frozenset(rooms)


TRIAGED = (
    TicketState.REGISTERED, TicketState.NEED_INFO, TicketState.TO_DISPATCH, TicketState.MERGED,
    TicketState.DISPUTED,
)
"""States in which a dispatcher may have to do with a ticket: a merged one can be taken out again."""


def _waits_for_dispatch(scope: Scope) -> bool:
    return scope.state in TRIAGED or any(
        state == AssignmentState.RETURN_REQUESTED for _, state in scope.parts
    )


def rooms_of(actor: Actor) -> frozenset[str]:
    """The rooms an actor may be in; live boards join exactly these."""
    if actor.kind != "staff":
        return frozenset()
    rooms = {f"staff:{actor.id}"} if actor.holds("see.own") else set()
    rooms |= {"calls"} if "call.watch" in actor.permissions else set()
    wide = {room for room in ("triage", "city") if f"see.{room}" in actor.permissions}
    rooms |= _with_confidential(wide, actor.permissions)
    for unit, held in actor.units.items():
        if "see.department" in held:
            rooms |= _with_confidential({f"dept:{unit}"}, held)
    return frozenset(rooms)


def _with_confidential(rooms: set[str], held: frozenset[str]) -> set[str]:
    return rooms | {room + CONFIDENTIAL for room in rooms} if "see.confidential" in held else rooms


def sees(actor: Actor, ticket_id: int, rooms: Iterable[str]) -> bool:
    """Whether the actor may know of this ticket. The system sees all; a citizen the one with its code."""
    if actor.kind == "system":
        return True
    if actor.ticket_id == ticket_id:
        return True
    return not rooms_of(actor).isdisjoint(rooms)


def visible_to(actor: Actor, rooms: InstrumentedAttribute[list[str]]) -> ColumnElement[bool]:
    """The same rule as a filter on the column that holds a ticket's rooms."""
    mine = sorted(rooms_of(actor))
    return rooms.overlap(mine) if mine else false()


def knows_caller(actor: Actor, rooms: Iterable[str]) -> bool:
    """Whether the actor, who sees a ticket in these rooms, may also know who stands behind it."""
    return not _rooms_with_callers(actor).isdisjoint(rooms)


def callers_known_to(actor: Actor, rooms: InstrumentedAttribute[list[str]]) -> ColumnElement[bool]:
    """The same rule as a filter, to be asked besides `visible_to`."""
    mine = sorted(_rooms_with_callers(actor))
    return rooms.overlap(mine) if mine else false()


def _rooms_with_callers(actor: Actor) -> frozenset[str]:
    """Who stands behind a confidential ticket stays in the hotline centre, and with whoever took it down."""
    rooms = rooms_of(actor)
    if "see.city" not in actor.permissions:
        rooms = frozenset(room for room in rooms if not room.endswith(CONFIDENTIAL))
    return rooms | {f"staff:{actor.id}"} if actor.kind == "staff" else rooms


def may(actor: Actor, permission: str, *, unit: int | None = None) -> bool:
    """Whether the actor holds a permission; for one unit's part, whether for that unit."""
    if unit is None:
        return actor.holds(permission)
    return permission in actor.permissions or permission in actor.units.get(unit, ())
