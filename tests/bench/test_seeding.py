"""What the seeder leaves is what the verbs would have left: the checker, the rules and the verbs all agree."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select

from app.checking import faults
from bench.databases import Filled
from bench.life import OFFICE_NUMBER
from db import database_now, db
from routing import service as routing
from tickets import clocks, deadlines, numbers, queries, service
from tickets.change import scope_of
from tickets.event_models import Publication, RoomHead, TicketEvent
from tickets.handling import Account
from tickets.intake import Intake
from tickets.lifecycle import ENDED, PERMISSIONS, AssignmentState, TicketState
from tickets.models import Assignment, Deadline, Ticket
from tickets.permissions import VISITOR, Actor, caller_of, rooms_of_ticket

SAMPLE = 300


def _everybody(unit: int) -> Actor:
    """Somebody who may do everything, and works for this unit."""
    return Actor("staff", id=1, permissions=PERMISSIONS, units={unit: PERMISSIONS})


def test_the_checker_finds_nothing(asking: Filled) -> None:
    assert faults() == {}


def test_as_many_tickets_as_asked_for_and_as_many_open(asking: Filled) -> None:
    total, still_open = db.session.execute(
        select(func.count(), func.count().filter(Ticket.state.not_in(ENDED))).select_from(Ticket)
    ).one()
    assert (total, still_open) == (2000, 200) == (asking.seeded.tickets, asking.seeded.open)


def test_every_state_of_an_open_ticket_occurs(asking: Filled) -> None:
    found = set(db.session.scalars(select(Ticket.state).distinct()))
    assert found >= {
        TicketState.TO_DISPATCH, TicketState.IN_PROGRESS, TicketState.TO_REVIEW, TicketState.TO_CALLBACK,
        TicketState.CLOSED, TicketState.ANSWERED, TicketState.REFERRED,
    }
    parts = set(db.session.scalars(select(Assignment.state).distinct()))
    assert parts == set(AssignmentState) - {AssignmentState.NEED_INFO, AssignmentState.CANCELLED}


def test_clocks_are_those_the_verbs_would_have_started(asking: Filled) -> None:
    rows = db.session.execute(
        select(Deadline, Ticket)
        .join(Ticket, Ticket.id == Deadline.ticket_id)
        .order_by(Deadline.id * 7919 % 10007)
        .limit(SAMPLE)
    ).all()
    for row, ticket in rows:
        due_at = _due_again(row) if row.clock == "handle" and row.epoch > 1 else None
        clocks.start(ticket, row.clock, row.started_at, row.part, epoch=-1, due_at=due_at)
        [made] = [one for one in db.session.new if isinstance(one, Deadline)]
        db.session.expunge(made)
        for column in ("policy_id", "limit", "due_at", "yellow_at", "levels"):
            assert getattr(row, column) == getattr(made, column), (row.clock, column)
    assert len({row.clock for row, _ in rows}) == 7


def _due_again(row: Deadline) -> datetime:
    """When a clock that was taken up after a rejection is due."""
    rules = clocks.clock_rules(routing.current())
    before = select(Deadline.due_at).where(
        Deadline.ticket_id == row.ticket_id, Deadline.assignment_id == row.assignment_id,
        Deadline.clock == "handle", Deadline.epoch < row.epoch,
    )  # fmt: skip
    was_due = db.session.scalars(before.order_by(Deadline.epoch.desc()).limit(1)).one()
    return max(was_due, deadlines.due_at(row.started_at, rules.rejected_extra, rules.calendar_of(row.part)))


def test_what_is_owed_next_is_the_first_moment_to_come(asking: Filled) -> None:
    now = database_now()
    running = db.session.scalars(select(Deadline).where(Deadline.stopped_at.is_(None))).all()
    assert running
    for row in running:
        moments = [datetime.fromisoformat(at) for _, _, at in row.levels]
        ahead = [at for at in moments if at > row.next_at] if row.next_at else []
        assert row.next_at is None or row.next_at in moments
        assert all(at <= now for at in moments if at not in ahead and at != row.next_at)


def test_rooms_follow_from_the_tickets_as_they_stand(asking: Filled) -> None:
    parts = defaultdict(list)
    for part in db.session.scalars(select(Assignment)):
        parts[part.ticket_id].append(part)
    for ticket in db.session.scalars(select(Ticket)):
        assert ticket.rooms == sorted(rooms_of_ticket(scope_of(ticket, parts[ticket.id])))


def test_each_rooms_head_is_the_last_news_it_had(asking: Filled) -> None:
    room = func.unnest(TicketEvent.rooms_before.concat(TicketEvent.rooms_after)).label("room")
    told = (
        select(room, Publication.seq).join(Publication, Publication.event_id == TicketEvent.id)
        .where(TicketEvent.subject == "ticket").subquery()
    )
    last = db.session.execute(select(told.c.room, func.max(told.c.seq)).group_by(told.c.room))
    assert dict(last.all()) == dict(db.session.execute(select(RoomHead.room, RoomHead.seq)).all())


def test_the_verbs_go_on_where_the_seeder_stopped(asking: Filled) -> None:
    vault, now = asking.app.extensions["vault"], database_now()
    part = db.session.scalars(select(Assignment).where(Assignment.state == AssignmentState.PENDING_SIGN)).first()
    assert part is not None
    service.sign(_everybody(part.department_id), now, part.ticket_id, part.id)
    intake = Intake(content="路灯不亮", phone="13800138000")
    opened = service.open_ticket(VISITOR, now, intake, vault, form_key="k")
    db.session.flush()
    assert opened.ticket.id > asking.seeded.tickets
    assert numbers.is_ticket_number(opened.ticket.number or "")


def test_a_life_leaves_the_same_events_as_the_verbs(asking: Filled) -> None:
    lived = _shapes(_through_the_verbs(asking))
    db.session.rollback()
    seeded = _shapes(db.session.scalars(select(TicketEvent).where(TicketEvent.subject == "ticket")))
    for kind, shapes in lived.items():
        assert shapes <= seeded[kind], kind
    assert len(lived) >= 8


def _through_the_verbs(asking: Filled) -> Iterable[TicketEvent]:
    """A ticket like the seeder's from its first event to its last."""
    vault, now = asking.app.extensions["vault"], database_now()
    duty = next(duty for duty in routing.current().directory.duties if duty.lead.unit)
    words = "，".join(word for word, _ in duty.keywords)
    intake = Intake(title=words, content=words, type="help", name="张三", phone="13800138000")
    ticket = service.open_ticket(VISITOR, now, intake, vault, form_key="k").ticket
    db.session.flush()
    if ticket.state == TicketState.TO_DISPATCH:
        service.dispatch(_everybody(0), now, ticket.id, next(iter(routing.current().units_by_id)))
        db.session.flush()
    parts = select(Assignment).where(Assignment.ticket_id == ticket.id).order_by(Assignment.id.desc())
    for part in db.session.scalars(parts).all():  # the lead last
        unit = _everybody(part.department_id)
        service.sign(unit, now, ticket.id, part.id)
        service.handle(unit, now, ticket.id, part.id, "已联系", contacted="phone")
        if part.role == "lead":
            account = Account("已处理", "已核实", contact_at=now, contact_from=OFFICE_NUMBER)
            service.reply(unit, now, ticket.id, part.id, account)
        else:
            service.contribute(unit, now, ticket.id, part.id, "已核实")
    service.accept(replace(_everybody(0), id=2), now, ticket.id)  # not by who handled it
    service.rate(caller_of(ticket.id), now, ticket.id, True, 3)
    db.session.flush()
    events = select(TicketEvent).where(TicketEvent.subject == "ticket", TicketEvent.subject_id == ticket.id)
    return db.session.scalars(events)


def _shapes(events: Iterable[TicketEvent]) -> dict[str, set[tuple[object, ...]]]:
    """kind -> who acted, whether a unit is named, and which keys the payload has."""
    shapes: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    for event in events:
        texts = tuple(sorted(event.payload.get("texts", ())))
        named = event.department_id is not None
        shapes[event.kind].add((event.actor, named, tuple(sorted(event.payload)), texts))
    return shapes


def test_a_seeded_ticket_opens_by_its_number_and_code(asking: Filled) -> None:
    vault = asking.app.extensions["vault"]
    ticket = db.session.scalars(select(Ticket).where(Ticket.state == TicketState.CLOSED)).first()
    assert ticket is not None
    assert queries.public_status(ticket.number or "", vault.code_of(ticket), vault) is not None


def test_seeded_tickets_are_found_by_the_words_of_their_text(asking: Filled) -> None:
    supervisor = _everybody(0)
    title = db.session.scalars(select(Ticket.title).where(Ticket.title.like("%问题")).limit(1)).one()
    [words] = re.findall(r"(.+)问题", title)
    found = queries.find(supervisor, words)
    assert words in {row.title.removesuffix("问题") for row in found.rows}
