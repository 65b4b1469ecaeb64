"""REST: calls, made, moved and looked at."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from simulator.flow import run
from simulator.legs import Callbacks, Jump, Leg, Program, Target, Wait
from simulator.routes import Fields, RestError, moment, not_found, page, route
from simulator.twiml import BadTwiml, Verb, parse

if TYPE_CHECKING:
    from simulator.network import Network

STATUS = ("StatusCallback", "StatusCallbackMethod", "StatusCallbackEvent")
RECORDING = ("RecordingStatusCallback", "RecordingStatusCallbackMethod", "RecordingStatusCallbackEvent")
CREATE = (
    "To", "From", "Url", "Method", "Twiml", "ApplicationSid", "FallbackUrl", "FallbackMethod", "Timeout",
    "TimeLimit", "MachineDetection", "AsyncAmd", "AsyncAmdStatusCallback", "Record", "RecordingChannels",
    *STATUS, *RECORDING,
)  # fmt: skip
UPDATE = ("Url", "Method", "Twiml", "FallbackUrl", "FallbackMethod", "Status", "StatusCallback")
JUDGING = 4.0  # seconds until answering machines are told from people
RINGS = 60


def find(network: Network, sid: str) -> Leg:
    if sid not in network.calls:
        raise not_found()
    return network.calls[sid]


def row(leg: Leg) -> dict[str, object]:
    return {
        "sid": leg.sid, "account_sid": leg.network.account_sid, "api_version": "2010-04-01", "to": leg.to,
        "from": leg.from_, "status": leg.status, "direction": leg.direction,
        "answered_by": leg.answered_by or None,
        "parent_call_sid": leg.parent.sid if leg.parent else None, "date_created": moment(leg.created_at),
        "date_updated": moment(leg.ended_at or leg.answered_at or leg.created_at),
        "start_time": moment(leg.answered_at or leg.created_at), "end_time": moment(leg.ended_at),
        "duration": str(leg.seconds) if leg.is_over else None, "queue_time": "0",
        "uri": f"/2010-04-01/Accounts/{leg.network.account_sid}/Calls/{leg.sid}.json",
    }  # fmt: skip


def ask_for(network: Network, fields: Fields) -> tuple[Leg, float]:
    """A call that will ring, and the seconds until it does. Raises RestError on numbers that cannot be."""
    to, from_ = fields.get("To"), fields.get("From")
    if not re.fullmatch(r"\+\d{8,15}|client:[A-Za-z0-9_]{1,121}(\?.*)?", to):
        raise RestError(21211)
    if from_ not in network.numbers and not from_.startswith("client:"):
        raise RestError(21210)
    events = " ".join(fields.all("StatusCallbackEvent")).split()
    now = network.clock.now()
    begins = max(now, network.next_call_at)
    network.next_call_at = begins + timedelta(seconds=1)
    leg = Leg(network, "outbound-api", from_, to, network.party(to))
    leg.callbacks = Callbacks(
        fields.get("StatusCallback"), fields.get("StatusCallbackMethod", "POST"), tuple(events) or ("completed",)
    )
    leg.fallback = (fields.get("FallbackUrl"), fields.get("FallbackMethod", "POST"))
    return leg, (begins - now).total_seconds()


@route("POST", "Calls")
def create(network: Network, fields: Fields) -> dict[str, object]:
    fields.only(network, *CREATE)
    if not any(name in fields for name in ("Url", "Twiml", "ApplicationSid")):
        raise RestError(21205)
    if any(" " in event for event in fields.all("StatusCallbackEvent")):
        # For participants blanks may part the values; of a call Twilio then reports nothing.
        network.fault("StatusCallbackEvent was sent as one value with blanks")
    target = _target(network, fields)
    leg, wait = ask_for(network, fields)
    timeout = fields.number("Timeout", RINGS)
    network.clock.after(wait, lambda: network.calling(leg, _played(leg, target, fields), timeout))
    return row(leg) | {"queue_time": str(round(wait * 1000))}


def _target(network: Network, fields: Fields) -> Target:
    if "Twiml" in fields:
        return Target(verbs=_inline(network, fields.get("Twiml")))
    if "ApplicationSid" in fields:
        return Target(network.apps[fields.get("ApplicationSid")].voice_url)
    return Target(fields.get("Url"), fields.get("Method", "POST"))


def _inline(network: Network, document: str) -> tuple[Verb, ...]:
    try:
        verbs = parse(document)
    except BadTwiml as error:
        raise RestError(12100) from error
    network.inspect(document, "call", "Twiml=")
    return tuple(verbs)


def _played(leg: Leg, target: Target, fields: Fields) -> Program:
    """First the judgement whether a person answered, unless that is to come by itself, then the document."""
    answer = leg.answer.how if leg.answer else "human"
    verdict = "machine_start" if answer == "machine" else "human"
    if "TimeLimit" in fields:
        leg.network.clock.after(fields.number("TimeLimit", 0), lambda: leg.finish("completed", "time limit"))
    if fields.flag("Record"):
        channels = 2 if fields.get("RecordingChannels") == "dual" else 1
        leg.network.recordings.start("OutboundAPI", recording_callback(fields), leg.sid, channels=channels)
    if fields.get("MachineDetection") in ("Enable", "DetectMessageEnd"):
        if fields.flag("AsyncAmd"):
            url = fields.get("AsyncAmdStatusCallback")
            leg.network.clock.after(JUDGING, lambda: _tell_verdict(leg, verdict, url))
        else:
            try:
                yield Wait(JUDGING)
                leg.answered_by = verdict
            except Jump as jump:
                target = jump.target
    yield from run(leg, target)


def recording_callback(fields: Fields) -> dict[str, str]:
    """Who wants to hear of a recording, and of what."""
    return {
        "url": fields.get("RecordingStatusCallback"),
        "method": fields.get("RecordingStatusCallbackMethod", "POST"),
        "events": " ".join(fields.all("RecordingStatusCallbackEvent")) or "completed",
    }


def _tell_verdict(leg: Leg, verdict: str, url: str) -> None:
    if not leg.is_over:
        leg.answered_by = verdict
        params = {"CallSid": leg.sid, "AccountSid": leg.network.account_sid, "AnsweredBy": verdict,
                  "MachineDetectionDuration": str(round(JUDGING * 1000))}  # fmt: skip
        leg.network.post.tell(url, params)


@route("POST", "Calls/*")
def update(network: Network, fields: Fields, sid: str) -> dict[str, object]:
    fields.only(network, *UPDATE)
    leg = find(network, sid)
    if leg.is_over:
        raise RestError(21220)
    if "StatusCallback" in fields:
        leg.callbacks.url = fields.get("StatusCallback")
    if fields.get("Status") == "completed":
        leg.finish("completed" if leg.answered_at else "canceled", "api")
    elif fields.get("Status") == "canceled":
        if leg.answered_at is None:
            leg.finish("canceled", "api")
    elif "Url" in fields or "Twiml" in fields:
        if leg.status != "in-progress":
            raise RestError(21220)
        if "FallbackUrl" in fields:
            leg.fallback = (fields.get("FallbackUrl"), fields.get("FallbackMethod", "POST"))
        leg.interrupt(Jump(_target(network, fields), from_outside=True))
    return row(leg)


@route("DELETE", "Calls/*")
def delete(network: Network, fields: Fields, sid: str) -> None:
    if not find(network, sid).is_over:
        raise RestError(20001)
    del network.calls[sid]


@route("GET", "Calls/*")
def fetch(network: Network, fields: Fields, sid: str) -> dict[str, object]:
    return row(find(network, sid))


@route("GET", "Calls")
def find_all(network: Network, fields: Fields) -> dict[str, object]:
    """The newest first."""
    found = [leg for leg in network.calls.values() if _fits(leg, fields)]
    return page(network, "calls", [row(leg) for leg in reversed(found)], fields)


def _fits(leg: Leg, fields: Fields) -> bool:
    facts = {
        "To": leg.to, "From": leg.from_, "Status": leg.status,
        "ParentCallSid": leg.parent.sid if leg.parent else "",
    }  # fmt: skip
    if any(name in fields and fields.get(name) != fact for name, fact in facts.items()):
        return False
    begun = leg.answered_at or leg.created_at
    after, before = _moment(fields.get("StartTime>")), _moment(fields.get("StartTime<"))
    return (after is None or begun >= after) and (before is None or begun <= before)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
