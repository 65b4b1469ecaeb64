"""Text messages, there and back."""

import pytest
from tiny_product import BASE, HOTLINE, Product, twiml
from twilio.base.exceptions import TwilioRestException

from simulator.messages import segments_of
from simulator.post import Reply

CITIZEN = "+8613800000001"


def send(product: Product, body: str = "您的诉求已受理"):
    return product.twilio.messages.create(
        to=CITIZEN, from_=HOTLINE, body=body, status_callback=f"{BASE}/sms/status"
    )


class TestOutgoing:
    @pytest.mark.parametrize(
        "phone, told",
        [
            ("delivered", [("sent", None), ("delivered", None)]),
            ("undelivered", [("sent", None), ("undelivered", "30003")]),
            ("failed", [("failed", "30008")]),
        ],
    )
    def test_is_reported_on(self, product: Product, phone: str, told: list):
        product.network.phone(CITIZEN).sms = phone
        made = send(product)
        assert made.status == "queued" and product.told("/sms/status") == []
        product.network.advance(5)
        heard = [(one["MessageStatus"], one.get("ErrorCode")) for one in product.told("/sms/status")]
        assert heard == told and product.twilio.messages(made.sid).fetch().status == told[-1][0]
        assert len(product.network.phone(CITIZEN).inbox) == (phone == "delivered")
        assert product.network.truth.of(made.sid) == ["accepted", *(status for status, _ in told)]

    def test_one_who_opted_out_gets_none(self, product: Product):
        product.network.phone(CITIZEN).sms = "opted-out"
        with pytest.raises(TwilioRestException) as refused:
            send(product)
        assert refused.value.code == 21610 and product.network.messages.all == {}

    @pytest.mark.parametrize("to, from_, body, code", [
        ("12345", HOTLINE, "x", 21211), (CITIZEN, "+861111111111", "x", 21606), (CITIZEN, HOTLINE, "", 21602),
    ])  # fmt: skip
    def test_nonsense_is_refused(self, product: Product, to: str, from_: str, body: str, code: int):
        with pytest.raises(TwilioRestException) as refused:
            product.twilio.messages.create(to=to, from_=from_, body=body)
        assert refused.value.code == code

    @pytest.mark.parametrize("body, parts", [("中" * 70, 1), ("中" * 71, 2), ("中" * 135, 3), ("a" * 160, 1)])
    def test_is_cut_into_parts(self, body: str, parts: int):
        assert segments_of(body) == parts


class TestIncoming:
    def test_is_answered_by_the_product(self, product: Product):
        product.pages["/sms/in"] = lambda form: twiml(f"<Message>收到：{form['Body']}</Message>")
        phone = product.network.phone(CITIZEN)
        sid = phone.send(HOTLINE, " 20260302000123 ")
        product.network.advance(5)
        [asked] = product.told("/sms/in")
        assert asked["MessageSid"] == sid and asked["Body"] == " 20260302000123 " and asked["NumMedia"] == "0"
        assert [(one.from_, one.body) for one in phone.inbox] == [(HOTLINE, "收到： 20260302000123")]

    def test_may_be_answered_with_nothing_or_elsewhere(self, product: Product):
        product.pages["/sms/in"] = twiml("")
        product.network.phone(CITIZEN).send(HOTLINE, "你好")
        product.network.advance(5)
        assert product.network.phone(CITIZEN).inbox == []
        product.pages |= {
            "/sms/in": twiml(f"<Redirect>{BASE}/sms/next</Redirect>"),
            "/sms/next": twiml("<Message><Body>好</Body></Message>"),
        }
        product.network.phone(CITIZEN).send(HOTLINE, "你好")
        product.network.advance(5)
        assert [one.body for one in product.network.phone(CITIZEN).inbox] == ["好"]

    def test_has_a_fallback_or_is_gone(self, product: Product):
        product.pages |= {"/sms/in": Reply(500), "/sms/fallback": twiml("<Message>稍后再试</Message>")}
        product.network.phone(CITIZEN).send(HOTLINE, "你好")
        product.network.advance(5)
        assert product.network.failures == [("11200", f"{BASE}/sms/in")]
        product.network.own(HOTLINE, sms_url=f"{BASE}/sms/in", sms_fallback_url=f"{BASE}/sms/fallback")
        product.network.phone(CITIZEN).send(HOTLINE, "你好")
        product.network.advance(5)
        assert [one.body for one in product.network.phone(CITIZEN).inbox] == ["稍后再试"]
        assert product.told("/sms/fallback")[0]["ErrorCode"] == "11200"

    def test_voice_verbs_are_a_fault(self):
        product = Product()
        product.pages["/sms/in"] = twiml("<Say>你好</Say>")
        product.network.phone(CITIZEN).send(HOTLINE, "你好")
        product.network.advance(5)
        assert product.network.faults == [f"{BASE}/sms/in: <Say> cannot stand in <Response>"]
