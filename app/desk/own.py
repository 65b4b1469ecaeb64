"""What a unit sees of itself: what falls due day by day, and its own figures."""

from calendar import Calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import Blueprint, render_template, request

from app.access import actor, requires
from app.list_wording import UNIT_FIGURES, UNIT_HOW, UNIT_PERIODS
from app.outbox import unit_of_work
from app.templating import city, unit_name
from app.templating import today as today_of
from tickets import errors, figures, queries, unit_figures
from tickets.figures import Span
from tickets.narrowing import Wanted, midnight

bp = Blueprint("own", __name__, url_prefix="/desk")

BOARD = "inbox"
MONTHS_AROUND = 24


@dataclass(frozen=True)
class Day:
    """One day of the calendar: the limits that end on it by light, and whether the city works."""

    on: date
    lights: Mapping[str, int]
    is_working: bool
    is_today: bool

    @property
    def count(self) -> int:
        return sum(self.lights.values())


@bp.get("/calendar")
@requires("see.department")
def calendar() -> str:
    """What falls due in a month, day by day: as a month, and as a list."""
    with unit_of_work() as now:
        today, units, unit = today_of(now), _units(), _unit()
        month = _month(request.args.get("month", ""), today)
        weeks = Calendar().monthdatescalendar(month.year, month.month)
        wanted = Wanted(unit=unit)
        found = queries.due_by_day(actor(), now, BOARD, weeks[0][0], weeks[-1][-1], wanted)
        days = [[_day(on, found, today) for on in week] for week in weeks]
        return render_template(
            "desk/calendar.html", now=now, month=month, weeks=days, unit=unit, units=units, today=today,
            before=(month - timedelta(days=1)).replace(day=1), after=(month + timedelta(days=31)).replace(day=1),
            overdue=queries.tally(actor(), now, BOARD, wanted)["light"].get("red", 0),
        )  # fmt: skip


def _units() -> list[tuple[int, str]]:
    """The units to choose from, where there are several."""
    units = sorted(actor().departments)
    return [(unit, unit_name(unit)) for unit in units] if len(units) > 1 else []


def _unit() -> int | None:
    """The unit asked for, of one's own. Raises NotFound."""
    text = request.args.get("unit", "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 9 or int(text) not in actor().departments:
        raise errors.NotFound()
    return int(text)


def _month(text: str, today: date) -> date:
    """The first day of the month asked for, or of this one."""
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    months = (month.year - today.year) * 12 + month.month - today.month
    return month if abs(months) <= MONTHS_AROUND else today.replace(day=1)


def _day(on: date, found: Mapping[date, Mapping[str, int]], today: date) -> Day:
    worked = city().calendar.get(on)
    return Day(on, found.get(on, {}), on.weekday() < 5 if worked is None else worked, on == today)


@dataclass(frozen=True)
class Rate:
    """A share and its whole; with few in the whole the share says nothing, and `percent` is None.

    `excluded` of the whole, and `excluded_part` of the share, were left out; `before` is the rate with them.
    """

    part: str
    whole: str
    count: int
    of: int
    excluded: int
    excluded_part: int

    @property
    def percent(self) -> str | None:
        return _percent(self.count, self.of)

    @property
    def before(self) -> str | None:
        return _percent(self.count + self.excluded_part, self.of + self.excluded)


def _percent(part: int, whole: int) -> str | None:
    return f"{100 * part / whole:.1f}%" if whole >= figures.FEW else None


@bp.get("/figures")
@requires("see.department")
def own_figures() -> str:
    """How one's own units stand, and how they did in the last days; each number leads to its tickets."""
    with unit_of_work() as now:
        days, unit = _days(), _unit()
        span, units = _span(now, days), _of(unit)
        counts = {name: unit_figures.count(name, units, span) for name in unit_figures.FIGURES}
        left_out = {name: unit_figures.count(name, units, span, excluded=True) for name in counts}
        today = today_of(now)
        tally = queries.tally(actor(), now, BOARD, Wanted(unit=unit))["light"]
        due_today = Wanted(unit=unit, due_from=today, due_to=today)
        return render_template(
            "desk/own_figures.html", now=now, days=days, unit=unit, units=_units(), today=today, counts=counts,
            open=sum(tally.values()), overdue=tally.get("red", 0),
            due_today=sum(queries.tally(actor(), now, BOARD, due_today)["light"].values()),
            rates=[
                Rate(part, whole, counts[part], counts[whole], left_out[whole], left_out[part])
                for part, whole in unit_figures.RATES
            ],
            left_out=left_out,
            names=UNIT_FIGURES, how=UNIT_HOW, periods=UNIT_PERIODS, few=figures.FEW,
        )  # fmt: skip


@bp.get("/figures/tickets")
@requires("see.department")
def behind_figure() -> str:
    """The tickets behind one of one's own figures."""
    figure, after = request.args.get("figure", ""), request.args.get("after", "")
    excluded = "excluded" in request.args
    with unit_of_work() as now:
        days, unit = _days(), _unit()
        span, units = _span(now, days), _of(unit)
        before = int(after) if after.isdecimal() and len(after) < 19 else None
        return render_template(
            "desk/own_tickets.html", now=now, days=days, unit=unit, figure=figure, names=UNIT_FIGURES,
            how=UNIT_HOW, periods=UNIT_PERIODS, excluded=excluded,
            count=unit_figures.count(figure, units, span, excluded),
            page=unit_figures.tickets_behind(actor(), figure, units, span, before, excluded=excluded),
            unlisted=unit_figures.unlisted(actor(), figure, units, span, excluded),
        )  # fmt: skip


def _of(unit: int | None) -> frozenset[int]:
    """The units that are counted: one with those below it, as far as they are one's own, or all of them."""
    mine = actor().departments
    return mine if unit is None else mine & city().descendants(unit)


def _days() -> int:
    text = request.args.get("days", "30")
    if not text.isdecimal() or len(text) > 3 or int(text) not in UNIT_PERIODS:
        raise errors.NotFound()
    return int(text)


def _span(now: datetime, days: int) -> Span:
    last = today_of(now)
    return Span(midnight(last - timedelta(days=days - 1)), midnight(last + timedelta(days=1)), now)
