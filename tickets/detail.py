"""One ticket as its page shows it, to those who may see it: matter, parts, clocks, timeline, what may be done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import inspect, or_, select

from db import db
from routing import service as routing
from routing.reference import Reference
from tickets import attached, errors, hiding, masking
from tickets.attached import Attached
from tickets.attaching import TAKES_OUT
from tickets.event_models import TicketEvent
from tickets.guards import Case, above, unit_of
from tickets.hiding import Veil
from tickets.lifecycle import BY_THEMSELVES, Transition, actions_from
from tickets.models import Assignment, Contact, Deadline, FollowUp, Rating, RoutingDecision, Ticket, TicketText
from tickets.permissions import Actor, knows_caller, may, sees
from tickets.request_models import Application, JointMeeting, SupervisionOrder
from tickets.reveal import may_reissue_code, may_reveal
from tickets.vault import CONTACT_FIELDS, Vault


@dataclass(frozen=True)
class PartView:
    """One unit's part, its clocks, and what this actor may do with it."""

    part: SimpleNamespace
    unit: str
    above: str | None
    suggested: str | None
    clocks: tuple[SimpleNamespace, ...]
    actions: tuple[Transition, ...]


@dataclass(frozen=True)
class Entry:
    """One line of the timeline. `texts` are (field, before, after): before is None but for an amendment."""

    kind: str
    at: datetime
    actor: str
    actor_id: int | None
    unit: str | None
    payload: Mapping[str, Any]
    texts: tuple[tuple[str, str | None, str], ...]


@dataclass(frozen=True)
class Relative:
    """Another ticket that this one was merged with or split from; `kind` says which way."""

    id: int
    number: str | None
    title: str
    state: str
    kind: str
    persons: int
    is_seen: bool


@dataclass(frozen=True)
class TicketPage:
    """Everything on a ticket's page. Contact values are masked; free texts are masked by whoever shows them."""

    ticket: SimpleNamespace
    texts: Mapping[str, str]
    contact: Mapping[str, str]
    may_reveal: bool
    may_reissue_code: bool
    parts: tuple[PartView, ...]
    clocks: tuple[SimpleNamespace, ...]
    decision: SimpleNamespace | None
    rating: SimpleNamespace | None
    timeline: tuple[Entry, ...]
    actions: tuple[Transition, ...]
    applications: tuple[SimpleNamespace, ...]
    orders: tuple[SimpleNamespace, ...]
    meetings: tuple[SimpleNamespace, ...]
    relatives: tuple[Relative, ...]
    tries: tuple[SimpleNamespace, ...]
    attachments: tuple[Attached, ...]
    merged_files: tuple[Attached, ...]
    may_take_out: bool
    """Whether any of its files, whatever its state."""
    wants_photo: bool
    """Whether a reply in its category needs one."""

    @property
    def persons(self) -> int:
        """How many people it is of, with those whose tickets were merged into it."""
        merged = (one.persons for one in self.relatives if one.kind == "merged")
        return int(self.ticket.person_count) + sum(merged)


def ticket_page(actor: Actor, now: datetime, ticket_id: int, vault: Vault) -> TicketPage:
    """The page of a ticket. Raises NotFound, also for a ticket out of the actor's sight."""
    ticket = db.session.get(Ticket, ticket_id)
    if ticket is None or not sees(actor, ticket.id, ticket.rooms):
        raise errors.NotFound()
    reference = routing.current()
    veil = hiding.veil_for(actor, ticket, vault)
    texts = _texts(ticket_id, veil)
    parts = list(
        db.session.scalars(select(Assignment).where(Assignment.ticket_id == ticket_id).order_by(Assignment.id))
    )
    case = Case(actor, ticket, parts, now=now)
    clocks = _plain_rows(select(Deadline).where(Deadline.ticket_id == ticket_id).order_by(Deadline.due_at))
    return TicketPage(
        ticket=_veiled(ticket, veil),
        texts={row.field: row.body for row in sorted(texts, key=lambda row: row.version)},
        contact=_contact(actor, ticket, vault),
        may_reveal=may_reveal(actor, ticket),
        may_reissue_code=may_reissue_code(actor, ticket),
        parts=tuple(_part(replace(case, part=part), clocks, reference) for part in parts),
        clocks=tuple(row for row in clocks if row.assignment_id is None),
        decision=_first(
            select(RoutingDecision)
            .where(RoutingDecision.ticket_id == ticket_id)
            .order_by(RoutingDecision.id.desc())
            .limit(1)
        ),
        rating=_first(select(Rating).where(Rating.ticket_id == ticket_id).order_by(Rating.id.desc()).limit(1)),
        timeline=_timeline(ticket_id, texts, reference),
        actions=_actions(case),
        applications=tuple(_plain_rows(_of(Application, ticket_id))),
        orders=tuple(_plain_rows(_of(SupervisionOrder, ticket_id))),
        meetings=tuple(_plain_rows(_of(JointMeeting, ticket_id))),
        relatives=_relatives(actor, ticket),
        tries=tuple(_plain_rows(_of(FollowUp, ticket_id))) if may(actor, "ticket.follow_up") else (),
        attachments=tuple(attached.veiled(one, veil) for one in attached.of_ticket(ticket_id)),
        merged_files=attached.of_merged(actor, ticket, vault),
        may_take_out=may(actor, TAKES_OUT),
        wants_photo=reference.wants_photo(ticket.category_code),
    )


