"""Events into their one order with the relay's hash chain: ids and sequences are given by time, as in life."""

from datetime import datetime, timedelta
from types import SimpleNamespace

from app.outbox import link
from bench.copying import NULL, Loader, jsonb, moment
from bench.rows import Event, Ids

STAMPED_AFTER = timedelta(milliseconds=60)


class Publisher:
    """Holds events until none before them can come any more, then numbers, chains and stores them."""

    def __init__(self, loader: Loader, ids: Ids, seq: int, chain: bytes) -> None:
        self.loader, self.ids = loader, ids
        self.seq, self.chain = seq, chain
        self.heads: dict[str, int] = {}
        self._waiting: dict[int, list[Event]] = {}
        self._stamped: tuple[datetime | None, datetime | None] = (None, None)
        # One for all events: it carries what the chain's hash covers.
        self._covered = SimpleNamespace(subject="ticket")

    def add(self, events: list[Event]) -> None:
        for event in events:
            self._waiting.setdefault(event[0].toordinal(), []).append(event)

    def publish_before(self, ordinal: int) -> None:
        """Publish all days before that one (a date's ordinal, UTC)."""
        for day in sorted(day for day in self._waiting if day < ordinal):
            for event in sorted(self._waiting.pop(day)):
                self._publish(event)

    def publish_all(self) -> None:
        self.publish_before(max(self._waiting, default=0) + 1)

    def _publish(self, event: Event) -> None:
        at, ticket, version, kind, actor, actor_id, unit, payload, before, after = event
        self.seq += 1
        number = self.ids.take("ticket_event")
        self._covered.__dict__.update(
            id=number, subject_id=ticket, version=version, kind=kind, actor=actor, actor_id=actor_id,
            department_id=unit, at=at, payload=payload, rooms_before=before, rooms_after=after,
        )
        self.chain = link(self.chain, self._covered)  # type: ignore[arg-type]
        # Half of all rows are events and publications: written here without asking each value for its type.
        who, where = NULL if actor_id is None else actor_id, NULL if unit is None else unit
        self.loader.add_line(
            "ticket_event",
            f"{number}\tticket\t{ticket}\t{version}\t{kind}\t{actor}\t{who}\t{where}\t{moment(at)}\t"
            f"{jsonb(payload)}\t{{{','.join(before)}}}\t{{{','.join(after)}}}",
        )
        published = moment(self._stamped_at(at))
        self.loader.add_line("publication", f"{self.seq}\t{number}\t\\\\x{self.chain.hex()}\t{published}")
        for room in after if before == after else {*before, *after}:
            self.heads[room] = self.seq

    def _stamped_at(self, at: datetime) -> datetime:
        """Neighbours mostly happened at the same moment."""
        if self._stamped[0] is not at:
            self._stamped = (at, at + STAMPED_AFTER)
        return self._stamped[1]  # type: ignore[return-value]
