"""Reads of many tickets: the boards. Plain rows out, filtered by the one rule of rooms."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Select, func, literal_column, null, or_, select, true, tuple_
from sqlalchemy.orm import aliased

from db import db
from routing import service as routing
from tickets import errors, keys
from tickets.lifecycle import BEFORE_DISPATCH, GONE, WORKED_ON, AssignmentState, TicketState
from tickets.models import NO_MOMENT, Assignment, Deadline, Escalation, Rating, Ticket, TicketText
from tickets.narrowing import NOTHING, Wanted, conditions, running_clocks
from tickets.permissions import Actor, visible_to
from tickets.request_models import Application, SupervisionOrder
from tickets.terms import NOT_OF_UNITS, URGE

PAGE = 50


@dataclass(frozen=True)
class Row:
    """One line of a board or list. No personal data: the title was masked when it was written.

    `part` is the state of the part that the line is about, on boards of a unit's own parts, `part_id` which it is.
    """

    id: int
    number: str | None
    title: str
    state: str
    part: str | None
    part_id: int | None
    urgency: str
    type: str
    channel: str
    category: str | None
    region: str | None
    unit: int | None
    unit_name: str | None
    clock: str | None
    due_at: datetime | None
    yellow_at: datetime | None
    tier: str | None
    version: int
    confidential: bool
    registered_at: datetime | None

    def to_data(self) -> dict[str, Any]:
        """The row as JSON: moments in ISO 8601."""
        values = asdict(self)
        return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in values.items()}


@dataclass(frozen=True)
class Page:
    """Some rows in the board's order, and the key to ask for those after them (None at the end)."""

    rows: list[Row]
    next: str | None


@dataclass(frozen=True)
class Board:
    """What a board holds: who may open it, a condition, and the columns it is ordered and paged by.

    Boards in order of the nearest clock hold what is open, and can be narrowed.
    """

    who: str
    where: ColumnElement[bool]
    by: str  # due: earliest clock first; overdue: one line for each clock that is; new: latest first
    assigned: bool = False
    clock: str = ""
    """The clock that the board is about, where it is not simply the nearest."""

    @property
    def narrows(self) -> bool:
        return self.by == "due"


_PART = aliased(Assignment)
_CLOCK = aliased(Deadline)
_WAITING = Ticket.state.in_([TicketState.REGISTERED, TicketState.NEED_INFO, TicketState.TO_DISPATCH])
_RETURNED = (
    select(Assignment.id)
    .where(Assignment.ticket_id == Ticket.id, Assignment.state == AssignmentState.RETURN_REQUESTED)
    .exists()
)
_OF_UNIT = sorted(WORKED_ON | {AssignmentState.SUBMITTED})
_IN_HAND = [
    AssignmentState.HANDLING, AssignmentState.NEED_INFO, AssignmentState.REJECTED,
    AssignmentState.RETURN_REQUESTED,
]  # fmt: skip


def _asks_for(kind: str, again: bool = False) -> ColumnElement[bool]:
    """Something of this kind waits for a decision; `again`: it is not the first of its kind for the part."""
    asked = select(Application.ticket_id).where(
        Application.kind == kind, Application.state == "asked", (Application.level > 1) == again
    )
    return Ticket.id.in_(asked)


def _ordered(*states: str) -> ColumnElement[bool]:
    return Ticket.id.in_(select(SupervisionOrder.ticket_id).where(SupervisionOrder.state.in_(states)))


_ORDERED_PART = _PART.id.in_(select(SupervisionOrder.assignment_id).where(SupervisionOrder.state == "issued"))
_URGED = Ticket.closed_at.is_(None) & (
    select(TicketText.id).where(TicketText.ticket_id == Ticket.id, TicketText.field == "urge_note").exists()
)
_BADLY_RATED = tuple_(Ticket.id, Ticket.round).in_(
    select(Rating.ticket_id, Rating.round).where(
        Rating.judged.is_(None), or_(~Rating.solved, Rating.satisfied == 1)
    )
) & (Ticket.state == TicketState.CLOSED)

