"""The administrator's pages on the directory of duties, with a box to try what routing would say."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from flask import Blueprint, request
from sqlalchemy import select

from app import edits, wording
from app.access import requires
from app.admin import choices, directory_forms
from app.admin.edit import Page, Refusal, answer, attempt, done, recorded, seen, text
from app.outbox import unit_of_work
from app.templating import city, today
from db import db
from routing import duties, rules
from routing.models import DirectoryItem
from routing.values import Decision, Duty, Facts, Target, is_within
from tickets import errors

bp = Blueprint("duties", __name__, url_prefix="/admin/duties")
PAGE = 50


@bp.get("")
@requires("admin.directory")
def directory() -> Page:
    """Duties by code, a page at a time: of one category, one unit, or with a word in them."""
    asked = {name: request.args.get(name, "").strip() for name in ("category", "unit", "q")}
    with unit_of_work():
        found = list(_matching(**asked, after=request.args.get("after", "")))
        onward = found[PAGE - 1][0].code if len(found) > PAGE else None
        return answer(
            "admin/duty_list.html", None, asked, rows=found[:PAGE], onward=onward, asked=asked,
            categories=choices.categories(), units=choices.units(), target_words=choices.target_namer(),
        )  # fmt: skip


@bp.get("/new")
@requires("admin.directory")
def new() -> Page:
    """An empty form."""
    return _new_page()


@bp.post("")
@requires("admin.directory")
def add() -> Page:
    """Take a duty into the directory."""
    code = text("code")
    do = recorded(lambda now: duties.add_duty(db.session(), code, today(now), directory_forms.duty()))
    refusal = attempt(duties.DUTY, code, do)
    return _new_page(refusal) if refusal else done("duties.duty", code=code)


@bp.get("/try")
@requires("admin.directory")
def trial() -> Page:
    """An empty box to try a text in."""
    return _try_page(None)


@bp.post("/try")
@requires("admin.directory")
def try_out() -> Page:
    """What routing would say of a text, and why. Nothing is kept."""
    with unit_of_work() as now:
        return _try_page(rules.decide(_facts(now), city().directory))


@bp.get("/<code>")
@requires("admin.directory")
def duty(code: str) -> Page:
    """One duty with all its versions, and the form of the next one."""
    return _duty_page(code)


@bp.post("/<code>")
@requires("admin.directory")
def change(code: str) -> Page:
    """Make its next version."""
    do = recorded(
        lambda now: duties.change_duty(db.session(), code, seen(), today(now), directory_forms.duty())
    )
    refusal = attempt(duties.DUTY, code, do)
    return _duty_page(code, refusal) if refusal else done("duties.duty", code=code)


def _matching(category: str, unit: str, q: str, after: str) -> Iterator[tuple[Duty, int]]:
    """(latest version, number of versions in use) of each duty that is asked for."""
    latest: dict[str, Duty] = {}
    count: dict[str, int] = {}
    for one in city().directory.duties:
        latest[one.code] = max(one, latest.get(one.code, one), key=lambda each: each.version)
        count[one.code] = count.get(one.code, 0) + 1
    for code in sorted(latest):
        one = latest[code]
        if code > after and (not category or is_within(one.category, category)) and _is_of(one, unit, q):
            yield one, count[code]


def _is_of(duty: Duty, unit: str, q: str) -> bool:
    holds = not q or q in duty.code or q in duty.matter or q in duty.legal_basis
    return (holds or any(q in word for word, _weight in duty.keywords)) and (
        not unit or any(_is_target(one, unit) for one in (duty.lead, *duty.assists))
    )


def _is_target(target: Target, code: str) -> bool:
    """Whether the target is this unit, here or anywhere in the city."""
    unit = city().units.get(code)
    return target.unit == code or (unit is not None and target.line is not None
                                   and (target.line, target.level) == (unit.line, unit.level))  # fmt: skip


def _facts(now: datetime) -> Facts:
    return Facts(
        title=text("title"),
        text=text("text"),
        type=text("type") or None,
        urgency=text("urgency") or "normal",
        line_no=text("line_no") or None,
        category=text("category") or None,
        region=city().region_chain(text("region")),
        confidential="confidential" in request.form,
        enterprise="enterprise" in request.form,
        on=today(now),
    )


def _try_page(decision: Decision | None) -> Page:
    with unit_of_work():
        rule = next((one for one in city().directory.rules if decision and one.id == decision.rule), None)
        return answer(
            "admin/try.html", None, request.form, decision=decision, rule=rule,
            threshold=city().directory.threshold, categories=choices.categories(), places=choices.places(),
            types=wording.TYPES, urgencies=wording.URGENCIES, reason_words=wording.reason_words,
        )  # fmt: skip


def _new_page(refusal: Refusal | None = None) -> Page:
    with unit_of_work() as now:
        category = request.args.get("category", "")
        code = duties.next_code(db.session(), category) if category in city().categories else ""
        stored = {"category_code": category, "code": code, "valid_from": today(now).isoformat()}
        return answer("admin/duty_page.html", refusal, stored, duty=None, **_options())


def _duty_page(code: str, refusal: Refusal | None = None) -> Page:
    with unit_of_work() as now:
        versions = _versions(code)
        if not versions:
            raise errors.NotFound()
        stored = directory_forms.stored_duty(versions[0]) | {"valid_from": today(now).isoformat()}
        return answer(
            "admin/duty_page.html", refusal, stored, duty=versions[0], versions=versions, today=today(now),
            past=edits.history(duties.DUTY, code), lead_of=directory_forms.lead_of,
            target_words=choices.target_namer(), **_options(),
        )  # fmt: skip


def _versions(code: str) -> Sequence[DirectoryItem]:
    """The latest first."""
    rows = select(DirectoryItem).where(DirectoryItem.code == code).order_by(DirectoryItem.version.desc())
    return db.session.scalars(rows).all()


def _options() -> dict[str, object]:
    return {
        "categories": choices.categories(),
        "units": choices.units(),
        "line_targets": choices.line_targets(),
        "spare": directory_forms.SPARE_ROWS,
    }
