"""REST: recordings, text messages, and what the account owns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulator.messages import Text, segments_of
from simulator.owned import App, Number
from simulator.recordings import Recording
from simulator.rest_calls import RECORDING, recording_callback
from simulator.rest_calls import find as find_call
from simulator.rest_rooms import find_conference
from simulator.routes import Fields, RestError, moment, not_found, page, route

if TYPE_CHECKING:
    from simulator.network import Network

CURRENT = "Twilio.CURRENT"


def _row(one: Recording, account_sid: str) -> dict[str, object]:
    done = one.status in ("completed", "absent")
    return {
        "sid": one.sid, "account_sid": account_sid, "call_sid": one.call_sid or None, "status": one.status,
        "conference_sid": one.conference_sid or None, "channels": one.channels, "source": one.source,
        "duration": str(one.seconds) if done else None, "start_time": moment(one.began),
        "date_created": moment(one.began), "date_updated": moment(one.began), "media_url": one.url,
        "uri": f"/2010-04-01/Accounts/{account_sid}/Recordings/{one.sid}.json",
    }  # fmt: skip


def _find(network: Network, sid: str, call_sid: str = "", conference_sid: str = "") -> Recording:
    if sid == CURRENT:
        running = network.recordings.running(call_sid, conference_sid)
        if not running:
            raise not_found()
        return running[0]
    if sid not in network.recordings.all:
        raise not_found()
    return network.recordings.all[sid]


@route("POST", "Calls/*/Recordings")
def record_call(network: Network, fields: Fields, call_sid: str) -> dict[str, object]:
    leg = find_call(network, call_sid)
    if leg.status != "in-progress":
        raise RestError(21220)
    fields.only(network, *RECORDING, "RecordingChannels", "RecordingTrack", "Trim")
    channels = 2 if fields.get("RecordingChannels") == "dual" else 1
    callback = recording_callback(fields)
    made = network.recordings.start("StartCallRecordingAPI", callback, leg.sid, channels=channels)
    return _row(made, network.account_sid)


@route("GET", "Calls/*/Recordings")
def recordings_of_call(network: Network, fields: Fields, call_sid: str) -> dict[str, object]:
    found = [one for one in network.recordings.all.values() if one.call_sid == call_sid]
    return page(network, "recordings", [_row(one, network.account_sid) for one in found], fields)


@route("GET", "Conferences/*/Recordings")
def recordings_offind_conference(network: Network, fields: Fields, sid: str) -> dict[str, object]:
    found = [one for one in network.recordings.all.values() if one.conference_sid == sid]
    return page(network, "recordings", [_row(one, network.account_sid) for one in found], fields)


@route("POST", "Calls/*/Recordings/*")
def change_recording(network: Network, fields: Fields, call_sid: str, sid: str) -> dict[str, object]:
    find_call(network, call_sid)
    return _change(network, fields, _find(network, sid, call_sid))


@route("POST", "Conferences/*/Recordings/*")
def change_conference_recording(
    network: Network, fields: Fields, conference_sid: str, sid: str
) -> dict[str, object]:
    find_conference(network, conference_sid)
    return _change(network, fields, _find(network, sid, conference_sid=conference_sid))


def _change(network: Network, fields: Fields, one: Recording) -> dict[str, object]:
    if one.status not in ("in-progress", "paused"):
        raise RestError(20001)
    match fields.get("Status"):
        case "paused":
            network.recordings.pause(one, fields.get("PauseBehavior", "silence"))
        case "in-progress":
            network.recordings.resume(one)
        case "stopped":
            network.recordings.stop(one)
    return _row(one, network.account_sid)


@route("GET", "Calls/*/Recordings/*")
@route("GET", "Conferences/*/Recordings/*")
def recording_of(network: Network, fields: Fields, parent: str, sid: str) -> dict[str, object]:
    return _row(_find(network, sid, parent), network.account_sid)


@route("GET", "Recordings")
def recordings(network: Network, fields: Fields) -> dict[str, object]:
    found = [_row(one, network.account_sid) for one in reversed(network.recordings.all.values())]
    for name, key in (("CallSid", "call_sid"), ("ConferenceSid", "conference_sid")):
        if name in fields:
            found = [row for row in found if row[key] == fields.get(name)]
    return page(network, "recordings", found, fields)


@route("GET", "Recordings/*")
def recording(network: Network, fields: Fields, sid: str) -> dict[str, object]:
    return _row(_find(network, sid), network.account_sid)


@route("DELETE", "Recordings/*")
def delete_recording(network: Network, fields: Fields, sid: str) -> None:
    _find(network, sid)
    network.recordings.delete(sid)


@route("DELETE", "Calls/*/Recordings/*")
@route("DELETE", "Conferences/*/Recordings/*")
def delete_recording_of(network: Network, fields: Fields, parent: str, sid: str) -> None:
    delete_recording(network, fields, sid)


def media(network: Network, sid: str) -> bytes:
    """The sound itself. Raises RestError while it is not to be had."""
    one = _find(network, sid)
    if one.status != "completed":
        raise not_found()
    return one.wav()


# Messages.


def _message_row(text: Text, account_sid: str) -> dict[str, object]:
    return {
        "sid": text.sid, "account_sid": account_sid, "from": text.from_, "to": text.to, "body": text.body,
        "status": text.status, "direction": text.direction, "error_code": int(text.error_code or 0) or None,
        "num_segments": str(segments_of(text.body)), "date_created": moment(text.created_at),
        "date_sent": moment(text.created_at), "date_updated": moment(text.created_at), "num_media": "0",
        "api_version": "2010-04-01", "uri": f"/2010-04-01/Accounts/{account_sid}/Messages/{text.sid}.json",
    }  # fmt: skip


@route("POST", "Messages")
def send(network: Network, fields: Fields) -> dict[str, object]:
    fields.only(network, "To", "From", "Body", "StatusCallback", "MessagingServiceSid")
    to, from_ = fields.get("To"), fields.get("From")
    if not re.fullmatch(r"\+\d{8,15}", to):
        raise RestError(21211)
    if not fields.get("Body"):
        raise RestError(21602)
    if from_ not in network.numbers and "MessagingServiceSid" not in fields:
        raise RestError(21606)
    if network.phone(to).sms == "opted-out":
        raise RestError(21610)
    made = network.messages.outgoing(from_, to, fields.get("Body"), fields.get("StatusCallback"))
    return _message_row(made, network.account_sid)


@route("GET", "Messages")
def messages(network: Network, fields: Fields) -> dict[str, object]:
    found = [_message_row(text, network.account_sid) for text in reversed(network.messages.all.values())]
    for name, key in (("To", "to"), ("From", "from")):
        if name in fields:
            found = [row for row in found if row[key] == fields.get(name)]
    return page(network, "messages", found, fields)


@route("GET", "Messages/*")
def message(network: Network, fields: Fields, sid: str) -> dict[str, object]:
    if sid not in network.messages.all:
        raise not_found()
    return _message_row(network.messages.all[sid], network.account_sid)


# What the account owns.


def _number_row(one: Number, account_sid: str) -> dict[str, object]:
    return {
        "sid": one.sid, "account_sid": account_sid, "phone_number": one.number, "friendly_name": one.number,
        "voice_url": one.voice_url, "voice_method": "POST", "voice_fallback_url": one.voice_fallback_url,
        "status_callback": one.status_callback, "sms_url": one.sms_url, "sms_fallback_url": one.sms_fallback_url,
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
    }  # fmt: skip


def _app_row(one: App, account_sid: str) -> dict[str, object]:
    return {
        "sid": one.sid, "account_sid": account_sid, "friendly_name": one.sid, "voice_url": one.voice_url,
        "voice_method": "POST", "voice_fallback_url": one.voice_fallback_url,
        "status_callback": one.status_callback,
    }  # fmt: skip


@route("GET", "IncomingPhoneNumbers")
def numbers(network: Network, fields: Fields) -> dict[str, object]:
    wanted = fields.get("PhoneNumber")
    found = [one for one in network.numbers.values() if wanted in ("", one.number)]
    rows = [_number_row(one, network.account_sid) for one in found]
    return page(network, "incoming_phone_numbers", rows, fields)


@route("GET", "IncomingPhoneNumbers/*")
def number(network: Network, fields: Fields, sid: str) -> dict[str, object]:
    for one in network.numbers.values():
        if one.sid == sid:
            return _number_row(one, network.account_sid)
    raise not_found()


@route("GET", "Applications")
def applications(network: Network, fields: Fields) -> dict[str, object]:
    found = [_app_row(one, network.account_sid) for one in network.apps.values()]
    return page(network, "applications", found, fields)


@route("GET", "Applications/*")
def application(network: Network, fields: Fields, sid: str) -> dict[str, object]:
    if sid not in network.apps:
        raise not_found()
    return _app_row(network.apps[sid], network.account_sid)
