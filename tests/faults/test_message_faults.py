"""Text messages while processes die and providers fail: one text for each row, whatever happens."""

import json
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import gateway as gateways
import pytest
from gateway import Gateway

from .run import City, under_load

pytestmark = pytest.mark.xdist_group("faults")

OWED = "SELECT count(*) FROM effect WHERE kind = 'send_message' AND done_at IS NULL"
IDLE = """
    SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%%'
    AND now() - state_change > interval '1 second'"""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with gateways.running("first") as running:
        yield running


def complain(city: City) -> str:
    """One form of the web with a mobile number; returns the ticket's number."""
    form = {
        "content": "门口路灯不亮，夜里看不清路，已经三天了", "type": "complaint", "phone": "13800138000",
        "wants_reply": "1", "form_key": str(uuid.uuid4()),
    }  # fmt: skip
    city.others.append(form["form_key"])
    request = urllib.request.Request(
        f"{city.product.address}/complain", json.dumps(form).encode(),
        {"Content-Type": "application/json", "Accept": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["number"])


def count(city: City, query: str) -> int:
    with city.product.connect() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def test_a_kill_between_the_providers_answer_and_our_commit_sends_no_second_text(
    own_city: Callable[..., City], gateway: Gateway, tmp_path: Path
) -> None:
    city = own_city(SMS_PROVIDERS=gateway.write(tmp_path), HOTLINE_CLOCK_PROCESSES="1")
    product = city.product
    gateway.mode = "held"
    complain(city)
    product.wait(lambda: gateway.arrived.is_set(), 20, "the gateway has taken the text")
    product.kill(*product.pids("clock"))
    gateway.mode = "ok"
    gateway.released.set()
    product.wait(product.is_whole, 30, "a new clock process")
    product.wait(lambda: count(city, OWED) == 0, 60, "what became of the text is known")
    time.sleep(3)
    assert list(gateway.taken.values()) == [1] and gateway.looked >= 1
    assert count(city, "SELECT count(*) FROM message WHERE state = 'ACCEPTED' AND provider_sid IS NOT NULL") == 1
    city.tell(f"    F22 killed after the provider's answer: 1 text, asked about {gateway.looked} times")


@pytest.mark.parametrize("seconds", [4, pytest.param(60, marks=pytest.mark.long)])
def test_failing_providers_hold_up_nobody_who_tells_us_something(
    own_city: Callable[..., City], gateway: Gateway, tmp_path: Path, seconds: int
) -> None:
    with gateways.running("second") as second:
        routes = f"{gateway.write(tmp_path)},{second.write(tmp_path)}"
        city = own_city(SMS_PROVIDERS=routes)
        most_idle = 0
        with under_load(city, f"F21 each fault of a provider for {seconds} s", seed=121) as run:
            for mode, wait in (("slow", 9.9), ("hang", 60.0), ("drip", 0), ("busy", 0), ("accepts_500", 0)):
                gateway.mode, gateway.seconds = mode, wait
                run.strike(lambda: complain(city))
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    complain(city)
                    most_idle = max(most_idle, count(city, IDLE))
                    time.sleep(0.2)
            gateway.mode = "ok"
            run.healed = time.monotonic()
        assert most_idle == 0
        # What was unclear is asked about; what the first certainly has not, the second has; nothing is sent twice.
        city.product.wait(lambda: count(city, OWED) == 0, 240, "every text is settled")
        both = gateway.taken + second.taken
        assert both and set(both.values()) == {1}
        assert second.taken
        intents = count(city, "SELECT count(*) FROM message")
        assert len(both) == intents == count(city, "SELECT count(*) FROM message WHERE state = 'ACCEPTED'")
        city.tell(f"    F21 {intents} texts, {len(second.taken)} by the second provider, each once")
