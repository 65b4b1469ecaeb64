"""Before everything else: .venv, the locked packages, front-end files, translations. Then the supervisor.

Runs on the machine's own Python (3.11 or later), before any package is there.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from supervisor import frontend
from supervisor.errors import Refusal, sentence_of
from supervisor.steps import run_step, say
from supervisor.usage import HELP, ROOT

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
WITH_TESTS = ("test", "bench")


def main(arguments: Sequence[str]) -> int:
    """Sets up what the command needs and becomes it; returns only to say that it could not."""
    if not arguments or arguments[0] in ("help", "-h", "--help"):
        print(HELP, end="")
        return 0
    if arguments[0] == "bench":
        sys.stdout = sys.stderr  # its stdout is JSON
    lock = ROOT / ("requirements-dev-lock.txt" if arguments[0] in WITH_TESTS else "requirements-lock.txt")
    try:
        env = _environment()
        _set_up(lock, env)
    except Refusal as refusal:
        print(f"hotline: {refusal}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"hotline: {sentence_of(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    sys.stdout.flush()
    os.execve(PYTHON, [str(PYTHON), "-m", "supervisor", *arguments], env)


def _environment() -> dict[str, str]:
    """Ours, with the environment's programs first, and a home for caches where HOME is not ours to write."""
    programs = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    env = dict(os.environ, PYTHONPATH=str(ROOT), PATH=programs)
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    home = env.get("HOME", "")
    if not home or not os.access(home, os.W_OK | os.X_OK):
        env["HOME"] = str(VENV / "home")
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            env.pop(name, None)
    return env


def _set_up(lock: Path, env: dict[str, str]) -> None:
    """Does what is missing. One process at a time: a second one waits, and then finds all done."""
    stamp = VENV / f".{lock.stem}.stamp"
    if _has(stamp, lock) and not frontend.missing(ROOT):
        return
    if not os.access(ROOT, os.W_OK):
        raise Refusal(f"may not write into {ROOT}: run hotline as its owner, or make a clone of your own.")
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        _take(handle)
        if not _has(stamp, lock):
            _make_venv(env)
            Path(env["HOME"]).mkdir(parents=True, exist_ok=True)
            _install(lock, env)
            stamp.write_text(_print_of(lock))
        for what in frontend.missing(ROOT):
            frontend.MAKE[what](ROOT, env)
    finally:
        os.close(handle)


def _take(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("waiting for another hotline to finish setting up ...")
        fcntl.flock(handle, fcntl.LOCK_EX)


def _print_of(lock: Path) -> str:
    """What the packages of the environment depend on: the lock, and the interpreter's version."""
    config = (VENV / "pyvenv.cfg").read_text()
    version = re.search(r"^version(?:_info)?\s*=\s*(\S+)", config, re.M)
    return f"{hashlib.sha256(lock.read_bytes()).hexdigest()} {version.group(1) if version else '?'}\n"


def _has(stamp: Path, lock: Path) -> bool:
    try:
        return stamp.read_text() == _print_of(lock) and PYTHON.exists()
    except FileNotFoundError:
        return False


def _make_venv(env: dict[str, str]) -> None:
    """Makes .venv, or again where its interpreter is gone or too old."""
    check = [str(PYTHON), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    if PYTHON.exists() and subprocess.run(check, capture_output=True).returncode == 0:
        return
    say("making the environment in .venv ...")
    make = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if run_step(make, env).returncode == 0:
        return
    # Debian without python3-venv cannot put pip into it; another pip can fill it from outside.
    made = run_step([*make, "--without-pip"], env)
    if made.returncode != 0 or not _pip(env):
        shutil.rmtree(VENV, ignore_errors=True)
        raise Refusal(
            f"{sys.executable} cannot make an environment{made.reason}: install the package python3-venv "
            "(apt-get install python3-venv), then run hotline again."
        )


def _pip(env: dict[str, str]) -> list[str]:
    """A command that is pip for .venv: its own, or one from outside (22.3 or later); [] if there is none."""
    inside = [str(PYTHON), "-m", "pip"]
    outside = [[sys.executable, "-m", "pip"], ["pip3"], ["pip"]]
    for command in [inside, *([*pip, "--python", str(PYTHON)] for pip in outside)]:
        if shutil.which(command[0]) and run_step([*command, "--version"], env).returncode == 0:
            return command
    return []


def _install(lock: Path, env: dict[str, str]) -> None:
    """The locked packages, checked by their hashes, by uv (seconds) or else by pip (a minute)."""
    number = len(re.findall(r"^[a-z0-9]", lock.read_text(), re.M | re.I))
    say(f"installing {number} packages into .venv (seconds with uv, about a minute with pip) ...")
    uv = VENV / "bin" / "uv"
    pip = _pip(env)
    if pip and not uv.exists():
        _install_uv(lock, pip, env)
    if uv.exists():
        command = [str(uv), "pip", "install", "-q", "--python", str(PYTHON)]
        command += ["--require-hashes", "-r", str(lock)]
        if run_step(command, _mirror(env, pip)).returncode == 0:
            return
        say("uv could not; trying pip ...")
    if not pip:
        raise Refusal("there is no pip for .venv: install the package python3-pip, then run hotline again.")
    done = run_step([*pip, "install", "--quiet", "--require-hashes", "-r", str(lock)], env)
    if done.returncode != 0:
        raise Refusal(f"the packages could not be installed{done.reason}")


def _install_uv(lock: Path, pip: list[str], env: dict[str, str]) -> None:
    """uv itself, with the version and hashes that the lock gives it. Where it has no wheel pip does all."""
    block = re.search(r"^uv==.*?(?=^\S)", lock.read_text() + "\nend", re.M | re.S)
    if block is None:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as only:
        only.write(block.group(0))
        only.flush()
        done = run_step([*pip, "install", "--quiet", "--require-hashes", "--no-deps", "-r", only.name], env)
    if done.is_offline:
        raise Refusal(f"the packages could not be installed{done.reason}")


def _mirror(env: dict[str, str], pip: list[str]) -> dict[str, str]:
    """The environment for uv, which does not read pip's settings: a mirror that pip uses is passed on."""
    if "UV_DEFAULT_INDEX" in env or "UV_INDEX_URL" in env or not pip:
        return env
    index = env.get("PIP_INDEX_URL") or run_step([*pip, "config", "get", "global.index-url"], env).first_line
    return {**env, "UV_DEFAULT_INDEX": index} if index.startswith(("http", "file:")) else env
