"""The data folder: where everything of one instance lies, who holds it, its keys, its list of processes."""

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

from supervisor.errors import Refusal

SOCKET_ROOM = 80  # bytes for the folder of a unix socket: the whole path must fit into 104 (macOS) or 108
LEAST_FREE = 64 * 2**20  # bytes; a new database takes about 40 MB, and its first log file 16 MB


class DataFolder:
    """Paths and small files of one instance. Only the holder of `lock` writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.run = root / "run"
        self.logs = root / "log"
        self.postgres = root / "postgres"
        self.valkey = root / "valkey"
        self._lock: int | None = None

    def create(self) -> None:
        """Makes the folders, readable by their owner only. OSError or Refusal when that cannot be."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in (self.run, self.logs):
            part.mkdir(exist_ok=True, mode=0o700)
            part.chmod(0o700)
        free = shutil.disk_usage(self.root).free
        if free < LEAST_FREE:
            raise Refusal(
                f"only {free // 2**20} MB are free where {self.root} lies: free some space, or name "
                "another folder with --data."
            )

    def lock(self, command: str, wait: bool = False) -> bool:
        """Takes the folder for this process until it ends; False when another process has it."""
        handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(handle)
            return False
        os.truncate(handle, 0)
        os.pwrite(handle, json.dumps({"command": command, "pid": os.getpid()}).encode(), 0)
        self._lock = handle
        return True

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def holder(self) -> dict[str, Any]:
        """{'command', 'pid'} of the process that has the lock; {} while it is still writing them."""
        return _read_json(self.root / "lock")

    def socket_folder(self) -> Path:
        """A folder of ours alone with a path short and plain enough for unix sockets: mostly `run`."""
        # A space in the path breaks the queue's list of clients, a quote the database's list of folders.
        if len(os.fsencode(self.run)) <= SOCKET_ROOM and re.fullmatch(r"[\w./+-]+", str(self.run)):
            return self.run
        name = f"hotline-{os.getuid()}-{hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]}"
        base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
        if not os.access(base, os.W_OK) or len(os.fsencode(base / name)) > SOCKET_ROOM:
            base = Path("/tmp")
        short = base / name
        short.mkdir(mode=0o700, exist_ok=True)
        found = short.lstat()
        if short.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise Refusal(f"{short} is not a private folder of ours: remove it, or give a shorter --data.")
        return short

    def log(self, name: str) -> Path:
        """The log file for one process; the one of the start before is kept as NAME.log.1."""
        path = self.logs / f"{name}.log"
        if path.exists():
            path.replace(path.with_suffix(".log.1"))
        return path

    def claim(self, environment: str) -> None:
        """Notes which HOTLINE_ENV the folder belongs to: another one would write with other keys."""
        note = self.root / "environment"
        kept = note.read_text().strip() if note.exists() else ""
        if kept and kept != environment:
            raise Refusal(
                f"{self.root} belongs to HOTLINE_ENV={kept}: set HOTLINE_ENV to that, or name another "
                "folder with --data."
            )
        if not kept:
            note.write_text(environment + "\n")

    def keys(self) -> dict[str, str]:
        """SECRET_KEY, PII_KEYS and BLIND_KEY of this folder, made at the first call; without them its
        personal data cannot be read. With those of its simulated telephone."""
        path = self.root / "secrets.json"
        found = _read_json(path)
        if fresh_keys().keys() - found.keys():
            found = fresh_keys() | found
            write_private(path, json.dumps(found, indent=2) + "\n")
        return {name: str(value) for name, value in found.items()}

    def write_state(self, state: dict[str, Any]) -> None:
        write_private(self.run / "processes.json", json.dumps(state, indent=2) + "\n")

    def read_state(self) -> dict[str, Any]:
        """What `up` or another command wrote about its processes; {} when there is none."""
        return _read_json(self.run / "processes.json")

    def forget_state(self) -> None:
        """For the end: nothing runs on the folder any more."""
        (self.run / "processes.json").unlink(missing_ok=True)
        if (short := self.socket_folder()) != self.run:
            with contextlib.suppress(OSError):  # something still lies in it
                short.rmdir()


def fresh_keys() -> dict[str, str]:
    """New secrets for one instance, in the form that the product's settings take."""

    def key() -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()

    return {
        "SECRET_KEY": secrets.token_urlsafe(48), "PII_KEYS": f"k1:{key()}", "BLIND_KEY": key(),
        # Of the simulated telephone network: whoever knows them can ring the demo city, and nothing else.
        "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}", "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "TWILIO_APP_SID": f"AP{secrets.token_hex(16)}",
        "TWILIO_API_KEY": f"SK{secrets.token_hex(16)}:{secrets.token_hex(24)}",
    }


def write_private(path: Path, text: str) -> None:
    """Writes a file of mode 600 so that a reader finds the old or the new content, never half."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text() or "{}")
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
