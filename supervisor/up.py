"""./hotline up: servers, migrations, web, worker and clock, until Ctrl-C."""

import errno
import os
import signal
import socket
import sys
from collections.abc import Mapping

from supervisor import servers
from supervisor.errors import Refusal, StopWanted
from supervisor.folder import DataFolder
from supervisor.prepare import prepare
from supervisor.probe import Probe
from supervisor.processes import Spec, kill_leftovers, say
from supervisor.usage import ROOT, Options

READY_WITHIN = 120.0  # seconds for the web processes to answer
GRACE = 3  # seconds in which a web process finishes its requests when it is to stop


def up(options: Options) -> int:
    """Runs the instance until it is told to stop; 0 then. Refusal when it cannot start."""
    counts = {kind: count(os.environ, kind) for kind in ("web", "worker", "clock")}
    is_played = plays(os.environ)
    folder = DataFolder(options.folder)
    folder.create()
    if not folder.lock("up"):
        raise Refusal(_in_use(folder))
    kill_leftovers(folder)
    folder.claim(os.environ.get("HOTLINE_ENV") or "demo")
    crew = servers.new_crew(folder)
    env = servers.environment(options, folder)
    address = f"http://{servers.reachable(options.host)}:{options.port}"
    with _listen(options) as door:
        try:
            crew.publish(url=address, host=options.host, port=options.port, ready=False)
            servers.start(crew, env, servers.Wanted())
            if servers.is_simulated(env):
                env["TWILIO_API_URL"] = f"http://127.0.0.1:{free_port(env)}"
                env |= servers.played(env)
                crew.publish(urls=crew.facts["urls"] | {"twilio_api_url": env["TWILIO_API_URL"]})
            prepare(crew, env, embedded=not os.environ.get("DATABASE_URL"))
            specs = _specs(folder, env, door.fileno(), counts)
            workers = [spec for spec in specs if spec.name.startswith("worker")]
            crew.add([*_simulator(folder, env), *(spec for spec in specs if spec not in workers)])
            crew.wait(Probe(servers.reachable(options.host), options.port), READY_WITHIN, f"{address}/readyz")
            if is_played and env["HOTLINE_DEMO"] == "1" and (folder.run / "demo").exists():
                crew.add([_play(folder, env)])
            crew.add(workers)  # not before: readiness does not need them, and loading them would delay it
            crew.publish(ready=True)
            _welcome(folder, address)
            while True:
                crew.wish.pause()
                crew.tend()
        except StopWanted:
            say("stopping ...")
            return 0
        finally:
            crew.stop()


def _in_use(folder: DataFolder) -> str:
    state, holder = folder.read_state(), folder.holder()
    where = state.get("url") or f"./hotline {holder.get('command', 'up')}"
    return (
        f"{folder.root} is in use by {where} (process {holder.get('pid', '?')}): "
        "stop that one, or name another folder with --data."
    )


def _listen(options: Options) -> socket.socket:
    """The listening socket, held here: callers wait, not fail, while a dead web process is replaced."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((options.host, options.port))
    except OSError as error:
        door.close()
        if error.errno == errno.EADDRINUSE:
            raise Refusal(f"port {options.port} is taken: choose another one with --port.") from error
        if error.errno == errno.EACCES:
            raise Refusal(f"port {options.port} is for root alone: choose one above 1023 with --port.") from error
        raise Refusal(f"cannot listen on {options.host}: {error.strerror}; give one of this machine.") from error
    door.listen(2048)
    return door


def count(env: Mapping[str, str], kind: str) -> int:
    """How many processes of a kind the environment asks for."""
    name = f"HOTLINE_{kind.upper()}_PROCESSES"
    text = env.get(name) or ("2" if kind == "web" else "1")
    if not text.isdigit() or not 0 < int(text) <= 64:
        raise Refusal(f"{name} is {text!r}: give a number from 1 to 64.")
    return int(text)


def plays(env: Mapping[str, str]) -> bool:
    """Whether the environment wants the demo city to be played."""
    text = env.get("HOTLINE_DEMO_PACE") or "1"
    if not (text.isascii() and text.isdigit()) or int(text) > 600:
        raise Refusal(f"HOTLINE_DEMO_PACE is {text!r}: give a number from 0 to 600.")
    return int(text) > 0


def _play(folder: DataFolder, env: Mapping[str, str]) -> Spec:
    """Who plays citizens and departments, in the demo city only."""
    command = (sys.executable, "-m", "flask", "--app", f"{ROOT}/manage.py:create_app", "demo", "drive")
    return Spec("demo", command, env, ROOT, folder.log("demo"))


def free_port(env: Mapping[str, str]) -> int:
    """Where the simulator is to listen: as the environment says, or wherever nobody does."""
    text = env.get("HOTLINE_SIMULATOR_PORT") or "0"
    if not text.isdigit() or int(text) > 65535:
        raise Refusal(f"HOTLINE_SIMULATOR_PORT is {text!r}: give a number from 0 to 65535.")
    with socket.create_server(("127.0.0.1", int(text))) as found:
        port: int = found.getsockname()[1]
        return port


def _simulator(folder: DataFolder, env: Mapping[str, str]) -> list[Spec]:
    """The telephone network, where it is played."""
    if not servers.is_simulated(env):
        return []
    port = env["TWILIO_API_URL"].rpartition(":")[2]
    command = (sys.executable, "-m", "simulator", "--port", port)
    return [Spec("simulator", command, env, ROOT, folder.log("simulator"))]


def _specs(folder: DataFolder, env: Mapping[str, str], door: int, counts: Mapping[str, int]) -> list[Spec]:
    """The product's own processes: one web server with its workers, and each worker and clock."""
    web = [
        sys.executable, "-m", "gunicorn", "--worker-class", "gevent", "--bind", f"fd://{door}",
        "--workers", str(counts["web"]), "--graceful-timeout", str(GRACE),
        # Loaded once, in the parent: a killed worker is replaced by a fork, in half a second instead of some.
        # A word of a few hundred Chinese characters in an address is nine letters for each of them.
        "--limit-request-line", "8190",
        "--preload", "--no-control-socket", "--worker-tmp-dir", str(folder.run), "wsgi:app",
    ]  # fmt: skip
    if os.access("/dev/shm", os.W_OK):  # a heartbeat file must not wait for a busy disk
        web[web.index("--worker-tmp-dir") + 1] = "/dev/shm"
    specs = [
        Spec("web", tuple(web), env, ROOT, folder.log("web"), death_signal=signal.SIGTERM,
             patience=GRACE + 2, pass_fds=(door,)),
    ]  # fmt: skip
    for kind in ("worker", "clock"):
        for number in range(1, counts[kind] + 1):
            name = f"{kind}-{number}"
            own = {**env, "HOTLINE_PROCESS": name}
            specs.append(Spec(name, (sys.executable, str(ROOT / f"{kind}.py")), own, ROOT, folder.log(name)))
    return specs


def _welcome(folder: DataFolder, address: str) -> None:
    say(f"ready: {address}")
    text = folder.run / "welcome.txt"
    if text.exists():
        say(text.read_text(encoding="utf-8").rstrip())
