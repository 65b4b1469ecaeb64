"""What a full waiting room costs: callers who wait, operators who talk, and how soon a free seat has a call."""

import time
import wave
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import select, update

from app.auth import accounts
from app.auth.accounts import CONSOLE
from app.auth.models import Staff
from app.auth.signing_in import DEMO_PASSWORD
from app.outbox import unit_of_work
from bench import load, serving, switchboard
from bench.databases import Databases, Tell
from bench.machine import Others
from calls.models import PhoneLine
from config import Config
from db import db
from routing.models import CitySetting
from simulator.network import Network
from simulator.server import Settings

CALLERS, SEATS, SECONDS = 500, 50, 600.0
FILLING = 60.0
MUSIC = Path(__file__).resolve().parents[1] / "app" / "static" / "sound" / "hold.wav"
"""Played as long as it is: so often somebody who waits is told how it stands."""
SETTLING = 20.0
WEBHOOK_MARK_MS, OFFER_MARK_MS = 100.0, 1000.0
LIMITS = {"queue_limit": 5000, "longest_wait_minutes": 600, "short_abandon": 5}

# How long a seat was ready while somebody had been waiting all that time: it should have had that call.
_IDLE = """
    SELECT extract(epoch FROM offer.offered_at - greatest(span.began_at, call.waiting_since)) * 1000
      FROM offer
      JOIN call ON call.id = offer.call_id
      JOIN seat_span AS span ON span.staff_id = offer.staff_id AND span.state = 'ready'
                            AND span.ended_at = offer.offered_at
     WHERE offer.offered_at > %s AND call.waiting_since < offer.offered_at - interval '2 seconds'
"""
_TWICE = """
    SELECT count(*) FROM offer AS one JOIN offer AS other ON one.id < other.id
       AND (one.staff_id = other.staff_id OR one.call_id = other.call_id)
       AND one.offered_at < coalesce(other.closed_at, 'infinity')
       AND other.offered_at < coalesce(one.closed_at, 'infinity')
"""


@dataclass(frozen=True)
class Counted:
    """What the database says when all is over."""

    calls: int
    answered: int
    open: int
    twice: int
    idle: list[float]


def calls(
    databases: Databases, callers: int = CALLERS, seats: int = SEATS, seconds: float = SECONDS
) -> dict[str, Any]:
    """`callers` wait or talk all the time, `seats` operators take them; `seconds` after the room has filled."""
    with databases.writing(1000, 0.5) as database:
        with database.app.app_context():
            logins = _prepare(seats)
        config = database.config
        app = config.twilio_app_sid
        settings = Settings(
            config.twilio_account_sid, config.auth_tokens[0], "", 0, (switchboard.LINE,), app
        )
        with switchboard.network(settings) as (played, timed, api):
            more = {"TELEPHONY_PROVIDER": "simulator", "TWILIO_API_URL": api}

            def at(port: int) -> dict[str, str]:
                return {**more, "PUBLIC_BASE_URL": f"http://{serving.HOST}:{port}"}

            with serving.product(config, at) as port:
                base = f"http://{serving.HOST}:{port}"
                _own(played, base, app)
                people = switchboard.Seats(base, logins, DEMO_PASSWORD, _plain(config), played, app)
                crowd = switchboard.Crowd(played, callers + seats, FILLING)
                found = _run(databases.tell, timed, crowd, people, seconds)
                counted = _count(_plain(config), found["since"], played)
    return {
        "benchmark": "calls", "callers": callers, "seats": seats, "seconds": seconds, **_told(found, counted),
    }  # fmt: skip


def _plain(config: Config) -> str:
    return config.database_url.replace("+psycopg", "", 1)


def _own(played: Network, base: str, app: str) -> None:
    played.own(
        switchboard.LINE, voice_url=f"{base}/voice/in", voice_fallback_url=f"{base}/voice/fallback",
        status_callback=f"{base}/voice/ended#rc=2&rp=ct,rt,5xx",
    )  # fmt: skip
    played.app(app, f"{base}/voice/operator", f"{base}/voice/fallback")
    with wave.open(str(MUSIC)) as music:
        played.durations[f"{base}/static/sound/{MUSIC.name}"] = music.getnframes() / music.getframerate()


