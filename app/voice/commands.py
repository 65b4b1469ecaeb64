"""Commands of the telephone: is the account set up well; do a past day's figures follow from its events."""

from datetime import date, datetime, time, timedelta

import click
from flask import current_app
from flask.cli import AppGroup

from app.outbox import unit_of_work
from app.voice import doctor
from app.voice.twilio_voice import client_of
from calls import replay
from calls.kpis import SHARE, Kpi
from routing import service as routing
from tickets.figures import Span

phone_commands = AppGroup("phone", help="The telephone: its calls and their figures.")

FIRST = 20
"""Differences that are shown; the rest is counted."""


MARKS = {doctor.OK: "ok  ", doctor.CARE: "note", doctor.BAD: "BAD "}


@phone_commands.command("doctor")
def examine() -> None:
    """Look at the telephone account line by line; ends with 1 where something must be changed."""
    config = current_app.extensions["hotline"]
    found = list(doctor.examine(config, client_of(config)))
    for one in found:
        click.echo(f"{MARKS[one.state]} {one.say}")
        if one.do:
            click.echo(f"       {one.do}")
    bad = sum(one.state == doctor.BAD for one in found)
    if bad:
        raise click.ClickException(f"{bad} things must be changed before calls work")


@phone_commands.command("replay")
@click.option("--day", required=True, help="A day of the city, as 2026-01-31.")
def replay_day(day: str) -> None:
    """Compute a day's figures from events alone; ends with 1 where the stored ones differ."""
    try:
        on = date.fromisoformat(day)
        following = on + timedelta(days=1)
    except (ValueError, OverflowError) as fault:
        raise click.BadParameter("write the day as in 2026-01-31", param_hint="--day") from fault
    with unit_of_work() as now:
        zone = routing.current().zone
        span = Span(datetime.combine(on, time(), zone), datetime.combine(following, time(), zone), now)
        found = replay.replay(span)
    click.echo(f"{on}: {found.calls} calls, read from {found.events} events")
    for name, (told, stored) in found.kpis.items():
        mark = "=" if told == stored else "DIFFERS, stored:"
        click.echo(f"  {name:<16} {_words(told):<28} {mark}{'' if told == stored else ' ' + _words(stored)}")
    for one in found.differences[:FIRST]:
        click.echo(f"  call {one.call_id}: {one.column} is {one.stored} as stored, {one.told} by its events")
    if len(found.differences) > FIRST:
        click.echo(f"  and {len(found.differences) - FIRST} differences more")
    if not found.is_same:
        raise click.ClickException("the stored calls are not those that their events tell")
    click.echo("the stored calls are those that their events tell")


def _words(kpi: Kpi) -> str:
    if kpi.value is None:
        return "- (nothing to divide by)"
    value = f"{100 * kpi.value:.2f}%" if kpi.kind == SHARE else f"{kpi.value:.1f} s"
    return f"{value} ({kpi.part:g}/{kpi.whole:g})" if kpi.part is not None else f"{value} (of {kpi.whole:g})"
