"""One-time keys of forms: a form carries one, the ticket keeps it, and a repeat is known by it."""

import uuid
from collections.abc import Mapping

from tickets import errors


def new_key() -> str:
    """A key for a fresh form."""
    return str(uuid.uuid4())


def form_key(fields: Mapping[str, str]) -> str:
    """The key that a form carries. Raises Invalid."""
    try:
        return str(uuid.UUID(fields.get("form_key", "")))
    except ValueError as fault:
        raise errors.Invalid(fields={"form_key": "missing"}) from fault
