"""Processes are started again when they die, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from supervisor.errors import Refusal, StopWanted
from supervisor.folder import DataFolder
from supervisor.processes import Crew, Spec, Wish, kill_leftovers
from supervisor.usage import ROOT

SLEEPER = (sys.executable, "-c", "import time; time.sleep(300)")
# A process whose child opens a group of its own, as the queue's worker does for each job.
PARENT = (
    sys.executable,
    "-c",
    "import os, subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'], process_group=0)\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(300)",
)


@pytest.fixture
def crew(tmp_path):
    folder = DataFolder(tmp_path)
    folder.create()
    made = Crew(folder, Wish())
    yield made
    made.stop()


def spec(crew, name="sleeper", command=SLEEPER):
    return Spec(name, tuple(command), dict(os.environ), crew.folder.root, crew.folder.log(name), patience=1.0)


def until(condition, crew=None, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        if crew:
            crew.tend()
        time.sleep(0.02)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def printed_pid(crew, name):
    until(lambda: (crew.folder.logs / f"{name}.log").read_text().strip())
    return int((crew.folder.logs / f"{name}.log").read_text().split()[0])


def test_a_killed_process_is_back_at_once_under_its_name(crew, capsys):
    [child] = crew.add([spec(crew)])
    first = child.pid
    os.kill(first, signal.SIGKILL)
    begun = time.monotonic()
    until(lambda: child.pid not in (0, first), crew)
    assert time.monotonic() - begun < 1
    state = crew.folder.read_state()
    assert state["processes"]["sleeper"] == child.pid
    assert state["starts"]["sleeper"] == 2
    assert "sleeper was ended by SIGKILL" in capsys.readouterr().out


def test_each_further_death_waits_longer(crew):
    [child] = crew.add([spec(crew, command=(sys.executable, "-c", "raise SystemExit(3)"))])
    pauses = []
    for _ in range(4):
        until(lambda: child.process is not None and child.ended() is not None)
        pauses.append(child.due - time.monotonic())
        child.start()
    assert pauses[0] <= 0 < pauses[1] < pauses[2] < pauses[3]


def test_a_process_that_never_comes_up_ends_the_start_with_its_reason(crew):
    crew.add([spec(crew, "web", (sys.executable, "-c", "raise ValueError('SECRET_KEY is a sample')"))])
    with pytest.raises(Refusal, match="web does not start: ValueError: SECRET_KEY is a sample"):
        crew.wait(lambda: False, 20, "web")


def test_after_the_start_a_dying_process_does_not_end_the_others(crew):
    crew.wait(lambda: True, 1, "nothing")
    [child] = crew.add([spec(crew, command=(sys.executable, "-c", "raise SystemExit(1)"))])
    until(lambda: child.deaths >= 4, crew)
    crew.tend()


def test_a_death_takes_what_the_process_had_started(crew):
    [child] = crew.add([spec(crew, "worker-1", PARENT)])
    grandchild = printed_pid(crew, "worker-1")
    os.kill(child.pid, signal.SIGKILL)
    until(lambda: not alive(grandchild), crew)


def test_stop_ends_everything_and_forgets_it(crew):
    [child] = crew.add([spec(crew, "worker-1", PARENT)])
    pids = [child.pid, printed_pid(crew, "worker-1")]
    crew.stop()
    until(lambda: not any(alive(pid) for pid in pids))
    assert crew.folder.read_state() == {}


def test_a_wish_to_stop_ends_the_waiting(crew):
    crew.wish.stop = signal.SIGTERM
    with pytest.raises(StopWanted):
        crew.wait(lambda: False, 20, "nothing")


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from supervisor.folder import DataFolder
from supervisor.processes import Crew, Spec, Wish
folder = DataFolder(Path(sys.argv[2]))
crew = Crew(folder, Wish())
crew.add([Spec("sleeper", (sys.executable, "-c", "import time; time.sleep(300)"), {}, folder.root,
               folder.log("sleeper"))])
print(crew.children[0].pid, flush=True)
time.sleep(300)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal exists on Linux only")
def test_nothing_outlives_a_killed_supervisor(tmp_path):
    DataFolder(tmp_path).create()
    command = [sys.executable, "-c", KILLED, str(ROOT), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        child = int(supervisor.stdout.readline())
        assert alive(child)
        supervisor.kill()
    until(lambda: not alive(child))


def test_leftovers_are_known_by_their_birth_and_not_by_their_number(crew):
    [child] = crew.add([spec(crew)])
    state = crew.folder.read_state()
    crew.folder.write_state({**state, "born": {str(child.pid): "1"}})
    kill_leftovers(crew.folder)
    assert alive(child.pid)
    crew.folder.write_state(state)
    kill_leftovers(crew.folder)
    until(lambda: not alive(child.pid))
