"""With the extension, no request of a real Jupyter Server ends otherwise than without it."""

from __future__ import annotations

import fcntl
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from jupyter_telemetry.journal import JournalReader

from .probe_extension import SCHEMA_ID as PROBE
from .running import RunningServer

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
KERNELS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {"cell_type": "code", "id": "a", "metadata": {}, "source": "1 + 1", "outputs": [], "execution_count": None}
    ],
}

WITHOUT = """
c.ServerApp.jpserver_extensions = {"jupyter_telemetry": False, "probe_extension": True}
"""
WITH = """
c.ServerApp.jpserver_extensions = {"jupyter_telemetry": True, "probe_extension": True}
c.EventLog.allowed_schemas = {
    "https://events.jupyter.org/*": {"allowed_categories": ["personal-data"]},
    "https://example.org/probe": {},
}
"""
UNWRITABLE = """
import pathlib
blocked = pathlib.Path.home() / "blocked.txt"
blocked.write_text("a file, where the journal's directory would be")
c.EventLog.handlers = [
    {"class": "jupyter_telemetry.journal.JournalHandler", "directory": str(blocked / "journal")}
]
"""
CONFIGS = {"without": WITHOUT, "with": WITH, "unwritable": WITH + UNWRITABLE}


class Visit:
    """A scripted user: keeps every answer, with what differs from run to run taken out."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.answers: list[tuple[str, int, Any]] = []

    def ask(self, method: str, path: str, body: Any = None, **kwargs: Any) -> Any:
        """Send one request, and keep its answer."""
        content = json.dumps(body) if body is not None else None
        answer = self.server.client.request(method, path, **{"content": content, **kwargs})
        try:
            said = answer.json()
        except ValueError:
            said = answer.text
        self.answers.append((f"{method} {_settled(path)}", answer.status_code, self._settled(said)))
        return said

    def _settled(self, value: Any) -> Any:
        return _settled(json.loads(json.dumps(value).replace(str(self.server.home), "<home>")))

    def note(self, what: str, value: Any) -> None:
        """Keep what is seen from outside."""
        self.answers.append((what, 0, value))

    # What is done

    def work_on_files(self) -> None:
        """Do what can be done to contents, and some of what cannot."""
        self.ask("POST", "/api/contents", {"type": "notebook"})
        self.ask("GET", "/api/contents/Untitled.ipynb")
        self.ask("PUT", "/api/contents/Untitled.ipynb", {"type": "notebook", "format": "json", "content": NOTEBOOK})
        self.ask("PUT", "/api/contents/bad.ipynb", {"type": "notebook", "format": "json", "content": {"cells": 5}})
        self.ask("PUT", "/api/contents/text.txt", {"type": "file", "format": "text", "content": "text"})
        self.ask("PUT", "/api/contents/text.txt", {"type": "file", "format": "base64", "content": "?"})
        self.ask("POST", "/api/contents/Untitled.ipynb/checkpoints")
        self.ask("GET", "/api/contents/Untitled.ipynb/checkpoints")
        self.ask("POST", "/api/contents/Untitled.ipynb/checkpoints/checkpoint")
        self.ask("POST", "/api/contents/Untitled.ipynb/checkpoints/missing")
        self.ask("DELETE", "/api/contents/Untitled.ipynb/checkpoints/checkpoint")
        self.ask("PATCH", "/api/contents/Untitled.ipynb", {"path": "work.ipynb"})
        self.ask("PATCH", "/api/contents/work.ipynb", {"path": "text.txt"})
        self.ask("PATCH", "/api/contents/missing.ipynb", {"path": "found.ipynb"})
        self.ask("POST", "/api/contents", {"copy_from": "work.ipynb"})
        self.ask("POST", "/api/contents", {"copy_from": "missing.ipynb"})
        self.ask("PUT", "/api/contents/folder", {"type": "directory"})
        self.ask("POST", "/api/contents/folder", {"type": "file", "ext": ".txt"})
        self.ask("GET", "/api/contents/folder")
        self.ask("GET", "/api/contents/missing")
        self.ask("DELETE", "/api/contents/folder/untitled.txt")
        for name in ("folder", "text.txt", "work.ipynb", "work-Copy1.ipynb", "missing.txt"):
            self.ask("DELETE", f"/api/contents/{name}")

    def work_with_kernels(self) -> None:
        """Start, use, interrupt, restart and stop real kernels, and ask for ones that are not there."""
        kernel = self.ask("POST", "/api/kernels", {"name": "python3"})["id"]
        self.ask("POST", f"/api/kernels/{kernel}/interrupt")
        self.ask("POST", f"/api/kernels/{kernel}/restart")
        self.ask("POST", "/api/kernels", {"name": "missing"})
        self.ask("POST", "/api/kernels/00000000-0000-0000-0000-000000000000/restart")
        session = self.ask(
            "POST", "/api/sessions", {"path": "a.ipynb", "type": "notebook", "name": "", "kernel": {"name": "python3"}}
        )["id"]
        self.note("kernels running", (len(self.ask("GET", "/api/kernels")), len(self.server.kernels())))
        self.ask("DELETE", f"/api/sessions/{session}")
        self.ask("DELETE", f"/api/kernels/{kernel}")
        self.ask("DELETE", f"/api/kernels/{kernel}")
        self.note("kernels left", (len(self.ask("GET", "/api/kernels")), len(self.server.kernels())))

    def send_events(self) -> None:
        """Send events as a browser does: good ones, and bad ones of every kind."""
        good = {"schema_id": CONTENTS, "version": "1", "data": {"action": "upload", "path": "sent"}}
        for change in (
            {},
            {"version": 1},
            {"timestamp": "2022-05-26T13:50:00+05:00Z"},
            {"timestamp": "yesterday"},
            {"timestamp": 5},
            {"version": "2"},
            {"version": None},
            {"schema_id": "https://example.org/missing"},
            {"schema_id": None},
            {"schema_id": ["a"]},
            {"data": {"action": "upload", "path": 5}},
            {"data": {"action": "explode"}},
            {"data": {"action": "upload", "path": "sent", "__schema__": KERNELS, "__timestamp__": "never"}},
            {"data": {"action": "upload", "path": "sent", "__schema_version__": "7"}},
            {"data": {"action": "upload", "path": "sent", "other": float("nan")}},
            {"data": {"action": "upload", "path": "sent", "other": 2**70}},
            {"data": {"action": "upload", "path": "\ud800"}},
            {"data": None},
            {"data": []},
            {"data": "text"},
        ):
            self.ask("POST", "/api/events", {**good, **change})
        self.ask("POST", "/api/events", {"schema_id": CONTENTS, "version": "1"})
        self.ask("POST", "/api/events", content="no json")
        self.ask("POST", "/api/events", content="")
        self.ask("POST", "/api/events", content=json.dumps(good), headers={"Authorization": "token wrong"})

    def have_an_extension_emit(self) -> None:
        """Have an extension emit in a request's handler, where what `emit` raises ends the request."""
        for body in (
            {"schema_id": PROBE, "data": {"path": "probe"}},
            {"schema_id": PROBE, "data": {"path": 5}},
            {"schema_id": PROBE, "data": {}},
            {"schema_id": PROBE, "data": None},
            {"schema_id": PROBE, "data": {"path": "probe", "explode": True}},
            {"schema_id": PROBE, "data": {"path": "probe", "__schema__": CONTENTS}},
            {"schema_id": PROBE, "data": {"path": "probe", "__metadata_version__": 9}},
            {"schema_id": PROBE, "data": {}, "unserialisable": True},
            {"schema_id": "https://example.org/missing", "data": {"path": "probe"}},
            {"schema_id": None, "data": {"path": "probe"}},
            {"schema_id": ["a"], "data": {"path": "probe"}},
        ):
            self.ask("POST", "/probe/emit", body)

    def arrange(self, what: str) -> None:
        """Change what stands on the bus."""
        self.ask("POST", "/probe/arrange", {"what": what})

    def hear_until(self, last: str, listener: Any) -> None:
        """Keep what a browser that listens hears, up to the probe's event `last`."""
        self.ask("POST", "/probe/emit", {"schema_id": PROBE, "data": {"path": last}})
        while True:
            heard = json.loads(listener.recv())
            self.note("heard", _settled(heard))
            if heard.get("path") == last:
                return

    def everything(self) -> list[tuple[str, int, Any]]:
        """Work with nobody listening, under a modifier, with a browser listening, and under a handler that fails."""
        self.work_on_files()
        self.work_with_kernels()
        self.send_events()
        self.have_an_extension_emit()
        self.arrange("modifier")
        self.have_an_extension_emit()
        with closing(self.server.listen()) as listener:
            self.have_an_extension_emit()
            self.arrange("no modifier")
            self.have_an_extension_emit()
            self.work_on_files()
            self.work_with_kernels()
            self.send_events()
            self.hear_until("the end", listener)
        self.arrange("failing handler")
        self.have_an_extension_emit()
        self.work_on_files()
        self.send_events()
        self.ask("POST", "/api/kernels", {"name": "python3"})
        self.note("kernels left", (len(self.ask("GET", "/api/kernels")), len(self.server.kernels())))
        self.arrange("no failing handler")
        self.ask("GET", "/api/contents")
        return self.answers


