"""Hostile texts in every parameter of every address and every field of every form: never a fault of ours, never a
ticket out of sight. Which parameters there are is noted while the endpoints run; no list of them is kept."""

import ast
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickets.permissions import sees

from .bodies import FIELDS
from .conftest import Stage
from .doors import Asked, Door, Face, doors, tickets_on

ROOT = Path(__file__).parents[2]
HOSTILE = (
    "\x00", "a\x00b", "%", "_", "\\", "'", '"', "' OR '1'='1", "'; DROP TABLE ticket; --", "%' OR 1=1 --", "\\'",
    "a & | ! b:*", "<-> :*", "'a' & !", "(((", ")", "$$", "${7*7}{{7*7}}", "%s %(x)s %%", ":x", "-1", "0",
    "99999999999999999999", "1e309", "NaN", "٣", "²", "2026-13-45", "\ud800", "\u202e", "🚱" * 50, "x" * 20_000,
    "id DESC; SELECT pg_sleep(9)", "1) UNION SELECT 1", "[]", "{}", "null", "true", "\r\nX-Evil: 1", "../../etc",
)  # fmt: skip
SAMPLE = ("\x00", "' OR '1'='1\\", "a & | ! b:*%_", "99999999999999999999", "\ud800")
"""For every parameter and field in the run by default; `--all` sends all of them."""
FACES = ("administrator", "supervisor", "operator", "dispatcher", "handler of the unit", "anonymous")
AWAY = {"health.readyz", "auth.sign_out"}
"""No clock process runs here; and signing out would only end the test."""
GONE = {502, 503}
"""A server outside, such as the played telephone network, is not there: said so, and no fault."""


@pytest.fixture
def asked(undone: Stage, monkeypatch: pytest.MonkeyPatch) -> Asked:
    found = Asked()
    monkeypatch.setattr(undone.app.request_class, "parameter_storage_class", found.watch())
    return found


def _text(value: str) -> str:
    """As it travels in an address or a form, half characters included."""
    return quote(value.encode(errors="surrogatepass"), safe="")


def _doors(stage: Stage, method: str) -> Iterator[Door]:
    for door in doors(stage.app):
        if door.method == method and not door.is_of_machines and door.endpoint not in AWAY:
            yield door


def _parameters(stage: Stage, face: Face, door: Door, asked: Asked) -> set[str]:
    """What an endpoint asks for, also after it has been given all that it asked for first."""
    path, names = stage.places.address(door), set[str]()
    for _ in range(2):
        asked.during()
        given = dict.fromkeys(names, "1")
        if door.method == "GET":
            face.get(f"{path}?{urlencode(given)}")
        else:
            face.post(path, {**FIELDS, **given})
        names |= asked.during()
    return names


def _fault(stage: Stage, face: Face, answer, where: str) -> str:
    """What is wrong with an answer, or nothing."""
    if answer.status_code >= 500 and answer.status_code not in GONE:
        return f"{face}: {where}: {answer.status_code}"
    actor, text = stage.actors.get(face.name), answer.get_data().decode(errors="replace")
    told = set(tickets_on(text))
    hidden = (one for one in stage.tickets.values() if actor is None or not sees(actor, one.id, one.rooms))
    shown = [scene.id for scene in hidden if scene.id in told]
    return f"{face}: {where} shows tickets {shown}" if shown else ""


def _let_in(stage: Stage, door: Door) -> Iterator[Face]:
    """The first whom a door lets in: what a text does to it does not depend on who sends it."""
    path = stage.places.address(door)
    for name in FACES:
        face = stage.faces[name]
        answer = face.get(path) if door.method == "GET" else face.post(path)
        if answer.status_code not in (302, 403):
            yield face
            return


how_many = pytest.mark.parametrize(
    "texts", [SAMPLE, pytest.param(HOSTILE, marks=pytest.mark.long)], ids=["some", "all"]
)


@how_many
def test_no_parameter_of_an_address(undone: Stage, asked: Asked, tell, texts: tuple[str, ...]):
    count, known, faults = 0, set[tuple[str, str]](), []
    for door in _doors(undone, "GET"):
        for face in _let_in(undone, door):
            for parameter in sorted(_parameters(undone, face, door, asked)):
                known.add((door.endpoint, parameter))
                for text in texts:
                    where = f"{undone.places.address(door)}?{_text(parameter)}={_text(text)}"
                    faults.append(_fault(undone, face, face.get(where), where[:200]))
                    count += 1
    assert not any(faults), "\n".join(filter(None, faults))
    assert len(known) > 30, known
    tell(f"    hostile texts in addresses: {count}, in {len(known)} parameters")


@how_many
def test_no_number_of_an_address(undone: Stage, tell, texts: tuple[str, ...]):
    """Numbers and names within the address itself."""
    count, faults = 0, []
    for door in [*_doors(undone, "GET"), *_doors(undone, "POST")]:
        for face in _let_in(undone, door) if door.rule.arguments else ():
            for part in ("0", "99999999999", "9" * 30, *(() if _is_number(door) else texts)):
                path = _with(undone.places.address(door), door, part)
                answer = face.get(path) if door.method == "GET" else face.post(path)
                faults.append(_fault(undone, face, answer, f"{door.method} {path[:120]}"))
                count += 1
    assert not any(faults), "\n".join(filter(None, faults))
    tell(f"    hostile parts of addresses: {count}")


