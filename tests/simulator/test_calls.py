"""A caller's way through a hotline: menus, the queue, a conference, voicemail."""

import pytest
from tiny_product import APP, BASE, HOTLINE, Product, twiml
from twilio.base.exceptions import TwilioRestException

from simulator.control import doing_of

ROOM = (
    '<Dial action="{base}/voice/after"><Conference participantLabel="{label}" endConferenceOnExit="{ends}"'
    ' beep="false" statusCallback="{base}/voice/conf" statusCallbackEvent="start end join leave mute hold">'
    "c-1</Conference></Dial>"
)


def room(label: str, ends: bool) -> str:
    return twiml(ROOM.format(base=BASE, label=label, ends=str(ends).lower()))


@pytest.fixture
def hotline(product: Product) -> Product:
    """Menu, queue and conference, as a hotline has them."""
    product.pages |= {
        "/voice/in": twiml(
            f'<Gather numDigits="1" timeout="3" action="{BASE}/voice/menu">'
            "<Say>您好，办件查询请按三</Say></Gather>"
            f"<Redirect>{BASE}/voice/enqueue</Redirect>"
        ),
        "/voice/menu": twiml(f"<Say>查询</Say><Redirect>{BASE}/voice/enqueue</Redirect>"),
        "/voice/enqueue": twiml(
            f'<Enqueue action="{BASE}/voice/left" waitUrl="{BASE}/voice/wait">hotline</Enqueue>'
            f"<Redirect>{BASE}/voice/voicemail</Redirect>"
        ),
        "/voice/wait": twiml(f"<Play>{BASE}/hold.mp3</Play>"),
        "/voice/left": twiml(""),
        "/voice/operator": room("op-7", False),
        "/voice/join": room("caller", True),
        "/voice/after": twiml("<Hangup/>"),
        "/voice/voicemail": twiml(
            f'<Say>请留言</Say><Record maxLength="60" timeout="4" action="{BASE}/voice/done"'
            f' recordingStatusCallback="{BASE}/voice/recording"/><Say>没有留言</Say>'
        ),
        "/voice/done": twiml("<Say>谢谢</Say><Hangup/>"),
    }
    return product


