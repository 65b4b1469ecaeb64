"""Before the environment stands: what is missing, and what is said when a step fails."""

import json
import subprocess
import sys

import pytest

from supervisor import frontend, prepare
from supervisor.errors import last_line
from supervisor.folder import DataFolder
from supervisor.steps import Done, run_step
from supervisor.usage import ROOT


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("npm error code ENOSPC", "disk is full"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("error: error sending request for url", "cannot be reached"),
        ("npm error ENOTFOUND", "cannot be reached"),
        ("a\nERROR: THESE PACKAGES DO NOT MATCH THE HASHES\n", "DO NOT MATCH"),
    ],
)
def test_a_failed_step_says_why(output, told):
    assert told in Done(1, output).reason


def test_a_program_that_is_not_there_is_a_failed_step():
    assert run_step(["/nowhere/npm", "ci"], {}).returncode == 127


def test_the_cause_is_found_among_later_lines(tmp_path):
    log = tmp_path / "web.log"
    log.write_text("Traceback\nconfig.UnsafeConfigError: SECRET_KEY is a sample\n[INFO] Shutting down\n")
    assert last_line(log) == "config.UnsafeConfigError: SECRET_KEY is a sample"
    assert last_line(tmp_path / "none.log") == ""


@pytest.fixture
def project(tmp_path):
    """A project with one library and one translation, none of them made yet."""
    catalogue = tmp_path / "app/translations/zh/LC_MESSAGES"
    catalogue.mkdir(parents=True)
    (catalogue / "messages.po").write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n')
    (tmp_path / "package.json").write_text(json.dumps({"vendor": {"lib.js": "lib/dist/lib.js"}}))
    (tmp_path / "package-lock.json").write_text("{}")
    return tmp_path


def test_libraries_and_translations_are_made_once(project, monkeypatch):
    built = project / "node_modules/lib/dist"
    built.mkdir(parents=True)
    (built / "lib.js").write_text("1")
    monkeypatch.setattr(frontend, "_npm_ci", lambda root, env: Done(0, ""))
    assert frontend.missing(project) == ["libraries", "translations"]
    frontend.fetch_libraries(project, {})
    assert (project / "app/static/vendor/lib.js").read_text() == "1"
    assert frontend.missing(project) == ["translations"]
    (project / "app/translations/zh/LC_MESSAGES/messages.mo").write_bytes(b"")
    assert frontend.missing(project) == []
    (project / "package-lock.json").write_text('{"lockfileVersion": 3}')
    assert frontend.missing(project) == ["libraries"]


def test_a_removed_library_is_fetched_again(project):
    vendor = project / "app/static/vendor"
    vendor.mkdir(parents=True)
    (vendor / ".stamp").write_text(frontend._wanted(project))
    assert "libraries" in frontend.missing(project)
    (vendor / "lib.js").write_text("1")
    assert "libraries" not in frontend.missing(project)


def test_the_locks_carry_hashes_and_no_addresses():
    for name in ("requirements-lock.txt", "requirements-dev-lock.txt", "requirements-node-lock.txt"):
        lines = (ROOT / name).read_text().splitlines()
        pins = [line for line in lines if line and line[0].isalnum()]
        assert pins and all(line.endswith("\\") for line in pins), name
        assert not any("://" in line for line in lines), name
    assert "resolved" not in (ROOT / "package-lock.json").read_text()


def test_both_locks_name_the_same_versions():
    def pins(name):
        lines = (ROOT / name).read_text().splitlines()
        return {line.partition(";")[0].rstrip(" \\") for line in lines if line and line[0].isalnum()}

    assert pins("requirements-lock.txt") < pins("requirements-dev-lock.txt")


def test_a_database_is_prepared_again_when_the_wish_or_the_cluster_changes(tmp_path):
    folder = DataFolder(tmp_path)
    folder.create()
    first = prepare._fingerprint(folder, "--demo")
    assert prepare._fingerprint(folder, "--demo") == first
    assert prepare._fingerprint(folder, "--no-demo") != first
    folder.postgres.mkdir()
    (folder.postgres / "PG_VERSION").write_text("18")
    assert prepare._fingerprint(folder, "--demo") != first


def test_help_needs_no_environment():
    done = subprocess.run(
        [sys.executable, "-I", ROOT / "hotline", "help"], capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0
    for command in ("up", "test", "bench", "flask", "help"):
        assert f"./hotline {command}" in done.stdout
