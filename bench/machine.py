"""Which machine and software the figures are from, and how much of it others used meanwhile."""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import text

from db import db, transaction

PACKAGES = ("flask", "gunicorn", "gevent", "sqlalchemy", "psycopg")
_TICKS = os.sysconf("SC_CLK_TCK")


def described() -> dict[str, Any]:
    """Processor, cores, memory (GB), system. Figures mean nothing without."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1),
        "system": platform.platform(),
    }


def versions() -> dict[str, str]:
    """Python and the packages that the figures depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def database_settings() -> dict[str, str]:
    """What of Postgres decides its figures. Inside an application context."""
    names = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "work_mem")
    with transaction():
        return {name: str(db.session.scalar(text(f"SHOW {name}"))) for name in names}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


class Others:
    """Cores that processes outside this command used since it was made; None where the system does not tell."""

    def __init__(self) -> None:
        self.began, self.busy, self.ours = time.monotonic(), _busy(), _ours()

    def cores(self) -> float | None:
        busy, ours = _busy(), _ours()
        if busy is None or self.busy is None:
            return None
        used = (busy - self.busy - (ours - self.ours)) / _TICKS / (time.monotonic() - self.began)
        return round(max(0.0, used), 2)


def _busy() -> int | None:
    """Ticks in which any core worked: user, nice, system, irq, softirq."""
    try:
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]]
    except OSError:
        return None
    return fields[0] + fields[1] + fields[2] + fields[5] + fields[6]


def _ours() -> int:
    """Ticks of the process that started this one and of everything below it: servers, product, this."""
    parents, ticks = {}, {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended just now; its parent has its ticks
        parents[int(entry.parent.name)] = int(fields[1])
        ticks[int(entry.parent.name)] = sum(int(field) for field in fields[11:15])
    family, root = {os.getpid()}, os.getppid()
    family.add(root)
    grew = True
    while grew:
        grew = False
        for pid, parent in parents.items():
            if parent in family and pid not in family:
                family.add(pid)
                grew = True
    return sum(ticks.get(pid, 0) for pid in family)