_NOT_YET_DISPATCHED = Ticket.closed_at.is_(None) & Ticket.state.in_(sorted(BEFORE_DISPATCH))
_WITH_UNITS = Ticket.closed_at.is_(None) & Ticket.state.not_in(sorted(BEFORE_DISPATCH))

BOARDS: dict[str, Board] = {
    "mine_new": Board("see.own", _NOT_YET_DISPATCHED, "due"),
    "mine_open": Board("see.own", _WITH_UNITS, "due"),
    "mine_overdue": Board("see.own", Ticket.closed_at.is_(None), "overdue"),
    "mine": Board("see.own", true(), "new"),
    "triage": Board("see.triage", _WAITING, "due"),
    "returns": Board("see.triage", _RETURNED, "due"),
    "inbox": Board("see.department", _PART.state.in_(_OF_UNIT), "due", assigned=True),
    "to_sign": Board("see.department", _PART.state == AssignmentState.PENDING_SIGN, "due", assigned=True),
    "in_hand": Board("see.department", _PART.state.in_(_IN_HAND), "due", assigned=True),
    "submitted": Board("see.department", _PART.state == AssignmentState.SUBMITTED, "new", assigned=True),
    "unit_overdue": Board("see.department", _PART.state.in_(sorted(WORKED_ON)), "overdue", assigned=True),
    "unit_ordered": Board("see.department", _ORDERED_PART, "due", assigned=True, clock="order"),
    "review": Board("ticket.review", Ticket.state == TicketState.TO_REVIEW, "due"),
    "callback": Board("ticket.follow_up", Ticket.state == TicketState.TO_CALLBACK, "due"),
    "disputed": Board("dispute.adjudicate", Ticket.state == TicketState.DISPUTED, "due", clock="dispute"),
    "extensions": Board("extension.decide", _asks_for("extension"), "due", clock="decision"),
    "extensions_again": Board("extension.decide_again", _asks_for("extension", True), "due", clock="decision"),
    "suspensions": Board("suspension.decide", _asks_for("suspension"), "due", clock="decision"),
    "suspended": Board("suspension.decide", Ticket.state == TicketState.SUSPENDED, "due", clock="suspension"),
    "ordered": Board("order.issue", _ordered("issued", "answered"), "due", clock="order"),
    "appeals": Board("appeal.decide", _asks_for("appeal"), "due", clock="appeal"),
    "badly_rated": Board("appeal.decide", _BADLY_RATED, "new"),
    "exclusions": Board("exclusion.decide", _asks_for("exclusion"), "due", clock="decision"),
    "urged": Board("see.city", _URGED, "due", clock=URGE),
    "green": Board("see.city", Ticket.green_channel & Ticket.closed_at.is_(None), "due"),
    "overdue": Board("see.city", true(), "overdue"),
    "all": Board("see.city", true(), "new"),
}


def boards_of(actor: Actor) -> list[str]:
    """The boards this actor may open, in their order."""
    return [name for name, board in BOARDS.items() if actor.holds(board.who)]


def board(
    actor: Actor,
    now: datetime,
    name: str,
    after: str | None = None,
    limit: int = PAGE,
    wanted: Wanted = NOTHING,
) -> Page:
    """One page of a board. Costs depend on what is open, never on what was closed. Raises NotFound."""
    kind = board_of(actor, name)
    return _page(lines_of(actor, now, name, wanted), kind.by, after, limit)


def board_of(actor: Actor, name: str) -> Board:
    """A board that the actor may open. Raises NotFound."""
    kind = BOARDS.get(name)
    if kind is None or not actor.holds(kind.who):
        raise errors.NotFound()
    return kind


