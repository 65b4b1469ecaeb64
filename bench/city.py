"""The city as the seeder sees it: who works where, its clocks reckoned once for each hour, its rooms."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from psycopg import Connection

from routing.reference import Reference
from tickets import deadlines
from tickets.clocks import ENDS, clock_rules
from tickets.permissions import Scope, rooms_of_ticket
from tickets.vault import Vault

OPERATORS, DISPATCHERS, SUPERVISORS = 60, 12, 12
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Run:
    """One clock's reckoning from one start: what a Deadline row holds of it. `ladder` is its levels as JSON."""

    policy: int
    limit: str
    due_at: datetime
    yellow_at: datetime | None
    moments: tuple[tuple[int, datetime], ...]
    tiers: Mapping[int, str]
    ladder: str


@dataclass
class City:
    """Reference data, keys and staff, and what is reckoned once and used for many tickets.

    Everything that people do happens on the full hour, so that due times are reckoned for each hour, not for
    each ticket. `hours[i]` is the i-th hour since the start.
    """

    reference: Reference
    vault: Vault
    hours: list[datetime]
    now: datetime
    operators: list[int]
    dispatchers: list[int]
    supervisors: list[int]
    handlers: Mapping[int, int]
    at_work: list[int] = field(default_factory=list)
    """For each hour the next one in which offices are open."""
    _policies: dict[tuple[str, str, str, str | None], deadlines.Policy | None] = field(default_factory=dict)
    _runs: dict[tuple[int, int, int | None], Run] = field(default_factory=dict)
    _rooms: dict[tuple[Any, ...], tuple[str, ...]] = field(default_factory=dict)

    def run(
        self, clock: str, facts: tuple[str, str, str | None], hour: int, unit: int | None = None,
        due_at: datetime | None = None,
    ) -> Run | None:
        """The clock of a ticket of this type, urgency and category, started at that hour; None without policy.

        `unit` is whose part it is a clock of. `due_at` is for one that ends otherwise than by its limit.
        """
        scope = (clock, *facts)
        if scope not in self._policies:
            rules = clock_rules(self.reference)
            self._policies[scope] = deadlines.choose_policy(
                rules.policies.get(clock, ()), deadlines.PolicyFacts(*facts)
            )
        policy = self._policies[scope]
        if policy is None:
            return None
        calendar = self._calendar(unit)
        if due_at is not None:
            return self._reckon(policy, self.hours[hour], calendar, due_at)
        own_hours = self.reference.hours_of(unit) if unit else None
        key = (policy.id, hour, own_hours[0] if own_hours else None)
        found = self._runs.get(key)
        if found is None:
            found = self._runs[key] = self._reckon(policy, self.hours[hour], calendar)
        return found

    def due_after_rejection(self, was_due: datetime, hour: int, unit: int) -> datetime:
        """As tickets.clocks.take_up does it."""
        extra = clock_rules(self.reference).rejected_extra
        return max(was_due, deadlines.due_at(self.hours[hour], extra, self._calendar(unit)))

    def _calendar(self, unit: int | None) -> deadlines.Calendar:
        rules = clock_rules(self.reference)
        return rules.calendar_of_unit(unit) if unit else rules.calendar

    def _reckon(
        self, policy: deadlines.Policy, start: datetime, calendar: deadlines.Calendar,
        due_at: datetime | None = None,
    ) -> Run:
        """As tickets.clocks.start does it."""
        rules = clock_rules(self.reference)
        due_at = due_at or deadlines.due_at(start, policy.limit, calendar)
        ends = policy.clock in ENDS
        moments = (
            ((0, due_at),) if ends else deadlines.moments(start, due_at, policy.limit, policy.ladder, calendar)
        )
        tiers = {level: "end" if ends else policy.tier(level) for level, _ in moments}
        ladder = [[level, tiers[level], at.isoformat()] for level, at in moments]
        yellow = rules.yellow_at(start, due_at, policy.limit, calendar)
        return Run(policy.id, str(policy.limit), due_at, yellow, moments, tiers, json.dumps(ladder))

    def forget_before(self, hour: int) -> None:
        """Drop reckonings that no ticket will ask for again."""
        if len(self._runs) > 200_000:
            self._runs = {key: run for key, run in self._runs.items() if key[1] >= hour}

    def rooms(
        self, state: str, registered_by: int | None, confidential: bool, parts: tuple[tuple[int, str], ...]
    ) -> tuple[str, ...]:
        """The rooms of a ticket, sorted as they are stored; parts are (unit, state)."""
        key = (state, confidential, parts)
        found = self._rooms.get(key)
        if found is None:
            if len(self._rooms) > 200_000:
                self._rooms.clear()
            found = self._rooms[key] = tuple(sorted(rooms_of_ticket(Scope(0, state, None, confidential, parts))))
        # Who took it down adds one room to the others, whatever these are.
        return found if registered_by is None else tuple(sorted((*found, f"staff:{registered_by}")))

    def another_unit(self, rng: Random, taken: Iterable[int]) -> int:
        """A unit that handles tickets, other than those."""
        taken = set(taken)
        while True:
            unit = rng.choice(self.leads)
            if unit not in taken:
                return unit

    leads: list[int] = field(default_factory=list)
    """Units that the matters of this city lead to, as often as they do."""


def at_work(reference: Reference, hours: list[datetime]) -> list[int]:
    """For each hour its own position, or that of the next hour in which offices are open."""
    calendar = clock_rules(reference).calendar
    opens, closes = calendar.periods[0][0], calendar.periods[-1][1]
    following, found = len(hours) - 1, []
    for position in reversed(range(len(hours))):
        local = hours[position].astimezone(calendar.zone)
        if opens <= local.time() < closes and calendar.is_working(local.date()):
            following = position
        found.append(following)
    return found[::-1]


def hours_between(start: datetime, end: datetime) -> list[datetime]:
    """Every full hour from start to end."""
    return [start + index * HOUR for index in range(int((end - start) / HOUR) + 1)]


def hire(connection: Connection[Any], units: Iterable[int], now: datetime) -> dict[str, list[int]]:
    """Staff for a city of this size, without passwords, so that nobody can sign in as them.

    Returns ids by role: operator, dispatcher, supervisor, and handler in the order of `units`.
    """
    wanted: list[tuple[str, str, int | None]] = [
        (f"seeded-{role}-{number}", role, None)
        for role, count in (("operator", OPERATORS), ("dispatcher", DISPATCHERS), ("supervisor", SUPERVISORS))
        for number in range(1, count + 1)
    ]
    wanted += [(f"seeded-handler-{unit}", "handler", unit) for unit in units]
    logins, roles, places = (list(column) for column in zip(*wanted, strict=True))
    connection.execute(
        "INSERT INTO staff (login, name, created_at, version) SELECT login, login, %s, 1"
        " FROM unnest(%s::text[]) login ON CONFLICT DO NOTHING",
        (now, logins),
    )
    connection.execute(
        "INSERT INTO role_membership (staff_id, role_code, department_id) SELECT staff.id, role, unit"
        " FROM unnest(%s::text[], %s::text[], %s::int[]) held (login, role, unit) JOIN staff USING (login)"
        " ON CONFLICT DO NOTHING",
        (logins, roles, places),
    )
    ids = dict(connection.execute("SELECT login, id FROM staff WHERE login = ANY(%s)", (logins,)).fetchall())
    hired: dict[str, list[int]] = {}
    for login, role, _ in wanted:
        hired.setdefault(role, []).append(ids[login])
    return hired
