"""The rarer verbs and attributes, each where one can see that it does something."""

import pytest
from tiny_product import APP, BASE, HOTLINE, Product, twiml
from twilio.base.exceptions import TwilioRestException

CITIZEN, DEPARTMENT, OTHER = "+8613800000001", "+865461110000", "+865461110001"


def enter(product: Product, document: str, seconds: float = 10):
    product.pages["/voice/in"] = twiml(document)
    leg = product.network.phone(CITIZEN).dial(HOTLINE)
    product.network.advance(seconds)
    return leg


class TestDial:
    def test_the_first_who_answers_takes_the_call(self, product: Product):
        product.network.phone(DEPARTMENT).answers(after=4)
        product.network.phone(OTHER).answers(after=2)
        caller = enter(product, f"<Dial><Number>{DEPARTMENT}</Number><Number>{OTHER}</Number></Dial>")
        [late], [first] = product.network.phone(DEPARTMENT).calls, product.network.phone(OTHER).calls
        assert (late.state, first.state) == ("canceled", "in-progress")
        caller.hang_up()
        product.network.advance(0)
        assert first.state == "completed"

    def test_one_busy_line_does_not_end_the_ringing_of_the_other(self, product: Product):
        product.network.phone(DEPARTMENT).is_busy()
        product.network.phone(OTHER).answers(after=5)
        enter(product, f"<Dial><Number>{DEPARTMENT}</Number><Number>{OTHER}</Number></Dial><Say>没人</Say>")
        assert product.network.phone(OTHER).calls[0].state == "in-progress"

    def test_who_is_called_hears_a_whisper_and_may_refuse(self, product: Product):
        product.pages["/voice/whisper"] = twiml(
            f'<Gather numDigits="1" timeout="3" action="{BASE}/voice/accept"><Say>接听请按1</Say></Gather>'
            "<Hangup/>"
        )
        product.pages["/voice/accept"] = twiml("")
        product.network.phone(DEPARTMENT).answers(after=1)
        document = f'<Dial><Number url="{BASE}/voice/whisper">{DEPARTMENT}</Number></Dial><Say>没人</Say>'
        caller = enter(product, document, 20)
        assert caller.transcript == "没人" and product.network.truth.talks == []
        caller = enter(product, document, 2)
        product.network.phone(DEPARTMENT).calls[-1].press("1")
        product.network.advance(10)
        assert product.network.truth.is_talking(caller.sid)
        assert "接听请按1" not in caller.transcript

    def test_a_star_ends_the_talk(self, product: Product):
        product.network.phone(DEPARTMENT).answers(after=1)
        caller = enter(product, f'<Dial hangupOnStar="true"><Number>{DEPARTMENT}</Number></Dial><Say>之后</Say>')
        caller.press("5")
        product.network.advance(1)
        assert "之后" not in caller.transcript
        caller.press("*")
        product.network.advance(1)
        assert "之后" in caller.transcript and product.network.phone(DEPARTMENT).calls[0].is_over

    def test_so_does_the_time_limit(self, product: Product):
        product.network.phone(DEPARTMENT).answers(after=1)
        enter(product, f'<Dial timeLimit="60"><Number>{DEPARTMENT}</Number></Dial>', 100)
        assert [talk.seconds for talk in product.network.truth.talks] == [60]

    def test_a_call_may_stay_unanswered_until_the_bridge(self, product: Product):
        product.network.phone(DEPARTMENT).answers(after=6)
        caller = enter(product, f'<Dial answerOnBridge="true"><Number>{DEPARTMENT}</Number></Dial>', 5)
        assert caller.state == "ringing"
        product.network.advance(2)
        assert caller.state == "in-progress"

    def test_the_called_leg_reports_and_shows_the_number_it_is_told(self, product: Product):
        product.network.phone(DEPARTMENT).answers(after=1)
        enter(
            product,
            f'<Dial callerId="{HOTLINE}"><Number statusCallback="{BASE}/voice/dept"'
            f' statusCallbackEvent="ringing answered completed">{DEPARTMENT}</Number></Dial>',
        )
        told = product.told("/voice/dept")
        assert [one["CallStatus"] for one in told] == ["ringing", "in-progress"]
        assert told[0]["From"] == HOTLINE and told[0]["ParentCallSid"] == product.told("/voice/in")[0]["CallSid"]

    def test_a_called_leg_that_is_moved_leaves_the_caller_behind(self, product: Product):
        product.network.phone(DEPARTMENT).answers(after=1)
        caller = enter(product, f"<Dial><Number>{DEPARTMENT}</Number></Dial><Say>之后</Say>")
        [called] = product.network.phone(DEPARTMENT).calls
        product.twilio.calls(called.sid).update(twiml=twiml("<Say>问卷</Say><Pause length='60'/>"))
        product.network.advance(2)
        assert called.transcript == "问卷" and "之后" in caller.transcript

    def test_an_empty_queue_is_waited_for(self, product: Product):
        product.pages["/voice/operator"] = twiml('<Dial timeout="20"><Queue>q</Queue></Dial><Say>没有人</Say>')
        operator = product.network.browser("op_7").connect(APP)
        product.network.advance(10)
        caller = enter(product, "<Enqueue>q</Enqueue><Say>之后</Say>", 5)
        assert product.network.truth.is_talking(caller.sid)
        caller.hang_up()
        product.network.advance(30)
        assert operator.transcript == "没有人"


