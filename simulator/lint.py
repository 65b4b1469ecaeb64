"""What is wrong with a TwiML document before anybody hears it."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Collection, Iterator
from urllib.parse import urlsplit

from simulator.vocabulary import TEXT, VOICE, Vocabulary

LARGEST = 64 * 1024
LONGEST_SAY = 4096
CONTEXTS = {
    "wait": frozenset({"Play", "Say", "Pause", "Hangup", "Redirect", "Leave", "Gather"}),
    "hold": frozenset({"Say", "Play", "Pause", "Redirect"}),
    "announce": frozenset({"Say", "Play", "Pause", "Redirect"}),
}
CALLBACKS = frozenset(
    {"action", "url", "waitUrl", "statusCallback", "recordingStatusCallback", "eventCallbackUrl",
     "partialResultCallback", "transcribeCallback"}
)  # fmt: skip
SMALL = frozenset(
    {"Reject", "Play", "Gather", "Redirect", "Say", "Dial", "Number", "Sip", "Hangup", "Record"}
)  # fmt: skip
"""What Somleng knows."""
LAST = frozenset({"Redirect", "Hangup", "Reject", "Leave"})
IDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,}", re.IGNORECASE)
TELEPHONE = re.compile(r"(\+|%2[Bb])\d{8,15}|(?<!\w)((00)?86)?1[3-9]\d{9}(?!\w)|(?<!\w)0\d{9,11}(?!\w)")

Route = Callable[[str], bool]


def lint(
    document: str, *, context: str = "call", base: str | None = None, routes: Route | None = None,
    voices: Collection[tuple[str, str]] | None = None, verbs: Collection[str] | None = None,
) -> list[str]:  # fmt: skip
    """Findings, none when all is well. `verbs`: all that a server knows which knows fewer than Twilio.

    `context`: call, wait, hold, announce or sms. `base`: where callbacks must
    lie; `routes`: whether a path takes a POST; `voices`: pairs of voice and language that speech may have."""
    if len(document.encode()) > LARGEST:
        return ["the document is larger than 64 KB"]
    try:
        root = ET.fromstring(document)
    except ET.ParseError as error:
        return [f"not well-formed: {error}"]
    if root.tag != "Response":
        return [f"the root is <{root.tag}>"]
    words, top = (TEXT, "Response") if context == "sms" else (VOICE, "Response")
    found = [*_grammar(root, top, words), *_context(root, context)]
    if verbs is not None:
        found += [f"<{one.tag}> is unknown here" for one in root.iter() if one.tag not in {"Response", *verbs}]
    for element in root.iter():
        found += [*_addresses(element, base, routes), *_secrets(element), *_speech(element, voices)]
    return found + list(_order(list(root), context))


def _grammar(element: ET.Element, name: str, words: Vocabulary) -> Iterator[str]:
    if element.tag != "Response":
        for attribute in element.attrib.keys() - words[name].attributes:
            yield f"<{name}> has no attribute {attribute}"
    for child in element:
        if child.tag not in words[name].children:
            yield f"<{child.tag}> cannot stand in <{name}>"
        if child.tag in words:
            yield from _grammar(child, child.tag, words)


def _context(root: ET.Element, context: str) -> Iterator[str]:
    allowed = CONTEXTS.get(context)
    if allowed is not None:
        for child in root:
            if child.tag not in allowed:
                yield f"<{child.tag}> cannot stand in a document for {context}"


def _addresses(element: ET.Element, base: str | None, routes: Route | None) -> Iterator[str]:
    given = [(name, value) for name, value in element.attrib.items() if name in CALLBACKS]
    if element.tag == "Redirect":
        given.append(("text", (element.text or "").strip()))
    for name, url in given:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            yield f"<{element.tag} {name}> is not absolute: {url!r}"
        elif base is not None and not f"{url}/".startswith(f"{base.rstrip('/')}/"):
            yield f"<{element.tag} {name}> lies outside {base}: {url!r}"
        elif routes is not None and not routes(parts.path):
            yield f"<{element.tag} {name}> leads nowhere: {url!r}"
    text = (element.text or "").strip()
    if element.tag == "Play" and not element.get("digits") and not re.match(r"https?://[^/]", text):
        yield f"<Play> is not absolute: {text!r}"


def _secrets(element: ET.Element) -> Iterator[str]:
    """Logs and debuggers show addresses and names of rooms: no telephone number may stand there."""
    shown = [value for name, value in element.attrib.items() if name in CALLBACKS or name == "participantLabel"]
    if element.tag in ("Redirect", "Conference", "Enqueue", "Queue", "Play"):
        shown.append(element.text or "")
    for text in shown:
        if TELEPHONE.search(IDS.sub("", text)):
            yield f"<{element.tag}> shows what looks like a telephone number"


def _speech(element: ET.Element, voices: Collection[tuple[str, str]] | None) -> Iterator[str]:
    if element.tag != "Say":
        return
    text = "".join(element.itertext())
    if len(text) > LONGEST_SAY:
        yield f"<Say> has {len(text)} characters"
    pair = (element.get("voice", ""), element.get("language", ""))
    if voices is not None and pair not in voices:
        yield f"<Say> has voice and language {pair}"


def _order(verbs: list[ET.Element], context: str) -> Iterator[str]:
    """What can never be reached, and what nobody thought of."""
    for verb, following in zip(verbs, [*verbs, None][1:], strict=True):
        ends = verb.tag in LAST or (verb.tag == "Dial" and "action" in verb.attrib)
        if ends and following is not None:
            yield f"<{following.tag}> after <{verb.tag}> is never reached"
        if verb.tag == "Gather" and following is None and context == "call":
            yield "<Gather> is followed by nothing: a caller who presses no key is cut off"
