"""Whole calls by a server that knows neither queues nor conferences: operators talk on their desks' telephones."""

from collections.abc import Callable, Iterator

import pytest
from databases import app_on_clone
from sqlalchemy import select
from telephone import CALLER, LINE, Operator, Telephone

from app import abilities
from calls.models import Callback, Seat, SurveyAnswer
from config import Config
from db import db
from simulator.lint import SMALL, lint

DESK = "8001"


@pytest.fixture(scope="session")
def app(config: Config, worker_id: str):
    yield from app_on_clone(config, worker_id, "loop", telephony="simulator", waiting_room="loop")


@pytest.fixture
def new_desk(telephone: Telephone, new_browser, new_staff) -> Callable[..., Operator]:
    """Somebody with a telephone on the desk, signed in and ready."""

    def make(extension: str = DESK) -> Operator:
        person, browser = new_staff(), new_browser()
        assert browser.sign_in(person.login).status_code in (302, 303)
        operator = Operator(telephone, browser, person)
        operator.post("/sit")
        telephone.read(lambda: setattr(db.session.get(Seat, person.id), "extension", extension))
        operator.ready()
        return operator

    return make


@pytest.fixture
def operator(new_desk: Callable[..., Operator]) -> Iterator[Operator]:
    return new_desk()


def accept(operator: Operator) -> None:
    offer = operator.state()["offer"]
    assert operator.post(f"/offers/{offer['id']}/accept") == {"token": ""}
    assert operator.post(f"/offers/{offer['id']}/accept") == {"token": ""}


def heard(line) -> str:
    return "\n".join(one.text for one in line.heard)


@pytest.mark.parametrize("desk", [DESK, "sip:8001@exchange.city.example"])
def test_answered(telephone: Telephone, new_desk, desk: str):
    operator = new_desk(desk)
    telephone.phone(desk).answers(after=3)
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    accept(operator)
    telephone.pass_(2)
    assert operator.state()["call"]["state"] == "CONNECTING"
    telephone.pass_(4)
    state = operator.state()
    assert (state["call"]["state"], state["seat"]["state"]) == ("TALKING", "on_call")
    assert state["caps"] == ["accept", "hang_up"]
    operator.order("hold", 409)
    operator.order("consult", 409, department=1)
    telephone.pass_(30)
    operator.order("hang_up")
    telephone.pass_(8)
    line.press("1")
    telephone.pass_(30)
    call = telephone.call()
    assert (call.state, call.end_reason, call.ended_by, call.epoch) == ("ENDED", "completed", "operator", 1)
    assert 32 <= call.talk_seconds <= 36
    assert telephone.read(lambda: db.session.scalars(select(SurveyAnswer.answer)).all()) == [3]
    assert operator.state()["seat"]["state"] == "wrap_up" and line.is_over


def test_receiver_put_down_ends_the_talk_and_the_caller_is_asked(telephone: Telephone, operator: Operator):
    telephone.phone(DESK).answers(after=2)
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    accept(operator)
    telephone.pass_(15)
    [desk] = telephone.phone(DESK).calls
    desk.hang_up()
    telephone.pass_(6)
    assert telephone.call().state == "SURVEY" and operator.state()["seat"]["state"] == "wrap_up"
    telephone.pass_(30)
    assert line.is_over and telephone.call().ended_by == "operator"


def test_caller_puts_it_down(telephone: Telephone, operator: Operator):
    telephone.phone(DESK).answers(after=2)
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    accept(operator)
    telephone.pass_(15)
    line.hang_up()
    telephone.pass_(5)
    call = telephone.call()
    assert (call.end_reason, call.ended_by) == ("completed", "caller")
    assert operator.state()["seat"]["state"] == "wrap_up"


@pytest.mark.parametrize("how", ["does_not_answer", "is_busy", "rejects"])
def test_operator_who_does_not_pick_up_gives_the_caller_back_in_the_old_place(
    telephone: Telephone, operator: Operator, new_desk, how: str
):
    getattr(telephone.phone(DESK), how)()
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    before = telephone.call().queued_at
    accept(operator)
    telephone.phone("+8613800138009").dial(LINE)
    telephone.pass_(30)
    first, second = telephone.calls()
    assert (first.state, first.queued_at, first.epoch, first.tries) == ("QUEUED", before, 1, 1)
    assert operator.state()["seat"]["state"] == "break" and not line.is_over
    other = new_desk("8002")
    telephone.phone("8002").answers(after=2)
    telephone.pass_(2)
    accept(other)
    telephone.pass_(10)
    first, second = telephone.calls()
    assert first.state == "TALKING" and second.state == "QUEUED"


def test_waits_and_hears_where_they_stand(telephone: Telephone):
    telephone.phone("+8613800138001").dial(LINE)
    telephone.pass_(5)
    line = telephone.phone().dial(LINE)
    telephone.pass_(90)
    assert heard(line).count("1位") >= 2 and not line.is_over
    line.hang_up()
    telephone.pass_(3)
    assert telephone.calls()[1].end_reason == "abandoned_queue"
    assert telephone.read(lambda: db.session.scalars(select(Callback.reason)).all()) == ["missed"]


def test_would_rather_be_called_back(telephone: Telephone):
    line = telephone.phone().dial(LINE)
    telephone.pass_(30)
    line.press("1")
    telephone.pass_(20)
    assert line.is_over and "回电" in heard(line) and telephone.call().end_reason == "callback"


def test_leaves_a_message(telephone: Telephone):
    line = telephone.phone().dial(LINE)
    telephone.pass_(30)
    line.press("2")
    telephone.pass_(8)
    line.speak(12)
    telephone.pass_(12)
    line.press("#")
    telephone.pass_(30)
    assert line.is_over and telephone.call().end_reason == "voicemail"


def test_hangs_up_while_the_desk_rings(telephone: Telephone, operator: Operator):
    telephone.phone(DESK).does_not_answer()
    line = telephone.phone().dial(LINE)
    telephone.pass_(20)
    accept(operator)
    telephone.pass_(5)
    line.hang_up()
    telephone.pass_(5)
    assert telephone.call().end_reason == "abandoned_queue"
    assert operator.state()["seat"]["state"] == "ready"


def test_nobody_is_ready_without_a_telephone(telephone: Telephone, new_browser, new_staff):
    person, browser = new_staff(), new_browser()
    browser.sign_in(person.login)
    operator = Operator(telephone, browser, person)
    operator.post("/sit")
    assert operator.post("/seat", 422, action="ready")["fields"] == {"extension": "missing"}


def test_a_small_server_is_told_nothing_that_it_does_not_know():
    document = "<Response><Dial><Conference>c-1</Conference></Dial></Response>"
    assert "<Conference> is unknown here" in lint(document, verbs=SMALL)
    assert lint(document) == []


def test_every_order_of_the_page_needs_something():
    every = abilities.CONFERENCE | abilities.DESK_PHONES | abilities.TOLD
    assert set(abilities.NEEDED.values()) <= every and CALLER
