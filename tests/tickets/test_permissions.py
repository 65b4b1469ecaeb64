"""One rule of rooms, three uses: the check, the list's filter and the rooms of live boards are the same."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenes import City
from sqlalchemy import Text, bindparam, select, values
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from db import db
from tickets.lifecycle import PERMISSIONS, AssignmentState, TicketState
from tickets.models import Ticket
from tickets.permissions import (
    SYSTEM,
    VISITOR,
    Actor,
    Scope,
    caller_of,
    callers_known_to,
    knows_caller,
    may,
    rooms_of,
    rooms_of_ticket,
    sees,
    visible_to,
)

UNITS = st.integers(1, 4)
PEOPLE = st.integers(1, 3)
SEE = [name for name in sorted(PERMISSIONS) if name.startswith("see.")]

actors = st.builds(
    Actor,
    kind=st.just("staff"),
    id=PEOPLE,
    permissions=st.frozensets(st.sampled_from(SEE)),
    units=st.dictionaries(UNITS, st.frozensets(st.sampled_from(SEE)), max_size=2),
)
scopes = st.builds(
    Scope,
    ticket_id=st.integers(1, 10**6),
    state=st.sampled_from(TicketState),
    registered_by=st.none() | PEOPLE,
    confidential=st.booleans(),
    parts=st.lists(st.tuples(UNITS, st.sampled_from(AssignmentState)), max_size=3).map(tuple),
)
examples = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def may_know(actor: Actor, scope: Scope) -> bool:
    """The rule once more, said without rooms."""
    if actor.holds("see.own") and scope.registered_by == actor.id:
        return True
    if scope.state in ("DRAFT", "DISCARDED"):
        return False
    having = {unit for unit, state in scope.parts if state not in ("RETURNED", "CANCELLED")}
    waiting = ("REGISTERED", "NEED_INFO", "TO_DISPATCH", "MERGED", "DISPUTED")
    waits = scope.state in waiting or any(
        state == "RETURN_REQUESTED" for _, state in scope.parts
    )
    wide = "see.city" in actor.permissions or ("see.triage" in actor.permissions and waits)
    if wide and (not scope.confidential or "see.confidential" in actor.permissions):
        return True
    needed = {"see.department", "see.confidential"} if scope.confidential else {"see.department"}
    return any(unit in having and needed <= held for unit, held in actor.units.items())


def may_know_caller(actor: Actor, scope: Scope) -> bool:
    """Of a ticket that the actor may know of."""
    return not scope.confidential or scope.registered_by == actor.id or "see.city" in actor.permissions


@pytest.fixture
def database(app):
    with app.app_context(), Session(db.engine) as session:
        yield session


@examples
@given(people=st.lists(actors, min_size=1, max_size=4), tickets=st.lists(scopes, min_size=1, max_size=12))
def test_check_list_and_room_agree(database: Session, people: list[Actor], tickets: list[Scope]):
    """The filter runs on Postgres, over rows that hold the rooms that each ticket would have stored."""
    rows = values(sql_column("at", Text), sql_column("rooms", ARRAY(Text)), name="t").data(
        [(str(at), sorted(rooms_of_ticket(scope))) for at, scope in enumerate(tickets)]
    )
    for actor in people:
        visible = select(rows.c.at).where(visible_to(actor, rows.c.rooms))
        listed = set(database.scalars(visible))
        with_callers = set(database.scalars(visible.where(callers_known_to(actor, rows.c.rooms))))
        for at, scope in enumerate(tickets):
            rooms = rooms_of_ticket(scope)
            known = may_know(actor, scope)
            assert sees(actor, scope.ticket_id, rooms) is known
            assert (str(at) in listed) is known
            assert bool(rooms_of(actor) & rooms) is known
            knows = known and may_know_caller(actor, scope)
            assert (known and knows_caller(actor, rooms)) is (str(at) in with_callers) is knows


@examples
@given(actor=actors, scope=scopes, own=st.booleans())
def test_a_citizen_knows_one_ticket_and_is_in_no_room(actor: Actor, scope: Scope, own: bool):
    citizen = caller_of(scope.ticket_id if own else scope.ticket_id + 1)
    assert sees(citizen, scope.ticket_id, rooms_of_ticket(scope)) is own
    assert not sees(VISITOR, scope.ticket_id, rooms_of_ticket(scope))
    assert rooms_of(citizen) == rooms_of(VISITOR) == rooms_of(SYSTEM) == frozenset()
    assert sees(SYSTEM, scope.ticket_id, ())


def test_who_is_in_no_room_lists_nothing(city: City):
    city.waiting()
    for nobody in (Actor("staff", id=1), VISITOR, SYSTEM, city.who("admin")):
        assert db.session.scalars(select(Ticket.id).where(visible_to(nobody, Ticket.rooms))).all() == []


def test_no_room_is_a_pattern_for_others(database: Session):
    rooms = bindparam("rooms", ["dept:1", "city"], ARRAY(Text))
    for name in ("dept:%", "dept:*", "%", "dept:1/c", "dept:11"):
        actor = Actor("staff", id=1, permissions=frozenset({"see.own"}))
        assert name not in rooms_of(actor)
        assert database.scalar(select(rooms.overlap([name]))) is False


def test_permission_on_a_part_is_for_ones_own_units_only():
    handler = Actor(
        "staff", id=1, permissions=frozenset({"return.decide"}), units={7: frozenset({"assignment.sign"})}
    )
    assert may(handler, "assignment.sign", unit=7) and may(handler, "assignment.sign")
    assert not may(handler, "assignment.sign", unit=8)
    assert may(handler, "return.decide", unit=8)
    assert not may(handler, "assignment.reply", unit=7)


def test_a_lead_who_helps_out_elsewhere_is_no_lead_there():
    seeing = frozenset({"see.department"})
    actor = Actor("staff", id=1, units={7: seeing | {"see.confidential"}, 8: seeing})
    assert rooms_of(actor) == {"dept:7", "dept:7/c", "dept:8"}
