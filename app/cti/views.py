"""The one address at which a call centre's platform tells what happens. docs/cti.md describes it."""

import hashlib
import json
from datetime import datetime
from typing import Any

from flask import Blueprint, g, jsonify, request
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from werkzeug.wrappers import Response

from app import hints
from app.access import platform
from app.cti.matching import staff_of
from app.cti.told import AGENT_STATE, Event, event_of, told_by
from app.extensions import vault
from app.outbox import unit_of_work
from calls import platforms, pushed
from calls.models import PhoneLine, TelephonyEvent
from calls.pushed import REJECT, Source
from db import db
from tickets import errors, sealing

bp = Blueprint("cti", __name__, url_prefix="/cti")

Answer = dict[str, Any]
_CODES = frozenset({"direction", "cause", "state", "seq", "timestamp", "waitseconds", "rating"})
"""Fields that may be kept as they came: codes and moments, neither numbers nor names."""
LONGEST_CODE = 64


@bp.post("/<token>")
@platform
def told(token: str) -> Response | tuple[Response, int]:
    """Something has happened at the platform. Answered as its convention says; a repeat gets the first answer."""
    try:
        with unit_of_work() as now:
            answer = _hear_once(event_of(request, now), g.platform, now)
    except errors.Invalid as fault:
        return jsonify(error="invalid", **fault.values), 422
    hints.give()
    return jsonify(answer)


def _hear_once(event: Event, source: Source, now: datetime) -> Answer:
    platforms.heard(source.name, event.name, now)
    row = {
        "provider": source.provider, "dedup_key": _key(event, source), "kind": f"cti.{event.name}",
        "received_at": now, "reply": "",
        "payload": {name: _code(value) for name, value in event.fields.items() if name in _CODES},
    }  # fmt: skip
    added = insert(TelephonyEvent).values(row).on_conflict_do_nothing().returning(TelephonyEvent.id)
    event_id = db.session.execute(added).scalar()
    if event_id is None:
        first = select(TelephonyEvent.reply).where(TelephonyEvent.dedup_key == row["dedup_key"])
        kept: Answer = json.loads(db.session.scalars(first).one())
        return kept
    answer, call_id = _hear(event, source, now)
    # A number that we are to dial is in the answer, and stands nowhere else: it is told anew, not kept.
    kept = {} if "number" in answer else answer
    done = update(TelephonyEvent).where(TelephonyEvent.id == event_id)
    db.session.execute(done.values(reply=json.dumps(kept), call_id=call_id))
    return answer


def _hear(event: Event, source: Source, now: datetime) -> tuple[Answer, int | None]:
    staff_id = staff_of(event.agents)
    if event.name == AGENT_STATE:
        if staff_id is not None:
            pushed.agent_state(now, staff_id, event.text("state"), event.at)
        return {}, None
    call, answer = pushed.hear(now, source, told_by(event, staff_id), vault())
    if answer == REJECT:
        return {"action": "reject", "reason": "busy"}, call.id
    if event.name == "newCall" and call.direction == "out":
        return _dialling(event), call.id
    return {}, call.id


def _dialling(event: Event) -> Answer:
    """For a call out: which number of the city's is to be shown."""
    line = select(PhoneLine.number).where(PhoneLine.is_active).order_by(PhoneLine.line_no != "12345").limit(1)
    number = db.session.scalar(line)
    if not number or not event.text("to"):
        return {}
    return {"action": "dial", "caller_id": number.lstrip("+"), "number": event.text("to")}


def _key(event: Event, source: Source) -> str:
    """The same for the same event told again; one that nothing tells from the next of its kind is heard anew."""
    once = "" if event.repeats else event.received_at.isoformat()
    content = json.dumps([source.name, once, dict(event.fields)], sort_keys=True, default=str)
    digest = hashlib.sha256(content.encode(errors="surrogatepass")).hexdigest()
    return f"cti:{sealing.blind(vault().keys, digest, 'webhook').hex()}"


def _code(value: Any) -> str:
    return str(value)[:LONGEST_CODE]
