"""Files of a ticket: who may put them in, see, take out and put back; and the photo that a reply needs."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from scenes import ASSIST, ASSIST_LOGIN, LEAD, LEAD_LOGIN, OTHER_LOGIN, UNIT_HEAD, City
from sqlalchemy import update

from db import db
from tickets import attached, attaching, errors, queries, service, terms
from tickets.attaching import KeptFile
from tickets.attachment_models import Attachment
from tickets.lifecycle import TicketState
from tickets.merging import Demand
from tickets.models import Ticket
from tickets.permissions import SYSTEM, Actor, caller_of


def a_file(content: str = "a", kind: str = "image") -> KeptFile:
    """One that would lie on the disk."""
    thumbnail = f"{content}.small" if kind == "image" else None
    return KeptFile(
        f"{content}.jpg", kind, f"{kind}/x", len(content), hashlib.sha256(content.encode()).digest(),
        f"{content}.sealed", thumbnail,
    )  # fmt: skip


def names(ticket_id: int) -> list[str]:
    db.session.flush()
    return [one.name for one in attached.of_ticket(ticket_id) if one.removed_at is None]


def test_a_citizen_and_an_operator_put_files_to_the_matter(city: City):
    ticket_id = city.waiting()
    [first] = service.attach(caller_of(ticket_id), city.now, ticket_id, [a_file("a")])
    service.attach(city.who("operator"), city.later(minutes=1), ticket_id, [a_file("b"), a_file("c", "audio")])
    assert names(ticket_id) == ["a.jpg", "b.jpg", "c.jpg"]
    events = city.events(ticket_id)[-2:]
    assert [(event.kind, event.actor, len(event.payload["attachments"])) for event in events] == [
        ("attachment.added", "citizen", 1), ("attachment.added", "staff", 2),
    ]  # fmt: skip
    assert events[0].payload == {"attachments": [first], "purpose": "matter", "from_citizen": True}
    assert events[1].payload.keys() == {"attachments", "purpose"}
    assert city.ticket(ticket_id).version == len(city.events(ticket_id))


def test_what_is_there_already_is_not_put_in_again(city: City):
    ticket_id = city.waiting()
    caller = caller_of(ticket_id)
    service.attach(caller, city.now, ticket_id, [a_file("a"), a_file("a")])
    assert service.attach(caller, city.now, ticket_id, [a_file("a")]) == []
    assert names(ticket_id) == ["a.jpg"] and len(city.events(ticket_id)) == city.ticket(ticket_id).version


def test_no_open_form_is_out_of_date_by_a_file(city: City):
    ticket_id = city.dispatched()
    version = city.ticket(ticket_id).version
    service.attach(caller_of(ticket_id), city.now, ticket_id, [a_file("a")])
    service.sign(city.who(LEAD_LOGIN), city.now, ticket_id, city.part(ticket_id).id, version)


def _to_matter(who: Actor, city: City, ticket_id: int) -> None:
    service.attach(who, city.now, ticket_id, [a_file("x")])


def _to_part(who: Actor, city: City, ticket_id: int) -> None:
    service.attach(who, city.now, ticket_id, [a_file("y")], "proof", city.part(ticket_id).id)


@pytest.mark.parametrize(
    ("login", "do", "refusal"),
    [
        ("operator", _to_matter, None),
        ("supervisor", _to_matter, None),
        ("operator2", _to_matter, errors.NotFound),
        ("leader", _to_matter, errors.Forbidden),
        ("dispatcher", _to_matter, errors.NotFound),
        (LEAD_LOGIN, _to_matter, errors.Forbidden),
        (LEAD_LOGIN, _to_part, None),
        (UNIT_HEAD, _to_part, None),
        (OTHER_LOGIN, _to_part, errors.NotFound),
        ("supervisor", _to_part, errors.Forbidden),
        ("auditor", _to_part, errors.Forbidden),
    ],
)
def test_who_may(city: City, login: str, do: Callable[[Actor, City, int], None], refusal: type[Exception] | None):
    ticket_id = city.signed()
    if refusal is None:
        do(city.who(login), city, ticket_id)
        assert len(names(ticket_id)) == 1
        return
    with pytest.raises(refusal):
        do(city.who(login), city, ticket_id)
    assert names(ticket_id) == []


def test_who_may_only_reply_has_the_proof_to_put_in(city: City):
    ticket_id, unit = city.signed(), city.unit(LEAD)
    held = {"sees": frozenset({"see.department"}), "replies": frozenset({"see.department", "assignment.reply"})}
    someone = {name: replace(city.who(LEAD_LOGIN), units={unit: rights}) for name, rights in held.items()}
    with pytest.raises(errors.Forbidden):
        _to_part(someone["sees"], city, ticket_id)
    _to_part(someone["replies"], city, ticket_id)
    assert attaching.has_proof(city.part(ticket_id).id)


def test_a_citizen_has_to_do_with_the_own_ticket_alone(city: City):
    ticket_id, other = city.waiting(), city.waiting()
    with pytest.raises(errors.NotFound):
        service.attach(caller_of(other), city.now, ticket_id, [a_file()])
    with pytest.raises(errors.Forbidden):
        service.attach(caller_of(ticket_id), city.now, city.signed(ticket_id=ticket_id), [a_file()], "proof",
                       city.part(ticket_id).id)  # fmt: skip


@pytest.mark.parametrize(
    ("purpose", "of_part"), [("matter", True), ("proof", False), ("handling", False), ("x", False), ("", True)]
)
def test_a_purpose_that_does_not_fit_is_refused(city: City, purpose: str, of_part: bool):
    ticket_id = city.signed()
    part = city.part(ticket_id).id if of_part else None
    with pytest.raises(errors.Invalid):
        service.attach(city.who(LEAD_LOGIN), city.now, ticket_id, [a_file()], purpose, part)


def test_nothing_goes_in_after_the_end(city: City):
    ticket_id = city.rated()
    for who in (caller_of(ticket_id), city.who("supervisor")):
        with pytest.raises(errors.NotNow):
            service.attach(who, city.now, ticket_id, [a_file()])
    with pytest.raises(errors.NotNow):
        _to_part(city.who(LEAD_LOGIN), city, ticket_id)


class TestSoManyFiles:
    @pytest.fixture(autouse=True)
    def two(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setitem(terms.SHIPPED_UPLOADS, "of_ticket", 2)
        monkeypatch.setattr(terms, "UPLOADS", "not set here")

    def _is_full(self, do: Callable[[], object]) -> None:
        with pytest.raises(errors.Invalid) as refusal:
            do()
        assert refusal.value.values["fields"] == {"files": "file_quota"}

    def test_and_no_more_come_from_the_citizen(self, city: City):
        ticket_id = city.waiting()
        caller = caller_of(ticket_id)
        service.attach(caller, city.now, ticket_id, [a_file("a"), a_file("b")])
        self._is_full(lambda: service.attach(caller, city.now, ticket_id, [a_file("c")]))

    def test_keep_nobody_else_from_putting_theirs_in(self, city: City):
        ticket_id = of_manholes(city, assists=(ASSIST,))
        lead, helper = city.part(ticket_id), city.part(ticket_id, ASSIST)
        service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, helper.id)
        for who, purpose, part in (
            (caller_of(ticket_id), "matter", None), (city.who("supervisor"), "matter", None),
            (city.who(ASSIST_LOGIN), "proof", helper.id), (city.who(LEAD_LOGIN), "proof", lead.id),
        ):  # fmt: skip
            name = f"{part} {who.kind}"
            some = [a_file(f"{name} {number}") for number in range(3)]
            service.attach(who, city.now, ticket_id, some[:2], purpose, part)
            with pytest.raises(errors.Invalid):
                service.attach(who, city.now, ticket_id, some[2:], purpose, part)
        city.reply(ticket_id, ASSIST, ASSIST_LOGIN)
        city.reply(ticket_id)
        assert lead.state == "SUBMITTED"

    def test_do_not_count_those_that_were_taken_out(self, city: City):
        ticket_id = city.waiting()
        caller, operator = caller_of(ticket_id), city.who("operator")
        [one, _] = service.attach(caller, city.now, ticket_id, [a_file("a"), a_file("b")])
        service.detach(operator, city.now, ticket_id, one)
        service.attach(caller, city.now, ticket_id, [a_file("c")])
        assert names(ticket_id) == ["b.jpg", "c.jpg"]
        self._is_full(lambda: service.bring_back(operator, city.now, ticket_id, one))


class TestTakingOut:
    def test_and_putting_back(self, city: City):
        ticket_id = city.waiting()
        [one] = service.attach(caller_of(ticket_id), city.now, ticket_id, [a_file("a")])
        operator = city.who("operator")
        for _ in range(2):
            service.detach(operator, city.later(minutes=1), ticket_id, one)
        assert names(ticket_id) == [] and attached.of_citizen(ticket_id) == ()
        [row] = attached.of_ticket(ticket_id)
        assert row.removed_by == operator.id and row.removed_at is not None and row.removed_at < city.now
        for _ in range(2):
            service.bring_back(operator, city.now, ticket_id, one)
        assert names(ticket_id) == ["a.jpg"] and attached.of_ticket(ticket_id)[0].removed_by is None
        kinds = [event.kind for event in city.events(ticket_id)][-3:]
        assert kinds == ["attachment.added", "attachment.removed", "attachment.restored"]

    @pytest.mark.parametrize("state", list(TicketState))
    def test_is_possible_in_every_state(self, city: City, state: TicketState):
        ticket_id, operator = city.ticket_in(state), city.who("operator")
        row = Attachment(**vars(a_file()), ticket_id=ticket_id, purpose="matter", created_at=city.now)
        db.session.add(row)
        db.session.flush()
        for verb, left in ((service.detach, []), (service.bring_back, ["a.jpg"]), (service.detach, [])):
            verb(operator, city.now, ticket_id, row.id)
            assert names(ticket_id) == left
        assert [event.kind for event in city.events(ticket_id)][-1] == "attachment.removed"
        for login in ("leader", "operator2"):
            with pytest.raises((errors.Forbidden, errors.NotFound)):
                service.bring_back(city.who(login), city.now, ticket_id, row.id)

    def test_is_for_who_may_put_in_and_for_who_may_amend(self, city: City):
        ticket_id = city.signed()
        part = city.part(ticket_id).id
        [one] = service.attach(city.who(LEAD_LOGIN), city.now, ticket_id, [a_file()], "proof", part)
        other = city.waiting()
        with pytest.raises(errors.Forbidden):
            service.detach(city.who("leader"), city.now, ticket_id, one)
        with pytest.raises(errors.NotFound):
            service.detach(city.who("supervisor"), city.now, other, one)
        with pytest.raises(errors.NotFound):
            service.detach(city.who(OTHER_LOGIN), city.now, ticket_id, one)
        city.reply(ticket_id)
        with pytest.raises(errors.NotNow):
            service.detach(city.who(LEAD_LOGIN), city.now, ticket_id, one)
        service.detach(city.who("supervisor"), city.now, ticket_id, one)
        assert names(ticket_id) == []

    def test_is_for_good_a_day_after_the_end(self, city: City):
        ticket_id = city.waiting()
        [one, left] = service.attach(caller_of(ticket_id), city.now, ticket_id, [a_file("a"), a_file("b")])
        service.detach(city.who("operator"), city.now, ticket_id, one)
        attached.let_go(city.later(days=2))
        assert len(attached.of_ticket(ticket_id)) == 2, "it goes on: it can be put back"
        service.answer(city.who("operator"), city.now, ticket_id, "已经答复")
        db.session.flush()
        attached.let_go(city.later(hours=25))
        assert [row.id for row in attached.of_ticket(ticket_id)] == [left]
        assert attached.known_files(["a.sealed", "a.small", "b.sealed", "b.small", "c"]) == {"b.sealed", "b.small"}
        assert db.session.get_one(Attachment, one, populate_existing=True).file is None
        db.session.execute(update(Ticket).where(Ticket.id == ticket_id).values(state="TO_DISPATCH"))
        with pytest.raises(errors.NotNow):
            service.bring_back(city.who("operator"), city.now, ticket_id, one)


class TestFetching:
    def test_is_judged_by_the_one_rule(self, city: City):
        ticket_id, other = city.signed(), city.waiting()
        part = city.part(ticket_id).id
        [mine] = service.attach(caller_of(ticket_id), city.now, ticket_id, [a_file("a")])
        [theirs] = service.attach(city.who(LEAD_LOGIN), city.now, ticket_id, [a_file("b")], "handling", part)
        for login in ("operator", "supervisor", LEAD_LOGIN, UNIT_HEAD):
            for one in (mine, theirs):
                assert attached.fetched(city.who(login), ticket_id, one, city.vault).id == one
        assert attached.fetched(caller_of(ticket_id), ticket_id, mine, city.vault).id == mine
        unseen = [
            (city.who("operator2"), ticket_id, mine), (city.who(OTHER_LOGIN), ticket_id, mine),
            (city.who("admin"), ticket_id, mine), (caller_of(ticket_id), ticket_id, theirs),
            (caller_of(other), ticket_id, mine), (caller_of(other), other, mine),
            (city.who("supervisor"), other, mine), (city.who("supervisor"), ticket_id, 999_999_999),
            (SYSTEM, ticket_id, theirs),
        ]  # fmt: skip
        for who, ticket, one in unseen:
            with pytest.raises(errors.NotFound) as refusal:
                attached.fetched(who, ticket, one, city.vault)
            assert refusal.value.values == {}

    def test_of_a_confidential_ticket_no_name_of_a_file_tells_who_sent_it(self, city: City):
        ticket_id = city.waiting(confidential=True, name="张三丰")
        supervisor, unit = city.who("supervisor"), city.who(UNIT_HEAD)
        service.dispatch(supervisor, city.now, ticket_id, city.unit("990102.urban"))
        [one] = service.attach(caller_of(ticket_id), city.now, ticket_id, [a_file("张 三丰拍的")])
        for who, name in ((unit, "＊＊＊拍的.jpg"), (supervisor, "张 三丰拍的.jpg")):
            [shown] = queries.ticket_page(who, city.now, ticket_id, city.vault).attachments
            assert shown.name == attached.fetched(who, ticket_id, one, city.vault).name == name
        assert attached.fetched(caller_of(ticket_id), ticket_id, one, city.vault).name == "张 三丰拍的.jpg"
        for login in (LEAD_LOGIN, OTHER_LOGIN, "dispatcher"):
            with pytest.raises(errors.NotFound):
                attached.fetched(city.who(login), ticket_id, one, city.vault)

    def test_of_merged_and_split_tickets_each_citizen_has_the_own_files(self, city: City):
        first, second = city.dispatched(), city.waiting()
        [a] = service.attach(caller_of(first), city.now, first, [a_file("a")])
        [b] = service.attach(caller_of(second), city.now, second, [a_file("b")])
        service.merge(city.who("supervisor"), city.now, second, city.ticket(first).number or "")
        [part] = service.split(city.who("supervisor"), city.now, first, [Demand("路灯", "路灯也不亮")], city.vault)
        db.session.flush()
        assert [one.id for one in attached.of_citizen(first)] == [a]
        assert [one.id for one in attached.of_citizen(second)] == [b]
        assert attached.of_citizen(part.id) == ()
        for ticket_id, foreign in ((first, b), (second, a), (part.id, a)):
            with pytest.raises(errors.NotFound):
                attached.fetched(caller_of(ticket_id), ticket_id, foreign, city.vault)


class TestOfMergedTickets:
    """Who works on the ticket that others were merged into has the files of those too."""

    def _merged(self, city: City, file: str = "a", **intake: object) -> tuple[int, int, int]:
        """The merged ticket, the one it was merged into, and what its citizen sent afterwards."""
        ticket_id = city.merged(**intake)
        [one] = service.attach(caller_of(ticket_id), city.now, ticket_id, [a_file(file)])
        db.session.flush()
        return ticket_id, city.ticket(ticket_id).parent_id or 0, one

    def _shown(self, city: City, login: str, master: int) -> list[str]:
        page = queries.ticket_page(city.who(login), city.now, master, city.vault)
        assert page.attachments == ()
        for file in page.merged_files:
            assert attached.fetched(city.who(login), master, file.id, city.vault) == file
        return [file.name for file in page.merged_files]

    def test_they_are_there_for_all_who_see_it(self, city: City):
        ticket_id, master, one = self._merged(city)
        for login in (LEAD_LOGIN, UNIT_HEAD, "supervisor", "operator"):
            assert self._shown(city, login, master) == ["a.jpg"]
        for who, ticket in (
            (city.who(OTHER_LOGIN), master), (caller_of(master), master), (city.who(LEAD_LOGIN), ticket_id),
        ):  # fmt: skip
            with pytest.raises(errors.NotFound):
                attached.fetched(who, ticket, one, city.vault)
        assert attached.of_citizen(master) == ()

    def test_those_that_were_taken_out_and_those_of_parts_are_not(self, city: City):
        master = city.ticket(city.dispatched())
        ticket_id = city.signed()
        part = city.part(ticket_id).id
        service.attach(city.who(LEAD_LOGIN), city.now, ticket_id, [a_file("p")], "proof", part)
        [gone, _] = service.attach(caller_of(ticket_id), city.now, ticket_id, [a_file("a"), a_file("b")])
        service.merge(city.who("supervisor"), city.now, ticket_id, master.number or "")
        service.detach(city.who("supervisor"), city.now, ticket_id, gone)
        db.session.flush()
        assert self._shown(city, LEAD_LOGIN, master.id) == ["b.jpg"]

    @pytest.mark.parametrize("state", ["TO_DISPATCH", "IN_PROGRESS"])
    def test_a_matter_handled_by_itself_has_them_for_itself(self, city: City, state: str):
        ticket_id, master, one = self._merged(city)
        city.ticket(ticket_id).state = state
        db.session.flush()
        assert self._shown(city, LEAD_LOGIN, master) == []
        with pytest.raises(errors.NotFound):
            attached.fetched(city.who(LEAD_LOGIN), master, one, city.vault)

    def test_taken_out_again_it_leaves_nothing(self, city: City):
        ticket_id, master, _ = self._merged(city)
        service.unmerge(city.who("supervisor"), city.now, ticket_id, "是另一件事")
        db.session.flush()
        assert self._shown(city, LEAD_LOGIN, master) == []

    def test_their_names_do_not_tell_the_unit_who_the_other_caller_is(self, city: City):
        _, master, _ = self._merged(city, "张 三丰拍的", name="张三丰")
        assert self._shown(city, LEAD_LOGIN, master) == ["＊＊＊拍的.jpg"]
        assert self._shown(city, "supervisor", master) == ["张 三丰拍的.jpg"]

    def test_those_of_a_confidential_one_are_for_who_may_see_such(self, city: City):
        ticket_id, master, one = self._merged(city, "张 三丰拍的", name="张三丰")
        ticket = city.ticket(ticket_id)
        ticket.confidential, ticket.rooms = True, ["city/c", "triage/c"]
        db.session.flush()
        assert self._shown(city, UNIT_HEAD, master) == ["＊＊＊拍的.jpg"]
        assert self._shown(city, "supervisor", master) == ["张 三丰拍的.jpg"]
        for login in (LEAD_LOGIN, "operator"):
            assert self._shown(city, login, master) == []
            with pytest.raises(errors.NotFound):
                attached.fetched(city.who(login), master, one, city.vault)


def test_only_pictures_of_the_matter_may_go_outside(city: City):
    ticket_id = city.signed()
    part = city.part(ticket_id).id
    [photo, sound] = service.attach(caller_of(ticket_id), city.now, ticket_id, [a_file("a"), a_file("b", "audio")])
    [proof] = service.attach(city.who(LEAD_LOGIN), city.now, ticket_id, [a_file("c")], "proof", part)
    assert [one.id for one in attached.of_matter(ticket_id, [photo])] == [photo]
    assert list(attached.of_matter(ticket_id, [])) == []
    for ids in ([sound], [proof], [photo, proof], [999_999_999]):
        with pytest.raises(errors.Invalid):
            attached.of_matter(ticket_id, ids)


def of_manholes(city: City, **options: object) -> int:
    """A ticket of a category that wants a photo, LEAD's part HANDLING."""
    ticket_id = city.signed(**options)
    city.ticket(ticket_id).category_code = "02-04-02"
    db.session.flush()
    return ticket_id


