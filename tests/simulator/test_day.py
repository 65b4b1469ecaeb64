"""Whole days at a hotline that keeps its own books: what it believes is held against what really happened."""

from collections.abc import Mapping

import pytest
from flask import Flask, Response, request
from tiny_product import APP, BASE, HOTLINE, Product, twiml
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

from simulator.chaos import Chaos
from simulator.delivery import through
from simulator.network import Network
from simulator.people import Step
from simulator.post import Reply
from simulator.rush import Rush, begin


class Hotline(Product):
    """Callers wait in a queue, one operator takes them in turn; books by call and event, safe to repeat."""

    def __init__(self, chaos: Chaos | None = None) -> None:
        super().__init__(chaos)
        self.began: set[str] = set()
        self.joined: dict[str, str] = {}
        self.left: dict[str, str] = {}
        self.ended: set[str] = set()
        self.pages |= {
            "/voice/in": self.enter, "/voice/wait": twiml(f"<Play>{BASE}/hold.mp3</Play>"),
            "/voice/left": twiml(""), "/voice/operator": self.operator, "/voice/join": self.join,
            "/voice/conf": self.conference, "/voice/ended": self.end, "/voice/fallback": self.enter,
        }  # fmt: skip
        self.network.clock.after(1, self.serve)
        self.waiting: list[str] = []

    def enter(self, form: Mapping[str, str]) -> str:
        self.began.add(form["CallSid"])
        if form["CallSid"] not in self.waiting:
            self.waiting.append(form["CallSid"])
        enqueue = f'<Enqueue waitUrl="{BASE}/voice/wait" action="{BASE}/voice/left">q</Enqueue>'
        return twiml(enqueue)

    def room(self, call: str, label: str, ends: str) -> str:
        events = f'statusCallback="{BASE}/voice/conf#rc=2&amp;rp=5xx" statusCallbackEvent="start end join leave"'
        return twiml(
            f'<Dial><Conference participantLabel="{label}" endConferenceOnExit="{ends}" {events}>c-{call}'
            "</Conference></Dial>"
        )

    def operator(self, form: Mapping[str, str]) -> str:
        return self.room(form["call"], "op-7", "true")

    def join(self, form: Mapping[str, str]) -> str:
        return self.room(form["CallSid"], "caller", "true")

    def conference(self, form: Mapping[str, str]) -> Reply:
        books = {"participant-join": self.joined, "participant-leave": self.left}.get(form["StatusCallbackEvent"])
        if books is not None and form["ParticipantLabel"] == "caller":
            books[form["CallSid"]] = form["Timestamp"]
        return Reply(204)

    def end(self, form: Mapping[str, str]) -> Reply:
        self.ended.add(form["CallSid"])
        return Reply(204)

    def serve(self) -> None:
        """The one operator takes the next who still waits, whenever nobody is on the line."""
        browser = self.network.browser("op_7")
        if self.waiting and all(leg.is_over for leg in browser.calls):
            call = self.waiting.pop(0)
            leg = browser.connect(APP, {"call": call})
            self.network.clock.after(4, lambda: self.bring(call, leg))
        self.network.clock.after(2, self.serve)

    def bring(self, call: str, leg) -> None:
        try:
            self.twilio.calls(call).update(url=f"{BASE}/voice/join")
        except TwilioRestException as gone:
            assert gone.code == 21220
            leg.hang_up()


def day(chaos: Chaos) -> Hotline:
    hotline = Hotline(chaos)
    begin(hotline.network, Rush(HOTLINE, callers=12, minutes=3, patience=60, talk=20, seed=1))
    hotline.network.advance(900)
    assert hotline.network.faults == []
    return hotline


def callers(hotline: Hotline) -> list[str]:
    return [sid for sid, leg in hotline.network.calls.items() if leg.to == HOTLINE]


