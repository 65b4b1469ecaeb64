"""What units and the city keep ready for replies: texts with a short code, and what is to be ticked.

Who may edit which is the caller's to check, as of every edit of reference data.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from db import Base
from routing.editing import LONGEST_NAME, Edit, added, changed, check_category, lock, refuse, text_fault
from routing.models import Department

CANNED, CHECK = "canned_reply", "check_item"
PLACEHOLDERS = ("number", "unit", "due")
SITE, REPLY = "site", "reply"
KINDS = (SITE, REPLY)
LONGEST_BODY = 2000
_CODE = re.compile(r"[0-9A-Za-z\u4e00-\u9fff]{1,20}")
_NAMED = re.compile(r"\{([^{}]*)\}")


class CannedReply(Base):
    """常用语. A text of a unit, or of the city where no unit is named, for one category or for all."""

    __tablename__ = "canned_reply"
    __table_args__ = (UniqueConstraint("department_id", "code", postgresql_nulls_not_distinct=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    category_code: Mapped[str | None] = mapped_column(ForeignKey("category.code"))
    code: Mapped[str] = mapped_column(String(20))
    title: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class CheckItem(Base):
    """One wording of one thing to be ticked: on site, or of the reply. Another wording is another row, so that a
    reply's ticks always say what was ticked."""

    __tablename__ = "check_item"
    __table_args__ = (
        CheckConstraint("kind IN ('site','reply')", name="kind"),
        Index("ix_check_item_in_force", "category_code", "position", postgresql_where=text("is_active")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    category_code: Mapped[str] = mapped_column(ForeignKey("category.code"))
    kind: Mapped[str] = mapped_column(String(5))
    wording: Mapped[str]
    position: Mapped[int]
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    version: Mapped[int] = mapped_column(default=1, server_default="1")


def canned_for(session: Session, units: Sequence[int], category: str | None) -> Sequence[CannedReply]:
    """What a unit may put into a reply on a category: of `units`, which are itself and those above it, the nearest
    first; then the city's."""
    query = select(CannedReply).where(
        CannedReply.is_active,
        or_(CannedReply.department_id.in_(units), CannedReply.department_id.is_(None)),
        or_(CannedReply.category_code.is_(None), CannedReply.category_code.in_(_chain(category))),
    )
    nearness = {unit: place for place, unit in enumerate(units)}
    found = session.scalars(query.order_by(CannedReply.code)).all()
    return sorted(found, key=lambda row: nearness.get(row.department_id or 0, len(units)))


def canned_of(session: Session, units: Collection[int], city: bool) -> Sequence[CannedReply]:
    """The texts of these units, and the city's where asked for, ended ones too."""
    of_city = CannedReply.department_id.is_(None) if city else CannedReply.id.is_(None)
    query = select(CannedReply).where(or_(CannedReply.department_id.in_(units), of_city))
    return session.scalars(
        query.order_by(CannedReply.is_active.desc(), CannedReply.department_id, CannedReply.code)
    ).all()


def _chain(category: str | None) -> list[str]:
    """A category's code and those above it."""
    parts = category.split("-") if category else []
    return ["-".join(parts[: length + 1]) for length in range(len(parts))]


def add_canned(
    session: Session, unit_id: int | None, *, code: str, title: str, body: str, category: str | None
) -> Edit:
    """A new text. Raises Refused."""
    values = _canned_values(session, code, title, body, category)
    same = select(CannedReply.id).where(
        CannedReply.code == values["code"], CannedReply.department_id.is_not_distinct_from(unit_id)
    )
    if session.scalar(same) is not None:
        refuse({"code": "code_taken"})
    row = CannedReply(department_id=unit_id, **values)
    edit = added(session, row, CANNED, "", "code", "title", "body", "category_code")
    unit = session.scalar(select(Department.code).where(Department.id == unit_id))
    return Edit(CANNED, str(row.id), edit.version, edit.before, {"unit": unit, **edit.after})


def change_canned(
    session: Session, canned_id: int, version: int, *, title: str, body: str, category: str | None, is_active: bool
) -> Edit:
    """Another wording, or an end. The code stays: people's fingers know it. Raises Refused, Outdated."""
    row = lock(session, CannedReply, CannedReply.id == canned_id, version)
    values = _canned_values(session, row.code, title, body, category)
    return changed(session, row, CANNED, str(row.id), **values, is_active=is_active)


def _canned_values(
    session: Session, code: str, title: str, body: str, category: str | None
) -> dict[str, str | None]:
    code, title, body = code.strip(), title.strip(), body.strip().replace("\r\n", "\n")
    faults = {
        "code": "" if _CODE.fullmatch(code) else "short_code_shape",
        "title": text_fault(title),
        "body": _body_fault(body),
    }
    refuse({name: fault for name, fault in faults.items() if fault})
    check_category(session, "category_code", category or None)
    return {"code": code, "title": title, "body": body, "category_code": category or None}


def _body_fault(body: str) -> str:
    if any(name not in PLACEHOLDERS for name in _NAMED.findall(body)):
        return "placeholder"
    return text_fault(body.replace("\n", " "), LONGEST_BODY)


def filled(body: str, values: dict[str, str]) -> str:
    """A text with its placeholders filled in."""
    return _NAMED.sub(lambda found: values.get(found[1], found[0]), body)


def checks_for(session: Session, category: str | None) -> Sequence[CheckItem]:
    """What is to be ticked on matters of a category: its own, and that of those above it."""
    query = select(CheckItem).where(CheckItem.is_active, CheckItem.category_code.in_(_chain(category)))
    order = (CheckItem.kind.desc(), CheckItem.category_code, CheckItem.position, CheckItem.id)
    return session.scalars(query.order_by(*order)).all()


def checks_of(session: Session, category: str) -> Sequence[CheckItem]:
    """A category's own list."""
    query = select(CheckItem).where(CheckItem.is_active, CheckItem.category_code == category)
    return session.scalars(query.order_by(CheckItem.kind.desc(), CheckItem.position, CheckItem.id)).all()


def wordings(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """What was ticked, in the words of then."""
    query = select(CheckItem.id, CheckItem.wording).where(CheckItem.id.in_(list(ids)))
    return {row.id: row.wording for row in session.execute(query)}


def add_check(session: Session, category: str, kind: str, wording: str) -> Edit:
    """One more thing to tick, at the end of its list. Raises Refused."""
    check_category(session, "category_code", category)
    refuse({} if kind in KINDS else {"kind": "unknown"})
    wording = _wording(wording)
    last = max((item.position for item in checks_of(session, category)), default=0)
    row = CheckItem(category_code=category, kind=kind, wording=wording, position=last + 1)
    return added(session, row, CHECK, category, "kind", "wording")


def change_check(session: Session, item_id: int, version: int, wording: str) -> Edit:
    """Another wording from now on; an empty one takes the thing off the list. Raises Refused, Outdated."""
    row = lock(session, CheckItem, CheckItem.id == item_id, version)
    if wording.strip() == row.wording:
        return Edit(CHECK, row.category_code, row.version, {}, {})
    after = None
    if wording.strip():
        after = _wording(wording)
        session.add(
            CheckItem(category_code=row.category_code, kind=row.kind, wording=after, position=row.position)
        )
    changed(session, row, CHECK, row.category_code, is_active=False)
    return Edit(CHECK, row.category_code, row.version, {"wording": row.wording}, {"wording": after or ""})


def _wording(text: str) -> str:
    text = text.strip()
    fault = text_fault(text, LONGEST_NAME)
    refuse({"wording": fault} if fault else {})
    return text
