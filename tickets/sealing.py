"""Personal data at rest: AES-256-GCM for each field, keyed hashes to search by, telephone numbers in one
form. The keys come from outside; nothing here logs, and no message of an error shows a value."""

import base64
import binascii
import hashlib
import hmac
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

import phonenumbers
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
HOME_REGION = "CN"

_NONCE_BYTES = 12
_TAG_BYTES = 16
_FORMAT = 1
_LONGEST_LOCAL = 8  # digits of a landline number without its area code
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class SealError(ValueError):
    """A key is missing or malformed, or a sealed value is not what was sealed. Shows neither."""


@dataclass(frozen=True)
class Keys:
    """`writing` names the key that seals; every key of `readable` opens; `blind` makes keyed hashes."""

    writing: str
    readable: Mapping[str, bytes] = field(repr=False)
    blind: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.writing not in self.readable:
            raise SealError("The writing key is not among the readable keys.")
        for key_id, key in self.readable.items():
            if not _KEY_ID.fullmatch(key_id):
                raise SealError("A key id is 1 to 32 letters, digits, hyphens or underscores.")
            if len(key) != KEY_BYTES:
                raise SealError(f"Key {key_id} is not {KEY_BYTES} bytes long.")
        if len(self.blind) < KEY_BYTES:
            raise SealError(f"The blind key is shorter than {KEY_BYTES} bytes.")

    @classmethod
    def parse(cls, pii_keys: str, blind_key: str) -> "Keys":
        """From "id:base64,id:base64" (the first writes) and one base64 text. Raises SealError."""
        readable: dict[str, bytes] = {}
        for pair in pii_keys.split(","):
            key_id, _, encoded = pair.strip().partition(":")
            if key_id in readable:
                raise SealError("Two keys have the same id.")
            readable[key_id] = _decoded(encoded)
        return cls(next(iter(readable)), readable, _decoded(blind_key))


def seal(keys: Keys, value: str, field: str, context: str = "") -> bytes:
    """Encrypt with the writing key: format, key id, nonce, ciphertext and tag in one blob.

    `field` and `context` (say "contact:123") are bound to it: moved to another place, it does not open.
    """
    return seal_bytes(keys, value.encode(), field, context)


def seal_bytes(keys: Keys, value: bytes, field: str, context: str = "") -> bytes:
    """As `seal`, of what is no text."""
    key_id = keys.writing.encode()
    head = bytes((_FORMAT, len(key_id))) + key_id
    nonce = os.urandom(_NONCE_BYTES)
    cipher = AESGCM(keys.readable[keys.writing])
    return head + nonce + cipher.encrypt(nonce, value, head + _bound(field, context))


def open_(keys: Keys, blob: bytes, field: str, context: str = "") -> str:
    """The value sealed under the same field and context. Raises SealError for anything else."""
    return open_bytes(keys, blob, field, context).decode()


def open_bytes(keys: Keys, blob: bytes, field: str, context: str = "") -> bytes:
    """As `open_`, of what is no text."""
    blob = bytes(blob)
    key_id, body_at = _head(blob)
    key = keys.readable.get(key_id)
    if key is None:
        raise SealError("The value was sealed with a key that is not readable here.")
    nonce, body = blob[body_at : body_at + _NONCE_BYTES], blob[body_at + _NONCE_BYTES :]
    try:
        return AESGCM(key).decrypt(nonce, body, blob[:body_at] + _bound(field, context))
    except InvalidTag:
        raise SealError("The value was changed, moved or sealed with another key.") from None


def key_id_of(blob: bytes) -> str:
    """The id of the key that sealed it, to find what a retired key still holds. Raises SealError."""
    return _head(bytes(blob))[0]


def blind(keys: Keys, value: str, field: str) -> bytes:
    """32 bytes to search by: equal for equal values of one field, meaningless without the blind key."""
    return hmac.digest(keys.blind, _bound(field, value), hashlib.sha256)


def normalise_phone(text: str) -> str:
    """E.164 for a number that can be dialled in full; plain digits for short and local numbers.

    Text without a digit gives an empty string.
    """
    plain = unicodedata.normalize("NFKC", text)
    try:
        number = phonenumbers.parse(plain, HOME_REGION)
    except phonenumbers.NumberParseException:
        return _digits(plain)
    # The library takes local numbers as valid, though without area code one is another phone in each city,
    # and learns new mobile prefixes only with its next release.
    known = phonenumbers.is_valid_number(number) or _is_mobile(number)
    if len(_digits(plain)) <= _LONGEST_LOCAL or not known:
        return _digits(plain)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalise_name(text: str) -> str:
    """A name without blanks, dots between its parts, or capitals: 阿依 · 古丽 and 阿依古丽 are one."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in plain if not char.isspace() and char not in "·•・‧")


def _is_mobile(number: phonenumbers.PhoneNumber) -> bool:
    return number.country_code == 86 and _MOBILE.fullmatch(str(number.national_number)) is not None


def _digits(text: str) -> str:
    return "".join(str(int(char)) for char in text if char.isdecimal())


def _bound(field: str, text: str) -> bytes:
    """Field and text as one, with no way to shift characters between the two."""
    return f"{len(field)}:{field}:{text}".encode()


def _head(blob: bytes) -> tuple[str, int]:
    """Key id and where the nonce begins."""
    if len(blob) < 2 or blob[0] != _FORMAT:
        raise SealError("This is not a sealed value.")
    body_at = 2 + blob[1]
    if len(blob) < body_at + _NONCE_BYTES + _TAG_BYTES:
        raise SealError("The sealed value is cut short.")
    return blob[2:body_at].decode("ascii", "replace"), body_at


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        raise SealError("A key is not base64.") from None
