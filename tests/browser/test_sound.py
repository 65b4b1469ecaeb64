"""Messages and recordings are heard where they are shown: the browser really plays them."""

import wave
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from flows.product import Product
from playwright.sync_api import Frame, Page, expect
from sqlalchemy import select
from switchboard import Switch
from telephone import clear

from app import archive
from app.outbox import unit_of_work
from calls import arriving, keeping, recordings
from calls.models import Recording
from db import db
from manage import create_app

pytestmark = pytest.mark.browser

PLAY = """async () => {
  const player = document.querySelector("audio");
  player.muted = true;
  const heard = new Promise((done, fail) => {
    player.ontimeupdate = () => { if (player.currentTime > 0) done(); };
    player.onerror = () => fail(new Error(player.error.message));
  });
  await player.play();
  await heard;
  return [player.readyState > 0, player.duration, player.error];
}"""


@pytest.fixture
def call(product: Product) -> Iterator[int]:
    """One whose caller has left a message of two seconds, which is here."""
    application = create_app(product.config, ASYNC_MODE="threading")
    clear(application)
    call_id = Switch(application).queue()
    with application.app_context(), unit_of_work() as now:
        one = keeping.lock(call_id)
        arriving.begin_voicemail(one, now, now)
        recordings.heard_of(one, recordings.MESSAGE, "twilio", "RE" + "7" * 32, "completed", 2, now, now)
        recording, sound = db.session.scalars(select(Recording)).one(), _silence(2)
        kept = archive.store(str(product.home), recording.id, sound)
        recordings.stored(recording.id, kept, archive.verified(sound, 2), now)
        arriving.end(one, now, now)
    yield call_id
    clear(application)
    with application.app_context():
        db.engine.dispose()


def _silence(seconds: int) -> bytes:
    made = BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(2 * 8000 * seconds))
    return made.getvalue()


def _expect_heard(page: Page | Frame) -> None:
    assert page.evaluate(PLAY) == [True, 2, None]


def test_a_message_is_heard_from_the_list_of_callbacks(call: int, sign_in: Callable[..., Page]) -> None:
    page = sign_in("operator")
    page.goto("/desk/phone")
    page.locator("[data-callbacks]").click()
    desk = page.frame("desk")
    assert desk is not None
    expect(desk.locator("audio")).to_be_visible()
    _expect_heard(desk)


def test_a_recording_is_heard_on_the_page_of_its_call(call: int, sign_in: Callable[..., Page]) -> None:
    page = sign_in("supervisor")
    page.goto(f"/oversight/phone/calls/{call}")
    _expect_heard(page)
