"""What a caller hears or reads: as the city words it, and as it ships where the city says nothing."""

import json
from functools import cache
from pathlib import Path

from sqlalchemy import select

from calls.models import PhoneText
from db import db

FILE = Path(__file__).with_name("texts.json")
LANGUAGES = ("zh", "en")


@cache
def shipped() -> dict[str, dict[str, str]]:
    """Key -> language -> text, from the file beside this one."""
    texts: dict[str, dict[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return texts


def text(key: str, lang: str, line_no: str = "") -> str:
    """The text for one line of the city: its own, that of all lines, or the shipped one. Raises KeyError."""
    rows = select(PhoneText.body).where(
        PhoneText.key == key, PhoneText.lang == lang, PhoneText.line_no.in_(("", line_no))
    )
    body = db.session.scalar(rows.order_by(PhoneText.line_no.desc()).limit(1))
    return body if body is not None else shipped()[key][lang]


def fill(body: str, **values: object) -> str:
    """Put values where the text names them; a name that it does not know stays as it was typed."""
    for name, value in values.items():
        body = body.replace(f"{{{name}}}", str(value))
    return body
