"""The lint: what the builders of the twilio package let through."""

import pytest
from tiny_product import BASE, twiml
from twilio.twiml.voice_response import Dial, VoiceResponse

from simulator.lint import lint
from simulator.vocabulary import TEXT, VOICE

VOICES = {("Polly.Zhiyu", "cmn-CN")}
GOOD = f'<Redirect method="POST">{BASE}/voice/next</Redirect>'


class TestTheVocabulary:
    def test_holds_the_verbs_of_the_package(self):
        verbs = VOICE["Response"].children
        assert len(verbs) >= 20
        assert {"Say", "Play", "Gather", "Enqueue", "Dial", "Record", "Redirect", "Leave"} <= verbs
        assert VOICE["Gather"].children == {"Say", "Play", "Pause"}
        assert {"Number", "Client", "Conference", "Queue"} <= VOICE["Dial"].children
        assert {"waitUrl", "waitUrlMethod", "maxQueueSize"} <= VOICE["Enqueue"].attributes
        assert {"name", "value"} <= VOICE["Parameter"].attributes
        assert TEXT["Response"].children == {"Message", "Redirect"}

    def test_text_is_no_attribute(self):
        assert "message" not in VOICE["Say"].attributes and "name" not in VOICE["Conference"].attributes


def dialled() -> str:
    response = VoiceResponse()
    response.say("您好", voice="Polly.Zhiyu", language="cmn-CN")
    dial = Dial(action=f"{BASE}/voice/done", time_limit=7200)
    dial.conference(
        "c-8a6e0804-2bd0-4672-b79d-d97027f9071a", participant_label="op-7", beep=False,
        status_callback=f"{BASE}/voice/conf#rc=2&rp=ct,rt,5xx", status_callback_event="start end join leave",
    )  # fmt: skip
    response.append(dial)
    return str(response)


@pytest.mark.parametrize(
    "document, context",
    [
        (dialled(), "call"), (twiml(GOOD), "call"), (twiml(""), "call"),
        (twiml('<Say voice="Polly.Zhiyu" language="cmn-CN">编号<break time="1s"/>一</Say><Leave/>'), "wait"),
        (twiml(f'<Gather action="{BASE}/x"><Play>{BASE}/hold.mp3</Play></Gather>'), "wait"),
        (twiml(f"<Play loop='0'>{BASE}/hold.mp3</Play>"), "hold"),
        (twiml(f'<Message statusCallback="{BASE}/sms/status">好<Media>{BASE}/a.png</Media></Message>'), "sms"),
    ],
)  # fmt: skip
def test_finds_nothing_in_what_is_good(document: str, context: str):
    assert lint(document, context=context, base=BASE, voices=VOICES, routes=lambda path: path != "/nowhere") == []


def _case(inner: str, finding: str, context: str = "call"):
    return pytest.param(twiml(inner), finding, context, id=finding)


@pytest.mark.parametrize(
    "document, finding, context",
    [
        pytest.param("<Response>", "not well-formed", "call"),
        pytest.param("<Response><Say>\x07</Say></Response>", "not well-formed", "call"),
        pytest.param("<response/>", "the root is <response>", "call"),
        _case(f"<!--{'x' * 66000}-->", "64 KB"),
        _case('<Enqueue waitMethod="POST">q</Enqueue>', "<Enqueue> has no attribute waitMethod"),
        _case(f'<Gather action="{BASE}/x"><Dial/></Gather>{GOOD}', "<Dial> cannot stand in <Gather>"),
        _case("<Sing/>", "<Sing> cannot stand in <Response>"),
        _case("<Dial><Conference>c</Conference></Dial>", "<Dial> cannot stand in a document for wait", "wait"),
        _case("<Leave/>", "<Leave> cannot stand in a document for hold", "hold"),
        _case(f'<Gather action="{BASE}/x"/>', "<Gather> cannot stand in a document for announce", "announce"),
        _case("<Say>x</Say>", "<Say> cannot stand in <Response>", "sms"),
        _case("<Redirect>/voice/next</Redirect>", "<Redirect text> is not absolute"),
        _case("<Redirect>https://city.example.evil/x</Redirect>", "lies outside"),
        _case(f"<Redirect>{BASE}/nowhere</Redirect>", "leads nowhere"),
        _case(f'<Enqueue waitUrl="wait" action="{BASE}/x">q</Enqueue>', "<Enqueue waitUrl> is not absolute"),
        _case("<Play>hold.mp3</Play>", "<Play> is not absolute"),
        _case(f'<Gather action="{BASE}/x"/>', "followed by nothing"),
        _case(f'<Dial action="{BASE}/x"/><Hangup/>', "<Hangup> after <Dial> is never reached"),
        _case(f"{GOOD}<Hangup/>", "<Hangup> after <Redirect> is never reached"),
        _case('<Say voice="alice" language="zh-CN">x</Say>', "voice and language ('alice', 'zh-CN')"),
        _case(f'<Say voice="Polly.Zhiyu" language="cmn-CN">{"x" * 4097}</Say>', "4097 characters"),
        _case(f"<Redirect>{BASE}/x?from=%2B8613800000001</Redirect>", "looks like a telephone number"),
        _case(f"<Redirect>{BASE}/x?from=13800000001</Redirect>", "looks like a telephone number"),
        _case("<Dial><Conference>c-05468012345</Conference></Dial>", "looks like a telephone number"),
    ],
)
def test_finds(document: str, finding: str, context: str):
    found = lint(document, context=context, base=BASE, voices=VOICES, routes=lambda path: path != "/nowhere")
    assert any(finding in one for one in found), found
