"""What is owed to the carrier is done once: also where a clock process dies in the middle of it, or is slow."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select
from telephone import LINE, Operator, Telephone

from app.outbox import unit_of_work
from app.voice.effects import carry_out, order_of
from calls import keeping
from calls.models import Call, Callback, Effect, Recording
from calls.owing import Owed
from calls.ports import Unreachable
from db import db


class Killed(BaseException):
    """The process is gone: nothing after it is done, and nobody catches it."""


class Dying:
    """A carrier's interface whose user dies right after `method` was done, the first time."""

    def __init__(self, port, method: str) -> None:
        self.port, self.method, self.is_over = port, method, False

    def __getattr__(self, name: str) -> Callable:
        def do(*args, **more):
            done = getattr(self.port, name)(*args, **more)
            if name == self.method and not self.is_over:
                self.is_over = True
                raise Killed
            return done

        return do


def outcomes(telephone: Telephone, kind: str) -> list[str | None]:
    query = select(Effect.outcome).where(Effect.kind == kind).order_by(Effect.id)
    return telephone.read(lambda: list(db.session.scalars(query)))


def test_citizen_is_rung_once_though_the_clock_dies_in_the_middle_of_it(telephone: Telephone, operator: Operator):
    operator.post("/seat", action="pause", reason="rest")
    line = telephone.phone().dial(LINE)
    telephone.pass_(40)
    line.hang_up()
    telephone.pass_(3)
    callback = telephone.read(lambda: db.session.scalars(select(Callback.id)).one())
    telephone.phone().answers(after=6)
    operator.post(f"/callbacks/{callback}/call")
    telephone.app.extensions["voice"] = Dying(telephone.app.extensions["voice"], "ring")
    with pytest.raises(Killed):
        operator.connect(operator.post("/rejoin")["token"])
        telephone.pass_(1)
    telephone.pass_(30)
    assert len(telephone.phone().calls) == 2  # theirs, and ours once
    assert telephone.calls()[1].state == "TALKING" and operator.state()["call"]["state"] == "TALKING"


def test_talk_is_recorded_once_though_the_clock_dies_in_the_middle_of_it(telephone: Telephone, operator: Operator):
    telephone.phone().dial(LINE)
    telephone.pass_(20)
    telephone.app.extensions["voice"] = Dying(telephone.app.extensions["voice"], "record")
    with pytest.raises(Killed):
        operator.pick_up()
        telephone.pass_(5)
    telephone.pass_(30)
    assert outcomes(telephone, "record") in (["unknown"], ["moot"])
    assert len(telephone.network.recordings.all) == 1


def test_second_operators_talk_is_in_the_recording_that_runs(
    telephone: Telephone, operator: Operator, new_operator
):
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(10)
    operator.close_page()
    telephone.pass_(17)
    other = new_operator(telephone)
    telephone.pass_(2)
    other.pick_up()
    telephone.pass_(10)
    line.hang_up()
    telephone.pass_(60)
    states = telephone.read(lambda: db.session.scalars(select(Recording.state)).all())
    assert states == ["stored"] and outcomes(telephone, "record") == ["done", "moot"]


def test_what_waits_behind_a_slow_answer_is_done_by_another(telephone: Telephone, operator: Operator):
    telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(10)
    port, done = telephone.app.extensions["voice"], []

    class Slow:
        """Before it answers, another clock process has had its turn."""

        def __getattr__(self, name: str) -> Callable:
            def do(*args, **more):
                if not done:
                    done.append("first")
                    done.append(carry_out(port))
                return getattr(port, name)(*args, **more)

            return do

    telephone.is_clock_running = False
    operator.order("hold")
    operator.order("pause_recording")
    with telephone.app.app_context():
        assert carry_out(Slow()) == 1
    assert done == ["first", 1]
    assert outcomes(telephone, "hold") == outcomes(telephone, "pause_recording") == ["done"]


