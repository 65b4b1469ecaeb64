"""Which units an event concerns: the one it is about, the one above or below it, those at work, those it left."""

from collections.abc import Callable, Mapping, Sequence

from tickets.event_models import TicketEvent
from tickets.guards import above, lead_of
from tickets.lifecycle import OPEN_PART, AssignmentState
from tickets.models import Assignment

OWN, ABOVE, BELOW, NEW = "own", "above", "below", "new"
LEAD, AT_WORK, LEFT = "lead", "at_work", "left"

Parts = Sequence[Assignment]


def units_of(which: str, event: TicketEvent, parts: Parts) -> tuple[int, ...]:
    """Ids of units, each once; `parts` are all of the ticket, in their order."""
    if which == OWN:
        return () if event.department_id is None else (event.department_id,)
    if which == BELOW:
        return (event.payload["below"],)
    if which == NEW:
        return tuple(event.payload["assists"])
    return tuple(dict.fromkeys(part.department_id for part in _FOUND[which](event, parts)))


def _above(event: TicketEvent, parts: Parts) -> Parts:
    own = next(part for part in parts if part.id == event.payload["assignment"])
    upper = above(own, parts)
    return () if upper is None else (upper,)


def _lead(_event: TicketEvent, parts: Parts) -> Parts:
    lead = lead_of(parts)
    return () if lead is None else (lead,)


def _at_work(_event: TicketEvent, parts: Parts) -> Parts:
    return [part for part in parts if part.state in (*OPEN_PART, AssignmentState.SUBMITTED)]


def _left(event: TicketEvent, parts: Parts) -> Parts:
    """Those whose part the event itself ended."""
    return [part for part in parts if part.state == AssignmentState.CANCELLED and part.ended_at == event.at]


_FOUND: Mapping[str, Callable[[TicketEvent, Parts], Parts]] = {
    ABOVE: _above, LEAD: _lead, AT_WORK: _at_work, LEFT: _left,
}
