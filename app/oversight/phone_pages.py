"""What the pages of the telephone show, put together from queries: figures in words, lines, seats."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from app.auth.queries import people
from app.oversight import pages
from app.oversight import phone_wording as words
from app.templating import city
from app.templating import today as today_of
from calls import figures, outcomes, seat_figures, settings, wallboard
from calls.figures import QUARTER, Asked
from calls.kpis import LONGEST_FORETOLD, SHARE, Counts, Kpi, of_calls, total
from calls.seats import SeatState
from calls.wallboard import Open
from tickets.figures import Span

NOTHING = "—"
"""Stands where there is nothing to divide by: neither none nor all."""
RED_WAIT = timedelta(seconds=60)
MUCH = 1.5
"""So many times the usual number of calls, and no fewer than MANY, is a surge."""
MANY = 10
LONGEST = 92
COUNTED_EVERY = 2.0
"""Seconds."""


def live_words() -> dict[str, Any]:
    """The words of the lamp, by its state, and what stands where there is nothing."""
    return {
        "lamp": {
            "live": _("Live"),
            "connecting": _("Connecting…"),
            "polling": _("Not live: asks every few seconds"),
            "offline": _("No connection: what you see may be old"),
            "ended": _("Ended: please reload the page"),
        },
        "age": _("checked {seconds} s ago"),
        "nothing": NOTHING,
    }


def duration(seconds: float | None) -> str:
    """Minutes and seconds as on a clock; hours where there are any."""
    if seconds is None:
        return NOTHING
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def elapsed(since: str, now: datetime) -> str:
    """How long a moment, as board() writes it, is past."""
    return duration(max(0.0, (now - datetime.fromisoformat(since)).total_seconds()))


def shown(kpi: Kpi) -> str:
    """The figure as people read it."""
    if kpi.value is None:
        return NOTHING
    return f"{100 * kpi.value:.1f}%" if kpi.kind == SHARE else duration(kpi.value)


def sides(kpi: Kpi) -> str:
    """What it was computed from: "95 / 100", or of how many it is one."""
    if kpi.part is None:
        return _("of %(count)s", count=f"{kpi.whole:g}")
    return f"{kpi.part:,.0f} / {kpi.whole:,.0f}"


def how(name: str) -> str:
    """The formula in words, with what the city has set."""
    text = str(words.HOW[name])
    return text % {"seconds": settings.current().answer_within} if name == "service_level" else text


def day_span(first: date, last: date, now: datetime) -> Span:
    """Whole days of the city, the last one with them."""
    zone = city().zone
    start, end = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (first, last + timedelta(days=1)))
    return Span(start, end, now)


@dataclass(frozen=True)
class PhoneFigures:
    """All figures of a span. `series` are (label, counts): quarters of an hour of one day, or days of several."""

    counts: Counts
    kpis: Mapping[str, Kpi]
    series: Sequence[tuple[str, Counts]]
    is_one_day: bool
    lines: Mapping[str, Counts]
    operators: Sequence[seat_figures.Operator]


def figures_of(asked: Asked) -> PhoneFigures:
    """Asked for afresh."""
    operators, lines = seat_figures.operators(asked), figures.by_line(asked)
    counts = total(lines.values())
    found = {
        **of_calls(counts), **figures.waits(asked), **seat_figures.kpis(operators), **outcomes.kpis(asked),
    }  # fmt: skip
    is_one_day = asked.span.end - asked.span.start <= timedelta(days=1)
    return PhoneFigures(
        counts=counts,
        kpis={name: found[name] for name in words.KPIS},
        series=_quarters(asked) if is_one_day else _days(asked),
        is_one_day=is_one_day,
        lines=lines,
        operators=operators,
    )


def _quarters(asked: Asked) -> list[tuple[str, Counts]]:
    found, span = figures.by_quarter(asked), asked.span
    steps = round((span.end - span.start) / QUARTER)
    moments = [span.start + number * QUARTER for number in range(steps)]
    return [(f"{moment.astimezone(city().zone):%H:%M}", found.get(moment, Counts())) for moment in moments]


def _days(asked: Asked) -> list[tuple[str, Counts]]:
    found, first = figures.by_day(asked, city().zone.key), asked.span.start.date()
    days = [first + timedelta(days=number) for number in range((asked.span.end.date() - first).days)]
    return [(f"{day.month}-{day.day}", found.get(day.toordinal(), Counts())) for day in days]


def board(now: datetime) -> dict[str, Any]:
    """What "Telephone now" shows, ready to be written: texts by name, lists of lines and seats, what is bad."""
    span = day_span(today_of(now), today_of(now), now)
    calls, seats = wallboard.open_calls(), wallboard.seats(span.start)
    states = [seat.state for seat in seats]
    by_line = _lines_of(span)
    counts = total(by_line.values())
    owed, surge = outcomes.owed(now), wallboard.surge(now)
    kpis, target = of_calls(counts), settings.current().service_level_percent
    level, longest = kpis["service_level"].value, calls.all.since
    there = states.count(SeatState.READY) + states.count(SeatState.ON_CALL)
    values = {
        "waiting": str(calls.all.count), "in_menu": str(calls.in_menu), "talking": str(calls.talking),
        "expected": _expected(wallboard.expected_wait(now, calls.all.count, there)),
        "inbound": str(counts.inbound), "answered": str(counts.answered),
        "abandoned": str(counts.abandoned - counts.short), "service_level": shown(kpis["service_level"]),
        "answer_rate": shown(kpis["answer_rate"]), "asa": shown(kpis["asa"]), "aht": shown(kpis["aht"]),
        "recent": str(surge.calls), "usual": NOTHING if surge.usual is None else f"{surge.usual:.1f}",
        **{f"seats_{state}": str(states.count(state)) for state in SeatState},
        **{kind: str(one.count) for kind, one in owed.items()},
        **{f"{kind}_oldest": _age(one) for kind, one in owed.items()},
    }  # fmt: skip
    bad = {
        "longest": longest is not None and now - longest > RED_WAIT,
        "service_level": level is not None and 100 * level < target,
        "recent": surge.calls >= MANY and surge.usual is not None and surge.calls > MUCH * surge.usual,
    }
    return {
        "at": now.isoformat(),
        "values": values,
        "longest": longest.isoformat() if longest else None,
        "bad": [name for name, is_bad in bad.items() if is_bad],
        "lines": _lines(calls, by_line),
        "seats": _seats(seats),
    }


def _lines_of(span: Span) -> Mapping[str, Counts]:
    """Calls of today by line, counted once for all boards that ask at about the same moment.

    The count grows with the day and costs most of a board; where 60,000 have rung it takes half a second.
    """
    kept: tuple[float, datetime, Mapping[str, Counts]] | None = current_app.extensions.get("phone_today")
    moment = time.monotonic()
    if kept is None or moment - kept[0] >= COUNTED_EVERY or kept[1] != span.start:
        kept = current_app.extensions["phone_today"] = (moment, span.start, figures.by_line(Asked(span)))
    return kept[2]


def _age(owed: outcomes.Owed) -> str:
    return pages.length(owed.oldest) or NOTHING


def _expected(minutes: int | None) -> str:
    if minutes is None:
        return NOTHING
    if minutes > LONGEST_FORETOLD:
        return _("more than %(minutes)s min", minutes=LONGEST_FORETOLD)
    return _("up to %(minutes)s min", minutes=minutes)


def line_title(line: str, names: Mapping[str, str]) -> str:
    """A line by its number and its name, which mostly holds the number."""
    name = names.get(line, line)
    return name if line in name else f"{line} {name}"


def _lines(calls: Open, by_line: Mapping[str, Counts]) -> list[list[dict[str, str]]]:
    """Cells of each line that rang today or on which somebody waits: {text}, or {since} that goes on by itself."""
    names = wallboard.line_names()
    rows = []
    for line in sorted(by_line.keys() | calls.waiting.keys()):
        counts, waiting = by_line.get(line, Counts()), calls.waiting.get(line, wallboard.Waiting())
        kpis = of_calls(counts)
        numbers = (
            waiting.count, counts.inbound, counts.answered, counts.abandoned - counts.short,
            shown(kpis["service_level"]), shown(kpis["asa"]), shown(kpis["aht"]),
        )  # fmt: skip
        rows.append([{"text": line_title(line, names)}, *({"text": str(number)} for number in numbers)])
    return rows


def _seats(seats: Sequence[wallboard.SeatNow]) -> list[list[dict[str, str]]]:
    """Cells of each seat: who, what at, with its colour, since when, on which line."""
    names = people([seat.staff_id for seat in seats])
    rows = []
    for seat in seats:
        state = str(words.SEATS[seat.state])
        if seat.reason is not None:
            state = f"{state}: {words.REASONS.get(seat.reason, seat.reason)}"
        rows.append(
            [
                {"text": names[seat.staff_id][0]},
                {"text": state, "light": words.LIGHTS.get(seat.state, "")},
                {"since": seat.since.isoformat()},
                {"text": seat.line_no or ""},
            ]
        )
    return rows
