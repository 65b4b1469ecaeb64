"""REST: conferences and who is in them, queues and who waits there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.conferences import Conference, Participant
from simulator.flow import run
from simulator.legs import Jump, Leg, Target
from simulator.rest_calls import RINGS, STATUS, ask_for
from simulator.routes import Fields, RestError, moment, not_found, page, route
from simulator.twiml import Verb
from simulator.waiting import Entry, Queue

if TYPE_CHECKING:
    from simulator.network import Network


ADD = ("To", "From", "Timeout", "TimeLimit", "EarlyMedia", "ConferenceStatusCallbackEvent", "Coaching")
CHANGE = (
    "Hold", "HoldUrl", "HoldMethod", "Muted", "EndConferenceOnExit", "Coaching", "CallSidToCoach", "AnnounceUrl",
)  # fmt: skip
NOUN = {  # fields of a participant and what they are in TwiML
    "Muted": "muted", "StartConferenceOnEnter": "startConferenceOnEnter", "Label": "participantLabel",
    "EndConferenceOnExit": "endConferenceOnExit", "WaitUrl": "waitUrl", "Beep": "beep",
    "ConferenceStatusCallback": "statusCallback", "CallSidToCoach": "coach", "MaxParticipants": "maxParticipants",
}  # fmt: skip


def find_conference(network: Network, sid: str) -> Conference:
    if sid not in network.conferences:
        raise not_found()
    return network.conferences[sid]


def _conference_row(one: Conference) -> dict[str, object]:
    return {
        "sid": one.sid, "account_sid": one.network.account_sid, "friendly_name": one.name, "status": one.status,
        "date_created": moment(one.created_at), "date_updated": moment(one.created_at), "region": "us1",
        "api_version": "2010-04-01", "reason_conference_ended": one.reason or None,
        "call_sid_ending_conference": one.ended_by or None,
    }  # fmt: skip


@route("GET", "Conferences/*")
def conference(network: Network, fields: Fields, sid: str) -> dict[str, object]:
    return _conference_row(find_conference(network, sid))


@route("GET", "Conferences")
def conferences(network: Network, fields: Fields) -> dict[str, object]:
    rows = [_conference_row(one) for one in reversed(network.conferences.values())]
    for name, key in (("FriendlyName", "friendly_name"), ("Status", "status")):
        if name in fields:
            rows = [row for row in rows if row[key] == fields.get(name)]
    return page(network, "conferences", rows, fields)


@route("POST", "Conferences/*")
def changefind_conference(network: Network, fields: Fields, sid: str) -> dict[str, object]:
    """Twilio refuses to end what has ended."""
    one = find_conference(network, sid)
    if one.status == "completed":
        raise RestError(20001)
    if fields.get("Status") == "completed":
        one.end("conference-ended-via-api")
    elif "AnnounceUrl" in fields:
        for participant in one.participants:
            participant.announcements.append(fields.get("AnnounceUrl"))
            one.change(participant)
    return _conference_row(one)


# Participants.


def _participant_row(one: Conference, leg: Leg, found: Participant | None, label: str) -> dict[str, object]:
    status = {"in-progress": "connected", "completed": "complete"}.get(leg.status, leg.status)
    since = moment(found.joined_at if found else leg.created_at)
    return {
        "account_sid": leg.network.account_sid, "call_sid": leg.sid, "label": label or None,
        "conference_sid": one.sid, "date_created": since, "date_updated": since,
        "muted": bool(found and found.muted), "hold": bool(found and found.hold), "status": status,
        "coaching": bool(found and found.coaching), "call_sid_to_coach": found.coaching or None if found else None,
        "end_conference_on_exit": bool(found and found.end_on_exit),
        "start_conference_on_enter": bool(found is None or found.start_on_enter),
    }  # fmt: skip


def _participant(one: Conference, name: str) -> Participant:
    found = one.find(name)
    if found is None or one.status == "completed":
        raise not_found()
    return found


@route("POST", "Conferences/*/Participants")
def add_participant(network: Network, fields: Fields, name: str) -> dict[str, object]:
    """By the conference's sid or name; one of a new name begins with it."""
    fields.only(network, *ADD, *NOUN, *STATUS)
    one = find_conference(network, name) if name.startswith("CF") else network.conference(name)
    label = fields.get("Label")
    if one.status == "completed":
        raise not_found()
    if refused := one.refusal(label) or ("16025" if label in one.awaited else ""):
        raise RestError(int(refused))
    leg, wait = ask_for(network, fields)
    given = {attribute: fields.get(field) for field, attribute in NOUN.items() if field in fields}
    given |= {"statusCallbackEvent": " ".join(fields.all("ConferenceStatusCallbackEvent"))}
    dial = Verb("Dial", _dial_attributes(fields), "", (Verb("Conference", given, one.name, ()),))
    one.awaited[label or leg.sid] = leg
    leg.on_end.append(lambda: one.forget(label or leg.sid))
    program = run(leg, Target(verbs=(dial,)))
    network.clock.after(wait, lambda: network.calling(leg, program, fields.number("Timeout", RINGS)))
    return _participant_row(one, leg, None, label) | {"queue_time": str(round(wait * 1000))}


def _dial_attributes(fields: Fields) -> dict[str, str]:
    return {"timeLimit": fields.get("TimeLimit")} if "TimeLimit" in fields else {}