def lines_of(actor: Actor, now: datetime, name: str, wanted: Wanted) -> Select[Any]:
    """The lines of a board that the actor may see, in no order."""
    kind, query = BOARDS[name], _QUERIES[name]
    if kind.who == "see.own":
        # A ticket is always in the room of whoever took it down. To ask for the room as well would hide from
        # the planner that the index holds the page in its order.
        query = query.where(Ticket.registered_by == actor.id)
    else:
        query = query.where(visible_to(actor, Ticket.rooms))
    if kind.assigned:
        query = query.where(_PART.department_id.in_(sorted(actor.departments)))
    if kind.by == "overdue":
        query = query.where(_CLOCK.due_at < now, _CLOCK.stopped_at.is_(None), _CLOCK.paused_at.is_(None))
        if kind.assigned:
            query = query.where(_CLOCK.clock.not_in(NOT_OF_UNITS))
    if kind.narrows and not wanted.is_empty:
        columns = query.selected_columns
        query = query.where(*conditions(wanted, now, columns, _PART if kind.assigned else None))
    return query


def clocks_of(actor: Actor, now: datetime, name: str, wanted: Wanted) -> Select[Any]:
    """Every running clock of the parts on a board of a unit's parts, in no order. Raises NotFound."""
    kind = board_of(actor, name)
    if not kind.assigned:
        raise errors.NotFound()
    query: Any = select(Deadline.due_at, Deadline.yellow_at).join(Ticket, Ticket.id == Deadline.ticket_id)
    clocks: Select[Any] = query.join(
        _PART, (_PART.ticket_id == Deadline.ticket_id) & (_PART.id == Deadline.assignment_id)
    ).where(
        kind.where,
        visible_to(actor, Ticket.rooms),
        _PART.department_id.in_(sorted(actor.departments)),
        *running_clocks(NOTHING, Deadline),
        *conditions(wanted, now, Deadline, _PART),
    )
    return clocks


def listed(ids: Collection[int], more: bool) -> Page:
    """A page of tickets by their ids, newest first; `more`: others come after the last."""
    return _page(_ANY.where(Ticket.id.in_(ids)), "new", None, len(ids), more)


def _rows_query(kind: Board | None) -> Select[Any]:
    """Tickets with their current unit and nearest running clock, one row each (or one a part of a unit's)."""
    if kind is not None and kind.by == "overdue":
        overdue = _columns_of(_CLOCK, _PART.department_id, _CLOCK.id, _CLOCK.due_at, kind.assigned)
        return overdue.join(_CLOCK, _CLOCK.ticket_id == Ticket.id).outerjoin(
            _PART, _PART.id == _CLOCK.assignment_id
        )
    if kind is not None and kind.assigned:
        of_part = (Deadline.ticket_id == _PART.ticket_id) & (Deadline.assignment_id == _PART.id)
        clock = nearest(of_part, kind.clock)
        due = clock.c.due_at if kind.clock else _PART.due_at
        parts = _columns_of(clock, _PART.department_id, _PART.id, due, of_parts=True)
        return parts.join(_PART, _PART.ticket_id == Ticket.id).outerjoin(clock, true())
    name = kind.clock if kind else ""
    clock = nearest(Deadline.ticket_id == Ticket.id, name)
    lead = (
        select(Assignment.department_id)
        .where(Assignment.ticket_id == Ticket.id, Assignment.role == "lead", Assignment.state.not_in(sorted(GONE)))
        .order_by(Assignment.id.desc())
        .limit(1)
        .lateral()
    )
    due = clock.c.due_at if name else Ticket.due_at
    tickets = _columns_of(clock, lead.c.department_id, Ticket.id, due)
    return tickets.outerjoin(clock, true()).outerjoin(lead, true())


def nearest(condition: ColumnElement[bool], name: str = "") -> Any:
    """The running clock that is due first, or that of the name, to be joined to each row.

    One that stands still is due at no moment yet.
    """
    if name:
        condition = condition & (Deadline.clock == name)
    return (
        select(Deadline.id, Deadline.due_at, Deadline.yellow_at, Deadline.clock)
        .where(condition, Deadline.stopped_at.is_(None), Deadline.paused_at.is_(None))
        .order_by(Deadline.due_at, Deadline.id)
        .limit(1)
        .lateral()
    )


