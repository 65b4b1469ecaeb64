"""The seeder: any number of tickets with all that belongs to them, by COPY, as the verbs would leave them.

Equal for equal arguments and moment, but for the nonces of sealed contacts. Works beside what is there already.
"""

import heapq
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg
from flask import current_app
from psycopg import Connection, sql

from app.outbox import GENESIS
from bench import callers, plans
from bench.city import City, at_work, hire, hours_between
from bench.copying import Loader, unindexed
from bench.life import Life
from bench.matters import Matter, matters
from bench.publishing import Publisher
from bench.rows import COLUMNS, Ids
from db import database_now, transaction
from routing import search
from routing import service as routing
from tickets import numbers

BATCH = 2000
TABLES = (*COLUMNS, "room_head", "outbox")
DAY_HOURS = (2, 1, 1, 1, 1, 2, 4, 8, 14, 20, 20, 15, 12, 14, 18, 18, 15, 12, 10, 9, 8, 6, 4, 3)
"""How the day's tickets fall on its hours, in the city's time."""


@dataclass(frozen=True)
class Seeded:
    """What was made: rows by table, the city's people, and how long it took (seconds)."""

    tickets: int
    open: int
    rows: Mapping[str, int]
    making: float
    building: float
    analysing: float


@dataclass(frozen=True, slots=True)
class Birth:
    """A ticket to be: the hour of its registration and what is known of it already."""

    hour: int
    order: int
    matter: Matter | None = None
    steps: list[plans.Step] | None = None


def seed(
    tickets: int,
    share_open: float,
    units: int | None = None,
    years: float = 3,
    seed: int = 12345,
    now: datetime | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Seeded:
    """Fill the database of the running application's context; nothing else may write to it meanwhile.

    `units`: only so many units lead (None: all that the city's matters need). `tell` hears of progress.
    """
    config = current_app.extensions["hotline"]
    if config.is_production:
        raise ValueError("The seeder invents complaints: not with HOTLINE_ENV=production.")
    now = now or _now()
    rng = Random(seed)
    with psycopg.connect(config.database_owner_url.replace("+psycopg", "", 1)) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        connection.execute("LOCK TABLE lease, ticket IN EXCLUSIVE MODE")  # a relay waits meanwhile
        started = time.monotonic()
        city, pool = _found(connection, rng, tickets, units, now, now - timedelta(days=365 * years))
        births = _births(rng, city, pool, tickets, round(tickets * share_open))
        with unindexed(connection, TABLES, tell):
            ids, loader, still_open = _fill(connection, rng, city, pool, births, tickets, tell)
            made = time.monotonic()
        _raise_sequences(connection, ids)
        connection.commit()
        built = time.monotonic()
        tell("analysing")
        connection.autocommit = True
        for table in TABLES:
            connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))
    done = time.monotonic()
    return Seeded(tickets, still_open, loader.counts, made - started, built - made, done - built)


def _now() -> datetime:
    with transaction():
        return database_now()


def _found(
    connection: Connection[Any], rng: Random, tickets: int, units: int | None, now: datetime, start: datetime
) -> tuple[City, list[Matter]]:
    """The city with its people, and the pool of matters."""
    with transaction():
        reference = routing.current()
    pool = matters(reference, rng, tickets, units, now.astimezone(reference.zone).date())
    everyone = sorted(reference.units_by_id)
    hired = hire(connection, everyone, now)
    hours = hours_between(start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0), now)
    city = City(
        reference=reference,
        vault=callers.QuickVault(**vars(current_app.extensions["vault"])),
        hours=hours,
        now=now,
        at_work=at_work(reference, hours),
        operators=hired["operator"],
        dispatchers=hired["dispatcher"],
        supervisors=hired["supervisor"],
        handlers=dict(zip(everyone, hired["handler"], strict=True)),
        leads=[matter.lead for matter in pool if matter.lead is not None],
    )
    return city, pool


def _births(rng: Random, city: City, pool: list[Matter], tickets: int, still_open: int) -> Iterator[Birth]:
    """In order of registration: closed tickets from all years, open ones as old as their plan says."""
    last = len(city.hours) - 1
    opened = []
    for order in range(still_open):
        matter = rng.choice(pool)
        steps, age = plans.open_(rng, matter)
        opened.append(Birth(max(0, last - age), order, matter, steps))
    offset = int((city.now.astimezone(city.reference.zone).utcoffset() or timedelta()) / timedelta(hours=1))
    days, weights = (last + 1) // 24, [DAY_HOURS[(hour + offset) % 24] for hour in range(24)]
    drawn = rng.choices(range(24), weights, k=tickets - still_open)
    ended = (min(last - 2, 24 * rng.randrange(days) + hour) for hour in drawn)
    return heapq.merge(
        sorted(opened, key=_when), (Birth(hour, 0) for hour in sorted(ended)), key=_when
    )


def _when(birth: Birth) -> tuple[int, int]:
    return birth.hour, birth.order


