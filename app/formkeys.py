"""One-time keys of forms: a form carries one, the ticket keeps it, and a repeat is known by it. And what no
program may send."""

import uuid
from collections.abc import Mapping, Set

from tickets import errors


def new_key() -> str:
    """A key for a fresh form."""
    return str(uuid.uuid4())


def form_key(fields: Mapping[str, str]) -> str:
    """The key that a form carries. Raises Invalid."""
    key = _key_in(fields)
    if key is None:
        raise errors.Invalid(fields={"form_key": "missing"})
    return key


def same_or_new(fields: Mapping[str, str]) -> str:
    """The key for a form that is shown once more: its own, or a new one where it has none that is good."""
    return _key_in(fields) or new_key()


def refuse_further(body: Mapping[str, object], known: Set[str]) -> None:
    """Raise Invalid, naming every field of a JSON object that is none of these."""
    further = dict.fromkeys(sorted(body.keys() - known), "not_known")
    if further:
        raise errors.Invalid(fields=further)


def _key_in(fields: Mapping[str, str]) -> str | None:
    try:
        return str(uuid.UUID(fields.get("form_key", "")))
    except ValueError:
        return None
