"""What routing suggests: for a matter being typed, and for tickets that wait, to be accepted with one key."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from db import db
from routing import service as routing
from routing.values import Decision
from tickets.dispatching import ask
from tickets.intake import Intake, columns_of, title_of
from tickets.models import RoutingDecision, Ticket


@dataclass(frozen=True)
class Suggestion:
    """The unit, by id and name, the assisting units' ids, and how sure routing was, from 0 to 1."""

    lead: int
    name: str
    assists: tuple[int, ...]
    confidence: float
    reasons: tuple[dict[str, Any], ...]


def suggest(now: datetime, intake: Intake) -> Decision:
    """What routing would say were this registered as it stands. Stores nothing."""
    return ask(Ticket(**columns_of(intake)), now, title_of(intake), intake.content)


def suggestions(ticket_ids: Collection[int]) -> dict[int, Suggestion]:
    """The latest suggestion for each of these tickets that has one whose unit still works."""
    if not ticket_ids:
        return {}
    latest = (
        select(RoutingDecision)
        .ext(distinct_on(RoutingDecision.ticket_id))
        .where(RoutingDecision.ticket_id.in_(ticket_ids))
        .order_by(RoutingDecision.ticket_id, RoutingDecision.id.desc())
    )
    return {row.ticket_id: found for row in db.session.scalars(latest) if (found := _suggestion(row))}


def _suggestion(row: RoutingDecision) -> Suggestion | None:
    reference = routing.current()
    unit = reference.units_by_id.get(row.lead_department_id) if row.lead_department_id is not None else None
    if unit is None or not unit.is_active:
        return None
    units = reference.units
    return Suggestion(
        lead=unit.id,
        name=unit.short_name,
        assists=tuple(units[code].id for code in row.detail.get("assists", ()) if code in units),
        confidence=row.confidence,
        reasons=tuple(row.detail.get("reasons", ())),
    )
