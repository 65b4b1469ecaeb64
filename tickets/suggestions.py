"""What routing suggested for tickets that wait for a dispatcher, to be accepted with one key."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from db import db
from routing import service as routing
from tickets.models import RoutingDecision


@dataclass(frozen=True)
class Suggestion:
    """The unit, by id and name, the assisting units' ids, and how sure routing was, from 0 to 1."""

    lead: int
    name: str
    assists: tuple[int, ...]
    confidence: float
    reasons: tuple[dict[str, Any], ...]


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
