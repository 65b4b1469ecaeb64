"""回拨. The list of those who are owed a call, the messages they left, and the calls that operators make."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from werkzeug.wrappers import Response as Answer

from app import abilities, archive, hints
from app.access import actor, requires
from app.outbox import unit_of_work
from app.phone import window
from app.phone.callback_wording import CALLBACK_REASONS, GIVEN_UP, OUTCOMES
from calls import history, outgoing, recordings, screen
from calls.models import PROVIDER, Call, Callback, Voicemail
from db import db

bp = Blueprint("callbacks", __name__, url_prefix="/desk/phone/callbacks")


@bp.get("")
@requires("call.answer")
def waiting() -> str:
    """Who is to be called back, those due first."""
    with unit_of_work() as now:
        rows = [_row(callback, now) for callback in outgoing.waiting(now)]
        return render_template(
            "phone/callbacks.html", rows=rows, now=now, reasons=CALLBACK_REASONS, given_up=GIVEN_UP,
            outcomes=OUTCOMES,
        )


def _row(callback: Callback, now: datetime) -> dict[str, Any]:
    first = db.session.get_one(Call, callback.call_id)
    message = db.session.get(Voicemail, callback.call_id)
    return {
        "callback": callback, "line": first.line_no, "lang": first.lang, "rang_at": first.started_at,
        "number": screen.masked_number(first, current_app.extensions["vault"]), "message": message,
        "has_sound": history.sound_of(message) is not None,
        "is_empty": message is not None and recordings.is_empty(message, first, now),
    }  # fmt: skip


@bp.post("/<int:callback_id>/call")
@requires("call.answer")
def call(callback_id: int) -> Response:
    """Ring them: this operator's page connects, and then the citizen is dialled."""
    return _rung(lambda now: outgoing.call_back(actor(), now, callback_id, window.name(), PROVIDER))


@bp.post("/tickets/<int:ticket_id>/call")
@requires("call.answer")
def call_ticket(ticket_id: int) -> Response:
    """Ring the caller of a ticket; the number is dialled and not shown."""
    return _rung(lambda now: outgoing.call_caller(actor(), now, ticket_id, window.name(), PROVIDER))


def _rung(do: Any) -> Response:
    abilities.demand(current_app.extensions["hotline"], "call_out")
    with unit_of_work() as now:
        begun: outgoing.Outgoing = do(now)
        number = begun.call.id
    hints.give()
    return jsonify(call=number)


@bp.post("/<int:callback_id>/close")
@requires("call.answer")
def close(callback_id: int) -> Response:
    """No call is needed any more, and why."""
    with unit_of_work() as now:
        outgoing.give_up(actor(), now, callback_id, request.form.get("reason", ""))
    return jsonify(done=True)


@bp.get("/<int:callback_id>/message")
@requires("call.answer")
def message(callback_id: int) -> Answer:
    """The message that was left, as sound. That it was heard stays on record."""
    with unit_of_work() as now:
        recording = history.hear_message(actor(), now, callback_id)
        found = recording.id, recording.file or "", recording.digest or b""
    sound = archive.load(current_app.extensions["hotline"].data_dir, *found)
    return Response(sound, mimetype="audio/wav", headers={"Cache-Control": "no-store"})
