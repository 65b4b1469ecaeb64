"""Carry out what is owed to the carrier, between two transactions: a slow carrier holds no lock."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import select

from app import archive
from app.extensions import vault
from app.outbox import unit_of_work
from app.voice import documents
from app.voice.talk_views import room_of
from calls import arriving, following, keeping, messaging, offering, outgoing, owing, recordings
from calls.machine import CallState
from calls.models import PROVIDER, Call, CallLeg, PhoneLine, Recording
from calls.owing import Owed
from calls.ports import CarrierError, Gone, Refused, Unclear, Unreachable, VoicePort
from calls.talking import CALLER
from db import db
from routing import service as routing
from tickets import sealing
from tickets.models import Contact

log = logging.getLogger(__name__)

RING_SECONDS = 30
Act = Callable[[VoicePort], str | None]


@dataclass(frozen=True)
class Order:
    """What is to be done, with all it needs to know. `done(sid, now)` keeps the name of what was begun."""

    act: Act
    done: Callable[[str, datetime], None] | None = None


def carry_out(port: VoicePort, found_one: Callable[[], None] = lambda: None) -> int:
    """Do one thing that is due; returns how many there were.

    `found_one` is called between the claim and the doing, so that somebody else looks for the next one meanwhile.
    """
    with unit_of_work() as now:
        found = owing.claim(now, 1)
    for owed in found:
        found_one()
        _carry_out(owed, port)
    return len(found)


def _carry_out(owed: Owed, port: VoicePort) -> None:
    with unit_of_work():
        order = order_of(owed)
    outcome, fault, sid = "done", None, None
    try:
        if order is None:
            outcome = "moot"
        elif owed.is_broken_off and owed.kind in BEGINNINGS:
            raise Unclear("broken off")
        elif owed.is_broken_off and owed.attempts > owing.GIVE_UP:
            raise Refused("broken off each time")
        else:
            sid = order.act(port)
    except Gone as problem:
        outcome, fault = "moot", str(problem)
    except Unreachable as problem:
        with unit_of_work() as now:
            if not owing.put_off(owed, now, str(problem)):
                log.error("given up: %s of call %s: %s", owed.kind, owed.call_id, problem)
        return
    except Unclear as problem:
        outcome, fault = "unknown", str(problem)
    except CarrierError as problem:
        outcome, fault = "failed", str(problem)
        log.error("%s of call %s: %s", owed.kind, owed.call_id, problem)
    with unit_of_work() as now:
        if sid and order and order.done:
            order.done(sid, now)
        owing.settle([owed.id], now, outcome, fault)
        if outcome in ("failed", "moot", "unknown") and owed.kind in AFTER_FAILURE:
            AFTER_FAILURE[owed.kind](owed, now, outcome)


def order_of(owed: Owed) -> Order | None:
    """What to do, as things stand now; None where it came too late to matter."""
    call = db.session.get(Call, owed.call_id)
    return ORDERS[owed.kind](owed, call) if call is not None and not owing.is_overtaken(owed) else None


def _bring_caller(owed: Owed, call: Call) -> Order | None:
    if call.state != CallState.CONNECTING or call.epoch != owed.payload["epoch"]:
        return None
    line, name = call.provider_sid or "", room_of(call, call.epoch)
    if "offer" in owed.payload:
        desk = documents.address("/voice/dial-operator", offer=owed.payload["offer"])
        return Order(lambda port: port.lead(line, desk))
    # An address of its own for each time: the same request gets the same answer, which may have been to go back.
    to = documents.address("/voice/join", epoch=call.epoch, order=owed.id)

    def bring(port: VoicePort) -> None:
        # To be led there once more would take the caller out of the room first, and so end it.
        if owed.attempts == 1 or not _is_in_room(port, name):
            port.lead(line, to)

    return Order(bring)


def _is_in_room(port: VoicePort, name: str) -> bool:
    try:
        return any(member.label == CALLER for member in port.members(port.room(name)))
    except Gone:
        return False


def _send_caller(owed: Owed, call: Call) -> Order | None:
    if call.ended_at is not None:
        return None
    addresses = {
        "survey": documents.address("/voice/survey"),
        "queue": documents.address("/voice/enqueue", drop=call.epoch),
        "goodbye": documents.address("/voice/after"),
    }
    line, to = call.provider_sid or "", addresses[owed.payload["to"]]
    return Order(lambda port: port.lead(line, to))


def _hold(owed: Owed, call: Call) -> Order | None:
    return _hold_with("/voice/hold", owed, call)


def _apologise(owed: Owed, call: Call) -> Order | None:
    return _hold_with("/voice/interrupted", owed, call) if call.interrupted_at is not None else None


def _hold_with(path: str, owed: Owed, call: Call) -> Order | None:
    if not _is_in_talk(owed, call):
        return None
    to = documents.address(path, lang=call.lang, line=call.line_no)
    room, name = call.conference_sid, room_of(call, call.epoch)
    return Order(lambda port: port.hold(room or port.room(name), CALLER, to))


def _unhold(owed: Owed, call: Call) -> Order | None:
    if not _is_in_talk(owed, call):
        return None
    room, name = call.conference_sid, room_of(call, call.epoch)
    return Order(lambda port: port.hold(room or port.room(name), CALLER, None))


def _remove(owed: Owed, call: Call) -> Order | None:
    if not _is_in_talk(owed, call):
        return None
    room, name, label = call.conference_sid, room_of(call, call.epoch), owed.payload["label"]
    return Order(lambda port: port.remove(room or port.room(name), label))


def _is_in_talk(owed: Owed, call: Call) -> bool:
    return call.state == CallState.TALKING and call.epoch == owed.payload["epoch"]


def _hang_up(owed: Owed, call: Call) -> Order | None:
    """The room of a call that has ended: whoever is left in it, an operator or a department, is let go."""
    room, name = call.conference_sid, room_of(call, call.epoch)
    return Order(lambda port: port.close_room(room or port.room(name)))


def _dial_citizen(owed: Owed, call: Call) -> Order | None:
    """Ring the citizen whose number stands in the contact of the call's ticket."""
    contact = db.session.get(Contact, call.ticket_id)
    if call.purpose == following.FOLLOW_UP:
        is_wanted = call.state == CallState.NEW and following.is_wanted(call)
    else:
        is_wanted = call.state == CallState.CONNECTING
    if contact is None or call.provider_sid or not is_wanted:
        return None
    number, own, call_id, ref = vault().open_contact(contact, "phone"), own_number(call), call.id, call.ref

    def begun(sid: str, now: datetime) -> None:
        row = db.session.get_one(Call, call_id)
        row.provider_sid = row.provider_sid or sid

    address, news = documents.address(f"/voice/out/{ref}"), documents.news(f"/voice/out/{ref}/status")
    return Order(lambda port: port.ring(dialled(number), own, address, news, RING_SECONDS), begun)


