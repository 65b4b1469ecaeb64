"""The calls of the four weeks before the first start: figures, log and the planning of seats tell something then.

Whole rows with their facts and events, for a verb for each fact would cost a minute. What a row says is read from
its facts, as always, and replay finds nothing that differs.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from sqlalchemy import select

from app.auth.accounts import actor_by_login
from app.demo.operators import LOGINS, SKILLS
from app.demo.steps import OPERATORS
from app.settled import ANSWERED, TICKET
from calls import keeping, settings
from calls.machine import CallState, Fact
from calls.models import PROVIDER, Call, Offer, PhoneLine, Seat, SeatSpan
from calls.seats import SeatState
from db import db
from routing import service as routing
from tickets.lifecycle import TicketState
from tickets.models import Contact, Ticket
from tickets.permissions import SYSTEM

DAYS, SEED = 28, 12345
OPENS, OPEN_FOR = time(8), timedelta(hours=12)
CREW = 2
CALLS, CALLS_ON_WEEKENDS = (10, 16), (4, 8)
BUSY_HOURS = ((1.0, 2.5), (6.5, 8.0))
"""Hours after opening in which every second call comes."""
MENU, ACCEPTS, TALKS, WRITES = (8, 30), (2, 14), (40, 420), (10, 60)
"""Seconds, from to."""
IMPATIENT, FEW_SECONDS, MANY_SECONDS = 0.12, (2, 15), (60, 240)
"""How often somebody waits but a few seconds, and how long they and the others wait."""
ON_HOTLINE = 0.85


@dataclass
class Rang:
    """One past call. `staff_id` is None where the caller gave up waiting; `over` is the end of the call, `ticket`
    what was taken down."""

    began: datetime
    queued: datetime
    over: datetime
    staff_id: int | None = None
    accepted: datetime | None = None
    written: datetime | None = None
    """When the work after the talk was done."""
    ticket: Ticket | None = None


@dataclass(frozen=True)
class Day:
    """One day of the four weeks: from when to when the telephone was answered, by whom, and what rang."""

    opens: datetime
    until: datetime
    seated: Sequence[int]
    rang: Sequence[Rang]


def days_before(now: datetime) -> list[Day]:
    """What rang before now, day by day; of each day the same two of the operators who take turns answer."""
    random, zone = Random(SEED), routing.current().zone
    crew = _ids(LOGINS)
    today = now.astimezone(zone).date()
    days = []
    for on in (today - timedelta(days=back) for back in range(DAYS, -1, -1)):
        opens = datetime.combine(on, OPENS, zone)
        until = min(opens + OPEN_FOR, now)
        if until > opens:
            seated = [crew[(on.toordinal() + number) % len(crew)] for number in range(CREW)]
            days.append(Day(opens, until, seated, list(_day(on, opens, until, seated, random))))
    return days


def write_down(days: Sequence[Day]) -> None:
    """Write these calls down, and those in which tickets were taken down on the same days, in the caller's unit of
    work."""
    random, takers = Random(SEED), _ids(OPERATORS)
    rang: list[Rang] = []
    shifts: list[tuple[int, datetime, datetime]] = []
    for day in days:
        taken = list(_taken_down(day.opens, day.until, random))
        shifts += [(one, day.opens, day.until) for one in (*day.seated, *(takers if taken else ()))]
        rang += [*day.rang, *taken]
    _write_seats(shifts, list(zip(rang, _write_calls(rang, random), strict=True)))


def _ids(logins: Sequence[str]) -> list[int]:
    return [actor_by_login(login).id or 0 for login in logins]


def _day(on: date, opens: datetime, until: datetime, seated: Sequence[int], random: Random) -> Iterator[Rang]:
    """The calls of one day in order; whoever is free first takes the next, if its caller has the patience."""
    free = dict.fromkeys(seated, opens)
    for began in _arrivals(on, opens, random):
        queued = began + _seconds(MENU, random)
        staff_id = min(free, key=lambda one: free[one])
        accepted = max(queued, free[staff_id]) + _seconds(ACCEPTS, random)
        patience = _seconds(FEW_SECONDS if random.random() < IMPATIENT else MANY_SECONDS, random)
        over = accepted + _seconds(TALKS, random)
        written = over + _seconds(WRITES, random)
        if written >= until:
            return
        if accepted - queued > patience:
            yield Rang(began, queued, queued + patience)
            continue
        free[staff_id] = written
        yield Rang(began, queued, over, staff_id, accepted, written)


def _taken_down(opens: datetime, until: datetime, random: Random) -> Iterator[Rang]:
    """The calls in which that day's tickets were told, as far as one operator takes one after the other."""
    told = select(Ticket).where(
        Ticket.channel == "phone", Ticket.registered_at > opens, Ticket.registered_at < until,
        Ticket.registered_by.in_(_ids(OPERATORS)),
    )  # fmt: skip
    free: dict[int | None, datetime] = {}
    for ticket in db.session.scalars(told.order_by(Ticket.registered_at)):
        assert ticket.registered_at is not None
        over = ticket.registered_at - _seconds(WRITES, random)
        accepted = over - _seconds(TALKS, random)
        queued = accepted - _seconds(ACCEPTS, random)
        began = queued - _seconds(MENU, random)
        if began > free.get(ticket.registered_by, opens):
            free[ticket.registered_by] = ticket.registered_at
            yield Rang(began, queued, over, ticket.registered_by, accepted, ticket.registered_at, ticket)


