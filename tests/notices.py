"""The arrangement of holidays as the General Office of the State Council announced it, typed from its notices.

For 2024: 国办发明电〔2023〕7号; for 2025: 国办发明电〔2024〕12号; for 2026: 国办发明电〔2025〕7号.
"""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from tickets.calendars import Calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = ((time(8, 30), time(12)), (time(14), time(17, 30)))

FREE = """
2024-01-01
2024-02-10 2024-02-17
2024-04-04 2024-04-06
2024-05-01 2024-05-05
2024-06-10
2024-09-15 2024-09-17
2024-10-01 2024-10-07
2025-01-01
2025-01-28 2025-02-04
2025-04-04 2025-04-06
2025-05-01 2025-05-05
2025-05-31 2025-06-02
2025-10-01 2025-10-08
2026-01-01 2026-01-03
2026-02-15 2026-02-23
2026-04-04 2026-04-06
2026-05-01 2026-05-05
2026-06-19 2026-06-21
2026-09-25 2026-09-27
2026-10-01 2026-10-07
"""
MADE_UP = """
2024-02-04 2024-02-18 2024-04-07 2024-04-28 2024-05-11 2024-09-14 2024-09-29 2024-10-12
2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11
2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10
"""
YEARS = frozenset({2024, 2025, 2026})


def free_days() -> list[date]:
    days = []
    for line in FREE.split("\n"):
        ends = [date.fromisoformat(word) for word in line.split()]
        days += [ends[0] + timedelta(days=n) for n in range((ends[-1] - ends[0]).days + 1)] if ends else []
    return days


def made_up_days() -> list[date]:
    return [date.fromisoformat(word) for word in MADE_UP.split()]


NEW_YEAR_BY_LAW = date(2027, 1, 1)
CITY = Calendar(
    SHANGHAI,
    OFFICE,
    dict.fromkeys([*free_days(), NEW_YEAR_BY_LAW], False) | dict.fromkeys(made_up_days(), True),
    announced=YEARS,
)
