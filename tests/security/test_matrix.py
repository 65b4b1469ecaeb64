"""Who may do what: everybody, at every door, for every ticket. What is expected is computed from the declarations,
the one rule of rooms and the table of transitions; nothing here is written for a single cell.

A door without a declaration, or a field without an example, fails. `--all` runs the full product.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask, request
from flask_socketio import ConnectionRefusedError
from werkzeug.test import TestResponse

from app.access import CARRIER, PLATFORM, PUBLIC, STAFF
from app.desk import forms
from app.live import sockets
from app.outbox import unit_of_work
from app.push import page_token
from db import db
from tickets import guards, lifecycle
from tickets.models import Assignment, Ticket
from tickets.permissions import Actor, may, rooms_of, sees

from .bodies import body
from .conftest import SHUT_OUT, SIGNED_IN, Scene, Stage
from .doors import NOWHERE, Door, Face, doors, tickets_on

EVERYBODY = (*SIGNED_IN, *SHUT_OUT)
DENIED, DONE = {403, 404, 409}, {200, 201, 303, 422}
SAMPLED = (
    "draft of one's own", "unassigned", "with the unit", "with another unit", "to review", "closed",
    "confidential, unassigned", "confidential, with the unit",
)  # fmt: skip
"""Tickets of the run by default: own, own unit's, another unit's, nobody's, closed, confidential."""
QUICK = {"Accept": "application/json"}
"""Refusals as data: no page is made that nobody reads."""
NOT_THERE = {
    "callbacks.call_ticket": "no telephone of the citizen can be rung here",
    "desk_texts.send_again": "no text was ever sent of these tickets",
}
"""Doors of a ticket that say 404 also to who sees it, for what they are about is not there."""
FILE = re.compile(r"attachments/\d+")
SHAPE = re.compile(r'name="(csrf_token|draft|form_key)" value="[^"]*"|content="[^"]*"')


@pytest.fixture
def cells(tell: Callable[[str], None]) -> Iterator[Counter[str]]:
    """Counts what was asked, and says so."""
    found: Counter[str] = Counter()
    yield found
    for what, count in found.items():
        tell(f"    cells of the matrix, {what}: {count}")


def _entry_expected(door: Door, actor: Actor | None) -> set[int] | str:
    """What the declaration says: "in", or the statuses of a refusal."""
    assert door.entry is not None, f"{door} ({door.endpoint}) declares nothing: say who may enter"
    if door.entry == PUBLIC:
        return "in"
    if door.entry in (CARRIER, PLATFORM):
        return {403} if door.entry == CARRIER else {404}
    if actor is None:
        return {302}
    is_in = door.entry == STAFF or any(actor.holds(permission) for permission in door.entry)
    return "in" if is_in else {403}


def test_doors_open_to_whom_their_declaration_names(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, cells: Counter[str]
):
    """Every endpoint for everybody. The views are taken away, so what answers is the door alone."""
    for endpoint, view in list(stage.app.view_functions.items()):
        if endpoint != "static" and endpoint != "auth.sign_in":
            monkeypatch.setitem(stage.app.view_functions, endpoint, _mark(view))
    wrong = []
    for name in EVERYBODY:
        face, actor = stage.faces[name], stage.actors.get(name)
        face.token()
        for door in doors(stage.app):
            if door.endpoint in ("static", "auth.sign_in"):
                continue
            expected = _entry_expected(door, actor)
            path = stage.places.address(door)
            answer = face.get(path, headers=QUICK) if door.method == "GET" else face.post(path, headers=QUICK)
            cells["doors"] += 1
            is_in = answer.text == "in"
            if is_in != (expected == "in") or (expected != "in" and answer.status_code not in expected):
                wrong.append(f"{name}: {door}: {answer.status_code}, expected {expected}")
            if answer.status_code == 302:
                assert answer.location.startswith("/login"), (name, str(door))
    assert not wrong, "\n".join(wrong)


def _mark(view):
    def entered(**_):
        return "in"

    entered.entry = view.entry
    return entered


def _tickets(stage: Stage, everything: bool) -> dict[str, Scene]:
    return {name: scene for name, scene in stage.tickets.items() if everything or name in SAMPLED}


@pytest.fixture(params=[False, pytest.param(True, marks=pytest.mark.long)], ids=["sampled", "all"])
def tickets(request: pytest.FixtureRequest, undone: Stage) -> dict[str, Scene]:
    return _tickets(undone, request.param)


