"""服务评价. What callers are asked after a talk, and what they pressed."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from calls.keeping import note
from calls.models import Call, SurveyAnswer
from calls.settling import settle
from db import db

Questions = Mapping[str, Mapping[str, int]]
SATISFIED: Mapping[str, int] = {"1": 3, "2": 2, "3": 1}
"""Key -> answer, by text as by telephone: 3 satisfied to 1 not, as ratings have it."""
QUESTIONS: Questions = {"satisfied": SATISFIED, "solved": {"1": 1, "2": 0}}
"""Question -> key -> answer; 1 solved, 0 not."""


def begin(call: Call, at: datetime, now: datetime) -> None:
    """The caller is asked: the operator is free for the work on the call."""
    note(call, "surveyed", at, now)
    settle(call, now)


def answer(call: Call, now: datetime, question: str, key: str, questions: Questions = QUESTIONS) -> bool:
    """Keep an answer; the first one stands. False for a key that means nothing."""
    if key not in questions.get(question, {}):
        return False
    row = {"call_id": call.id, "question": question, "answer": questions[question][key], "answered_at": now}
    db.session.execute(insert(SurveyAnswer).values(row).on_conflict_do_nothing())
    return True


def after(question: str) -> str | None:
    """The question that follows one, or the first after none."""
    every = [*QUESTIONS]
    if not question:
        return every[0]
    return every[every.index(question) + 1] if question in every[:-1] else None
