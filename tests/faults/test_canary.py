"""One citizen's personal data through every way in, refusals and crashes included: in clear it is nowhere."""

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import psycopg
import pytest
from redis import Redis

from app.enqueue import ACT_ON_DEADLINES, enqueue

from . import clocks
from .browser import Browser
from .canary import Canary, grouped, hits, hits_in_files, hits_in_queue, hits_in_tables
from .product import children
from .run import City

pytestmark = pytest.mark.xdist_group("faults")

LONGEST = 20_000  # characters of a complaint
LARGEST = 1024 * 1024  # bytes of a request


def test_personal_data_and_query_codes_stay_where_they_belong(city: City) -> None:
    canary = Canary.hatch(seed=311)
    city.others = canary.keys
    product = city.product
    citizen = Browser(product.address)
    codes = _complain(citizen, canary)
    _be_refused(citizen, canary)
    _follow(citizen, canary, codes)
    with product.connect() as connection:
        ticket_id = _ticket(connection, next(iter(codes)))
        _work_on_it(city, canary, ticket_id)
        _escalate_with_crashes(city, connection, ticket_id)
    _cut_off_while_sending(city, citizen, canary)
    _search_everywhere(city, canary, list(codes.values()))


def _complain(citizen: Browser, canary: Canary) -> dict[str, str]:
    """By form and by JSON, each sent twice. Returns number -> query code."""
    form, again = canary.form(), canary.form()
    pages = [citizen.post("/complain", form) for _ in range(2)]
    answers = [citizen.post_json("/complain", again) for _ in range(2)]
    assert [page.status for page in pages] == [201, 200]
    assert [answer.status for answer in answers] == [201, 200]
    receipt = json.loads(answers[0].text)
    assert json.loads(answers[1].text)["code"] == receipt["code"]
    said = re.sub(r"<[^>]+>", " ", pages[0].text)
    number = re.search(r"\b20\d\d \d{4} \d{4} \d{3}\b", said)
    code = re.search(r"\b\d{4} \d{4} \d{4}\b", said[number.end() :]) if number else None
    assert number and code and code[0] in pages[1].text
    return {receipt["number"]: receipt["code"], number[0].replace(" ", ""): code[0]}


