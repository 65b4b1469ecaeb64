"""The database handle, the base of all models, and the one transaction. Imports nothing of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, MetaData, text
from sqlalchemy.orm import DeclarativeBase, registry

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table of the product; moments are always timestamptz."""

    # On the registry, not on the class: Flask-SQLAlchemy derives from this base, and a map may stand only once.
    registry = registry(
        metadata=MetaData(naming_convention=_NAMES),
        type_annotation_map={datetime: DateTime(timezone=True)},
    )


db = SQLAlchemy(model_class=Base)


@contextmanager
def transaction() -> Iterator[None]:
    """Commit at the end of the block, roll back on any error, and give the connection back."""
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        db.session.remove()


_NOW = text("SELECT clock_timestamp()")
_NOW_WITHIN = text("SELECT clock_timestamp(), set_config('statement_timeout', :limit, true)")


def database_now(limit_ms: int | None = None) -> datetime:
    """The database's wall clock (aware). Processes' own clocks may jump; this one decides all deadlines.

    `limit_ms`: no statement of the running transaction takes longer; said in the same question.
    """
    asked = db.session.execute(_NOW_WITHIN, {"limit": str(limit_ms)}) if limit_ms else db.session.execute(_NOW)
    moment: datetime = asked.scalar_one()
    return moment
