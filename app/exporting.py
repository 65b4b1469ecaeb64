"""Exports of lists: who asked for which, who approved that callers be in it, how far it is, who may fetch it.

The rows here decide; the file is made by a job, lies sealed in the data folder, and is deleted after its hours.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, Text, any_, cast, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app import narrowing
from app.export_limits import limits
from app.outbox import unit_of_work
from app.sealed_files import Shelf, random_name
from db import Base, db
from tickets import boards, errors, events, finding, sealing
from tickets.lifecycle import SIDE_RECORDS
from tickets.narrowing import Wanted
from tickets.permissions import Actor, may, rooms_of
from tickets.vault import Vault

APPROVE = "export.approve"
FORMATS = ("csv", "xlsx")
LONGEST_REASON = 500
PAGE = 50
EXPORTS = Shelf("exports", "file", "export")


class Export(Base):
    """One export. `words` and the file's bytes are sealed; `rooms` are those the asker had when it was made."""

    __tablename__ = "export"
    __table_args__ = (
        Index("ix_export_asked_by", "asked_by", "id"),
        Index("ix_export_waiting", "id", postgresql_where=text("state = 'WAITING'")),
        Index("ix_export_kept", "expires_at", postgresql_where=text("file IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime]
    language: Mapped[str] = mapped_column(Text)
    format: Mapped[str] = mapped_column(Text)
    place: Mapped[str] = mapped_column(Text)
    wanted: Mapped[dict[str, Any]] = mapped_column(JSONB)
    words: Mapped[bytes | None] = mapped_column(LargeBinary)
    identity: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None]
    decision: Mapped[str] = mapped_column(Text, default="")
    rows: Mapped[int] = mapped_column(default=0)
    is_cut: Mapped[bool] = mapped_column(default=False)
    file: Mapped[str | None] = mapped_column(Text)
    rooms: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    made_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


def ask(
    actor: Actor,
    now: datetime,
    vault: Vault,
    *,
    place: str,
    wanted: Wanted,
    language: str,
    format: str,
    words: str = "",
    name: str = "",
    identity: bool = False,
    reason: str = "",
) -> Export:
    """Ask for a file of a board or a search. With callers in it somebody else must approve it first.

    Raises NotFound, Forbidden, Invalid, TooMany (a search by telephone number or name is one here too).
    """
    _check_asked(actor, place, format, wanted, words + name)
    if identity:
        if not may(actor, SIDE_RECORDS["reveal"]):
            raise errors.Forbidden(action="export")
        _demand_text("reason", reason)
    if place == narrowing.FIND:
        finding.sought(actor, now, words, vault, wanted, name)
    export = Export(
        asked_by=actor.id, asked_at=now, language=language, format=format, place=place, wanted=wanted.to_data(),
        identity=identity, reason=reason.strip(), state="WAITING" if identity else "OWED",
    )  # fmt: skip
    db.session.add(export)
    db.session.flush()
    if words.strip() or name.strip():
        asked = json.dumps([words.strip(), name.strip()], ensure_ascii=False)
        export.words = sealing.seal(vault.keys, asked, "words", f"export:{export.id}")
    record(export, "export.asked", actor, now, format=format, identity=identity)
    return export


def _check_asked(actor: Actor, place: str, format: str, wanted: Wanted, words: str) -> None:
    if place != narrowing.FIND and place not in boards.boards_of(actor):
        raise errors.NotFound()
    if place == narrowing.FIND and not boards.boards_of(actor):
        raise errors.Forbidden(action="export")
    if format not in FORMATS:
        raise errors.Invalid(fields={"format": "unknown"})
    if place == narrowing.FIND and wanted.is_empty and not words.strip():
        raise errors.Invalid(fields={"words": "missing"})
    under_way = select(func.count()).where(Export.asked_by == actor.id, Export.state.in_(["WAITING", "OWED"]))
    most = limits()["at_once"]
    if (db.session.scalar(under_way) or 0) >= most:
        raise errors.TooMany(action="export", limit=most)


def _demand_text(field: str, given: str) -> None:
    given = given.strip()
    if not given or len(given) > LONGEST_REASON or "\x00" in given:
        raise errors.Invalid(fields={field: "unreadable" if given else "missing"})


def decide(actor: Actor, now: datetime, export_id: int, approved: bool, decision: str) -> None:
    """Approve that callers be in a file, or refuse it, saying why. Raises NotFound, Forbidden, NotNow, Invalid."""
    if not may(actor, APPROVE):
        raise errors.Forbidden(action=APPROVE)
    export = _locked(export_id)
    if export.asked_by == actor.id:
        raise errors.Forbidden(action=APPROVE)
    if export.state != "WAITING":
        raise errors.NotNow(action=APPROVE, state=export.state)
    _demand_text("decision", decision)
    export.state = "OWED" if approved else "REFUSED"
    export.decided_by, export.decided_at, export.decision = actor.id, now, decision.strip()
    record(export, "export.decided", actor, now, approved=approved)


def fetch(actor: Actor, now: datetime, export_id: int) -> Export:
    """The export whose file this person may have now; that it was fetched is recorded. Raises NotFound, NotNow.

    Whoever has come to see less since it was made has to ask anew.
    """
    export = _locked(export_id)
    if export.asked_by != actor.id:
        raise errors.NotFound()
    if export.file is None or export.expires_at is None or export.expires_at <= now:
        raise errors.NotNow(action="export", state=export.state)
    lost = not rooms_of(actor).issuperset(export.rooms)
    if lost or (export.identity and not may(actor, SIDE_RECORDS["reveal"])):
        raise errors.Forbidden(action="export")
    record(export, "export.fetched", actor, now)
    return export


def mine(actor: Actor) -> Sequence[Export]:
    """What a person has asked for, the latest first."""
    query = select(Export).where(Export.asked_by == actor.id).order_by(Export.id.desc()).limit(PAGE)
    return db.session.scalars(query).all()


def to_decide() -> Sequence[Export]:
    """What waits for approval, the longest first."""
    return db.session.scalars(select(Export).where(Export.state == "WAITING").order_by(Export.id)).all()


def decided() -> Sequence[Export]:
    """What was decided lately."""
    query = select(Export).where(Export.decided_at.is_not(None)).order_by(Export.decided_at.desc()).limit(PAGE)
    return db.session.scalars(query).all()


def words_of(export: Export, vault: Vault) -> tuple[str, str]:
    """The words and the caller's name that a search was for."""
    if export.words is None:
        return "", ""
    words, name = json.loads(sealing.open_(vault.keys, export.words, "words", f"export:{export.id}"))
    return words, name


def _locked(export_id: int) -> Export:
    export = db.session.get(Export, export_id, with_for_update=True, populate_existing=True)
    if export is None:
        raise errors.NotFound()
    return export


def record(of: Export, kind: str, actor: Actor, now: datetime, **payload: Any) -> None:
    """One event of an export."""
    events.record(kind, subject="export", subject_id=of.id, version=0, actor=actor, now=now, **payload)


def folder(data_dir: str) -> Path:
    """Where files lie."""
    return EXPORTS.place(data_dir)


def store(data_dir: str, vault: Vault, export_id: int, content: bytes) -> str:
    """Keep a file sealed, under a name that nobody can guess. Raises OSError."""
    return EXPORTS.store(data_dir, vault.keys, random_name(), export_id, content)


def content_of(data_dir: str, vault: Vault, export: Export) -> bytes:
    """The file in clear. Raises NotNow when it is gone."""
    try:
        return EXPORTS.load(data_dir, vault.keys, str(export.file), export.id)
    except FileNotFoundError as fault:
        raise errors.NotNow(action="export", state="EXPIRED") from fault


def sweep(data_dir: str, now: datetime) -> int:
    """Delete the files whose time is over, and those that no row knows. Returns how many rows. Safe to repeat.

    In units of work of its own.
    """
    with unit_of_work():
        over = _let_go(now)
        hours = limits()["hours"]
    for name in over:
        EXPORTS.remove(data_dir, name)
    EXPORTS.sweep(data_dir, now - timedelta(hours=hours), _known)
    return len(over)


def _let_go(now: datetime) -> list[str]:
    """Forget the files whose time is over; their names."""
    query = select(Export).where(Export.file.is_not(None), Export.expires_at <= now)
    names = []
    for export in db.session.scalars(query.with_for_update(skip_locked=True)):
        names.append(str(export.file))
        export.file, export.state = None, "EXPIRED"
    return names


def _known(names: Collection[str]) -> Collection[str]:
    these = any_(cast(list(names), ARRAY(Text)))
    return {name for name in db.session.scalars(select(Export.file).where(Export.file == these)) if name}
