"""What lists cost as the years go by: boards, changes, search and the sweep, at several numbers of tickets."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError

from app.auth.accounts import actor_by_login
from app.auth.models import RoleMembership, Staff
from bench import load
from bench.databases import Databases, Filled, Tell
from bench.machine import Others, database_settings
from clock import DEADLINE_CLAIM, SWEEP_LIMIT
from db import database_now, db, transaction
from routing import service as routing
from tickets import escalating, queries, service
from tickets.lifecycle import WORKED_ON
from tickets.models import Assignment, Contact, Ticket
from tickets.narrowing import Wanted
from tickets.permissions import Actor
from tickets.vault import Vault

SIZES = ((10_000, 0.1), (100_000, 0.1), (1_000_000, 0.01))
"""Tickets and share open. From the second to the third only what is closed grows."""
MARK_TICKETS, MARK_MS = 100_000, 25.0
TIMES, WARM_UP = 40, 3
PATIENCE = 8.0  # seconds for all askings of one question; at least one is made
BEHIND = 200  # publications a reader has missed

Call = Callable[[], Any]


@dataclass(frozen=True)
class Question:
    """One list as somebody asks for it. `marked`: the mark for boards applies."""

    name: str
    ask: Call
    marked: bool = True


def board(databases: Databases, sizes: Sequence[tuple[int, float]]) -> dict[str, Any]:
    """All questions at each size; p50 of boards at 100,000 tickets is held against the mark."""
    found: dict[str, Any] = {}
    for tickets, share_open in sizes:
        with databases.reading(tickets, share_open) as database, database.app.app_context():
            found[str(tickets)] = at_size(database, databases.tell)
            settings = database_settings()
    return {"benchmark": "board", "database": settings, "sizes": found, "mark": mark(found)}


def mark(found: dict[str, Any]) -> dict[str, Any]:
    """Whether every board keeps within the mark; None where that size was not measured."""
    measured = found.get(str(MARK_TICKETS))
    questions = measured["questions"] if measured else {}
    slower = {
        name: one["p50_ms"]
        for name, one in questions.items()
        if one["marked"] and (one["p50_ms"] is None or one["p50_ms"] > MARK_MS)
    }
    return {
        "tickets": MARK_TICKETS, "p50_ms": MARK_MS, "met": not slower if measured else None, "slower": slower,
    }


def at_size(database: Filled, tell: Tell) -> dict[str, Any]:
    """Every question with its times, rows, statements and plan. Inside the database's context."""
    vault = database.app.extensions["vault"]
    with transaction():
        now = database_now()
        questions = _questions(now, vault)
    others = Others()
    floor = _timed(lambda: db.session.scalar(text("SELECT 1")))
    found = {}
    for question in questions:
        one = found[question.name] = _answered(question.ask) | {"marked": question.marked}
        tell(f"{database.seeded.tickets:,} tickets, {question.name}: {one['p50_ms'] or one.get('fault')} ms")
    return {
        "open": database.seeded.open,
        "seeded_rows": dict(database.seeded.rows),
        "floor_ms": floor["p50_ms"],
        "others_cores": others.cores(),
        "questions": found,
    }


def _questions(now: datetime, vault: Vault) -> list[Question]:
    dispatcher, supervisor = actor_by_login("seeded-dispatcher-1"), actor_by_login("seeded-supervisor-1")
    handler, operator = actor_by_login(busiest_handler()), actor_by_login("seeded-operator-1")
    boards = [
        ("triage", dispatcher), ("returns", dispatcher), ("to_sign", handler), ("in_hand", handler),
        ("submitted", handler), ("unit_overdue", handler), ("mine", operator), ("mine_new", operator),
        ("mine_open", operator), ("mine_overdue", operator), ("review", supervisor), ("callback", supervisor),
        ("overdue", supervisor), ("all", supervisor),
    ]
    number, phone_of = _some_ticket()
    phone = vault.open_contact(phone_of, "phone")
    return [
        *(Question(f"board {name}", _board(actor, now, name)) for name, actor in boards),
        Question("board overdue, page 2", _board(supervisor, now, "overdue", page=2)),
        Question("board all, page 2", _board(supervisor, now, "all", page=2)),
        Question("changes", lambda: queries.changes(supervisor, queries.last_seq() - BEHIND), False),
        Question("find number", lambda: queries.find(supervisor, number), False),
        Question("find phone", lambda: service.find(supervisor, now, phone, vault), False),
        Question("find common word", lambda: queries.find(supervisor, "居民意见较大"), False),
        Question("find rare words", lambda: queries.find(supervisor, "柳湾村 供暖"), False),
        Question("find word, one department", lambda: queries.find(handler, "居民意见较大"), False),
        *_narrowed(handler, supervisor, now, vault, vault.open_contact(phone_of, "name")),
        Question("due sweep", lambda: _swept(now), False),
    ]