def _settled(value: Any) -> Any:
    """Take out what is another in each run: ids, times, and how far a kernel has come."""
    if isinstance(value, str):
        value = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<id>", value)
        return re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)", "<time>", value)
    if isinstance(value, dict):
        return {k: _settled(v) for k, v in value.items() if k not in ("execution_state", "connections")}
    if isinstance(value, float):
        return repr(value)  # one NaN is not equal to another
    if isinstance(value, list):
        return sorted(map(_settled, value), key=json.dumps)
    return value


class Visited(NamedTuple):
    """What is known of a server that was visited and stopped."""

    home: str
    answers: list[tuple[str, int, Any]]
    left_over: int
    status: int

    @property
    def journal(self) -> Path:
        return Path(self.home) / "data" / "telemetry" / "journal"


def visit(name: str, directory: Path) -> Visited:
    with RunningServer(directory / name, CONFIGS[name]) as server:
        answers = Visit(server).everything()
    return Visited(str(server.home), answers, len(server.left_over), server.process.returncode)


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Visited]:
    """Three servers, with what each answered to the same visit; once for all workers of pytest-xdist."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    directory = shared / "real-servers"
    directory.mkdir(exist_ok=True)
    file = directory / "visited.json"
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            with ThreadPoolExecutor() as pool:
                found = zip(CONFIGS, pool.map(lambda name: visit(name, directory), CONFIGS), strict=True)
                file.write_text(json.dumps(dict(found)))
    return {name: Visited(*fields) for name, fields in json.loads(file.read_text()).items()}


@pytest.mark.parametrize("name", ["with", "unwritable"])
def test_every_request_ends_as_it_does_without_the_extension(name, visited):
    expected = visited["without"].answers
    assert len(expected) > 200
    assert {status for _, status, _ in expected} == {0, 200, 201, 204, 400, 403, 404, 409, 500}
    for answer, other in zip(visited[name].answers, expected, strict=True):
        assert answer == other


@pytest.mark.parametrize("name", ["without", "with", "unwritable"])
def test_no_kernel_is_left_alone(name, visited):
    seen = [(what, value) for what, _, value in visited[name].answers if what.startswith("kernels ")]
    # The last one: a handler of the operator's fails, and leaves a kernel alone with or without the extension.
    assert seen == [("kernels running", [2, 2]), ("kernels left", [0, 0])] * 2 + [("kernels left", [0, 1])]
    assert visited[name].left_over == 0
    assert visited[name].status == 0


def recorded(journal: Path, schema_id: str) -> Iterator[dict[str, Any]]:
    for event in JournalReader(journal).events():
        if event["__schema__"] == schema_id:
            yield {k: v for k, v in event.items() if not k.startswith("__")}


def test_what_was_done_is_in_the_journal(visited):
    journal = visited["with"].journal
    assert [path.name for path in journal.glob("*.open.jsonl")] == []
    assert list(recorded(journal, PROBE)) == [
        {"path": "probe"},
        {"path": "probe", "explode": True},  # no modifier yet
        {"path": "PROBE"},  # modified, though nobody listened
        {"path": "PROBE"},
        {"path": "probe"},
        {"path": "probe", "explode": True},
        {"path": "the end"},
    ]
    a_round = [
        ("start", "success"),
        ("interrupt", "success"),
        ("restart", "success"),
        ("start", "error"),
        ("start", "success"),
        ("shutdown", "success"),
        ("shutdown", "success"),
    ]
    assert [(event["action"], event["status"]) for event in recorded(journal, KERNELS)] == a_round * 2
    # While a handler fails, no event of the bus counts as made; what comes last is the listing of the directory.
    a_round = ["save"] * 4 + ["rename", "save", "copy", "save", "save"] + ["delete"] * 5 + ["upload"] * 5
    actions = [event["action"] for event in recorded(journal, CONTENTS)]
    assert [action for action in actions if action != "get"] == a_round * 2
    assert actions[-1] == "get"
    sent = [event for event in recorded(journal, CONTENTS) if event["action"] == "upload"]
    assert sent == [{"action": "upload", "path": "sent"}] * 10  # what the schema does not declare is dropped


def test_a_journal_that_cannot_be_written_is_said_once_a_minute_and_costs_nothing_else(visited):
    home = Path(visited["unwritable"].home)
    assert (home / "blocked.txt").read_text() == "a file, where the journal's directory would be"
    assert 1 <= (home / "log.txt").read_text().count("events lost") <= 4
