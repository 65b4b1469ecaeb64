"""Conferences: who is in the room, who hears whom, and what the first who came wants to be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from itertools import combinations
from typing import TYPE_CHECKING

from simulator.legs import Leg, Pulled
from simulator.twiml import Verb

if TYPE_CHECKING:
    from simulator.network import Network

KINDS = {
    "conference-start": "start", "conference-end": "end", "participant-join": "join", "participant-leave": "leave",
    "participant-mute": "mute", "participant-unmute": "mute", "participant-hold": "hold",
    "participant-unhold": "hold", "participant-modify": "modify", "announcement-end": "announcement",
}  # fmt: skip
ROOMY = 250


@dataclass(eq=False)
class Participant:
    """One leg in one conference. `noun` is the element that brought it there."""

    leg: Leg
    noun: Verb
    joined_at: datetime
    muted: bool = False
    hold: bool = False
    hold_url: str = ""
    hold_method: str = "GET"
    coaching: str = ""  # the sid of the only one who hears this participant
    announcements: list[str] = field(default_factory=list)
    start_on_enter: bool = True
    end_on_exit: bool = False

    @property
    def label(self) -> str:
        return self.noun.get("participantLabel")

    def facts(self) -> dict[str, str]:
        """What every event about the participant says."""
        flags = {
            "Muted": self.muted, "Hold": self.hold, "Coaching": bool(self.coaching),
            "EndConferenceOnExit": self.end_on_exit, "StartConferenceOnEnter": self.start_on_enter,
        }  # fmt: skip
        found = {name: str(value).lower() for name, value in flags.items()} | {"CallSid": self.leg.sid}
        return found | ({"ParticipantLabel": self.label} if self.label else {})


@dataclass(eq=False)
class Conference:
    """From the first who comes until the last has gone; then the name is free for another one."""

    network: Network
    name: str
    sid: str
    created_at: datetime
    status: str = "init"
    participants: list[Participant] = field(default_factory=list)
    present: set[str] = field(default_factory=set)  # sids of all who were ever in it
    awaited: dict[str, Leg] = field(default_factory=dict)  # those that REST is calling, by label or sid
    callback: Mapping[str, str] = field(default_factory=dict)
    sequence: int = 0
    reason: str = ""
    ended_by: str = ""

    def find(self, name: str) -> Participant | None:
        """By call sid or label."""
        found = [one for one in self.participants if name in (one.leg.sid, one.label)]
        return found[0] if found else None

    def forget(self, name: str) -> None:
        """One that was called for is not awaited any longer."""
        self.awaited.pop(name, None)

    def refusal(self, label: str, limit: int = ROOMY) -> str:
        """Twilio's error code for one who cannot come in, else ""."""
        if label and any(one.label == label for one in self.participants):
            return "16025"
        if "/" in label or len(label) > 128:
            return "16023"
        return "16020" if len(self.participants) >= limit else ""

    def join(self, new: Participant) -> None:
        if not self.present:
            self.callback = new.noun.attributes
        self.participants.append(new)
        self.present.add(new.leg.sid)
        self.network.truth.note("joined", new.leg.sid, self.sid)
        self.tell("participant-join", new.facts())
        # Twilio starts none for a single participant.
        may_start = len(self.participants) > 1 and any(one.start_on_enter for one in self.participants)
        if self.status == "init" and may_start:
            self._start()
        self.rearrange()

    def _start(self) -> None:
        self.status = "in-progress"
        self.tell("conference-start", {})
        for one in self.participants:
            one.leg.pull(one, Pulled("changed"))
        recorded = [one.noun for one in self.participants if one.noun.get("record") == "record-from-start"]
        if recorded:
            self.network.recordings.of_conference(self, recorded[0])

    def leave(self, gone: Participant, reason: str) -> None:
        """Safe to repeat."""
        if gone not in self.participants:
            return
        self._remove(gone, reason)
        if gone.end_on_exit:
            how = "kicked" if reason == "participant_removed" else "left"
            self.end(f"participant-with-end-conference-on-exit-{how}", gone.leg.sid)
        elif not self.participants:
            self.end("last-participant-kicked" if reason == "participant_removed" else "last-participant-left",
                     gone.leg.sid)  # fmt: skip

    def _remove(self, gone: Participant, reason: str) -> None:
        self.participants.remove(gone)
        self.network.truth.note("left", gone.leg.sid, self.sid)
        facts = {"ParticipantCallStatus": gone.leg.status, "ReasonParticipantLeft": reason}
        self.tell("participant-leave", gone.facts() | facts)
        self.rearrange()

    def kick(self, gone: Participant) -> None:
        gone.leg.pull(gone, Pulled("participant_removed"))
        self.leave(gone, "participant_removed")

    def end(self, reason: str, by: str = "") -> None:
        """Everybody out. Their calls go on with what follows."""
        if self.status == "completed":
            return
        self.status, self.reason, self.ended_by = "completed", reason, by
        for one in list(self.participants):
            one.leg.pull(one, Pulled("moderator_ended_conference"))
            self._remove(one, "moderator_ended_conference")
        facts = {"ReasonConferenceEnded": reason} | ({"CallSidEndingConference": by} if by else {})
        self.tell("conference-end", facts)
        self.network.recordings.conference_ended(self)

    def change(self, one: Participant, event: str = "") -> None:
        """After a participant's flags changed: what it hears changes too."""
        one.leg.pull(one, Pulled("changed"))
        self.rearrange()
        if event:
            self.tell(event, one.facts())

    def rearrange(self) -> None:
        """Notes who can hear each other from now on."""
        here = [one for one in self.participants if not one.hold]
        pairs = {
            frozenset((a.leg.sid, b.leg.sid))
            for a, b in combinations(here, 2)
            if self.status == "in-progress" and not (a.muted and b.muted)
            and a.coaching in ("", b.leg.sid) and b.coaching in ("", a.leg.sid)
        }  # fmt: skip
        self.network.truth.talking(frozenset(self.present), pairs)

    def tell(self, event: str, facts: Mapping[str, str]) -> None:
        self.sequence += 1
        wanted = self.callback.get("statusCallbackEvent", "").split()
        if KINDS[event] not in wanted or not self.callback.get("statusCallback"):
            return
        params = {
            "ConferenceSid": self.sid, "FriendlyName": self.name, "AccountSid": self.network.account_sid,
            "SequenceNumber": str(self.sequence), "Timestamp": format_datetime(self.network.clock.now()),
            "StatusCallbackEvent": event,
        }  # fmt: skip
        method = self.callback.get("statusCallbackMethod", "POST").upper()
        self.network.post.tell(self.callback["statusCallback"], {**params, **facts}, method)