def _narrowed(handler: Actor, supervisor: Actor, now: datetime, vault: Vault, name: str) -> list[Question]:
    """Lists with filters, and what a unit sees of itself."""
    today = now.astimezone(routing.current().zone).date()
    urgent, late = Wanted(urgency="urgent"), Wanted(state="HANDLING", light="red")
    old = Wanted(registered_from=today - timedelta(days=400), registered_to=today - timedelta(days=370))
    unit = Wanted(unit=min(handler.departments), type="complaint")
    rare, withdrawn = Wanted(category=_rare_category()), Wanted(state="WITHDRAWN")

    def found(actor: Actor, text: str, wanted: Wanted) -> Question:
        words = " ".join([text or "no words", *wanted.to_data()])
        who = "supervisor" if actor is supervisor else "one department"
        return Question(
            f"find {words}, {who}", lambda: queries.find(actor, text, wanted=wanted, now=now), False
        )

    word = "居民意见较大"
    return [
        Question("inbox", lambda: queries.board(handler, now, "inbox"), False),
        Question("inbox counts", lambda: queries.tally(handler, now, "inbox"), False),
        Question("inbox narrowed", lambda: queries.board(handler, now, "inbox", wanted=late), False),
        Question("calendar", lambda: queries.due_by_day(handler, now, "inbox", today, today), False),
        *(found(actor, "", wanted) for actor in (supervisor, handler) for wanted in (urgent, late, old, unit)),
        *(found(actor, "", wanted) for actor in (supervisor, handler) for wanted in (rare, withdrawn)),
        *(found(actor, word, wanted) for actor in (supervisor, handler) for wanted in (urgent, old, unit, rare)),
        Question("find name", lambda: service.find(supervisor, now, "", vault, name=name), False),
    ]


def _rare_category() -> str:
    """The category with the fewest tickets: what a search that finds next to nothing is narrowed to."""
    fewest = select(Ticket.category_code).where(Ticket.category_code.is_not(None)).group_by(Ticket.category_code)
    return db.session.scalars(fewest.order_by(func.count(), Ticket.category_code).limit(1)).one()


def _swept(now: datetime) -> list[int]:
    return escalating.due_deadlines(now, SWEEP_LIMIT, now + DEADLINE_CLAIM).ids


def _board(actor: Actor, now: datetime, name: str, page: int = 1) -> Call:
    after = queries.board(actor, now, name).next if page > 1 else None
    return lambda: queries.board(actor, now, name, after)


def busiest_handler() -> str:
    """The login of the seeded handler in whose unit most is at work."""
    login = (
        select(Staff.login)
        .join(RoleMembership, RoleMembership.staff_id == Staff.id)
        .join(Assignment, Assignment.department_id == RoleMembership.department_id)
        .where(Assignment.state.in_(WORKED_ON), Staff.login.startswith("seeded-"))
        .group_by(Staff.login)
        .order_by(func.count().desc(), Staff.login)
        .limit(1)
    )
    return db.session.scalars(login).one()


def _some_ticket() -> tuple[str, Contact]:
    """A number from the middle of the years, and the contact of some ticket near it."""
    middle = (db.session.scalar(select(func.max(Ticket.id))) or 0) // 2
    number = db.session.scalars(select(Ticket.number).where(Ticket.id == middle)).one()
    contact = select(Contact).where(Contact.ticket_id >= middle).order_by(Contact.ticket_id).limit(1)
    return str(number), db.session.scalars(contact).one()


def _timed(ask: Call) -> dict[str, Any]:
    """Milliseconds from question to plain rows, each in a transaction of its own that is rolled back."""
    times: list[float] = []
    answer, until = None, time.monotonic() + PATIENCE
    while len(times) < WARM_UP + TIMES and (not times or time.monotonic() < until):
        began = time.perf_counter()
        answer = ask()
        times.append((time.perf_counter() - began) * 1000)
        db.session.rollback()
    times = times[WARM_UP:] or times
    return {
        "p50_ms": round(statistics.median(times), 2),
        "p95_ms": round(load.percentile(times, 95) or 0.0, 2),
        "rows": _rows(answer),
    }


def _answered(ask: Call) -> dict[str, Any]:
    """Times and plan, or what went wrong: a list that no longer comes within the time-out is a result too."""
    try:
        return _timed(ask) | _explained(ask)
    except OperationalError as fault:
        db.session.rollback()
        return {"p50_ms": None, "p95_ms": None, "fault": type(fault.orig).__name__}


def _rows(answer: Any) -> int | None:
    if isinstance(answer, queries.Page):
        return len(answer.rows)
    if isinstance(answer, dict):
        return len(answer.get("rows", answer))
    return len(answer) if isinstance(answer, list) else None


def _explained(ask: Call) -> dict[str, Any]:
    """The statements of one answer, and how Postgres ran the dearest of them."""
    with _heard() as statements:
        ask()
    db.session.rollback()
    plans = [_plan(statement, values) for statement, values in statements if statement.startswith("SELECT")]
    db.session.rollback()
    dearest = max(plans, key=lambda plan: plan["Execution Time"], default=None)
    if dearest is None:
        return {"statements": len(statements)}
    top = dearest["Plan"]
    return {
        "statements": len(statements),
        "dearest": {
            "execution_ms": round(dearest["Execution Time"], 2),
            "planning_ms": round(dearest["Planning Time"], 2),
            "buffers": top["Shared Hit Blocks"] + top["Shared Read Blocks"],
            "plan": list(_nodes(top)),
        },
    }


@contextmanager
def _heard() -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is run meanwhile, with its values."""
    statements: list[tuple[str, Any]] = []

    def hear(connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
        statements.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)


def _plan(statement: str, values: Any) -> dict[str, Any]:
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
    plan: dict[str, Any] = db.session.connection().exec_driver_sql(explain, values).scalar_one()[0]
    return plan


def _nodes(node: dict[str, Any]) -> Iterator[str]:
    """Kind of each node of a plan, its relation or index, and rows times loops."""
    place = node.get("Index Name") or node.get("Relation Name")
    rows = f"{round(node['Actual Rows'])} x {round(node['Actual Loops'])}"
    yield f"{node['Node Type']}{f' on {place}' if place else ''} ({rows})"
    for child in node.get("Plans", ()):
        yield from _nodes(child)