def _fill(
    connection: Connection[Any],
    rng: Random,
    city: City,
    pool: list[Matter],
    births: Iterator[Birth],
    tickets: int,
    tell: Callable[[str], None],
) -> tuple[Ids, Loader, int]:
    ids = Ids(_first_ids(connection))
    loader = Loader(connection, COLUMNS)
    publisher = Publisher(loader, ids, *_last_published(connection))
    words = _words(connection, pool)
    people = callers.Callers(rng, city, tickets)
    still_open = 0
    for count, birth in enumerate(births, start=1):
        matter = birth.matter or rng.choice(pool)
        life = Life(city, loader, ids, matter, people.caller(matter))
        _live(life, rng, city, birth)
        still_open += not life.is_over
        publisher.add(life.events)
        _store(life, people, ids)
        loader.add("text_index", str(life.id), words[matter.title, matter.content])
        if count % BATCH == 0:
            publisher.publish_before(city.hours[birth.hour].toordinal())
            city.forget_before(birth.hour)
            loader.flush()
            tell(f"{count:,} of {tickets:,} tickets")
    publisher.publish_all()
    loader.close()
    _save_heads(connection, publisher.heads)
    return ids, loader, still_open


def _live(life: Life, rng: Random, city: City, birth: Birth) -> None:
    """From registration through its steps to the present; closed tickets are in a hurry where time is short."""
    last, hurry, elapsed = len(city.hours) - 1, 1.0, 0
    steps = birth.steps
    if steps is None:
        steps, needed = plans.closed(rng, life.matter)
        if birth.hour + needed > last:
            steps = plans.rated_in_time(rng, steps, life.matter)
            hurry = min(1.0, (last - birth.hour) / max(1, sum(step.hours for step in steps)))
    life.at(birth.hour)
    life.register(life.caller.fields)
    for step in steps:
        elapsed += step.hours
        hour = min(last, birth.hour + int(elapsed * hurry))
        life.at(max(life.hour, hour if plans.at_any_hour(step, life.matter) else city.at_work[hour]))
        if life.is_over:
            return
        step.act(life, rng)
    life.until(city.now)


def _store(life: Life, people: callers.Callers, ids: Ids) -> None:
    """The ticket's own row and its contact, now that they are final."""
    city, it, caller = life.city, life.matter, life.caller
    registered = city.hours[life.born]
    key = people.form_key(life)
    city.vault.give_code(life)  # type: ignore[arg-type]  # it has what a ticket's code needs
    number = numbers.ticket_number(
        registered.astimezone(city.reference.zone).date(), ids.take("ticket_number_seq")
    )
    life.loader.add(
        "ticket", life.id, number, life.state, life.version, life.rooms, caller.channel, "12345",
        key, people.form_hash(it, key), life.code_counter, life.code_key_id, life.code_hash, caller.operator,
        registered, registered, registered, life.dispatched_at, life.closed_at, caller.anonymous,
        it.confidential, not caller.anonymous, it.type, it.masked_title, it.category, (), it.region_code,
        it.region_path, it.place, 1, False, False, it.urgency, False, life.disposition, life.refer_reason,
        life.round, life.nearest_due(),
    )
    if not caller.anonymous:
        people.store_contact(life, registered)
    life.store()


def _first_ids(connection: Connection[Any]) -> dict[str, int]:
    """The next free id of every table that counts by itself, and the next serial of a ticket number."""
    first = {}
    for table, columns in COLUMNS.items():
        if columns[0] == "id":
            query = sql.SQL("SELECT coalesce(max(id), 0) + 1 FROM {}").format(sql.Identifier(table))
            first[table] = connection.execute(query).fetchone()[0]  # type: ignore[index]
    for name in ("ticket_id_seq", "ticket_number_seq"):
        first[name] = connection.execute("SELECT nextval(%s)", (name,)).fetchone()[0]  # type: ignore[index]
    first["ticket"] = max(first["ticket"], first.pop("ticket_id_seq"))
    return first


def _raise_sequences(connection: Connection[Any], ids: Ids) -> None:
    """So that the next row by the product gets the next id."""
    for table, following in ids.next.items():
        if table in ("ticket", "ticket_number_seq"):
            name = "ticket_id_seq" if table == "ticket" else table
            connection.execute("SELECT setval(%s, %s, false)", (name, following))
        else:
            connection.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", (table, following)
            )


def _last_published(connection: Connection[Any]) -> tuple[int, bytes]:
    found = connection.execute("SELECT seq, hash FROM publication ORDER BY seq DESC LIMIT 1").fetchone()
    return (found[0], bytes(found[1])) if found else (0, GENESIS)


def _words(connection: Connection[Any], pool: list[Matter]) -> dict[tuple[str, str], str]:
    """What the word index holds of each text, as the index's own SQL makes it."""
    texts = list({(matter.title, matter.content) for matter in pool})
    tokens = [search.tokens(f"\n{content}\n{title}") for title, content in texts]
    query = (
        "SELECT to_tsvector('simple', words)::text"
        " FROM unnest(%s::text[]) WITH ORDINALITY t (words, n) ORDER BY n"
    )
    vectors = connection.execute(query, (tokens,)).fetchall()
    return {text: vector for text, [vector] in zip(texts, vectors, strict=True)}


def _save_heads(connection: Connection[Any], heads: Mapping[str, int]) -> None:
    connection.execute("DELETE FROM room_head WHERE room = ANY(%s)", (list(heads),))
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO room_head (room, seq) VALUES (%s, %s)", list(heads.items()))
