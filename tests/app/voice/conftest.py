"""Callers, a carrier that is played, and operators at their pages, in a city of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from databases import app_on_clone
from telephone import LINE, Operator, Telephone, clear

from config import Config
from simulator.chaos import Chaos
from simulator.spec import Spec

BASE = "https://12345.city.example"


@pytest.fixture(scope="session")
def app(config: Config, worker_id: str):
    """An application of its own, reached by the carrier under an address that is not this machine's."""
    yield from app_on_clone(
        config, worker_id, "voice", telephony="simulator", twilio_api_url="http://127.0.0.1:1",
        emergency_lines="110=+869901800110,119=+869901800119,120=+869901800120",
        sms_providers="twilio", twilio_sms_from=LINE,
    )  # fmt: skip


@pytest.fixture(scope="session")
def spec(shared: Path) -> Spec:
    return Spec(shared / "twilio" / "api_v2010.json")


@pytest.fixture
def new_telephone(app, spec: Spec) -> Iterator[Callable[..., Telephone]]:
    """Makes the one telephone of a test; whatever the product did wrong towards the carrier fails it."""
    made: list[Telephone] = []

    def make(chaos: Chaos | None = None, seed: int = 0) -> Telephone:
        clear(app)
        made.append(Telephone(app, chaos, spec, seed))
        return made[-1]

    yield make
    app.config.pop("CLOCK", None)
    for telephone in made:
        assert telephone.network.faults == []


@pytest.fixture
def telephone(new_telephone: Callable[..., Telephone]) -> Telephone:
    return new_telephone()


@pytest.fixture
def new_operator(new_browser, new_staff) -> Callable[[Telephone], Operator]:
    """Somebody new who is signed in and ready."""

    def make(telephone: Telephone) -> Operator:
        person, browser = new_staff(), new_browser()
        assert browser.sign_in(person.login).status_code in (302, 303)
        operator = Operator(telephone, browser, person)
        operator.ready()
        return operator

    return make


@pytest.fixture
def operator(telephone: Telephone, new_operator: Callable[[Telephone], Operator]) -> Operator:
    return new_operator(telephone)
