"""JupyterHub 4.1 in an environment of its own: it pins what the rest of the tests do not want."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ["jupyterhub==4.1.6", "jupyter_server>=2.14"]


@pytest.fixture(scope="session")
def hub_python() -> Path:
    """A Python that has JupyterHub 4.1.6 and this package; made once, and kept for the next run."""
    environment = ROOT / ".venv-hub" / f"{sys.version_info.major}.{sys.version_info.minor}"
    environment.mkdir(parents=True, exist_ok=True)
    python = environment / "bin" / "python"
    stamp = environment / "installed"
    dependencies = (ROOT / "pyproject.toml").read_text().partition("\ndependencies = [")[2].partition("\n]")[0]
    wanted = "\n".join([*REQUIREMENTS, dependencies])
    with (environment / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two workers may come at once
        if not stamp.exists() or stamp.read_text() != wanted:
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
            subprocess.run([*pip, "--editable", str(ROOT), *REQUIREMENTS], check=True)
            stamp.write_text(wanted)
    return python
