"""When a citizen may be asked how it went: by the city's hours, on every day."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.settings import PhoneSettings, asking_time

CHINA = ZoneInfo("Asia/Shanghai")
HOURS = PhoneSettings(follow_up_from=9, follow_up_to=20)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("moment", "then"),
    [
        ("2026-03-02 08:59:59", "2026-03-02 09:00:00"),
        ("2026-03-02 09:00:00", "2026-03-02 09:00:00"),
        ("2026-03-02 19:59:59", "2026-03-02 19:59:59"),
        ("2026-03-02 20:00:00", "2026-03-03 09:00:00"),
        ("2026-12-31 23:30:00", "2027-01-01 09:00:00"),
    ],
)
def test_the_edges_of_the_day(moment: str, then: str):
    found = asking_time(datetime.fromisoformat(moment).replace(tzinfo=CHINA), CHINA, HOURS)
    assert found == datetime.fromisoformat(then).replace(tzinfo=CHINA)


def test_until_midnight():
    late = datetime(2026, 3, 2, 23, 59, tzinfo=CHINA)
    assert asking_time(late, CHINA, PhoneSettings(follow_up_to=24)) == late


@given(MOMENTS, st.integers(0, 23), st.integers(1, 24))
def test_is_never_before_and_always_within_a_day_and_the_hours(moment: datetime, first: int, last: int):
    hours = PhoneSettings(follow_up_from=first, follow_up_to=max(last, first + 1))
    found = asking_time(moment, CHINA, hours)
    assert moment <= found < moment + timedelta(days=1)
    assert first <= found.astimezone(CHINA).hour < max(last, first + 1)
    assert asking_time(found, CHINA, hours) == found
