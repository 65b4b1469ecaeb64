"""The house itself: which way imports point, who may enter, what is named is there. Each rule with its test."""

import ast
import importlib
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import downgrade, upgrade
from sqlalchemy import create_engine, inspect

import worker
from app import access
from app.access import CARRIER, PLATFORM, PUBLIC, STAFF, entry_of
from app.enqueue import QUEUES
from app.live.sockets import HANDLERS
from app.subscribers import JOBS
from db import db
from tickets.events import KINDS
from tickets.lifecycle import PERMISSIONS

ROOT = Path(__file__).parents[1]
LEFT_TO_RIGHT = (
    {"config", "db"}, {"routing"}, {"tickets"}, {"calls"}, {"app"}, {"wsgi", "worker", "clock", "manage"},
    {"bench"},
)  # fmt: skip
APART = {"supervisor", "simulator"}  # what makes the environment, and what plays the world outside
OURS = set().union(*LEFT_TO_RIGHT) | APART
OUTSIDE = {"flask", "rq", "redis", "socketio", "flask_socketio", "twilio", "celery"}
PURE = (
    "routing/rules.py", "routing/values.py", "routing/words.py", "routing/directory.py", "routing/search.py",
    "routing/reference.py", "routing/periods.py", "tickets/lifecycle.py", "tickets/deadlines.py",
    "tickets/calendars.py", "tickets/pauses.py", "tickets/reckoning.py", "tickets/resuming.py",
    "tickets/numbers.py",
    "tickets/errors.py", "tickets/masking.py", "calls/machine.py", "calls/seats.py", "calls/hours.py",
    "calls/staffing.py", "calls/kpis.py",
    "calls/message_states.py",
)  # fmt: skip
CHANNELS = {"admin", "public", "desk", "oversight", "live", "jobs", "voice", "phone", "cti", "reports"}
DOORS_OF_AUTH = {"app.auth.views", "app.auth.factor_views", "app.auth.forms"}
MIGRATIONS = str(ROOT / "migrations")
LONGEST_FUNCTION, LONGEST_FILE = 50, 400


def _product() -> list[Path]:
    """Every Python file of the product; generated migrations and tests are not among them."""
    folders = [path for name in sorted(OURS) for path in (ROOT / name).rglob("*.py")]
    return sorted(folders) + [path for path in sorted(ROOT.glob("*.py")) if path.stem in OURS]


FILES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in _product()}
every_file = pytest.mark.parametrize("name", FILES)


