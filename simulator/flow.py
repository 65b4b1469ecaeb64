"""Documents are fetched and played: the loop of a call, and the verbs that need nobody else."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import datetime
from typing import Any

from simulator.legs import Ask, Gone, Jump, Leg, Program, Target, Wait
from simulator.twiml import SECONDS_OF_PLAY, BadTwiml, Verb, parse, seconds_of, unplayed

Performer = Callable[[Leg, Verb], Program]
VERBS: dict[str, Performer] = {}
ENDLESS = 1000  # loop="0" means this often


def performs(name: str) -> Callable[[Performer], Performer]:
    """Says that a function plays the verb of that name."""

    def register(performer: Performer) -> Performer:
        VERBS[name] = performer
        return performer

    return register


def run(leg: Leg, target: Target) -> Program:
    """Plays from a first document until there is nothing left to play."""
    while True:
        try:
            verbs = target.verbs
            if verbs is None:
                verbs = yield from document(leg, target)
            yield from play_all(leg, verbs)
            leg.answered()  # an empty document is an answer and an end
            return
        except Jump as jump:
            target = jump.target


def document(leg: Leg, target: Target, context: str = "call") -> Generator[Wait | Ask, Any, tuple[Verb, ...]]:
    """The verbs at a URL or, when none can be had from there, at the fallback URL. Without that the call fails."""
    leg.url = leg.absolute(target.url)
    if leg.is_circling():
        leg.network.fault(f"{leg.url}: documents lead to each other without any time passing")
        raise Gone("completed", "error")
    params = {**leg.params(), **target.params}
    reply = yield Ask(leg.url, params, target.method)
    code, verbs = _read(leg, reply, context)
    fallback, method = leg.fallback
    if code and fallback:
        failed, leg.url = leg.url.partition("#")[0], fallback
        reply = yield Ask(fallback, {**params, "ErrorCode": code, "ErrorUrl": failed}, method)
        code, verbs = _read(leg, reply, context)
    if code:
        leg.network.failed(code, leg.url)
        raise Gone("failed" if leg.answered_at is None else "completed", "error")
    return verbs


def _read(leg: Leg, reply: Any, context: str) -> tuple[str, tuple[Verb, ...]]:
    """Twilio's error code or "", and the verbs."""
    if reply.problem:
        return reply.problem, ()
    try:
        verbs = parse(reply.body)
    except BadTwiml as error:
        return error.code, ()
    leg.network.inspect(reply.body, context, leg.url)
    return "", tuple(verbs)


def play_all(leg: Leg, verbs: Sequence[Verb]) -> Program:
    for verb in verbs:
        for trouble in unplayed([verb]):
            raise BadTwiml("12200", trouble)
        # Reject and a pause or jump before it leave the call unanswered, and so does a dial that bridges first.
        if verb.name not in ("Reject", "Redirect", "Pause") and not verb.flag("answerOnBridge"):
            leg.answered()
        yield from VERBS[verb.name](leg, verb)


def target_of(leg: Leg, verb: Verb, name: str = "action", params: Mapping[str, str] | None = None) -> Target:
    """Where a verb's callback leads: without one to the document that is being played."""
    method = verb.get("method", "POST").upper()
    return Target(leg.absolute(verb.get(name)), method, params or {})


def tell_action(leg: Leg, verb: Verb, params: Mapping[str, str]) -> None:
    """Requests an action URL whose answer plays to nobody, since the call has gone elsewhere."""
    if verb.get("action"):
        target = target_of(leg, verb)
        leg.network.post.ask(target.url, {**leg.params(), **params}, lambda _: None, target.method)


def prompt(leg: Leg, verb: Verb, keys: bool = False) -> Generator[Wait | Ask, Any, str | None]:
    """Say, Play and Pause. The key that cut it short, if keys may do so."""
    if verb.name == "Pause":
        return (yield Wait(verb.number("length", 1), keys))  # type: ignore[no-any-return]
    seconds = seconds_of(verb.text)
    if verb.name == "Play":
        seconds = leg.network.durations.get(verb.text, SECONDS_OF_PLAY)
    for _ in range(int(verb.number("loop", 1)) or ENDLESS):
        leg.hears(verb.name.lower(), verb.text)
        key = yield Wait(seconds, keys)
        if key is not None:
            return str(key)
    return None


