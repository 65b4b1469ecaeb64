"""The form that asks how many seats are needed: what was typed, what is wrong with it, and the answer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from calls import figures, settings, staffing
from calls.figures import Asked
from calls.kpis import of_calls
from calls.staffing import Aim, Staffing
from tickets.figures import Span

MINUTES = (15, 30, 60)
MOST_INTERVALS = 96
LOOKED_BACK = timedelta(days=28)
USUAL_AHT = 300
"""Seconds, where the last weeks tell nothing."""
LIMITS = {"aht": (1, 7200), "share": (1, 99.9), "within": (0, 600), "busiest": (10, 100), "shrinkage": (0, 90)}
FIELDS = ("calls", "minutes", *LIMITS)


@dataclass(frozen=True)
class Needed:
    """The answer: `rows` are the intervals or, for one number of calls, the neighbourhood of `best`."""

    best: Staffing
    rows: Sequence[Staffing]
    is_one: bool


def usual_aht(now: datetime) -> int | None:
    """The handling time of the last four weeks, in seconds; None where nobody was answered."""
    value = of_calls(figures.counts(Asked(Span(now - LOOKED_BACK, now, now))))["aht"].value
    return round(value) if value is not None else None


def prefilled(aht: int | None) -> dict[str, str]:
    """What stands in the form before anybody types."""
    limits = settings.current()
    least, most = LIMITS["aht"]
    seconds = USUAL_AHT if aht is None else min(max(aht, least), most)
    return {
        "calls": "", "minutes": "30", "aht": f"{seconds:g}", "share": str(limits.service_level_percent),
        "within": str(limits.answer_within), "busiest": "85", "shrinkage": "30",
    }  # fmt: skip


def read(typed: Mapping[str, str]) -> tuple[Needed | None, dict[str, str]]:
    """The answer, and which fields are wrong; with any of these there is no answer."""
    faults: dict[str, str] = {}
    numbers = {name: _number(typed[name], *limits) for name, limits in LIMITS.items()}
    faults |= {name: name for name, number in numbers.items() if number is None}
    calls = _calls(typed["calls"])
    if not calls:
        faults["calls"] = "calls"
    if typed["minutes"] not in map(str, MINUTES):
        faults["minutes"] = "minutes"
    if faults:
        return None, faults
    known = {name: number for name, number in numbers.items() if number is not None}
    aim = Aim(known["share"] / 100, known["within"], known["busiest"] / 100, known["shrinkage"] / 100)
    period = 60 * int(typed["minutes"])
    try:
        every = [staffing.seats_for(number, period, known["aht"], aim) for number in calls]
    except ValueError:
        return None, {"calls": "calls"}
    best = max(every, key=lambda one: one.seats)
    rows = every if len(every) > 1 else staffing.around(best, known["aht"], aim)
    return Needed(best, rows, len(every) == 1), {}


def _number(text: str, least: float, most: float) -> float | None:
    # What float() reads besides, as "nan" or "1e5", nobody types into this form.
    if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", text):
        return None
    number = float(text)
    return number if least <= number <= most else None


def _calls(text: str) -> list[float]:
    """Numbers apart by blanks, commas or lines; none where one of them is wrong or there are too many."""
    parts = [part for part in re.split(r"[\s,，、;；]+", text) if part]
    numbers = [_number(part, 0, 100_000) for part in parts[: MOST_INTERVALS + 1]]
    good = [number for number in numbers if number is not None]
    return good if len(good) == len(numbers) <= MOST_INTERVALS else []
