"""The database and the queue of one command: embedded ones, or those that the environment names."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supervisor import postgres, valkey
from supervisor.errors import Refusal
from supervisor.folder import DataFolder
from supervisor.processes import Crew, Spec, Wish
from supervisor.usage import ROOT, Options

PLAYED = {  # numbers of no place
    "EMERGENCY_LINES": "110=+869901800110,119=+869901800119,120=+869901800120",
    "SMS_PROVIDERS": "twilio",
    "TWILIO_SMS_FROM": "+86990112345",
}
SERVER_START = 120.0  # seconds; recovery after a power cut reads up to 2 GB of log


@dataclass(frozen=True)
class Wanted:
    """Which servers to start: `given` lets the environment name them, `private` ones need no fsync."""

    given: bool = True
    private: bool = False
    may_create_databases: bool = False


def environment(options: Options, folder: DataFolder, default: str = "demo") -> dict[str, str]:
    """What every process of the instance gets: ours, the folder's keys, where things are."""
    env = dict(os.environ)
    # The last one would make every process of every start compile all its modules anew.
    for name in ("PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"):
        env.pop(name, None)
    env.setdefault("HOTLINE_ENV", default)
    env.update(PYTHONPATH=str(ROOT), PYTHONUNBUFFERED="1", PYTHONUTF8="1", HOTLINE_DATA=str(folder.root))
    env["HOTLINE_PORT"] = str(options.port)
    env["HOTLINE_DEMO"] = "1" if options.demo and env["HOTLINE_ENV"] != "production" else "0"
    if env["HOTLINE_ENV"] != "production":
        env.setdefault("PUBLIC_BASE_URL", f"http://{reachable(options.host)}:{options.port}")
        for name, value in folder.keys().items():
            # The simulated account is nobody's elsewhere: with it a real carrier's would seem to be set.
            if is_simulated(env) or not name.startswith("TWILIO_"):
                env.setdefault(name, value)
    return env


def is_simulated(env: Mapping[str, str]) -> bool:
    """Whether the telephone network is played on this machine: by default where nothing real could be rung."""
    given = env.get("TELEPHONY_PROVIDER")
    return env.get("HOTLINE_ENV") != "production" and (given == "simulator" or not given)


def played(env: Mapping[str, str]) -> dict[str, str]:
    """What the simulated network adds to the settings, where nobody has set it; {} for a real one."""
    return {name: value for name, value in PLAYED.items() if name not in env} if is_simulated(env) else {}


def reachable(host: str) -> str:
    """The address at which this machine reaches a server that listens on `host`."""
    if host in ("", "0.0.0.0"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def start(crew: Crew, env: dict[str, str], wanted: Wanted) -> None:
    """Starts what is not given, waits until both answer, and adds their addresses to `env`."""
    own_database = not (wanted.given and env.get("DATABASE_URL"))
    own_queue = not (wanted.given and env.get("REDIS_URL"))
    folder, specs = crew.folder, list[Spec]()
    if own_queue:
        specs.append(valkey.spec(folder, env))
    if own_database:
        specs.append(postgres.spec(folder, env, crew.wish, lasting=not wanted.private))
    children = {child.spec.name: child for child in crew.add(specs)}

    def ready() -> bool:
        waiting_database = own_database and not postgres.is_ready(folder, children["postgres"].pid)
        return not waiting_database and not (own_queue and not valkey.is_ready(folder, children["valkey"].pid))

    crew.wait(ready, SERVER_START, "the database or the queue")
    own = dict[str, str]()
    if own_database:
        postgres.make_roles(folder, env, wanted.may_create_databases)
        own.update(postgres.urls(folder.socket_folder()))
    if own_queue:
        own["REDIS_URL"] = valkey.url(folder)
    # Addresses that somebody gave may hold a password: they stay out of the file.
    crew.publish(urls={name.lower(): value for name, value in own.items()}, environment=env["HOTLINE_ENV"])
    env.update(own)
    env.setdefault("DATABASE_OWNER_URL", env["DATABASE_URL"])
    if not wanted.may_create_databases:
        env.pop("HOTLINE_PG_ADMIN_URL", None)


def borrow(state: Mapping[str, Any], env: dict[str, str]) -> None:
    """Adds to `env` the servers of the instance that runs on the folder. Refusal when not all are known."""
    env.update({name.upper(): str(value) for name, value in dict(state.get("urls", {})).items()})
    env.pop("HOTLINE_PG_ADMIN_URL", None)
    for name in ("DATABASE_URL", "REDIS_URL"):
        if not env.get(name):
            raise Refusal(f"what runs on this folder was given its {name}: set the same one for this command.")
    env.setdefault("DATABASE_OWNER_URL", env["DATABASE_URL"])


def new_crew(folder: DataFolder) -> Crew:
    """A crew that hears Ctrl-C and SIGTERM from now on."""
    wish = Wish()
    wish.listen()
    crew = Crew(folder, wish)
    crew.facts["supervisor"] = os.getpid()
    return crew
