"""The command that plays the demo city; `./hotline up` keeps it running."""

import logging
import threading

import click
from flask import current_app
from flask.cli import AppGroup

from app.demo import driver, operators

demo_commands = AppGroup("demo", help="The demo city at play.")


@demo_commands.command("drive")
@click.option("--pace", type=click.IntRange(0, 600), help="Steps a minute; HOTLINE_DEMO_PACE without it. 0: none.")
def drive(pace: int | None) -> None:
    """Play citizens and departments on tickets of the play's own, and operators in a rush hour, until stopped."""
    config = current_app.extensions["hotline"]
    if config.is_production:
        raise click.ClickException("The demo city is not played with HOTLINE_ENV=production.")
    pace = config.demo_pace if pace is None else pace
    if pace == 0:
        click.echo("Pace 0: nothing is played.")
        return
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    if config.telephony == "simulator":
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        threading.Thread(target=operators.run, args=(app,), name="operators", daemon=True).start()
    try:
        driver.run(pace)
    except driver.NotTheDemoCity:
        raise click.ClickException("This is a city of its own, not the demo city: nothing is played.") from None
