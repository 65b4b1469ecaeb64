"""回拨. The list of those who are owed a call, the messages they left, and the calls that operators make."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from app import abilities, archive, hints
from app.access import actor, requires
from app.extensions import vault
from app.outbox import unit_of_work
from app.phone import window
from app.phone.callback_wording import CALLBACK_REASONS, GIVEN_UP, OUTCOMES
from calls import free_texts, history, messaging, outgoing, recordings, screen
from calls.models import PROVIDER, Call, Callback, Voicemail
from db import db
from tickets.permissions import may

bp = Blueprint("callbacks", __name__, url_prefix="/desk/phone/callbacks")


@bp.get("")
@requires("call.answer", "call.watch")
def waiting() -> str:
    """Who is to be called back, those due first. Who only watches sees the list, and neither hears nor reads."""
    with unit_of_work() as now:
        rows = [_row(callback, now) for callback in outgoing.waiting(now)]
        is_answering = may(actor(), "call.answer")
        return render_template(
            "phone/callbacks.html", rows=rows, now=now, reasons=CALLBACK_REASONS, given_up=GIVEN_UP,
            outcomes=OUTCOMES, is_answering=is_answering, texts=_texts(now) if is_answering else (),
        )


def _texts(now: datetime) -> list[dict[str, Any]]:
    """Texts that nobody has dealt with, each with what it says and the latest ticket of its sender."""
    messages = free_texts.waiting(now)
    tickets = free_texts.latest_tickets(actor(), messages)
    return [
        {"id": one.id, "at": one.created_at, "words": messaging.words_of(one, vault()),
         "ticket": tickets.get(one.phone_hash or b"")}
        for one in messages
    ]  # fmt: skip


def _row(callback: Callback, now: datetime) -> dict[str, Any]:
    first = db.session.get_one(Call, callback.call_id)
    message = db.session.get(Voicemail, callback.call_id)
    return {
        "callback": callback, "line": first.line_no, "lang": first.lang, "rang_at": first.started_at,
        "number": screen.masked_number(first, vault()), "message": message,
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


@bp.post("/<int:callback_id>/take-down")
@requires("call.answer")
def take_down(callback_id: int) -> Answer:
    """Make a ticket of a message without a call: its draft opens, and is this operator's."""
    with unit_of_work() as now:
        ticket_id = outgoing.take_down(actor(), now, callback_id)
    return redirect(url_for("desk.ticket", ticket_id=ticket_id), 303)


@bp.post("/texts/<int:message_id>/done")
@requires("call.answer")
def text_done(message_id: int) -> Answer:
    """A text has been read, and what it asked for is done."""
    with unit_of_work() as now:
        free_texts.done(actor(), now, message_id)
    return redirect(url_for("callbacks.waiting", _anchor="texts"), 303)


@bp.get("/<int:callback_id>/message")
@requires("call.answer")
def message(callback_id: int) -> Answer:
    """The message that was left, as sound. That it was heard stays on record."""
    with unit_of_work() as now:
        recording = history.hear_message(actor(), now, callback_id)
        found = recording.id, recording.file or "", recording.digest or b""
    sound = archive.load(current_app.extensions["hotline"].data_dir, *found)
    return Response(sound, mimetype="audio/wav", headers={"Cache-Control": "no-store"})
