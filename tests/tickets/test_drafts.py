"""Autosave: sealed, one's own, replaced, forgotten, swept."""

from datetime import timedelta

import pytest
from scenes import City
from sqlalchemy import select

from db import db
from tickets import drafts, errors, service
from tickets.models import FormDraft
from tickets.permissions import SYSTEM, VISITOR

FIELDS = {"content": "还没写完，电话13800138000"}


def test_what_was_typed_comes_back_to_the_one_who_typed_it(city: City):
    me, other = city.who("operator"), city.who("operator2")
    service.save_form(me, city.now, "intake", FIELDS, city.vault)
    assert service.saved_form(me, city.now, "intake", city.vault) == FIELDS
    assert service.saved_form(other, city.now, "intake", city.vault) == {}
    assert service.saved_form(me, city.now, "reply-1", city.vault) == {}


def test_it_lies_sealed(city: City):
    service.save_form(city.who("operator"), city.now, "intake", FIELDS, city.vault)
    body = db.session.scalars(select(FormDraft.body)).one()
    assert b"13800138000" not in body and "还没写完".encode() not in body


def test_the_latest_replaces_the_one_before(city: City):
    me = city.who("operator")
    service.save_form(me, city.now, "intake", FIELDS, city.vault)
    service.save_form(me, city.later(minutes=1), "intake", {"content": "写完了"}, city.vault)
    assert service.saved_form(me, city.now, "intake", city.vault) == {"content": "写完了"}
    assert len(db.session.scalars(select(FormDraft.id)).all()) == 1


def test_sent_it_is_forgotten(city: City):
    me = city.who("operator")
    service.save_form(me, city.now, "intake", FIELDS, city.vault)
    service.save_form(me, city.now, "other", FIELDS, city.vault)
    drafts.forget_form(me, "intake")
    assert service.saved_form(me, city.now, "intake", city.vault) == {}
    assert service.saved_form(me, city.now, "other", city.vault) == FIELDS


def test_after_a_week_it_is_gone_for_its_owner_and_then_from_the_table(city: City):
    me = city.who("operator")
    service.save_form(me, city.now, "intake", FIELDS, city.vault)
    late = city.now + drafts.KEPT_FOR
    assert drafts.sweep_forms(late - timedelta(seconds=1)) == 0
    assert service.saved_form(me, late, "intake", city.vault) == {}
    assert drafts.sweep_forms(late) == 1


@pytest.mark.parametrize("actor", [VISITOR, SYSTEM])
def test_only_staff_have_forms_kept(city: City, actor: object):
    with pytest.raises(errors.Forbidden):
        service.save_form(actor, city.now, "intake", {"x": "y" * 100_000}, city.vault)


def test_too_much_is_refused(city: City):
    with pytest.raises(errors.Invalid) as refusal:
        service.save_form(city.who("operator"), city.now, "f", {"x": "字" * 30_000}, city.vault)
    assert refusal.value.values["fields"] == {"form": "too_long"}
