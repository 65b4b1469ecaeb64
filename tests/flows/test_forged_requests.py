"""Requests that a page elsewhere makes a browser send: refused where they change something, harmless otherwise."""

import uuid

import pytest
from flask import Flask
from werkzeug.routing import Rule

from .cases import Office
from .people import Person
from .test_phone_call import CALL
from .test_web_complaint import MATTER

FOR_CITIZENS = {"/complain", "/status", "/rate", "/urge"}  # they act for nobody who is signed in
SAMPLES = {
    "ticket_id": "1", "staff_id": "1", "action": "sign", "filename": "css/hotline.css", "code": "9901.bus",
    "rule_id": "1", "policy_id": "1", "day": "2026-10-01", "key": "zone",
    "offer_id": "1", "call_id": "1", "leg_id": "1", "order": "hang_up", "given": "+86990112345", "lang": "zh",
    "recording_id": "1", "blocked_id": "1", "callback_id": "1", "token": "x", "name": "x", "gateway": "x",
    "ref": "x",
}  # fmt: skip
STILL = (
    "ticket", "ticket_text", "contact", "assignment", "deadline", "escalation", "rating", "follow_up",
    "routing_decision", "ticket_event", "outbox", "publication", "staff", "role_membership", "role",
    "one_time_token", "form_draft", "attempt", "department", "directory_item", "reference_version",
    "category", "routing_rule", "policy", "calendar_day", "city_setting",
)  # fmt: skip


def _path(rule: Rule) -> str:
    assert rule.arguments <= SAMPLES.keys(), f"no sample for {rule}"
    return rule.build({name: SAMPLES[name] for name in rule.arguments})[1]


def _paths(app: Flask, method: str) -> list[str]:
    return sorted({_path(rule) for rule in app.url_map.iter_rules() if method in rule.methods})


def _faces(office: Office) -> list[Person]:
    return [office.who(login) for login in ("operator", "handler-heat", "supervisor", "admin")]


def test_nothing_changes_without_the_sessions_own_token(app: Flask, office: Office) -> None:
    foreign = office.who("operator2").token()
    # Doors of machines have no session: they open to a signature or a token of their own.
    every = [path for path in _paths(app, "POST") if not path.startswith(("/voice/", "/sms/", "/cti/"))]
    changing = [path for path in every if path not in FOR_CITIZENS]
    assert len(changing) > 10
    people = _faces(office)
    office.wait_published()
    before = _dump(office)
    for person in people:
        for path in changing:
            url = f"{office.product.address}{path}"
            refused = [
                person.web.post(url, data={"reason": "x"}, allow_redirects=False),
                person.web.post(url, data={"csrf_token": foreign}, allow_redirects=False),
                person.web.post(f"{url}?csrf_token={person.token()}", allow_redirects=False),
                person.web.post(url, data="{}", headers={"Content-Type": "text/plain"}, allow_redirects=False),
            ]
            assert [answer.status_code for answer in refused] == [400] * 4, f"{person} {path}"
    assert _dump(office) == before


def test_what_citizens_send_does_nothing_for_who_is_signed_in(office: Office) -> None:
    """A page elsewhere can make a signed-in browser complain: the ticket is a stranger's, not the person's."""
    case = office.complaint(**MATTER)
    operator = office.who("operator")
    key = str(uuid.uuid4())
    form = {"form_key": key, "type": "help", "content": "代发", "anonymous": "1"}
    answer = operator.post("/complain", form)
    assert answer.status_code == 201
    assert case.product.ask("SELECT registered_by FROM ticket WHERE form_key = %s", key) is None


def test_reading_changes_nothing(app: Flask, office: Office) -> None:
    office.take_call(**CALL)
    searching = ["/desk?board=all", "/desk?after=x", "/desk/find?q=13800138000", "/live/changes?after=0"]
    paths = [*_paths(app, "GET"), *searching]
    people = [*_faces(office), office.stranger()]
    for person in people:
        person.token()
    office.wait_published()
    before = _dump(office)
    for person in people:
        for path in paths:
            answer = person.get(path)
            assert answer.status_code < 500, f"{person} {path}: {answer.status_code}"
    assert _dump(office) == before


def _dump(office: Office) -> dict[str, str]:
    """table -> a hash of all it holds."""
    query = "SELECT md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) FROM {} t"
    return {table: office.product.ask(query.format(table)) for table in STILL}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_no_other_method_is_served(office: Office, method: str) -> None:
    person = office.who("supervisor")
    for override in ({}, {"X-HTTP-Method-Override": method}):
        answer = person.web.request(
            "POST" if override else method, f"{office.product.address}/desk/tickets/1/sign", headers=override
        )
        assert answer.status_code in (400, 405)
