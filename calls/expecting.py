"""What a waiting caller may expect: how many are before them, and about how long it takes. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from calls.arriving import TOP
from calls.kpis import RECENTLY, minutes_to_wait, one_of
from db import db

# Asked by each waiting caller every 25 seconds: one query, over the partial indexes of who waits and who is ready.
_PLACE = text(
    """
    SELECT mine.lang, mine.line_no, mine.priority,
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
    """`ahead` wait before this caller. `minutes` None: less than one, or not enough is known to say it.

    `is_staffed`: somebody is at a seat, and not on a break. `is_first`: comes before all who are not.
    """

    lang: str
    line_no: str
    ahead: int
    minutes: int | None
    is_staffed: bool
    is_first: bool


def place_of(provider: str, sid: str, now: datetime) -> Place | None:
    """Where a caller stands in the queue; None for one who is not on the line any more."""
    values = {"provider": provider, "sid": sid, "since": now - RECENTLY}
    row = db.session.execute(_PLACE, values).one_or_none()
    if row is None:
        return None
    length = one_of(float(row.seconds) if row.seconds is not None else None, row.talks)
    minutes = minutes_to_wait(row.ahead + 1, length, row.seats, least=60)
    return Place(row.lang, row.line_no, row.ahead, minutes, row.seats > 0, row.priority >= TOP)
