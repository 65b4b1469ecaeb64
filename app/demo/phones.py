"""The demo city's telephones in a browser: a citizen's, a department's, and the rush hour. In no other city."""

import re
import unicodedata
from collections.abc import Mapping
from random import randrange
from typing import Any

from flask import Blueprint, abort, current_app, jsonify, render_template, request
from sqlalchemy import select
from werkzeug.wrappers import Response

from app import simulator
from app.access import in_background, public
from app.demo import phone_wording as words
from app.demonstration import is_demo_city
from app.outbox import unit_of_work
from app.templating import city, city_name, units_by_kind
from calls.models import PhoneLine
from db import db

bp = Blueprint("demo_phone", __name__, url_prefix="/demo")

NUMBERS = ("+8613800138000", "+8615400000001", "+8615400000002", "+8615400000003")
BY_HAND = 20
"""Calls at once that were dialled by hand, whoever dialled them."""
LONGEST_TEXT = 500
LONGEST_SPEECH = 120
RUSH = {"callers": (1, 200), "minutes": (1, 30), "patience": (5, 900), "talk": (5, 900)}
"""What may be asked of a rush hour: from, to; the last two in seconds."""
USUAL_RUSH = {"callers": 10, "minutes": 2, "patience": 90, "talk": 45}
BY_ITSELF: dict[str, dict[str, Any] | None] = {
    "by_hand": None,
    "human": {"how": "human", "after": 3, "then": [
        {"hearing": "1", "keys": "1", "after": 1}, {"after": 30, "hangs_up": True},
    ]},
    "busy": {"how": "busy", "after": 2},
    "no-answer": {"how": "no-answer"},
}  # fmt: skip
"""How a department's telephone is answered; whoever answers by himself takes the call and talks for a while."""
NUMBER = re.compile(r"\+86[1-9]\d{7,11}")
SID = re.compile(r"CA[0-9a-f]{32}")


class Wrong(Exception):
    """What was asked for cannot be; `code` is one of phone_wording.FAULTS."""

    def __init__(self, code: str, status: int = 422) -> None:
        super().__init__(code)
        self.code, self.status = code, status


@bp.before_request
def only_where_all_is_played() -> None:
    """Nowhere else does anything of this exist."""
    with unit_of_work():
        if current_app.extensions["hotline"].telephony != "simulator" or not is_demo_city():
            abort(404)


@bp.errorhandler(Wrong)
def _wrong(fault: Wrong) -> tuple[Response, int]:
    return jsonify(error=fault.code, message=words.fault(fault.code)), fault.status


@bp.errorhandler(simulator.NotThere)
def _not_there(fault: simulator.NotThere) -> tuple[Response, int]:
    return jsonify(error="no_network", message=words.fault("no_network")), 503


@bp.errorhandler(simulator.Refused)
def _refused(fault: simulator.Refused) -> tuple[Response, int]:
    """Mostly the call has moved on since the page was told how it stands."""
    return jsonify(error="refused", message=words.fault("refused")), 409


@bp.get("/phone")
@public
def phone() -> str:
    """A citizen's telephone, and the rush hour."""
    with unit_of_work():
        return render_template(
            "demo/phone.html", numbers=NUMBERS, lines=_lines(), words=words.words(), limits=RUSH,
            usual=USUAL_RUSH, crew=words.CREW, longest_text=LONGEST_TEXT, city_name=city_name(),
        )  # fmt: skip


@bp.get("/department")
@public
def department() -> str:
    """A department's duty telephone, which the hotline rings out of a talk."""
    with unit_of_work():
        groups = [(kind, [unit for unit in units if unit.phone]) for kind, units in units_by_kind()]
        return render_template("demo/department.html", groups=groups, words=words.words(), ways=words.BY_ITSELF)


@bp.get("/phone/now")
@public
@in_background
def now() -> Response:
    """What whoever holds a phone sees and hears: `{call, inbox, texts, way}`; of a call only what is new."""
    asked = {name: request.args.get(name, "") for name in ("call", "since", "texts")}
    since, texts = (int(asked[name]) if asked[name].isdecimal() else 0 for name in ("since", "texts"))
    try:
        found = simulator.get(f"phones/{_number(request.args)}/now", call=asked["call"], since=since, texts=texts)
    except simulator.NotThere:
        return jsonify(problem=words.fault("no_network"))  # no refusal: the page goes on asking
    call = found["call"]
    shown = {name: call[name] for name in ("sid", "doing", "began", "heard", "next")} if call else None
    if shown:
        shown["incoming"] = call["direction"] != "inbound"
    return jsonify(call=shown, inbox=found["inbox"], texts=found["texts"], way=_way(found["answers"]))


