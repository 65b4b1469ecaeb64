"""The administrator's pages on what callers hear: the shipped words, and what the city has in their place."""

from typing import Any

from flask import Blueprint, request
from flask_babel import force_locale

from app import edits, wording
from app.access import requires
from app.admin.edit import Page, Refusal, answer, attempt, done, recorded, seen, text
from app.admin.phone_wording import LANGUAGES, PLACES
from app.outbox import unit_of_work
from app.templating import city, today
from calls import lines, texts
from db import db
from tickets import errors

bp = Blueprint("texts", __name__, url_prefix="/admin/texts")


@bp.get("")
@requires("admin.directory")
def all_texts() -> Page:
    """Every text as it is heard, on all lines or on the one asked for."""
    line_no = request.args.get("line", "")
    with unit_of_work():
        own = texts.own(db.session())
        rows = [
            (key, {lang: _in_force(own, key, lang, line_no) for lang in texts.LANGUAGES}) for key in PLACES
        ]
        return answer(
            "admin/text_list.html", None, {}, rows=rows, line_no=line_no, lines=lines.labels(db.session()),
            PLACES=PLACES, languages=LANGUAGES, fixed=texts.SHIPPED_ONLY,
        )  # fmt: skip


@bp.get("/<key>/<lang>")
@requires("admin.directory")
def one(key: str, lang: str) -> Page:
    """One text in one language; `line` is for one line alone."""
    _check(key, lang)
    return _text_page(key, lang, request.args.get("line", ""))


@bp.post("/<key>/<lang>")
@requires("admin.directory")
def change(key: str, lang: str) -> Page:
    """Put other words in its place; or only show how what was typed will be heard."""
    _check(key, lang)
    line_no = text("line")
    if "try" in request.form:
        return _tried(key, lang, line_no)
    do = recorded(lambda now: texts.set_text(db.session(), key, lang, line_no, seen(), text("body")))
    return _done(key, lang, line_no, attempt(texts.TEXT, texts.name_of(key, lang, line_no), do))


@bp.post("/<key>/<lang>/shipped")
@requires("admin.directory")
def restore(key: str, lang: str) -> Page:
    """Go back to the words for all lines, or to the shipped ones."""
    _check(key, lang)
    line_no = text("line")
    do = recorded(lambda now: texts.restore_text(db.session(), key, lang, line_no, seen()))
    return _done(key, lang, line_no, attempt(texts.TEXT, texts.name_of(key, lang, line_no), do))


def _check(key: str, lang: str) -> None:
    if lang not in texts.shipped().get(key, ()) or key in texts.SHIPPED_ONLY:
        raise errors.NotFound()


def _done(key: str, lang: str, line_no: str, refusal: Refusal | None) -> Page:
    if refusal:
        return _text_page(key, lang, line_no, refusal)
    return done("texts.one", key=key, lang=lang, line=line_no or None)


def _tried(key: str, lang: str, line_no: str) -> Page:
    """The page with what was typed filled in; nothing is stored."""

    def check(_now: object) -> None:
        texts.checked(key, text("body"))

    refusal = attempt(texts.TEXT, texts.name_of(key, lang, line_no), check)
    return _text_page(key, lang, line_no, refusal or Refusal({}, 200), tried="" if refusal else text("body"))


def _in_force(own: dict[Any, Any], key: str, lang: str, line_no: str) -> tuple[str, str]:
    """The words, and whose they are: line, city or shipped."""
    if line_no and (key, lang, line_no) in own:
        return own[key, lang, line_no].body, "line"
    if (key, lang, "") in own:
        return own[key, lang, ""].body, "city"
    return texts.shipped()[key][lang], "shipped"


def _text_page(key: str, lang: str, line_no: str, refusal: Refusal | None = None, tried: str = "") -> Page:
    with unit_of_work() as now:
        row = texts.row_of(db.session(), key, lang, line_no)
        body = row.body if row else ""
        names, own = lines.labels(db.session()), texts.own(db.session())
        if line_no and line_no not in names:
            raise errors.NotFound()
        in_force, _whose = _in_force(own, key, lang, line_no)
        return answer(
            "admin/text_page.html", refusal, {"body": body or in_force}, key=key, lang=lang, line_no=line_no,
            lines=names, has_own=bool(body), version=row.version if row else 0, shipped=texts.shipped()[key][lang],
            for_all=own.get((key, lang, "")), needed=texts.needed(key), longest=texts.LONGEST,
            heard=_heard(tried or in_force, lang, now), is_recording=texts.is_recording(tried or in_force),
            is_tried=bool(tried), lacks=texts.lacks(key, lang, tried or in_force), NOTICE=texts.NOTICE,
            PLACES=PLACES, languages=LANGUAGES,
            past=edits.history(texts.TEXT, texts.name_of(key, lang, line_no)),
        )  # fmt: skip


def _heard(body: str, lang: str, now: Any) -> str:
    """The text with an example in place of each name."""
    with force_locale(lang):
        example: dict[str, object] = {
            "hotline": city().setting("hotline_name").get(lang, "12345"),
            "ahead": 3,
            "minutes": 5,
            "line": "110",
            "state": wording.PUBLIC_STATES["IN_PROGRESS"],
            "unit": next(iter(city().units.values())).name,
            "day": texts.day_said(today(now), lang),
            "sign": city().setting("city_name").get(lang, "12345"),
            "number": "202601010000017",
            "code": "123456789012",
        }
        return texts.fill(" ".join(body.split()), **example)