def _texts(ticket_id: int, veil: Veil) -> list[SimpleNamespace]:
    rows = _plain_rows(select(TicketText).where(TicketText.ticket_id == ticket_id).order_by(TicketText.id))
    for row in rows:
        row.body = veil.text(row.body)
    return rows


def _veiled(ticket: Ticket, veil: Veil) -> SimpleNamespace:
    plain = _plain(ticket)
    plain.place = veil.place(plain.place or "")
    plain.caller_label = veil.text(plain.caller_label or "")
    return plain


def _of(model: Any, ticket_id: int) -> Any:
    return select(model).where(model.ticket_id == ticket_id).order_by(model.id)


def _actions(case: Case) -> tuple[Transition, ...]:
    """What the actor may do now: by the table, the permission in the right unit, and the row's guard."""
    machine, state = ("assignment", case.part.state) if case.part else ("ticket", case.ticket.state)
    return tuple(
        row
        for row in actions_from(machine, state)
        if row.action not in BY_THEMSELVES
        and may(case.actor, row.who, unit=unit_of(row, case.part, case.parts))
        and (not row.guard or case.holds(row.guard))
    )


def _relatives(actor: Actor, ticket: Ticket) -> tuple[Relative, ...]:
    """Tickets merged into this one or split off it, and the one it was merged into or split from, as far as the
    actor may see them; of the first, which and of how many persons they are is told in any case."""
    found = select(
        Ticket.id, Ticket.number, Ticket.title, Ticket.state, Ticket.parent_id, Ticket.person_count,
        Ticket.rooms,
    ).where(  # fmt: skip
        or_(
            Ticket.parent_id == ticket.id, Ticket.split_from_id == ticket.id,
            Ticket.id.in_([one for one in (ticket.parent_id, ticket.split_from_id) if one is not None]),
        )
    )
    return tuple(
        Relative(
            id=row.id,
            number=row.number,
            title=row.title,
            state=row.state,
            kind=_kinship(ticket, row),
            persons=row.person_count,
            is_seen=sees(actor, row.id, row.rooms),
        )
        for row in db.session.execute(found.order_by(Ticket.id))
    )


def _kinship(ticket: Ticket, other: Any) -> str:
    if other.parent_id == ticket.id:
        return "merged"
    if other.id == ticket.parent_id:
        return "merged_into"
    return "split_from" if other.id == ticket.split_from_id else "split_off"


def _plain(row: Any) -> SimpleNamespace:
    return SimpleNamespace(**{column.key: getattr(row, column.key) for column in inspect(row).mapper.column_attrs})


def _plain_rows(query: Any) -> list[SimpleNamespace]:
    return [_plain(row) for row in db.session.scalars(query)]


def _first(query: Any) -> SimpleNamespace | None:
    return next(iter(_plain_rows(query)), None)


def _contact(actor: Actor, ticket: Ticket, vault: Vault) -> dict[str, str]:
    """Masked contact values by field; empty where there are none or this actor may not even see those."""
    contact = db.session.get(Contact, ticket.id)
    if contact is None or not knows_caller(actor, ticket.rooms):
        return {}
    mask = {
        "name": masking.mask_name,
        "phone": masking.mask_phone,
        "address": masking.mask_address_to_street,
    }
    opened = {field: vault.open_contact(contact, field) for field in CONTACT_FIELDS}
    return {field: mask[field](value) for field, value in opened.items() if value}


def _part(case: Case, clocks: Iterable[SimpleNamespace], reference: Reference) -> PartView:
    part = case.own
    upper = above(part, case.parts)
    return PartView(
        part=_plain(part),
        unit=reference.units_by_id[part.department_id].name,
        above=_name(reference, upper.department_id) if upper else None,
        suggested=_name(reference, part.suggested_department_id),
        clocks=tuple(clock for clock in clocks if clock.assignment_id == part.id),
        actions=_actions(case),
    )


def _timeline(ticket_id: int, texts: Iterable[SimpleNamespace], reference: Reference) -> tuple[Entry, ...]:
    by_version = {(row.field, row.version): row for row in texts}
    found = db.session.scalars(
        select(TicketEvent)
        .where(TicketEvent.subject == "ticket", TicketEvent.subject_id == ticket_id)
        .order_by(TicketEvent.id)
    )
    return tuple(
        Entry(
            kind=event.kind,
            at=event.at,
            actor=event.actor,
            actor_id=event.actor_id,
            unit=_name(reference, event.department_id),
            payload=event.payload,
            texts=_entry_texts(event, by_version),
        )
        for event in found
    )


def _entry_texts(
    event: TicketEvent, texts: Mapping[tuple[str, int], SimpleNamespace]
) -> tuple[tuple[str, str | None, str], ...]:
    """The texts an event names, each beside the version before where the event amended it."""
    lines = []
    for field, version in (event.payload.get("texts") or {}).items():
        before = texts.get((field, version - 1)) if event.kind == "ticket.amended" else None
        lines.append((field, before.body if before else None, texts[field, version].body))
    return tuple(lines)


def _name(reference: Reference, department_id: int | None) -> str | None:
    unit = reference.units_by_id.get(department_id) if department_id is not None else None
    return unit.name if unit else None
