"""The administrator's page on who must sign in with a second factor."""

from datetime import datetime

from flask import Blueprint, request

from app import edits
from app.access import actor, requires
from app.admin.edit import Page, Refusal, answer, attempt, done, seen
from app.auth import accounts, factors, queries
from app.auth.wording import role_name
from app.outbox import unit_of_work
from db import db
from routing import terms
from routing.editing import Refused

bp = Blueprint("second_factor", __name__, url_prefix="/admin/second-factor")


@bp.get("")
@requires("admin.staff")
def rule() -> Page:
    """The rule as it stands, and how many people have none yet."""
    return _page()


@bp.post("")
@requires("admin.staff")
def change() -> Page:
    """Another rule; who falls under it and has none signs in again, and sets one up before anything else."""
    refusal = attempt(terms.SETTING, terms.SECOND_FACTOR, _change)
    return _page(refusal) if refusal else done("second_factor.rule")


def _change(now: datetime) -> None:
    accounts.demand(actor())
    roles = _chosen()
    edits.keep(terms.change_setting(db.session(), terms.SECOND_FACTOR, seen(), roles), actor(), now)
    factors.end_sessions_without(roles, but=actor().id)


def _chosen() -> list[str]:
    """Codes of roles, or EVERYBODY alone. Raises Refused."""
    chosen = request.form.getlist("roles")
    if factors.EVERYBODY in chosen:
        return [factors.EVERYBODY]
    if not {role.code for role in queries.role_rows()}.issuperset(chosen):
        raise Refused({"roles": "unknown"})
    return chosen


def _page(refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        roles, version = factors.rule()
        return answer(
            "admin/second_factor.html", refusal, {"roles": roles}, version=version, rows=queries.role_rows(),
            everybody=factors.EVERYBODY, without=factors.count_without(), role_name=role_name,
            past=edits.history(terms.SETTING, terms.SECOND_FACTOR),
        )  # fmt: skip
