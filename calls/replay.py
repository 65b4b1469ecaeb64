"""The calls of a past day read again from their events alone, and what differs from what is stored. Reads only.

Events tell every fact of a call, and facts tell everything else. What no fact tells, the line that was rung and
whether it was a citizen who rang, is taken from the row. The work after a talk is the seats', not the calls'.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from calls import figures, settings
from calls.figures import Asked
from calls.keeping import facts_of
from calls.kpis import Counts, Kpi, count, of_calls
from calls.machine import Fact, Progress, progress
from calls.models import Call
from db import db
from tickets.event_models import TicketEvent
from tickets.figures import Span

COLUMNS = (
    "state", "epoch", "started_at", "ivr_done_at", "queued_at", "waiting_since", "offered_at", "answered_at",
    "talk_ended_at", "ended_at", "interrupted_at", "staff_id", "queue_seconds", "talk_seconds", "hold_seconds",
    "end_reason", "ended_by",
)  # fmt: skip
"""What a call's row keeps of its progress."""
AROUND = timedelta(days=1)
"""A call that is queued on a day began no longer than this before."""


@dataclass(frozen=True)
class Difference:
    """What the row says otherwise than the events; `column` is "call" where one of the two is missing."""

    call_id: int
    column: str
    stored: Any
    told: Any


@dataclass(frozen=True)
class Replay:
    """A day as its events tell it, and as it is stored."""

    calls: int
    events: int
    told: Counts
    stored: Counts
    differences: tuple[Difference, ...]

    @property
    def is_same(self) -> bool:
        return not self.differences and self.told == self.stored

    @property
    def kpis(self) -> Mapping[str, tuple[Kpi, Kpi]]:
        """Figure -> as told, as stored; of those that facts alone decide."""
        told, stored = of_calls(self.told), of_calls(self.stored)
        return {name: (told[name], stored[name]) for name in told if name not in ("wrap_up", "aht")}


def replay(span: Span) -> Replay:
    """Read all calls of the span again. Whoever was queued or rang in it by either account is compared."""
    limits = settings.current()
    rows = {row.id: row for row in db.session.scalars(_rows(span))}
    facts = _told(span)
    again = {key: progress(known) for key, known in facts.items()}
    mine = sorted(
        key for key in rows.keys() | again.keys()
        if (key in rows and _is_in(rows[key], span)) or (key in again and _is_in(again[key], span))
    )  # fmt: skip
    differences = [one for key in mine for one in _differences(key, rows.get(key), facts.get(key), again.get(key))]
    told = [again[key] for key in mine if key in again and key in rows and rows[key].direction == "in"
            and _is_in(again[key], span)]  # fmt: skip
    stored = figures.counts(Asked(span))
    return Replay(
        calls=len(mine),
        events=sum(len(facts.get(key, ())) for key in mine),
        told=count(told, limits.answer_within),
        stored=replace(stored, wrap_up=0),
        differences=tuple(differences),
    )


def _rows(span: Span) -> Select[Any]:
    """Rows that began on the day or not long before it, whenever they were queued."""
    began = (Call.started_at >= span.start - AROUND, Call.started_at < span.end)
    return select(Call).where(*began).execution_options(populate_existing=True)


def _told(span: Span) -> dict[int, set[Fact]]:
    """Call -> its facts, from events alone. Ids grow with time, so those between the day's first and last are its
    own; calls whose row is gone are found by it too."""
    began = (Call.started_at >= span.start - AROUND, Call.started_at < span.end + AROUND)
    first, last = db.session.execute(select(func.min(Call.id), func.max(Call.id)).where(*began)).one()
    query = select(TicketEvent.subject_id, TicketEvent.payload).where(
        TicketEvent.subject == "call", TicketEvent.subject_id.between(first, last),
        TicketEvent.kind == "call.noted",
    )  # fmt: skip
    found: dict[int, set[Fact]] = {}
    for call_id, payload in db.session.execute(query.execution_options(yield_per=1000)):
        found.setdefault(call_id, set()).add(_fact(payload))
    return found


def _fact(payload: Mapping[str, Any]) -> Fact:
    at = datetime.fromisoformat(payload["moment"]).astimezone(UTC)
    return Fact(at, payload["fact"], payload["epoch"], payload.get("value", ""))


def _is_in(call: Call | Progress, span: Span) -> bool:
    placed = call.queued_at or call.started_at
    return placed is not None and span.start <= placed < span.end


def _differences(
    key: int, row: Call | None, facts: set[Fact] | None, again: Progress | None
) -> list[Difference]:
    if row is None or again is None or facts is None:
        return [Difference(key, "call", "there" if row else "missing", "there" if again else "missing")]
    found = [] if facts_of(row) == facts else [Difference(key, "facts", len(row.facts), len(facts))]
    for name in COLUMNS:
        stored, told = getattr(row, name), getattr(again, name)
        # A call that was placed by us has no fact of its beginning.
        if stored != told and not (name == "started_at" and told is None):
            found.append(Difference(key, name, stored, told))
    return found
