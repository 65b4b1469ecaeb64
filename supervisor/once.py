"""./hotline test, bench and flask: one command on servers that live as long as it, or on those that run."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from supervisor import servers
from supervisor.errors import StopWanted
from supervisor.folder import DataFolder, fresh_keys
from supervisor.prepare import forget, prepare
from supervisor.processes import kill_leftovers, say
from supervisor.spawn import adopt_orphans, kill_children, spawn
from supervisor.usage import ROOT, Options

STATE_WITHIN = 30.0  # seconds that `up` may take until its servers are listed
ON_THE_SCHEMA = ("db", "prepare")  # commands that take a database as it is, and may leave another schema


def test(options: Options) -> int:
    """pytest on servers of its own; its exit code."""
    chosen = [] if options.long else ["-m", "not long"]
    command = [sys.executable, "-m", "pytest", "-n", "2", *chosen, *options.rest]
    env = fresh_keys() | {"HOTLINE_ENV": "test", "PUBLIC_BASE_URL": "http://127.0.0.1"}
    return _in_temporary_folder(options, command, env, servers.Wanted(False, True, True), cwd=ROOT)


def bench(options: Options) -> int:
    """The benchmarks, on --data or on a temporary folder that keeps to the disk as the real one does."""
    sys.stdout = sys.stderr  # what this process says is no figure: to stdout goes the benchmarks' JSON alone
    command = [sys.executable, "-m", "bench", *options.rest]
    wanted = servers.Wanted(given=False, may_create_databases=True)
    if options.data is None:
        return _in_temporary_folder(options, command, fresh_keys(), wanted, cwd=Path.cwd())
    folder = DataFolder(options.data)
    folder.create()
    folder.lock("bench", wait=True)
    kill_leftovers(folder)
    return _on_own_servers(options, folder, command, {}, wanted, Path.cwd())


def flask(options: Options) -> int:
    """The product's command line on the folder's servers; its exit code.

    The embedded database is prepared before, but for commands that do that themselves. A database that somebody
    gave is migrated by `up` and by these commands only, never in passing.
    """
    folder = DataFolder(options.folder)
    if _needs_no_servers(options.rest):
        env = dict(os.environ) | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
        return subprocess.run([sys.executable, "-m", "app.due", *options.rest[1:]], env=env).returncode
    folder.create()
    command = [sys.executable, "-m", "flask", "--app", f"{ROOT}/manage.py:create_app", *options.rest]
    name = next((word for word in options.rest if not word.startswith("-")), "")
    if name in ON_THE_SCHEMA:
        forget(folder)
    while not folder.lock("flask"):
        state = _running(folder)
        if state:
            return _beside(options, folder, command, state)
        say(f"waiting for ./hotline {folder.holder().get('command', '')} on {folder.root} to end ...")
        if folder.lock("flask", wait=True):
            break
    kill_leftovers(folder)
    folder.claim(os.environ.get("HOTLINE_ENV") or "demo")
    prepared = name not in ("", *ON_THE_SCHEMA) and not os.environ.get("DATABASE_URL")
    return _on_own_servers(
        options, folder, command, servers.played(os.environ), servers.Wanted(), Path.cwd(), prepared
    )


def _needs_no_servers(words: Sequence[str]) -> bool:
    """Whether a due time is asked for by the calendar that ships: then there is nothing to start for it."""
    return list(words[:1]) == ["due"] and not any(word.startswith("--dep") for word in words)


def _running(folder: DataFolder) -> dict[str, object]:
    """The state that an `up` on the folder wrote, once its servers answer; {} for another command."""
    until = time.monotonic() + STATE_WITHIN
    while folder.holder().get("command") == "up" and time.monotonic() < until:
        state = folder.read_state()
        if "urls" in state:
            return state
        time.sleep(0.1)
    return {}


def _beside(options: Options, folder: DataFolder, command: list[str], state: dict[str, object]) -> int:
    """Runs the command on the servers of the `up` that has the folder."""
    env = servers.environment(options, folder, default=str(state.get("environment", "demo")))
    env["HOTLINE_PORT"] = str(state.get("port", options.port))
    if "PUBLIC_BASE_URL" not in os.environ and env["HOTLINE_ENV"] != "production":
        env["PUBLIC_BASE_URL"] = str(state.get("url", ""))
    servers.borrow(state, env)
    env |= servers.played(env)
    # Ctrl-C belongs to the command; SIGTERM ends it with us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = spawn(command, env, Path.cwd(), death_signal=signal.SIGTERM)
    code = process.wait()
    return 128 - code if code < 0 else code


def _on_own_servers(
    options: Options,
    folder: DataFolder,
    command: list[str],
    own: dict[str, str],
    wanted: servers.Wanted,
    cwd: Path,
    prepared: bool = False,
) -> int:
    """Runs the command, with `own` in its environment, on servers started for it; its exit code.

    `prepared`: on a database that was migrated and seeded.
    """
    crew = servers.new_crew(folder)
    try:
        env = servers.environment(options, folder, default="demo") | own
        servers.start(crew, env, wanted)
        if prepared:
            prepare(crew, env, embedded=True, whichever=True)
        adopt_orphans()  # a test that is killed leaves browsers and instances of its own
        try:
            return crew.finish(spawn(command, env, cwd, death_signal=signal.SIGTERM))
        finally:
            kill_children(spared=[child.pid for child in crew.children])
    except StopWanted:
        return 130
    finally:
        crew.stop()


def _in_temporary_folder(
    options: Options, command: list[str], own: dict[str, str], wanted: servers.Wanted, cwd: Path
) -> int:
    place = Path(tempfile.mkdtemp(prefix="hotline-"))
    folder = DataFolder(place)
    try:
        folder.create()
        folder.lock("test")
        return _on_own_servers(options, folder, command, own, wanted, cwd)
    finally:
        folder.unlock()
        shutil.rmtree(place, ignore_errors=True)
