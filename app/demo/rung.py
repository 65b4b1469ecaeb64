"""Played citizens at their telephones: how they answer the automatic calls that ask how it went.

A telephone of the demo's page is in somebody's hand, and is left to them.
"""

import logging
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app import simulator
from app.demo.phones import NUMBERS
from app.extensions import vault
from app.outbox import unit_of_work
from calls.models import FollowUpCall
from db import db
from tickets import sealing
from tickets.models import Contact

log = logging.getLogger(__name__)

AHEAD = timedelta(minutes=1)
BATCH = 50
HOW = {"content": 0.5, "so_so": 0.15, "unsolved": 0.15, "refuses": 0.05, "busy": 0.05, "no-answer": 0.1}
QUESTIONS = ("愿意评价", "联系过", "是否解决", "是否满意")
KEYS = {"content": "1111", "so_so": "1112", "unsolved": "1123", "refuses": "2"}
"""How somebody is -> the key for each question in turn."""


def play() -> None:
    """Set how those who will be rung within a minute are going to answer."""
    try:
        for number, how in _due():
            simulator.post(f"phones/{number}", answers=_answers(how))
    except (simulator.NotThere, simulator.Refused, SQLAlchemyError) as fault:
        log.warning("round of citizens left out: %s", type(fault).__name__)


def _due() -> list[tuple[str, str]]:
    """Number and manner of each; the same try of the same ticket always finds somebody in the same mood."""
    with unit_of_work() as now:
        query = (
            select(FollowUpCall, Contact)
            .join(Contact, Contact.ticket_id == FollowUpCall.ticket_id)
            .where(FollowUpCall.closed_at.is_(None), FollowUpCall.is_on.is_(False))
            .where(FollowUpCall.due_at <= now + AHEAD)
            .order_by(FollowUpCall.due_at)
            .limit(BATCH)
        )
        found = []
        for row, contact in db.session.execute(query):
            number = sealing.normalise_phone(vault().open_contact(contact, "phone"))
            dice = Random(f"{row.ticket_id} {row.round} {row.attempts}")
            if number not in NUMBERS:
                found.append((number, dice.choices(list(HOW), list(HOW.values()))[0]))
        return found


def _answers(how: str) -> dict[str, Any]:
    if how not in KEYS:
        return {"how": how, "after": 2}
    pressed = zip(QUESTIONS, KEYS[how], strict=False)
    steps = [{"hearing": words, "keys": key, "after": 2} for words, key in pressed]
    return {"how": "human", "after": 4, "then": steps}
