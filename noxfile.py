"""Sessions of nox: `nox` runs the tests with every Python from 3.10 on that is installed; `nox -l` lists the rest.

`make` does the same with one Python and without nox.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["tests"]
nox.options.error_on_missing_interpreters = True

CANDIDATES = [f"3.{minor}" for minor in range(10, 20)]

# What pyenv has installed counts, chosen or not.
_PYENV = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
_INSTALLED = sorted(str(directory) for directory in _PYENV.glob("versions/3.*/bin"))
os.environ["PATH"] = os.pathsep.join([*_INSTALLED, os.environ["PATH"]])


def _is_there(version: str) -> bool:
    """Say whether an interpreter runs: pyenv leaves names on the path of versions that are not chosen."""
    found = shutil.which(f"python{version}")
    return bool(found) and not subprocess.run([found, "-c", ""], capture_output=True).returncode  # noqa: S603  an interpreter


PYTHONS = [version for version in CANDIDATES if _is_there(version)]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run all tests."""
    session.install("-e", ".[test]")
    session.run(".ci/axe", "python", external=True)
    session.run("pytest", *session.posargs)


@nox.session(python=PYTHONS[-1:])
def check(session: nox.Session) -> None:
    """Run the lint, format and type checks."""
    session.install("-e", ".[test,check]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session(python=PYTHONS[-1:])
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session(python=PYTHONS[-1:])
def bench(session: nox.Session) -> None:
    """Run the benchmarks, which make an environment of their own."""
    session.run("make", "bench", external=True)


@nox.session(python=PYTHONS[-1:])
def changelog(session: nox.Session) -> None:
    """Put the fragments in changes/ into CHANGELOG.md: `nox -s changelog -- 1.0.0`."""
    session.install("towncrier>=24.8")
    session.run("towncrier", "build", "--version", *session.posargs)
