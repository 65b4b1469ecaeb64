"""Web, worker and clock as `up` starts them, on a database of their own; no page or form is known here."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

import psycopg
from redis import Redis

from app.enqueue import redis_client
from config import Config
from supervisor.spawn import kill_session, spawn

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN = 60.0  # seconds
STOPS_WITHIN = 8.0


class Product:
    """One installation that runs. `config` leads to its database; files go to `home`.

    With `has_network` the played telephone network runs beside it.
    """

    def __init__(self, config: Config, home: Path, *, has_network: bool = False) -> None:
        self.config = config
        self.home = home
        self.network_port = _free_port() if has_network else 0
        self.door = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.door.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.connection: psycopg.Connection[Any] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What leads a process to this installation, over what the suite itself was given."""
        inherited = {name: value for name, value in os.environ.items() if name != "HOTLINE_PG_ADMIN_URL"}
        return inherited | {
            "HOTLINE_ENV": "demo",
            "DATABASE_URL": self.config.database_url,
            "DATABASE_OWNER_URL": self.config.database_owner_url,
            "REDIS_URL": self.config.redis_url,
            "PUBLIC_BASE_URL": self.address,
            "HOTLINE_DATA": str(self.home),
            "HOTLINE_PORT": str(self.port),
        } | self._where_the_network_is()

    def _where_the_network_is(self) -> dict[str, str]:
        if not self.network_port:
            return {}
        return {"TELEPHONY_PROVIDER": "simulator", "TWILIO_API_URL": f"http://127.0.0.1:{self.network_port}"}

    def start(self) -> None:
        """Start all and wait until it is ready."""
        web = [
            "-m", "gunicorn", "--worker-class", "gevent", "--workers", "2", "--graceful-timeout", "1",
            "--preload", "--no-control-socket", "--bind", f"fd://{self.door.fileno()}", "wsgi:app",
        ]  # fmt: skip
        if self.network_port:
            self._spawn("simulator", ["-m", "simulator", "--port", str(self.network_port)], SIGKILL)
        self._spawn("web", web, SIGTERM)
        for kind in ("clock", "worker"):
            self._spawn(kind, [str(ROOT / f"{kind}.py")], SIGKILL)
        wait(self._is_ready, READY_WITHIN, f"ready; see {self.home}")

    def _spawn(self, name: str, arguments: list[str], death_signal: int) -> None:
        door = (self.door.fileno(),) if name == "web" else ()
        command, log = [sys.executable, *arguments], self.home / f"{name}.log"
        self.processes.append(spawn(command, self.environment, ROOT, log, death_signal, pass_fds=door))

    def _is_ready(self) -> bool:
        ended = [process.args for process in self.processes if process.poll() is not None]
        assert not ended, f"{ended} ended; see {self.home}"
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            line.request("GET", "/readyz")
            return line.getresponse().status == 200
        except OSError:
            return False
        finally:
            line.close()

    def stop(self) -> None:
        """End every process, also one that hangs."""
        if self.connection:
            self.connection.close()
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOPS_WITHIN)
            kill_session(process.pid)
            process.wait()
        self.door.close()

    def connect(self) -> psycopg.Connection[Any]:
        """A connection as the database's owner, each statement a transaction."""
        return psycopg.connect(self.config.database_owner_url.replace("+psycopg", ""), autocommit=True)

    def ask(self, query: str, *values: object) -> Any:
        """The first value of the first row; None where there is no row."""
        self.connection = self.connection or self.connect()
        row = self.connection.execute(query, values).fetchone()
        return row[0] if row else None

    def queue(self) -> Redis:
        """A client of the installation's queue."""
        return redis_client(self.config.redis_url)

    def flask(self, *arguments: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run the product's own command line on this installation."""
        return flask(self.environment, *arguments, seconds=seconds)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def flask(
    environment: dict[str, str], *arguments: str, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """One command of the product's command line."""
    command = [sys.executable, "-m", "flask", "--app", f"{ROOT}/manage.py:create_app", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=seconds)


def wait(happened: Callable[[], object], seconds: float, what: str) -> float:
    """Wait until it happened; returns after how many seconds. Fails when that takes too long."""
    begun = time.monotonic()
    while not happened():
        assert time.monotonic() - begun < seconds, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)
    return time.monotonic() - begun
