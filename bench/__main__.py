"""python -m bench [NAME ...]: run benchmarks on the servers of this environment; one JSON object each."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from app import create_app
from bench import board, calls, due, escalations, importing, machine, pages, routing_eval, web
from bench.databases import Databases
from bench.seed import seed

NAMES = ("due", "create", "status", "board", "pages", "routing", "import", "calls", "escalations", "seed")
REAL = ("routing", "import")
"""Of real messages."""
BY_NAME = ("escalations", "seed")
"""Asked for by name alone: they need a million open tickets, or fill the database that stays."""
WEB_TICKETS, WEB_OPEN = 100_000, 0.1

_started = time.monotonic()


def main(arguments: Sequence[str]) -> int:
    """0 when everything asked for was measured; marks are in the JSON."""
    options = _parser().parse_args(arguments)
    if unknown := set(options.names) - set(NAMES):
        _parser().error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if not os.environ.get("DATABASE_URL"):
        print("the benchmarks need servers of their own: run ./hotline bench", file=sys.stderr)
        return 2
    with Databases(tell) as databases:
        for name in options.names or [name for name in NAMES if name not in BY_NAME]:
            if name in REAL and not os.environ.get("HOTLINE_SHARED"):
                tell(f"{name}: left out, HOTLINE_SHARED names no folder with real messages")
                continue
            about = {"machine": machine.described(), "versions": machine.versions()}
            found = about | BENCHMARKS[name](options, databases)
            print(json.dumps(found, ensure_ascii=False), flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="What the product costs, against bare floors.")
    names = f"one or more of {', '.join(NAMES)}; without, all but the last two. One size is seeded once."
    parser.add_argument("names", nargs="*", metavar="NAME", help=names)
    parser.add_argument("--tickets", type=int, help="one size, instead of those a benchmark measures by itself")
    parser.add_argument("--open", type=float, default=WEB_OPEN, help="share of the tickets that is open")
    parser.add_argument("--units", type=int, help="seed: so many leading units (default: all of the demo city)")
    parser.add_argument("--years", type=float, default=3, help="seed: over so many years")
    parser.add_argument("--callers", type=int, default=calls.CALLERS, help="calls: so many wait all the time")
    parser.add_argument("--seats", type=int, default=calls.SEATS, help="calls: so many operators")
    parser.add_argument("--seconds", type=float, default=calls.SECONDS, help="calls: measured so long")
    parser.add_argument("--seed", type=int, default=12345, help="seed: the seed of everything drawn at random")
    return parser


def tell(message: str) -> None:
    """Progress, with the seconds since the start."""
    print(f"{time.monotonic() - _started:7.1f} s  {message}", file=sys.stderr, flush=True)


def _board(options: argparse.Namespace, databases: Databases) -> dict[str, Any]:
    sizes = board.SIZES if options.tickets is None else ((options.tickets, options.open),)
    return board.board(databases, sizes)


def _seed(options: argparse.Namespace, _: Databases) -> dict[str, Any]:
    """Fill the environment's own database, which stays."""
    with create_app(ASYNC_MODE="threading").app_context():
        seeded = seed(
            options.tickets or WEB_TICKETS, options.open, options.units, options.years, options.seed, tell=tell
        )
    return {"benchmark": "seed", **asdict(seeded)}


def _routing(_: argparse.Namespace, __: Databases) -> dict[str, Any]:
    return {"benchmark": "routing", **routing_eval.run()}


BENCHMARKS: dict[str, Callable[[argparse.Namespace, Databases], dict[str, Any]]] = {
    "create": lambda options, databases: web.create(databases, options.tickets or WEB_TICKETS, options.open),
    "status": lambda options, databases: web.status(databases, options.tickets or WEB_TICKETS, options.open),
    "board": _board,
    "due": lambda options, databases: due.due(tell),
    "calls": lambda options, databases: calls.calls(databases, options.callers, options.seats, options.seconds),
    "pages": lambda options, databases: pages.pages(databases, options.tickets or WEB_TICKETS, options.open),
    "routing": _routing,
    "import": lambda options, databases: importing.importing(databases),
    "escalations": lambda options, databases: escalations.escalations(databases, options.tickets),
    "seed": _seed,
}


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