@bp.post("/phone/dial")
@public
def dial() -> Response:
    """Ring the hotline. One call at a time for each phone."""
    number, to = _number(request.form), _line(request.form)
    call = simulator.get(f"phones/{number}/now")["call"]
    if call and call["doing"] != "ended":
        raise Wrong("busy", 409)
    if simulator.get("state")["by_hand"] >= BY_HAND:
        raise Wrong("many", 429)
    made = simulator.post(f"phones/{number}/dial", to=to, withheld=bool(request.form.get("withheld")))
    return jsonify(call=made["sid"])


@bp.post("/phone/do")
@public
def do() -> Response:
    """Something with the call of a phone: press, speak, answer, decline, hang-up."""
    number, sid, doing = _number(request.form), request.form.get("call", ""), request.form.get("doing", "")
    if not SID.fullmatch(sid) or doing not in ("press", "speak", "answer", "decline", "hang-up"):
        raise Wrong("refused")
    if simulator.get(f"calls/{sid}", since=1_000_000)["party"] != number:
        raise Wrong("refused")
    given: dict[str, object] = {}
    if doing == "press":
        given["keys"] = _key(request.form.get("keys", ""))
    if doing == "speak":
        given["seconds"] = _within(request.form.get("seconds", ""), 0, LONGEST_SPEECH, "refused")
    simulator.post(f"calls/{sid}/{doing}", **given)
    return jsonify(done=True)


@bp.post("/phone/text")
@public
def text() -> Response:
    """Send a text to the hotline."""
    number, to, body = _number(request.form), _line(request.form), request.form.get("body", "").strip()
    if not 0 < len(body) <= LONGEST_TEXT:
        raise Wrong("text")
    simulator.post(f"phones/{number}/sms", to=to, body=body)
    return jsonify(done=True)


@bp.post("/department/way")
@public
def way() -> Response:
    """How a department's telephone is answered from now on: by hand, or by itself."""
    number, chosen = _number(request.form), request.form.get("way", "")
    with unit_of_work():
        is_duty = any(unit.phone == number for unit in city().units.values())
    if chosen not in BY_ITSELF or not is_duty:
        raise Wrong("refused")
    simulator.post(f"phones/{number}", answers=BY_ITSELF[chosen])
    return jsonify(done=True)


@bp.get("/phone/rush")
@public
@in_background
def rush() -> Response:
    """How the rush hour goes: `{crew, going, stopped, counts}`."""
    try:
        return jsonify(_told(simulator.get("rush")))
    except simulator.NotThere:
        return jsonify(problem=words.fault("no_network"))


@bp.post("/phone/rush")
@public
def begin_rush() -> Response:
    """Let many people ring. One rush hour at a time."""
    asked = {name: _within(request.form.get(name, ""), *span, name) for name, span in RUSH.items()}
    to = _line(request.form)
    if simulator.get("rush")["going"]:
        raise Wrong("rushing", 409)
    simulator.post("rush", to=to, seed=randrange(1_000_000), **asked)
    return jsonify(_told(simulator.get("rush")))


@bp.post("/phone/rush/stop")
@public
def stop_rush() -> Response:
    """Nobody else rings, and who waits hangs up."""
    return jsonify(_told(simulator.post("rush/stop")))


@bp.post("/phone/crew")
@public
def crew() -> Response:
    """When the played operators answer: never, in a rush hour, always."""
    if request.form.get("when") not in words.CREW:
        raise Wrong("refused")
    return jsonify(_told(simulator.post("crew", when=request.form["when"])))


def _told(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("crew", "going", "stopped", "counts")}


def _lines() -> list[PhoneLine]:
    """The numbers that can be dialled, that of the hotline first."""
    query = select(PhoneLine).where(PhoneLine.is_active)
    return list(db.session.scalars(query.order_by(PhoneLine.line_no != "12345", PhoneLine.line_no)))


def _line(fields: Mapping[str, str]) -> str:
    with unit_of_work():
        numbers = {line.number for line in _lines()}
    if fields.get("to") not in numbers:
        raise Wrong("line")
    return fields["to"]


def _number(fields: Mapping[str, str]) -> str:
    """The phone in question, in E.164; a number of this country, and none of the hotline's."""
    typed = re.sub(r"[\s().-]", "", unicodedata.normalize("NFKC", fields.get("number", "")))
    number = typed if typed.startswith("+") else f"+86{typed.removeprefix('0')}"
    with unit_of_work():
        is_ours = any(line.number == number for line in _lines())
    if is_ours or not NUMBER.fullmatch(number) or not number.isascii():
        raise Wrong("number")
    return number


def _key(text: str) -> str:
    if not re.fullmatch(r"[0-9*#]", text, re.ASCII):
        raise Wrong("refused")
    return text


def _within(text: str, least: int, most: int, code: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9 and least <= int(text) <= most):
        raise Wrong(code)
    return int(text)


def _way(answers: Mapping[str, Any] | None) -> str:
    how = answers["how"] if answers else "by_hand"
    return how if how in BY_ITSELF else "by_hand"
