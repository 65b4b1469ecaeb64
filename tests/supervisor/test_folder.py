"""The data folder: privacy, lock, keys, short socket paths."""

import base64
import json
import shutil
import stat

import pytest

from supervisor import folder as folder_module
from supervisor.errors import Refusal
from supervisor.folder import SOCKET_ROOM, DataFolder


@pytest.fixture
def folder(tmp_path):
    made = DataFolder(tmp_path / "data")
    made.create()
    yield made
    made.unlock()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_can_look_inside(folder):
    assert {mode(folder.root), mode(folder.run), mode(folder.logs)} == {0o700}


def test_keys_are_made_once_and_are_private(folder):
    keys = folder.keys()
    assert mode(folder.root / "secrets.json") == 0o600
    assert DataFolder(folder.root).keys() == keys
    name, _, key = keys["PII_KEYS"].partition(":")
    assert name and len(base64.b64decode(key)) == 32
    assert len(base64.b64decode(keys["BLIND_KEY"])) == 32
    assert len(keys["SECRET_KEY"]) >= 32


def test_keys_differ_between_folders(folder, tmp_path):
    other = DataFolder(tmp_path / "other")
    other.create()
    assert not set(other.keys().values()) & set(folder.keys().values())


def test_a_second_holder_is_refused_until_the_first_lets_go(folder):
    assert folder.lock("up")
    other = DataFolder(folder.root)
    assert not other.lock("flask")
    assert other.holder()["command"] == "up"
    folder.unlock()
    assert other.lock("flask")
    other.unlock()


def test_a_folder_of_production_is_not_opened_with_demo_keys(folder):
    folder.claim("production")
    folder.claim("production")
    with pytest.raises(Refusal, match="HOTLINE_ENV=production"):
        folder.claim("demo")


@pytest.mark.parametrize("name", ["with space", "x" * SOCKET_ROOM, "qu'ote"])
def test_sockets_move_where_the_path_would_break_them(tmp_path, name):
    folder = DataFolder(tmp_path / name)
    folder.create()
    short = folder.socket_folder()
    assert short != folder.run
    assert len(str(short)) <= SOCKET_ROOM and " " not in str(short)
    assert mode(short) == 0o700
    assert folder.socket_folder() == short
    folder.forget_state()
    assert not short.exists()


def test_a_socket_folder_that_others_can_enter_is_refused(tmp_path):
    folder = DataFolder(tmp_path / "with space")
    folder.create()
    short = folder.socket_folder()
    short.chmod(0o755)
    with pytest.raises(Refusal, match="private"):
        folder.socket_folder()
    short.rmdir()


def test_the_state_is_whole_and_private(folder):
    folder.write_state({"processes": {"web": 7}})
    assert mode(folder.run / "processes.json") == 0o600
    assert json.loads((folder.run / "processes.json").read_text()) == {"processes": {"web": 7}}
    assert folder.read_state()["processes"]["web"] == 7
    folder.forget_state()
    assert folder.read_state() == {}


def test_a_nearly_full_disk_is_told_before_anything_starts(tmp_path, monkeypatch):
    nearly_full = shutil.disk_usage(tmp_path)._replace(free=10 * 2**20)
    monkeypatch.setattr(folder_module.shutil, "disk_usage", lambda _: nearly_full)
    with pytest.raises(Refusal, match="10 MB are free"):
        DataFolder(tmp_path / "data").create()


def test_the_log_of_the_start_before_is_kept(folder):
    folder.log("web").write_text("first")
    assert not folder.log("web").exists()
    assert (folder.logs / "web.log.1").read_text() == "first"
