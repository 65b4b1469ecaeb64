"""The command that makes callers searchable who were taken down before their names had a hash to search by."""

import click
from flask.cli import AppGroup
from sqlalchemy import func, select

from app.extensions import vault
from app.outbox import unit_of_work
from db import db
from tickets.models import Contact

AT_ONCE = 500

contact_commands = AppGroup("contacts", help="Contacts of callers.")


@contact_commands.command("rehash")
def rehash() -> None:
    """Give each sealed name the keyed hash it is searched by: what is missing, however often it is run."""
    with unit_of_work():
        missing = db.session.scalar(select(func.count()).where(_MISSING)) or 0
    done, after = 0, 0
    while (found := _stretch(after)) is not None:
        after = found[0]
        done += found[1]
        click.echo(f"{done} of {missing}")
    click.echo(f"{done} names can now be searched for")


_MISSING = Contact.name.is_not(None) & Contact.name_hash.is_(None)


def _stretch(after: int) -> tuple[int, int] | None:
    """The next contacts by their ticket: up to which, and how many; None at the end."""
    with unit_of_work():
        query = select(Contact).where(Contact.ticket_id > after, _MISSING).order_by(Contact.ticket_id)
        rows = db.session.scalars(query.limit(AT_ONCE).with_for_update()).all()
        for contact in rows:
            contact.name_hash = vault().name_hash(vault().open_contact(contact, "name"))
        return (rows[-1].ticket_id, len(rows)) if rows else None
