"""Twelve calls that go as calls go, each under eight kinds of trouble: what must hold whatever happens."""

import os
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import make_url, select
from telephone import EMERGENCY, LINE, Operator, Telephone

from app.hints import Hinter
from calls.keeping import facts_of
from calls.models import Call, Callback, Offer, Seat
from db import db
from routing import service as routing
from simulator.chaos import Hook
from tickets import service
from tickets.intake import Intake
from tickets.permissions import VISITOR

Scene = Callable[[Telephone, list[Operator]], None]


def call_in(telephone: Telephone, seconds: float = 15):
    line = telephone.phone().dial(LINE)
    telephone.pass_(seconds)
    return line


def pick_up(telephone: Telephone, operators: list[Operator], within: float = 90) -> Operator | None:
    """Whoever is offered the call takes it, as soon as the product lets them."""
    for _ in range(round(within)):
        for operator in operators:
            if operator.takes():
                telephone.pass_(5)
                return operator
        telephone.pass_(1)
    return None


def press(line, key: str) -> None:
    """On a line that is still there."""
    if not line.is_over:
        line.press(key)


def talk(telephone: Telephone, operators: list[Operator], seconds: float = 20):
    line = call_in(telephone)
    operator = pick_up(telephone, operators)
    telephone.pass_(seconds)
    return line, operator


def answered(telephone: Telephone, operators: list[Operator]) -> None:
    line, operator = talk(telephone, operators)
    if operator is not None:
        operator.tries("hang_up")
    for _ in range(2):
        telephone.pass_(8)
        press(line, "1")


def hangs_up_in_menu(telephone: Telephone, operators: list[Operator]) -> None:
    line = call_in(telephone, 3)
    line.hang_up()


def gives_up(telephone: Telephone, operators: list[Operator]) -> None:
    for operator in operators:
        operator.tries_seat("pause", reason="rest")
    line = call_in(telephone, 70)
    if not line.is_over:
        line.hang_up()


def wants_callback(telephone: Telephone, operators: list[Operator]) -> None:
    for operator in operators:
        operator.tries_seat("pause", reason="rest")
    line = call_in(telephone, 40)
    press(line, "1")


def leaves_message(telephone: Telephone, operators: list[Operator]) -> None:
    for operator in operators:
        operator.tries_seat("pause", reason="rest")
    line = call_in(telephone, 40)
    press(line, "2")
    telephone.pass_(8)
    if not line.is_over:
        line.speak(10)
    telephone.pass_(12)
    press(line, "#")


def emergency(telephone: Telephone, operators: list[Operator]) -> None:
    telephone.phone(EMERGENCY).answers(after=3)
    line = call_in(telephone, 5)
    press(line, "9")
    telephone.pass_(5)
    press(line, "1")
    telephone.pass_(30)
    if not line.is_over:
        line.hang_up()


def emergency_busy(telephone: Telephone, operators: list[Operator]) -> None:
    telephone.phone(EMERGENCY).is_busy()
    line = call_in(telephone, 5)
    press(line, "9")
    telephone.pass_(5)
    press(line, "1")
    telephone.pass_(20)
    pick_up(telephone, operators)
    if not line.is_over:
        line.hang_up()


def asks_for_status(telephone: Telephone, operators: list[Operator]) -> None:
    def register() -> tuple[str, str]:
        intake = Intake(content="路灯不亮", channel="web", phone="13800138000", place="明德路12号")
        opened = service.open_ticket(VISITOR, telephone.now, intake, telephone.app.extensions["vault"])
        return opened.ticket.number or "", opened.code

    number, code = telephone.read(register)
    line = call_in(telephone, 3)
    press(line, "3")
    telephone.pass_(8)
    for key in f"{number}#":
        press(line, key)
    telephone.pass_(8)
    for key in f"{code}#":
        press(line, key)
    telephone.pass_(40)
    if not line.is_over:
        line.hang_up()


def first_does_not_answer(telephone: Telephone, operators: list[Operator]) -> None:
    line = call_in(telephone, 40)  # the offer to the first runs out
    pick_up(telephone, operators)
    telephone.pass_(10)
    if not line.is_over:
        line.hang_up()


def browser_comes_back(telephone: Telephone, operators: list[Operator]) -> None:
    line, operator = talk(telephone, operators)
    if operator is not None:
        operator.line.vanish(1)
        telephone.pass_(5)
        operator.comes_back()
        telephone.pass_(20)
        operator.tries("hang_up")
    telephone.pass_(30)
    if not line.is_over:
        line.hang_up()


def browser_dies(telephone: Telephone, operators: list[Operator]) -> None:
    line, operator = talk(telephone, operators)
    if operator is not None:
        operator.close_page()
        pick_up(telephone, [one for one in operators if one is not operator])
    telephone.pass_(20)
    if not line.is_over:
        line.hang_up()


def three_of_them(telephone: Telephone, operators: list[Operator]) -> None:
    unit = telephone.read(lambda: routing.current().units["9901.heat"])
    telephone.phone(unit.phone).answers(after=3)
    line, operator = talk(telephone, operators)
    if operator is not None:
        operator.tries("consult", department=unit.id)
        telephone.pass_(10)
        for ringing in telephone.phone(unit.phone).calls:
            press(ringing, "1")
        telephone.pass_(5)
        operator.tries("unhold")
        telephone.pass_(5)
        operator.tries("hang_up")
    telephone.pass_(20)
    if not line.is_over:
        line.hang_up()
    for ringing in telephone.phone(unit.phone).calls:
        if not ringing.is_over:
            ringing.hang_up()


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        answered, hangs_up_in_menu, gives_up, wants_callback, leaves_message, emergency, emergency_busy,
        asks_for_status, first_does_not_answer, browser_comes_back, browser_dies, three_of_them,
    )
}  # fmt: skip


