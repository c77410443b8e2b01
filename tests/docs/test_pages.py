"""All code in README and docs does what the page says it does."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from code_blocks import blocks_of

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if "_build" not in page.parts]
MOST_BLOCKS_NOT_RUN = 19  # among them five of YAML, which test_kubernetes.py reads


def _blocks(page):
    return list(blocks_of(page.read_text(encoding="utf-8")))


def _environment(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "COVERAGE", "PYTEST"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    plain = {"COLUMNS": "86", "NO_COLOR": "1", "TERM": "dumb", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**kept, **plain, "PATH": path, "HOME": str(home), "USERPROFILE": str(home)}


@pytest.fixture
def unused_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _server_environment(directory, port):
    """Let a Jupyter Server of a page begin here: as root in a container, and where nobody else listens."""
    directory.mkdir()
    (directory / "jupyter_server_config.json").write_text('{"ServerApp": {"allow_root": true}}')
    return {"JUPYTER_CONFIG_PATH": str(directory), "JUPYTER_PORT": str(port)}


def _spark_home(directory):
    """Let Spark, whose workers write to its home, have one here: of links to what pyspark brings."""
    directory.mkdir()
    for part in Path(importlib.util.find_spec("pyspark").origin).parent.iterdir():
        (directory / part.name).symlink_to(part)
    return {"SPARK_HOME": str(directory)}


@pytest.mark.parametrize("page", [pytest.param(p, id=str(p.relative_to(ROOT))) for p in PAGES if _blocks(p)])
def test_page_does_what_it_says(page, tmp_path, unused_port):
    work = tmp_path / "work"
    work.mkdir()
    environment = {**_environment(tmp_path), **_server_environment(tmp_path / "etc", unused_port)}
    if "pyspark" in page.read_text(encoding="utf-8"):
        environment.update(_spark_home(tmp_path / "spark"))
    runner = Path(__file__).with_name("run_page.py")
    command = [sys.executable, "-W", "error", str(runner), str(page)]
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_few_blocks_are_not_run():
    not_run = [block for page in PAGES for block in _blocks(page) if block.mark == "not run"]
    assert len(not_run) <= MOST_BLOCKS_NOT_RUN
