"""The administrator's pages on the rules that are tried before the directory."""

from collections.abc import Callable, Sequence

from flask import Blueprint
from sqlalchemy import select

from app import edits, wording
from app.access import requires
from app.admin import choices, directory_forms
from app.admin.edit import Page, Refusal, answer, attempt, done, recorded, seen
from app.admin.wording import CONDITIONS, OUTCOMES, value_text
from app.outbox import unit_of_work
from db import db
from routing import rulebook
from routing.editing import Edit
from routing.models import RoutingRule
from tickets import errors

bp = Blueprint("rulebook", __name__, url_prefix="/admin/rules")


@bp.get("")
@requires("admin.directory")
def rules() -> Page:
    """All rules in the order in which they are tried."""
    return _list_page()


@bp.get("/new")
@requires("admin.directory")
def new() -> Page:
    """An empty form."""
    return _rule_page(None)


@bp.post("")
@requires("admin.directory")
def add() -> Page:
    """Make a rule, tried last."""
    refusal = attempt(
        rulebook.RULE, "", recorded(lambda now: rulebook.add_rule(db.session(), directory_forms.rule()))
    )
    return _rule_page(None, refusal) if refusal else done("rulebook.rules")


@bp.get("/<int:rule_id>")
@requires("admin.directory")
def rule(rule_id: int) -> Page:
    """One rule."""
    return _rule_page(rule_id)


@bp.post("/<int:rule_id>")
@requires("admin.directory")
def change(rule_id: int) -> Page:
    """Change its conditions or outcome."""
    refusal = _attempt(
        rule_id, lambda: rulebook.change_rule(db.session(), rule_id, seen(), directory_forms.rule())
    )
    return _rule_page(rule_id, refusal) if refusal else done("rulebook.rule", rule_id=rule_id)


@bp.post("/<int:rule_id>/up")
@requires("admin.directory")
def up(rule_id: int) -> Page:
    """Try it one place earlier."""
    return _listed(_attempt(rule_id, lambda: rulebook.move_rule(db.session(), rule_id, seen(), -1)))


@bp.post("/<int:rule_id>/down")
@requires("admin.directory")
def down(rule_id: int) -> Page:
    """Try it one place later."""
    return _listed(_attempt(rule_id, lambda: rulebook.move_rule(db.session(), rule_id, seen(), 1)))


@bp.post("/<int:rule_id>/on")
@requires("admin.directory")
def on(rule_id: int) -> Page:
    """Try it again."""
    return _listed(_attempt(rule_id, lambda: rulebook.switch_rule(db.session(), rule_id, seen(), True)))


@bp.post("/<int:rule_id>/off")
@requires("admin.directory")
def off(rule_id: int) -> Page:
    """Leave it out."""
    return _listed(_attempt(rule_id, lambda: rulebook.switch_rule(db.session(), rule_id, seen(), False)))


def _attempt(rule_id: int, verb: Callable[[], Edit]) -> Refusal | None:
    return attempt(rulebook.RULE, str(rule_id), recorded(lambda now: verb()))


def _listed(refusal: Refusal | None) -> Page:
    return _list_page(refusal) if refusal else done("rulebook.rules")


def _list_page(refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        return answer("admin/rule_list.html", refusal, {}, rows=_rows(), **_words())


def _rows() -> Sequence[RoutingRule]:
    return db.session.scalars(select(RoutingRule).order_by(RoutingRule.position, RoutingRule.id)).all()


def _rule_page(rule_id: int | None, refusal: Refusal | None = None) -> Page:
    with unit_of_work():
        row = db.session.get(RoutingRule, rule_id) if rule_id is not None else None
        if row is None and rule_id is not None:
            raise errors.NotFound()
        return answer(
            "admin/rule_page.html", refusal, directory_forms.stored_rule(row) if row else {}, rule=row,
            past=edits.history(rulebook.RULE, str(rule_id)) if row else [],
            units=choices.units(), line_targets=choices.line_targets(), categories=choices.categories(),
            places=choices.places(), spare=directory_forms.SPARE_ROWS, **_words(),
        )  # fmt: skip


def _words() -> dict[str, object]:
    ticked = {"types": wording.TYPES, "channels": wording.CHANNELS, "urgencies": wording.URGENCIES}
    return {
        "CONDITIONS": CONDITIONS,
        "OUTCOMES": OUTCOMES,
        "value_text": value_text,
        "ticked": ticked,
        "lead_of": directory_forms.lead_of,
        "target_words": choices.target_namer(),
    }