def _is_number(door: Door) -> bool:
    return any("Integer" in type(one).__name__ for one in door.rule._converters.values())


def _with(path: str, door: Door, given: str) -> str:
    """The address with another text where its first argument stands."""
    fixed = door.rule.rule.partition("<")[0]
    rest = path[len(fixed) :].partition("/")
    return f"{fixed}{_text(given)}{rest[1]}{rest[2]}"


@how_many
def test_no_field_of_a_form(undone: Stage, asked: Asked, tell, texts: tuple[str, ...]):
    count, known, faults = 0, set[tuple[str, str]](), []
    for door in _doors(undone, "POST"):
        for face in _let_in(undone, door):
            token = _text(face.token())
            names = _parameters(undone, face, door, asked)
            names |= {*FIELDS} if door.endpoint.startswith("intake.") else set()
            path = undone.places.address(door)
            for field in sorted(names):
                known.add((door.endpoint, field))
                for text in texts:
                    fields = {**FIELDS, **dict.fromkeys(names, "1"), field: text}
                    sent = "&".join(f"{_text(key)}={_text(str(value))}" for key, value in fields.items())
                    answer = face.send(
                        path, f"csrf_token={token}&{sent}", headers={"Accept": "application/json"},
                        content_type="application/x-www-form-urlencoded",
                    )  # fmt: skip
                    faults.append(_fault(undone, face, answer, f"{door} {field}={text[:40]!r}"))
                    count += 1
    assert not any(faults), "\n".join(filter(None, faults))
    assert len(known) > 100, len(known)
    tell(f"    hostile texts in forms: {count}, in {len(known)} fields")


OPERATORS = st.text(st.sampled_from(" &|!:*()<>'\\-\"ab路"), min_size=1, max_size=20)


@pytest.mark.usefixtures("kept")
@settings(max_examples=60)
@given(text=st.text(st.characters(codec=None), max_size=60) | OPERATORS)
def test_nor_any_text_there_is(text: str):
    """Where words are searched for, by who sees least and by who sees most."""
    stage = _stage[0]
    for name in ("handler of another", "supervisor"):
        face = stage.faces[name]
        for path in ("/desk/find?q=", "/desk/rows?board=", "/desk?after=", "/oversight/overdue?level="):
            assert not _fault(stage, face, face.get(path + _text(text)), path)
        answer = face.send(
            "/desk/find", f"csrf_token={_text(face.token())}&q={_text(text)}",
            content_type="application/x-www-form-urlencoded",
        )  # fmt: skip
        assert not _fault(stage, face, answer, "find")


_stage: list[Stage] = []


@pytest.fixture
def kept(undone: Stage):
    _stage[:] = [undone]


REASONS = {
    "app/checking.py": "the queries of its promises are constants of the file; a limit is put behind them",
}
"""File -> why SQL is put together there. Nothing that anybody sends may be among its parts."""


def _made_of_parts(node: ast.AST) -> bool:
    """Whether a text is put together: an f-string with a value in it, %, + or format()."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        sides = (node.left, node.right)
        return any(isinstance(side, ast.JoinedStr | ast.Constant | ast.BinOp) and _is_text(side) for side in sides)
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return is_call and node.func.attr == "format" and _is_text(node.func.value)


def _is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    return isinstance(node, ast.JoinedStr | ast.BinOp)


def test_no_sql_is_put_together():
    found = {}
    for path in sorted([*ROOT.glob("*.py"), *ROOT.glob("[acrt]*/**/*.py")]):
        name = path.relative_to(ROOT).as_posix()
        if name.split("/")[0] not in ("app", "tickets", "routing", "calls", "db.py", "clock.py", "worker.py"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        runs = _runs_sql(tree)
        assigned = {
            target.id
            for node in ast.walk(tree) if isinstance(node, ast.Assign) and _made_of_parts(node.value)
            for target in node.targets if isinstance(target, ast.Name)
        }  # fmt: skip
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name_of(node.func) in runs:
                given = [one for one in node.args[:1] if _made_of_parts(one) or _names(one) & assigned]
                if given:
                    found[name] = f"line {node.lineno}"
    assert found.keys() == REASONS.keys(), found


def _names(node: ast.AST) -> set[str]:
    return {node.id} if isinstance(node, ast.Name) else set()


def _runs_sql(tree: ast.AST) -> set[str]:
    """What takes SQL in a file: methods that run it, and what of SQLAlchemy's makes it out of text."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    ours = {one.name for node in imports if (node.module or "").startswith("sqlalchemy") for one in node.names}
    runs = {"execute", "executemany", "exec_driver_sql", "scalar", "scalars"}
    return {f".{name}" for name in runs} | (ours & {"text", "literal_column"})


def _name_of(function: ast.AST) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return f".{function.attr}" if isinstance(function, ast.Attribute) else ""
