"""TwiML as text becomes verbs; which verbs and attributes are played here, and how long speech takes."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

SECONDS_PER_CHINESE, SECONDS_PER_LATIN, SECONDS_OF_PLAY = 0.2, 0.06, 5.0
CALLBACK = ("statusCallback", "statusCallbackMethod", "statusCallbackEvent")
RECORDED = ("recordingStatusCallback", "recordingStatusCallbackMethod", "recordingStatusCallbackEvent")

PLAYED: Mapping[str, frozenset[str]] = {
    "Say": frozenset({"voice", "language", "loop"}),
    "Play": frozenset({"loop"}),
    "Pause": frozenset({"length"}),
    "Gather": frozenset(
        {"input", "action", "method", "timeout", "numDigits", "finishOnKey", "actionOnEmptyResult", "language"}
    ),
    "Redirect": frozenset({"method"}),
    "Hangup": frozenset(),
    "Reject": frozenset({"reason"}),
    "Record": frozenset(
        {"action", "method", "timeout", "finishOnKey", "maxLength", "playBeep", "trim", *RECORDED}
    ),
    "Enqueue": frozenset({"action", "method", "waitUrl", "waitUrlMethod", "maxQueueSize"}),
    "Leave": frozenset(),
    "Dial": frozenset(
        {"action", "method", "timeout", "timeLimit", "hangupOnStar", "callerId", "answerOnBridge"}
    ),
    "Number": frozenset({"url", "method", *CALLBACK}),
    "Client": frozenset({"url", "method", *CALLBACK}),
    "Sip": frozenset({"url", "method", *CALLBACK}),
    "Identity": frozenset(),
    "Parameter": frozenset({"name", "value"}),
    "Conference": frozenset(
        {"muted", "beep", "startConferenceOnEnter", "endConferenceOnExit", "waitUrl", "waitMethod",
         "maxParticipants", "participantLabel", "record", "trim", "coach", *CALLBACK, *RECORDED}
    ),
    "Queue": frozenset({"url", "method"}),
    "Start": frozenset(),
    "Stop": frozenset(),
    "Recording": frozenset({"name", "channels", "track", "trim", *RECORDED}),
    "Message": frozenset({"to", "from", "action", "method", "statusCallback"}),
    "Body": frozenset(),
}  # fmt: skip


class BadTwiml(Exception):
    """A document that cannot be played. `code` is Twilio's."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code


@dataclass(frozen=True)
class Verb:
    """One element. `text` is all the text in it, that of speech markup too."""

    name: str
    attributes: Mapping[str, str]
    text: str
    children: tuple["Verb", ...]

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    def number(self, name: str, default: float) -> float:
        return float(self.attributes.get(name, default))

    def flag(self, name: str, default: bool = False) -> bool:
        return self.attributes.get(name, str(default)).lower() == "true"


def parse(document: str) -> list[Verb]:
    """The verbs of a document. Raises BadTwiml."""
    try:
        root = ET.fromstring(document)
    except ET.ParseError as error:
        raise BadTwiml("12100", str(error)) from error
    if root.tag != "Response":
        raise BadTwiml("12100", f"the root is <{root.tag}>")
    return [_verb(element) for element in root]


def _verb(element: ET.Element) -> Verb:
    # Say and Message hold text with markup in it; of the others only their own words count.
    text = "".join(element.itertext()) if element.tag == "Say" else element.text or ""
    children = () if element.tag == "Say" else tuple(_verb(child) for child in element)
    return Verb(element.tag, dict(element.attrib), text.strip(), children)


def unplayed(verbs: Sequence[Verb]) -> Iterator[str]:
    """What in these verbs is not played here: a test that met it would prove nothing."""
    for verb in verbs:
        if verb.name not in PLAYED:
            yield f"<{verb.name}> is not played"
            continue
        for name in verb.attributes.keys() - PLAYED[verb.name]:
            yield f"<{verb.name} {name}> is not played"
        if verb.name == "Gather" and verb.get("input", "dtmf") != "dtmf":
            yield f"<Gather input={verb.get('input')!r}> is not played"
        yield from unplayed(verb.children)


def seconds_of(text: str) -> float:
    """How long a voice takes to read it."""
    chinese = len(re.findall(r"[\u3400-\u9fff]", text))
    return chinese * SECONDS_PER_CHINESE + (len(text) - chinese) * SECONDS_PER_LATIN