@performs("Say")
@performs("Play")
@performs("Pause")
def _prompt(leg: Leg, verb: Verb) -> Program:
    yield from prompt(leg, verb)


@performs("Gather")
def gather(leg: Leg, verb: Verb) -> Program:
    """Keys may come while the prompts play. Nothing entered: the next verb's turn."""
    key: str | None = None
    for child in verb.children:
        key = yield from prompt(leg, child, keys=True)
        if key is not None:
            break
    finish, timeout = verb.get("finishOnKey", "#"), verb.number("timeout", 5)
    longest = int(verb.number("numDigits", ENDLESS))
    digits, finished = "", ""
    if key is None:
        key = yield Wait(timeout, keys=True)
    while key is not None:
        if key in finish:
            finished = key
            break
        digits += key
        if len(digits) >= longest:
            break
        key = yield Wait(timeout, keys=True)
    if digits or verb.flag("actionOnEmptyResult"):
        params = {"Digits": digits, "FinishedOnKey": finished, "msg": "Gather End"}
        raise Jump(target_of(leg, verb, params=params))


@performs("Redirect")
def redirect(leg: Leg, verb: Verb) -> Program:
    raise Jump(Target(leg.absolute(verb.text), verb.get("method", "POST").upper()))
    yield  # a program, though it never waits


@performs("Hangup")
def hangup(leg: Leg, verb: Verb) -> Program:
    raise Gone("completed", "twiml")
    yield


@performs("Reject")
def reject(leg: Leg, verb: Verb) -> Program:
    raise Gone("busy" if verb.get("reason") == "busy" else "no-answer", "rejected")
    yield


@performs("Record")
def record(leg: Leg, verb: Verb) -> Program:
    """Ends with a key, silence, the longest time or a hang-up. Where nobody spoke there is no recording."""
    clock, began = leg.network.clock, leg.network.clock.now()
    if verb.flag("playBeep", True):
        leg.hears("beep", "")
    key = ""
    try:
        key = yield from _until_silence(leg, verb, began)
    except Gone:
        key = "hangup"
        raise
    finally:
        ended = leg.speaking_until and min(leg.speaking_until, clock.now())
        spoken = (ended - began).total_seconds() if ended else 0.0
        if spoken > 0:
            made = leg.network.recordings.of_verb(leg, verb, began, spoken)
            params = {
                "RecordingUrl": made.url, "RecordingSid": made.sid, "Digits": key,
                "RecordingDuration": str(made.seconds),
            }  # fmt: skip
            if key == "hangup":
                tell_action(leg, verb, params)
    if spoken > 0:
        raise Jump(target_of(leg, verb, params=params))


def _until_silence(leg: Leg, verb: Verb, began: datetime) -> Generator[Wait | Ask, Any, str]:
    """The key that ended it, or "" after the silence or the longest time."""
    clock = leg.network.clock
    while True:
        spoke = max(began, leg.speaking_until or began)
        left = verb.number("maxLength", 3600) - (clock.now() - began).total_seconds()
        quiet = verb.number("timeout", 5) - (clock.now() - spoke).total_seconds()
        if left <= 0 or quiet <= 0:
            return ""
        key = yield Wait(min(left, quiet), keys=True)
        if key is not None and key in verb.get("finishOnKey", "1234567890*#"):
            return str(key)


@performs("Start")
def start(leg: Leg, verb: Verb) -> Program:
    for child in verb.children:
        leg.network.recordings.start_on(leg, child)
    yield Wait(0)


@performs("Stop")
def stop(leg: Leg, verb: Verb) -> Program:
    for child in verb.children:
        leg.network.recordings.stop_on(leg, child)
    yield Wait(0)
