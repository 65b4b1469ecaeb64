"""One ticket's life in memory, by the same table, rooms, clocks and kinds of event as the verbs; rows come out.

Each method here stands for the verb of its name in tickets/. Time comes from outside and only goes forward.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bench.city import City
from bench.copying import Loader
from bench.matters import Matter
from bench.rows import Caller, Clock, Event, Ids, Part
from tickets import lifecycle
from tickets.clocks import SIGN
from tickets.deadlines import levels_due
from tickets.events import KINDS
from tickets.lifecycle import ENDED

_BASIS = "《权责清单》及本单位三定方案"
OFFICE_NUMBER = "0990-12345"
SWEPT_AFTER = timedelta(seconds=7)  # a due moment waits for the next sweep and its job

_targets: dict[tuple[str, str, str], str] = {}
_payloads: set[tuple[str, ...]] = set()


def _owed(name: str, due_at: datetime, moments: Iterable[datetime], after: datetime) -> datetime | None:
    """As tickets.clocks does it: the first rung of the ladder, or of signing the end."""
    end = [due_at] if name == SIGN and due_at > after else []
    return min([*moments, *end], default=None)


def moved(machine: str, action: str, state: str) -> str:
    """The state after this action, by the transition table. Raises ValueError where there is none."""
    key = (machine, action, state)
    if key not in _targets:
        row = lifecycle.transition(machine, action, state)
        if row is None:
            raise ValueError(f"no {action} of a {machine} in {state}")
        _targets[key] = str(row.target or state)
    return _targets[key]


class Life:
    """A ticket while it is being made. `events` fills up with what happened, in order."""

    def __init__(self, city: City, loader: Loader, ids: Ids, matter: Matter, caller: Caller) -> None:
        self.city, self.loader, self.ids = city, loader, ids
        self.matter, self.caller = matter, caller
        self.id = ids.take("ticket")
        self.state = "REGISTERED"
        self.version = self.round = 0
        self.now: datetime
        self.hour = self.born = 0
        self.code_counter = 0
        self.code_key_id: str | None = None
        self.code_hash: bytes | None = None
        self.rooms: tuple[str, ...] = ()
        self.parts: list[Part] = []
        self.clocks: list[Clock] = []
        self.next_at: datetime | None = None
        self.texts: dict[str, int] = {}
        self.events: list[Event] = []
        self.dispatched_at: datetime | None = None
        self.closed_at: datetime | None = None
        self.disposition: str | None = None
        self.refer_reason: str | None = None
        self.facts = (matter.type, matter.urgency, matter.category)

    @property
    def lead(self) -> Part:
        """The part of the unit that leads now."""
        return next(part for part in reversed(self.parts) if part.role == "lead")

    @property
    def is_over(self) -> bool:
        return self.state in ENDED

    def at(self, hour: int) -> None:
        """Time goes on to that hour; what the clocks owe until then is done."""
        self.until(self.city.hours[hour])
        self.hour, self.now = hour, self.city.hours[hour]

    def until(self, moment: datetime) -> None:
        """Let sweeps find everything due up to a moment."""
        while self.next_at is not None and self.next_at + SWEPT_AFTER <= moment:
            due = next(clock for clock in self.clocks if clock.next_at == self.next_at)
            self.now = self.next_at + SWEPT_AFTER
            if due.name == "callback":
                self.close(None, "unrated")
            else:
                self._escalate(due)
                if due.name == SIGN and due.part and due.run.due_at <= self.now:
                    self.sign(due.part, by_itself=True)

    def _escalate(self, clock: Clock) -> None:
        acting, skipped, next_at = levels_due(clock.run.moments, clock.fired, self.now)
        clock.next_at = _owed(clock.name, clock.run.due_at, [next_at] if next_at else [], self.now)
        self._see_next()
        owed, tiers = dict(clock.run.moments), clock.run.tiers
        for level in (*skipped, *(() if acting is None else (acting,))):
            outcome = "acted" if level == acting else "skipped"
            row, unit = self.ids.take("escalation"), clock.part.unit if clock.part else None
            self.loader.add(
                "escalation", row, clock.id, level, tiers[level], owed[level], self.now, outcome, clock.name, unit
            )
            clock.fired.append(level)
        if acting is not None:
            self.finish(
                "ticket.escalated", "system", None, clock.part.unit if clock.part else None,
                deadline=clock.id, level=acting, tier=tiers[acting], skipped=list(skipped) or None,
            )

    def register(self, contact: list[str]) -> None:
        """Number, texts and event; then routing: dispatch at once, or triage."""
        self.born = self.hour
        kind = "staff" if self.caller.operator else "citizen"
        bodies = {"title": self.matter.title, "content": self.matter.content, "place": self.matter.place}
        texts = self.write({field: body for field, body in bodies.items() if body}, self.caller.operator)
        self.finish(
            "ticket.registered", kind, self.caller.operator, None,
            channel=self.caller.channel, texts=texts, contact=contact or None,
        )
        self._decide()
        if self.matter.dispatches and self.matter.lead is not None:
            self.dispatch(None, self.matter.lead, self.matter.assists, **self.matter.grounds)
            return
        self.state = moved("ticket", "triage", self.state)
        self._start("dispatch", None)
        self.finish("ticket.triaged", "system", None, None, **self.matter.grounds)

    def _decide(self) -> None:
        row, it = self.ids.take("routing_decision"), self.matter
        self.loader.add(
            "routing_decision", row, self.id, self.now, it.dispatches, it.lead, it.category, it.duty,
            it.duty_version, it.rule, it.confidence, it.detail,
        )

    def answer(self, staff: int, body: str) -> None:
        self._end("answer", staff)
        self.finish("ticket.answered", "staff", staff, None, texts=self.write({"answer": body}, staff))

    def refer(self, staff: int, disposition: str, reason: str, body: str) -> None:
        self._end("refer", staff)
        self.disposition, self.refer_reason = disposition, reason
        texts = self.write({"referral": body}, staff)
        self.finish("ticket.referred", "staff", staff, None, disposition=disposition, reason=reason, texts=texts)

    def _end(self, action: str, staff: int) -> None:
        self.stop()
        self.state = moved("ticket", action, self.state)
        self.closed_at = self.now

    def dispatch(self, staff: int | None, lead: int, assists: Collection[int] = (), **payload: Any) -> None:
        self.stop(("dispatch",))
        self.state = moved("ticket", "dispatch", self.state)
        self.round += 1
        self.dispatched_at = self.dispatched_at or self.now
        others = [unit for unit in dict.fromkeys(assists) if unit != lead]
        for unit in (lead, *others):
            self._assign(unit, "lead" if unit == lead else "assist")
        self.finish(
            "ticket.dispatched", "staff" if staff else "system", staff, lead,
            lead=lead, assists=others or None, round=self.round, **payload,
        )

    def _assign(self, unit: int, role: str) -> None:
        part = Part(self.ids.take("assignment"), unit, role, self.round, self.now)
        self.parts.append(part)
        window = self.city.run("return", self.facts, self.hour)
        part.return_until = window.due_at if window else None
        self._start("sign", part)
        if role == "lead" and not self.caller.anonymous:
            self._start("contact", part)
        self._start("handle", part)

    def sign(self, part: Part, by_itself: bool = False) -> None:
        part.state = moved("assignment", "sign", part.state)
        part.signed_at, part.auto_signed = self.now, by_itself
        self.stop(("sign",), part)
        if by_itself:
            self.finish("assignment.signed", "system", None, part.unit, assignment=part.id)
        else:
            self._by_unit(part, "assignment.signed")

    def handle(self, part: Part, note: str) -> None:
        part.state = moved("assignment", "handle", part.state)
        self._contacted(part)
        self._by_unit(part, "assignment.handled", {"handle_note": note}, contact="phone")

    def _contacted(self, part: Part) -> None:
        part.first_contact_at = part.first_contact_at or self.now
        self.stop(("contact",), part)

    def request_return(self, part: Part, reason: str, note: str, suggested: int) -> None:
        part.state = moved("assignment", "request_return", part.state)
        part.return_reason, part.suggested = reason, suggested
        self._start("decision", part, self.version + 1)
        texts = {"legal_basis": _BASIS, "return_note": note}
        self._by_unit(part, "assignment.return_requested", texts, reason=reason, suggested=suggested)

    def uphold(self, staff: int, part: Part, note: str) -> None:
        part.state = moved("assignment", "uphold", part.state)
        self.stop(("decision",), part)
        if part.signed_at is None:
            part.signed_at = self.now
            self.stop(("sign",), part)
        texts = self.write({"decision_note": note}, staff, part)
        self.finish("assignment.upheld", "staff", staff, part.unit, assignment=part.id, texts=texts)

    def redispatch(self, staff: int, part: Part, unit: int, note: str) -> None:
        part.state = moved("assignment", "redispatch", part.state)
        part.ended_at = self.now
        self.stop((), part)
        texts = self.write({"decision_note": note}, staff, part)
        self.finish("assignment.returned", "staff", staff, part.unit, assignment=part.id, texts=texts)
        self.round += 1
        self._assign(unit, part.role)
        self.finish("ticket.dispatched", "staff", staff, unit, lead=unit, round=self.round)

    def contribute(self, part: Part, internal: str) -> None:
        part.state = moved("assignment", "contribute", part.state)
        part.submitted_at = self.now
        self.stop((), part)
        self._by_unit(part, "assignment.contributed", {"internal_note": internal})

    def reply(self, part: Part, public: str, internal: str) -> None:
        part.state = moved("assignment", "reply", part.state)
        part.submitted_at = self.now
        self._contacted(part)
        part.account = ("phone", self.now, OFFICE_NUMBER, "true", "solved")
        self.stop((), part)
        texts = {"public_reply": public, "internal_note": internal}
        self._by_unit(part, "assignment.replied", texts, contact="phone", facts="true", result="solved")
        self.state = moved("ticket", "submit", self.state)
        self._start("review", None, self.version)
        self.finish("ticket.submitted", "staff", self.city.handlers[part.unit], None)

    def accept(self, staff: int) -> None:
        for part in self.parts:
            if part.state == "SUBMITTED":
                part.state, part.ended_at = "DONE", self.now
        self.stop()
        self.state = moved("ticket", "accept", self.state)
        self._start("callback", None, self.version)
        self.finish("ticket.accepted", "staff", staff, None)

    def reject(self, staff: int, note: str) -> None:
        self.stop(("review",))
        self.state = moved("ticket", "reject", self.state)
        for part in self.parts:
            if part.state == "SUBMITTED" and part.role == "lead":
                part.state = "REJECTED"
                last = next(one for one in reversed(self.clocks) if one.name == "handle" and one.part is part)
                due_at = self.city.due_after_rejection(last.run.due_at, self.hour, part.unit)
                self._start("handle", part, self.version, due_at)
        self.finish("ticket.rejected", "staff", staff, None, texts=self.write({"review_note": note}, staff))

    def rate(self, solved: bool, satisfied: int, note: str) -> None:
        row = self.ids.take("rating")
        self.loader.add("rating", row, self.id, self.round, solved, satisfied, self.now)
        self._close("rate")
        texts = self.write({"rating_note": note}, None) if note else None
        self.finish("ticket.rated", "citizen", None, None, solved=solved, satisfied=satisfied, texts=texts)

    def close(self, staff: int | None, outcome: str) -> None:
        self.loader.add("follow_up", self.ids.take("follow_up"), self.id, staff, self.now, outcome)
        self._close("close")
        self.finish("ticket.closed", "staff" if staff else "system", staff, None, outcome=outcome)

    def _close(self, action: str) -> None:
        self.stop()
        self.state = moved("ticket", action, self.state)
        self.closed_at = self.now

    def _start(
        self, name: str, part: Part | None, epoch: int = 1, due_at: datetime | None = None
    ) -> None:
        run = self.city.run(name, self.facts, self.hour, part.unit if part else None, due_at)
        if run is None:
            return
        next_at = _owed(name, run.due_at, (at for _, at in run.moments), self.now)
        self.clocks.append(Clock(self.ids.take("deadline"), name, part, epoch, run, self.now, next_at))
        self._see_next()

    def stop(self, names: Collection[str] = (), part: Part | None = None) -> None:
        """Stop the running clocks of these names and this part, or all."""
        for clock in self.clocks:
            if (
                clock.stopped_at is None
                and (not names or clock.name in names)
                and (part is None or clock.part is part)
            ):
                clock.stopped_at, clock.next_at = self.now, None
        self._see_next()

    def nearest_due(self, part: Part | None = None) -> datetime | None:
        """When the nearest running clock is due: of this part, or of all."""
        running = [one for one in self.clocks if one.stopped_at is None and (part is None or one.part is part)]
        return min((one.run.due_at for one in running), default=None)

    def _see_next(self) -> None:
        owed = [clock.next_at for clock in self.clocks if clock.next_at is not None]
        self.next_at = min(owed) if owed else None

    def write(self, bodies: Mapping[str, str], staff: int | None, part: Part | None = None) -> dict[str, int]:
        """Texts as the next versions of their fields; field -> version."""
        place = part.id if part else None
        for name, body in bodies.items():
            version = self.texts[name] = self.texts.get(name, 0) + 1
            row = self.ids.take("ticket_text")
            self.loader.add("ticket_text", row, self.id, place, name, version, body, staff, self.now)
        return {name: self.texts[name] for name in bodies}

    def _by_unit(
        self, part: Part, kind: str, bodies: Mapping[str, str] | None = None, **payload: Any
    ) -> None:
        staff = self.city.handlers[part.unit]
        texts = self.write(bodies, staff, part) if bodies else None
        self.finish(kind, "staff", staff, part.unit, assignment=part.id, texts=texts, **payload)

    def finish(self, kind: str, actor: str, actor_id: int | None, unit: int | None, **payload: Any) -> None:
        """Raise the version, take the rooms that follow from the state, and note the event."""
        self.version += 1
        payload = {key: value for key, value in payload.items() if value is not None}
        before, self.rooms = self.rooms, self.city.rooms(
            self.state, self.caller.operator, self.matter.confidential,
            tuple([(part.unit, part.state) for part in self.parts]),
        )
        self.events.append(
            (self.now, self.id, self.version, kind, actor, actor_id, unit, payload, before, self.rooms)
        )
        shape = (kind, *payload)
        if shape not in _payloads:
            if not KINDS[kind].issuperset(payload):
                raise ValueError(f"event {kind} does not carry {sorted(payload)}")
            _payloads.add(shape)

    def store(self) -> None:
        """Hand over the rows that only now are final: assignments and clocks. The ticket's own is the seeder's."""
        add = self.loader.add
        for part in self.parts:
            add(
                "assignment", part.id, self.id, part.unit, part.role, part.round, part.state,
                part.dispatched_at, part.signed_at, part.first_contact_at, part.submitted_at, part.ended_at,
                part.return_reason, part.suggested, part.return_until, part.auto_signed, *part.account,
                self.nearest_due(part),
            )
        for clock in self.clocks:
            run = clock.run
            add(
                "deadline", clock.id, self.id, clock.part.id if clock.part else None, clock.name, clock.epoch,
                run.policy, run.limit, clock.started_at, run.due_at, run.yellow_at, run.ladder, clock.next_at,
                clock.stopped_at,
            )
