"""One outside program at set-up: run quietly, and when it fails, why, in words."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from supervisor.errors import DISK_FULL

# What pip, uv and npm say when they cannot reach anything.
NO_NETWORK = (
    "Name or service not known", "Temporary failure in name resolution", "Network is unreachable",
    "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "Connection refused", "timed out",
    "dns error", "Could not find a version", "error sending request", "NewConnectionError", "Max retries",
    "tcp connect error",
)  # fmt: skip


@dataclass(frozen=True)
class Done:
    """How a step ended. `reason` continues a sentence: ': ... .'"""

    returncode: int
    output: str

    @property
    def first_line(self) -> str:
        return self.output.strip().split("\n", 1)[0]

    @property
    def is_offline(self) -> bool:
        return self.returncode != 0 and any(sign in self.output for sign in NO_NETWORK)

    @property
    def reason(self) -> str:
        if DISK_FULL in self.output or "ENOSPC" in self.output:
            return ": the disk is full; free some space and run hotline again."
        if self.is_offline:
            return ": the package index cannot be reached; check network and proxy and run hotline again."
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        telling = [line for line in lines if "error" in line.lower()]
        return f": {(telling or lines)[-1][:300]}" if lines else "."


def say(text: str) -> None:
    print(text, flush=True)


def run_step(command: Sequence[str], env: dict[str, str], cwd: Path | None = None) -> Done:
    """Runs a program without input and keeps what it says. A program that is not there ends with 127."""
    try:
        done = subprocess.run(
            command, env=env, cwd=cwd, encoding="utf-8", errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except (FileNotFoundError, PermissionError) as error:
        return Done(127, str(error))
    return Done(done.returncode, done.stdout)
