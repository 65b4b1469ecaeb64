"""Dial: to numbers and browsers, to whoever waits in a queue, and into a conference."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simulator.conferences import Conference, Participant
from simulator.flow import performs, run, target_of, tell_action
from simulator.legs import OVER, Ask, Callbacks, Gone, Jump, Leg, Program, Pulled, Target, Wait
from simulator.people import Party
from simulator.twiml import BadTwiml, Verb
from simulator.waiting import Entry, again_and_again, once

TIMEOUT, LONGEST_CALL = 30, 14400
Outcome = Generator[Wait | Ask, Any, dict[str, str]]


class Bridge:
    """Two legs that are to hear each other: the one that dials, and the first that comes."""

    def __init__(self, dialer: Leg) -> None:
        self.dialer = dialer
        self.other: Leg | None = None
        self.is_over = False

    def connect(self, other: Leg) -> bool:
        """False: somebody else was first, or the dialer has gone."""
        if self.other is not None or self.is_over:
            return False
        self.other = other
        self.dialer.network.truth.note("bridged", self.dialer.sid, other.sid)
        self._talk(True)
        self.dialer.pull(self, Pulled("connected"))
        return True

    def end(self) -> None:
        """Safe to repeat."""
        if self.is_over:
            return
        self.is_over = True
        self._talk(False)
        for leg in (self.dialer, self.other):
            if leg:
                leg.pull(self, Pulled("bridge ended"))

    def _talk(self, on: bool) -> None:
        if self.other:
            pair = frozenset((self.dialer.sid, self.other.sid))
            self.dialer.network.truth.talking(pair, {pair} if on else set())


@performs("Dial")
def dial(leg: Leg, verb: Verb) -> Program:
    """With an action what follows is never played."""
    home, began = leg.url, leg.network.clock.now()
    nouns = verb.children or ((Verb("Number", {}, verb.text, ()),) if verb.text else ())
    kinds = {noun.name for noun in nouns}
    if kinds == {"Conference"}:
        outcome = in_conference(leg, verb, nouns[0])
    elif kinds == {"Queue"}:
        outcome = _next_in_queue(leg, verb, nouns[0])
    elif kinds and kinds <= {"Number", "Client", "Sip"} and len(nouns) <= 10:
        outcome = _parties(leg, verb, nouns)
    else:
        raise BadTwiml("12200", f"<Dial> of {sorted(kinds)}")
    if verb.flag("hangupOnStar"):
        place_key = leg.on_key
        leg.on_key = lambda key: leg.pull(leg.place, Pulled("star")) if key == "*" else None
    try:
        facts = yield from outcome
    except Gone:
        leg.url = home
        seconds = round((leg.network.clock.now() - began).total_seconds())
        tell_action(leg, verb, {"DialCallStatus": "completed", "DialCallDuration": str(seconds)})
        raise
    finally:
        leg.url = home
        if verb.flag("hangupOnStar"):
            leg.on_key = place_key
    if verb.get("action"):
        raise Jump(target_of(leg, verb, params=facts))


# Numbers and browsers.


def _parties(leg: Leg, verb: Verb, nouns: tuple[Verb, ...]) -> Outcome:
    bridge = Bridge(leg)
    children: list[Leg] = []
    leg.place = bridge
    try:
        children = [_call(leg, verb, noun, bridge) for noun in nouns]
        try:
            yield Wait(None)
        except Pulled as pulled:
            if pulled.reason != "connected":
                last = children[-1]
                return {"DialCallStatus": last.status, "DialCallSid": last.sid, "DialBridged": "false"}
        _drop_others(bridge, children)
        return (yield from _bridged(leg, verb, bridge))
    finally:
        leg.place = None
        bridge.end()
        _drop_others(bridge, children)


def _drop_others(bridge: Bridge, children: list[Leg]) -> None:
    """Those who still ring, or hear a whisper, are needed no more."""

    def drop(child: Leg) -> None:
        child.finish("completed" if child.answered_at else "canceled", "not needed")

    for child in children:
        if child is not bridge.other:
            bridge.dialer.network.clock.after(0, lambda child=child: drop(child))  # type: ignore[misc]


def _bridged(leg: Leg, verb: Verb, bridge: Bridge) -> Outcome:
    """The two talk until one of them goes or the time is over."""
    leg.answered()
    began = leg.network.clock.now()
    try:
        yield Wait(verb.number("timeLimit", LONGEST_CALL))
    except Pulled:
        pass
    finally:
        bridge.end()
    other = bridge.other
    assert other is not None
    seconds = round((leg.network.clock.now() - began).total_seconds())
    return {
        "DialCallStatus": "completed", "DialCallSid": other.sid, "DialBridged": "true",
        "DialCallDuration": str(seconds),
    }  # fmt: skip


def _call(leg: Leg, verb: Verb, noun: Verb, bridge: Bridge) -> Leg:
    """One of those who ring at the same time."""
    network = leg.network
    party, parameters = _party(leg, noun)
    child = Leg(network, "outbound-dial", verb.get("callerId") or leg.from_, party.address, party, leg)
    child.parameters = parameters
    events = tuple(noun.get("statusCallbackEvent", "completed").split())
    child.callbacks = Callbacks(
        noun.get("statusCallback") and leg.absolute(noun.get("statusCallback")), "POST", events
    )
    child.url = leg.url
    child.report("initiated")
    child.on_answer = lambda: child.begin(_called(child, noun, bridge))
    child.on_end.append(lambda: _child_ended(leg, child, bridge))
    party.ring(child, verb.number("timeout", TIMEOUT))
    return child


def _party(leg: Leg, noun: Verb) -> tuple[Party, dict[str, str]]:
    if noun.name in ("Number", "Sip"):
        return leg.network.party(noun.text), {}
    identity = next((child.text for child in noun.children if child.name == "Identity"), noun.text)
    given = {child.get("name"): child.get("value") for child in noun.children if child.name == "Parameter"}
    return leg.network.browser(identity), given


def _child_ended(leg: Leg, child: Leg, bridge: Bridge) -> None:
    if bridge.other is child:
        bridge.end()
    siblings = [call for call in leg.network.calls.values() if call.parent is leg and call.status not in OVER]
    if bridge.other is None and not siblings:
        leg.pull(bridge, Pulled("nobody answered"))


def _called(child: Leg, noun: Verb, bridge: Bridge) -> Program:
    """What the called leg goes through: a whisper if there is one, then the talk."""
    try:
        if noun.get("url"):
            whisper = Target(child.absolute(noun.get("url")), noun.get("method", "POST").upper())
            yield from once(child, whisper, dict, "call")
        if not bridge.connect(child):
            return
        child.place = bridge
        yield Wait(None)
    except Pulled:
        return
    except Jump as jump:
        child.place = None
        bridge.end()
        yield from run(child, jump.target)
    finally:
        child.place = None


# Whoever waits in a queue.


def _next_in_queue(leg: Leg, verb: Verb, noun: Verb) -> Outcome:
    queue, patience = leg.network.queue(noun.text), verb.number("timeout", TIMEOUT)
    bridge = Bridge(leg)
    leg.place = bridge
    try:
        while not queue.entries:
            if patience <= 0:
                return {"DialCallStatus": "no-answer"}
            patience -= 1
            yield Wait(1)
        entry = queue.entries[0]
        entry.leave()
        entry.leg.pull(entry, Pulled("bridged", _taken(leg, noun, bridge)))
        try:
            yield Wait(None)
        except Pulled as pulled:
            if pulled.reason != "connected":
                return {"DialCallStatus": "canceled"}
        return (yield from _bridged(leg, verb, bridge))
    finally:
        leg.place = None
        bridge.end()


def _taken(dialer: Leg, noun: Verb, bridge: Bridge) -> Any:
    """What the caller goes through who was taken out of the queue."""

    def program(leg: Leg, entry: Entry) -> Program:
        try:
            if noun.get("url"):
                facts = {
                    "QueueSid": entry.queue.sid, "QueueTime": str(entry.seconds), "DequeingCallSid": dialer.sid,
                }  # fmt: skip
                whisper = Target(dialer.absolute(noun.get("url")), noun.get("method", "POST").upper())
                yield from once(leg, whisper, lambda: facts, "call")
            if bridge.connect(leg):
                leg.place = bridge
                yield Wait(None)
        except Pulled:
            pass
        finally:
            bridge.end()

    return program


# A conference.


def in_conference(leg: Leg, verb: Verb, noun: Verb) -> Outcome:
    """Stays until the leg goes, is taken out, or the conference ends."""
    network = leg.network
    conference = network.conference(noun.text)
    refused = conference.refusal(noun.get("participantLabel"), int(noun.number("maxParticipants", 250)))
    if refused:
        network.failed(refused, leg.url)
        return {"DialCallStatus": "failed"}
    one = Participant(
        leg, _absolute(leg, noun), network.clock.now(), noun.flag("muted"), coaching=noun.get("coach"),
        start_on_enter=noun.flag("startConferenceOnEnter", True), end_on_exit=noun.flag("endConferenceOnExit"),
    )  # fmt: skip
    leg.place = one
    conference.join(one)
    network.clock.after(verb.number("timeLimit", LONGEST_CALL), lambda: leg.pull(one, Pulled("time_limit")))
    reason = "participant_hung_up"
    try:
        while True:
            try:
                yield from _sounds(leg, one, conference)
            except Pulled as pulled:
                if pulled.reason != "changed":
                    reason = pulled.reason
                    break
    except Jump:
        reason = "participant_updated_via_api"
        raise
    finally:
        leg.place = None
        conference.leave(one, reason)
    seconds = round((network.clock.now() - one.joined_at).total_seconds())
    return {"DialCallStatus": "completed", "DialCallDuration": str(seconds)}


def _absolute(leg: Leg, noun: Verb) -> Verb:
    attributes = noun.attributes.items()
    urls = {name: leg.absolute(value) for name, value in attributes if name.endswith(("Url", "Callback"))}
    return Verb(noun.name, {**noun.attributes, **urls}, noun.text, noun.children)


def _sounds(leg: Leg, one: Participant, conference: Conference) -> Program:
    """What the participant hears besides the others."""
    facts = {"ConferenceSid": conference.sid, "FriendlyName": conference.name}
    while one.announcements:
        yield from once(leg, Target(one.announcements.pop(0)), lambda: facts, "announce")
        conference.tell("announcement-end", one.facts())
    if one.hold:
        yield from again_and_again(leg, Target(one.hold_url, one.hold_method), lambda: facts, "hold")
    elif conference.status == "init":
        wait = Target(one.noun.get("waitUrl"), one.noun.get("waitMethod", "POST").upper())
        yield from again_and_again(leg, wait, lambda: facts, "hold")
    else:
        yield Wait(None)
