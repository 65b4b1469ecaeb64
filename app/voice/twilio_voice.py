"""The VoicePort by Twilio's REST interface, or that of a server like it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http import HttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from app.voice.reaching import had_left
from calls.ports import Gone, LineState, Member, Refused, Sound, Unclear, Unreachable
from config import Config

SECONDS = 5.0
MOST_MEMBERS, MOST_RECORDINGS = 20, 500
DOWNLOAD_SECONDS = 30.0
BAD_REQUEST = "20001"
TWILIO = "https://api.twilio.com"
RING_EVENTS = ["initiated", "ringing", "answered", "completed"]
_GONE = frozenset({20404, 21220, 20009, 16041})
"""Not found, call not in progress, conference not in progress, participant not found."""
_LATER = frozenset({429, 503})
Result = TypeVar("Result")
# At INFO the library logs whole requests, with the numbers in them.
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)


class Elsewhere(TwilioHttpClient):
    """The library's client, with an end to every wait, and another address than Twilio's where one is set."""

    def __init__(self, api_url: str) -> None:
        super().__init__(timeout=SECONDS, max_retries=0)
        self.api_url = api_url

    def request(self, method: str, url: str, *args: Any, **more: Any) -> Response:
        if self.api_url and url.startswith(TWILIO):
            url = self.api_url + url.removeprefix(TWILIO)
        return super().request(method, url, *args, **more)


def client_of(config: Config, http: HttpClient | None = None) -> Client:
    """A client for this installation's account."""
    token = config.auth_tokens[0] if config.auth_tokens else ""
    return Client(config.twilio_account_sid, token, http_client=http or Elsewhere(config.twilio_api_url))


def downloader(config: Config) -> Callable[[str], bytes]:
    """What fetches sound from the account; a path leads to its bytes. Raises requests.RequestException, Gone."""

    def download(path: str) -> bytes:
        answer = requests.get(
            (config.twilio_api_url or TWILIO) + path, auth=(config.twilio_account_sid, config.auth_tokens[0]),
            timeout=DOWNLOAD_SECONDS,
        )  # fmt: skip
        if answer.status_code == 404:
            raise Gone("404")
        answer.raise_for_status()
        return answer.content

    return download


@contextmanager
def told_plainly(*, begins: bool = False) -> Iterator[None]:
    """Turn the library's errors into those of the port. `begins`: to ask again could begin it twice."""
    try:
        yield
    except TwilioRestException as fault:
        if fault.code in _GONE or fault.status == 404:
            raise Gone(f"{fault.code}") from None
        if fault.status in _LATER:
            raise Unreachable(f"{fault.status}") from None
        if fault.status >= 500:
            raise (Unclear if begins else Unreachable)(f"{fault.status}") from None
        raise Refused(f"{fault.code or fault.status}") from None
    except (requests.RequestException, TimeoutError) as fault:
        raise (Unclear if begins and had_left(fault) else Unreachable)(type(fault).__name__) from None


class TwilioVoice:
    """Control of calls at one account."""

    def __init__(self, client: Client, download: Callable[[str], bytes]) -> None:
        self.client, self.download = client, download

    def lead(self, line: str, address: str) -> None:
        self._do(lambda: self.client.calls(line).update(url=address, method="POST"))

    def hang_up(self, line: str) -> None:
        self._do(lambda: self.client.calls(line).update(status="completed"))

    def room(self, name: str) -> str:
        found = self._do(
            lambda: self.client.conferences.list(friendly_name=name, status="in-progress", limit=1)
        )
        if not found:
            raise Gone("no such room")
        return str(found[0].sid)

    def close_room(self, room: str) -> None:
        try:
            self._do(lambda: self.client.conferences(room).update(status="completed"))
        except Refused as fault:
            # One that has ended already is answered with "bad request", and no word on why.
            raise (Gone if str(fault) == BAD_REQUEST else Refused)(str(fault)) from None

    def members(self, room: str) -> list[Member]:
        found = self._do(lambda: self.client.conferences(room).participants.list(limit=MOST_MEMBERS))
        return [
            Member(str(one.label or ""), one.date_created.astimezone(UTC), bool(one.hold)) for one in found
        ]

    def hold(self, room: str, label: str, address: str | None) -> None:
        member = self.client.conferences(room).participants(label)
        if address is None:
            self._do(lambda: member.update(hold=False))
        else:
            self._do(lambda: member.update(hold=True, hold_url=address, hold_method="POST"))

    def remove(self, room: str, label: str) -> None:
        self._do(lambda: self.client.conferences(room).participants(label).delete())

    def ring(self, number: str, caller_id: str, address: str, news: str, seconds: int) -> str:
        with told_plainly(begins=True):
            call = self.client.calls.create(
                to=number, from_=caller_id, url=address, method="POST", timeout=seconds, status_callback=news,
                status_callback_method="POST", status_callback_event=RING_EVENTS,
            )  # fmt: skip
        return str(call.sid)

    def record(self, line: str, news: str) -> str:
        with told_plainly(begins=True):
            recording = self.client.calls(line).recordings.create(
                recording_channels="dual", recording_status_callback=news, recording_status_callback_method="POST",
                recording_status_callback_event=["in-progress", "completed", "absent"],
            )  # fmt: skip
        return str(recording.sid)

    def pause_recording(self, line: str, *, paused: bool) -> None:
        running = self.client.calls(line).recordings("Twilio.CURRENT")
        if paused:
            self._do(lambda: running.update(status="paused", pause_behavior="silence"))
        else:
            self._do(lambda: running.update(status="in-progress"))

    def fetch_recording(self, recording: str) -> bytes:
        path = f"/2010-04-01/Accounts/{self.client.account_sid}/Recordings/{recording}.wav"
        with told_plainly():
            return self.download(path)

    def recordings_since(self, moment: datetime) -> list[Sound]:
        found = self._do(lambda: self.client.recordings.list(date_created_after=moment, limit=MOST_RECORDINGS))
        return [
            Sound(
                str(one.sid), str(one.call_sid or ""), str(one.status), _seconds(one.duration),
                (one.start_time or one.date_created).astimezone(UTC),
            )  # fmt: skip
            for one in found
        ]

    def delete_recording(self, recording: str) -> None:
        with suppress(Gone):
            self._do(lambda: self.client.recordings(recording).delete())

    def look(self, line: str) -> LineState:
        call = self._do(lambda: self.client.calls(line).fetch())
        ended: datetime | None = call.end_time
        return LineState(
            str(call.status), ended.astimezone(UTC) if ended else None, str(call.to or ""), str(call._from or "")
        )

    def _do(self, ask: Callable[[], Result]) -> Result:
        with told_plainly():
            return ask()


def _seconds(said: object) -> int | None:
    """The carrier writes -1, or nothing, for a length that it does not know yet."""
    text = str(said or "")
    return int(text) if text.isdigit() else None
