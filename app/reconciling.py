"""The check of escalations as a run: stretch by stretch, each in a transaction of its own, and the alarm."""

import json
import logging
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from app.outbox import unit_of_work
from db import db
from tickets import daily
from tickets.notice_models import Run
from tickets.reconciling import Found, check_on

log = logging.getLogger(__name__)


def run(run_id: int) -> dict[str, int]:
    """Check everything; returns the figures that are kept with the run."""
    found = Found()
    while not found.is_end:
        with unit_of_work() as now:
            found = check_on(found, now)
    figures = {name: count for name, count in asdict(found).items() if name not in ("after", "is_end")}
    if found.missing or found.silent:
        log.error("escalations were missing: %s", figures)
    with unit_of_work() as now:
        daily.end(db.session.get_one(Run, run_id), now, figures)
    return figures


@click.command("escalations")
@with_appcontext
def check_escalations() -> None:
    """Check that no overdue clock lacks an escalation, and do what is missing. Exit code 1 where any was."""
    with unit_of_work() as now:
        run_id = daily.begin_asked(daily.CHECK, now).id
    figures = run(run_id)
    click.echo(json.dumps(figures))
    if figures["missing"] or figures["silent"]:
        raise SystemExit(1)
