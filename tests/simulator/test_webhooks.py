"""How webhooks travel: signature, fallback, retries, limits, and what goes wrong on purpose."""

from urllib.parse import urlsplit

import pytest
from tiny_product import BASE, HOTLINE, TOKEN, Product, twiml
from twilio.request_validator import RequestValidator

from simulator.chaos import Chaos, Hook
from simulator.post import Reply, overrides_of

CALLER = "+8613800000001"
FALLBACK = twiml("<Say>系统繁忙</Say>")


def call(product: Product, seconds: float = 60):
    leg = product.network.phone(CALLER).dial(HOTLINE)
    product.network.advance(seconds)
    return leg


class TestSignature:
    def test_covers_url_and_parameters_and_not_the_fragment(self, product: Product):
        url = f"{BASE}/voice/in?a=1&b=%E4%B8%AD"
        product.network.own(HOTLINE, voice_url=f"{url}#rc=2&rp=5xx")
        call(product, 0)
        [webhook] = product.webhooks
        signature = webhook.headers["X-Twilio-Signature"]
        assert webhook.url == url
        validator = RequestValidator(TOKEN)
        assert validator.validate(url, dict(webhook.params), signature)
        assert not validator.validate(url, {**webhook.params, "From": "+8613800000002"}, signature)
        assert not RequestValidator("another").validate(url, dict(webhook.params), signature)

    def test_a_get_carries_everything_in_the_url(self, product: Product):
        product.pages["/voice/in"] = twiml(f'<Redirect method="GET">{BASE}/voice/next?x=1</Redirect>')
        product.pages["/voice/next"] = twiml("<Say>好</Say>")
        call(product)
        webhook = product.webhooks[1]
        assert webhook.params == {} and "x=1&" in webhook.url and "CallSid=CA" in webhook.url


class TestFallback:
    @pytest.mark.parametrize(
        "bad, code",
        [
            (Reply(500), "11200"), (Reply(404), "11200"), (Reply(body="<Response>"), "12100"),
            (Reply(body="<Antwort/>"), "12100"), (Reply(body=FALLBACK, content_type="text/html"), "12300"),
            (Reply(body=twiml(f"<Say>{'x' * 66000}</Say>")), "11750"), (Reply(body=FALLBACK, seconds=16), "11205"),
            (Reply(failure="connect"), "11205"),
        ],
    )  # fmt: skip
    def test_is_asked_with_the_reason(self, product: Product, bad: Reply, code: str):
        product.pages |= {"/voice/in": bad, "/voice/fallback": FALLBACK}
        leg = call(product)
        [asked] = product.told("/voice/fallback")
        assert (asked["ErrorCode"], asked["ErrorUrl"]) == (code, f"{BASE}/voice/in")
        assert "系统繁忙" in leg.transcript and leg.state == "completed"

    def test_without_one_the_call_ends(self, product: Product):
        product.network.own(HOTLINE, voice_url=f"{BASE}/voice/in", status_callback=f"{BASE}/voice/ended")
        product.pages["/voice/in"] = Reply(500)
        leg = call(product)
        assert leg.state == "failed" and product.network.failures == [("11200", f"{BASE}/voice/in")]
        assert product.told("/voice/ended")[0]["CallStatus"] == "failed"

    def test_a_number_without_a_url_fails_without_a_trace(self, product: Product):
        product.network.own(HOTLINE)
        assert call(product).state == "failed" and product.webhooks == [] and product.network.failures == []

    def test_a_broken_product_is_the_product_s_fault_and_not_lost(self, product: Product):
        def breaks(form):
            raise ZeroDivisionError

        product.pages["/voice/in"] = breaks
        product.network.phone(CALLER).dial(HOTLINE)
        with pytest.raises(ZeroDivisionError):
            product.network.advance(0)


class TestRetries:
    def test_a_lost_connection_once_by_default(self, product: Product):
        product.pages |= {"/voice/in": Reply(failure="connect"), "/voice/fallback": FALLBACK}
        call(product)
        assert product.paths()[:3] == ["/voice/in", "/voice/in", "/voice/fallback"]
        tokens = [one.headers["I-Twilio-Idempotency-Token"] for one in product.webhooks[:3]]
        assert tokens[0] == tokens[1] != tokens[2]

    def test_as_the_fragment_says(self, product: Product):
        answers = iter([Reply(503), Reply(503), Reply(204)])
        product.network.own(
            HOTLINE, voice_url=f"{BASE}/voice/in", status_callback=f"{BASE}/voice/ended#rc=2&rp=ct,rt,5xx"
        )
        product.pages |= {"/voice/in": FALLBACK, "/voice/ended": lambda form: next(answers)}
        call(product)
        assert len(product.told("/voice/ended")) == 3

    @pytest.mark.parametrize("fragment, reply", [("rc=2&rp=5xx", Reply(404)), ("rc=0", Reply(failure="connect"))])
    def test_not_where_it_says_nothing_of_it(self, product: Product, fragment: str, reply: Reply):
        product.network.own(
            HOTLINE, voice_url=f"{BASE}/voice/in", status_callback=f"{BASE}/voice/ended#{fragment}"
        )
        product.pages |= {"/voice/in": FALLBACK, "/voice/ended": reply}
        call(product)
        assert len(product.told("/voice/ended")) == 1
        assert [url for _, url in product.network.failures] == [f"{BASE}/voice/ended"]

    @pytest.mark.parametrize("fragment", ["rc=9", "rp=6xx", "retries=2", "rc"])
    def test_unknown_words_are_refused(self, fragment: str):
        with pytest.raises(ValueError):
            overrides_of(fragment)


