"""The JSON door for whoever plays the people: phones, browsers, chaos, and a look at everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from flask import Blueprint, Flask, jsonify, request
from flask.typing import ResponseReturnValue

from simulator.chaos import Chaos
from simulator.conferences import Participant
from simulator.legs import Leg
from simulator.network import Network
from simulator.people import Answer, Phone, Sms, Step
from simulator.rush import CREW, Rush, begin, is_crew_wanted
from simulator.waiting import Entry

SWITCHES = {"dup": bool, "reorder": bool, "late": float, "drop": int, "slow": float}
ANSWERS = ("human", "machine", "busy", "no-answer", "rejects")
TEXTING = ("delivered", "undelivered", "failed", "opted-out")


def _given() -> dict[str, Any]:
    """The body. Only JSON is taken, which no form of a foreign page can send."""
    found = request.get_json()
    if not isinstance(found, dict):
        raise ValueError("a JSON object is wanted")
    return found


def _leg(leg: Leg, since: int = 0) -> dict[str, object]:
    return {
        "sid": leg.sid, "direction": leg.direction, "from": leg.from_, "to": leg.to, "state": leg.state,
        "began": leg.created_at.isoformat(), "seconds": leg.seconds, "ended_by": leg.ended_by,
        "heard": [{**asdict(one), "at": one.at.isoformat()} for one in leg.heard[since:]],
        "next": len(leg.heard), "parameters": leg.parameters,
        "party": leg.party.address, "doing": doing_of(leg), "talking": leg.network.truth.is_talking(leg.sid),
    }  # fmt: skip


def doing_of(leg: Leg) -> str:
    """As its person would say it: ringing, menu (somebody or something speaks), waiting, talking, held, ended."""
    if leg.is_over:
        return "ended"
    if leg.status != "in-progress":
        return "ringing"
    if leg.network.truth.is_talking(leg.sid):
        return "talking"
    if isinstance(leg.place, Participant) and leg.place.hold:
        return "held"
    return "waiting" if isinstance(leg.place, Entry | Participant) else "menu"


def _call_at(phone: Phone) -> Leg | None:
    """The call that whoever has this phone in hand hears of: the one going on, else the last."""
    going = [leg for leg in phone.calls if not leg.is_over]
    answered = [leg for leg in going if leg.status == "in-progress"]
    return next(iter([*answered, *going, *phone.calls[-1:]]), None)


def _phone(phone: Phone) -> dict[str, object]:
    return {
        "number": phone.address, "sms": phone.sms, "answers": asdict(phone.answer) if phone.answer else None,
        "texts": len(phone.inbox), "calls": [leg.sid for leg in phone.calls],
    }  # fmt: skip


def _texts(inbox: list[Sms], since: int) -> list[dict[str, object]]:
    return [{**asdict(text), "at": text.at.isoformat()} for text in inbox[since:]]


def _answer(given: dict[str, Any] | None) -> Answer | None:
    if not given:
        return None
    how = given.get("how", "human")
    if how not in ANSWERS:
        raise ValueError(f"{how!r} is none of {ANSWERS}")
    return Answer(how, float(given.get("after", 2.0)), tuple(Step(**step) for step in given.get("then", [])))


def control(network: Network) -> Blueprint:
    """Everything under /sim. Whoever registers it sees to who may enter."""
    door = Blueprint("control", __name__, url_prefix="/sim")
    for add in (_people, _browsers, _calls, _rushes, _whole):
        add(door, network)
    return door


def _people(door: Blueprint, network: Network) -> None:
    @door.get("/phones")
    def phones() -> ResponseReturnValue:
        return jsonify([_phone(phone) for phone in list(network.phones.values())])

    @door.post("/phones/<number>")
    def set_phone(number: str) -> ResponseReturnValue:
        given, phone = _given(), network.phone(number)
        if "answers" in given:
            phone.answer = _answer(given["answers"])
        if "sms" in given:
            if given["sms"] not in TEXTING:
                raise ValueError(f"{given['sms']!r} is none of {TEXTING}")
            phone.sms = given["sms"]
        return jsonify(_phone(phone))

    @door.post("/phones/<number>/dial")
    def dial(number: str) -> ResponseReturnValue:
        given = _given()
        to = given.get("to") or next(iter(network.numbers))
        return jsonify(_leg(network.phone(number).dial(to, bool(given.get("withheld")))))

    @door.get("/phones/<number>/inbox")
    def inbox(number: str) -> ResponseReturnValue:
        texts = network.phone(number).inbox
        return jsonify(texts=_texts(texts, request.args.get("since", 0, int)), next=len(texts))

    @door.get("/phones/<number>/now")
    def now(number: str) -> ResponseReturnValue:
        """All that whoever holds this phone sees: with ?call and ?since only what was heard after that."""
        phone = network.phones.get(number) or Phone(network, number)
        sid, args = request.args.get("call", ""), request.args
        with network.clock.lock:
            leg = _call_at(phone)
            found = _leg(leg, args.get("since", 0, int) if leg.sid == sid else 0) if leg else None
            texts = _texts(phone.inbox, args.get("texts", 0, int))
            return jsonify(_phone(phone) | {"now": network.clock.now().isoformat(), "call": found, "inbox": texts})

    @door.post("/phones/<number>/sms")
    def send(number: str) -> ResponseReturnValue:
        given = _given()
        to = given.get("to") or next(iter(network.numbers))
        return jsonify(sid=network.phone(number).send(to, str(given["body"])))


def _browsers(door: Blueprint, network: Network) -> None:
    @door.post("/browsers/<identity>/connect")
    def connect(identity: str) -> ResponseReturnValue:
        given = _given()
        app = given.get("app") or next(iter(network.apps))
        params = {name: str(value) for name, value in given.get("params", {}).items()}
        return jsonify(_leg(network.browser(identity).connect(app, params)))

    @door.get("/browsers/<identity>/calls")
    def ringing(identity: str) -> ResponseReturnValue:
        return jsonify([_leg(leg) for leg in list(network.browser(identity).calls)])


def _calls(door: Blueprint, network: Network) -> None:
    @door.get("/calls")
    def calls() -> ResponseReturnValue:
        """Those that go on; with ?all=1 those that are over too."""
        every = list(network.calls.values())
        return jsonify([_leg(leg) for leg in every if request.args.get("all") or not leg.is_over])

    @door.get("/calls/<sid>")
    def call(sid: str) -> ResponseReturnValue:
        return jsonify(_leg(network.calls[sid], request.args.get("since", 0, int)))

    doings: dict[str, Callable[[Leg, dict[str, Any]], None]] = {
        "press": lambda leg, given: leg.press(str(given["keys"])),
        "speak": lambda leg, given: leg.speak(float(given["seconds"])),
        "answer": lambda leg, given: leg.pick_up(),
        "decline": lambda leg, given: leg.decline(),
        "hang-up": lambda leg, given: leg.hang_up(),
        "vanish": lambda leg, given: leg.vanish(),
    }

    @door.post("/calls/<sid>/<doing>")
    def do(sid: str, doing: str) -> ResponseReturnValue:
        doings[doing](network.calls[sid], _given())
        return jsonify(_leg(network.calls[sid]))


def _rushes(door: Blueprint, network: Network) -> None:
    @door.post("/rush")
    def rush() -> ResponseReturnValue:
        given = {"to": next(iter(network.numbers)), **_given()}
        if unknown := given.keys() - {field.name for field in fields(Rush)}:
            raise ValueError(f"a rush has no {sorted(unknown)}")
        if not 0 < int(given.get("callers", 10)) <= 1000:
            raise ValueError("between 1 and 1000 callers")
        return jsonify(numbers=begin(network, Rush(**given)))

    @door.get("/rush")
    def rush_now() -> ResponseReturnValue:
        with network.clock.lock:
            return jsonify(_rush(network))

    @door.post("/rush/stop")
    def stop_rush() -> ResponseReturnValue:
        with network.clock.lock:
            if network.crowd:
                network.crowd.stop()
            return jsonify(_rush(network))

    @door.post("/crew")
    def set_crew() -> ResponseReturnValue:
        """When played people are to answer at the hotline."""
        when = _given().get("when")
        if when not in CREW:
            raise ValueError(f"{when!r} is none of {CREW}")
        network.crew = when
        return jsonify(_rush(network))


def _whole(door: Blueprint, network: Network) -> None:
    @door.get("/state")
    def state() -> ResponseReturnValue:
        with network.clock.lock:
            return jsonify(_state(network))

    @door.post("/mishaps")
    def mishap() -> ResponseReturnValue:
        """The next requests to the REST API go wrong: {"kind", "path", "times"}."""
        given = _given()
        network.rest.goes_wrong(given["kind"], given.get("path", ""), int(given.get("times", 1)))
        return jsonify(mishaps=len(network.rest.mishaps))

    @door.get("/chaos")
    def chaos() -> ResponseReturnValue:
        return jsonify(_switches(network.chaos))

    @door.post("/chaos")
    def set_chaos() -> ResponseReturnValue:
        given = _given()
        if unknown := given.keys() - SWITCHES.keys():
            raise ValueError(f"there is no switch {sorted(unknown)}")
        for name, value in given.items():
            setattr(network.chaos, name, SWITCHES[name](value))
        return jsonify(_switches(network.chaos))


def _by_hand(network: Network) -> int:
    """Calls going on that a phone dialled, without those of the rush."""
    crowd = network.crowd.people if network.crowd else []
    rushing = {person.number for person in crowd}
    dialled = [leg for leg in network.calls.values() if leg.direction == "inbound" and not leg.is_over]
    return sum(isinstance(leg.party, Phone) and leg.party.address not in rushing for leg in dialled)


def _state(network: Network) -> dict[str, object]:
    rooms = [one for one in network.conferences.values() if one.status != "completed"]
    return {
        "now": network.clock.now().isoformat(), "numbers": list(network.numbers), "apps": list(network.apps),
        "calls": sum(not leg.is_over for leg in network.calls.values()), "by_hand": _by_hand(network),
        "webhooks": network.chaos.webhooks,
        "queues": {queue.name: len(queue.entries) for queue in network.queues.values()},
        "conferences": {
            room.name: [one.label or one.leg.from_ for one in room.participants] for room in rooms
        },
        "faults": network.faults[-50:], "failures": network.failures[-50:],
    }  # fmt: skip


def _rush(network: Network) -> dict[str, object]:
    crowd = network.crowd
    return {
        "crew": network.crew, "crew_wanted": is_crew_wanted(network),
        "going": crowd is not None and crowd.ended_at() is None, "stopped": crowd is not None and crowd.stopped,
        "counts": crowd.counts() if crowd else None,
    }  # fmt: skip


def _switches(chaos: Chaos) -> dict[str, object]:
    return {name: getattr(chaos, name) for name in SWITCHES} | {"lost": chaos.lost}


def answer_errors(app: Flask) -> None:
    """What a caller of the door got wrong, in one sentence."""

    @app.errorhandler(KeyError)
    def missing(error: KeyError) -> ResponseReturnValue:
        return jsonify(error=f"there is no {error.args[0]}"), 404

    @app.errorhandler(ValueError)
    @app.errorhandler(TypeError)
    def wrong(error: Exception) -> ResponseReturnValue:
        return jsonify(error=str(error)), 400
