"""What a caller hears or reads: as the city words it, and as it ships where the city says nothing."""

import json
import re
from datetime import date
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from babel.dates import format_date
from sqlalchemy import select
from sqlalchemy.orm import Session

from calls.models import PhoneText
from db import db
from routing.editing import Edit, Outdated, Refused, added, changed, text_fault
from routing.terms import LINE_NO

FILE = Path(__file__).with_name("texts.json")
LANGUAGES = ("zh", "en")
TEXT = "phone_text"
LONGEST = 3000
LONGEST_MESSAGE = 500  # of a text message, with its values: eight segments of Chinese
"""Characters that are spoken; the carrier reads a little more than that at a time."""
ALWAYS = "hotline"
"""The name in braces that every text may use."""
SHIPPED_ONLY = frozenset({"sorry", "sms_sorry"})
"""Said while the database is away, where the city's own words are."""
NOTICE = "recorded"
_KEY = re.compile(r"(?<![0-9])[0-9](?![0-9])")
_RECORDED = re.compile(r"录音|record", re.IGNORECASE)
_DAYS = {"zh": "M月d日", "en": "d MMMM"}
_NAME = re.compile(r"\{([^{}]*)\}")


@cache
def shipped() -> dict[str, dict[str, str]]:
    """Key -> language -> text, from the file beside this one."""
    texts: dict[str, dict[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return texts


def text(key: str, lang: str, line_no: str = "") -> str:
    """The text for one line of the city: its own, that of all lines, or the shipped one. Raises KeyError."""
    rows = select(PhoneText.body).where(
        PhoneText.key == key, PhoneText.lang == lang, PhoneText.line_no.in_(("", line_no)), PhoneText.body != ""
    )
    body = db.session.scalar(rows.order_by(PhoneText.line_no.desc()).limit(1))
    return body if body is not None else shipped()[key][lang]


def fill(body: str, **values: object) -> str:
    """Put values where the text names them; a name that it does not know stays as it was typed."""
    for name, value in values.items():
        body = body.replace(f"{{{name}}}", str(value))
    return body


def day_said(day: date, lang: str) -> str:
    """A day as people say it; a promise never lies so far ahead that the year would be missed."""
    return format_date(day, _DAYS[lang], locale=lang)


@cache
def needed(key: str) -> tuple[str, ...]:
    """The names in braces that a text must hold: what it is there to say. Raises KeyError."""
    found = dict.fromkeys(name for body in shipped()[key].values() for name in _NAME.findall(body))
    return tuple(name for name in found if name != ALWAYS)


def is_recording(body: str) -> bool:
    """Whether it is an address to be played, not words to be spoken."""
    return body.startswith("https://")


def checked(key: str, body: str) -> str:
    """A text as it is stored, on one line. Raises Refused."""
    body = " ".join(body.split())
    if fault := text_fault(body, LONGEST_MESSAGE if key.startswith("sms_") else LONGEST):
        raise Refused({"body": fault})
    names = ", ".join(f"{{{name}}}" for name in needed(key))
    if body.lower().startswith(("http://", "https://")):
        address = urlsplit(body) if is_recording(body) and " " not in body else None
        if address is None or not address.hostname:
            raise Refused({"body": "text_address"})
        if names:
            raise Refused({"body": "text_not_recorded"}, names=names)
        return body
    known = ", ".join(f"{{{name}}}" for name in (*needed(key), ALWAYS))
    if any(mark in fill(body, **dict.fromkeys((*needed(key), ALWAYS), "")) for mark in "{}"):
        raise Refused({"body": "text_names"}, names=known)
    if not set(needed(key)) <= set(_NAME.findall(body)):
        raise Refused({"body": "text_needs"}, names=names)
    return body


def lacks(key: str, lang: str, body: str) -> list[str]:
    """What the shipped words tell and these do not: keys, and that it is recorded. Sound is not listened to."""
    if is_recording(body):
        return []
    kept = shipped()[key][lang]
    keys = sorted(set(_KEY.findall(kept)) - set(_KEY.findall(body)))
    return [*keys, *([NOTICE] if _RECORDED.search(kept) and not _RECORDED.search(body) else [])]


def own(session: Session) -> dict[tuple[str, str, str], PhoneText]:
    """What the city has put in place of shipped words: (key, language, line or empty) -> row."""
    return {(row.key, row.lang, row.line_no): row for row in session.scalars(select(PhoneText)) if row.body}


def set_text(session: Session, key: str, lang: str, line_no: str, version: int, body: str) -> Edit:
    """The city's words in one language, for one line or with an empty one for all; `version` is 0 where there are
    none. Raises KeyError for what is never heard, Outdated, Refused."""
    if line_no and not LINE_NO.fullmatch(line_no):
        raise Refused({"line": "line_no_shape"})
    shipped()[key][lang]
    body, name = checked(key, body), name_of(key, lang, line_no)
    row = _locked(session, key, lang, line_no, version)
    if row is None:
        return added(session, PhoneText(key=key, lang=lang, line_no=line_no, body=body), TEXT, name, "body")
    return changed(session, row, TEXT, name, body=body)


def restore_text(session: Session, key: str, lang: str, line_no: str, version: int) -> Edit:
    """Leave it to what comes next: the words for all lines, or the shipped ones. The row stays, without words, so
    that its version goes on. Raises Outdated."""
    row = _locked(session, key, lang, line_no, version)
    if row is None:
        return Edit(TEXT, name_of(key, lang, line_no), 0, {}, {})
    return changed(session, row, TEXT, name_of(key, lang, line_no), body="")


def row_of(session: Session, key: str, lang: str, line_no: str) -> PhoneText | None:
    """The row, also one without words."""
    return session.get(PhoneText, (key, lang, line_no))


def name_of(key: str, lang: str, line_no: str) -> str:
    """How the record of edits calls it."""
    return "/".join(filter(None, (key, lang, line_no)))


def _locked(session: Session, key: str, lang: str, line_no: str, version: int) -> PhoneText | None:
    which = (PhoneText.key == key, PhoneText.lang == lang, PhoneText.line_no == line_no)
    query = select(PhoneText).where(*which).with_for_update().execution_options(populate_existing=True)
    row = session.scalars(query).one_or_none()
    if (row.version if row else 0) != version:
        raise Outdated()
    return row
