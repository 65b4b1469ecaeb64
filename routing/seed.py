"""Reference data for an empty database: a fictional demo city, or the bare frame of a real one.

The files in routing/demo are the demo city; categories, policies and settings serve both.
"""

import csv
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

import holidays
from sqlalchemy import Connection, func, select, text
from sqlalchemy.orm import Session

from routing.calendar_models import CalendarYear, DepartmentHours
from routing.models import (
    CalendarDay,
    Category,
    CitySetting,
    Department,
    DirectoryItem,
    Policy,
    Region,
    RoutingRule,
)
from routing.replies import CannedReply, CheckItem

DATA = Path(__file__).parent / "demo"
IN_FORCE_FROM = date(2020, 1, 1)
CALENDAR_YEARS = range(2024, 2028)
SOURCE = f"holidays {version('holidays')}"
EXCHANGED = "休息日"
"""How the holidays package calls a day that is free for another one worked."""
BARE_CITY = {"code": "0000", "name": "本市", "level": "1", "parent_code": ""}
BARE_HOTLINE = {
    "code": "0000.hotline",
    "name": "12345政务服务便民热线中心",
    "short_name": "热线中心",
    "level": "1",
    "kind": "hotline",
    "line": "hotline",
    "parent_code": "",
    "region_code": "0000",
}
BARE_SETTINGS = {
    "city_name": {"zh": "本市", "en": "The city"},
    "hotline_name": {"zh": "12345政务服务便民热线", "en": "12345 hotline"},
}


def seed(session: Session, demo: bool = True) -> bool:
    """Fill the tables if there is no region yet; says whether it did. The caller commits."""
    if session.scalars(select(Region.code).limit(1)).first() is not None:
        return False
    _add_categories(session)
    _add_places(session, table("regions") if demo else [BARE_CITY])
    units = _add_departments(session, table("departments") if demo else [BARE_HOTLINE])
    settings = {**document("settings"), **({} if demo else BARE_SETTINGS)}
    session.add_all(CitySetting(key=key, value=value) for key, value in settings.items())
    session.add_all(Policy(**row) for row in document("policies"))
    days = list(calendar_days())
    session.add_all([*days, *calendar_years(days)])
    if demo:
        session.add_all(_hours(units))
        session.add_all(_item(row) for row in table("duties"))
        session.add_all(_rule(row) for row in document("rules"))
        session.add_all(_ready_for_replies(document("replies")))
    session.flush()
    return True


def add_policies(connection: Connection, clocks: Collection[str]) -> None:
    """For migrations that bring clocks: their limits as they ship, where a city is set up already."""
    if not connection.scalar(select(func.count()).select_from(Policy)):
        return
    insert = text(
        "INSERT INTO policy (clock, ticket_type, urgency, limit_value, limit_unit, ladder, source)"
        " VALUES (:clock, :ticket_type, :urgency, :limit_value, :limit_unit, CAST(:ladder AS jsonb), :source)"
    )
    for row in document("policies"):
        if row["clock"] in clocks:
            connection.execute(insert, row | {"ladder": json.dumps(row["ladder"])})


def _ready_for_replies(kept: Mapping[str, list[dict[str, Any]]]) -> Iterator[CannedReply | CheckItem]:
    """The city's own texts, and what is to be ticked, in the order of the file."""
    yield from (CannedReply(**row) for row in kept["canned"])
    yield from (CheckItem(**row, position=place) for place, row in enumerate(kept["checks"], 1))


