"""The days before the first start: the same play with a clock that runs through them, so that the boards
are not empty when the demo city opens."""

from datetime import datetime, time, timedelta
from random import Random

from sqlalchemy import or_, select

from app.auth.accounts import actor_by_login
from app.demo import call_history, driver, steps, texts
from app.demo.operators import LOGINS
from app.demo.stage import Stage
from db import db
from routing import service as routing
from tickets import service
from tickets.lifecycle import AssignmentState
from tickets.models import Assignment, Deadline, Ticket
from tickets.permissions import SYSTEM
from tickets.vault import Vault

DAYS, STEPS_A_DAY, STEPS_JUST_NOW = 5, 44, 8
OPENS, HOURS = time(8), 12
LEVEL = 45
AFTER_SWEEP = timedelta(seconds=5)  # a due moment waits for the next sweep
SEED = 12345
BEGUN_WITH = ("other-160", "other-156")
"""Nobody's duty: these are answered and referred at the desk."""
UNDECIDED = ("other-153", "other-154", "other-155")
"""No rule knows whose these are: they wait for a dispatcher when the city opens."""


def play_history(now: datetime, vault: Vault) -> int:
    """Four weeks of calls and the tickets of the last days, in the caller's unit of work. Returns how many tickets
    there are.

    Nothing happens where there is any ticket already.
    """
    if db.session.scalar(select(Ticket.id).limit(1)) is not None:
        return 0
    random = Random(SEED)
    moments = _moments(now, random)
    for key in BEGUN_WITH:
        steps.take_in(Stage(moments[0], random, vault), texts.MATTERS[key])
    days = call_history.days_before(now)
    questions = {one.written: one for day in days for one in day.rang if one.written and one.written > moments[0]}
    operators = {actor.id: actor for actor in map(actor_by_login, LOGINS)}
    for moment in sorted([*moments, *questions]):
        _ring(moment)
        stage, asked = Stage(moment, random, vault), questions.get(moment)
        if asked is None:
            driver.act(stage, LEVEL)
        else:
            asked.ticket = steps.answer_a_question(stage, operators[asked.staff_id])
    _ring(now)
    _leave_something_to_decide(Stage(now, random, vault))
    call_history.write_down(days)
    return len(db.session.scalars(select(Ticket.id)).all())


def _moments(now: datetime, random: Random) -> list[datetime]:
    """When something happened, in order: through the day on the days before, and in the last half hour."""
    zone = routing.current().zone
    today = now.astimezone(zone).date()
    opens = [datetime.combine(today - timedelta(days=back), OPENS, zone) for back in range(DAYS, -1, -1)]
    daily = [at + timedelta(hours=HOURS * random.random()) for at in opens for _ in range(STEPS_A_DAY)]
    latest = [now - timedelta(minutes=30 * random.random()) for _ in range(STEPS_JUST_NOW)]
    return sorted(at for at in [*daily, *latest] if at < now)


def _ring(until: datetime) -> None:
    """Let the clocks do what they owed up to a moment, each when it was due."""
    while (owed := _next_owed(until)) is not None:
        at, deadline_id = owed
        service.act_on_deadline(SYSTEM, min(at + AFTER_SWEEP, until), deadline_id)


def _next_owed(until: datetime) -> tuple[datetime, int] | None:
    owed = select(Deadline.next_at, Deadline.id).where(Deadline.next_at <= until)
    row = db.session.execute(owed.order_by(Deadline.next_at, Deadline.id).limit(1)).one_or_none()
    return None if row is None else (row.next_at, row.id)


def _leave_something_to_decide(stage: Stage) -> None:
    """Triage and a return, whatever chance had in mind: they are among the first things the tour shows."""
    for key in UNDECIDED:
        steps.take_in(stage, texts.MATTERS[key])
    query = select(Ticket, Assignment).join(Assignment, Assignment.ticket_id == Ticket.id)
    in_hand = query.where(
        Assignment.state == AssignmentState.HANDLING, Ticket.confidential.is_(False),
        or_(Assignment.return_until.is_(None), Assignment.return_until > stage.now),
        Assignment.role != "sub", ~Assignment.designated,
    )
    latest = db.session.execute(in_hand.order_by(Assignment.id.desc()).limit(1)).one_or_none()
    if latest is not None:
        steps.ask_return(stage, latest.Ticket, latest.Assignment)
