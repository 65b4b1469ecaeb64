"""For whoever coaches: the talks that go on, and who can answer what."""

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app import edits, hints
from app.access import actor, in_background, requires
from app.auth.queries import holders_of, people
from app.outbox import unit_of_work
from app.skill_wording import SKILLS
from calls import screen, seating
from tickets import errors

bp = Blueprint("phone_coaching", __name__, url_prefix="/desk/phone")


@bp.get("/talks")
@requires("call.coach")
@in_background
def talks() -> Response:
    """`{now, talks}`: each with its operator's name."""
    with unit_of_work() as now:
        found = screen.talks()
        names = people(talk["staff"] for talk in found)
    for talk in found:
        talk["staff"] = names.get(talk["staff"], ("", ""))[0]
    return jsonify(now=now.isoformat(), talks=found)


@bp.get("/skills")
@requires("call.coach")
def skills() -> str:
    """Who answers the telephone, and what each can answer."""
    with unit_of_work():
        operators = holders_of("call.answer")
        held = screen.skills_of([one.id for one in operators])
        return render_template("phone/skills.html", operators=operators, held=held, skills=_known_skills())


@bp.post("/skills/<int:staff_id>")
@requires("call.coach")
def set_skills(staff_id: int) -> Response:
    """Set what one member of staff can answer; nothing else that was sent counts."""
    with unit_of_work() as now:
        operators = {one.id: one.name for one in holders_of("call.answer")}
        if staff_id not in operators:
            raise errors.NotFound()
        chosen = set(request.form.getlist("skill")) & _known_skills().keys()
        edits.keep(seating.set_skills(actor(), now, staff_id, chosen), actor(), now)
    hints.give()
    flash(_("Noted: what %(name)s answers.", name=operators[staff_id]), "good")
    return redirect(url_for("phone_coaching.skills", _anchor=f"staff-{staff_id}"), 303)


def _known_skills() -> dict[str, str]:
    """Code -> what it is called: ours, and those that a line asks for."""
    known = {code: str(text) for code, text in SKILLS.items()}
    return known | {code: code for code in screen.skills_in_use() if code not in known}
