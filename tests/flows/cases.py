"""One ticket on its way: each step is done by who may, after those who may not have tried all there is."""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from requests import Response
from scenes import GATE

from .markup import Form, form_to, receipt_of
from .people import JSON, Person, Screen
from .product import Product, wait

NOWHERE = 999_999_999  # a ticket that does not exist
QUIET = 0.1  # seconds for a message to a wrong screen, after the right one has it
HEARD_WITHIN = 5.0

# Where the units of the demo accounts stand.
URBAN, HOUSING, HEAT = "990102.urban", "990102.housing", "9901.heat"
LOGINS = {URBAN: "handler-wanghe-urban", HOUSING: "handler-wanghe-housing", HEAT: "handler-heat"}


class Office:
    """Everybody at one running product; each signs in once and keeps a screen open."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.people: dict[str, Person] = {}
        self.screens: dict[str, Screen] = {}
        self.answers_of_nothing: dict[tuple[str, str], int] = {}

    def who(self, login: str) -> Person:
        if login not in self.people:
            self.people[login] = Person(self.product, login)
        return self.people[login]

    def screen(self, login: str) -> Screen:
        if login not in self.screens:
            self.screens[login] = Screen(self.who(login)).open()
        return self.screens[login]

    def stranger(self) -> Person:
        return Person(self.product)

    def unit(self, code: str) -> int:
        unit: int = self.product.ask("SELECT id FROM department WHERE code = %s", code)
        return unit

    def ticket(self, number: str) -> int:
        found: int = self.product.ask("SELECT id FROM ticket WHERE number = %s", number)
        return found

    def last_seq(self) -> int:
        return self.product.ask("SELECT max(seq) FROM publication") or 0

    def wait_published(self) -> None:
        """Wait until every event has its place in the sequence."""
        wait(lambda: self.product.ask("SELECT count(*) FROM outbox") == 0, HEARD_WITHIN, "events published")

    def forget_guesses(self) -> None:
        """Nobody has guessed wrong lately: the tests all come from one address."""
        with self.product.connect() as connection:
            connection.execute("DELETE FROM attempt")

    def take_call(self, login: str = "operator", **fields: str | list[str] | None) -> "Case":
        """A call taken down and registered in one go."""
        operator = self.who(login)
        form = form_to(operator.page("/desk/tickets/new"), "/desk/tickets/new").filled(**fields)
        start = self.last_seq()
        answer = operator.send(form)
        assert answer.status_code == 201, answer.text
        number, code = receipt_of(answer.text)
        return Case(self, self.ticket(number), start, number, code, fields_text(form, "phone"))

    def complaint(self, **fields: str | list[str] | None) -> "Case":
        """A complaint sent in by a citizen's browser."""
        citizen = self.stranger()
        form = form_to(citizen.page("/complain"), "/complain").filled(**fields)
        start = self.last_seq()
        answer = citizen.send(form)
        assert answer.status_code == 201, answer.text
        number, code = receipt_of(answer.text)
        return Case(self, self.ticket(number), start, number, code, fields_text(form, "phone"))

    def close(self) -> None:
        for screen in self.screens.values():
            screen.close()


def fields_text(form: Form, name: str) -> str:
    """What a form holds in one field."""
    return "".join(form.fields.get(name, []))


@dataclass(frozen=True)
class Intruder:
    """Somebody who must get nothing of a ticket. `knew`: had it once, and may be told that it is gone."""

    login: str = ""
    knew: bool = False


NEIGHBOUR, SECOND, STRANGER = Intruder("handler-heat"), Intruder("operator2"), Intruder()


