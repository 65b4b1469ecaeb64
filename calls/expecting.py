"""What a waiting caller may expect: how many are before them, and about how long it takes. Reads only."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from db import db

LONGEST_MINUTES = 10
FEWEST_SAMPLES = 5
RECENT = timedelta(hours=1)

# Asked by each waiting caller every 25 seconds: one query, over the partial indexes of who waits and who is ready.
_PLACE = text(
    """
    SELECT mine.lang, mine.line_no,
           (SELECT count(*) FROM call AS other
             WHERE other.state = 'QUEUED' AND other.provider = mine.provider
               AND (other.priority > mine.priority
                    OR other.priority = mine.priority AND other.queued_at < mine.queued_at)) AS ahead,
           (SELECT count(*) FROM seat WHERE state IN ('ready', 'offered', 'on_call', 'wrap_up')) AS seats,
           lately.talks, lately.seconds
      FROM call AS mine
     CROSS JOIN (
           SELECT count(*) AS talks, avg(talk_seconds) AS seconds
             FROM (SELECT talk_seconds FROM call
                    WHERE queued_at > :since AND answered_at IS NOT NULL AND ended_at IS NOT NULL
                    ORDER BY queued_at DESC LIMIT 50) AS talk
           ) AS lately
     WHERE mine.provider = :provider AND mine.provider_sid = :sid AND mine.ended_at IS NULL
    """
)


@dataclass(frozen=True)
class Place:
    """`ahead` wait before this caller. `minutes` None: less than one, or not enough is known to say it."""

    lang: str
    line_no: str
    ahead: int
    minutes: int | None


def place_of(provider: str, sid: str, now: datetime) -> Place | None:
    """Where a caller stands in the queue; None for one who is not on the line any more."""
    values = {"provider": provider, "sid": sid, "since": now - RECENT}
    row = db.session.execute(_PLACE, values).one_or_none()
    if row is None:
        return None
    seconds = float(row.seconds) if row.talks >= FEWEST_SAMPLES and row.seconds is not None else None
    return Place(row.lang, row.line_no, row.ahead, minutes(row.ahead + 1, seconds, row.seats))


def minutes(position: int, talk_seconds: float | None, seats: int) -> int | None:
    """(position x mean talk) / seats in whole minutes, rounded up; more than LONGEST_MINUTES is said as that."""
    if talk_seconds is None:
        return None
    wait = position * talk_seconds / max(1, seats)
    return None if wait < 60 else min(math.ceil(wait / 60), LONGEST_MINUTES + 1)