class TestMenus:
    def test_the_first_request_comes_before_the_answer(self, hotline: Product):
        call = hotline.network.phone("+8613800000001").dial(HOTLINE)
        assert call.state == "ringing"
        hotline.network.advance(0)
        [first] = hotline.told("/voice/in")
        assert first["CallStatus"] == "ringing" and first["Direction"] == "inbound"
        assert first["From"] == first["Caller"] == "+8613800000001" and first["To"] == HOTLINE
        assert call.state == "in-progress" and call.transcript == "您好，办件查询请按三"

    def test_a_key_interrupts_the_prompt(self, hotline: Product):
        call = hotline.network.phone("+8613800000001").dial(HOTLINE)
        hotline.network.advance(0.5)
        call.press("3")
        hotline.network.advance(0)
        [chosen] = hotline.told("/voice/menu")
        assert chosen["Digits"] == "3" and chosen["CallStatus"] == "in-progress"

    def test_no_key_falls_through(self, hotline: Product):
        hotline.network.phone("+8613800000001").dial(HOTLINE)
        hotline.network.advance(10)
        assert "/voice/menu" not in hotline.paths() and hotline.paths()[1] == "/voice/enqueue"

    def test_several_digits_end_with_the_finishing_key_or_silence(self, product: Product):
        product.pages["/voice/in"] = twiml(
            f'<Gather timeout="4" action="{BASE}/voice/number"><Say>编号</Say></Gather><Hangup/>'
        )
        product.pages["/voice/number"] = twiml("<Hangup/>")
        for keys in ("120#", "45"):
            call = product.network.phone("+8613800000001").dial(HOTLINE)
            product.network.advance(1)
            call.press(keys)
            product.network.advance(10)
        assert [(one["Digits"], one["FinishedOnKey"]) for one in product.told("/voice/number")] == [
            ("120", "#"), ("45", ""),
        ]  # fmt: skip

    def test_nothing_entered_is_told_only_on_request(self, product: Product):
        product.pages["/voice/in"] = twiml(
            f'<Gather timeout="2" action="{BASE}/voice/number" actionOnEmptyResult="true"/><Say>nie</Say>'
        )
        product.pages["/voice/number"] = twiml("<Hangup/>")
        call = product.network.phone("+8613800000001").dial(HOTLINE)
        product.network.advance(3)
        assert product.told("/voice/number")[0]["Digits"] == "" and "nie" not in call.transcript

    def test_keys_of_a_call_that_is_over_are_a_mistake_of_the_test(self, hotline: Product):
        call = hotline.network.phone("+8613800000001").dial(HOTLINE)
        call.hang_up()
        with pytest.raises(ValueError, match="no-answer"):
            call.press("1")

    def test_a_withheld_number_and_a_rejected_call(self, product: Product):
        product.pages["/voice/in"] = twiml('<Reject reason="busy"/>')
        call = product.network.phone("+8613800000001").dial(HOTLINE, withheld=True)
        product.network.advance(0)
        assert product.told("/voice/in")[0]["From"] == "anonymous"
        assert call.state == "busy" and call.answered_at is None and call.heard == []

    def test_speech_takes_its_time(self, product: Product):
        product.pages["/voice/in"] = twiml(f"<Say>一二三四五</Say><Play>{BASE}/a.mp3</Play><Pause length='2'/>")
        product.network.durations[f"{BASE}/a.mp3"] = 7
        call = product.network.phone("+8613800000001").dial(HOTLINE)
        product.network.advance(60)
        assert call.seconds == 1 + 7 + 2 and call.ended_by == "twiml"

    def test_the_number_hears_of_the_end_and_of_nothing_else(self, hotline: Product):
        call = hotline.network.phone("+8613800000001").dial(HOTLINE)
        hotline.network.advance(12)
        call.hang_up()
        hotline.network.advance(0)
        [ended] = hotline.told("/voice/ended")
        assert ended["CallStatus"] == "completed" and ended["CallDuration"] == "12" and ended["Duration"] == "1"


class TestTheQueue:
    def test_waits_with_music_and_its_place(self, hotline: Product):
        for number in ("+8613800000001", "+8613800000002"):
            hotline.network.phone(number).dial(HOTLINE)
        hotline.network.advance(20)
        waits = hotline.told("/voice/wait")
        assert {wait["QueuePosition"] for wait in waits} == {"1", "2"}
        assert waits[-1]["CurrentQueueSize"] == "2" and int(waits[-1]["QueueTime"]) >= 5

    def test_hanging_up_there_is_told_to_the_action_and_to_the_number(self, hotline: Product):
        call = hotline.network.phone("+8613800000001").dial(HOTLINE)
        hotline.network.advance(30)
        call.hang_up()
        hotline.network.advance(0)
        [left] = hotline.told("/voice/left")
        assert left["QueueResult"] == "hangup" and left["CallStatus"] == "completed"
        assert len(hotline.told("/voice/ended")) == 1 and hotline.network.queue("hotline").entries == []

    def test_a_key_in_the_waiting_music_may_leave_it(self, hotline: Product):
        hotline.pages["/voice/wait"] = twiml(
            f'<Gather numDigits="1" timeout="1" action="{BASE}/voice/waitkey">'
            f"<Play>{BASE}/hold.mp3</Play></Gather>"
        )
        hotline.pages["/voice/waitkey"] = twiml("<Say>好的</Say><Leave/>")
        hotline.pages["/voice/left"] = twiml("<Say>再见</Say>")
        call = hotline.network.phone("+8613800000001").dial(HOTLINE)
        hotline.network.advance(15)
        call.press("1")
        hotline.network.advance(5)
        assert hotline.told("/voice/left")[0]["QueueResult"] == "leave"
        assert call.transcript.endswith("好的\n再见") and call.state == "completed"

    def test_a_full_one_says_so(self, hotline: Product):
        hotline.network.queue("hotline").max_size = 1
        hotline.pages["/voice/left"] = lambda form: twiml(f"<Say>{form['QueueResult']}</Say>")
        calls = [hotline.network.phone(f"+861380000000{number}").dial(HOTLINE) for number in (1, 2)]
        hotline.network.advance(20)
        assert "queue-full" in calls[1].transcript and calls[0].state == "in-progress"

    def test_without_an_action_what_follows_is_played(self, hotline: Product):
        hotline.network.queue("hotline").max_size = 0
        hotline.pages["/voice/enqueue"] = twiml("<Enqueue>hotline</Enqueue><Say>请留言</Say>")
        call = hotline.network.phone("+8613800000001").dial(HOTLINE)
        hotline.network.advance(20)
        assert "请留言" in call.transcript