def _imports(name: str) -> Iterator[str]:
    """Dotted names of modules that a file imports; of `from a import b` both a and a.b."""
    for node in ast.walk(FILES[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(name: str) -> str:
    return name.split("/")[0].removesuffix(".py")


def _rank(room: str) -> int:
    return next(rank for rank, rooms in enumerate(LEFT_TO_RIGHT) if room in rooms)


def test_the_rooms_are_there():
    assert {_room(name) for name in FILES} == OURS


class TestImports:
    @every_file
    def test_point_to_the_left(self, name: str):
        room = _room(name)
        for module in _imports(name):
            other = module.split(".")[0]
            if other in OURS and room in APART:
                assert other == room, module
            elif other in OURS and other != room:
                if room == "bench" and other == "simulator":
                    continue  # the world outside is what it measures us against
                assert other not in APART and _rank(other) < _rank(room), module

    @pytest.mark.parametrize("name", [name for name in FILES if _room(name) in ("routing", "tickets", "calls")])
    def test_rooms_of_the_matter_know_nothing_of_the_web_or_the_queue(self, name: str):
        assert not {module.split(".")[0] for module in _imports(name)} & OUTSIDE

    @pytest.mark.parametrize("name", [name for name in FILES if _room(name) == "supervisor"])
    def test_what_makes_the_environment_needs_none(self, name: str):
        outer = {module.split(".")[0] for module in _imports(name)} - {"supervisor"}
        assert outer <= sys.stdlib_module_names

    @pytest.mark.parametrize("name", [name for name in FILES if _room(name) == "simulator"])
    def test_the_world_outside_knows_nothing_of_the_product(self, name: str):
        outer = {module.split(".")[0] for module in _imports(name)} - {"simulator"}
        assert outer <= sys.stdlib_module_names | {"twilio", "requests", "flask", "werkzeug"}

    @pytest.mark.parametrize("name", PURE)
    def test_pure_files_import_the_standard_library_and_each_other(self, name: str):
        siblings = {path.removesuffix(".py").replace("/", ".") for path in PURE}
        for module in _imports(name):
            outer = module.split(".")[0]
            if outer in OURS:
                assert module in siblings or module.rpartition(".")[0] in siblings, module
            else:
                assert outer in sys.stdlib_module_names, module

    @pytest.mark.parametrize("name", [name for name in FILES if name.endswith("__init__.py")])
    def test_packages_hold_one_line_and_nothing_else(self, name: str):
        if name != "app/__init__.py":
            [line] = FILES[name].body
            assert isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant), name

    @every_file
    def test_stand_at_the_top(self, name: str):
        for function in ast.walk(FILES[name]):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                inner = [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
                assert not inner, f"line {inner[0].lineno}"

    @pytest.mark.parametrize("name", [name for name in FILES if name.startswith("app/")])
    def test_channels_do_not_know_each_other(self, name: str):
        parts = name.split("/")
        own = parts[1] if len(parts) > 2 else ""
        if name in ("app/__init__.py", "app/cli.py"):
            return  # where the rooms are joined, and where their commands are
        for module in _imports(name):
            names = module.split(".")
            channel = names[1] if names[0] == "app" and len(names) > 1 else ""
            assert channel not in CHANNELS or channel == own, module
            assert own == "auth" or ".".join(names[:3]) not in DOORS_OF_AUTH, module

    def test_nobody_imports_a_job_but_the_process_that_runs_them(self):
        users = {name for name in FILES for module in _imports(name) if module.startswith("app.jobs")}
        assert users <= {"worker.py"}


def test_only_the_transaction_and_the_relay_commit():
    found = set()
    for name, tree in FILES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in ("commit", "rollback") and _room(name) != "bench":
                found.add(name)
    assert found == {"db.py", "app/outbox.py"}


@pytest.mark.parametrize("name", [name for name in FILES if _room(name) in ("routing", "tickets", "calls")])
def test_no_verb_and_no_query_asks_what_time_it_is(name: str):
    source = (ROOT / name).read_text(encoding="utf-8")
    clock = re.compile(r"\b(?:now|utcnow|today|clock_timestamp|current_timestamp)\(|\btime\.time\(|database_now")
    assert not clock.search(source)


@every_file
def test_functions_and_files_are_short(name: str):
    for node in ast.walk(FILES[name]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, node.name
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@every_file
def test_a_file_says_what_is_in_it_and_has_a_name_that_says_so(name: str):
    assert ast.get_docstring(FILES[name]) or name.endswith("__main__.py")
    assert Path(name).stem not in {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


class TestWhoMayEnter:
    def test_every_endpoint_says_it(self, app: Flask):
        for endpoint, view in app.view_functions.items():
            entry = entry_of(view)
            assert endpoint == "static" or entry is not None, f"{endpoint} declares nothing"
            if isinstance(entry, frozenset):
                assert entry and entry <= PERMISSIONS, endpoint
            else:
                assert endpoint == "static" or entry in (CARRIER, PLATFORM, PUBLIC, STAFF), endpoint

    def test_every_socket_event_says_it_and_none_stands_elsewhere(self, app: Flask):
        assert all(entry_of(handler) == STAFF for handler in HANDLERS.values())
        registered = app.extensions["socketio"].server.handlers
        assert {space: set(events) for space, events in registered.items()} == {"/": set(HANDLERS)}
        for name in FILES:
            source = (ROOT / name).read_text(encoding="utf-8")
            assert name == "app/live/sockets.py" or ".on_event(" not in source, name
            assert not re.search(r"@socketio\.(?:on|event)\b", source), name

    def test_what_declares_nothing_is_shut(self, app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch):
        for view in (lambda: "open", access.requires()(lambda: "open")):
            monkeypatch.setitem(app.view_functions, "health.healthz", view)
            answer = client.get("/healthz")
            assert answer.status_code in (302, 403) and answer.text != "open"

    def test_public_doors_are_these(self, app: Flask):
        """A list on purpose: a new door for everybody is a decision."""
        found = {name for name, view in app.view_functions.items() if entry_of(view) == PUBLIC}
        assert found == {
            "health.healthz", "health.readyz", "auth.sign_in", "auth.enter", "auth.sign_out", "auth.enrol",
            "auth.enrol_form", "factor.code_form", "factor.give_code", "factor.enrol_form", "factor.enrol",
            "public.start", "public.complaint_form", "public.complain", "public.status_form",
            "public.status", "public.urge", "public.rate", "public.supplement", "public.withdraw", "public.appeal",
            "public.attach", "public_files.whole", "public_files.thumbnail",
            "demo.tour",
            # The telephones of the demo city, which no other city has.
            "demo_phone.phone", "demo_phone.department", "demo_phone.now", "demo_phone.dial", "demo_phone.do",
            "demo_phone.text", "demo_phone.way", "demo_phone.rush", "demo_phone.begin_rush",
            "demo_phone.stop_rush", "demo_phone.crew",
        }  # fmt: skip


class TestEvents:
    def test_every_kind_has_its_subscribers(self):
        assert JOBS.keys() == KINDS.keys()

    def test_every_kind_is_recorded_somewhere(self):
        written = {
            node.value
            for name, tree in FILES.items()
            if name != "tickets/events.py"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert KINDS.keys() <= written

    def test_every_job_that_is_called_for_has_a_queue(self):
        assert {job for jobs in JOBS.values() for job in jobs} <= QUEUES.keys()

    @pytest.mark.parametrize("job", QUEUES)
    def test_every_name_that_is_enqueued_resolves(self, job: str):
        module, _, function = job.rpartition(".")
        assert callable(getattr(importlib.import_module(module), function))

    def test_every_queue_is_served(self, app: Flask, monkeypatch: pytest.MonkeyPatch):
        served: list[str] = []

        class Recorder:
            def __init__(self, queues: list[str], **_: object) -> None:
                served.extend(queues)

            def work(self, **_: object) -> None:
                pass

        monkeypatch.setattr(worker, "BoundWorker", Recorder)
        monkeypatch.setattr(worker, "create_app", lambda *_, **__: app)
        monkeypatch.setattr(worker.os, "register_at_fork", lambda **_: None)
        worker.main()
        assert set(served) == set(QUEUES.values())

    def test_job_ids_are_all_that_travels(self):
        """Arguments of a job are shown by its queue: nothing but ids may be among them."""
        for job in QUEUES:
            module, _, function = job.rpartition(".")
            tree = FILES[f"{module.replace('.', '/')}.py"]
            [found] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
            assert [ast.unparse(argument.annotation or found) for argument in found.args.args] == ["Sequence[int]"]


class TestMigrations:
    def test_are_numbered_and_have_one_head(self):
        scripts = ScriptDirectory(MIGRATIONS)
        revisions = [script.revision for script in scripts.walk_revisions()]
        assert len(scripts.get_heads()) == 1
        assert sorted(revisions) == [f"{number:04d}" for number in range(1, len(revisions) + 1)]
        for script in scripts.walk_revisions():
            assert Path(script.path).name.startswith(f"{script.revision}_")
            assert script.down_revision in (None, f"{int(script.revision) - 1:04d}")

    def _schema(self, app: Flask) -> tuple[set[str], list[object]]:
        engine = create_engine(app.extensions["hotline"].database_owner_url)
        with engine.connect() as connection:
            tables = set(inspect(connection).get_table_names())
            options = {"compare_type": True, "compare_server_default": True}
            context = MigrationContext.configure(connection, opts=options)
            differences = compare_metadata(context, db.metadata)
        engine.dispose()
        return tables, differences

    def test_make_what_the_models_say(self, managed: Flask):
        with managed.app_context():
            tables, differences = self._schema(managed)
        assert differences == []
        assert tables == set(db.metadata.tables) | {"alembic_version"}

    def test_go_down_and_up_again(self, managed: Flask):
        with managed.app_context():
            db.engine.dispose()
            downgrade(directory=MIGRATIONS, revision="base")
            assert self._schema(managed)[0] == {"alembic_version"}
            upgrade(directory=MIGRATIONS)
            tables, differences = self._schema(managed)
        assert differences == [] and "ticket_event" in tables


class TestTemplates:
    REFERENCE = re.compile(r"""(?:extends|include|from|import)\s+["']([\w/.-]+\.html)["']""")

    def test_each_is_rendered_somewhere_and_each_that_is_named_is_there(self):
        folder = ROOT / "templates"
        templates = {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")}
        named = {
            node.value
            for tree in FILES.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".html")
        }
        for name in templates:
            named |= set(self.REFERENCE.findall((ROOT / "templates" / name).read_text(encoding="utf-8")))
        assert named == templates

    def test_mirror_the_channels(self):
        folders = {path.name for path in (ROOT / "templates").iterdir() if path.is_dir()}
        assert folders - {"errors"} <= {path.name for path in (ROOT / "app").iterdir() if path.is_dir()}

    def test_escape_everything_and_hold_no_script_or_style(self):
        for path in (ROOT / "templates").rglob("*.html"):
            source = path.read_text(encoding="utf-8")
            assert not re.search(r"\|\s*safe\b|autoescape|\sstyle=|\son[a-z]+=|<style|javascript:", source), path
            assert not re.search(r"<script(?![^>]*\bsrc=)", source), path


def test_our_scripts_write_text_and_never_markup():
    markup = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")
    for path in (ROOT / "app" / "static" / "js").glob("*.js"):
        assert not markup.search(path.read_text(encoding="utf-8")), path


ASKED = re.compile(
    r"(?:HOTLINE|DATABASE|TWILIO)_[A-Z_]+|REDIS_URL|PUBLIC_BASE_URL|TELEPHONY_PROVIDER|EMERGENCY_LINES"
)


def test_every_variable_that_is_asked_for_is_explained():
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    known = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    internal = {"HOTLINE_PG_ADMIN_URL", "HOTLINE_PROCESS", "HOTLINE_SHARED", "HOTLINE_CI"}  # of tests and parents
    asked = {
        node.value
        for name, tree in FILES.items()
        if _room(name) != "bench"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        and ASKED.fullmatch(node.value)
    }  # fmt: skip
    assert asked - internal <= known


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80, 0, 0)])
def test_no_test_reaches_the_network(address: tuple):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as reaching, pytest.raises(RuntimeError, match="reached for the network"):
        reaching.connect(address)
    with pytest.raises(RuntimeError, match="reached for the network"):
        socket.create_connection(("city.example", 80))

