"""What templates may call: masked texts, moments in the city's zone, names of units and places."""

from datetime import date, datetime, timedelta
from urllib.parse import quote, urlencode

from babel.dates import get_day_names, get_month_names
from flask import Flask, g, request
from flask_babel import format_timedelta
from flask_babel import gettext as _
from flask_login import current_user

from app import action_wording, kept, message_wording, wording
from app.access import PUBLIC
from app.choices import LANGUAGES, choose_appearance, choose_language
from app.export_limits import limits
from app.headers import is_framed
from calls import platforms
from routing import service as routing
from routing.reference import Reference
from routing.values import Unit
from tickets import deadlines, masking, numbers, outward, queries

LANGUAGE_TAGS = {"zh": "zh-CN", "en": "en"}


def register_filters(app: Flask) -> None:
    """Make these known to every template. Escaping stays on; nothing here returns markup."""
    app.jinja_env.filters.update(
        {
            "mask_text": masking.mask_text,
            "marked": outward.marked,
            "moment": moment,
            "parsed": parsed,
            "deadline": deadline,
            "day": day,
            "month_name": lambda number: get_month_names("wide", "stand-alone", choose_language())[number],
            "iso": lambda at: at.isoformat(timespec="seconds") if at else "",
            "ago": ago,
            "state_name": wording.state_name,
            "limit_words": wording.limit_words,
            "public_standing": wording.public_standing,
            "dial_link": dial_link,
            "unit_name": unit_name,
            "region_name": region_name,
            "category_name": category_name,
            "grouped": numbers.spoken,
            "category_pair": lambda node: (node.code, f"{node.code} {category_name(node.code)}"),
            "place_pair": lambda place: (place.code, region_name(place.code)),
        }
    )
    app.jinja_env.globals.update(
        wording=wording, action_wording=action_wording, message_wording=message_wording,
        light=deadlines.light, unit_by_code=unit_by_code, LANGUAGES=LANGUAGES,
        current_user=current_user, draft_token=kept.draft_token,
        zone_name=zone_name, weekday_names=weekday_names, boards_of=queries.boards_of, export_limits=limits,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.context_processor(_page_values)


def _page_values() -> dict[str, object]:
    language = choose_language()
    return {
        "language": language,
        "language_tag": LANGUAGE_TAGS[language],
        "appearance": choose_appearance(),
        "here_in": here_in,
        "here_with": here_with,
        "for_staff": g.get("entry", PUBLIC) != PUBLIC,
        "in_frame": is_framed(),
    }


def city() -> Reference:
    """The city's reference data, asked for once a request."""
    if "city" not in g:
        g.city = routing.current()
    reference: Reference = g.city
    return reference


def city_name() -> str:
    """The city as it calls itself, in the language of the page."""
    names: dict[str, str] = city().setting("city_name")
    return names.get(choose_language()) or names["zh"]


def zone_name() -> str:
    """The city's zone, for scripts that show moments."""
    return str(city().zone)


def moment(at: datetime | None) -> str:
    """A moment in the city's zone, as people write it there."""
    if at is None:
        return ""
    local = at.astimezone(city().zone)
    if choose_language() == "zh":
        return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
    return f"{local.day} {local:%b %Y, %H:%M}"


def parsed(text: str) -> datetime:
    """A moment as an event keeps it."""
    return datetime.fromisoformat(text)


def deadline(at: datetime | None) -> str:
    """The moment by which something is promised: with its day of the week, so that nobody need look it up.

    Midnight is the end of the day before.
    """
    if at is None:
        return ""
    local = at.astimezone(city().zone)
    clock = f"{local:%H:%M}"
    if clock == "00:00":
        local, clock = local - timedelta(minutes=1), "24:00"
    if choose_language() == "zh":
        weekday = "一二三四五六日"[local.weekday()]
        return f"{local.year}年{local.month}月{local.day}日（星期{weekday}）{clock}之前"
    return f"{local:%A} {local.day} {local:%B %Y}, {clock}"


def today(now: datetime) -> date:
    """The day it is in the city."""
    return now.astimezone(city().zone).date()


def day(on: date | None) -> str:
    """A day, as people write it."""
    if on is None:
        return ""
    return f"{on.year}年{on.month}月{on.day}日" if choose_language() == "zh" else f"{on.day} {on:%b %Y}"


def weekday_names() -> list[str]:
    """Short, from Monday on."""
    names = get_day_names("abbreviated", "stand-alone", choose_language())
    return [names[number] for number in range(7)]


def ago(at: datetime | None, now: datetime) -> str:
    """How far a moment lies from `now`: "3 hours ago", "in 2 days"."""
    if at and abs(at - now) < timedelta(seconds=1):
        return str(_("now"))
    if not at:
        return ""
    # Babel has weeks, which a script's words for the same moment have not, and "2 weeks" may be 11 days.
    in_days = timedelta(days=6) <= abs(at - now) < timedelta(days=36)
    return format_timedelta(at - now, add_direction=True, threshold=5.2 if in_days else 1.2)


def dial_link(number: str) -> str:
    """The address that dials a number: with the call centre's own software, or whatever this machine has."""
    template = platforms.dial_url()
    return template.replace("{number}", quote(number, safe="" if template.startswith("http") else "+"))


def unit_name(unit_id: int | None) -> str:
    """A unit's full name; empty for none."""
    unit = city().units_by_id.get(unit_id) if unit_id is not None else None
    return unit.name if unit else ""


def unit_by_code(code: str) -> str:
    """A unit's full name; the code for one that is no more."""
    unit = city().units.get(code)
    return unit.name if unit else code


def units_by_kind() -> list[tuple[str, list[Unit]]]:
    """Active units for a grouped select."""
    groups: dict[str, list[Unit]] = {kind: [] for kind in wording.UNIT_KINDS}
    for unit in city().units.values():
        if unit.is_active:
            groups.setdefault(unit.kind, []).append(unit)
    return [(str(wording.UNIT_KINDS.get(kind, kind)), units) for kind, units in groups.items() if units]


def region_name(code: str | None) -> str:
    """A place with the places it lies in, without the city itself."""
    chain = city().region_chain(code) if code else ()
    places = city().places
    return " ".join(places[part].name for part in (chain[1:] or chain))


def category_name(code: str | None) -> str:
    """A category with those above it."""
    names = []
    node = city().categories.get(code) if code else None
    while node is not None:
        names.append(node.name if choose_language() == "zh" else node.name_en)
        node = city().categories.get(node.parent) if node.parent else None
    return " / ".join(reversed(names))


def here_in(language: str) -> str:
    """This page's address with another language chosen."""
    return here_with("lang", language)


def here_with(name: str, choice: str) -> str:
    """This page's address with another choice made: of the language, of light or dark."""
    values = [(key, value) for key, value in request.args.items(multi=True) if key != name]
    return f"{request.path}?{urlencode([*values, (name, choice)])}"