class TestTheConference:
    def talk(self, hotline: Product):
        caller = hotline.network.phone("+8613800000001").dial(HOTLINE)
        hotline.network.advance(20)
        operator = hotline.network.browser("op_7").connect(APP, {"t": "token"})
        hotline.network.advance(1)
        hotline.twilio.calls(caller.sid).update(url=f"{BASE}/voice/join")
        hotline.network.advance(30)
        return caller, operator

    def test_caller_and_operator_meet(self, hotline: Product):
        caller, operator = self.talk(hotline)
        [asked] = hotline.told("/voice/operator")
        assert asked["From"] == "client:op_7" and asked["t"] == "token" and asked["ApplicationSid"] == APP
        assert [left["QueueResult"] for left in hotline.told("/voice/left")] == ["redirected"]
        events = [(one["StatusCallbackEvent"], one.get("ParticipantLabel")) for one in hotline.told("/voice/conf")]
        assert events == [
            ("participant-join", "op-7"), ("participant-join", "caller"), ("conference-start", None),
        ]  # fmt: skip
        caller.hang_up()
        hotline.network.advance(0)
        assert operator.state == "completed" and hotline.network.truth.talk_seconds(caller.sid) == 30

    def test_the_end_says_who_ended_it(self, hotline: Product):
        caller, operator = self.talk(hotline)
        caller.hang_up()
        hotline.network.advance(0)
        told = hotline.told("/voice/conf")
        assert [int(one["SequenceNumber"]) for one in told] == list(range(1, len(told) + 1))
        assert told[-1]["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
        assert told[-1]["CallSidEndingConference"] == caller.sid
        leaves = [one for one in told if one["StatusCallbackEvent"] == "participant-leave"]
        assert {one["CallSid"]: one["ReasonParticipantLeft"] for one in leaves} == {
            caller.sid: "participant_hung_up", operator.sid: "moderator_ended_conference",
        }  # fmt: skip
        assert hotline.told("/voice/after")[-1]["DialCallStatus"] == "completed"

    def test_a_browser_that_vanishes_leaves_the_caller_there(self, hotline: Product):
        caller, operator = self.talk(hotline)
        operator.vanish()
        hotline.network.advance(5)
        assert operator.state == "in-progress"
        hotline.network.advance(5)
        assert operator.state == "completed" and caller.state == "in-progress"
        assert hotline.told("/voice/conf")[-1]["ReasonParticipantLeft"] == "participant_hung_up"

    def test_hold_parts_the_two_and_plays_music(self, hotline: Product):
        caller, operator = self.talk(hotline)
        [conference] = hotline.twilio.conferences.list(friendly_name="c-1", status="in-progress", limit=5)
        hotline.pages["/voice/hold"] = twiml("<Say>请稍候</Say><Pause length='5'/>")
        participant = hotline.twilio.conferences(conference.sid).participants("caller")
        assert participant.update(hold=True, hold_url=f"{BASE}/voice/hold").hold is True
        hotline.network.advance(20)
        assert caller.transcript.count("请稍候") > 1 and doing_of(caller) == "held"
        participant.update(hold=False)
        hotline.network.advance(10)
        assert doing_of(caller) == "talking"
        heard = len(caller.heard)
        hotline.network.advance(20)
        assert len(caller.heard) == heard
        events = [one["StatusCallbackEvent"] for one in hotline.told("/voice/conf")][-2:]
        assert events == ["participant-hold", "participant-unhold"]
        operator.hang_up()
        assert [talk.seconds for talk in hotline.network.truth.talks] == [30, 30]

    def test_a_third_party_is_called_in_and_taken_out(self, hotline: Product):
        caller, operator = self.talk(hotline)
        [conference] = hotline.twilio.conferences.list(friendly_name="c-1", limit=5)
        room = hotline.twilio.conferences(conference.sid)
        hotline.network.phone("+865461110000").answers(after=3)
        added = room.participants.create(from_=HOTLINE, to="+865461110000", label="dept-3", timeout=30)
        hotline.network.advance(10)
        assert room.participants("dept-3").fetch().status == "connected"
        with pytest.raises(TwilioRestException) as refused:
            room.participants.create(from_=HOTLINE, to="+865461110000", label="dept-3")
        assert refused.value.code == 16025
        room.participants("op-7").delete()
        hotline.network.advance(0)
        assert operator.state == "completed" and caller.state == "in-progress"
        assert {one.label for one in room.participants.list(limit=9)} == {"caller", "dept-3"}
        room.participants("dept-3").delete()
        hotline.network.advance(0)
        assert hotline.network.calls[added.call_sid].state == "completed"

    def test_moving_the_caller_takes_the_room_down(self, hotline: Product):
        caller, operator = self.talk(hotline)
        hotline.pages["/voice/survey"] = twiml("<Say>满意请按一</Say>")
        hotline.twilio.calls(caller.sid).update(url=f"{BASE}/voice/survey")
        hotline.network.advance(0)
        assert operator.state == "completed" and "满意请按一" in caller.transcript

    def test_who_waits_alone_hears_music_until_it_starts(self, hotline: Product):
        hotline.pages["/voice/in"] = twiml(
            f'<Dial><Conference startConferenceOnEnter="false" waitUrl="{BASE}/voice/hold">c-1</Conference></Dial>'
        )
        hotline.pages["/voice/hold"] = twiml("<Say>等待</Say>")
        caller = hotline.network.phone("+8613800000001").dial(HOTLINE)
        hotline.network.advance(5)
        assert "等待" in caller.transcript and hotline.network.conference("c-1").status == "init"
        hotline.network.browser("op_7").connect(APP)
        hotline.network.advance(1)
        heard = len(caller.heard)
        hotline.network.advance(30)
        assert len(caller.heard) == heard and hotline.network.conference("c-1").status == "in-progress"

    def test_an_announcement_is_heard_once(self, hotline: Product):
        caller, _ = self.talk(hotline)
        hotline.pages["/voice/say"] = twiml("<Say>本次通话将被录音</Say>")
        [conference] = hotline.twilio.conferences.list(limit=5)
        participant = hotline.twilio.conferences(conference.sid).participants(caller.sid)
        participant.update(announce_url=f"{BASE}/voice/say")
        hotline.network.advance(30)
        assert caller.transcript.count("本次通话将被录音") == 1


class TestDialling:
    def dials(self, product: Product, more: str = "") -> None:
        product.pages["/voice/in"] = twiml(
            f'<Dial timeout="20" {more}><Number>+865461110000</Number></Dial><Say>之后</Say>'
        )

    def test_a_number_that_answers(self, product: Product):
        self.dials(product)
        product.network.phone("+865461110000").answers(after=3)
        caller = product.network.phone("+8613800000001").dial(HOTLINE)
        product.network.advance(13)
        [called] = product.network.phone("+865461110000").calls
        assert called.direction == "outbound-dial" and called.parent is caller
        called.hang_up()
        product.network.advance(5)
        assert caller.transcript.endswith("之后")
        assert product.network.truth.talk_seconds(caller.sid) == 10

    @pytest.mark.parametrize("how, status", [("is_busy", "busy"), ("does_not_answer", "no-answer")])
    def test_a_number_that_does_not(self, product: Product, how: str, status: str):
        self.dials(product, f'action="{BASE}/voice/done"')
        product.pages["/voice/in"] = str(product.pages["/voice/in"]).replace("<Say>之后</Say>", "")
        product.pages["/voice/done"] = twiml("<Hangup/>")
        getattr(product.network.phone("+865461110000"), how)()
        product.network.phone("+8613800000001").dial(HOTLINE)
        product.network.advance(25)
        assert [done["DialCallStatus"] for done in product.told("/voice/done")] == [status]

    def test_the_caller_gives_up_while_it_rings(self, product: Product):
        self.dials(product)
        caller = product.network.phone("+8613800000001").dial(HOTLINE)
        product.network.advance(5)
        caller.hang_up()
        product.network.advance(0)
        [called] = product.network.phone("+865461110000").calls
        assert called.state == "canceled"

    def test_a_browser_gets_its_parameters(self, product: Product):
        product.pages["/voice/in"] = twiml(
            '<Dial><Client><Identity>op_7</Identity><Parameter name="call" value="42"/></Client></Dial>'
        )
        product.network.phone("+8613800000001").dial(HOTLINE)
        product.network.advance(1)
        [ringing] = product.network.browser("op_7").calls
        assert ringing.state == "ringing" and ringing.parameters == {"call": "42"}
        ringing.pick_up()
        assert ringing.state == "in-progress"

    def test_the_next_in_the_queue_hears_a_whisper_first(self, hotline: Product):
        hotline.pages["/voice/operator"] = twiml(f'<Dial><Queue url="{BASE}/voice/whisper">hotline</Queue></Dial>')
        hotline.pages["/voice/whisper"] = twiml("<Say>即将接通</Say>")
        caller = hotline.network.phone("+8613800000001").dial(HOTLINE)
        hotline.network.advance(20)
        operator = hotline.network.browser("op_7").connect(APP)
        hotline.network.advance(10)
        [whisper] = hotline.told("/voice/whisper")
        assert whisper["DequeingCallSid"] == operator.sid and "即将接通" in caller.transcript
        operator.hang_up()
        hotline.network.advance(0)
        assert [left["QueueResult"] for left in hotline.told("/voice/left")] == ["bridged"]
        assert hotline.network.truth.talk_seconds(caller.sid) > 5


class TestVoicemail:
    def test_what_was_said_is_kept(self, hotline: Product):
        hotline.network.own(HOTLINE, voice_url=f"{BASE}/voice/voicemail")
        call = hotline.network.phone("+8613800000001").dial(HOTLINE)
        hotline.network.advance(1)
        call.speak(20)
        hotline.network.advance(30)
        [done], [kept] = hotline.told("/voice/done"), hotline.told("/voice/recording")
        assert done["RecordingDuration"] == kept["RecordingDuration"] == "20"
        assert kept["RecordingStatus"] == "completed" and kept["RecordingSource"] == "RecordVerb"
        assert call.transcript.endswith("谢谢")
        assert len(hotline.http.download(f"{kept['RecordingUrl']}.wav")) == 44 + 20 * 8000 * 2

    def test_silence_leaves_nothing(self, hotline: Product):
        hotline.network.own(HOTLINE, voice_url=f"{BASE}/voice/voicemail")
        call = hotline.network.phone("+8613800000001").dial(HOTLINE)
        hotline.network.advance(30)
        assert "没有留言" in call.transcript and hotline.network.recordings.all == {}

    def test_a_caller_who_hangs_up_is_kept_too(self, hotline: Product):
        hotline.network.own(HOTLINE, voice_url=f"{BASE}/voice/voicemail")
        call = hotline.network.phone("+8613800000001").dial(HOTLINE)
        hotline.network.advance(2)
        call.speak(60)
        hotline.network.advance(7)
        call.hang_up()
        hotline.network.advance(10)
        assert hotline.told("/voice/done")[0]["Digits"] == "hangup"
        assert len(hotline.told("/voice/recording")) == 1
