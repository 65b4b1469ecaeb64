"""One instance of the product as `up` runs it, for a test to hurt: started, looked into, killed by pid."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from supervisor.folder import DataFolder
from supervisor.processes import kill_leftovers
from supervisor.spawn import born, kill_session, spawn

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN = 180.0  # seconds; up itself gives up earlier
STOPS_WITHIN = 40.0
# What leads to the servers of the suite itself, or would make this instance another one than `up` makes. Without
# bytecode a process that is started again spends seconds on compiling.
NOT_INHERITED = (
    "DATABASE_", "REDIS_", "HOTLINE_", "SECRET_KEY", "PII_KEYS", "BLIND_KEY", "PUBLIC_BASE_URL", "FLASK_",
    "PYTHONDONTWRITEBYTECODE",
)  # fmt: skip


class Product:
    """`./hotline up` in a folder and on a port of its own. `settings` are environment variables for it."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.data = home / "data"
        self.output = home / "up.log"
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        # Nobody plays the demo city: what the tests count is theirs alone.
        self.environment = inherited | {"PYTHONPATH": str(ROOT), "HOTLINE_DEMO_PACE": "0"} | settings
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.frozen: set[int] = set()

    def start(self) -> None:
        """Start and wait until it is ready. The environment stands already, so `hotline` itself is left out."""
        command = [sys.executable, "-m", "supervisor", "up", "--data", str(self.data), "--port", str(self.port)]
        self.supervisor = spawn(command, self.environment, ROOT, self.output, death_signal=signal.SIGTERM)
        try:
            self.wait(lambda: self.has_ended() or self.is_ready(), READY_WITHIN, "ready")
            assert not self.has_ended(), f"up ended:\n{self.output.read_text()}"
        except BaseException:
            self.stop()
            raise

    def has_ended(self) -> bool:
        return self.supervisor is None or self.supervisor.poll() is not None

    def is_ready(self) -> bool:
        """Whether `up` says that it is ready, and /readyz says so too."""
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=5) as answer:
                return answer.status == 200 and bool(self.state().get("ready"))
        except OSError:
            return False

    def is_whole(self) -> bool:
        """Whether it is ready and every process that was ever started is running."""
        state = self.state()
        running = {name for name, pid in state.get("processes", {}).items() if born(pid)}
        return running >= state.get("starts", {"?": 1}).keys() and self.is_ready()

    def stop(self) -> None:
        """End all of it, also what hangs, and see that nothing is left."""
        if self.supervisor is None:
            return
        births = {pid: born(pid) for pid in self.tree()}
        self.thaw()
        self.supervisor.terminate()
        try:
            self.supervisor.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            kill_session(self.supervisor.pid)
            self.supervisor.wait()
            kill_leftovers(DataFolder(self.data))
        self.supervisor = None
        self.wait(lambda: not self._alive(births), 10, "nothing outlives the supervisor")

    @staticmethod
    def _alive(births: dict[int, str]) -> list[int]:
        living = _parents()
        return [pid for pid, birth in births.items() if pid in living and born(pid) == birth]

    def state(self) -> dict[str, Any]:
        """What the supervisor publishes about its processes."""
        return DataFolder(self.data).read_state()

    def pids(self, kind: str) -> list[int]:
        """The running processes of a kind: web, worker, clock, postgres, valkey."""
        listed = self.state().get("processes", {}).items()
        return [pid for name, pid in listed if name == kind or name.startswith(f"{kind}-")]

    def web_workers(self) -> list[int]:
        """The web server's children, which answer the requests."""
        return children(self.pids("web")[0]) if self.pids("web") else []

    def tree(self) -> list[int]:
        """All processes of this instance, the supervisor first."""
        found = [self.supervisor.pid] if self.supervisor else []
        parents = _parents()
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    @staticmethod
    def all_pids() -> list[int]:
        """Every living process of the machine."""
        return list(_parents())

    def kill(self, *pids: int, number: int = signal.SIGKILL) -> None:
        """Signal processes of this instance; any other that lives is refused."""
        ours = set(self.tree())
        foreign = {pid for pid in set(pids) - ours if pid in _parents()}
        assert not foreign, f"{foreign} are no processes of this instance"
        for pid in ours & set(pids):
            with contextlib.suppress(ProcessLookupError):  # the death of another one has ended it already
                os.kill(pid, number)

    def freeze(self, *pids: int) -> None:
        self.frozen.update(pids)
        self.kill(*pids, number=signal.SIGSTOP)

    def thaw(self) -> None:
        """Let everything frozen go on."""
        self.kill(*(self.frozen & set(self.tree())), number=signal.SIGCONT)
        self.frozen.clear()

    @contextlib.contextmanager
    def away(self, kind: str) -> Iterator[None]:
        """Kill a server and keep it away for the block, by freezing the supervisor, who would start it anew."""
        assert self.supervisor is not None
        pids = self.pids(kind)
        self.freeze(self.supervisor.pid)
        try:
            self.kill(*pids)
            yield
        finally:
            self.thaw()

    def url(self, name: str = "database_owner_url") -> str:
        return str(self.state()["urls"][name]).replace("+psycopg", "")

    def connect(self, name: str = "database_owner_url") -> psycopg.Connection[Any]:
        """A fresh connection of our own, each statement a transaction. The administrator's sees all sessions."""
        return psycopg.connect(self.url(name), autocommit=True, connect_timeout=5, dbname="hotline")

    def flask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the product's own command line on this instance's servers."""
        command = [sys.executable, "-m", "supervisor", "flask", "--data", str(self.data), *arguments]
        return subprocess.run(
            command, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=120
        )

    def check(self) -> dict[str, Any]:
        """What the product's own checker finds: {"tickets", "events", "faults"}."""
        done = self.flask("check")
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    @staticmethod
    def wait(happened: Callable[[], object], seconds: float, what: str) -> float:
        """Wait until it happened; returns after how many seconds. Fails when that takes too long."""
        begun = time.monotonic()
        while not happened():
            assert time.monotonic() - begun < seconds, f"not within {seconds:.0f} s: {what}"
            time.sleep(0.02)
        return time.monotonic() - begun


def children(pid: int) -> list[int]:
    """The living children of a process."""
    return [child for child, parent in _parents().items() if parent == pid]


def _parents() -> dict[int, int]:
    """Every living process of the machine with its parent."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if fields[0] not in "ZX":
            found[int(entry.parent.name)] = int(fields[1])
    return found


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port
