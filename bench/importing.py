"""What it costs to bring in another line's records: real messages, each routed, numbered and recorded."""

import csv
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

import psycopg

from bench.databases import Databases, Filled
from bench.machine import Others
from manage import create_app

FILE = Path("data", "messages-train.csv")
BATCH = 100
RUNS = 3
SMALL = 1_000
"""Tickets that are there before: a city that has just begun."""
MARK_SECONDS = 60


def importing(databases: Databases) -> dict[str, Any]:
    """`flask import messages` with the whole file; beside it the same rows inserted bare."""
    file = Path(os.environ["HOTLINE_SHARED"]) / FILE
    others = Others()
    ours: list[float] = []
    floors: list[float] = []
    for run in range(RUNS):
        with databases.writing(SMALL, 1.0) as database:
            floors.append(_inserted(database, file))
            runner = create_app(database.config, ASYNC_MODE="threading").test_cli_runner()
            began = time.perf_counter()
            done = runner.invoke(args=["import", "messages", str(file)])
            ours.append(time.perf_counter() - began)
            if done.exit_code or ", 0 already there, 0 rejected" not in done.stdout:
                raise RuntimeError(f"the import failed: {done.output}")
            said = done.stdout.strip().splitlines()[-1]
            databases.tell(f"import: run {run + 1} of {RUNS}: {said}")
    seconds, floor = statistics.median(ours), statistics.median(floors)
    return {
        "benchmark": "import", "tickets_before": SMALL, "said": said,
        "others_cores": others.cores(),
        "seconds": round(seconds, 1), "runs": [round(one, 1) for one in ours],
        "floor": {"what": "the same rows inserted, routed nowhere", "seconds": round(floor, 2)},
        "share_of_floor": round(floor / seconds, 4),
        "mark": {"seconds": MARK_SECONDS, "met": seconds < MARK_SECONDS},
    }  # fmt: skip


def _inserted(database: Filled, file: Path) -> float:
    """Seconds for the rows as text in one table, by a connection of its own."""
    with file.open(encoding="utf-8-sig", newline="") as source:
        rows = [[json.dumps(row)] for row in csv.DictReader(source)]
    with psycopg.connect(database.config.database_owner_url.replace("+psycopg", "", 1)) as connection:
        connection.execute("CREATE TABLE bench_row (row jsonb NOT NULL)")
        connection.commit()
        began = time.perf_counter()
        for first in range(0, len(rows), BATCH):
            connection.cursor().executemany("INSERT INTO bench_row VALUES (%s)", rows[first : first + BATCH])
            connection.commit()
        return time.perf_counter() - began