def _drop_citizen(owed: Owed, call: Call) -> Order | None:
    """Stop ringing the citizen, or let go whoever has just picked up."""
    line = call.provider_sid
    return Order(lambda port: port.hang_up(line)) if line else None


def dialled(number: str) -> str:
    """As the carrier wants it: E.164. Raises Refused for what cannot be dialled from here."""
    plain = number if number.startswith("+") else sealing.normalise_phone(number)
    if not messaging.is_dialable(plain):
        raise Refused("number not allowed")
    return plain


def _dial_party(owed: Owed, call: Call) -> Order | None:
    leg = db.session.get(CallLeg, owed.payload["leg"])
    if leg is None or leg.left_at is not None or leg.provider_sid or call.state != CallState.TALKING:
        return None
    unit = routing.current().units_by_id.get(leg.department_id or 0)
    if unit is None or not unit.phone:
        return None
    number, own, leg_id = unit.phone, own_number(call), leg.id

    def begun(sid: str, now: datetime) -> None:
        line = db.session.get_one(CallLeg, leg_id)
        line.provider_sid = line.provider_sid or sid

    address, news = documents.address(f"/voice/dept/{leg_id}"), documents.news(f"/voice/dept/{leg_id}/status")
    return Order(lambda port: port.ring(number, own, address, news, RING_SECONDS), begun)


def _drop_party(owed: Owed, call: Call) -> Order | None:
    leg = db.session.get(CallLeg, owed.payload["leg"])
    line = leg.provider_sid if leg else None
    return Order(lambda port: port.hang_up(line)) if line else None


def _record(owed: Owed, call: Call) -> Order | None:
    if not _is_in_talk(owed, call) or recordings.is_running(call):
        return None
    line, call_id = call.provider_sid or "", call.id

    def begun(sid: str, now: datetime) -> None:
        # As the carrier's own news of it does: who came first to the recording, and only then to the call, would
        # wait for the other in a circle.
        call = keeping.lock(call_id)
        recordings.heard_of(call, recordings.TALK, PROVIDER, sid, "in-progress", None, now, now)

    return Order(lambda port: port.record(line, documents.news("/voice/recording")), begun)


