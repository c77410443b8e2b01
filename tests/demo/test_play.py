"""The demo, for real: once to its end, and once interrupted."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from jupyter_telemetry.cli import main
from jupyter_telemetry.demo.play import _compare
from jupyter_telemetry.demo.user import CONTENTS, KERNELS, Expected
from jupyter_telemetry.journal import JournalReader

COMMAND = [str(Path(sys.executable).with_name("jupyter-telemetry")), "demo", "--output"]


def _temporary(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which everything temporary is made in a directory of ours."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    return {**os.environ, "TMPDIR": str(directory), "HOME": str(tmp_path / "home")}


def _left_over(tmp_path: Path) -> list[str]:
    """List the processes that know of a directory of the demo: the server, and its kernels."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(str(tmp_path) in argument for argument in process.info["cmdline"] or ()):
            found.append(" ".join(process.info["cmdline"]))
    return found


@dataclass
class Done:
    """What the command said."""

    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("demo")
    output = tmp_path / "out put"
    said, complained = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(complained):
        for name, value in _temporary(tmp_path).items():
            patch.setenv(name, value)
        patch.setattr(tempfile, "tempdir", None)  # it remembers what TMPDIR was
        status = main(["demo", "--output", str(output)])
    assert status == 0, f"{complained.getvalue()}\n{(output / 'server.log').read_text()}"
    return tmp_path, output, Done(said.getvalue(), complained.getvalue())


def test_it_shows_events_answers_and_where_the_report_is(played):
    _, output, done = played
    (journal,) = output.glob("journal-*")
    for part in (
        '"allowed_categories": ["personal-data"],',
        "[ 1/31] Start an application with events of its own",
        "[31/31] Stop the server",
        "Question 1: Which actions?",
        "FROM jupyter_server_contents_service_v1",
        "Question 2: On what kinds of file?",
        "Question 3: How long did kernels live?",
        f"{output.as_uri()}/report.html",
        f"jupyter telemetry query --journal '{journal}' ",
    ):
        assert part in done.stdout
    assert re.search(r"\n        \d\d:\d\d:\d\d\.\d{3}  contents_service  rename     Untitled", done.stdout)
    assert re.search(r"\n        \d\d:\d\d:\d\d\.\d{3}  batch-done        batch 11   spectrometer", done.stdout)
    assert re.search(r"✓ \d\d events are recorded, among them all 35 that the script must have caused\.", done.stdout)
    assert re.search(r" ipynb +6 ", done.stdout)
    assert done.stderr == ""


def test_the_journal_holds_what_the_user_did_and_the_application_recorded(played):
    (journal,) = played[1].glob("journal-*")
    actions = Counter((event["__schema__"], event.get("action")) for event in JournalReader(journal).events())
    assert actions["https://example.org/demo/batch-done", None] == 12
    assert actions[KERNELS, "start"] == actions[KERNELS, "shutdown"] == 3
    assert actions[KERNELS, "restart"] == 1
    assert actions[KERNELS, "interrupt"] >= 1
    assert {action for schema, action in actions if schema == CONTENTS} == {"get", "save", "rename", "copy", "delete"}


def test_the_report_is_about_it(played):
    page = (played[1] / "report.html").read_text("utf-8")
    assert "The demo of jupyter_telemetry" in page
    assert "Penguins.ipynb" in page
    assert 'id="lives-chart"' in page


def test_nothing_else_is_left(played):
    tmp_path, output, _ = played
    assert _left_over(tmp_path) == []
    assert os.listdir(tmp_path / "tmp") == []
    assert not (tmp_path / "home").exists()
    names = {re.sub(r"journal-\d{8}T\d{6}Z", "journal", path.name) for path in output.iterdir()}
    assert names == {"journal", "report.html", "server.log", "application.log"}


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 128 + signal.SIGTERM)])
def test_when_it_is_told_to_end_all_that_it_started_ends(tmp_path, signum, status):
    with subprocess.Popen(
        [*COMMAND, str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=_temporary(tmp_path),
        start_new_session=True,
    ) as demo:
        for line in demo.stdout:
            if "Save Penguins.ipynb" in line:  # there is a server, a kernel, and an application
                break
        assert len(_left_over(tmp_path)) >= 3
        demo.send_signal(signum)
        rest = demo.stdout.read()
        assert demo.wait(60) == status
    assert "Traceback" not in rest
    give_up_at = time.monotonic() + 10
    while (left := _left_over(tmp_path)) and time.monotonic() < give_up_at:
        time.sleep(0.1)  # a kernel that was told to end
    assert left == []
    assert os.listdir(tmp_path / "tmp") == []


def test_a_missing_event_is_named(played):
    (journal,) = played[1].glob("journal-*")
    never = Expected(CONTENTS, "delete", "never.ipynb")
    schemas, count, missing = _compare(journal, Counter({never: 2, Expected(CONTENTS, "rename", "Penguins.ipynb"): 1}))
    assert (schemas["https://example.org/demo/batch-done"], count, missing) == (12, 3, Counter({never: 2}))
