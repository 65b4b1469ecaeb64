"""Fields that no form has: nothing comes of them, and a program that sends them as JSON is told which.

Forms leave what they do not know alone, for browsers and their extensions add fields of their own; here the same
form writes the same to the database with them and without. JSON is written by programs, which would otherwise
believe that they were heard.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from db import database_now, db

from .bodies import FIELDS, body
from .conftest import Scene, Stage
from .doors import Asked, Door, Face, doors

ROOT = Path(__file__).parents[2]
NUMBER, TEXT, DAY = "70707071", "zz-further-zz", "2031-07-07T07:07:07+00:00"
MARKS = (NUMBER, TEXT, "2031-07-07")
FURTHER = {
    "id": NUMBER, "state": TEXT, "status": TEXT, "department_id": NUMBER, "due_at": DAY, "is_admin": TEXT,
    "permissions": TEXT, "created_at": DAY, "registered_at": DAY, "registered_by": NUMBER, "rooms": TEXT,
    "rooms[]": TEXT, "totp_secret": TEXT, "password_hash": TEXT, "disabled_at": DAY, "closed_at": DAY,
    "staff_id": NUMBER, "ticket_id": NUMBER, "is_active": TEXT, "round": NUMBER, "redos": NUMBER, "actor": TEXT,
    "__class__": TEXT, "code_counter": NUMBER, "roles": TEXT, "role_code": TEXT, "written_by": NUMBER,
}  # fmt: skip
FACES = ("administrator", "supervisor", "operator", "handler of the unit")
ACTIONS = ("sign", "reply", "dispatch", "accept", "urge", "close")
AWAY = {"auth.sign_out", "auth.enter"}
READS_JSON = {
    "app/public/forms.py": ("/complain", "/status", "/rate", "/urge"),
    "app/desk/views.py": ("/desk/drafts",),
    # Platforms' events carry what each vendor likes: what is not understood there is left alone, see docs/cti.md.
    "app/cti/told.py": (),
}
"""Files that read JSON -> the addresses at which further fields are refused."""

Written = list[tuple[str, tuple[object, ...]]]


@pytest.fixture
def asked(undone: Stage, monkeypatch: pytest.MonkeyPatch) -> Asked:
    found = Asked()
    monkeypatch.setattr(undone.app.request_class, "parameter_storage_class", found.watch())
    with undone.app.app_context():
        now = database_now()
    monkeypatch.setitem(undone.app.config, "CLOCK", lambda: now)
    return found


@contextmanager
def written(stage: Stage) -> Iterator[Written]:
    """What is written to the database while the block runs."""
    found: Written = []

    def note(connection, cursor, statement, parameters, context, executemany) -> None:
        if statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            rows = parameters if isinstance(parameters, list) else [parameters]
            found.extend((statement, tuple(row.values() if isinstance(row, dict) else row)) for row in rows)

    with stage.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _plain(rows: Written) -> list[tuple[str, tuple[object, ...]]]:
    """Without what differs each time: ids that were handed out, keys and hashes."""
    kept = (str, bool, float)
    return [
        (statement, tuple(value for value in values if isinstance(value, kept) and not _is_random(value)))
        for statement, values in rows
    ]


def _is_random(value: object) -> bool:
    """Keys, hashes and secrets stand in one word; what a body says of them is not told apart by it."""
    return isinstance(value, str) and " " not in value and (len(value) >= 20 or value.isdecimal())


def _changing(stage: Stage) -> list[Door]:
    found = [door for door in doors(stage.app) if door.method == "POST" and not door.is_of_machines]
    return [door for door in found if door.endpoint not in AWAY]


def _addresses(stage: Stage, door: Door) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where the door stands, with a body that would be taken: for a ticket, in every state there is."""
    unit = stage.places.ask("SELECT id FROM department WHERE code = '9901.heat'")
    if not door.is_of_ticket:
        yield stage.places.address(door), {**body(unit, 1, None), "keep": "register"}
        return
    actions = ACTIONS if "action" in door.rule.arguments else ("",)
    for scene in _some(stage):
        part = scene.parts[-1][0] if scene.parts else None
        for action in actions:
            where = stage.places.address(door, ticket_id=scene.id, action=action)
            yield where, body(unit, scene.version, part)


def _some(stage: Stage) -> list[Scene]:
    names = ("draft of one's own", "unassigned", "with the unit", "signed", "to review", "to be rated")
    return [stage.tickets[name] for name in names]


def _send(stage: Stage, face: Face, path: str, fields: dict[str, Any]) -> tuple[int, Written]:
    with written(stage) as rows:
        answer = face.post(path, {**fields, "form_key": str(uuid.uuid4())})
    return answer.status_code, list(rows)


def test_forms_write_the_same_with_them(undone: Stage, asked: Asked, tell):
    count = writing = 0
    for name in FACES:
        face = undone.faces[name]
        for door in _changing(undone):
            for path, fields in _addresses(undone, door):
                face.token()
                asked.during()
                status, before = _send(undone, face, path, fields)
                if status == 403:
                    break  # shut at the door
                own = asked.during() | fields.keys()
                further = {key: value for key, value in FURTHER.items() if key not in own}
                again, after = _send(undone, face, path, {**fields, **further})
                where = f"{name}: {path}"
                assert again == status, where
                assert _plain(after) == _plain(before), where
                marked = [row for row in after for value in row[1] if any(mark in str(value) for mark in MARKS)]
                assert not marked, (where, marked)
                count, writing = count + 1, writing + bool(before)
    assert writing > 40, writing
    tell(f"    forms sent with {len(FURTHER)} further fields: {count}, of which {writing} wrote something")


def test_every_place_that_reads_json_is_known():
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "app").rglob("*.py")
        if "get_json(" in path.read_text(encoding="utf-8")
    }
    assert found == READS_JSON.keys(), "tests/security/test_further_fields.py: say which addresses read JSON there"


@pytest.mark.parametrize("path", [path for paths in READS_JSON.values() for path in paths])
def test_json_with_them_is_refused_by_name(undone: Stage, path: str):
    face = undone.faces["operator"]
    number, code = undone.code
    bodies: dict[str, dict[str, Any]] = {
        "/complain": {"form_key": str(uuid.uuid4()), "type": "help", "content": FIELDS["content"],
                      "anonymous": True},
        "/status": {"number": number, "code": code},
        "/rate": {"number": number, "code": code, "solved": "yes", "satisfied": "3"},
        "/urge": {"number": number, "code": code, "urge_note": "请尽快"},
        "/desk/drafts": {"form": "new", "fields": {"content": "写到一半"}},
    }
    headers = {"Accept": "application/json", "X-CSRFToken": face.token()}
    options = {"headers": headers, "environ_base": face.environment}
    taken = face.client.post(path, json=bodies[path], **options)
    assert taken.status_code in (200, 201, 204, 409), taken.text
    for name, value in (*FURTHER.items(), ("version", 1), ("queue", None), ("by", ["x"])):
        if name == "round" and path == "/rate":
            continue  # the round that the citizen was asked about
        with written(undone) as rows:
            answer = face.client.post(path, json={**bodies[path], name: value}, **options)
        assert answer.status_code == 422, (path, name)
        assert answer.json["fields"] == {name: "not_known"}, (path, name)
        assert [row for row in rows if "staff_session" not in row[0]] == [], (path, name)
