"""Migrations and seeds before the processes start, and when they need not run again."""

import hashlib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from supervisor.errors import Refusal, last_line
from supervisor.folder import DataFolder
from supervisor.processes import Crew, say
from supervisor.spawn import kill_session, spawn
from supervisor.usage import ROOT

# No part of what migrates or seeds; hidden folders are left out as well.
APART = {"__pycache__", "bench", "node_modules", "static", "supervisor", "templates", "tests"}
WISHES = ("--demo", "--no-demo")


def prepare(crew: Crew, env: Mapping[str, str], embedded: bool, whichever: bool = False) -> None:
    """Migrates and seeds by the product's own command. Refusal with its last words when it fails.

    Loading the product costs seconds, so an embedded database that this very code has prepared is left alone;
    `whichever`: also when another city was wished for then.
    """
    folder = crew.folder
    demo = "--demo" if env["HOTLINE_DEMO"] == "1" else "--no-demo"
    stamp, now = _stamp(folder), _fingerprint(folder, demo)
    good = {_fingerprint(folder, wish) for wish in WISHES} if whichever else {now}
    if embedded and stamp.exists() and stamp.read_text() in good:
        return
    stamp.unlink(missing_ok=True)
    say("preparing the database ...")
    log = folder.log("prepare")
    _run(
        crew,
        [sys.executable, "-m", "flask", "--app", f"{ROOT}/manage.py:create_app", "prepare", demo],
        env,
        log,
    )
    if embedded:
        stamp.write_text(now)


def forget(folder: DataFolder) -> None:
    """For commands that may change the schema: the next start prepares again."""
    _stamp(folder).unlink(missing_ok=True)


def _stamp(folder: DataFolder) -> Path:
    return folder.root / "prepared"


def _run(crew: Crew, command: list[str], env: Mapping[str, str], log: Path) -> None:
    process = spawn(command, env, ROOT, log)
    try:
        while process.poll() is None:
            crew.wish.pause()
            crew.tend()
    finally:
        if process.poll() is None:
            kill_session(process.pid)
            process.wait()
    if process.returncode != 0:
        words = re.sub(r"^[\w.]+: ", "", last_line(log)).rstrip(".")  # without the kind of error
        raise Refusal(f"{words} (the whole story: {log}).")


def _fingerprint(folder: DataFolder, demo: str) -> str:
    """What the outcome depends on: the code with its data files, the cluster, the wish for a demo."""
    print_ = hashlib.sha256(demo.encode())
    for path in sorted(_sources()):
        found = path.stat()
        print_.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    cluster = (folder.postgres / "PG_VERSION").stat() if folder.postgres.exists() else None
    print_.update(f"{cluster.st_ino} {cluster.st_mtime_ns}".encode() if cluster else b"")
    return print_.hexdigest()


def _sources() -> Iterator[Path]:
    for place, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in APART and not name.startswith(".")]
        # Beside the code people keep what they like; only modules count there.
        code = files if Path(place) != ROOT else [name for name in files if name.endswith(".py")]
        yield from (Path(place) / name for name in code)
