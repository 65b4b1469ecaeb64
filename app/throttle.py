"""Limits on guessing, counted in Postgres so that they hold in every process and without Redis.

Only failures are counted, under a keyed hash: no address or login stands in the table. When the database
does not answer, nothing is let through.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from sqlalchemy import delete, insert, text

from app.auth.models import Attempt
from app.extensions import vault
from db import db
from tickets import sealing

OPEN = timedelta(0)
LONGEST_WINDOW = timedelta(hours=24)


@dataclass(frozen=True)
class Limit:
    """`count` failures of one `kind` and key within `window` shut the door.

    It opens again when the oldest of them has left the window, or, with a `pause`, that long after the last.
    Limits of the same kind and key share their failures. No window may exceed LONGEST_WINDOW.
    """

    kind: str
    count: int
    window: timedelta
    pause: timedelta | None = None


URGES = Limit("urge", 3, timedelta(days=1))
"""How often one ticket's citizen may ask again, by the web and by text message together."""


@dataclass(frozen=True)
class Admission:
    """A guess let in and already counted as a failure: `attempts` are given back when it was right."""

    wait: timedelta
    attempts: tuple[int, ...] = ()


Checks = Iterable[tuple[Limit, str]]


def wait_for(checks: Checks, now: datetime) -> timedelta:
    """How long the door stays shut by the strictest limit; OPEN when it is open. One query."""
    limits, buckets = [], []
    for limit, key in checks:
        limits.append(limit)
        buckets.append(_bucket(limit.kind, key))
    values = {
        "buckets": buckets,
        "counts": [limit.count for limit in limits],
        "spans": [limit.window for limit in limits],
        "pauses": [limit.pause for limit in limits],
        "now": now,
    }
    moments = db.session.execute(_OPENS, values).scalars()
    return max((moment - now for moment in moments if moment > now), default=OPEN)


def allow(checks: Checks, now: datetime) -> bool:
    """Whether one more guess is let in."""
    return wait_for(checks, now) == OPEN


def hold(checks: Checks) -> None:
    """Let whoever else guesses under these limits wait until this transaction ends."""
    keys = [int.from_bytes(bucket[:8], "big", signed=True) for bucket in _buckets(checks)]
    db.session.execute(_LOCK, {"keys": keys})


def admit(checks: Checks, now: datetime) -> Admission:
    """Check and count in one step, so that guesses made at the same time cannot pass the limit together.

    The guess counts as wrong until `forgive`. Where judging takes long, commit before it: others wait.
    """
    checks = list(checks)
    hold(checks)
    wait = wait_for(checks, now)
    if wait:
        return Admission(wait)
    rows = [{"bucket": bucket, "at": now} for bucket in _buckets(checks)]
    attempts = db.session.scalars(insert(Attempt).returning(Attempt.id), rows)
    return Admission(OPEN, tuple(attempts))


def forgive(admission: Admission) -> None:
    """The guess was right: uncount it."""
    db.session.execute(delete(Attempt).where(Attempt.id.in_(admission.attempts)))


def forget(kind: str, key: str) -> None:
    """Drop all failures of one kind and key: the row of them is broken."""
    db.session.execute(delete(Attempt).where(Attempt.bucket == _bucket(kind, key)))


def sweep(now: datetime) -> None:
    """Delete failures that no limit counts any more."""
    db.session.execute(delete(Attempt).where(Attempt.at < now - LONGEST_WINDOW))


def address_key(remote: str | None) -> str:
    """One key for each address a person may hold: an IPv4 address, or the /64 of an IPv6 one.

    `remote` is the peer of the connection, never a header that the peer writes.
    """
    try:
        address = ip_address((remote or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"


_LOCK = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")

_OPENS = text(
    """
    SELECT CASE WHEN door.pause IS NULL THEN min(failure.at) + door.span ELSE max(failure.at) + door.pause END
      FROM unnest(
             CAST(:buckets AS bytea[]), CAST(:counts AS int[]),
             CAST(:spans AS interval[]), CAST(:pauses AS interval[])
           ) AS door (bucket, most, span, pause)
     CROSS JOIN LATERAL (
           SELECT at FROM attempt WHERE bucket = door.bucket AND at > :now - door.span
            ORDER BY at DESC LIMIT door.most
           ) AS failure
     GROUP BY door.bucket, door.most, door.span, door.pause
    HAVING count(*) >= door.most
    """
)
"""The moment from which each limit lets a guess in; no row while there are too few failures."""


def _buckets(checks: Checks) -> list[bytes]:
    """Each bucket once, in an order that is the same for everybody who locks them."""
    return sorted({_bucket(limit.kind, key) for limit, key in checks})


def _bucket(kind: str, key: str) -> bytes:
    return sealing.blind(vault().keys, key, f"attempt {kind}")
