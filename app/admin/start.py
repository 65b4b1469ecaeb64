"""The administrator's start page, the record of edits, and how the product itself does."""

from flask import Blueprint, render_template, request

from app import edits, health
from app.access import requires
from app.admin import wording
from app.auth import queries
from app.outbox import unit_of_work
from app.templating import city
from calls import lines, texts
from db import db

bp = Blueprint("administration", __name__, url_prefix="/admin")


@bp.get("")
@requires("admin.staff", "admin.directory")
def start() -> str:
    """What there is to administer, how much of it, and what was changed last."""
    with unit_of_work():
        counts = {
            "roles": len(queries.role_rows()),
            "units": sum(unit.is_active for unit in city().units.values()),
            "categories": len(city().categories),
            "duties": len({duty.code for duty in city().directory.duties}),
            "rules": len(city().directory.rules),
            "policies": len(city().policies),
            "lines": sum(line.is_active for line in lines.all_lines(db.session())),
            "texts": len(texts.own(db.session())),
        }
        latest, _onward = edits.page(limit=5)
        return render_template("admin/start.html", counts=counts, edits=latest, admin_words=wording)


@bp.get("/record")
@requires("admin.staff", "admin.directory", "audit.read")
def record() -> str:
    """Every edit, the latest first, a page at a time."""
    before = request.args.get("before", type=int)
    with unit_of_work():
        found, onward = edits.page(before)
        return render_template(
            "admin/record.html", edits=found, onward=onward, before=before, admin_words=wording
        )


@bp.get("/system")
@requires("admin.staff", "admin.directory")
def system() -> str:
    """The oldest work that is not done, what was set aside, who leads, and which versions run."""
    with unit_of_work() as now:
        return render_template("admin/system.html", now=now, state=health.state(now))