@dataclass(frozen=True)
class Step:
    """One thing asked of one ticket: a door, and the action where the door is for any."""

    door: Door
    action: str = ""

    def __str__(self) -> str:
        return f"{self.door} {self.action}".strip()


def _steps(app: Flask) -> list[Step]:
    """Everything there is to ask of a ticket: each door, and of the door of actions each action of the table."""
    everything = doors(app)
    own = {door.rule.rule.rpartition("/")[2] for door in everything if door.is_of_ticket}
    named = {row.action for row in lifecycle.TABLE} | lifecycle.SIDE_RECORDS.keys() | {"explode"}
    actions = sorted(named - own)  # those with a door of their own are asked for there
    found = []
    for door in everything:
        if door.is_of_ticket and "action" in door.rule.arguments:
            found += [Step(door, action) for action in actions]
        elif door.is_of_ticket:
            found.append(Step(door))
    return found


def _part(step: Step, scene: Scene, actor: Actor) -> tuple[int, int, str] | None:
    """The part an action is for: the actor's own where there is one, else the last."""
    own = [part for part in scene.parts if part[1] in actor.units]
    return (own or list(scene.parts) or [None])[-1]


def _is_allowed(stage: Stage, step: Step, scene: Scene, actor: Actor) -> bool:
    """What the table of transitions says of an action by who sees the ticket."""
    is_of_part = forms.is_part_action(step.action)
    held = _part(step, scene, actor) if is_of_part else None
    if is_of_part and held is None:
        return False
    machine, state = ("assignment", held[2]) if held else ("ticket", scene.state)
    row = lifecycle.transition(machine, step.action, state)
    if row is None:
        return False
    with stage.app.app_context(), unit_of_work() as now:
        ticket = db.session.get_one(Ticket, scene.id)
        parts = db.session.query(Assignment).filter_by(ticket_id=scene.id).order_by(Assignment.id).all()
        part = next((one for one in parts if held and one.id == held[0]), None)
        holds = not row.guard or guards.Case(actor, ticket, parts, part, now).holds(row.guard)
        return holds and may(actor, row.who, unit=guards.unit_of(row, part, parts))


def _ask(
    stage: Stage, face: Face, step: Step, ticket_id: int, fields: dict[str, object], attachment: int = NOWHERE
) -> TestResponse:
    path = stage.places.address(step.door, ticket_id=ticket_id, action=step.action, attachment_id=attachment)
    return face.get(path) if step.door.method == "GET" else face.post(path, fields, headers=QUICK)


def _shape(answer: TestResponse, ticket_id: int) -> str:
    """An answer without what differs each time."""
    text = FILE.sub("attachments/ID", SHAPE.sub("", answer.get_data().decode(errors="replace")))
    return text.replace(f"tickets/{ticket_id}", "tickets/ID")


def test_tickets_obey_the_rule_of_rooms_and_the_table(
    undone: Stage, tickets: dict[str, Scene], cells: Counter[str]
):
    wrong = []
    units = dict(undone.places.connection.execute("SELECT code, id FROM department").fetchall())
    for name in SIGNED_IN:
        face, actor = undone.faces[name], undone.actors[name]
        nothing: dict[tuple[str, bool], TestResponse] = {}
        for step in _steps(undone.app):
            if _entry_expected(step.door, actor) != "in":
                continue  # shut already at the door, for every ticket
            for title, scene in tickets.items():
                part = _part(step, scene, actor) if forms.is_part_action(step.action) else None
                fields = body(units["9901.heat"], scene.version, part[0] if part else None)
                answer = _ask(undone, face, step, scene.id, fields, scene.attachment)
                cells["tickets"] += 1
                same = (str(step), part is None)
                if same not in nothing:
                    nothing[same] = _ask(undone, face, step, NOWHERE, fields)
                fault = _judge(undone, answer, nothing[same], step, scene, actor)
                if fault:
                    wrong.append(f"{name}: {step} of \"{title}\" ({scene.state}): {answer.status_code}, {fault}")
    assert not wrong, f"{len(wrong)} cells\n" + "\n".join(wrong[:60])