def table(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file of the demo city, by column."""
    with open(DATA / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def document(name: str) -> Any:
    """A JSON file of the demo city."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def target(text: str) -> dict[str, Any]:
    """'9901.bus' names a unit, 'urban@2' the unit of a line on a level; as stored in `assists`."""
    line, at, level = text.partition("@")
    return {"line": line, "level": int(level)} if at else {"unit": text}


def keywords(text: str) -> list[list[Any]]:
    """'路灯:3 照明:2' as [[word, weight], ...]."""
    pairs = (entry.rpartition(":") for entry in text.split())
    return [[word, int(weight)] for word, _, weight in pairs]


def calendar_days(years: Iterable[int] = CALENDAR_YEARS) -> Iterator[CalendarDay]:
    """National holidays and the weekend days worked in exchange, as the holidays package knows them.

    Of a year that is not announced (each is in November before) it has what the law names, and no more.
    """
    china = holidays.country_holidays("CN", years=years, language="zh_CN")
    for year in years:
        length = (date(year + 1, 1, 1) - date(year, 1, 1)).days
        days = (date(year, 1, 1) + timedelta(days=number) for number in range(length))
        for is_working, stretch in groupby(days, china.is_working_day):
            if is_working:
                made_up = {day: "调休上班" for day in stretch if day.weekday() > 4}
                yield from (_day(day, True, note) for day, note in made_up.items())
            else:
                yield from (_day(day, False, note) for day, note in _named(china, list(stretch)))


def _named(china: holidays.HolidayBase, free: list[date]) -> Iterator[tuple[date, str]]:
    """What the neighbouring free days are called: those free in exchange, and a weekend within, have the name of
    the holiday that they lengthen; a weekend at the edge has none."""
    notes = [china.get(day) for day in free]
    named = [place for place, note in enumerate(notes) if note]
    own = [place for place in named if not notes[place].startswith(EXCHANGED)]
    for place in range(named[0], named[-1] + 1) if named else ():
        nearest = max((one for one in own if one <= place), default=own[0] if own else place)
        name = notes[nearest].partition("（")[0]
        yield free[place], notes[place] if place in own else f"{name}（调休）" if notes[place] else name


def _day(day: date, is_working: bool, note: str) -> CalendarDay:
    return CalendarDay(day=day, is_working=is_working, note=note, source=SOURCE)


def calendar_years(days: Iterable[CalendarDay]) -> Iterator[CalendarYear]:
    """The years of the days; one is announced where days are made up, as there are in every arrangement."""
    by_year: dict[int, bool] = {}
    for row in days:
        is_makeup = row.is_working and row.day.weekday() > 4
        by_year[row.day.year] = by_year.get(row.day.year, False) or is_makeup
    for year, is_announced in by_year.items():
        yield CalendarYear(year=year, is_announced=is_announced, source=SOURCE)


def _add_places(session: Session, rows: list[dict[str, str]]) -> None:
    """Parents stand before their children in the file."""
    paths: dict[str, str] = {}
    for row in rows:
        parent = row["parent_code"]
        paths[row["code"]] = f"{paths[parent]}/{row['code']}" if parent else row["code"]
        session.add(
            Region(
                code=row["code"],
                name=row["name"],
                level=int(row["level"]),
                parent_code=parent or None,
                path=paths[row["code"]],
            )
        )
    session.flush()


def _add_departments(session: Session, rows: list[dict[str, str]]) -> dict[str, Department]:
    """The units by code."""
    made: dict[str, Department] = {}
    for row in rows:
        made[row["code"]] = Department(
            code=row["code"],
            name=row["name"],
            short_name=row["short_name"],
            level=int(row["level"]),
            kind=row["kind"],
            line=row["line"] or None,
            region_code=row["region_code"],
            phone=row.get("phone") or None,
            path="",
        )
    _hang(session, made, {row["code"]: row["parent_code"] for row in rows})
    return made


def _hours(units: Mapping[str, Department]) -> Iterator[DepartmentHours]:
    """Of those that work otherwise than the city's offices."""
    for row in document("hours"):
        yield DepartmentHours(department_id=units[row.pop("unit")].id, **row)


def _add_categories(session: Session) -> None:
    rows = table("categories")
    made = {
        row["code"]: Category(
            code=row["code"], name=row["name"], name_en=row["name_en"], level=int(row["level"]), path="",
            wants_photo=row["wants_photo"] == "1",
        )
        for row in rows
    }
    _hang(session, made, {row["code"]: row["parent_code"] for row in rows})


def _hang(
    session: Session, made: Mapping[str, Category] | Mapping[str, Department], parents: Mapping[str, str]
) -> None:
    """Give rows their ids first, then parents and paths of ids; parents stand before their children."""
    session.add_all(made.values())
    session.flush()
    for code, row in made.items():
        parent = made[parents[code]] if parents[code] else None
        row.parent_id = parent.id if parent else None
        row.path = f"{parent.path if parent else '/'}{row.id}/"
    session.flush()


def _item(row: Mapping[str, str]) -> DirectoryItem:
    return DirectoryItem(
        code=row["code"],
        matter=row["matter"],
        category_code=row["category_code"],
        **_lead(target(row["lead"])),
        assists=[target(one) for one in row["assists"].split()],
        legal_basis=row["legal_basis"],
        keywords=keywords(row["keywords"]),
        anti_keywords=row["anti_keywords"].split(),
        valid_from=IN_FORCE_FROM,
    )


def _rule(row: Mapping[str, Any]) -> RoutingRule:
    return RoutingRule(
        position=row["position"],
        name=row["name"],
        when_=row["when"],
        **_lead(row.get("lead", {})),
        assists=row.get("assists", []),
        category_code=row.get("category"),
        disposition=row.get("disposition"),
    )


def _lead(lead: Mapping[str, Any]) -> dict[str, Any]:
    """A target as the columns of a duty or a rule."""
    return {
        "lead_department_code": lead.get("unit"),
        "lead_line": lead.get("line"),
        "lead_level": lead.get("level"),
    }
