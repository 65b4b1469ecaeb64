"""Autosave: what somebody typed into a form and has not sent. Sealed, without events, swept when old."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from db import db
from tickets import errors, sealing
from tickets.models import FormDraft
from tickets.permissions import Actor
from tickets.vault import Vault

KEPT_FOR = timedelta(days=7)
MAX_BYTES = 64_000


def save_form(actor: Actor, now: datetime, form: str, fields: Mapping[str, str], vault: Vault) -> None:
    """Keep the fields of one form of one person; the latest save replaces the one before."""
    body = json.dumps(dict(fields), ensure_ascii=False)
    if actor.kind != "staff":
        raise errors.Forbidden(action="save_form")
    if len(body.encode()) > MAX_BYTES:
        raise errors.Invalid(fields={"form": "too_long"})
    values = {
        "body": sealing.seal(vault.keys, body, "form_draft", f"form_draft:{actor.id}:{form}"),
        "saved_at": now,
        "expires_at": now + KEPT_FOR,
    }
    statement = insert(FormDraft).values(staff_id=actor.id, form=form, **values)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["staff_id", "form"], set_=values)
    )


def saved_form(actor: Actor, now: datetime, form: str, vault: Vault) -> dict[str, str]:
    """What was kept of a form, or an empty mapping."""
    body = db.session.scalar(
        select(FormDraft.body).where(
            FormDraft.staff_id == actor.id, FormDraft.form == form, FormDraft.expires_at > now
        )
    )
    if body is None:
        return {}
    fields: dict[str, str] = json.loads(
        sealing.open_(vault.keys, body, "form_draft", f"form_draft:{actor.id}:{form}")
    )
    return fields


def forget_form(actor: Actor, form: str) -> None:
    """The form was sent: what was kept of it goes."""
    db.session.execute(delete(FormDraft).where(FormDraft.staff_id == actor.id, FormDraft.form == form))


def sweep_forms(now: datetime) -> int:
    """Delete what has expired; returns how many."""
    result = db.session.execute(delete(FormDraft).where(FormDraft.expires_at <= now))
    return int(getattr(result, "rowcount", 0))