class TestThePhotoThatAReplyNeeds:
    def test_is_asked_for_of_the_category_and_those_below(self, city: City):
        reference = city.reference
        assert reference.wants_photo("02-04-02") and reference.wants_photo("01-06-01")
        assert not reference.wants_photo("02-04-01") and not reference.wants_photo(None)
        assert not reference.wants_photo("99-99")
        above = replace(reference.categories["02-04"], wants_photo=True)
        changed = replace(reference, categories={**reference.categories, "02-04": above})
        assert changed.wants_photo("02-04-01") and changed.wants_photo("02-04") and not changed.wants_photo("02")

    def test_without_one_the_field_says_so(self, city: City):
        ticket_id = of_manholes(city)
        part = city.part(ticket_id)
        who = city.who(LEAD_LOGIN)
        for purpose, kind in (("handling", "image"), ("proof", "audio")):
            service.attach(who, city.now, ticket_id, [a_file(purpose, kind)], purpose, part.id)
        service.attach(caller_of(ticket_id), city.now, ticket_id, [a_file("of the citizen")])
        with pytest.raises(errors.Invalid) as refusal:
            city.reply(ticket_id)
        assert refusal.value.values["fields"] == {"files": "photo_wanted"}
        assert part.state == "HANDLING"

    @pytest.mark.parametrize("kind", ["image", "video"])
    def test_with_one_it_goes(self, city: City, kind: str):
        ticket_id = of_manholes(city)
        part = city.part(ticket_id)
        service.attach(city.who(LEAD_LOGIN), city.now, ticket_id, [a_file("p", kind)], "proof", part.id)
        city.reply(ticket_id)
        assert part.state == "SUBMITTED"

    def test_one_that_was_taken_out_is_none(self, city: City):
        ticket_id = of_manholes(city)
        part, who = city.part(ticket_id), city.who(LEAD_LOGIN)
        [one] = service.attach(who, city.now, ticket_id, [a_file("p")], "proof", part.id)
        service.detach(who, city.now, ticket_id, one)
        with pytest.raises(errors.Invalid):
            city.reply(ticket_id)
        assert not attaching.has_proof(part.id)

    def test_that_of_a_unit_that_helps_is_not_the_leads(self, city: City):
        ticket_id = of_manholes(city, assists=(ASSIST,))
        helper = city.part(ticket_id, ASSIST)
        service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, helper.id)
        service.attach(city.who(ASSIST_LOGIN), city.now, ticket_id, [a_file("p")], "proof", helper.id)
        city.reply(ticket_id, ASSIST, ASSIST_LOGIN)
        with pytest.raises(errors.Invalid):
            city.reply(ticket_id)

    def test_another_round_needs_another_one(self, city: City):
        ticket_id = of_manholes(city)
        who, first = city.who(LEAD_LOGIN), city.part(ticket_id)
        service.attach(who, city.now, ticket_id, [a_file("p")], "proof", first.id)
        city.reply(ticket_id)
        service.accept(city.who("supervisor"), city.now, ticket_id)
        service.rate(caller_of(ticket_id), city.now, ticket_id, False, 1)
        again = city.part(ticket_id)
        assert again.id != first.id and again.round > first.round
        service.sign(who, city.now, ticket_id, again.id)
        with pytest.raises(errors.Invalid):
            city.reply(ticket_id)
        service.attach(who, city.now, ticket_id, [a_file("q")], "proof", again.id)
        city.reply(ticket_id)