class Case:
    """One ticket, the citizen's number and code, and those who have no business with it."""

    def __init__(
        self, office: Office, ticket: int, start: int, number: str = "", code: str = "", phone: str = ""
    ) -> None:
        self.office = office
        self.product = office.product
        self.id = ticket
        self.start = start  # the last sequence before the ticket
        self.number, self.code, self.phone = number, code, phone
        self.path = f"/desk/tickets/{ticket}"
        self.intruders = [NEIGHBOUR, SECOND, STRANGER]
        self.settle()

    # What is so, asked of the database.

    def ask(self, column: str) -> Any:
        return self.product.ask(f"SELECT {column} FROM ticket WHERE id = %s", self.id)  # noqa: S608  own words

    @property
    def state(self) -> str:
        return str(self.ask("state"))

    @property
    def version(self) -> int:
        return int(self.ask("version"))

    @property
    def rooms(self) -> set[str]:
        return set(self.ask("rooms"))

    def part(self, unit: str) -> str:
        """The unit's latest part of the ticket."""
        query = "SELECT max(id) FROM assignment WHERE ticket_id = %s AND department_id = %s"
        return str(self.product.ask(query, self.id, self.office.unit(unit)))

    def kinds(self) -> list[str]:
        """The kinds of all events so far."""
        query = "SELECT array_agg(kind ORDER BY id) FROM ticket_event WHERE subject = 'ticket' AND subject_id = %s"
        return list(self.product.ask(query, self.id))

    # What is done.

    def step(self, login: str, action: str, *, unit: str = "", **fields: str | list[str] | None) -> Response:
        """One action from the ticket's page by who may; before and after it the intruders get nothing."""
        person, path = self.office.who(login), f"{self.path}/{action}"
        holds = {"part": self.part(unit)} if unit else {}
        form = form_to(person.page(self.path), path, **holds).filled(**fields)
        self.keep_out(form)
        answer = person.send(form)
        assert answer.status_code == 303, f"{person}: {action}: {answer.status_code}\n{answer.text}"
        self.settle()
        return answer

    def handle(self, unit: str) -> None:
        """Sign, keep a record and reply, as the unit's own handler."""
        login = LOGINS[unit]
        if f'action="{self.path}/sign"' in self.office.who(login).page(self.path):
            self.step(login, "sign", unit=unit)
        self.step(login, "handle", unit=unit, handle_note="到场查看，已约谈责任人。", contacted="phone")
        if f'action="{self.path}/contribute"' in self.office.who(login).page(self.path):
            self.step(login, "contribute", unit=unit, internal_note="内部记录：复核无误。")
            return
        told = {"public_reply": f"已经处理完毕，{unit}。", "internal_note": "内部记录：复核无误。"}
        self.step(login, "reply", unit=unit, **told, **GATE)

    def status(self, number: str = "", code: str = "") -> dict[str, Any]:
        """What the citizen reads with number and code."""
        fields = {"number": number or self.number, "code": code or self.code}
        answer = self.office.stranger().post("/status", fields, headers=JSON)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def rate(self, **fields: str) -> Response:
        """The citizen's word from the status page, after somebody without the code has tried."""
        citizen = self.office.stranger()
        page = citizen.post("/status", {"number": self.number, "code": self.code}).text
        form = form_to(page, "/rate").filled(**fields)
        self.keep_out(form)
        wrong = self.code[:-1] + str((int(self.code[-1]) + 1) % 10)
        assert self.office.stranger().send(form.filled(code=wrong)).status_code == 404
        assert self.state == "TO_CALLBACK"
        answer = citizen.send(form)
        self.settle()
        return answer

    # What the others get of it.

    def settle(self) -> None:
        """Wait until those entitled to it have heard of the latest change, and see that nobody else has."""
        self.office.wait_published()
        entitled = [screen for screen in self.office.screens.values() if screen.rooms() & self.rooms]
        for screen in entitled:
            wait(
                lambda screen=screen: screen.version_of(self.id) >= self.version,
                HEARD_WITHIN, f"{screen.person} hears of version {self.version} of {self.id}",
            )  # fmt: skip
        time.sleep(QUIET)
        for intruder in self.intruders:
            self.is_silent_for(intruder)

    def keep_out(self, form: Form) -> None:
        """Every intruder tries the page, the lists, the verb and the room, and changes and learns nothing."""
        before = (self.version, len(self.kinds()))
        for intruder in self.intruders:
            person = self.office.who(intruder.login) if intruder.login else self.office.stranger()
            self._tries_page_and_verb(person, form)
            if intruder.login:
                self._tries_lists(person, intruder)
            self.is_silent_for(intruder)
        assert (self.version, len(self.kinds())) == before

    def _tries_page_and_verb(self, person: Person, form: Form) -> None:
        """The answers are those for a ticket that does not exist, and say nothing of this one."""
        path = form.action if form.action.startswith(self.path) else f"{self.path}/sign"
        fields = {name: value for name, value in form.fields.items() if name != "csrf_token"}
        for answer in (person.get(self.path), person.post(path, fields)):
            if not person.login:
                assert answer.status_code == 302 and answer.headers["Location"].startswith("/login"), answer.url
                continue
            assert answer.status_code in (403, 404), f"{person}: {answer.url}: {answer.status_code}"
            assert answer.status_code == self._status_of_nothing(person, answer, fields), f"{person}: {answer.url}"
            assert not self._is_told_of(answer.text), f"{person}: {answer.url}"

    def _status_of_nothing(self, person: Person, answer: Response, fields: dict[str, list[str]]) -> int:
        """How the same is answered for a ticket that does not exist; asked once for each person and action."""
        path = urlsplit(answer.url).path.replace(self.path, f"/desk/tickets/{NOWHERE}")
        key = (person.login, path)
        if key not in self.office.answers_of_nothing:
            asked = person.get(path) if answer.request.method == "GET" else person.post(path, fields)
            self.office.answers_of_nothing[key] = asked.status_code
        return self.office.answers_of_nothing[key]

    def _is_told_of(self, text: str) -> bool:
        """Whether a page shows the ticket: its number, or a link to it."""
        return bool(self.number and self.number in text) or f"{self.path}\"" in text

    def _tries_lists(self, person: Person, intruder: Intruder) -> None:
        for board in person.boards():
            assert not person.has_on(board, self.id), f"{person} has it on {board}"
            assert self.id not in {row["id"] for row in person.rows(board)}, f"{person} is sent it for {board}"
        for words in filter(None, (self.number, self.phone)):
            found = person.search(words)
            assert found.status_code in (200, 403) and f"{self.path}\"" not in found.text, f"{person} finds it"
        news = person.json("/live/changes", after=self.start)
        assert self.id not in {row["id"] for row in news["rows"]}, f"{person} is sent its row"
        assert intruder.knew or self.id not in news["gone"], f"{person} is told that it is gone"

    def is_silent_for(self, intruder: Intruder) -> None:
        """Its screen heard nothing, or, where it had the ticket once, no more than that it is gone."""
        if not intruder.login:
            return
        screen = self.office.screen(intruder.login)
        assert not screen.rooms() & self.rooms, f"{intruder.login} is in a room of the ticket"
        told = screen.about(self.id)
        if intruder.knew:
            told = told[-1:]
            assert all(message.get("gone") and "row" not in message for message in told), told
        else:
            assert not told, told

    def leaves(self, login: str) -> None:
        """This person had the ticket and has it no longer: from now on an intruder."""
        wait(lambda: self.office.screen(login).about(self.id)[-1].get("gone"), HEARD_WITHIN, "the row is gone")
        self.intruders.append(Intruder(login, knew=True))

    def comes_to(self, login: str) -> None:
        """This person is no intruder any more."""
        self.intruders = [one for one in self.intruders if one.login != login]
