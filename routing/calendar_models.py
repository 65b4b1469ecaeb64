"""What working time is known by, as tables: the arrangement of a year, and the hours of a unit.

Columns and constraints only; they count among the reference data as those of models.py do.
"""

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db import Base


class CalendarYear(Base):
    """The arrangement of holidays of one year. Its days are rows of calendar_day.

    Until it `is_announced`, what they say is what the law alone names. `source` is the notice.
    """

    __tablename__ = "calendar_year"
    __table_args__ = (CheckConstraint("year BETWEEN 1900 AND 2999", name="year"),)

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    is_announced: Mapped[bool]
    source: Mapped[str]
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class DepartmentHours(Base):
    """When a unit works, and all below it that have no hours of their own; without a row, as the unit above.

    Each of the three is a list of periods ["08:30", "12:00"]. `keeps_holidays`: it follows the city's
    calendar; else it works on holidays as on any day. A row that is not active is one that was given up.
    """

    __tablename__ = "department_hours"

    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"), primary_key=True)
    weekdays: Mapped[list[list[str]]] = mapped_column(JSONB)
    saturday: Mapped[list[list[str]]] = mapped_column(JSONB)
    sunday: Mapped[list[list[str]]] = mapped_column(JSONB)
    keeps_holidays: Mapped[bool]
    source: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    version: Mapped[int] = mapped_column(default=1, server_default="1")