def _arrivals(on: date, opens: datetime, random: Random) -> list[datetime]:
    number = random.randint(*(CALLS if on.weekday() < 5 else CALLS_ON_WEEKENDS))
    whole = (0.0, OPEN_FOR / timedelta(hours=1) - 1)
    spans = [random.choice(BUSY_HOURS) if random.random() < 0.5 else whole for _ in range(number)]
    return sorted(opens + timedelta(seconds=round(3600 * random.uniform(*span))) for span in spans)


def _seconds(span: tuple[int, int], random: Random) -> timedelta:
    return timedelta(seconds=random.randint(*span))


def _write_calls(rang: Sequence[Rang], random: Random) -> list[Call]:
    in_use = select(PhoneLine.line_no).where(PhoneLine.is_active)
    lines = list(db.session.scalars(in_use.order_by(PhoneLine.line_no)))
    calls = [_call(one, lines, random) for one in rang]
    db.session.add_all(calls)
    db.session.flush()
    offers = {call.id: _offer(one, call.id) for one, call in zip(rang, calls, strict=True) if one.accepted}
    db.session.add_all(offers.values())
    db.session.flush()
    short = settings.current().short_abandon
    for one, call in zip(rang, calls, strict=True):
        offer = offers.get(call.id)
        keeping.write_down(call, _facts(one, short, offer.id if offer else 0), SYSTEM)
    db.session.flush()
    return calls


def _call(one: Rang, lines: Sequence[str], random: Random) -> Call:
    line_no = random.choice(lines) if lines and random.random() > ON_HOTLINE else "12345"
    became = {"disposition": ANSWERED} if one.staff_id else {}
    if one.ticket:
        contact = db.session.get(Contact, one.ticket.id)
        line_no = one.ticket.line_no
        became = {
            "disposition": ANSWERED if one.ticket.state == TicketState.ANSWERED else TICKET,
            "ticket_id": one.ticket.id, "phone_hash": contact.phone_hash if contact else None,
        }  # fmt: skip
    return Call(
        ref=secrets.token_hex(16), provider=PROVIDER, direction="in", purpose="hotline", line_no=line_no,
        lang="zh", skills=[], priority=0, state=CallState.NEW, epoch=1, version=0, tries=0, facts=[],
        started_at=one.began, seen_at=one.over, **became,
    )  # fmt: skip


def _offer(one: Rang, call_id: int) -> Offer:
    assert one.accepted is not None
    return Offer(
        call_id=call_id, epoch=1, staff_id=one.staff_id, state="over", offered_at=_offered(one),
        accepted_at=one.accepted, closed_at=one.over, expires_at=one.accepted + settings.current().span("offer"),
    )  # fmt: skip


def _offered(one: Rang) -> datetime:
    """A moment before it was accepted, when it waited already and the seat was free."""
    assert one.accepted is not None
    return one.accepted - timedelta(seconds=ACCEPTS[0])


def _facts(one: Rang, short: int, offer_id: int) -> list[Fact]:
    waits = [Fact(one.began, "started"), Fact(one.queued, "queued", value=str(short))]
    if one.accepted is None:
        return [*waits, Fact(one.over, "ended", value="completed")]
    in_room = one.accepted + timedelta(seconds=1)
    return [
        *waits, Fact(_offered(one), "offered", value=str(offer_id)),
        Fact(one.accepted, "accepted", value=str(offer_id)),
        Fact(in_room, "operator_joined", value=f"{one.staff_id}-1"), Fact(in_room, "caller_joined"),
        Fact(one.over, "operator_leaving", value=str(one.staff_id)), Fact(one.over, "ended", value="completed"),
    ]  # fmt: skip


Mark = tuple[datetime, SeatState, int | None]
"""From when on a seat is at what, and with which call."""


def _write_seats(
    shifts: Sequence[tuple[int, datetime, datetime]], rang: Sequence[tuple[Rang, Call]]
) -> None:
    """What each seat was at, without a gap from the first shift on, and where it stands now: nobody is there."""
    logins = (*LOGINS, *OPERATORS)
    crew = _ids(logins)
    marks: dict[int, list[Mark]] = {staff_id: [] for staff_id in crew}
    for staff_id, opens, until in shifts:
        marks[staff_id] += [(opens, SeatState.READY, None), (until, SeatState.OFFLINE, None)]
    for one, call in rang:
        if one.staff_id is not None:
            marks[one.staff_id] += _marks(one, call.id)
    for login, staff_id in zip(logins, crew, strict=True):
        if marks[staff_id]:
            _write_seat(staff_id, SKILLS.get(login, ()), sorted(marks[staff_id], key=lambda mark: mark[0]))
    db.session.flush()


def _marks(one: Rang, call_id: int) -> list[Mark]:
    assert one.accepted is not None and one.written is not None
    return [
        (_offered(one), SeatState.OFFERED, call_id), (one.accepted, SeatState.ON_CALL, call_id),
        (one.over, SeatState.WRAP_UP, call_id), (one.written, SeatState.READY, None),
    ]  # fmt: skip


def _write_seat(staff_id: int, skills: Sequence[str], marks: Sequence[Mark]) -> None:
    last, state, _ = marks[-1]
    db.session.add(
        Seat(
            staff_id=staff_id, state=state, since=last, seen_at=last, skills=list(skills), version=len(marks),
        )  # fmt: skip
    )
    ends = [at for at, _, _ in marks[1:]]
    for (at, state, call_id), until in zip(marks, [*ends, None], strict=True):
        span = SeatSpan(staff_id=staff_id, state=state, call_id=call_id, began_at=at, ended_at=until)
        db.session.add(span)
