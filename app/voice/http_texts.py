"""The SmsPort by a plain HTTP interface, as text gateways in China have them, described in a file and not in code.

docs/sms-gateway.md says what stands in the file. What an answer means is decided by what the file says of it;
whatever it does not say is taken for the worse: that the text may have been sent.
"""

import hmac
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from app.voice.exchange import Answer, exchange
from app.voice.withheld import number_of
from calls.message_states import MessageState
from calls.ports import (
    KNOWS_REFERENCE,
    MAY_LINK,
    Gone,
    OptedOut,
    Outgoing,
    Refused,
    Sent,
    TextState,
    Unclear,
    Unreachable,
)
from config import UnsafeConfig
from tickets import sealing

SECONDS = 12.0
LOOK_SECONDS = 5.0
STAMP_SECONDS = 300
RECEIPT, INBOUND = "receipt", "inbound"
SHORTEST_TOKEN = 16
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")
_HOLE = re.compile(r"\{(number|local|text|template|reference|sid|param:[\w-]+|env:\w+)\}")
_REFUSING = frozenset({400, 413, 422})
"""Statuses by which a text itself is refused; others below 500 are about the way to the gateway."""

Described = Mapping[str, Any]


@dataclass(frozen=True)
class Report:
    """One state of one text, as the gateway tells it."""

    sid: str
    reference: str
    state: MessageState | None
    said: str
    error_code: str | None


@dataclass(frozen=True)
class Incoming:
    """One text that somebody sent, as the gateway hands it over. `number` is E.164, or empty."""

    sid: str
    number: str
    text: str


@dataclass(frozen=True)
class HttpTexts:
    """One gateway. `described` is its file."""

    name: str
    described: Described
    seconds: float = SECONDS
    caps: frozenset[str] = field(default_factory=frozenset)

    def send(self, text: Outgoing) -> str:
        named = self.described.get("templates", {}).get(text.template, text.template)
        values = {
            "number": text.number, "local": text.number.removeprefix("+86"), "text": text.text,
            "template": named, "reference": text.reference,
            **{f"param:{name}": value for name, value in text.values.items()},
        }  # fmt: skip
        answer = self._ask(self.described["send"], values, self.seconds)
        _check_status(answer)
        content = _json(answer)
        success = self.described["send"]["success"]
        if not _is(content, success):
            raise self._refusal(str(_at(content, success.get("path", ""))))
        return _text(_at(content, self.described["send"].get("sid", "")))

    def _refusal(self, code: str) -> Exception:
        """What a code of the gateway's own means, by the lists in its file."""
        codes = self.described["send"].get("codes", {})
        kinds = {"opted_out": OptedOut, "again": Unreachable, "unclear": Unclear}
        found = next((kind for kind in kinds if code in map(str, codes.get(kind, ()))), None)
        return (kinds[found] if found else Refused)(code[:40])

    def look(self, sent: Sent) -> TextState:
        if KNOWS_REFERENCE not in self.caps:
            raise Unclear("cannot be asked")
        described = self.described["look"]
        answer = self._ask(described, {"reference": sent.reference, "sid": sent.sid or ""}, LOOK_SECONDS)
        absent = described["absent"]
        if answer.status in absent.get("status", ()):
            raise Gone("not there")
        if answer.status != 200:
            raise Unclear(f"{answer.status}")
        content = _json(answer)
        if "path" in absent and _is(content, absent):
            raise Gone("not there")
        if not _is(content, described["found"]):
            raise Unclear("no word on it")
        state = self._states.get(_text(_at(content, described.get("state", ""))))
        return TextState(_text(_at(content, described.get("sid", ""))), state or MessageState.ACCEPTED)

    def is_told_by(
        self, headers: Mapping[str, str], body: bytes, now: datetime, part: str = RECEIPT, in_address: str = ""
    ) -> bool:
        """Whether it is the gateway's: by its token, or by the keyed hash of stamp and body. `in_address` is the
        token of gateways that can send no header of ours."""
        described = self.described.get(part, {})
        if "hmac" in described:
            return _is_stamped(described["hmac"], headers, body, now)
        token = _filled(str(described.get("token", "")), {})
        given = headers.get(str(described.get("token_header", "X-Token")), "")
        if part == INBOUND:
            given = in_address or given
            token = token if len(token) >= SHORTEST_TOKEN else ""  # it may be all that is known of who asks
        return bool(token) and hmac.compare_digest(token.encode(), given.encode())

    def reports(self, fields: Mapping[str, str]) -> Iterator[Report]:
        """The states in a receipt: `fields` of a form, or the text of a JSON body under an empty name."""
        described = self.described.get(RECEIPT, {})
        for item in _items(described, fields):
            said = _text(_at(item, described.get("state", "")))
            yield Report(
                _text(_at(item, described.get("sid", "")))[:200],
                _text(_at(item, described.get("reference", "")))[:200], self._states.get(said), said,
                _text(_at(item, described.get("error", ""))) or None,
            )  # fmt: skip

    def texts(self, fields: Mapping[str, str]) -> Iterator[Incoming]:
        """The texts in what is handed over. One without a name is none: it could not be told from its twin."""
        described = self.described.get(INBOUND, {})
        for item in _items(described, fields):
            sid, number, text = (_text(_at(item, described[name])) for name in ("sid", "from", "text"))
            if sid.replace("\x00", ""):
                yield Incoming(sid.replace("\x00", "")[:200], number_of(sealing.normalise_phone(number)), text)

    def confirmed(self, part: str) -> tuple[str, str]:
        """What the gateway wants to be answered, and as what type: a text, or JSON."""
        wanted = self.described.get(part, {}).get("answer", "")
        return (wanted, "text/plain") if isinstance(wanted, str) else (json.dumps(wanted), JSON)

    @property
    def _states(self) -> Mapping[str, MessageState]:
        return {said: MessageState(state.upper()) for said, state in self.described.get("states", {}).items()}

    def _ask(self, described: Described, values: Mapping[str, str], seconds: float) -> Answer:
        url = _filled(described["url"], {name: quote(value, safe="") for name, value in values.items()})
        headers = {
            name: re.sub(r"[\r\n]", " ", _filled(value, values))
            for name, value in described.get("headers", {}).items()
        }
        method, body = described.get("method", "POST").upper(), None
        if "fields" in described:
            filled = _fill_all(described["fields"], values)
            is_json = described.get("body", "json") == "json"
            body = (json.dumps(filled, ensure_ascii=False) if is_json else urlencode(filled)).encode()
            headers = {"Content-Type": JSON if is_json else FORM} | headers
        return exchange(method, url, headers, body, seconds)