def _pause_recording(owed: Owed, call: Call) -> Order | None:
    return _pausing(owed, call, paused=True)


def _resume_recording(owed: Owed, call: Call) -> Order | None:
    return _pausing(owed, call, paused=False)


def _pausing(owed: Owed, call: Call, *, paused: bool) -> Order | None:
    if not _is_in_talk(owed, call):
        return None
    line = call.provider_sid or ""
    return Order(lambda port: port.pause_recording(line, paused=paused))


def _fetch_recording(owed: Owed, call: Call) -> Order | None:
    recording = db.session.get(Recording, owed.payload["recording"])
    if recording is None or recording.state != "made":
        return None
    recording_id, sid, seconds = recording.id, recording.provider_sid, recording.seconds
    data_dir = documents.config().data_dir

    def fetch(port: VoicePort) -> str:
        sound = port.fetch_recording(sid)
        try:
            digest = archive.verified(sound, seconds)
            return f"{digest.hex()}:{archive.store(data_dir, recording_id, sound)}"
        except (archive.Damaged, OSError) as fault:
            raise Unreachable(f"not stored: {type(fault).__name__}") from fault

    def keep(found: str, now: datetime) -> None:
        digest, _, name = found.partition(":")
        recordings.stored(recording_id, name, bytes.fromhex(digest), now)

    return Order(fetch, keep)


def _delete_recording(owed: Owed, call: Call) -> Order | None:
    recording = db.session.get(Recording, owed.payload["recording"])
    if recording is None or recording.stored_at is None or recording.deleted_there_at is not None:
        return None
    recording_id, sid = recording.id, recording.provider_sid

    def delete(port: VoicePort) -> str:
        port.delete_recording(sid)
        return sid

    def gone(_: str, now: datetime) -> None:
        db.session.get_one(Recording, recording_id).deleted_there_at = now

    return Order(delete, gone)


def own_number(call: Call) -> str:
    """The number of ours that is shown to whom we call: that of the line, or of any."""
    same = select(PhoneLine.number).where(PhoneLine.is_active).order_by(PhoneLine.line_no != call.line_no)
    return db.session.scalar(same.limit(1)) or ""


ORDERS: Mapping[str, Callable[[Owed, Call], Order | None]] = {
    "bring_caller": _bring_caller,
    "send_caller": _send_caller,
    "hold": _hold,
    "unhold": _unhold,
    "apologise": _apologise,
    "remove": _remove,
    "hang_up": _hang_up,
    "dial_citizen": _dial_citizen,
    "drop_citizen": _drop_citizen,
    "dial_party": _dial_party,
    "drop_party": _drop_party,
    "record": _record,
    "pause_recording": _pause_recording,
    "resume_recording": _resume_recording,
    "fetch_recording": _fetch_recording,
    "delete_recording": _delete_recording,
}
"""Every kind of debt, and how it is paid."""


BEGINNINGS = frozenset({"dial_citizen", "dial_party", "record"})
"""What would be there twice if it were done twice: somebody would be rung again, a talk recorded again."""


def _after_bringing(owed: Owed, now: datetime, outcome: str) -> None:
    """The caller could not be brought: whoever has hung up has ended the call, whoever has not waits on."""
    call = keeping.lock(owed.call_id or 0)
    if call.state != CallState.CONNECTING or call.epoch != owed.payload["epoch"]:
        return
    if outcome == "moot":
        arriving.end(call, now, now)
    else:
        offering.give_up_line(call, now)


def _after_dialling(owed: Owed, now: datetime, outcome: str) -> None:
    """Nobody was rung. Where it is not known, the carrier tells of the line, or nothing comes of it in time."""
    call = keeping.lock(owed.call_id or 0)
    if outcome != "unknown" and call.provider_sid is None and call.ended_at is None:
        outgoing.status(call, "", "failed", now, now)


AFTER_FAILURE: Mapping[str, Callable[[Owed, datetime, str], None]] = {
    "bring_caller": _after_bringing, "dial_citizen": _after_dialling,
}  # fmt: skip


def port_of() -> VoicePort | None:
    """The carrier of this installation; None where there is none to command."""
    found: VoicePort | None = current_app.extensions["voice"]
    return found
