"""When an open form is out of date: by what others did to the ticket, not by what is recorded beside it."""

from collections.abc import Callable

import pytest
from scenes import ASSIST, ASSIST_LOGIN, LEAD_LOGIN, UNSURE, City

from tickets import errors, service
from tickets.permissions import SYSTEM


def _look_up(city: City, ticket_id: int) -> None:
    service.reveal(city.who("supervisor"), city.now, ticket_id, "phone", "回访核实", city.vault)


def _new_code(city: City, ticket_id: int) -> None:
    service.reissue_code(city.who("supervisor"), city.now, ticket_id, "来电人遗失查询码", city.vault)


def _escalate(city: City, ticket_id: int) -> None:
    clock = city.clock(ticket_id, "handle", city.part(ticket_id).id)
    assert clock.next_at is not None
    assert service.act_on_deadline(SYSTEM, clock.next_at, clock.id)


def _note(city: City, ticket_id: int) -> None:
    service.handle(city.who(LEAD_LOGIN), city.now, ticket_id, city.part(ticket_id).id, "到场查看")


Happening = Callable[[City, int], None]


@pytest.mark.parametrize("beside", [_look_up, _new_code, _escalate])
def test_a_side_record_leaves_open_forms_good(city: City, beside: Happening):
    ticket_id = city.signed()
    seen = city.ticket(ticket_id).version
    beside(city, ticket_id)
    assert city.ticket(ticket_id).version == seen + 1  # boards need it
    handler = city.who(LEAD_LOGIN)
    service.handle(handler, city.now, ticket_id, city.part(ticket_id).id, "写了很久", version=seen)
    assert city.events(ticket_id)[-1].kind == "assignment.handled"


@pytest.mark.parametrize("course", [(_note,), (_note, _look_up), (_escalate, _note), (_look_up, _note, _escalate)])
def test_a_change_among_them_does_not(city: City, course: tuple[Happening, ...]):
    ticket_id = city.signed()
    seen = city.ticket(ticket_id).version
    for happens in course:
        happens(city, ticket_id)
    with pytest.raises(errors.Stale) as stale:
        service.amend(city.who("supervisor"), city.now, ticket_id, UNSURE, city.vault, seen)
    assert stale.value.values == {"version": seen, "theirs": seen + len(course)}


def test_what_another_unit_does_with_its_part_leaves_ones_own_forms_good(city: City):
    ticket_id = city.signed(assists=(ASSIST,))
    seen, other = city.ticket(ticket_id).version, city.part(ticket_id, ASSIST).id
    service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, other)
    service.handle(city.who(ASSIST_LOGIN), city.now, ticket_id, other, "协办已到场")
    service.handle(city.who(LEAD_LOGIN), city.now, ticket_id, city.part(ticket_id).id, "写了很久", version=seen)
    with pytest.raises(errors.Stale):  # but the lead unit's own second window is out of date
        service.handle(city.who(LEAD_LOGIN), city.now, ticket_id, city.part(ticket_id).id, "又一次", version=seen)
    with pytest.raises(errors.Stale):
        service.amend(city.who("supervisor"), city.now, ticket_id, UNSURE, city.vault, seen)


def test_a_version_that_is_yet_to_come_is_none(city: City):
    ticket_id = city.signed()
    _look_up(city, ticket_id)
    for version in (city.ticket(ticket_id).version + 1, 10**15, 0):
        with pytest.raises(errors.Stale):
            service.amend(city.who("supervisor"), city.now, ticket_id, UNSURE, city.vault, version)
