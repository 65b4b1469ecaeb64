"""People of one unit go for the same tickets at the same moment: one has each, nobody loses what they wrote."""

import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from flows.markup import form_to, forms_of
from scenes import GATE

from app.auth.signing_in import DEMO_PASSWORD

from .citizens import post
from .product import Product
from .run import City

pytestmark = pytest.mark.xdist_group("faults")

UNIT = "990102.urban"
MOST_TRIES = 5
UNSURE = "这件事情实在说不清归谁"
CONFLICT = re.compile(r'class="alert alert-warning" role="alert">(.*?)</div>', re.S)


class Colleague:
    """One of many handlers of the same unit, at a browser."""

    def __init__(self, product: Product, login: str, name: str) -> None:
        self.product, self.login, self.name = product, login, name
        self.put_off = 0
        self.web = requests.Session()
        self.web.trust_env = False
        # The server closes a line that was quiet for a while, perhaps in the moment in which it is used again.
        self.web.headers["Connection"] = "close"
        form = next(one for one in forms_of(self.get("/login").text) if "password" in one.fields)
        answer = self.post("/login", form.filled(login=login, password=DEMO_PASSWORD).fields)
        assert answer.status_code == 303, f"{login}: {answer.status_code}"

    def get(self, path: str) -> requests.Response:
        return self.web.get(self.product.address + path, allow_redirects=False, timeout=30)

    def post(self, path: str, fields: dict[str, Any]) -> requests.Response:
        return self.web.post(self.product.address + path, data=fields, allow_redirects=False, timeout=60)

    def insists(self, path: str, fields: dict[str, Any]) -> requests.Response:
        """Send the same once more where the product says that it stored nothing, and when to try again."""
        answer = self.post(path, fields)
        for _ in range(MOST_TRIES):
            if answer.status_code != 503:
                break
            self.put_off += 1
            time.sleep(float(answer.headers["Retry-After"]))
            answer = self.post(path, fields)
        return answer


def _hire(product: Product, number: int) -> list[Colleague]:
    """More handlers of one unit, with the demo password that a handler of it has."""
    with product.connect() as connection:
        for one in range(number):
            connection.execute(
                """
                WITH made AS (
                  INSERT INTO staff (login, name, password_hash, created_at, version)
                  SELECT %(login)s, %(name)s, password_hash, now(), 1 FROM staff WHERE login = 'operator'
                  ON CONFLICT DO NOTHING RETURNING id)
                INSERT INTO role_membership (staff_id, role_code, department_id)
                SELECT made.id, 'handler', department.id FROM made, department WHERE department.code = %(unit)s
                """,
                {"login": f"same-{one}", "name": f"承办员第{one}号", "unit": UNIT},
            )
    with ThreadPoolExecutor(8) as pool:
        made = pool.map(lambda one: Colleague(product, f"same-{one}", f"承办员第{one}号"), range(number))
        return list(made)


def _dispatch(city: City, number: int) -> list[int]:
    """Tickets that wait for the unit to sign."""
    product, made = city.product, list[int]()
    dispatcher = Colleague(product, "dispatcher", "")
    with product.connect() as connection:
        unit = _one(connection, "SELECT id FROM department WHERE code = %s", UNIT)
        for _ in range(number):
            key = str(uuid.uuid4())
            matter = {"form_key": key, "type": "complaint", "content": f"{UNSURE}（{key}）", "anonymous": True}
            assert post("127.0.0.1", product.port, json.dumps(matter).encode())[0] == 201
            city.others.append(key)
            ticket = _one(connection, "SELECT id FROM ticket WHERE form_key = %s", key)
            path = f"/desk/tickets/{ticket}/dispatch"
            form = form_to(dispatcher.get(f"/desk/tickets/{ticket}").text, path)
            assert dispatcher.post(path, form.filled(lead=str(unit), assists=[]).fields).status_code == 303
            made.append(ticket)
    return made


def _one(connection: Any, query: str, *values: object) -> int:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return int(row[0])


def _at_once(people: list[Colleague], do: Callable[[Colleague], requests.Response]) -> list[requests.Response]:
    """Everybody does it at the same moment, each with the page open; the answers in the order of the people."""
    barrier = threading.Barrier(len(people))

    def go(person: Colleague) -> requests.Response:
        barrier.wait(60)
        return do(person)

    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(go, people))


def _race(
    people: list[Colleague], ticket: int, action: str, texts: Callable[[Colleague], dict[str, str]]
) -> Colleague:
    """All send the same form of the same ticket; returns the one who won, after a look at what the others got."""
    path = f"/desk/tickets/{ticket}/{action}"
    chosen = GATE if action == "reply" else {}
    filled = {
        person.login: form_to(person.get(f"/desk/tickets/{ticket}").text, path)
        .filled(**chosen, **texts(person)).fields
        for person in people
    }  # fmt: skip
    answers = _at_once(people, lambda person: person.insists(path, filled[person.login]))
    won = [person for person, answer in zip(people, answers, strict=True) if answer.status_code == 303]
    assert len(won) == 1, (ticket, action, [answer.status_code for answer in answers])
    for person, answer in zip(people, answers, strict=True):
        if person is won[0]:
            continue
        note = CONFLICT.search(answer.text)
        assert answer.status_code == 409 and note is not None, (ticket, action, answer.status_code)
        assert won[0].name in note[1], f"{person.name} is not told who has it"
        assert all(text in answer.text for text in texts(person).values()), f"{person.name} lost what was typed"
    return won[0]


@pytest.mark.parametrize(("clients", "tickets"), [(12, 6), pytest.param(50, 200, marks=pytest.mark.long)])
def test_one_has_it_and_the_others_are_told_who(city: City, clients: int, tickets: int) -> None:
    people, waiting = _hire(city.product, clients), _dispatch(city, tickets)
    winners = []
    answered = waiting[:: max(1, tickets // 20)]  # what was typed is looked at in some
    for ticket in waiting:
        winners.append(_race(people, ticket, "sign", lambda person: {}))
        if ticket in answered:
            _race(people, ticket, "reply", _words)
    with city.product.connect() as connection:
        for action, ids in (("assignment.signed", waiting), ("assignment.replied", answered)):
            rows = connection.execute(
                "SELECT count(*), count(DISTINCT subject_id) FROM ticket_event"
                " WHERE kind = %s AND subject_id = ANY(%s) AND subject = 'ticket'",
                [action, ids],
            ).fetchone()
            assert rows == (len(ids), len(ids))
    different = len({person.login for person in winners})
    city.tell(
        f"    F18 {clients} people at {tickets} tickets: each signed once, by {different} of them; "
        f"asked to try again: {sum(person.put_off for person in people)}"
    )
    city.check()


def _words(person: Colleague) -> dict[str, str]:
    return {"public_reply": f"{person.name}：路面已经修好。", "internal_note": f"{person.name}的记录"}
