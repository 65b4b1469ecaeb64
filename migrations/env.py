"""Alembic's entry: migrations run as the owner of the tables, one migrator at a time."""

from alembic import context
from flask import current_app
from sqlalchemy import create_engine, text

from app.auth import models as auth_models
from calls import models as call_models
from db import db
from routing import models as routing_models
from tickets import attachment_models, event_models, request_models
from tickets import models as ticket_models

ROOMS = (
    routing_models, auth_models, ticket_models, attachment_models, request_models, event_models, call_models,
)  # fmt: skip
MIGRATOR_LOCK = 12345
# A migration that cannot get its lock at once gives up, rather than make every writer queue behind it.
OPTIONS = "-c lock_timeout=1s -c timezone=UTC"


def run() -> None:
    """Bring the schema to head, under a lock that a second migrator waits for."""
    config = current_app.extensions["hotline"]
    engine = create_engine(config.database_owner_url, connect_args={"options": OPTIONS})
    with engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '60s'"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATOR_LOCK})
        connection.execute(text("SET lock_timeout = '1s'"))
        connection.commit()
        context.configure(connection=connection, target_metadata=db.metadata, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
