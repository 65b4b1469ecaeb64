"""One step for several lines of a board: each ticket in a transaction of its own, and for each what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from app import wording
from app.access import actor, requires, staff
from app.errors import sentences
from app.outbox import unit_of_work
from tickets import errors, escalating, service, standing
from tickets.permissions import Actor, may

bp = Blueprint("bulk", __name__, url_prefix="/desk")

MOST = 50
"""As many as one page of a board has."""


@dataclass(frozen=True)
class Chosen:
    """One line: the ticket, the version that the person saw, and the unit's part or the clock that it is about."""

    ticket: int
    version: int
    part: int | None


@dataclass(frozen=True)
class Outcome:
    """What came of one line. `told` is the reason where it was not done, or that it had been done before."""

    ticket: int
    is_done: bool
    told: str = ""


@dataclass(frozen=True)
class Step:
    """What is done for each line, and how one sees that it was done before; `do` may say so itself, with False."""

    do: Callable[[Actor, datetime, Chosen], object]
    is_so: Callable[[Chosen], bool]


def steps_on(board: str, who: Actor) -> list[str]:
    """The steps that the lines of a board can be chosen for."""
    if board in ("inbox", "to_sign"):
        return ["sign"] if may(who, "assignment.sign") else []
    return ["dispatch"] if board == "triage" and may(who, "ticket.dispatch") else []


@bp.post("/bulk/<action>")
@requires("assignment.sign", "ticket.dispatch")
def act(action: str) -> str:
    """Sign or dispatch what is chosen. Sent again it does nothing twice, and says so."""
    board = request.form.get("board", "")
    back = url_for("desk.home", board=board if board in wording.BOARDS else None)
    return _carried_out(_step(action), str(wording.ACTIONS[action]), back)


@bp.post("/bulk/acknowledge")
@staff
def acknowledge() -> str:
    """Confirm having seen the escalations that are chosen: those of which this person was told."""
    step = Step(_acknowledge, lambda line: standing.is_seen(actor(), line.ticket, line.part))
    back = url_for("oversight.late" if request.form.get("board") == "late" else "notices.page")
    return _carried_out(step, _("Confirm having seen"), back)


def _acknowledge(who: Actor, now: datetime, line: Chosen) -> bool:
    if not standing.is_clock_of(line.ticket, line.part):
        raise errors.NotFound()
    return escalating.acknowledge(who, now, line.part or 0)


def _carried_out(step: Step, what: str, back: str) -> str:
    lines = _chosen()
    ids = [line.ticket for line in lines]
    with unit_of_work():
        names = standing.names_of(actor(), ids)
    outcomes = [_outcome(step, line) for line in lines]
    with unit_of_work():
        return render_template(
            "desk/bulk.html", outcomes=outcomes, what=what, names=names,
            unit=_number(request.form.get("lead", "")),
            still_seen=standing.names_of(actor(), ids), back=back,
        )  # fmt: skip


def _step(action: str) -> Step:
    """Raises NotFound, Invalid."""
    if action == "sign":
        return Step(
            lambda who, now, line: service.sign(who, now, line.ticket, line.part or 0, line.version),
            lambda line: standing.is_signed(actor(), line.ticket, line.part),
        )
    if action != "dispatch":
        raise errors.NotFound()
    lead = _number(request.form.get("lead", ""))
    if lead is None:
        raise errors.Invalid(fields={"lead": "missing"})
    return Step(
        lambda who, now, line: service.dispatch(who, now, line.ticket, lead, [], "", line.version),
        lambda line: standing.is_dispatched_to(actor(), line.ticket, lead),
    )


def _chosen() -> list[Chosen]:
    """`ticket:version:part` of each box that was ticked; the part may be empty. Raises Invalid."""
    found = []
    for text in dict.fromkeys(request.form.getlist("line")):
        ticket, version, part, *rest = map(_number, [*text.split(":"), "", "", ""])
        if ticket is None or version is None or any(one is not None for one in rest):
            raise errors.Invalid(fields={"line": "unknown"})
        found.append(Chosen(ticket, version, part))
    if not found or len(found) > MOST:
        raise errors.Invalid(fields={"line": "too_long" if found else "missing"})
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _outcome(step: Step, line: Chosen) -> Outcome:
    """Do it in a transaction of its own, or tell why not; what was done already counts as done."""
    try:
        with unit_of_work() as now:
            is_new = step.do(actor(), now, line) is not False
        return Outcome(line.ticket, True, "" if is_new else _("was so already"))
    except (errors.Stale, errors.NotNow, errors.NotFound) as fault:
        with unit_of_work():
            if step.is_so(line):
                return Outcome(line.ticket, True, _("was so already"))
        return Outcome(line.ticket, False, _reason(fault))
    except errors.TicketError as fault:
        return Outcome(line.ticket, False, _reason(fault))


def _reason(fault: errors.TicketError) -> str:
    if isinstance(fault, errors.Stale):
        return _("Somebody changed it since your page was opened. Open it and look.")
    return sentences().get(fault.code, fault.code)
