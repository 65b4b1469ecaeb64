"""The demo city with tickets in every state and everybody at a browser, once for all tests of this folder."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from databases import app_on_clone, drop_database
from flask import Flask
from pictures import picture
from scenes import LEAD, LEAD_LOGIN, OTHER, City

from app import media, uploads
from app.auth import accounts, pending, session
from app.auth.accounts import CONSOLE, actor_by_login
from app.auth.models import Staff
from app.outbox import unit_of_work
from db import db
from routing import service as routing
from tickets import clocks, service
from tickets.attachment_models import Attachment
from tickets.models import Assignment, Ticket
from tickets.permissions import Actor, caller_of

from .doors import Face, Places

SIGNED_IN = {
    # who -> whose account; the rest are faces without a session
    "operator": "operator",
    "other operator": "operator2",
    "dispatcher": "dispatcher",
    "handler of the unit": LEAD_LOGIN,
    "handler of another": "handler-heat",
    "lead of the unit": "lead-wanghe",
    "lead of another": "lead-haijia",
    "supervisor": "supervisor",
    "auditor": "auditor",
    "leader": "leader",
    "administrator": "admin",
}
SHUT_OUT = ("anonymous", "citizen with a code", "revoked", "disabled", "half way")


@dataclass(frozen=True)
class Scene:
    """One ticket and what decides who may do what with it."""

    id: int
    number: str
    state: str
    rooms: tuple[str, ...]
    version: int
    parts: tuple[tuple[int, int, str], ...]
    """(id, unit, state) of each part."""
    attachment: int
    """A picture of the matter, which every ticket here has."""


@dataclass
class Stage:
    app: Flask
    places: Places
    faces: dict[str, Face] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)
    tickets: dict[str, Scene] = field(default_factory=dict)
    code: tuple[str, str] = ("", "")
    """Number and query code of the ticket sent in by a citizen."""


def _forget() -> None:
    """What is kept by version is another city's elsewhere."""
    routing._kept.clear()
    clocks._kept.clear()


@pytest.fixture(scope="session")
def whole(config, worker_id: str) -> Iterator[Stage]:
    for application in app_on_clone(config, worker_id, "security"):
        found = Stage(application, Places(application.extensions["hotline"]))
        with application.app_context(), unit_of_work() as now:
            _fill(found, City(now, application.extensions["vault"]))
        _enter(found)
        yield found
        found.places.connection.close()
    drop_database(f"hotline_{worker_id}_security")


@pytest.fixture
def stage(whole: Stage) -> Iterator[Stage]:
    _forget()
    yield whole
    _forget()


@pytest.fixture
def undone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The same, and whatever a request would commit is rolled back: each one finds the city as it was."""
    monkeypatch.setattr(db.session, "commit", db.session.rollback)
    return stage


def _fill(stage: Stage, city: City) -> None:
    """A ticket for everything that decides: its state, whose it is, and whether it is confidential."""
    web, code = city.from_web()
    made = {
        "draft of one's own": city.draft(),
        "discarded": city.discarded(),
        "unassigned": city.waiting(),
        "sent in by a citizen": web,
        "with the unit": city.dispatched(),
        "signed": city.signed(),
        "return asked": city.return_requested(),
        "with another unit": city.returned(),
        "rejected": city.rejected(),
        "to review": city.replied(),
        "to be rated": city.accepted(),
        "closed": city.rated(),
        "answered": city.answered(),
        "referred": city.referred(),
        "confidential, unassigned": city.waiting(confidential=True),
        "confidential, with the unit": _confidential(city),
        "confidential, closed": _closed(city, _confidential(city)),
    }
    db.session.flush()
    for name, ticket_id in made.items():
        stage.tickets[name] = _scene(ticket_id, city.now)
    stage.code = (stage.tickets["sent in by a citizen"].number, code)
    assert city.unit(LEAD) != city.unit(OTHER)


def _confidential(city: City) -> int:
    """Only the supervisor and leads of units may know of it."""
    ticket_id = city.waiting(confidential=True)
    service.dispatch(city.who("supervisor"), city.now, ticket_id, city.unit(LEAD), [])
    return ticket_id


def _closed(city: City, ticket_id: int) -> int:
    service.sign(city.who("lead-wanghe"), city.now, ticket_id, city.part(ticket_id).id)
    city.reply(ticket_id, login="lead-wanghe")
    service.accept(city.who("supervisor"), city.now, ticket_id)
    service.rate(caller_of(ticket_id), city.now, ticket_id, True, 3)
    return ticket_id


def _scene(ticket_id: int, now: datetime) -> Scene:
    ticket = db.session.get_one(Ticket, ticket_id, populate_existing=True)
    parts = db.session.query(Assignment).filter_by(ticket_id=ticket_id).order_by(Assignment.id)
    held = tuple((part.id, part.department_id, str(part.state)) for part in parts)
    state, rooms = str(ticket.state), tuple(ticket.rooms)
    return Scene(ticket_id, ticket.number or "", state, rooms, ticket.version, held, _picture_of(ticket_id, now))


def _picture_of(ticket_id: int, now: datetime) -> int:
    """A picture in a ticket of any state, where a verb would refuse it in some."""
    with uploads.held([media.examine("x.jpg", picture(), 10_000)]) as held:
        row = Attachment(**vars(held.files[0]), ticket_id=ticket_id, purpose="matter", created_at=now)
    db.session.add(row)
    db.session.flush()
    return row.id


def _enter(stage: Stage) -> None:
    """Everybody signs in, and some of them are shut out again."""
    for number, (name, login) in enumerate(SIGNED_IN.items()):
        stage.faces[name] = Face(stage.app, name, f"198.51.100.{number + 1}").sign_in(login)
    for number, name in enumerate(SHUT_OUT):
        stage.faces[name] = Face(stage.app, name, f"198.51.100.{number + 101}")
    citizen, (number, code) = stage.faces["citizen with a code"], stage.code
    assert citizen.post("/status", {"number": number, "code": code}).status_code == 200
    with stage.app.app_context(), unit_of_work() as now:
        for name in ("revoked", "disabled", "half way"):
            _make(now, name, stage)
    with stage.app.app_context(), unit_of_work():
        stage.actors.update({name: actor_by_login(login) for name, login in SIGNED_IN.items()})


def _make(now, name: str, stage: Stage) -> None:
    """An account of the supervisor's rights whose session is over, or was never whole."""
    login = f"shut-{name.replace(' ', '-')}"
    staff_id, _ = accounts.create_staff(CONSOLE, now, login=login, name=name, memberships=[("supervisor", None)])
    accounts.void_tokens(staff_id)
    person = db.session.get_one(Staff, staff_id)
    token = pending.begin(person, now) if name == "half way" else session.start(person, now)
    with stage.faces[name].client.session_transaction() as cookie:
        cookie["pending" if name == "half way" else "_user_id"] = token
    db.session.flush()
    if name == "revoked":
        accounts.set_roles(CONSOLE, now, staff_id, person.version, [("auditor", None)])
    if name == "disabled":
        accounts.disable(CONSOLE, now, staff_id, person.version)
