"""The numbers that can be dialled: those of the demo city, and the city's own as they are entered."""

import json
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from calls.models import PhoneLine

DEMO = Path(__file__).with_name("demo_lines.json")


def seed_demo(session: Session) -> None:
    """The demo city's lines, where there are none."""
    if session.scalar(select(PhoneLine.number).limit(1)) is None:
        session.add_all(PhoneLine(**row) for row in json.loads(DEMO.read_text(encoding="utf-8")))
