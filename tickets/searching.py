"""Tickets by number, words and what they are narrowed to, newest first, among those the actor may see."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, any_, cast, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from db import db
from routing import search
from routing.models import TextIndex
from tickets import keys, numbers
from tickets.boards import PAGE, Page, listed, nearest
from tickets.models import Assignment, Deadline, Ticket
from tickets.narrowing import NOTHING, Wanted, conditions
from tickets.permissions import Actor, visible_to

FIRST_STRETCH = 20_000
"""So many of the newest tickets are looked through first, then ten times as many, and so on: a page is mostly
found among the first, and whatever plan the database takes, it takes it for those alone."""
FEW = 2_000
"""Of words that more tickets than this have, the newest are looked for from the newest ticket on: to gather all of
them and rank them would cost the more the longer a city has had its hotline."""


def find(
    actor: Actor,
    text: str,
    after: str | None = None,
    limit: int = PAGE,
    wanted: Wanted = NOTHING,
    now: datetime | None = None,
) -> Page:
    """Tickets by number or by words, or all that are narrowed to; never by who called. `now` decides lights."""
    return matching(actor, matches(text, wanted), after, limit, wanted, now)


def matching(
    actor: Actor,
    condition: ColumnElement[bool],
    after: str | None,
    limit: int,
    wanted: Wanted = NOTHING,
    now: datetime | None = None,
) -> Page:
    """One page of the tickets that meet a condition."""
    before = keys.decode(after)[1] if after else None
    ids = newest(actor, condition, wanted, now, before, limit + 1)
    return listed(ids[:limit], len(ids) > limit)


def newest(
    actor: Actor,
    condition: ColumnElement[bool],
    wanted: Wanted,
    now: datetime | None,
    before: int | None,
    limit: int,
) -> Sequence[int]:
    """The ids of tickets that meet a condition, the newest first, those before one of them."""
    query = select(Ticket.id).where(visible_to(actor, Ticket.rooms), _reach(actor), condition)
    if not wanted.is_empty:
        clock = nearest(Deadline.ticket_id == Ticket.id)
        query = query.where(*conditions(wanted, _needed(wanted, now), clock.c), Ticket.number.is_not(None))
        if wanted.asks_for_clock:
            query = query.outerjoin(clock, true())
    below = before if before is not None else (db.session.scalar(select(func.max(Ticket.id))) or 0) + 1
    found: list[int] = []
    stretch = FIRST_STRETCH
    while below > 0 and len(found) < limit:
        above = below - stretch
        within = query.where(Ticket.id < below, Ticket.id >= above).order_by(Ticket.id.desc())
        found += db.session.scalars(within.limit(limit - len(found))).all()
        below, stretch = above, stretch * 10
    return found


def _needed(wanted: Wanted, now: datetime | None) -> datetime:
    if now is None and wanted.light:
        raise ValueError("only a moment decides what light a clock has")
    return now or datetime.max


def _reach(actor: Actor) -> ColumnElement[bool]:
    """What the rule of rooms implies, in terms of columns that have an index; it alone shows nobody anything."""
    if actor.kind != "staff" or "see.city" in actor.permissions:
        return true()
    reached: list[ColumnElement[bool]] = []
    if actor.holds("see.own"):
        reached.append(Ticket.registered_by == actor.id)
    if "see.triage" in actor.permissions:
        reached.append(Ticket.closed_at.is_(None))
    if actor.departments:
        parts = select(Assignment.ticket_id).where(Assignment.department_id.in_(sorted(actor.departments)))
        reached.append(Ticket.id.in_(parts))
    return or_(*reached) if reached else false()


def matches(text: str, wanted: Wanted = NOTHING) -> ColumnElement[bool]:
    """What was typed as a condition. Nothing typed is met by none, or by all where they are narrowed."""
    text = text.strip()
    number = numbers.normalise_number(text)
    if numbers.is_ticket_number(number):
        return Ticket.number == number
    words = search.query(text)
    if not words:
        return true() if not text and not wanted.is_empty else false()
    asked = func.to_tsquery("simple", words)
    has_them = TextIndex.tokens.op("@@")(asked)
    some = db.session.scalars(select(TextIndex.key).where(has_them).limit(FEW + 1)).all()
    if len(some) <= FEW:
        return Ticket.id == any_(cast([int(key) for key in some], ARRAY(BigInteger)))
    of_ticket = select(has_them).where(TextIndex.key == cast(Ticket.id, TextIndex.key.type))
    return func.coalesce(of_ticket.correlate(Ticket).scalar_subquery(), false())
