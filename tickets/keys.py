"""The key of a page's last row, by which the next page is asked for: a moment and an id."""

from datetime import UTC, datetime

from tickets import errors

MOST = 2**63


def encode(moment: datetime, row_id: int) -> str:
    """As it stands in an address."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{row_id}"


def decode(key: str) -> tuple[datetime, int]:
    """The moment and the id of a key. Raises Invalid."""
    moment, _, row_id = key.rpartition("-")
    try:
        found = datetime.strptime(moment, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC), int(row_id)
    except ValueError as fault:
        raise errors.Invalid(fields={"after": "unknown"}) from fault
    if not 0 <= found[1] < MOST:
        raise errors.Invalid(fields={"after": "unknown"})
    return found
