"""Reference data as tables: regions, departments, categories, duties, rules, settings, policies, calendar.

Columns and constraints only. Everything here changes rarely; statement triggers raise
`reference_version.version` at each change, and readers keep what they loaded by that number.
"""

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from db import Base

KINDS = ("district", "town", "village", "bureau", "vertical", "utility", "mass", "hotline")
CLOCKS = (
    "dispatch", "sign", "contact", "handle", "redo", "review", "callback", "info", "return", "decision", "dispute",
    "order", "suspension", "appeal", "urge",
)  # fmt: skip
LIMIT_UNITS = ("min", "h", "wh", "d", "wd")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Region(Base):
    """A place of the city's tree; `path` holds the codes from the city down, '3705/370502/370502003'."""

    __tablename__ = "region"
    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 4", name="level"),)

    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str]
    level: Mapped[int] = mapped_column(SmallInteger)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("region.code"), index=True)
    path: Mapped[str] = mapped_column(unique=True)


class Department(Base):
    """A unit that handles tickets. `line` names its field of work, shared by units of several levels.

    `phone` is its duty telephone in E.164, which the hotline rings when it needs the unit in a talk; `email` is
    the mailbox in which it is told of its matters.
    """

    __tablename__ = "department"
    __table_args__ = (
        CheckConstraint("level BETWEEN 1 AND 4", name="level"),
        CheckConstraint(_one_of("kind", KINDS), name="kind"),
        Index("department_path", "path", postgresql_ops={"path": "text_pattern_ops"}),
        Index("department_line", "line", "level"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str]
    short_name: Mapped[str]
    level: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(String(10))
    line: Mapped[str | None] = mapped_column(String(40))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"), index=True)
    path: Mapped[str]
    region_code: Mapped[str] = mapped_column(ForeignKey("region.code"))
    phone: Mapped[str | None]
    email: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class Category(Base):
    """What a matter is about: three levels, codes 'AA', 'AA-BB', 'AA-BB-CC'; `path` of ids, '/1/5/'."""

    __tablename__ = "category"
    __table_args__ = (CheckConstraint("level BETWEEN 1 AND 3", name="level"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(8), unique=True)
    name: Mapped[str]
    name_en: Mapped[str]
    level: Mapped[int] = mapped_column(SmallInteger)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)
    path: Mapped[str]
    wants_photo: Mapped[bool] = mapped_column(default=False, server_default="false")
    """Whether a reply needs a picture or film of what was done."""
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class DirectoryItem(Base):
    """One version of one duty: which unit leads in which matter, and by what law.

    The lead is a named unit, or the unit of `lead_line` on `lead_level` in the region of the matter.
    `assists` is a list of {"unit": code} or {"line": name, "level": 1..4}; keywords of [word, weight].
    """

    __tablename__ = "directory_item"
    __table_args__ = (
        UniqueConstraint("code", "version"),
        CheckConstraint("legal_basis <> ''", name="legal_basis"),
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="validity"),
        CheckConstraint(
            "(lead_department_code IS NULL) = (lead_line IS NOT NULL)"
            " AND (lead_line IS NULL) = (lead_level IS NULL)",
            name="lead",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    matter: Mapped[str]
    category_code: Mapped[str] = mapped_column(ForeignKey("category.code"))
    lead_department_code: Mapped[str | None] = mapped_column(ForeignKey("department.code"))
    lead_line: Mapped[str | None] = mapped_column(String(40))
    lead_level: Mapped[int | None] = mapped_column(SmallInteger)
    assists: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    legal_basis: Mapped[str]
    keywords: Mapped[list[list[Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    anti_keywords: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")


class RoutingRule(Base):
    """A rule tried before the directory, in order of `position`; the first that holds decides.

    `when_` holds the conditions, all of which must hold: words_any, words_all, words_none, types,
    channels, line_nos, categories (prefixes), regions, urgencies, confidential, enterprise.
    A rule names a lead (unit, or line and level), a disposition other than dispatch, or both.
    """

    __tablename__ = "routing_rule"
    __table_args__ = (
        CheckConstraint("(lead_line IS NULL) = (lead_level IS NULL)", name="lead"),
        CheckConstraint(
            "lead_department_code IS NOT NULL OR lead_line IS NOT NULL OR disposition IS NOT NULL",
            name="outcome",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int]
    name: Mapped[str]
    when_: Mapped[dict[str, Any]] = mapped_column(JSONB)
    lead_department_code: Mapped[str | None] = mapped_column(ForeignKey("department.code"))
    lead_line: Mapped[str | None] = mapped_column(String(40))
    lead_level: Mapped[int | None] = mapped_column(SmallInteger)
    assists: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    category_code: Mapped[str | None] = mapped_column(ForeignKey("category.code"))
    disposition: Mapped[str | None] = mapped_column(String(20))
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class CitySetting(Base):
    """One setting of the city: names, time zone, working periods, thresholds, windows and counts."""

    __tablename__ = "city_setting"

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class CalendarDay(Base):
    """A day that departs from Monday-to-Friday, or confirms it; wins over the weekday."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    is_working: Mapped[bool]
    note: Mapped[str] = mapped_column(default="", server_default="")
    source: Mapped[str]
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class Policy(Base):
    """How long a clock runs for which tickets, and who hears of it when. NULL matches everything.

    `line_no` is the number that citizens dial: a line merged into the hotline has limits of its own.
    `ladder` is a list of steps {"level", "tier", "kind": share|remaining|overdue, "value", ...}.
    """

    __tablename__ = "policy"
    __table_args__ = (
        CheckConstraint(_one_of("clock", CLOCKS), name="clock"),
        CheckConstraint(_one_of("limit_unit", LIMIT_UNITS), name="limit_unit"),
        CheckConstraint("limit_value > 0", name="limit_value"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    clock: Mapped[str] = mapped_column(String(12))
    ticket_type: Mapped[str | None] = mapped_column(String(12))
    urgency: Mapped[str | None] = mapped_column(String(12))
    category_code: Mapped[str | None] = mapped_column(ForeignKey("category.code"))
    line_no: Mapped[str | None] = mapped_column(String(20))
    limit_value: Mapped[int]
    limit_unit: Mapped[str] = mapped_column(String(4))
    ladder: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list, server_default="[]")
    statutory: Mapped[bool] = mapped_column(default=False, server_default="false")
    source: Mapped[str]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")


class ReferenceVersion(Base):
    """One row, raised by a trigger whenever a table above changes."""

    __tablename__ = "reference_version"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1, server_default="1")
    version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")


class TextIndex(Base):
    """Words and character pairs of a text, for search by word. `key` is whatever the caller searches for."""

    __tablename__ = "text_index"
    __table_args__ = (Index("text_index_tokens", "tokens", postgresql_using="gin"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[str] = mapped_column(TSVECTOR)