def _items(described: Described, fields: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """What is told in one request: one thing, or several in a list."""
    try:
        content = json.loads(fields[""]) if "" in fields else dict(fields)
    except ValueError:
        return
    items = _at(content, described["items"]) if "items" in described else content
    yield from (item for item in (items if isinstance(items, list) else [items]) if isinstance(item, dict))


def read(path: str, name: str | None = None) -> HttpTexts:
    """The gateway that a file describes. Raises UnsafeConfig with what is wrong in it."""
    try:
        described = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise UnsafeConfig(f"SMS_PROVIDERS names {path}, which cannot be read as JSON: {fault}.") from None
    try:
        found = str(described["name"])
        for part in ("url", "success"):
            described["send"][part]
        caps = {MAY_LINK} if described.get("may_link") else set()
        if "look" in described:
            described["look"]["url"], described["look"]["found"], described["look"]["absent"]
            caps.add(KNOWS_REFERENCE)
        for part in ("from", "text", "sid") if INBOUND in described else ():
            described[INBOUND][part]
        known = {state.lower() for state in MessageState}
        unknown = set(described.get("states", {}).values()) - known
    except (KeyError, TypeError, AttributeError) as fault:
        raise UnsafeConfig(f"{path} does not say {fault}; see docs/sms-gateway.md.") from None
    if not _NAME.fullmatch(found) or unknown:
        raise UnsafeConfig(f"{path} has a bad name or a state that is none of ours; see docs/sms-gateway.md.")
    return HttpTexts(found, described, caps=frozenset(caps))


def _check_status(answer: Answer) -> None:
    status = f"{answer.status}"
    if answer.status == 429:
        wait = answer.headers.get("retry-after", "")
        raise Unreachable(status, float(wait) if wait.isascii() and wait.isdigit() else None)
    if answer.status >= 500 or answer.status == 408:
        raise Unclear(status)
    if answer.status in _REFUSING:
        raise Refused(status)
    if answer.status >= 300:
        raise Unreachable(status)


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        raise Unclear("no JSON") from None


def _is(content: Any, wanted: Described) -> bool:
    """Whether the place that `wanted` names holds one of its values; without values, whether it holds anything."""
    value = _at(content, wanted.get("path", ""))
    equals = wanted.get("equals")
    return value in equals if equals is not None else bool(value)


def _at(content: Any, path: str) -> Any:
    """What stands at a path like "data.0.id"; None where nothing does, or there is no path."""
    for step in path.split(".") if path else [""]:
        if isinstance(content, list) and step.isdigit() and int(step) < len(content):
            content = content[int(step)]
        else:
            content = content.get(step) if isinstance(content, dict) else None
    return content


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _fill_all(template: Any, values: Mapping[str, str]) -> Any:
    if isinstance(template, dict):
        return {name: _fill_all(one, values) for name, one in template.items()}
    if isinstance(template, list):
        return [_fill_all(one, values) for one in template]
    return _filled(template, values) if isinstance(template, str) else template


def _filled(template: str, values: Mapping[str, str]) -> str:
    """With its holes filled, in one pass: what a value says is never looked at for holes."""

    def value(hole: re.Match[str]) -> str:
        kind, _, name = hole[1].partition(":")
        return os.environ.get(name, "") if kind == "env" else values.get(hole[1], "")

    return _HOLE.sub(value, template)


def _is_stamped(described: Described, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    secret = _filled(str(described.get("secret", "")), {}).encode()
    stamp = headers.get(str(described.get("stamp_header", "X-Timestamp")), "")
    given = headers.get(str(described.get("header", "X-Signature")), "")
    if not secret or not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12):
        return False
    if abs(now.timestamp() - int(stamp)) > STAMP_SECONDS:
        return False
    expected = hmac.new(secret, stamp.encode() + b"." + body, sha256).hexdigest()
    return hmac.compare_digest(expected, given.lower().encode("ascii", "replace").decode())