@route("GET", "Conferences/*/Participants")
def participants(network: Network, fields: Fields, sid: str) -> dict[str, object]:
    one = find_conference(network, sid)
    rows = [_participant_row(one, found.leg, found, found.label) for found in one.participants]
    for name in ("Muted", "Hold"):
        if name in fields:
            rows = [row for row in rows if row[name.lower()] == fields.flag(name)]
    return page(network, "participants", rows, fields)


@route("GET", "Conferences/*/Participants/*")
def participant(network: Network, fields: Fields, sid: str, name: str) -> dict[str, object]:
    one = find_conference(network, sid)
    if one.find(name) is None and (leg := one.awaited.get(name)) is not None:
        return _participant_row(one, leg, None, name)
    found = _participant(one, name)
    return _participant_row(one, found.leg, found, found.label)


@route("POST", "Conferences/*/Participants/*")
def change_participant(network: Network, fields: Fields, sid: str, name: str) -> dict[str, object]:
    fields.only(network, *CHANGE)
    one = find_conference(network, sid)
    found = _participant(one, name)
    if "HoldUrl" in fields:
        found.hold_url = fields.get("HoldUrl")
        found.hold_method = fields.get("HoldMethod") or "GET"
    for field, attribute, words in (("Hold", "hold", ("hold", "unhold")), ("Muted", "muted", ("mute", "unmute"))):
        if field in fields and getattr(found, attribute) != fields.flag(field):
            setattr(found, attribute, fields.flag(field))
            one.change(found, f"participant-{words[0] if fields.flag(field) else words[1]}")
    if "EndConferenceOnExit" in fields:
        found.end_on_exit = fields.flag("EndConferenceOnExit")
    if "Coaching" in fields:
        found.coaching = fields.get("CallSidToCoach") if fields.flag("Coaching") else ""
        one.change(found, "participant-modify")
    if "AnnounceUrl" in fields:
        found.announcements.append(fields.get("AnnounceUrl"))
        one.change(found)
    return _participant_row(one, found.leg, found, found.label)


@route("DELETE", "Conferences/*/Participants/*")
def remove_participant(network: Network, fields: Fields, sid: str, name: str) -> None:
    one = find_conference(network, sid)
    if one.find(name) is None and (leg := one.awaited.get(name)) is not None:
        leg.finish("canceled" if leg.answered_at is None else "completed", "api")
        return
    one.kick(_participant(one, name))


# Queues.


def _queue(network: Network, sid: str) -> Queue:
    found = [queue for queue in network.queues.values() if queue.sid == sid]
    if not found:
        raise not_found()
    return found[0]


def _queue_row(queue: Queue) -> dict[str, object]:
    times = [entry.seconds for entry in queue.entries] or [0]
    return {
        "sid": queue.sid, "account_sid": queue.network.account_sid, "friendly_name": queue.name,
        "current_size": len(queue.entries), "max_size": queue.max_size,
        "average_wait_time": round(sum(times) / len(times)), "date_created": moment(queue.created_at),
        "date_updated": moment(queue.created_at),
    }  # fmt: skip


def _member_row(entry: Entry) -> dict[str, object]:
    facts = entry.facts()
    return {
        "call_sid": entry.leg.sid, "queue_sid": entry.queue.sid, "date_enqueued": moment(entry.since),
        "position": int(facts["QueuePosition"]), "wait_time": entry.seconds,
    }  # fmt: skip


@route("GET", "Queues")
def queues(network: Network, fields: Fields) -> dict[str, object]:
    return page(network, "queues", [_queue_row(queue) for queue in network.queues.values()], fields)


@route("POST", "Queues")
def create_queue(network: Network, fields: Fields) -> dict[str, object]:
    if fields.get("FriendlyName") in network.queues:
        raise RestError(20001)
    queue = network.queue(fields.get("FriendlyName"))
    queue.max_size = int(fields.number("MaxSize", queue.max_size))
    return _queue_row(queue)


@route("GET", "Queues/*")
def queue_of(network: Network, fields: Fields, sid: str) -> dict[str, object]:
    return _queue_row(_queue(network, sid))


@route("POST", "Queues/*")
def change_queue(network: Network, fields: Fields, sid: str) -> dict[str, object]:
    queue = _queue(network, sid)
    queue.max_size = int(fields.number("MaxSize", queue.max_size))
    return _queue_row(queue)


@route("GET", "Queues/*/Members")
def members(network: Network, fields: Fields, sid: str) -> dict[str, object]:
    rows = [_member_row(entry) for entry in _queue(network, sid).entries]
    return page(network, "queue_members", rows, fields)


@route("GET", "Queues/*/Members/*")
def member(network: Network, fields: Fields, sid: str, call_sid: str) -> dict[str, object]:
    return _member_row(_entry(network, sid, call_sid))


@route("POST", "Queues/*/Members/*")
def dequeue(network: Network, fields: Fields, sid: str, call_sid: str) -> dict[str, object]:
    entry = _entry(network, sid, call_sid)
    row = _member_row(entry)
    entry.leg.interrupt(Jump(Target(fields.get("Url"), fields.get("Method", "POST")), from_outside=True))
    return row


def _entry(network: Network, sid: str, call_sid: str) -> Entry:
    entry = _queue(network, sid).find(call_sid)
    if entry is None:
        raise not_found()
    return entry
