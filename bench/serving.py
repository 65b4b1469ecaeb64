"""The product's processes, and the floor's, under the server that `./hotline up` uses; ended with the block."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.load import HOST
from config import Config

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN = 60.0
PATIENCE = 10.0
WEB_PROCESSES = 2


def no_more(port: int) -> Mapping[str, str]:
    """What most benchmarks add to the environment."""
    return {}


@contextmanager
def product(config: Config, more: Callable[[int], Mapping[str, str]] = no_more) -> Iterator[int]:
    """Web, worker and clock on that database, as in life; yields the port of the web.

    `more` is what the environment has besides, once the port is known.
    """
    with ExitStack() as stack:
        door = stack.enter_context(_door())
        port = int(door.getsockname()[1])
        env = {
            "DATABASE_URL": config.database_url,
            "DATABASE_OWNER_URL": config.database_owner_url,
            "HOTLINE_DATA": config.data_dir,
            **more(port),
        }
        stack.enter_context(_web(door, "wsgi:app", ROOT, env, "web"))
        for kind in ("worker", "clock"):
            stack.enter_context(_running([sys.executable, str(ROOT / f"{kind}.py")], env, kind))
        _wait(port, "/readyz")
        yield port


@contextmanager
def floor() -> Iterator[int]:
    """A bare Flask answer under the same server with as many processes; yields its port."""
    with _door() as door, _web(door, "bench.floor_app:app", ROOT, {}, "floor"):
        port = int(door.getsockname()[1])
        _wait(port, "/")
        yield port


@contextmanager
def _door() -> Iterator[socket.socket]:
    with socket.socket() as door:
        door.bind((HOST, 0))
        door.listen(2048)
        yield door


@contextmanager
def _web(
    door: socket.socket, application: str, folder: Path, env: Mapping[str, str], name: str
) -> Iterator[None]:
    command = [
        sys.executable, "-m", "gunicorn", "--worker-class", "gevent", "--bind", f"fd://{door.fileno()}",
        "--workers", str(WEB_PROCESSES), "--preload", "--no-control-socket", "--chdir", str(folder),
        application,
    ]  # fmt: skip
    if os.access("/dev/shm", os.W_OK):
        command[-1:-1] = ["--worker-tmp-dir", "/dev/shm"]
    with _running(command, env, name, door.fileno()):
        yield


@contextmanager
def _running(command: list[str], env: Mapping[str, str], name: str, *passed: int) -> Iterator[None]:
    log = Path(os.environ["HOTLINE_DATA"]) / "log" / f"bench-{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as output:
        process = subprocess.Popen(
            command, env=os.environ | env, cwd=ROOT, stdout=output, stderr=output, pass_fds=passed,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield
        if process.poll() is not None:
            raise RuntimeError(f"the {name} process ended by itself with {process.returncode}: see {log}")
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to stop, and end its whole session if it does not."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(port: int, path: str) -> None:
    """Until the path answers 200. Raises RuntimeError after a minute."""
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        line = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            line.request("GET", path)
            if line.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            line.close()
        time.sleep(0.1)
    raise RuntimeError(f"http://{HOST}:{port}{path} did not answer 200 within {READY_WITHIN:.0f} s")
