"""The administrator's pages on time limits."""

from collections.abc import Sequence

from flask import Blueprint
from sqlalchemy import select

from app import edits, wording
from app.access import requires
from app.admin import choices, directory_forms
from app.admin.edit import Page, Refusal, answer, attempt, done, recorded, seen
from app.admin.wording import RUNGS, TIERS
from app.notice_wording import WAYS
from app.outbox import unit_of_work
from db import db
from routing import terms
from routing.models import CLOCKS, Policy
from tickets import errors

CHOICES_OF_WAYS = ("in_app", "in_app email", "email")

bp = Blueprint("policies", __name__, url_prefix="/admin/policies")


@bp.get("")
@requires("admin.directory")
def policies() -> Page:
    """All limits in use, by clock."""
    with unit_of_work():
        return answer("admin/policy_list.html", None, {}, rows=_in_use(), **_words())


@bp.get("/new")
@requires("admin.directory")
def new() -> Page:
    """An empty form."""
    return _new_page()


@bp.post("")
@requires("admin.directory")
def add() -> Page:
    """Make a limit for tickets that had none of their own."""
    scope = directory_forms.scope()
    do = recorded(lambda now: terms.add_policy(db.session(), scope, directory_forms.policy()))
    refusal = attempt(terms.POLICY, scope.key, do)
    return _new_page(refusal) if refusal else done("policies.policies")


@bp.get("/<int:policy_id>")
@requires("admin.directory")
def policy(policy_id: int) -> Page:
    """One limit."""
    return _policy_page(policy_id)


@bp.post("/<int:policy_id>")
@requires("admin.directory")
def change(policy_id: int) -> Page:
    """Make its next version."""
    do = recorded(lambda now: terms.change_policy(db.session(), policy_id, seen(), directory_forms.policy()))
    return _done(policy_id, attempt(terms.POLICY, _key(policy_id), do))


@bp.post("/<int:policy_id>/end")
@requires("admin.directory")
def end(policy_id: int) -> Page:
    """Leave its tickets to the limits for more of them."""
    do = recorded(lambda now: terms.end_policy(db.session(), policy_id, seen()))
    return _done(policy_id, attempt(terms.POLICY, _key(policy_id), do))


def _done(policy_id: int, refusal: Refusal | None) -> Page:
    return _policy_page(policy_id, refusal) if refusal else done("policies.policies")


def _in_use() -> Sequence[Policy]:
    """By clock, and the more special ones first."""
    rows = db.session.scalars(select(Policy).where(Policy.is_active).order_by(Policy.id)).all()
    return sorted(rows, key=_place)


def _place(row: Policy) -> tuple[int, int, bool, bool, bool, int]:
    depth = len(row.category_code or "")
    is_general = row.line_no is None
    return CLOCKS.index(row.clock), -depth, is_general, row.ticket_type is None, row.urgency is None, row.id


def _key(policy_id: int) -> str:
    with unit_of_work():
        return terms.scope_of(_row(policy_id)).key


def _row(policy_id: int) -> Policy:
    row = db.session.get(Policy, policy_id)
    if row is None:
        raise errors.NotFound()
    return row


def _new_page(refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        stored = {"limit_unit": "wd"}
        return answer("admin/policy_page.html", refusal, stored, policy=None, **_words())


def _policy_page(policy_id: int, refusal: Refusal | None = None) -> Page:
    """The version in use, also for the address of one that it replaced."""
    with unit_of_work():
        asked = _row(policy_id)
        scope = terms.scope_of(asked)
        row = next((one for one in _in_use() if terms.scope_of(one) == scope), asked)
        past = edits.history(terms.POLICY, scope.key)
        stored = directory_forms.stored_policy(row)
        return answer("admin/policy_page.html", refusal, stored, policy=row, past=past, **_words())


def _words() -> dict[str, object]:
    return {
        "TIERS": TIERS,
        "RUNGS": RUNGS,
        "WAYS": [(one, " + ".join(str(WAYS[way]) for way in one.split())) for one in CHOICES_OF_WAYS],
        "clocks": wording.CLOCKS,
        "types": wording.TYPES,
        "urgencies": wording.URGENCIES,
        "categories": choices.categories(),
        "hotline_lines": choices.hotline_lines(),
        "amount_text": directory_forms.amount_text,
        "spare": directory_forms.SPARE_ROWS,
    }
