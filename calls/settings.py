"""What a city sets of its telephone, with what ships where it says nothing. Pure but for the reference data."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from routing import service as routing
from routing.terms import TELEPHONE


@dataclass(frozen=True)
class PhoneSettings:
    """Seconds where the name says nothing else. Defaults are ours, not law; GB/T 33358 asks for 15 s and 95%."""

    answer_within: int = 15
    short_abandon: int = 5
    offer: int = 18
    connect: int = 10
    wrap_up: int = 60
    drop: int = 15
    seat_lost: int = 45
    first_operator: int = 20
    skill_wait: int = 60
    queue_limit: int = 200
    longest_wait_minutes: int = 10
    callback_minutes: int = 30
    service_level_percent: int = 90
    recordings_days: int = 730
    number_days: int = 180
    """So many days after it was written down a number alone proves nothing: it may be somebody else's by now."""
    follow_up_from: int = 9
    follow_up_to: int = 20
    """Hours of the day between which citizens are asked how it went, by text or by an automatic call."""
    follow_up_lines: int = 0
    """So many automatic calls at once; none where a city has not said so."""
    follow_up_after_minutes: int = 1440
    follow_up_tries: int = 3
    follow_up_gap_hours: int = 27
    """A day and some hours: the next try falls on another time of the day."""

    def span(self, name: str) -> timedelta:
        """One of the seconds as a length of time."""
        return timedelta(seconds=getattr(self, name))


NAMES = tuple(field.name for field in fields(PhoneSettings))


def current() -> PhoneSettings:
    """As the city has set them now."""
    return of(routing.current().settings.get(TELEPHONE, {}))


def of(given: Mapping[str, int]) -> PhoneSettings:
    """As the city has set them; what it has not set is as it ships."""
    return PhoneSettings(**{name: int(given[name]) for name in NAMES if name in given})


def asking_time(moment: datetime, zone: ZoneInfo, hours: PhoneSettings) -> datetime:
    """The moment itself where a citizen may be asked then, otherwise when the hours begin again."""
    here = moment.astimezone(zone)
    opens = here.replace(hour=hours.follow_up_from, minute=0, second=0, microsecond=0)
    if here < opens:
        return opens.astimezone(moment.tzinfo)
    if here.hour < hours.follow_up_to:
        return moment
    return (opens + timedelta(days=1)).astimezone(moment.tzinfo)


def when_asked(moment: datetime) -> datetime:
    """The same by the city's zone and settings."""
    return asking_time(moment, routing.current().zone, current())
