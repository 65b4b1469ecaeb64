"""Who has a ticket's page open."""

from datetime import timedelta

import pytest
from scenes import OTHER_LOGIN, City

from tickets import errors, presence


def test_colleagues_see_each_other_until_the_page_gives_no_sign_or_closes(city: City):
    ticket_id = city.waiting()
    first, second = city.who("supervisor"), city.who("dispatcher")
    assert presence.be_present(first, city.now, ticket_id) == []
    assert presence.be_present(second, city.now, ticket_id) == [first.id]
    assert presence.be_present(first, city.now, ticket_id) == [second.id]
    presence.leave(second, ticket_id)
    assert presence.be_present(first, city.now, ticket_id) == []
    assert presence.be_present(second, city.now + presence.LASTS, ticket_id) == []


def test_who_may_not_see_the_ticket_is_not_there(city: City):
    with pytest.raises(errors.NotFound):
        presence.be_present(city.who(OTHER_LOGIN), city.now, city.waiting())


def test_old_signs_are_forgotten(city: City):
    ticket_id = city.waiting()
    presence.be_present(city.who("supervisor"), city.now, ticket_id)
    presence.sweep(city.now + presence.LASTS + timedelta(seconds=1))
    assert presence.be_present(city.who("dispatcher"), city.now, ticket_id) == []