def _columns_of(clock: Any, unit: Any, line: Any, due: Any, of_parts: bool = False) -> Select[Any]:
    """`line` tells the rows of one ticket apart: the id of whatever has a row of its own.

    `due` is the clock's moment from where it can be read in order, without a look for the clock of every line.
    """
    columns = getattr(clock, "c", clock)
    tier = (
        select(Escalation.tier)
        .where(Escalation.deadline_id == columns.id)
        .order_by(Escalation.level.desc())
        .limit(1)
        .scalar_subquery()
    )
    query: Any = select(
        Ticket.id, Ticket.number, Ticket.title, Ticket.state, Ticket.urgency, Ticket.type, Ticket.channel,
        Ticket.category_code, Ticket.region_code, Ticket.version, Ticket.confidential, Ticket.registered_at,
        unit.label("unit"), line.label("line"), (_PART.state if of_parts else null()).label("part"),
        (_PART.id if of_parts else null()).label("part_id"), columns.clock.label("clock"),
        due.label("due_at"), columns.yellow_at.label("yellow_at"), tier.label("tier"),
    )
    rows: Select[Any] = query.select_from(Ticket)
    return rows


_ANY = _rows_query(None)
_QUERIES = {name: _rows_query(kind).where(kind.where) for name, kind in BOARDS.items()}
"""Made once: putting them together takes longer than running them."""


def _page(query: Select[Any], by: str, after: str | None, limit: int, more: bool = False) -> Page:
    """Page by key: the values of the last row, not an offset, so that a page costs the same anywhere."""
    columns = query.selected_columns
    line: Any = columns["line"]
    key = keys.decode(after) if after else None
    if by in ("due", "overdue"):
        # What is overdue has its moment: without a word for none, an index holds the page in its order.
        due = columns["due_at"] if by == "overdue" else func.coalesce(columns["due_at"], _LAST)
        query = query.order_by(due, line)
        if key:
            query = query.where(tuple_(due, line) > tuple_(*key))
    else:
        query = query.order_by(line.desc())
        if key:
            query = query.where(line < key[1])
    found = db.session.execute(query.limit(limit + 1)).all()
    rows = [_row(values) for values in found[:limit]]
    more = more or len(found) > limit
    return Page(rows, _key_of(found[limit - 1]) if more else None)


_FAR = datetime.fromisoformat("9999-01-01T00:00:00+00:00")
_LAST: Any = literal_column(NO_MOMENT, DateTime(timezone=True))


def _key_of(values: Any) -> str:
    return keys.encode(values.due_at or _FAR, values.line)


def _row(values: Any) -> Row:
    reference = routing.current()
    unit = reference.units_by_id.get(values.unit)
    return Row(
        id=values.id,
        number=values.number,
        title=values.title,
        state=values.state,
        part=values.part,
        part_id=values.part_id,
        urgency=values.urgency,
        type=values.type,
        channel=values.channel,
        category=values.category_code,
        region=values.region_code,
        unit=values.unit,
        unit_name=unit.short_name if unit else None,
        clock=values.clock,
        due_at=values.due_at,
        yellow_at=values.yellow_at,
        tier=values.tier,
        version=values.version,
        confidential=values.confidential,
        registered_at=values.registered_at,
    )


def rows_by_id(ticket_ids: Collection[int], condition: ColumnElement[bool] | None = None) -> dict[int, Row]:
    """Board rows of these tickets as they stand, by ticket id."""
    if not ticket_ids:
        return {}
    query = _ANY.where(Ticket.id.in_(ticket_ids))
    if condition is not None:
        query = query.where(condition)
    return {values.id: _row(values) for values in db.session.execute(query)}


def open_tickets_of(unit_id: int, most: int = 10) -> tuple[int, list[str]]:
    """How many tickets a unit still has a part of to do, and the numbers of some; nothing of what is in them."""
    has_open_part = select(Assignment.ticket_id).where(
        Assignment.department_id == unit_id, Assignment.state.in_(WORKED_ON | {AssignmentState.SUBMITTED})
    )
    rows = select(Ticket.number, func.count().over()).where(Ticket.id.in_(has_open_part)).order_by(Ticket.id)
    found = db.session.execute(rows.limit(most)).all()
    return (found[0][1] if found else 0), [number or "" for number, _count in found]
