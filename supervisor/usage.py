"""The words of ./hotline: help, and the parsing of what follows a command's name."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from supervisor.errors import Refusal

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 8000

HELP = """\
hotline: a city's government service hotline, 12345

  ./hotline up [--port N] [--data DIR] [--host ADDRESS] [--no-demo]
      Makes the environment at the first run, starts the database, the queue and the product's
      processes, restarts what dies, and prints "ready: http://127.0.0.1:8000" with the demo
      accounts. Ctrl-C or SIGTERM stops everything; the data stays. --no-demo makes an empty city.

  ./hotline test [--all] [ARGUMENTS OF PYTEST]
      Runs the suite against a database and a queue of its own. --all adds the long tests.

  ./hotline bench [--data DIR] [NAME ...] [ITS ARGUMENTS]
      Runs the benchmarks (all, or those named) and prints JSON. Without --data on a temporary folder.

  ./hotline flask [--data DIR] ARGUMENTS
      The product's command line, on the servers of the data folder, which are started for the
      command when no "up" runs there. ./hotline flask --help lists its commands. On a new folder it
      makes an empty city first.

  ./hotline help
      This text.

--data and --port stand right after the command's name. The data folder is .data beside this script
unless --data or HOTLINE_DATA names another; two folders and two ports make two separate instances.

Environment variables (.env.example describes each):
  HOTLINE_DATA, HOTLINE_PORT     as --data and --port
  HOTLINE_DEMO                   0: as --no-demo; 1: the demo city also where "flask" comes first
  HOTLINE_ENV                    demo (default) or production, which refuses unsafe settings
  DATABASE_URL, REDIS_URL        servers to use instead of the embedded ones
  DATABASE_OWNER_URL             the role that migrates, when it is not that of DATABASE_URL
  HOTLINE_WEB_PROCESSES, HOTLINE_WORKER_PROCESSES, HOTLINE_CLOCK_PROCESSES
                                 how many of each (2, 1 and 1)
  HOTLINE_DEMO_PACE              steps a minute that the demo city plays by itself (20; 0: none)
  HOTLINE_PG_OPTIONS             settings for the embedded PostgreSQL, as "name=value name=value"
"""


@dataclass(frozen=True)
class Options:
    """What a command was told. `data` is None when neither --data nor HOTLINE_DATA names a folder.

    `demo`: whether an empty database becomes the demo city.
    """

    command: str
    data: Path | None
    port: int
    host: str
    demo: bool
    long: bool
    rest: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return self.data or ROOT / ".data"


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Refusal(f"{text!r} is no port: give --port a number from 1 to 65535.")
    return int(text)


def _wants_demo(command: str) -> bool:
    """HOTLINE_DEMO; unless it is set `up` shows the demo city, and no other command makes it unasked."""
    text = os.environ.get("HOTLINE_DEMO") or ("1" if command == "up" else "0")
    if text not in ("0", "1"):
        raise Refusal(f"HOTLINE_DEMO is {text!r}: give 0 or 1; see ./hotline help.")
    return text == "1"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Refusal(f"{message}: see ./hotline help.")


def parse(arguments: Sequence[str]) -> Options:
    """Options from the command line and the environment. Refusal on anything not understood."""
    command, rest = arguments[0], list(arguments[1:])
    if command not in ("up", "test", "bench", "flask"):
        raise Refusal(f"there is no command {command!r}: see ./hotline help.")
    parser = _Parser(prog=f"hotline {command}", add_help=False, allow_abbrev=False)
    parser.add_argument("--data", default=os.environ.get("HOTLINE_DATA") or None)
    default = _port(os.environ.get("HOTLINE_PORT") or str(DEFAULT_PORT))
    parser.add_argument("--port", type=_port, default=default)
    if command == "up":
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--no-demo", action="store_true")
    own, others = (rest, list[str]()) if command == "up" else _leading(rest)
    found = parser.parse_args(own)
    long = command == "test" and "--all" in others
    if long:
        others.remove("--all")
    return Options(
        command=command,
        data=Path(found.data).expanduser().absolute() if found.data else None,
        port=found.port,
        host=getattr(found, "host", "127.0.0.1"),
        demo=_wants_demo(command) and not getattr(found, "no_demo", False),
        long=long,
        rest=tuple(others),
    )


def _leading(arguments: list[str]) -> tuple[list[str], list[str]]:
    """(--data and --port with their values at the front, everything after), which passes untouched."""
    cut = 0
    while cut < len(arguments):
        word = arguments[cut]
        if word in ("--data", "--port"):
            cut += 2
        elif word.startswith(("--data=", "--port=")):
            cut += 1
        else:
            break
    return arguments[:cut], arguments[cut:]