class Away:
    """A carrier that cannot be reached for the first `times` of one method."""

    def __init__(self, port, method: str, times: int = 1) -> None:
        self.port, self.method, self.times = port, method, times

    def __getattr__(self, name: str) -> Callable:
        def do(*args, **more):
            if name == self.method and self.times:
                self.times -= 1
                raise Unreachable("503")
            return getattr(self.port, name)(*args, **more)

        return do


def in_talk(telephone: Telephone, operator: Operator) -> None:
    telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(10)


def is_held(telephone: Telephone) -> bool:
    [conference] = [one for one in telephone.network.conferences.values() if one.status != "completed"]
    return next(member.hold for member in conference.participants if member.label == "caller")


def test_hold_that_is_tried_again_does_not_undo_what_was_ordered_after_it(
    telephone: Telephone, operator: Operator
):
    in_talk(telephone, operator)
    telephone.app.extensions["voice"] = Away(telephone.app.extensions["voice"], "hold")
    operator.order("hold")
    telephone.rounds()
    operator.order("unhold")
    telephone.pass_(10)
    assert outcomes(telephone, "hold") == ["moot"] and outcomes(telephone, "unhold") == ["done"]
    assert not is_held(telephone) and not operator.state()["call"]["is_held"]


def test_of_orders_given_before_the_first_was_done_the_last_counts(telephone: Telephone, operator: Operator):
    in_talk(telephone, operator)
    telephone.is_clock_running = False
    for order in ("hold", "unhold", "hold", "pause_recording", "resume_recording"):
        operator.order(order)
        telephone.pass_(0.5)
    telephone.is_clock_running = True
    telephone.pass_(3)
    assert outcomes(telephone, "hold") == ["moot", "done"] and outcomes(telephone, "unhold") == ["moot"]
    assert outcomes(telephone, "pause_recording") == ["moot"]
    assert is_held(telephone) and operator.state()["call"]["recording"] == "on"


def test_what_happens_within_one_second_of_the_carriers_clock_keeps_its_order(
    telephone: Telephone, operator: Operator
):
    in_talk(telephone, operator)
    for order, holds in (("hold", True), ("unhold", False), ("hold", True), ("unhold", False)):
        operator.order(order)
        telephone.rounds()
        assert is_held(telephone) == operator.state()["call"]["is_held"] == holds
    at = {fact.at.replace(microsecond=0) for fact in keeping.facts_of(telephone.call()) if "held" in fact.kind}
    assert len(at) == 1


def test_unhold_waits_while_another_process_is_still_at_the_hold(telephone: Telephone, operator: Operator):
    in_talk(telephone, operator)
    port, done = telephone.app.extensions["voice"], []

    class Slow:
        """While it is asked to hold, the operator thinks better of it, and another process has its turn."""

        def hold(self, *args) -> None:
            if not done:
                done.append("first")
                operator.order("unhold")
                done.append(carry_out(port))
            port.hold(*args)

    telephone.is_clock_running = False
    operator.order("hold")
    with telephone.app.app_context():
        assert [carry_out(Slow()), carry_out(Slow())] == [1, 1]
    assert done == ["first", 0]
    telephone.is_clock_running = True
    telephone.pass_(2)
    assert not is_held(telephone) and not operator.state()["call"]["is_held"]


def test_name_of_a_recording_is_kept_under_the_calls_lock(telephone: Telephone, operator: Operator):
    """The carrier's own news locks the call before it names the recording; the other way round both would wait."""
    telephone.phone().dial(LINE)
    telephone.pass_(20)
    operator.pick_up()
    telephone.pass_(3)
    with telephone.app.app_context(), unit_of_work() as now:
        call = db.session.scalars(select(Call)).one()
        db.session.execute(delete(Recording))
        order = order_of(Owed(0, call.id, "record", {"epoch": call.epoch}, 1))
        assert order is not None and order.done is not None
        order.done("RE" + "0" * 32, now)
        free = select(Call.id).where(Call.id == call.id).with_for_update(key_share=True, skip_locked=True)
        with db.engine.connect() as other:
            assert other.execute(free).one_or_none() is None, "as good as not locked"
        db.session.rollback()