@pytest.mark.parametrize(
    "chaos", [Chaos(), Chaos(dup=True), Chaos(reorder=True), Chaos(late=60), Chaos(slow=3), Chaos(True, True, 60)]
)
def test_the_books_agree_with_the_truth(chaos: Chaos):
    hotline = day(chaos)
    truth, network = hotline.network.truth, hotline.network
    assert len(callers(hotline)) == 12 and all(leg.is_over for leg in network.calls.values())
    assert hotline.began == hotline.ended == set(callers(hotline))
    talked = {sid for sid in callers(hotline) if truth.talk_seconds(sid) > 0}
    assert talked == hotline.joined.keys() & hotline.left.keys() and 0 < len(talked) < 12
    for sid in callers(hotline):
        kinds = truth.of(sid)
        assert kinds[0] == "began" and kinds[-1] == "ended" and kinds.count("ended") == 1


def test_an_operator_talks_with_one_at_a_time():
    truth = day(Chaos()).network.truth
    talks = sorted(truth.talks, key=lambda talk: talk.began)
    assert all(one.ended <= later.began for one, later in zip(talks, talks[1:], strict=False))
    assert sum(talk.seconds for talk in talks) > 60


def test_lost_callbacks_leave_holes_in_the_books():
    hotline = day(Chaos(drop=2))
    assert len(hotline.ended) < 12 == len(hotline.began)


def test_the_same_seed_makes_the_same_day():
    first, second = (day(Chaos(reorder=True, seed=3)).network.truth for _ in range(2))
    assert first.facts == second.facts and first.talks == second.talks


def test_a_coach_is_heard_by_one_only():
    product = Product()
    product.pages |= {
        "/voice/in": twiml("<Dial><Conference>c-1</Conference></Dial>"),
        "/voice/operator": lambda form: twiml(
            f'<Dial><Conference coach="{form["coach"]}">c-1</Conference></Dial>' if form.get("coach")
            else "<Dial><Conference>c-1</Conference></Dial>"
        ),
    }  # fmt: skip
    caller = product.network.phone("+8613800000001").dial(HOTLINE)
    operator = product.network.browser("op_7").connect(APP)
    product.network.advance(1)
    coach = product.network.browser("op_9").connect(APP, {"coach": operator.sid})
    product.network.advance(10)
    caller.hang_up()
    operator.hang_up()
    product.network.advance(0)
    pairs = {frozenset((talk.first, talk.second)) for talk in product.network.truth.talks}
    assert pairs == {frozenset((caller.sid, operator.sid)), frozenset((operator.sid, coach.sid))}


def test_parameters_that_do_nothing_here_are_a_fault():
    product = Product()
    product.twilio.calls.create(to="+8613800000001", from_=HOTLINE, url=BASE, send_digits="1", call_reason="x")
    assert product.network.faults == [
        "the parameter CallReason is not played", "the parameter SendDigits is not played",
    ]  # fmt: skip


def test_a_machine_that_talks_back_and_a_time_limit(product: Product):
    product.pages["/voice/out"] = twiml("<Say>您好</Say><Record timeout='9'/>")
    product.network.phone("+8613800000001").answers(then=[Step(hearing="您好", speaks=300)])
    made = product.twilio.calls.create(
        to="+8613800000001", from_=HOTLINE, url=f"{BASE}/voice/out", time_limit=30
    )
    product.network.advance(60)
    leg = product.network.calls[made.sid]
    assert leg.seconds == 30 and leg.ended_by == "time limit" and len(product.network.recordings.all) == 1


def test_an_application_is_called_in_the_same_process():
    """The way of the product's own tests: its test client, at the address it is configured with."""
    app = Flask("tiny")
    network = Network("AC" + "0" * 32, "token", through(app.test_client()))
    network.own(HOTLINE, voice_url=f"{BASE}/voice/in?a=1")
    validator = RequestValidator("token")

    @app.post("/voice/in")
    def enter():
        assert validator.validate(request.url, request.form.to_dict(), request.headers["X-Twilio-Signature"])
        return Response(twiml(f"<Say>{request.url} {request.form['From']}</Say>"), mimetype="text/xml")

    leg = network.phone("+8613800000001").dial(HOTLINE)
    network.advance(0)
    assert leg.transcript == f"{BASE}/voice/in?a=1 +8613800000001"
