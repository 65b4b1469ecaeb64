"""What the public forms send, read into the values the verbs take. JSON bodies are read the same way."""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass

from flask import Request
from flask_babel import gettext as _

from app.formkeys import refuse_further
from routing.reference import Reference
from routing.values import Place
from tickets import errors, numbers
from tickets.intake import Intake
from tickets.vault import CONTACT_FIELDS

Fields = Mapping[str, str]

TYPES = ("help", "complaint", "consult", "report", "suggestion", "praise", "other")
COUNTY, TOWN = 2, 3
FEWEST_DIGITS = 5  # the shortest telephone numbers that can be called back
TICKED = ("1", "on", "yes", "true")
PROOF = frozenset({"number", "code"})
COMPLAINT = frozenset(
    {
        "form_key", "type", "content", "region_code", "place", "anonymous", "confidential", "wants_reply",
        *CONTACT_FIELDS,
    }
)  # fmt: skip
RATING = PROOF | {"solved", "satisfied", "round", "rating_note"}
URGE = PROOF | {"urge_note"}
SUPPLEMENT, WITHDRAW, APPEAL = PROOF | {"supplement"}, PROOF | {"withdraw_reason"}, PROOF | {"appeal_reason"}


def fields_of(request: Request, known: Set[str]) -> dict[str, str]:
    """The fields of a form or of a JSON object, as text. Raises Invalid for a body that is neither.

    A program that sends what nobody reads is told so; a form's further fields are left alone, as browsers and
    their extensions add some.
    """
    if not request.is_json:
        return request.form.to_dict()
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise errors.Invalid(fields={"body": "unreadable"})
    refuse_further(body, known)
    return {key: _text(value) for key, value in body.items() if isinstance(value, (str, int, bool))}


def _text(value: str | int | bool) -> str:
    return ("1" if value else "") if isinstance(value, bool) else str(value)


def intake_of(fields: Fields) -> Intake:
    """The matter as taken down. Who stays anonymous leaves no name, number or address. Raises Invalid."""
    anonymous = is_ticked(fields, "anonymous")
    contact = {name: "" if anonymous else fields.get(name, "").strip() for name in CONTACT_FIELDS}
    if contact["phone"] and len(re.findall(r"\d", contact["phone"])) < FEWEST_DIGITS:
        raise errors.Invalid(fields={"phone": "not_a_number"})
    return Intake(
        type=fields.get("type", ""),
        content=fields.get("content", "").replace("\r\n", "\n"),
        region_code=fields.get("region_code") or None,
        place=fields.get("place", "").strip(),
        channel="web",
        anonymous=anonymous,
        confidential=is_ticked(fields, "confidential"),
        wants_reply=is_ticked(fields, "wants_reply"),
        **contact,
    )


def is_ticked(fields: Fields, name: str) -> bool:
    """Whether a box was ticked."""
    return fields.get(name, "").lower() in TICKED


@dataclass(frozen=True)
class Rating:
    """The citizen's word on the outcome; None where nothing was chosen. `of_round` is the round it is about."""

    solved: bool | None
    satisfied: int | None
    note: str
    of_round: int | None


def rating_of(fields: Fields) -> Rating:
    """What the rating form says. Raises Invalid."""
    solved, satisfied, of_round = (fields.get(name, "") for name in ("solved", "satisfied", "round"))
    if solved not in ("", "yes", "no"):
        raise errors.Invalid(fields={"solved": "unknown"})
    if satisfied not in ("", "1", "2", "3"):
        raise errors.Invalid(fields={"satisfied": "unknown"})
    return Rating(
        solved=solved == "yes" if solved else None,
        satisfied=int(satisfied) if satisfied else None,
        note=fields.get("rating_note", "").strip(),
        of_round=int(of_round) if of_round.isascii() and of_round.isdecimal() and len(of_round) < 5 else None,
    )


def number_and_code(fields: Fields) -> tuple[dict[str, str], dict[str, str]]:
    """The ticket number and query code as typed, read into digits; and what is wrong with their shape."""
    number, code = numbers.as_typed(fields.get("number", ""), fields.get("code", ""))
    faults = {}
    if len(number) != numbers.NUMBER_DIGITS:
        faults["number"] = _("The number has 15 digits; you typed %(count)s.", count=len(number))
    if len(code) != numbers.CODE_DIGITS:
        faults["code"] = _("The code has 12 digits; you typed %(count)s.", count=len(code))
    return {"number": number, "code": code}, faults


def areas(city: Reference) -> list[tuple[Place, list[Place]]]:
    """Counties with their towns, for one grouped select."""
    towns: dict[str | None, list[Place]] = {}
    for place in city.places.values():
        if place.level == TOWN:
            towns.setdefault(place.parent, []).append(place)
    return [(place, towns.get(place.code, [])) for place in city.places.values() if place.level == COUNTY]
