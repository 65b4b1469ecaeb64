"""The REST API, through Twilio's own client and against Twilio's own description."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from requests.exceptions import ReadTimeout
from tiny_product import ACCOUNT, BASE, HOTLINE, TOKEN, Product, twiml
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from simulator.client import SimulatedHttp
from simulator.people import Step
from simulator.spec import Spec

CITIZEN = "+8613800000001"
EVENTS = ["initiated", "ringing", "answered", "completed"]


@pytest.fixture(scope="module")
def description(shared: Path) -> Path:
    return shared / "twilio" / "api_v2010.json"


@pytest.fixture
def calling(product: Product) -> Product:
    product.pages["/voice/out"] = twiml("<Say>满意请按一</Say><Pause length='20'/>")
    return product


def create(product: Product, **more):
    return product.twilio.calls.create(
        to=CITIZEN, from_=HOTLINE, url=f"{BASE}/voice/out", status_callback=f"{BASE}/voice/status",
        status_callback_event=EVENTS, **more,
    )  # fmt: skip


class TestCalls:
    def test_reports_its_progress(self, calling: Product):
        calling.network.phone(CITIZEN).answers(after=3)
        assert create(calling).status == "queued"
        calling.network.advance(60)
        told = calling.told("/voice/status")
        assert [one["CallStatus"] for one in told] == ["initiated", "ringing", "in-progress", "completed"]
        assert [one["SequenceNumber"] for one in told] == ["0", "1", "2", "3"]
        assert told[-1]["CallbackSource"] == "call-progress-events" and int(told[-1]["CallDuration"]) >= 20
        assert calling.told("/voice/out")[0]["Direction"] == "outbound-api"

    @pytest.mark.parametrize(
        "how, status", [("is_busy", "busy"), ("does_not_answer", "no-answer"), ("rejects", "busy")]
    )
    def test_nobody_answers(self, calling: Product, how: str, status: str):
        getattr(calling.network.phone(CITIZEN), how)()
        made = create(calling, timeout=20)
        calling.network.advance(60)
        assert calling.twilio.calls(made.sid).fetch().status == status
        assert calling.told("/voice/status")[-1]["CallStatus"] == status and not calling.told("/voice/out")

    @pytest.mark.parametrize("how, verdict", [("answers", "human"), ("has_a_machine", "machine_start")])
    def test_machines_are_told_from_people(self, calling: Product, how: str, verdict: str):
        getattr(calling.network.phone(CITIZEN), how)()
        create(calling, machine_detection="Enable")
        calling.network.advance(60)
        assert calling.told("/voice/out")[0]["AnsweredBy"] == verdict

    def test_and_without_making_a_person_wait(self, calling: Product):
        calling.network.phone(CITIZEN).answers(after=1)
        create(
            calling, machine_detection="Enable", async_amd="true",
            async_amd_status_callback=f"{BASE}/voice/amd",
        )  # fmt: skip
        calling.network.advance(1)
        assert "AnsweredBy" not in calling.told("/voice/out")[0] and calling.told("/voice/amd") == []
        calling.network.advance(10)
        assert calling.told("/voice/amd")[0]["AnsweredBy"] == "human"

    def test_a_person_follows_a_script(self, calling: Product):
        calling.pages["/voice/out"] = twiml(
            f'<Gather numDigits="1" action="{BASE}/voice/rated"><Say>满意请按一</Say></Gather><Say>再见</Say>'
        )
        calling.pages["/voice/rated"] = twiml("<Say>谢谢</Say><Pause length='60'/>")
        steps = [Step(hearing="满意请按一", keys="1", after=2), Step(hearing="谢谢", hangs_up=True)]
        calling.network.phone(CITIZEN).answers(then=steps)
        made = create(calling)
        calling.network.advance(30)
        assert calling.told("/voice/rated")[0]["Digits"] == "1"
        assert calling.network.calls[made.sid].ended_by == "far end"

    def test_one_a_second_is_called_and_the_others_queue(self, calling: Product):
        made = [create(calling) for _ in range(3)]
        assert [one.queue_time for one in made] == ["0", "1000", "2000"]
        calling.network.advance(0.5)
        assert [one.status for one in calling.network.calls.values()] == ["ringing", "queued", "queued"]
        calling.network.advance(2)
        assert {one.status for one in calling.network.calls.values()} == {"ringing"}

    def test_is_moved_and_ended(self, calling: Product):
        calling.network.phone(CITIZEN).answers()
        made = create(calling)
        with pytest.raises(TwilioRestException) as early:
            calling.twilio.calls(made.sid).update(url=f"{BASE}/voice/next")
        calling.network.advance(5)
        calling.twilio.calls(made.sid).update(twiml=twiml("<Say>新的</Say><Pause length='9'/>"))
        calling.network.advance(2)
        assert calling.network.calls[made.sid].transcript.endswith("新的")
        calling.twilio.calls(made.sid).update(status="completed")
        assert calling.twilio.calls(made.sid).fetch().status == "completed"
        with pytest.raises(TwilioRestException) as late:
            calling.twilio.calls(made.sid).update(status="completed")
        assert early.value.code == late.value.code == 21220

    def test_one_that_is_moved_while_it_asks_never_sees_the_answer(self, calling: Product):
        def moves(form):
            calling.twilio.calls(form["CallSid"]).update(twiml=twiml("<Say>新的</Say><Pause length='9'/>"))
            return twiml("<Say>旧的</Say>")

        calling.pages |= {"/voice/out": twiml(f"<Redirect>{BASE}/voice/next</Redirect>"), "/voice/next": moves}
        calling.network.phone(CITIZEN).answers()
        made = create(calling)
        calling.network.advance(5)
        assert calling.network.calls[made.sid].transcript == "新的"

    def test_a_ringing_one_is_cancelled(self, calling: Product):
        made = create(calling)
        calling.network.advance(1)
        calling.twilio.calls(made.sid).update(status="canceled")
        assert calling.network.calls[made.sid].state == "canceled"

    def test_are_listed_by_what_is_known(self, calling: Product):
        made = [create(calling) for _ in range(60)]
        start = calling.network.clock.now()
        assert len(calling.twilio.calls.list(to=CITIZEN)) == 60
        assert len(calling.twilio.calls.list(to=CITIZEN, limit=7)) == 7
        assert calling.twilio.calls.list(to="+8613800000009", limit=5) == []
        assert len(calling.twilio.calls.list(start_time_after=start - timedelta(days=1), limit=99)) == len(made)
        assert calling.twilio.calls.list(start_time_after=start + timedelta(days=2), limit=5) == []

    def test_events_joined_by_blanks_are_a_fault(self):
        product = Product()
        product.twilio.calls.create(
            to=CITIZEN, from_=HOTLINE, url=f"{BASE}/voice/out", status_callback_event=["initiated answered"]
        )
        assert "blanks" in product.network.faults[0]


class TestErrors:
    @pytest.mark.parametrize(
        "values, code",
        [
            ({"to": "12345", "from_": HOTLINE, "url": BASE}, 21211),
            ({"to": CITIZEN, "from_": "+861000000000", "url": BASE}, 21210),
            ({"to": CITIZEN, "from_": HOTLINE}, 21205),
        ],
    )
    def test_of_calls(self, product: Product, values: dict, code: int):
        with pytest.raises(TwilioRestException) as refused:
            product.twilio.calls.create(**values)
        assert refused.value.code == code and refused.value.status == 400

    def test_what_is_not_there(self, product: Product):
        for ask in (
            product.twilio.calls("CA" + "0" * 32).fetch, product.twilio.recordings("RE" + "0" * 32).delete,
            product.twilio.conferences("CF" + "0" * 32).fetch, product.twilio.messages("SM" + "0" * 32).fetch,
            product.twilio.queues("QU" + "0" * 32).fetch, product.twilio.applications("AP" + "0" * 32).fetch,
        ):  # fmt: skip
            with pytest.raises(TwilioRestException) as refused:
                ask()
            assert (refused.value.status, refused.value.code) == (404, 20404)

    def test_a_wrong_password(self, product: Product):
        stranger = Client(ACCOUNT, "wrong", http_client=product.http)
        with pytest.raises(TwilioRestException) as refused:
            stranger.calls("CA" + "0" * 32).fetch()
        assert (refused.value.status, refused.value.code) == (401, 20003)

    def test_a_conference_ends_once(self, product: Product):
        product.pages["/voice/in"] = twiml("<Dial><Conference>c-1</Conference></Dial>")
        product.network.phone(CITIZEN).dial(HOTLINE)
        product.network.advance(1)
        sid = product.network.conference("c-1").sid
        assert product.twilio.conferences(sid).update(status="completed").status == "completed"
        with pytest.raises(TwilioRestException) as refused:
            product.twilio.conferences(sid).update(status="completed")
        assert refused.value.status == 400

    def test_mishaps(self, calling: Product):
        rest = calling.network.rest
        rest.goes_wrong("refused")
        with pytest.raises(TwilioRestException) as refused:
            create(calling)
        assert refused.value.status == 429 and calling.network.calls == {}
        rest.goes_wrong("timeout", "/Calls")
        with pytest.raises(ReadTimeout):
            create(calling)
        assert len(calling.network.calls) == 1
        rest.goes_wrong("error", "/Calls")
        with pytest.raises(TwilioRestException) as broken:
            create(calling)
        assert broken.value.status == 500 and len(calling.network.calls) == 2
        rest.goes_wrong("slow")
        hasty = Client(ACCOUNT, TOKEN, http_client=SimulatedHttp(rest, timeout=5))
        with pytest.raises(ReadTimeout):
            hasty.calls.list(limit=1)
        assert len(hasty.calls.list(limit=9)) == 2


@pytest.fixture
def talking(calling: Product) -> Iterator[Product]:
    calling.network.phone(CITIZEN).answers(after=1)
    calling.pages["/voice/out"] = twiml("<Pause length='600'/>")
    create(calling)
    calling.network.advance(1)
    yield calling


class TestRecordings:
    def test_run_from_start_to_hang_up_without_the_pause(self, talking: Product):
        [leg] = talking.network.calls.values()
        call = talking.twilio.calls(leg.sid)
        made = call.recordings.create(
            recording_channels="dual", recording_status_callback=f"{BASE}/voice/recording",
            recording_status_callback_event=["in-progress", "completed"],
        )  # fmt: skip
        talking.network.advance(10)
        call.recordings("Twilio.CURRENT").update(status="paused", pause_behavior="skip")
        talking.network.advance(30)
        assert call.recordings("Twilio.CURRENT").update(status="in-progress").status == "in-progress"
        talking.network.advance(5)
        leg.hang_up()
        assert [one["RecordingStatus"] for one in talking.told("/voice/recording")] == ["in-progress"]
        talking.network.advance(10)
        done = talking.told("/voice/recording")[-1]
        assert (done["RecordingStatus"], done["RecordingDuration"], done["RecordingChannels"]) == (
            "completed", "15", "2",
        )  # fmt: skip
        assert talking.twilio.recordings(made.sid).fetch().duration == "15"
        assert len(talking.http.download(f"{done['RecordingUrl']}.wav")) == 44 + 15 * 8000 * 2 * 2
        assert talking.twilio.recordings(made.sid).delete()
        with pytest.raises(FileNotFoundError):
            talking.http.download(f"{done['RecordingUrl']}.wav")

    def test_a_pause_may_leave_silence(self, talking: Product):
        [leg] = talking.network.calls.values()
        call = talking.twilio.calls(leg.sid)
        made = call.recordings.create()
        call.recordings(made.sid).update(status="paused", pause_behavior="silence")
        talking.network.advance(30)
        call.recordings(made.sid).update(status="stopped")
        talking.network.advance(5)
        assert [one.duration for one in talking.twilio.recordings.list(call_sid=leg.sid, limit=3)] == ["30"]

    def test_a_call_that_is_over_is_not_recorded(self, talking: Product):
        [leg] = talking.network.calls.values()
        leg.hang_up()
        with pytest.raises(TwilioRestException) as refused:
            talking.twilio.calls(leg.sid).recordings.create()
        assert refused.value.code == 21220


class TestQueues:
    def test_members_are_seen_and_taken_out(self, product: Product):
        product.pages |= {
            "/voice/in": twiml(f'<Enqueue action="{BASE}/voice/left">hotline</Enqueue>'),
            "/voice/left": twiml(""), "/voice/join": twiml("<Say>接通</Say>"),
        }  # fmt: skip
        legs = [product.network.phone(f"+861380000000{number}").dial(HOTLINE) for number in (1, 2)]
        product.network.advance(9)
        [queue] = product.twilio.queues.list(limit=5)
        assert queue.friendly_name == "hotline" and queue.current_size == 2
        members = product.twilio.queues(queue.sid).members
        assert [(one.call_sid, one.position, one.wait_time) for one in members.list(limit=5)] == [
            (legs[0].sid, 1, 9), (legs[1].sid, 2, 9),
        ]  # fmt: skip
        members("Front").update(url=f"{BASE}/voice/join")
        product.network.advance(1)
        assert legs[0].transcript.endswith("接通") and legs[1].state == "in-progress"
        assert product.told("/voice/left")[0]["QueueResult"] == "redirected"


class TestTheAccount:
    def test_tells_what_it_owns(self, product: Product):
        [number] = product.twilio.incoming_phone_numbers.list(phone_number=HOTLINE, limit=3)
        assert number.voice_url == f"{BASE}/voice/in" and number.voice_fallback_url == f"{BASE}/voice/fallback"
        [app] = product.twilio.applications.list(limit=3)
        assert product.twilio.applications(app.sid).fetch().voice_url == f"{BASE}/voice/operator"
        assert product.twilio.api.accounts(ACCOUNT).fetch().status == "active"


class TestTheDescription:
    def test_what_fits_is_no_fault(self, description: Path):
        product = Product(spec=Spec(description))
        product.network.phone(CITIZEN).answers()
        made = product.twilio.calls.create(
            to=CITIZEN, from_=HOTLINE, url=f"{BASE}/voice/out", status_callback_event=EVENTS, record=True,
            timeout=20, machine_detection="Enable",
        )  # fmt: skip
        product.pages["/voice/out"] = twiml("<Dial><Conference>c-1</Conference></Dial>")
        product.network.advance(20)
        conference = product.twilio.conferences(product.network.conference("c-1").sid)
        conference.participants(made.sid).update(hold=True, hold_url=f"{BASE}/voice/hold")
        conference.participants.create(to=CITIZEN, from_=HOTLINE, label="dept-3", end_conference_on_exit=False)
        current = product.twilio.calls(made.sid).recordings("Twilio.CURRENT")
        current.update(status="paused", pause_behavior="silence")
        product.twilio.calls.list(status="in-progress", limit=5)
        product.twilio.messages.create(to=CITIZEN, from_=HOTLINE, body="您好")
        product.twilio.incoming_phone_numbers.list(limit=1)
        assert product.network.faults == []

    @pytest.mark.parametrize(
        "method, path, pairs, misfit",
        [
            ("POST", "Calls/CA{0}.json", [("Status", "in-progress")], "none of"),
            ("POST", "Calls/CA12.json", [], "not like"),
            ("POST", "Calls/CA{0}.json", [("Url", "next")], "no uri"),
            ("POST", "Calls.json", [("To", CITIZEN)], "From is missing"),
            ("POST", "Calls.json", [("To", CITIZEN), ("From", HOTLINE), ("Timeout", "1.5")], "no integer"),
            ("POST", "Calls.json", [("To", CITIZEN), ("From", HOTLINE), ("Record", "True")], "no boolean"),
            ("POST", "Calls.json", [("To", CITIZEN), ("To", CITIZEN), ("From", HOTLINE)], "2 times"),
            ("POST", "Conferences/CF{0}/Participants/op-7.json", [("Status", "completed")], "not a parameter"),
            ("GET", "Calls.json", [("PageSize", "5000")], "above"),
            ("GET", "Telephones.json", [], "no such path"),
        ],
    )
    def test_what_does_not_fit_is(self, description: Path, method: str, path: str, pairs: list, misfit: str):
        product = Product(spec=Spec(description))
        full = f"/2010-04-01/Accounts/{ACCOUNT}/{path.format('0' * 32)}"
        product.network.rest.handle(method, full, pairs, (ACCOUNT, TOKEN))
        assert any(misfit in fault for fault in product.network.faults), product.network.faults