def _judge(
    stage: Stage, answer: TestResponse, nothing: TestResponse, step: Step, scene: Scene, actor: Actor
) -> str:
    """What is wrong with an answer, or nothing."""
    status = answer.status_code
    if not sees(actor, scene.id, scene.rooms):
        if status != nothing.status_code or _shape(answer, scene.id) != _shape(nothing, NOWHERE):
            return f"and {nothing.status_code} for one that does not exist: the two must be the same"
        is_shown = scene.number and scene.number in _shape(answer, scene.id)
        return "it is shown" if is_shown and status not in (403, 404) else ""
    if status >= 500 or status == 302:
        return "expected no fault"
    if not step.action:
        return "" if status != 404 or step.door.endpoint in NOT_THERE else "expected something: it is seen"
    if step.action not in forms.VERBS:
        return "" if status in (404, 405) else "expected 404: the desk has no such action"
    is_allowed = _is_allowed(stage, step, scene, actor)
    is_without = status == 422 and forms.is_part_action(step.action) and not scene.parts
    fits = is_without or status in (DONE if is_allowed else DENIED)
    return "" if fits else f"expected {'allowed' if is_allowed else 'refused'}"


def test_lists_show_what_may_be_seen_and_nothing_else(undone: Stage, cells: Counter[str]):
    """Boards, searches, news, figures, records: no page links to, or numbers, a ticket out of sight."""
    wrong, everything = [], {scene.id: scene for scene in undone.tickets.values()}
    for name in EVERYBODY:
        face, actor = undone.faces[name], undone.actors.get(name)
        hidden = {key for key, scene in everything.items() if actor is None or not sees(actor, key, scene.rooms)}
        numbers = {everything[key].number for key in hidden} - {""}
        for door in doors(undone.app):
            if door.method != "GET" or door.is_of_ticket:
                continue
            base = undone.places.address(door)
            queries = ["", "?board=all&after=0&figure=open&q=%E5%BD%92%E8%B0%81", "?board=city"]
            queries += [f"?q={number}" for number in sorted(numbers)[:1]]
            for query in queries:
                answer = face.get(base + query)
                if answer.status_code in (302, 403):
                    cells["lists"] += 1
                    break  # shut at the door, whatever is asked
                cells["lists"] += 1
                told = set(tickets_on(answer.text)) & hidden
                asked = query.partition("q=")[2]
                shown = {number for number in numbers if number != asked and number in answer.text}
                if told or shown:
                    wrong.append(f"{name}: {base}{query} tells of {sorted(told) or sorted(shown)}")
    assert not wrong, "\n".join(wrong)


def test_sockets_join_their_own_rooms_and_no_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, cells: Counter[str]
):
    """Every event there is: to connect, and to go. That others do nothing is tested on the running product."""
    assert set(sockets.HANDLERS) == {"connect", "disconnect"}, "say here what the new event may do"
    for name in EVERYBODY:
        face, actor = stage.faces[name], stage.actors.get(name)
        with face.client.session_transaction() as cookie:
            session = cookie.get("_user_id") or cookie.get("pending") or ""
        with stage.app.app_context():
            token = page_token(session)
        own = rooms_of(actor) | {f"person:{actor.id}"} if actor else None
        assert _rooms_joined(stage, face, token, monkeypatch) == own, name
        assert _rooms_joined(stage, face, "", monkeypatch) is None, name
        cells["sockets"] += 2


def _rooms_joined(stage: Stage, face: Face, token: str, monkeypatch: pytest.MonkeyPatch) -> set[str] | None:
    """The rooms that a page's socket is put into, with this browser's cookie; None where it is refused."""
    joined: set[str] = set()
    told: list[dict[str, object]] = []
    monkeypatch.setattr(sockets, "join_room", joined.add)
    monkeypatch.setattr(sockets, "emit", lambda _event, data: told.append(data))
    monkeypatch.setattr(sockets, "_watch", lambda *_: None)
    cookie = face.client.get_cookie("hotline")
    headers = {"Cookie": f"hotline={cookie.value}"} if cookie else {}
    with stage.app.test_request_context("/socket.io/", headers=headers):
        request.sid = "x"  # type: ignore[attr-defined]
        try:
            sockets.HANDLERS["connect"]({"token": token})
        except ConnectionRefusedError:
            assert not joined and not told
            return None
    # A person's own room has no sequence: it only says that there is a notice.
    assert set(told[0]["rooms"]) == {room for room in joined if not room.startswith("person:")}
    return joined
