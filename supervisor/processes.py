"""The processes of one instance: started, watched, started again when they die, stopped together."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

from supervisor.errors import DISK_FULL, Refusal, StopWanted, last_line
from supervisor.folder import DataFolder
from supervisor.spawn import born, kill_session, send, spawn

TICK = 0.05  # seconds between two looks at the processes
STEADY = 10.0  # seconds after which a process counts as healthy, so that its next death is a first one
EARLY_DEATHS = 3  # deaths of one process in a row that end the command while all is still starting


def say(text: str) -> None:
    """Prints a line. Whoever read our words may have gone; the processes go on."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class Wish:
    """Whether the person wants us to stop: set by Ctrl-C, SIGTERM and SIGHUP."""

    def __init__(self) -> None:
        self.stop = 0

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._hear)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self._hear)

    def _hear(self, number: int, frame: object) -> None:
        self.stop = number

    def pause(self, seconds: float = TICK) -> None:
        """Sleeps a moment. StopWanted when the wish came."""
        time.sleep(seconds)
        if self.stop:
            raise StopWanted


def nothing() -> None:
    """What most processes need before a start."""


@dataclass(frozen=True)
class Spec:
    """How to start and stop one process. `patience`: seconds from the stop signal to the kill."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    log: Path
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL
    patience: float = 5.0
    longest_pause: float = 10.0
    pass_fds: tuple[int, ...] = ()
    account: tuple[int, int] | None = None
    before: Callable[[], None] = nothing


@dataclass
class Child:
    """One process and its starts. `deaths` counts those in a row; `starts` all."""

    spec: Spec
    process: Popen[bytes] | None = None
    starts: int = 0
    deaths: int = 0
    started: float = 0.0
    due: float = 0.0

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    def start(self) -> None:
        self.spec.before()
        spec = self.spec
        self.process = spawn(
            spec.command, spec.env, spec.cwd, spec.log, spec.death_signal, spec.pass_fds, spec.account
        )
        self.started = time.monotonic()
        self.starts += 1

    def ended(self) -> int | None:
        """The exit code if it has just ended, its remains killed and its next start planned; else None."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        now = time.monotonic()
        kill_session(self.process.pid)
        self.process = None
        if now - self.started > STEADY:
            self.deaths = 0
        pause = 0.0 if self.deaths == 0 else min(0.25 * 2**self.deaths, self.spec.longest_pause)
        self.deaths += 1
        self.due = now + pause
        return code


class Crew:
    """All processes of one command, in the order of their start."""

    def __init__(self, folder: DataFolder, wish: Wish) -> None:
        self.folder = folder
        self.wish = wish
        self.children: list[Child] = []
        self.facts: dict[str, Any] = {}
        self.starting = False

    def add(self, specs: Iterable[Spec]) -> list[Child]:
        new = [Child(spec) for spec in specs]
        for child in new:
            self.children.append(child)
            child.start()
        self.publish()
        return new

    def publish(self, **facts: Any) -> None:
        """Writes the list of processes for whoever looks from outside, with what is known besides."""
        self.facts.update(facts)
        running = {child.spec.name: child.pid for child in self.children if child.pid}
        own = self.facts.get("supervisor", 0)
        state = {key: value for key, value in self.facts.items() if key != "supervisor"}
        state["processes"] = {"supervisor": own, **running}
        state["starts"] = {child.spec.name: child.starts for child in self.children}
        state["born"] = {str(pid): born(pid) for pid in running.values()}
        self.folder.write_state(state)

    def tend(self) -> None:
        """Looks at every process once; starts again what died. Refusal when one does not come up at all."""
        changed = False
        for child in self.children:
            code = child.ended()
            if code is not None:
                changed = True
                self._report(child, code)
            if child.process is None and time.monotonic() >= child.due:
                child.start()
                changed = True
        if changed:
            self.publish()

    def _report(self, child: Child, code: int) -> None:
        name, words = child.spec.name, last_line(child.spec.log)
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        if DISK_FULL in words:
            words = f"the disk of {self.folder.root} is full: free some space"
        if self.starting and child.deaths >= EARLY_DEATHS:
            raise Refusal(f"{name} does not start: {words or how} (its log: {child.spec.log}).")
        if child.deaths < EARLY_DEATHS or child.deaths % 10 == 0:
            say(f"{name} {how}, starting it again{': ' + words if code > 0 and words else ''}")

    def wait(self, ready: Callable[[], bool], seconds: float, what: str) -> None:
        """Tends the processes until `ready()`. Refusal after the time, StopWanted on Ctrl-C."""
        until = time.monotonic() + seconds
        self.starting = True
        while not ready():
            if time.monotonic() > until:
                raise Refusal(f"{what} did not answer within {seconds:.0f} s: see the logs in {self.folder.logs}.")
            self.wish.pause()
            self.tend()
        self.starting = False

    def finish(self, process: Popen[bytes]) -> int:
        """Tends the others while one command runs to its end; a stop is passed on to it. Its exit code."""
        told = 0
        while (code := process.poll()) is None:
            time.sleep(TICK)
            self.tend()
            # Ctrl-C has reached a command that shares our terminal already.
            if self.wish.stop and not told:
                told = self.wish.stop
                if told != signal.SIGINT:
                    send(process.pid, told)
        return 128 - code if code < 0 else code

    def stop(self) -> None:
        """Stops all: first what uses the servers, then the servers, the last started first."""
        servers = [child for child in self.children if child.spec.name in ("postgres", "valkey")]
        users = [child for child in self.children if child not in servers]
        for group in (users, servers):
            _stop_together([child for child in group if child.process is not None])
        self.folder.forget_state()


def _stop_together(children: list[Child]) -> None:
    for child in children:
        send(child.pid, child.spec.stop_signal)
    begun = time.monotonic()
    for child in children:
        if child.process is None:
            continue
        while child.process.poll() is None and time.monotonic() - begun < child.spec.patience:
            time.sleep(0.01)
        kill_session(child.process.pid)
        child.process.wait()
        child.process = None


def kill_leftovers(folder: DataFolder) -> None:
    """Ends what a killed supervisor left running on this folder. Hold the folder's lock."""
    state = folder.read_state()
    listed = dict(state.get("born", {})).items()
    left = [int(pid) for pid, birth in listed if birth and born(int(pid)) == birth]
    if left:
        say("ending what an earlier run left behind ...")
    for pid in left:
        kill_session(pid)
    folder.forget_state()
