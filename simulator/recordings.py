"""Recordings: of a leg, a conference, a message after the tone. They hold silence of the right length."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from simulator.conferences import Conference
from simulator.legs import Leg
from simulator.twiml import Verb

if TYPE_CHECKING:
    from simulator.network import Network

PROCESSING = 3.0  # seconds from the end until a recording can be had
RATE = 8000


@dataclass(eq=False)
class Recording:
    """`spoken`: seconds recorded in the spans that are closed; `since`: when the open one began."""

    sid: str
    url: str
    source: str
    began: datetime
    channels: int = 1
    call_sid: str = ""
    conference_sid: str = ""
    name: str = ""
    status: str = "in-progress"
    spoken: float = 0.0
    since: datetime | None = None
    keeps_silence: bool = False
    callback: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> int:
        return max(1, round(self.spoken)) if self.spoken > 0 else 0

    def close_span(self, now: datetime) -> None:
        if self.since:
            self.spoken += (now - self.since).total_seconds()
            self.since = None

    def wav(self) -> bytes:
        """Silence, as sixteen-bit PCM."""
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setnchannels(self.channels)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(bytes(2 * self.channels * RATE * self.seconds))
        return file.getvalue()


def _wants(attributes: Mapping[str, str]) -> dict[str, str]:
    """The callback's settings out of a verb's attributes."""
    names = {"url": "recordingStatusCallback", "method": "recordingStatusCallbackMethod",
             "events": "recordingStatusCallbackEvent"}  # fmt: skip
    return {key: attributes[name] for key, name in names.items() if attributes.get(name)}


class Recordings:
    """All recordings of the account."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.all: dict[str, Recording] = {}

    def start(
        self, source: str, callback: Mapping[str, str], call_sid: str = "", conference_sid: str = "",
        channels: int = 1,
    ) -> Recording:  # fmt: skip
        sid, now = self.network.sid("RE"), self.network.clock.now()
        url = f"{self.network.api_base}/2010-04-01/Accounts/{self.network.account_sid}/Recordings/{sid}"
        made = Recording(sid, url, source, now, channels, call_sid, conference_sid, since=now, callback=callback)
        self.all[sid] = made
        self.network.truth.note("recording", call_sid or conference_sid, sid)
        self._tell(made)
        return made

    def of_verb(self, leg: Leg, verb: Verb, began: datetime, seconds: float) -> Recording:
        """What somebody left after the tone."""
        made = self.start("RecordVerb", _wants(verb.attributes), leg.sid)
        made.began, made.since, made.spoken = began, None, seconds
        self.stop(made)
        return made

    def start_on(self, leg: Leg, noun: Verb) -> None:
        channels = 2 if noun.get("channels", "dual") == "dual" else 1
        callback = _wants(noun.attributes)
        if "url" in callback:
            callback["url"] = leg.absolute(callback["url"])
        self.start("StartCallRecordingTwiML", callback, leg.sid, channels=channels).name = noun.get("name")

    def stop_on(self, leg: Leg, noun: Verb) -> None:
        """By the name it was started with."""
        found = [one for one in self.running(leg.sid) if one.name and one.name == noun.get("name")]
        if not found:
            self.network.fault(f"there is no recording named {noun.get('name')!r} to stop")
        for one in found:
            self.stop(one)

    def of_conference(self, conference: Conference, noun: Verb) -> None:
        self.start("Conference", _wants(noun.attributes), conference_sid=conference.sid)

    def running(self, call_sid: str = "", conference_sid: str = "") -> list[Recording]:
        return [
            one for one in self.all.values()
            if one.status in ("in-progress", "paused")
            and (one.call_sid == call_sid if call_sid else one.conference_sid == conference_sid)
        ]  # fmt: skip

    def pause(self, one: Recording, behaviour: str) -> None:
        one.status, one.keeps_silence = "paused", behaviour == "silence"
        if not one.keeps_silence:
            one.close_span(self.network.clock.now())

    def resume(self, one: Recording) -> None:
        one.status = "in-progress"
        one.since = one.since or self.network.clock.now()

    def stop(self, one: Recording) -> None:
        one.close_span(self.network.clock.now())
        one.status = "processing"
        self.network.clock.after(PROCESSING, lambda: self._finished(one))

    def _finished(self, one: Recording) -> None:
        one.status = "completed" if one.spoken > 0 else "absent"
        self._tell(one)

    def stop_all(self, leg: Leg) -> None:
        for one in self.running(leg.sid):
            self.stop(one)

    def conference_ended(self, conference: Conference) -> None:
        for one in self.running(conference_sid=conference.sid):
            self.stop(one)

    def delete(self, sid: str) -> None:
        del self.all[sid]

    def _tell(self, one: Recording) -> None:
        events = one.callback.get("events", "completed").split()
        if one.status not in events or not one.callback.get("url") or one.sid not in self.all:
            return
        params = {
            "AccountSid": self.network.account_sid, "RecordingSid": one.sid, "RecordingUrl": one.url,
            "RecordingStatus": one.status, "RecordingDuration": str(one.seconds),
            "RecordingChannels": str(one.channels), "RecordingSource": one.source,
            "RecordingStartTime": format_datetime(one.began),
        }  # fmt: skip
        params |= {"CallSid": one.call_sid} if one.call_sid else {"ConferenceSid": one.conference_sid}
        self.network.post.tell(one.callback["url"], params, one.callback.get("method", "POST").upper())
