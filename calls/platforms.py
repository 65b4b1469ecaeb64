"""Platforms of call centres that tell us what happens: add, change, rotate the token, end; and who is let in."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import select, update

from calls.models import CtiPlatform
from db import db
from routing.editing import Edit, changed, lock, refuse
from tickets import sealing
from tickets.vault import Vault

PLATFORM = "cti_platform"
NAME = re.compile(r"[a-z][a-z0-9-]{1,29}")
DIAL = re.compile(r"[a-z][a-z0-9+.-]{1,30}:[^\s<>\"'\\]{1,300}")
UNSAFE = frozenset({"javascript", "data", "vbscript", "file", "blob", "filesystem", "about", "view-source"})
"""Schemes of addresses that a browser would run or read instead of handing over to a telephone."""
MOST_TOKENS, MOST_NETWORKS = 3, 50
STAMP = timedelta(minutes=5)
"""How far the moment of a signed event may lie from ours."""
BEAT = timedelta(seconds=1)


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def add(now: datetime, name: str, token: str, networks: str, dial_url: str, *, tells_queue: bool) -> Edit:
    """A new platform that is let in with this token. Raises Refused."""
    name, dial_url, found = name.strip(), dial_url.strip(), _networks(networks)
    faults = {"name": "" if NAME.fullmatch(name) else "platform_shape", **_faults(found, dial_url)}
    if not faults["name"] and db.session.get(CtiPlatform, name) is not None:
        faults["name"] = "code_taken"
    refuse({field: fault for field, fault in faults.items() if fault})
    row = CtiPlatform(
        name=name, tokens=[_token(token, now)], networks=found, dial_url=dial_url, tells_queue=tells_queue,
        created_at=now,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    told = {"networks": found or [], "dial_url": dial_url, "tells_queue": tells_queue}
    return Edit(PLATFORM, name, row.version, {}, told)


def change(name: str, version: int, networks: str, dial_url: str, *, tells_queue: bool, is_active: bool) -> Edit:
    """From where it may come, how its telephones dial, what it tells, whether it is let in at all.

    Raises NoResultFound, Outdated, Refused.
    """
    row = lock(db.session(), CtiPlatform, CtiPlatform.name == name, version)
    found = _networks(networks)
    faults = _faults(found, dial_url.strip())
    refuse({field: fault for field, fault in faults.items() if fault})
    return changed(
        db.session(), row, PLATFORM, name, networks=found, dial_url=dial_url.strip(), tells_queue=tells_queue,
        is_active=is_active,
    )  # fmt: skip


def rotate(now: datetime, name: str, version: int, token: str) -> Edit:
    """One more token; those before are good until they are struck. Raises NoResultFound, Outdated, Refused."""
    row = lock(db.session(), CtiPlatform, CtiPlatform.name == name, version)
    if len(row.tokens) >= MOST_TOKENS:
        refuse({"state": "many_tokens"})
    return _with_tokens(row, [_token(token, now), *row.tokens])


def strike(name: str, version: int, hash_: str) -> Edit:
    """A token lets nobody in any more. Raises NoResultFound, Outdated, Refused."""
    row = lock(db.session(), CtiPlatform, CtiPlatform.name == name, version)
    kept = [one for one in row.tokens if one["hash"] != hash_]
    if not kept:
        refuse({"state": "last_token"})
    return _with_tokens(row, kept)


def set_secret(name: str, version: int, secret: str | None, vault: Vault) -> Edit:
    """Demand from now on that events are signed with this secret; None: no longer."""
    row = lock(db.session(), CtiPlatform, CtiPlatform.name == name, version)
    before = f"secret {row.version}" if row.secret is not None else None
    row.secret = sealing.seal(vault.keys, secret, "secret", f"{PLATFORM}:{name}") if secret else None
    row.version += 1
    db.session.flush()
    # Which secret is told by the version it came with, and by nothing else of it.
    after = f"secret {row.version}" if secret else None
    return Edit(PLATFORM, name, row.version, {"signed": before}, {"signed": after})


def _with_tokens(row: CtiPlatform, tokens: list[dict[str, str]]) -> Edit:
    before, row.tokens = len(row.tokens), tokens
    row.version += 1
    db.session.flush()
    return Edit(PLATFORM, row.name, row.version, {"tokens": before}, {"tokens": len(tokens)})


def every() -> Sequence[CtiPlatform]:
    """All platforms by name."""
    return db.session.scalars(select(CtiPlatform).order_by(CtiPlatform.name)).all()


def dial_url() -> str:
    """How a number is dialled: the template of a platform in use, or that of the telephone of the machine."""
    query = select(CtiPlatform.dial_url).where(CtiPlatform.is_active, CtiPlatform.dial_url != "")
    return db.session.scalar(query.order_by(CtiPlatform.name).limit(1)) or "tel:{number}"


def known_by(token: str) -> CtiPlatform | None:
    """The platform in use whose token this is. Every stored hash is compared, and each in constant time."""
    given, found = token_hash(token), None
    for row in db.session.scalars(select(CtiPlatform).where(CtiPlatform.is_active)):
        for one in row.tokens:
            if hmac.compare_digest(given, one["hash"]):
                found = row
    return found


def may_come_from(row: CtiPlatform, address: str | None) -> bool:
    """Whether the platform may ask from this address."""
    if not row.networks:
        return True
    try:
        peer = ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    if isinstance(peer, IPv6Address) and peer.ipv4_mapped is not None:
        peer = peer.ipv4_mapped
    return any(peer in ip_network(one) for one in row.networks)


def is_signed(row: CtiPlatform, stamp: str, signature: str, body: bytes, now: datetime, vault: Vault) -> bool:
    """Whether the event carries what is demanded: HMAC-SHA256 over "stamp.body", with a moment close to ours."""
    if row.secret is None:
        return True
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        return False
    if abs(now.timestamp() - int(stamp)) > STAMP.total_seconds():
        return False
    secret = sealing.open_(vault.keys, row.secret, "secret", f"{PLATFORM}:{row.name}")
    right = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(right.encode(), signature.lower().removeprefix("sha256=").encode(errors="replace"))


def heard(name: str, event: str, now: datetime) -> None:
    """Note when the platform was last heard, at most once a second."""
    quiet = CtiPlatform.heard_at.is_(None) | (CtiPlatform.heard_at <= now - BEAT)
    statement = update(CtiPlatform).where(CtiPlatform.name == name, quiet)
    db.session.execute(statement.values(heard_at=now, heard_event=event))


def _token(token: str, now: datetime) -> dict[str, str]:
    return {"hash": token_hash(token), "made_at": now.isoformat()}


def _networks(text: str) -> list[str] | None:
    """Networks in one form, or None where a line is none."""
    lines = [line.strip() for line in text.replace(",", "\n").splitlines() if line.strip()]
    if len(lines) > MOST_NETWORKS:
        return None
    try:
        return _unique(str(ip_network(line, strict=False)) for line in lines)
    except ValueError:
        return None


def _unique(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))


def _faults(networks: list[str] | None, dial_url: str) -> dict[str, str]:
    is_dial = DIAL.fullmatch(dial_url) and dial_url.partition(":")[0] not in UNSAFE and "{number}" in dial_url
    return {
        "networks": "networks" if networks is None else "",
        "dial_url": "dial_url" if dial_url and not is_dial else "",
    }
