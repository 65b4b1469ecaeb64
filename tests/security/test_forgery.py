"""Requests that a page elsewhere makes a browser send: refused where they change something, harmless otherwise.

Generated from the routes, so a new one is among them.
"""

import json

from app.extensions import csrf

from .conftest import Stage
from .doors import Door, Places, differences, doors

EXEMPT_VIEWS = {
    # They act for nobody who is signed in: see app/public/views.py.
    "app.public.views.complain", "app.public.views.status", "app.public.views.rate", "app.public.views.urge",
    "app.public.views.supplement", "app.public.views.withdraw", "app.public.views.appeal",
    "app.public.views.attach", "app.public.files.whole",
}  # fmt: skip
EXEMPT_BLUEPRINTS = {"voice", "voice_talk", "voice_recording", "voice_out", "voice_desk", "sms", "cti"}
"""Doors of machines, which a signature or a token of their own opens."""
FOR_CITIZENS = {
    "public.complain", "public.status", "public.rate", "public.urge", "public.supplement", "public.withdraw",
    "public.appeal", "public.attach", "public_files.whole",
}  # fmt: skip
TOUCHED = {
    "staff_session.seen_at": "a visit is noted once a minute, so that an idle session ends",
    "seat.seen_at": "the telephone page asks how it stands as a sign of life",
}
FACES = ("administrator", "supervisor", "handler of the unit", "operator")


def _changing(stage: Stage) -> list[Door]:
    found = [door for door in doors(stage.app) if door.method == "POST" and not door.is_of_machines]
    return [door for door in found if door.endpoint not in FOR_CITIZENS]


def test_what_carries_no_token_is_this_and_no_more(stage: Stage):
    assert csrf._exempt_views == EXEMPT_VIEWS
    assert {getattr(one, "name", one) for one in csrf._exempt_blueprints} == EXEMPT_BLUEPRINTS


def test_nothing_is_served_but_by_get_and_post(stage: Stage):
    assert {door.method for door in doors(stage.app)} == {"GET", "POST"}


def test_nothing_changes_without_the_sessions_own_token(stage: Stage, tell):
    changing, count = _changing(stage), 0
    foreign = stage.faces["other operator"].token()
    before = stage.places.dump()
    for name in FACES:
        face = stage.faces[name]
        own = face.token()
        for door in changing:
            path = stage.places.address(door)
            override = {"X-HTTP-Method-Override": "PUT", "X-HTTP-Method": "DELETE"}
            refused = [
                face.send(path, {"reason": "x"}),
                face.send(path, {"csrf_token": foreign}),
                face.send(path, {"csrf_token": ""}),
                face.send(f"{path}?csrf_token={own}"),
                face.send(path, json.dumps({"csrf_token": own}), content_type="text/plain"),
                face.send(path, json.dumps({"csrf_token": own}), content_type="application/json"),
                face.send(path, {"_method": "GET"}, headers=override),
            ]
            assert {answer.status_code for answer in refused} == {400}, f"{face} {door}"
            count += len(refused)
        for door in doors(stage.app):
            if door.method == "GET" and not door.is_of_ticket:
                for method in ("PUT", "PATCH", "DELETE"):
                    answer = face.client.open(stage.places.address(door), method=method)
                    assert answer.status_code in (400, 405), f"{face} {method} {door}"
                    count += 1
    assert differences(before, stage.places.dump()) == set()
    tell(f"    forged requests refused: {count}, to {len(changing)} changing routes")


def test_reading_changes_nothing(stage: Stage, tell):
    """Every GET there is, with ids that are there, by those who may do most."""
    before, asked = stage.places.dump(), 0
    for name in (*FACES, "anonymous"):
        face = stage.faces[name]
        for door in doors(stage.app):
            if door.method == "GET":
                for path in _addresses(stage.places, door, stage):
                    answer = face.get(path, headers={"X-HTTP-Method-Override": "POST"})
                    is_well = answer.status_code < 500 or door.endpoint in MISSING
                    assert is_well, f"{face} {path}: {answer.status_code}"
                    asked += 1
    changed = differences(before, stage.places.dump())
    assert changed <= TOUCHED.keys(), changed
    tell(f"    pages read: {asked}; changed besides: {sorted(changed) or 'nothing'}")


MISSING = {"health.readyz": "the test has no clock process"}
"""Pages that say 503 where a server is not there."""


def _addresses(places: Places, door: Door, stage: Stage) -> list[str]:
    if door.is_of_ticket:
        return [places.address(door, ticket_id=one.id) for one in stage.tickets.values()]
    path = places.address(door)
    return [path, f"{path}?q=%E8%B7%AF&after=1&board=all&figure=open&before=99"]
