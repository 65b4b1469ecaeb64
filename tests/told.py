"""Turns of a ticket and whom they are told to, for the tests of notices."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from scenes import ASSIST, ASSIST_LOGIN, LEAD_LOGIN, OTHER, OTHER_LOGIN, UNIT_HEAD, City

from tickets import service
from tickets.attaching import KeptFile
from tickets.permissions import Actor, caller_of

STREET = "990102001.gov"


def _asked(kind: str, then: str = "") -> Callable[[City], int]:
    """An extension or a suspension that the unit's head asks for, and, if named, what is decided."""

    def course(city: City) -> int:
        ticket_id = city.signed() if kind == "extension" else city.suspension_asked()
        part, head = city.part(ticket_id).id, city.who(UNIT_HEAD)
        if kind == "extension":
            service.ask_extension(head, city.now, ticket_id, part, "2", "需要等材料")
        if then:
            getattr(service, then)(city.who("supervisor"), city.now, ticket_id, part, "已审核")
        return ticket_id

    return course


def _asked_again(city: City) -> int:
    ticket_id = _asked("extension", "grant_extension")(city)
    part = city.part(ticket_id).id
    service.ask_extension(city.who(UNIT_HEAD), city.now, ticket_id, part, "1", "材料仍未到")
    return ticket_id


def _suspended(then: Callable[[City, Actor, int], object]) -> Callable[[City], int]:
    def course(city: City) -> int:
        ticket_id = city.suspended()
        then(city, city.who("supervisor"), ticket_id)
        return ticket_id

    return course


def _excluded(then: str = "") -> Callable[[City], int]:
    def course(city: City) -> int:
        ticket_id = city.accepted()
        service.rate(caller_of(ticket_id), city.now, ticket_id, True, 1)
        part = city.part(ticket_id).id
        service.ask_exclusion(city.who(UNIT_HEAD), city.now, ticket_id, part, "rating", "诉求超出政策，有录音")
        if then:
            getattr(service, then)(city.who("supervisor"), city.now, ticket_id, part, "已审核")
        return ticket_id

    return course


def _appealed(then: str = "") -> Callable[[City], int]:
    def course(city: City) -> int:
        ticket_id = city.rated()
        service.appeal(caller_of(ticket_id), city.now, ticket_id, "又坏了")
        if then:
            getattr(service, then)(city.who("supervisor"), city.now, ticket_id, "已审核")
        return ticket_id

    return course


def ordered(city: City) -> int:
    ticket_id = city.signed()
    due, part = city.now + timedelta(days=2), city.part(ticket_id).id
    service.order(city.who("supervisor"), city.now, ticket_id, part, "written", 1, due, "请两日内处理")
    return ticket_id


def _answered(then: Callable[[City, int, int], object] | None = None) -> Callable[[City], int]:
    def course(city: City) -> int:
        ticket_id = ordered(city)
        part = city.part(ticket_id).id
        service.answer_order(city.who(LEAD_LOGIN), city.now, ticket_id, part, "已经处理")
        if then:
            then(city, ticket_id, part)
        return ticket_id

    return course


def _helped(then: Callable[[City, Actor, int, int], object]) -> Callable[[City], int]:
    """What the lead does with a unit that helps and has signed."""

    def course(city: City) -> int:
        ticket_id = city.signed(assists=(ASSIST,))
        part = city.part(ticket_id, ASSIST).id
        service.sign(city.who(ASSIST_LOGIN), city.now, ticket_id, part)
        then(city, city.who(LEAD_LOGIN), ticket_id, part)
        return ticket_id

    return course


def _sent_back(city: City) -> int:
    ticket_id, part = city.contributed()
    service.send_back(city.who(LEAD_LOGIN), city.now, ticket_id, part, "缺少现场照片")
    return ticket_id


def _declined(city: City) -> int:
    ticket_id = city.delegated()
    part = city.part(ticket_id, STREET)
    service.decline(city.who("handler-mingde"), city.now, ticket_id, part.id, "不在本街道")
    return ticket_id


def _merged(city: City) -> int:
    master = city.waiting()
    service.dispatch(city.who("dispatcher"), city.now, master, city.unit(OTHER))
    into = city.ticket(master).number or ""
    service.merge(city.who("supervisor"), city.now, city.signed(), into)
    return 0


def _urged(course: str) -> Callable[[City], int]:
    def urge(city: City) -> int:
        ticket_id = getattr(city, course)()
        service.urge(caller_of(ticket_id), city.now, ticket_id, "还没有人来")
        return ticket_id

    return urge


