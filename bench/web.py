"""What a citizen's request costs: handing in a complaint, asking for the status; as a share of a bare answer."""

import itertools
import statistics
import uuid
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from bench import load, serving
from bench.databases import Databases, Filled, Tell
from bench.load import MakeRequest, Run
from bench.machine import Others, database_settings
from bench.matters import matters
from db import database_now, db, transaction
from routing import service as routing
from tickets.models import Ticket

CLIENTS = (1, 8, 32)
MARKED = 8
MARKS = {"create": 0.03, "status": 0.11}
"""The least share of the bare answer's rate, at eight clients."""
SECONDS, WARM_UP, RUNS = 3.0, 1.5, 5
ASKED_FOR = 2000  # tickets whose status is asked for in turn


def create(databases: Databases, tickets: int, share_open: float) -> dict[str, Any]:
    """POST /complain: a new matter each time, routed, numbered and recorded; the relay publishes meanwhile."""
    return _measured("create", databases, tickets, share_open, _complaints)


def status(databases: Databases, tickets: int, share_open: float) -> dict[str, Any]:
    """POST /status: number and query code of seeded tickets in turn."""
    return _measured("status", databases, tickets, share_open, _questions)


def _measured(
    name: str,
    databases: Databases,
    tickets: int,
    share_open: float,
    requests: Callable[[Filled], MakeRequest],
) -> dict[str, Any]:
    with databases.writing(tickets, share_open) as database:
        with database.app.app_context():
            make, settings = requests(database), database_settings()
        with serving.product(database.config) as port, serving.floor() as bare:
            found = {
                str(clients): _against_floor(name, port, bare, make, clients, databases.tell)
                for clients in CLIENTS
            }
    share = found[str(MARKED)]["share_of_floor"]
    return {
        "benchmark": name,
        "tickets": tickets,
        "open": database.seeded.open,
        "processes": {"web": serving.WEB_PROCESSES, "worker": 1, "clock": 1},
        "database": settings,
        "clients": found,
        "mark": {"clients": MARKED, "least_share_of_floor": MARKS[name], "met": share >= MARKS[name]},
    }


def _against_floor(
    name: str, port: int, bare: int, make: MakeRequest, clients: int, tell: Tell
) -> dict[str, Any]:
    """Product and floor by turns, so that both meet the same machine; medians of the runs."""
    hello = load.get("/")
    load.drive(port, make, clients, WARM_UP)
    load.drive(bare, lambda: hello, clients, WARM_UP)
    ours: list[Run] = []
    floors: list[Run] = []
    others = Others()
    for number in range(RUNS):
        ours.append(load.drive(port, make, clients, SECONDS))
        floors.append(load.drive(bare, lambda: hello, clients, SECONDS))
        tell(f"{name}, {clients} clients, run {number + 1}: {ours[-1].per_second:.0f}/s")
    for run in ours:
        if not run.is_clean:
            raise RuntimeError(f"{name}: not every request was answered: {run.statuses}")
    shares = [one.per_second / other.per_second for one, other in zip(ours, floors, strict=True)]
    return {
        "share_of_floor": round(statistics.median(shares), 4),
        "product": load.median_run(ours),
        "floor": load.median_run(floors),
        "others_cores": others.cores(),
    }


def _complaints(database: Filled) -> MakeRequest:
    """Forms as citizens send them, each with a key of its own."""
    rng = Random(1)
    with transaction():
        reference, today = routing.current(), database_now().date()
    pool = [matter for matter in matters(reference, rng, 2000, None, today) if matter.type != "praise"]
    forms = itertools.cycle(
        urlencode(
            {
                "type": matter.type, "content": matter.content, "place": matter.place,
                "region_code": matter.region_code or "", "name": "张三",
                "phone": f"139{rng.randrange(10**8):08d}", "wants_reply": "1",
            }
        ).encode()
        for matter in pool
    )
    return lambda: load.post("/complain", next(forms) + b"&form_key=" + str(uuid.uuid4()).encode())


def _questions(database: Filled) -> MakeRequest:
    """Numbers with their codes, from all years."""
    vault = database.app.extensions["vault"]
    step = max(1, database.seeded.tickets // ASKED_FOR)
    with transaction():
        found = db.session.scalars(select(Ticket).where(Ticket.number.is_not(None), Ticket.id % step == 0)).all()
        forms = [urlencode({"number": one.number, "code": vault.code_of(one)}).encode() for one in found]
    Random(1).shuffle(forms)
    turn = itertools.cycle(forms)
    return lambda: load.post("/status", next(turn))