class TestFaults:
    @pytest.mark.parametrize(
        "document, fault",
        [
            ("<Sing>la</Sing>", "<Sing>"), ('<Say tempo="2">la</Say>', "tempo"),
            ('<Redirect>/voice/relative</Redirect>', "not absolute"),
            (f'<Gather action="{BASE}/x" input="speech"/><Say>x</Say>', "input"),
        ],
    )  # fmt: skip
    def test_are_collected_loudly(self, document: str, fault: str):
        product = Product()
        product.pages["/voice/in"] = twiml(document)
        call(product)
        assert any(fault in found for found in product.network.faults), product.network.faults

    def test_documents_that_lead_in_a_circle(self):
        product = Product()
        product.pages["/voice/in"] = twiml(f"<Redirect>{BASE}/voice/in</Redirect>")
        assert call(product).is_over and "any time passing" in product.network.faults[0]


def talkative(chaos: Chaos) -> Product:
    """A product with a conference of one, whose every event it hears of."""
    product = Product(chaos)
    product.pages["/voice/in"] = twiml(
        f'<Dial><Conference statusCallback="{BASE}/voice/conf" statusCallbackEvent="start end join leave hold">'
        "c-1</Conference></Dial>"
    )
    return product


def busy_day(product: Product, calls: int = 6) -> list[str]:
    for number in range(calls):
        leg = product.network.phone(f"+861380000000{number}").dial(HOTLINE)
        product.network.clock.after(20, leg.hang_up)
    product.network.advance(200)
    return [f"{one['StatusCallbackEvent']} {one['SequenceNumber']}" for one in product.told("/voice/conf")]


class TestChaos:
    def test_dup_delivers_everything_twice_with_one_token(self):
        product = talkative(Chaos(dup=True))
        busy_day(product, 1)
        tokens = [webhook.headers["I-Twilio-Idempotency-Token"] for webhook in product.webhooks]
        assert tokens and all(tokens.count(token) == 2 for token in tokens)

    def test_reorder_shuffles_callbacks_and_the_seed_decides_how(self):
        plain = busy_day(talkative(Chaos()))
        shuffled = busy_day(talkative(Chaos(reorder=True, seed=4)))
        assert shuffled != plain and sorted(shuffled) == sorted(plain)
        assert shuffled == busy_day(talkative(Chaos(reorder=True, seed=4)))

    def test_late_callbacks_come_late_and_documents_do_not(self):
        product = talkative(Chaos(late=60))
        product.network.phone(CALLER).dial(HOTLINE)
        product.network.advance(59)
        assert product.paths() == ["/voice/in"]
        product.network.advance(2)
        assert product.paths() == ["/voice/in", "/voice/conf"]

    def test_drop_loses_one_in_n_callbacks_only(self):
        whole, chaos = busy_day(talkative(Chaos())), Chaos(drop=3)
        product = talkative(chaos)
        left = busy_day(product)
        assert len(product.told("/voice/in")) == 6
        assert chaos.lost == chaos.callbacks // 3 and 0 < len(left) < len(whole)

    def test_slow_answers_make_the_caller_wait_and_too_slow_ones_fail(self):
        for slow, state in ((4, "in-progress"), (16, "failed")):
            product = talkative(Chaos(slow=slow))
            leg = product.network.phone(CALLER).dial(HOTLINE)
            product.network.advance(3)
            assert leg.state == "ringing"
            product.network.advance(40)
            assert leg.state == state

    def test_hooks_strike_at_their_webhook_and_may_end(self):
        struck: list[str] = []
        hook = Hook(2, lambda: struck.append("down"), lasts=2, end=lambda: struck.append("up"))
        product = talkative(Chaos(db_down=hook))
        product.pages["/voice/conf"] = lambda form: (struck.append(form["StatusCallbackEvent"]), Reply(204))[1]
        busy_day(product, 2)
        assert struck[:3] == ["down", "participant-join", "up"]


def test_the_log_holds_what_was_answered(product: Product):
    product.pages |= {"/voice/in": FALLBACK, "/voice/ended": Reply(503)}
    call(product)
    found = [(urlsplit(one.webhook.url).path, one.reply.status) for one in product.network.post.log]
    assert found == [("/voice/in", 200), ("/voice/ended", 503)]