def _be_refused(citizen: Browser, canary: Canary) -> None:
    """Every refusal there is for a complaint. None but the form itself gives back what was typed."""
    refused = [
        citizen.post_json("/complain", canary.form(content="长" * (LONGEST + 1))),
        citizen.post_json("/complain", canary.form(type="no-such-type")),
        citizen.post_json("/complain", canary.form(region_code="no-such-place")),
        citizen.post_json("/complain", canary.form(form_key="no key")),
        citizen.post_json("/complain", canary.form(name=canary.name + "\x00")),
        citizen.post_json("/complain", canary.form(name=canary.name + "\ud800")),
        citizen.post_json("/complain", {"name": [canary.name], "phone": {"is": canary.phone}}),
        citizen.post_json("/complain", b'{"name": "' + canary.name.encode() + b'", '),
        citizen.post_json("/complain", canary.form(content=canary.name * (LARGEST // 8))),
        citizen.post("/complain", canary.form(content=canary.name * (LARGEST // 8))),
        citizen.post("/login", {"login": canary.phone, "password": canary.name}),
    ]
    # A server may hang up on a body that it is not going to read.
    assert {answer.status // 100 for answer in refused} <= {0, 4}, [answer.status for answer in refused]
    for answer in refused:
        assert not list(hits("an error page", answer.text.encode(), canary.secrets()))
    kept = citizen.post("/complain", canary.form(type="no-such-type"))
    assert kept.status == 422 and canary.name in kept.text
    # Whoever puts it into an address gets it back in the page's own links; the logs must not have it.
    assert citizen.get(f"/complain?phone={canary.phone}").status == 200
    assert citizen.get(f"/complain/{canary.phone}").status == 404


def _follow(citizen: Browser, canary: Canary, codes: dict[str, str]) -> None:
    """Look the tickets up, with the right code and with a wrong one."""
    for number, code in codes.items():
        page = citizen.post("/status", {"number": number, "code": code})
        assert page.status == 200 and number in page.text
        assert not list(hits("the status page", page.text.encode(), canary.secrets()))
        wrong = citizen.post_json("/status", {"number": number, "code": "0000 0000 0000"})
        assert wrong.status == 404


def _work_on_it(city: City, canary: Canary, ticket_id: int) -> None:
    """Staff find the ticket, look at it, reveal the caller, and keep a form that is not sent."""
    supervisor, operator = Browser(city.product.address), Browser(city.product.address)
    supervisor.sign_in("supervisor")
    operator.sign_in("operator")
    path = f"/desk/tickets/{ticket_id}"
    masked = [supervisor.get(path), supervisor.get("/desk"), supervisor.get("/live/changes?after=0")]
    masked.append(supervisor.post("/desk/find", {"q": canary.matter[:14]}, page="/desk/find"))
    for answer in masked:
        assert answer.status == 200
        assert not list(hits("a page of the desk", answer.text.encode(), canary.secrets() | canary.told()))
    found = supervisor.post("/desk/find", {"q": canary.phone}, page="/desk/find")
    assert found.status == 200 and f'href="{path}"' in found.text
    for field in ("name", "phone", "address"):
        reason = {"field": field, "reveal_reason": "Call back."}
        shown = supervisor.post(f"{path}/reveal", reason, page=path)
        assert shown.status == 200 and getattr(canary, field) in shown.text
    _keep_a_form(operator, canary)


def _keep_a_form(operator: Browser, canary: Canary) -> None:
    """What an operator typed and has not sent is kept too; then it is sent."""
    page = "/desk/tickets/new"
    token = re.search(r'name="csrf-token" content="([^"]+)"', operator.get(page).text)
    assert token
    fields = canary.form(channel="phone", line_no="12345", urgency="normal")
    kept = operator.post_json("/desk/drafts", {"form": "new", "fields": fields}, {"X-CSRFToken": token[1]})
    assert kept.status == 204
    assert canary.phone in operator.get(page).text
    assert operator.post(page, fields, page=page).status == 201


def _escalate_with_crashes(city: City, connection: psycopg.Connection, ticket_id: int) -> None:
    """The ticket falls due; a worker is killed at it, and so is the clock that told the worker."""
    product = city.product
    ids = [row[0] for row in connection.execute(
        "SELECT id FROM deadline WHERE ticket_id = %s AND next_at IS NOT NULL", [ticket_id])]  # fmt: skip
    assert ids
    connection.execute("UPDATE deadline SET next_at = clock_timestamp() WHERE id = ANY(%s)", [ids])
    with _queue(city) as queue:
        for _ in range(4):
            enqueue(queue, ACT_ON_DEADLINES, ids * 20)
    product.wait(lambda: any(map(children, product.pids("worker"))), 20, "a worker at work")
    product.kill(*product.pids("worker"), product.pids("clock")[0])
    connection.execute("UPDATE deadline SET claimed_until = NULL WHERE id = ANY(%s)", [ids])
    product.wait(lambda: clocks.reached(connection, ids) > 0 or _owes_nothing(connection, ids), 60, "escalated")


def _owes_nothing(connection: psycopg.Connection, ids: list[int]) -> bool:
    due = "SELECT count(*) FROM deadline WHERE id = ANY(%s) AND next_at <= clock_timestamp()"
    return connection.execute(due, [ids]).fetchone() == (0,)


def _cut_off_while_sending(city: City, citizen: Browser, canary: Canary) -> None:
    """The web processes, and then the database, die while the form is with them."""
    product = city.product
    for victims in (product.web_workers, lambda: children(product.pids("postgres")[0])):
        form = canary.form()
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(citizen.post_json, "/complain", form)
            _kill_while_held(city, victims)
        assert sent.result().status in (0, 201, 503)
        product.wait(product.is_whole, 30, "every process is back")
        assert citizen.post_json("/complain", form).status in (200, 201)


def _kill_while_held(city: City, victims: Callable[[], list[int]]) -> None:
    """Kill while what was just sent waits for a lock; the lock ends with the database when that is killed."""
    with suppress(psycopg.OperationalError), city.product.connect() as holder, holder.transaction():
        holder.execute("LOCK TABLE ticket_event IN SHARE MODE")
        time.sleep(0.5)
        city.product.kill(*victims())


def _search_everywhere(city: City, canary: Canary, codes: list[str]) -> None:
    """Whole data folder, all tables, the whole queue. The words of the matter are found, so the search finds."""
    product = city.product
    needles = canary.secrets() | {"query code": [way for code in codes for way in grouped(code)]}
    told, open_words = canary.told(), {"matter": [canary.matter[:14].encode()], "mark": [canary.mark.encode()]}
    with _queue(city) as queue:
        assert hits_in_queue(queue, needles | told) == []
    with product.connect("hotline_pg_admin_url") as connection:
        indexed = "mark in table text_index"
        product.wait(lambda: indexed in hits_in_tables(connection, open_words), 30, "the words are indexed")
        connection.execute("CHECKPOINT")
        assert hits_in_tables(connection, needles) == []
        assert hits_in_tables(connection, told) == ["written in table ticket_text"]
        assert "matter in table ticket_text" in hits_in_tables(connection, open_words)
    assert hits_in_files(product.data, needles) == []
    assert not [hit for hit in hits_in_files(product.data, told) if " in postgres/" not in hit]
    assert any(" in postgres/" in hit for hit in hits_in_files(product.data, open_words))
    assert not list(hits("what up printed", product.output.read_bytes(), needles | told))


def _ticket(connection: psycopg.Connection, number: str) -> int:
    row = connection.execute("SELECT id FROM ticket WHERE number = %s", [number]).fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def _queue(city: City) -> Iterator[Redis]:
    client = Redis.from_url(city.product.url("redis_url"), socket_timeout=2)
    try:
        yield client
    finally:
        client.close()