def _run(
    tell: Tell, timed: switchboard.Timed, crowd: switchboard.Crowd, people: switchboard.Seats, seconds: float
) -> dict[str, Any]:
    """Fill the room, measure, and let everybody go."""
    tell("operators sign in")
    people.begin()
    tell("callers ring")
    crowd.begin()
    time.sleep(FILLING + SETTLING)
    others, since, began = Others(), datetime.now(UTC), time.monotonic()
    tell("measuring")
    time.sleep(seconds)
    over = time.monotonic()
    crowd.is_on = False
    time.sleep(switchboard.TALK[1] + SETTLING)
    people.end()
    inside = [one for one in timed.times if began <= one[0] <= over]
    return {
        "since": since, "webhooks": inside, "others": others.cores(), "dialled": crowd.dialled,
        "refused": sum(operator.failures for operator in people.people.values()),
    }  # fmt: skip


def _count(database: str, since: datetime, played: Network) -> Counted:
    with psycopg.connect(database, autocommit=True) as connection:

        def one(statement: str, *values: object) -> int:
            row = connection.execute(statement, values).fetchone()
            return int(row[0]) if row else 0

        idle = [float(row[0]) for row in connection.execute(_IDLE, (since,))]
        return Counted(
            one("SELECT count(*) FROM call"),
            one("SELECT count(*) FROM call WHERE answered_at > %s", since),
            one("SELECT count(*) FROM call WHERE ended_at IS NULL"),
            one(_TWICE),
            idle,
        )


def _told(found: dict[str, Any], counted: Counted) -> dict[str, Any]:
    times = [one[2] for one in found["webhooks"]]
    by_path: dict[str, list[float]] = {}
    for _, path, took, _status in found["webhooks"]:
        by_path.setdefault(path, []).append(took)
    webhook_p95, idle_p95 = load.percentile(times, 95), load.percentile(counted.idle, 95)
    return {
        "webhooks": len(times),
        "webhook_p50_ms": _round(load.percentile(times, 50)), "webhook_p95_ms": _round(webhook_p95),
        "webhook_p99_ms": _round(load.percentile(times, 99)), "webhook_mark_ms": WEBHOOK_MARK_MS,
        "failed": sum(one[3] >= 400 for one in found["webhooks"]),
        "by_path": {path: len(some) for path, some in sorted(by_path.items())},
        "slowest": {path: _round(load.percentile(some, 95)) for path, some in sorted(by_path.items())},
        "offers": len(counted.idle), "offer_p50_ms": _round(load.percentile(counted.idle, 50)),
        "offer_p95_ms": _round(idle_p95), "offer_max_ms": _round(max(counted.idle, default=None)),
        "offer_mark_ms": OFFER_MARK_MS, "answered": counted.answered, "calls": counted.calls,
        "dialled": found["dialled"], "left_open": counted.open, "offered_twice": counted.twice,
        "refused_orders": found["refused"], "other_cores": found["others"],
    }  # fmt: skip


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _prepare(seats: int) -> list[str]:
    """Accounts for the operators, limits that let so many wait, and the line."""
    logins = [f"seat-{number}" for number in range(seats)]
    with unit_of_work() as now:
        known = db.session.scalars(select(Staff.password_hash).where(Staff.login == "operator")).one()
        for login in logins:
            held = [("operator", None)]
            staff_id, _ = accounts.create_staff(CONSOLE, now, login=login, name=login, memberships=held)
            accounts.void_tokens(staff_id)
            db.session.execute(update(Staff).where(Staff.id == staff_id).values(password_hash=known))
        db.session.merge(CitySetting(key="phone", value=LIMITS, version=1))
        db.session.merge(
            PhoneLine(number=switchboard.LINE, line_no="12345", name="12345", skills=[], hours=[], version=1)
        )
    return logins
