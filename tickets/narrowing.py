"""What a list of tickets is narrowed to, as conditions of its query. Nothing in it points to a caller."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, or_, select
from sqlalchemy.orm import aliased

from routing import service as routing
from tickets.lifecycle import ENDED, AssignmentState, TicketState
from tickets.models import Assignment, Deadline, Ticket

_CLOCK = aliased(Deadline)
NO_CLOCK = "none"
LIGHTS = ("red", "yellow", "green", NO_CLOCK)
STATES = tuple(state for state in TicketState if state not in (TicketState.DRAFT, TicketState.DISCARDED))


@dataclass(frozen=True)
class Wanted:
    """What is wanted of each ticket; what is empty wants nothing. Days are whole days of the city.

    `state` is a state of the unit's part where the list is one of parts, else of the ticket. `category` and `area`
    take what lies below as well, `unit` the units below; `staff` is who took the ticket down.
    """

    state: str = ""
    light: str = ""
    clock: str = ""
    type: str = ""
    urgency: str = ""
    category: str = ""
    area: str = ""
    unit: int | None = None
    staff: int | None = None
    registered_from: date | None = None
    registered_to: date | None = None
    due_from: date | None = None
    due_to: date | None = None

    @property
    def is_empty(self) -> bool:
        return self == NOTHING

    @property
    def asks_for_clock(self) -> bool:
        """Whether only a running clock can tell, which no ended ticket has."""
        return bool(self.light or self.clock or self.due_from or self.due_to)

    def to_data(self) -> dict[str, Any]:
        """What is wanted, as JSON and as the values of an address."""
        given = {key: value for key, value in asdict(self).items() if value not in ("", None)}
        return {key: value.isoformat() if isinstance(value, date) else value for key, value in given.items()}

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> "Wanted":
        """Back from `to_data`."""
        values: dict[str, Any] = {key: date.fromisoformat(data[key]) if key in DAYS else data[key] for key in data}
        return cls(**values)


NOTHING = Wanted()
DAYS = ("registered_from", "registered_to", "due_from", "due_to")


def light_of(now: datetime, clock: Any) -> ColumnElement[str]:
    """The light of a clock's columns, as `deadlines.light` has it; NO_CLOCK where none runs."""
    return case(
        (clock.due_at.is_(None), NO_CLOCK),
        (clock.due_at <= now, "red"),
        (clock.yellow_at <= now, "yellow"),
        else_="green",
    )


def conditions(
    wanted: Wanted, now: datetime, clock: Any = None, part: Any = None
) -> Iterable[ColumnElement[bool]]:
    """As conditions on tickets. `clock` has the columns of the nearest running clock, `part` those of a part in a
    list of parts."""
    yield from _of_ticket(wanted)
    if wanted.state:
        yield (part or Ticket).state == wanted.state
        if part is None and wanted.state not in ENDED:
            yield Ticket.closed_at.is_(None)  # what the index of open tickets is asked by
    if wanted.unit is not None:
        yield _of_units(routing.current().descendants(wanted.unit), part)
    if wanted.asks_for_clock:
        yield Ticket.closed_at.is_(None)
        yield from _of_clock(wanted, now, clock, part)


def _of_ticket(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    for name in ("type", "urgency"):
        if getattr(wanted, name):
            yield getattr(Ticket, name) == getattr(wanted, name)
    if wanted.category:
        below = Ticket.category_code.startswith(f"{wanted.category}-", autoescape=True)
        yield or_(Ticket.category_code == wanted.category, below)
    if wanted.area:
        chain = routing.current().region_chain(wanted.area)
        path = "/".join(chain)
        below = Ticket.region_path.startswith(f"{path}/", autoescape=True)
        yield or_(Ticket.region_path == path, below) if chain else false()
    if wanted.staff is not None:
        yield Ticket.registered_by == wanted.staff
    yield from _between(Ticket.registered_at, wanted.registered_from, wanted.registered_to)


def _of_units(units: Iterable[int], part: Any) -> ColumnElement[bool]:
    if part is not None:
        within: ColumnElement[bool] = part.department_id.in_(sorted(units))
        return within
    has_part = select(Assignment.ticket_id).where(
        Assignment.department_id.in_(sorted(units)), Assignment.state != AssignmentState.RETURNED
    )
    return Ticket.id.in_(has_part)


def _of_clock(wanted: Wanted, now: datetime, clock: Any, part: Any) -> Iterable[ColumnElement[bool]]:
    """Its light is that of the nearest clock; which runs, and when it is due, may be said by any."""
    if wanted.light:
        yield light_of(now, clock) == wanted.light
    if wanted.clock or wanted.due_from or wanted.due_to:
        yield _running(wanted, part).exists()


def _running(wanted: Wanted, part: Any) -> Select[Any]:
    query = select(_CLOCK.id).where(_CLOCK.ticket_id == Ticket.id, *running_clocks(wanted, _CLOCK))
    return query if part is None else query.where(_CLOCK.assignment_id == part.id)


def running_clocks(wanted: Wanted, clock: Any) -> Iterable[ColumnElement[bool]]:
    """The clocks that run, of the name and within the days that are wanted."""
    yield clock.stopped_at.is_(None)
    yield clock.paused_at.is_(None)
    if wanted.clock:
        yield clock.clock == wanted.clock
    yield from _between(clock.due_at, wanted.due_from, wanted.due_to)


def _between(moment: Any, first: date | None, last: date | None) -> Iterable[ColumnElement[bool]]:
    if first:
        yield and_(moment.is_not(None), moment >= midnight(first))
    if last:
        yield moment < midnight(last + timedelta(days=1))


def midnight(day: date) -> datetime:
    """The beginning of a day in the city."""
    return datetime.combine(day, time(), routing.current().zone)