def send_a_file(city: City, who: Actor, ticket_id: int) -> None:
    name = f"{who.kind} of {ticket_id}"
    service.attach(who, city.now, ticket_id, [KeptFile(name, "image", "image/jpeg", 1, name.encode(), name, None)])


def _sent_files(city: City) -> int:
    ticket_id = city.signed()
    for who in (caller_of(ticket_id), city.who("supervisor")):
        send_a_file(city, who, ticket_id)
    return ticket_id


def _upheld(city: City) -> int:
    ticket_id = city.return_requested()
    service.uphold(city.who("dispatcher"), city.now, ticket_id, city.part(ticket_id).id, "属于你局")
    return ticket_id


COURSES: list[tuple[Callable[[City], Any], str, list[str]]] = [
    (_upheld, "upheld", [LEAD_LOGIN]),
    (lambda c: c.recalled(assists=(ASSIST,)), "recalled", [ASSIST_LOGIN, LEAD_LOGIN, UNIT_HEAD]),
    (City.disputed, "disputed", ["office", "supervisor"]),
    (City.designated, "designated", [LEAD_LOGIN, UNIT_HEAD]),
    (_merged, "merged", [LEAD_LOGIN]),
    (_merged, "taken_in", [OTHER_LOGIN]),
    (City.withdrawn, "withdrawn", [LEAD_LOGIN]),
    (City.delegated, "delegated", ["handler-mingde"]),
    (_declined, "declined", [UNIT_HEAD]),
    (City.helped_later, "asked_to_help", [OTHER_LOGIN, "lead-city"]),
    (City.helped_later, "assists_added", [LEAD_LOGIN]),
    (City.contributed, "contributed", [LEAD_LOGIN]),
    (_sent_back, "sent_back", [ASSIST_LOGIN]),
    (_helped(lambda c, who, ticket, part: service.waive(who, c.now, ticket, part, "已无需要")), "waived",
     [ASSIST_LOGIN]),
    (_helped(lambda c, who, ticket, _part: service.schedule(
        who, c.now, ticket, c.part(ticket).id, "visit", c.now + timedelta(hours=3), "明德路口")), "meeting",
     [ASSIST_LOGIN, UNIT_HEAD]),
    (_asked("extension"), "extension_asked", ["supervisor"]),
    (_asked_again, "extension_asked", ["supervisor", "office"]),
    (_asked("extension", "grant_extension"), "extension_granted", [LEAD_LOGIN, UNIT_HEAD]),
    (_asked("extension", "refuse_extension"), "extension_refused", [LEAD_LOGIN, UNIT_HEAD]),
    (_asked("suspension"), "suspension_asked", ["supervisor"]),
    (_asked("suspension", "refuse_suspension"), "suspension_refused", [LEAD_LOGIN, UNIT_HEAD]),
    (City.suspended, "suspended", [LEAD_LOGIN, UNIT_HEAD]),
    (_suspended(lambda c, who, ticket: service.prolong(who, c.now, ticket, c.in_days(40), "仍未完工")),
     "prolonged", [LEAD_LOGIN, UNIT_HEAD]),
    (_suspended(lambda c, who, ticket: service.resume(who, c.now, ticket, "已完工")), "resumed",
     [LEAD_LOGIN, UNIT_HEAD]),
    (_excluded(), "exclusion_asked", ["supervisor"]),
    (_excluded("grant_exclusion"), "exclusion_granted", [UNIT_HEAD]),
    (_excluded("refuse_exclusion"), "exclusion_refused", [UNIT_HEAD]),
    (_appealed(), "appeal_asked", ["supervisor"]),
    (_appealed("grant_appeal"), "appeal_granted", [UNIT_HEAD]),
    (_appealed("refuse_appeal"), "appeal_refused", [LEAD_LOGIN]),
    (ordered, "order_issued", [LEAD_LOGIN, UNIT_HEAD]),
    (_answered(), "order_answered", ["leader", "office", "supervisor"]),
    (_answered(lambda c, ticket, part: service.settle_order(c.who("office"), c.now, ticket, part, "已核")),
     "order_settled", [LEAD_LOGIN, UNIT_HEAD]),
    (_answered(lambda c, ticket, part: service.renew_order(
        c.who("office"), c.now, ticket, part, c.now + timedelta(days=3), "请重新处理")), "order_renewed",
     [LEAD_LOGIN, UNIT_HEAD]),
    (_urged("signed"), "urged", [LEAD_LOGIN]),
    (_urged("waiting"), "urged", ["dispatcher"]),
    (_urged("replied"), "urged", [LEAD_LOGIN, "supervisor"]),
    (_sent_files, "files_added", [LEAD_LOGIN]),
]  # fmt: skip
"""What is done, as what it is told, and to whom in the product: never to who did it."""
