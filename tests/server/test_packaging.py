"""The extension is on as soon as the package is installed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from traitlets.config import Config

from jupyter_telemetry.server import get_eventlog

ROOT = Path(__file__).parents[2]
DATA = ".data/data/etc/jupyter/"  # what pip puts under sys.prefix


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(directory), str(ROOT)]
    subprocess.run(command, check=True)
    (found,) = directory.glob("*.whl")
    return found


def test_what_a_wheel_installs_has_all_of_the_page(wheel):
    page = ROOT / "jupyter_telemetry" / "server" / "page"
    files = {path.relative_to(ROOT).as_posix() for path in page.rglob("*") if path.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in files if "__pycache__" not in name} <= set(archive.namelist())


@pytest.fixture
def jp_server_config() -> Config:
    return Config()


def test_what_a_wheel_installs_turns_the_extension_on(wheel, jp_env_config_path, jp_configurable_serverapp):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if DATA in name:
                path = jp_env_config_path / name.partition(DATA)[2]
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(archive.read(name))
    serverapp = jp_configurable_serverapp()
    assert serverapp.extension_manager.linked_extensions["jupyter_telemetry"]
    assert serverapp.web_app.settings["eventlog"] is get_eventlog(serverapp)
