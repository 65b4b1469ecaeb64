"""Starting a process so that it ends with us, and ending it with everything it started."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PR_SET_CHILD_SUBREAPER = 36
_LINUX = sys.platform.startswith("linux")
_LIBC = ctypes.CDLL(None) if _LINUX else None


def _dies_with_us(death_signal: int) -> Callable[[], None]:
    """For the child between fork and exec: be sent `death_signal` when the thread that started it ends."""
    parent = os.getpid()

    def ask_kernel() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # we may ignore it, and that would be inherited
        if _LIBC is not None:
            _LIBC.prctl(PR_SET_PDEATHSIG, death_signal)
            if os.getppid() != parent:  # it ended before we asked
                os._exit(1)

    return ask_kernel


def spawn(
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    log: Path | None = None,
    death_signal: int = signal.SIGKILL,
    pass_fds: Sequence[int] = (),
    account: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a process. With a log it gets a session of its own and no input; without, our terminal.

    `account` is (uid, gid) to run as. Only for the main thread: the kernel ties the death signal to it.
    """
    # One thread only runs here, so preexec_fn is safe.
    start = _dies_with_us(death_signal)
    uid, gid = account or (None, None)
    groups: list[int] | None = [] if account else None
    if log is None:
        return subprocess.Popen(command, env=env, cwd=cwd, preexec_fn=start, pass_fds=pass_fds)
    with log.open("ab") as output:
        return subprocess.Popen(
            command, env=env, cwd=cwd, preexec_fn=start, pass_fds=pass_fds, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            user=uid, group=gid, extra_groups=groups,
        )  # fmt: skip


def born(pid: int) -> str:
    """When a process started, as the kernel counts, to tell it from a later one of its number; or ''."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def members(session: int) -> list[int]:
    """The living processes of a session; a child with a log leads one."""
    return _processes(3, session)


def _processes(column: int, number: int) -> list[int]:
    """Living processes by a column of /proc/PID/stat after the name; [] where that does not exist."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[column]) == number and fields[0] != "Z":
            found.append(int(entry.parent.name))
    return found


def send(pid: int, number: int) -> None:
    """Sends a signal to one process, if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def adopt_orphans() -> None:
    """From now on, what our children leave behind becomes our child, where kill_children finds it."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)


def kill_children(spared: Collection[int]) -> None:
    """Kills every child of this process, and those that come to it by that, except the spared."""
    while left := [pid for pid in _processes(1, os.getpid()) if pid not in spared]:
        for pid in left:
            send(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def kill_session(leader: int) -> None:
    """Kills what is left of a child: its process group, and groups that its own children opened."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
    for pid in members(leader):
        send(pid, signal.SIGKILL)
