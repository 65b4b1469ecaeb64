"""The embedded servers: private, lasting, and back after a kill -9. Real servers in a temporary folder."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis

from supervisor import postgres, servers
from supervisor.errors import Refusal
from supervisor.folder import DataFolder
from supervisor.processes import Crew, Wish
from supervisor.usage import ROOT, parse


def clean_environment(**more):
    """Ours without what leads to the servers of this test run."""
    taken = ("DATABASE_", "REDIS_", "HOTLINE_", "PUBLIC_")
    return {name: value for name, value in os.environ.items() if not name.startswith(taken)} | more


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """(crew, environment) of servers that this module may kill."""
    folder = DataFolder(tmp_path_factory.mktemp("servers"))
    folder.create()
    crew, env = Crew(folder, Wish()), clean_environment(HOTLINE_ENV="test")
    try:
        servers.start(crew, env, servers.Wanted(may_create_databases=True))
        yield crew, env
    finally:
        crew.stop()


def connect(env, name="DATABASE_OWNER_URL"):
    return psycopg.connect(env[name].replace("+psycopg", ""), autocommit=True)


def back(crew, attempt, seconds=20):
    """The attempt's result once it works again; the seconds it took."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        crew.tend()
        try:
            return attempt(), time.monotonic() - begun
        except (psycopg.OperationalError, redis.exceptions.ConnectionError):
            time.sleep(0.05)
    raise AssertionError("it did not come back")


def test_the_roles_are_those_of_the_product_and_no_more(running):
    with connect(running[1], "HOTLINE_PG_ADMIN_URL") as admin:
        rows = admin.execute(
            "select rolname, rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname ~ '^hotline'"
        ).fetchall()
    assert sorted(rows) == [("hotline_app", False, False, False), ("hotline_owner", False, True, False)]


def test_the_application_role_cannot_make_tables(running):
    with connect(running[1], "DATABASE_URL") as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("create table mine (i int)")


def test_chinese_text_has_trigrams(running):
    with connect(running[1]) as owner:
        owner.execute("create extension if not exists pg_trgm")
        assert owner.execute("select cardinality(show_trgm('路灯不亮'))").fetchone()[0] > 0


def test_no_server_listens_on_a_port(running):
    with connect(running[1]) as owner:
        assert owner.execute("show listen_addresses").fetchone()[0] == ""
        assert owner.execute("show fsync").fetchone()[0] == "on"
    assert redis.from_url(running[1]["REDIS_URL"]).config_get("port") == {"port": "0"}


def test_a_killed_database_is_back_with_what_was_committed(running):
    crew, env = running
    with connect(env) as owner:
        owner.execute("create table kept (i int)")
        for number in range(50):
            owner.execute("insert into kept values (%s)", (number,))
        killed = crew.folder.read_state()["processes"]["postgres"]
        for pid in [killed, *children_of(killed)]:
            os.kill(pid, signal.SIGKILL)

    def count():
        with connect(env) as again:
            return again.execute("select count(*) from kept").fetchone()[0]

    found, seconds = back(crew, count)
    assert found == 50
    assert seconds < 10
    assert crew.folder.read_state()["processes"]["postgres"] != killed


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_killed_queue_is_back_with_what_was_written(running):
    crew, env = running
    client = redis.from_url(env["REDIS_URL"])
    client.rpush("list", *range(100))
    killed = crew.folder.read_state()["processes"]["valkey"]
    os.kill(killed, signal.SIGKILL)
    found, seconds = back(crew, lambda: client.llen("list"))
    assert found == 100
    assert seconds < 5
    assert client.info("server")["process_id"] == crew.folder.read_state()["processes"]["valkey"] != killed


def test_given_servers_are_used_and_stay_out_of_the_list(tmp_path):
    folder = DataFolder(tmp_path)
    folder.create()
    crew = Crew(folder, Wish())
    env = clean_environment(HOTLINE_ENV="demo", DATABASE_URL="postgresql://u:pw@h/d", REDIS_URL="redis://:pw@h")
    servers.start(crew, env, servers.Wanted())
    assert crew.children == []
    assert env["DATABASE_OWNER_URL"] == "postgresql://u:pw@h/d"
    assert "pw" not in (folder.run / "processes.json").read_text()
    with pytest.raises(Refusal, match="DATABASE_URL"):
        servers.borrow(folder.read_state(), clean_environment())


def test_secrets_come_from_the_folder_in_the_demo_and_from_outside_in_production(tmp_path, monkeypatch):
    for name in ("HOTLINE_ENV", "HOTLINE_DEMO", "SECRET_KEY", "PII_KEYS", "BLIND_KEY", "PUBLIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    folder, options = DataFolder(tmp_path), parse(["up", "--port", "8077"])
    folder.create()
    env = servers.environment(options, folder)
    assert env["SECRET_KEY"] == folder.keys()["SECRET_KEY"]
    assert (env["HOTLINE_DEMO"], env["PUBLIC_BASE_URL"]) == ("1", "http://127.0.0.1:8077")
    monkeypatch.setenv("HOTLINE_DEMO", "0")
    assert servers.environment(parse(["up"]), folder)["HOTLINE_DEMO"] == "0"
    monkeypatch.setenv("HOTLINE_DEMO", "1")
    monkeypatch.setenv("HOTLINE_ENV", "production")
    strict = servers.environment(options, folder)
    assert not {"SECRET_KEY", "PII_KEYS", "BLIND_KEY", "PUBLIC_BASE_URL"} & set(strict)
    assert strict["HOTLINE_DEMO"] == "0"


def test_a_cluster_of_another_version_is_refused(tmp_path):
    folder = DataFolder(tmp_path)
    folder.create()
    folder.postgres.mkdir()
    (folder.postgres / "PG_VERSION").write_text("12\n")
    with pytest.raises(Refusal, match="made by PostgreSQL 12 and this is 18"):
        postgres.spec(folder, clean_environment(), Wish())


def test_a_stale_pid_file_with_a_reused_number_does_not_keep_the_database_down(tmp_path):
    note = tmp_path / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n{tmp_path}\n")
    postgres._clear_stale_pid(tmp_path)
    assert not note.exists()


def up(folder, port, **more):
    command = [sys.executable, "-m", "supervisor", "up", "--data", str(folder), "--port", str(port)]
    env = clean_environment(PYTHONPATH=str(ROOT), **more)
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_a_taken_port_is_told_in_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = up(tmp_path, port)
    assert done.returncode == 1
    assert done.stderr == f"hotline: port {port} is taken: choose another one with --port.\n"


def test_a_second_up_on_the_same_folder_names_the_first(tmp_path):
    first = DataFolder(tmp_path)
    first.create()
    first.lock("up")
    first.write_state({"url": "http://127.0.0.1:8123"})
    done = up(tmp_path, 8124)
    first.unlock()
    assert done.returncode == 1
    assert f"in use by http://127.0.0.1:8123 (process {os.getpid()})" in done.stderr
    assert done.stdout == ""


def test_a_wrong_count_of_processes_is_told_before_anything_starts(tmp_path):
    done = up(tmp_path / "new", 8125, HOTLINE_CLOCK_PROCESSES="many")
    assert "HOTLINE_CLOCK_PROCESSES is 'many'" in done.stderr
    assert not (tmp_path / "new").exists()
