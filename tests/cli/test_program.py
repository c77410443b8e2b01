from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_telemetry import __version__
from jupyter_telemetry.cli import main

from .conftest import process

COMMANDS = [
    "demo",
    "status",
    "consent",
    "policy",
    "tail",
    "query",
    "schemas",
    "report",
    "ship",
    "lake",
    "export",
    "erase",
    "completion",
]


def test_help_lists_every_command_with_what_it_does(run):
    done = run("--help")
    assert done.status == 0
    listed = [line.split()[0] for line in done.out.partition("Commands:\n")[2].splitlines() if line[2:3].strip()]
    assert listed == COMMANDS


def test_without_a_command_the_help_is_shown(run):
    done = run()
    assert done.status == 2
    assert "jupyter telemetry demo" in done.err + done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_teaches_by_example(run, command):
    done = run(command, "--help")
    assert done.status == 0
    assert f"Usage: jupyter telemetry {command}" in done.out
    assert done.out.count("jupyter telemetry") + done.out.count("jupyter-telemetry") >= 3
    assert max(map(len, done.out.splitlines())) <= 110


@pytest.mark.parametrize("command", COMMANDS)
def test_the_list_says_of_a_command_what_its_own_help_says_first(run, command):
    import importlib

    own = importlib.import_module(f"jupyter_telemetry.cli.{command}").command
    assert own.name == command
    assert own.help


def test_the_version_is_the_package_s(run):
    assert run("--version").out == f"jupyter_telemetry, version {__version__}\n"


@pytest.mark.parametrize(("name", "near"), [("tial", "tail"), ("querry", "query"), ("schema", "schemas")])
def test_a_name_that_is_nearly_right_is_corrected(run, name, near):
    done = run(name)
    assert done.status == 2
    assert f"there is no command {name}; did you mean {near}?" in done.err


def test_a_name_that_is_nothing_like_one_is_wrong_usage(run):
    done = run("xyzzy")
    assert (done.status, "did you mean" in done.err) == (2, False)


def test_it_is_a_command_of_jupyter():
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "jupyter_core", "telemetry", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout) == (0, f"jupyter_telemetry, version {__version__}\n")


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_its_extra_the_command_says_what_to_install(run, monkeypatch, missing):
    for name in [name for name in sys.modules if name.startswith((f"{missing}.", "jupyter_telemetry.cli."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    done = run("tail")
    assert (done.status, done.out) == (1, "")
    assert done.err == "Error: the command line needs an extra: pip install 'jupyter_telemetry[cli]'\n"


@pytest.mark.parametrize(("command", "missing"), [("query", "duckdb"), ("schemas", "duckdb"), ("report", "jinja2")])
def test_a_command_without_what_it_needs_says_what_to_install(journal, command, missing):
    arguments = [command, "--journal", str(journal), *(["SELECT 1"] if command == "query" else [])]
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        f"from jupyter_telemetry.cli import main; sys.exit(main({arguments!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "needs an extra: pip install 'jupyter_telemetry[" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_import_that_fails_for_another_reason_is_not_hidden(monkeypatch):
    monkeypatch.delitem(sys.modules, "jupyter_telemetry.cli.tail", raising=False)
    monkeypatch.setitem(sys.modules, "jupyter_telemetry.cli.eventline", None)
    with pytest.raises(ModuleNotFoundError, match="eventline"):
        main(["tail"])


def test_a_narrow_encoding_is_no_reason_to_fail(journal):
    done = process("tail", "--journal", journal, env={**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "200"})
    assert done.returncode == 0
    done = process("report", "--terminal", "--journal", journal, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0


def test_the_help_imports_neither_duckdb_nor_jupyter():
    code = (
        "import sys; from jupyter_telemetry.cli import main; main(['--help'])\n"
        "heavy = {'duckdb', 'jinja2', 'jupyter_server', 'jupyter_core', 'pydantic', 'jsonschema_rs'}\n"
        "loaded = heavy & set(sys.modules)\n"
        "sys.exit(f'imported: {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script_of_the_shell(run, shell):
    done = run("completion", shell)
    assert done.status == 0
    assert "jupyter-telemetry" in done.out
    assert f"_JUPYTER_TELEMETRY_COMPLETE={shell}_complete" in done.out


def test_a_shell_completes_commands():
    environment = {
        "_JUPYTER_TELEMETRY_COMPLETE": "bash_complete",
        "COMP_WORDS": "jupyter-telemetry s",
        "COMP_CWORD": "1",
    }
    done = process(env={**os.environ, **environment})
    assert done.stdout.split() == ["plain,status", "plain,schemas", "plain,ship"]