class TestRecordingVerbs:
    def test_run_between_start_and_stop(self, product: Product):
        enter(
            product,
            f'<Start><Recording name="talk" recordingStatusCallback="{BASE}/voice/recording"/></Start>'
            "<Pause length='7'/><Stop><Recording name='talk'/></Stop><Pause length='20'/>",
            20,
        )
        [told] = product.told("/voice/recording")
        assert (told["RecordingDuration"], told["RecordingChannels"]) == ("7", "2")

    def test_one_without_a_name_cannot_be_stopped(self):
        product = Product()
        enter(product, "<Start><Recording/></Start><Stop><Recording/></Stop>")
        assert product.network.faults == ["there is no recording named '' to stop"]

    def test_a_conference_is_recorded_while_people_talk(self, product: Product):
        product.pages["/voice/operator"] = twiml("<Dial><Conference>c-1</Conference></Dial>")
        caller = enter(
            product,
            '<Dial><Conference record="record-from-start" endConferenceOnExit="true"'
            f' recordingStatusCallback="{BASE}/voice/recording">c-1</Conference></Dial>',
            30,
        )
        product.network.browser("op_7").connect(APP)
        product.network.advance(12)
        caller.hang_up()
        product.network.advance(5)
        [told] = product.told("/voice/recording")
        assert told["RecordingDuration"] == "12" and told["RecordingSource"] == "Conference"
        assert told["ConferenceSid"].startswith("CF") and "CallSid" not in told

    def test_a_message_ends_with_a_key_or_at_its_longest(self, product: Product):
        product.pages["/voice/done"] = twiml("<Hangup/>")
        for keys, seconds in (("#", "3"), ("", "10")):
            leg = enter(product, f'<Record maxLength="10" finishOnKey="#" action="{BASE}/voice/done"/>', 0)
            leg.speak(60)
            product.network.advance(3)
            leg.press("5" + keys)
            product.network.advance(20)
            assert product.told("/voice/done")[-1]["RecordingDuration"] == seconds


class TestConferencesByRest:
    @pytest.fixture
    def room(self, product: Product):
        product.pages["/voice/operator"] = twiml(
            f'<Dial><Conference participantLabel="op-7" statusCallback="{BASE}/voice/conf"'
            ' statusCallbackEvent="join leave end mute modify announcement">c-1</Conference></Dial><Say>之后</Say>'
        )
        self.operator = product.network.browser("op_7").connect(APP)
        product.network.advance(1)
        self.caller = enter(product, '<Dial><Conference participantLabel="caller">c-1</Conference></Dial>')
        [found] = product.twilio.conferences.list(friendly_name="c-1", status="in-progress", limit=2)
        return product.twilio.conferences(found.sid)

    def events(self, product: Product) -> list[str]:
        return [one["StatusCallbackEvent"] for one in product.told("/voice/conf")]

    def test_everybody_hears_an_announcement(self, product: Product, room):
        product.pages["/voice/say"] = twiml("<Say>通话将结束</Say>")
        room.update(announce_url=f"{BASE}/voice/say")
        product.network.advance(5)
        assert "通话将结束" in self.caller.transcript and "通话将结束" in self.operator.transcript
        assert self.events(product).count("announcement-end") == 2

    def test_muting_both_leaves_silence(self, product: Product, room):
        for name in ("op-7", "caller"):
            room.participants(name).update(muted=True)
        assert not product.network.truth.is_talking(self.caller.sid)
        assert {one.label for one in room.participants.list(muted=True, limit=5)} == {"op-7", "caller"}
        room.participants("op-7").update(muted=False)
        assert product.network.truth.is_talking(self.caller.sid)
        product.network.advance(0)
        assert self.events(product)[-3:] == ["participant-mute", "participant-mute", "participant-unmute"]

    def test_ending_it_lets_the_calls_go_on(self, product: Product, room):
        room.update(status="completed")
        product.network.advance(5)
        assert self.operator.transcript.endswith("之后") and self.events(product)[-1] == "conference-end"
        assert product.told("/voice/conf")[-1]["ReasonConferenceEnded"] == "conference-ended-via-api"
        with pytest.raises(TwilioRestException) as gone:
            room.participants("caller").update(hold=True)
        assert gone.value.status == 404

    def test_a_removed_one_is_told_as_removed(self, product: Product, room):
        room.participants("op-7").update(end_conference_on_exit=True)
        room.participants("op-7").delete()
        product.network.advance(5)
        reasons = [one.get("ReasonParticipantLeft") for one in product.told("/voice/conf")]
        assert "participant_removed" in reasons and self.caller.is_over
        assert room.fetch().reason_conference_ended == "participant-with-end-conference-on-exit-kicked"

    def test_a_called_one_is_cancelled_while_it_rings(self, product: Product, room):
        callback = f"{BASE}/voice/dept"
        room.participants.create(from_=HOTLINE, to=DEPARTMENT, label="dept-3", status_callback=callback)
        product.network.advance(5)
        assert room.participants("dept-3").fetch().status == "ringing"
        room.participants("dept-3").delete()
        product.network.advance(1)
        assert product.told("/voice/dept")[0]["CallStatus"] == "canceled"
        with pytest.raises(TwilioRestException):
            room.participants("dept-3").fetch()

    def test_one_begins_with_its_first_called_participant(self, product: Product):
        product.network.phone(CITIZEN).answers(after=1)
        room = product.twilio.conferences("c-9")
        made = room.participants.create(from_=HOTLINE, to=CITIZEN, label="citizen", end_conference_on_exit=True)
        product.network.advance(5)
        assert product.network.conferences[made.conference_sid].name == "c-9"
        assert product.network.conferences[made.conference_sid].find("citizen").end_on_exit


def test_a_taken_label_keeps_a_second_one_out(product: Product):
    document = '<Dial><Conference participantLabel="caller">c-1</Conference></Dial><Say>之后</Say>'
    enter(product, document)
    second = enter(product, document)
    assert second.transcript == "之后" and product.network.failures[0][0] == "16025"