class Outage:
    """The database lets nobody in for a while, and cuts who is there: what a server's restart looks like."""

    def __init__(self, telephone: Telephone) -> None:
        self.telephone = telephone
        self.name = make_url(telephone.app.extensions["hotline"].database_url).database
        self.is_on = False

    def begin(self) -> None:
        self.is_on = True
        self._admin(f'ALTER DATABASE "{self.name}" WITH ALLOW_CONNECTIONS false')
        self._admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", self.name)
        self.telephone.network.clock.after(20, self.end)

    def end(self) -> None:
        if self.is_on:
            self.is_on = False
            self._admin(f'ALTER DATABASE "{self.name}" WITH ALLOW_CONNECTIONS true')

    def _admin(self, statement: str, *values: object) -> None:
        url = os.environ["HOTLINE_PG_ADMIN_URL"].replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement, values or None)


def _no_redis(telephone: Telephone) -> None:
    config = telephone.app.extensions["hotline"]
    telephone.app.extensions["hints"] = Hinter("redis://127.0.0.1:1/0", config.env)


SWITCHES = ("dup", "reorder", "late", "drop", "slow", "restart", "db_down", "redis_down")
SMOKE = {
    ("answered", "dup"), ("three_of_them", "reorder"), ("browser_dies", "late"), ("answered", "drop"),
    ("leaves_message", "slow"), ("browser_comes_back", "restart"), ("answered", "db_down"),
    ("gives_up", "redis_down"),
}  # fmt: skip


def _cases():
    for scene in SCENES:
        for switch in SWITCHES:
            marks = () if (scene, switch) in SMOKE else (pytest.mark.long,)
            yield pytest.param(scene, switch, marks=marks, id=f"{scene}-{switch}")


@pytest.fixture
def troubled(new_telephone, new_operator):
    """A telephone under one kind of trouble, with two operators, the second a little longer ready."""
    outages: list[Outage] = []

    def make(switch: str) -> tuple[Telephone, list[Operator]]:
        telephone = new_telephone(seed=sum(map(ord, switch)))
        chaos = telephone.network.chaos
        operators = [new_operator(telephone), new_operator(telephone)]
        at = chaos.webhooks + 4
        if switch == "db_down":
            outages.append(Outage(telephone))
            chaos.db_down = Hook(at, outages[0].begin)
        elif switch == "restart":
            chaos.restart = Hook(at, telephone.restart)
        elif switch == "redis_down":
            chaos.redis_down = Hook(at, lambda: _no_redis(telephone))
        else:
            for name, value in {"dup": True, "reorder": True, "late": 60.0, "drop": 3, "slow": 2.0}.items():
                if name == switch:
                    setattr(chaos, name, value)
        return telephone, operators

    yield make
    for outage in outages:
        outage.end()


@pytest.mark.parametrize(("scene", "switch"), [*_cases()])
def test_whatever_happens(troubled, scene: str, switch: str):
    telephone, operators = troubled(switch)
    SCENES[scene](telephone, operators)
    telephone.pass_(300, step=2)
    for line in telephone.network.calls.values():
        if line.direction == "inbound" and not line.is_over and not line.from_.startswith("client:"):
            line.hang_up()
    telephone.pass_(150, step=2)
    # Who waits for an operator to come back is in the talk, and on hold as far as the carrier has told it.
    check(telephone, 25 if switch in ("drop", "db_down") else 8 if scene == "browser_comes_back" else 3)


def check(telephone: Telephone, allowed: float) -> None:
    """One end a call, no seat left behind, and the same sums as the carrier's own log."""

    def look() -> None:
        calls = {call.provider_sid: call for call in db.session.scalars(select(Call))}
        lines = {
            sid: line for sid, line in telephone.network.calls.items()
            if line.direction == "inbound" and not line.from_.startswith("client:")
        }  # fmt: skip
        assert calls.keys() == lines.keys()
        for sid, call in calls.items():
            assert call.state == "ENDED" and call.ended_at is not None, (call.state, call.facts)
            assert sum(fact.kind == "started" for fact in facts_of(call)) == 1
            _same_talk(telephone, call, sid, allowed)
        stuck = select(Seat.state).where(Seat.state.in_(("offered", "on_call", "wrap_up")))
        assert db.session.scalars(stuck).all() == []
        assert db.session.scalars(select(Offer.state).where(Offer.closed_at.is_(None))).all() == []
        for callback in db.session.scalars(select(Callback)):
            assert callback.call_id in {call.id for call in calls.values()}

    telephone.read(look)


def _same_talk(telephone: Telephone, call: Call, sid: str, allowed: float) -> None:
    """Seconds with operators, by our columns and by who could really hear whom."""
    browsers = {line.sid for line in telephone.network.calls.values() if line.from_.startswith("client:")}
    truth = [
        talk for talk in telephone.network.truth.talks
        if sid in (talk.first, talk.second) and {talk.first, talk.second} & browsers
    ]  # fmt: skip
    real = sum(talk.seconds for talk in truth)
    off = abs(real + call.hold_seconds - call.talk_seconds)
    # News that is lost is found out by asking, some seconds later; nothing else may cost more than rounding.
    assert off <= allowed, (real, call.hold_seconds, call.talk_seconds, call.facts)
