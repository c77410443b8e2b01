"""The scripted user: works in a Jupyter Server by REST and in its kernels, and knows what that must record."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from .kernel import KernelChannel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .server import DemoServer

__all__ = ["CONTENTS", "KERNELS", "SCRIPT", "Expected", "Step", "User"]

CONTENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
KERNELS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
TIMEOUT_S = 30.0
MOST_INTERRUPTS = 5
_NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


class Expected(NamedTuple):
    """An event that must be recorded: of this schema, about this action on this file or kernel."""

    schema_id: str
    action: str
    subject: str

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Expected:
        """Return what a recorded event is an instance of."""
        subject = next((str(event[key]) for key in ("path", "kernel_id", "batch") if key in event), "")
        # The path of a copy begins with a slash, other paths do not.
        return cls(str(event.get("__schema__")), str(event.get("action", "")), subject.strip("/"))


class User:
    """A user of a Jupyter Server; `expected` counts what their deeds must have recorded so far. A context manager.

    Every deed raises httpx.HTTPError, or TimeoutError, if the server does not do it.
    """

    def __init__(self, server: DemoServer) -> None:
        self.expected: Counter[Expected] = Counter()
        self._server = server
        self._http = httpx.Client(base_url=server.url, headers=server.headers, timeout=TIMEOUT_S, trust_env=False)
        self._sessions: dict[str, tuple[str, str]] = {}  # path → ids of the session and of its kernel

    def __enter__(self) -> User:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    # On files

    def list(self) -> None:
        self._ask("GET", "/api/contents")

    def create(self, path: str) -> None:
        made = self._ask("POST", "/api/contents", {"type": "notebook"})
        if made["path"] != path:
            raise httpx.HTTPError(f"the new notebook is called {made['path']}, not {path}")
        self._expect(CONTENTS, "save", path)  # Jupyter Server says "save", never "create"

    def read(self, path: str) -> None:
        self._ask("GET", f"/api/contents/{path}")
        self._expect(CONTENTS, "get", path)

    def save_notebook(self, path: str) -> None:
        self._ask("PUT", f"/api/contents/{path}", {"type": "notebook", "content": _NOTEBOOK})
        self._expect(CONTENTS, "save", path)

    def save_text(self, path: str, text: str) -> None:
        self._ask("PUT", f"/api/contents/{path}", {"type": "file", "format": "text", "content": text})
        self._expect(CONTENTS, "save", path)

    def rename(self, path: str, new_path: str) -> None:
        self._ask("PATCH", f"/api/contents/{path}", {"path": new_path})
        self._expect(CONTENTS, "rename", new_path)

    def copy(self, path: str, new_path: str) -> None:
        self._ask("POST", "/api/contents", {"copy_from": path})
        self._expect(CONTENTS, "copy", new_path)

    def delete(self, path: str) -> None:
        self._ask("DELETE", f"/api/contents/{path}")
        self._expect(CONTENTS, "delete", path)

    # In kernels

    def start_kernel(self, path: str) -> None:
        about = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        session = self._ask("POST", "/api/sessions", about)
        self._sessions[path] = session["id"], session["kernel"]["id"]
        self._expect(KERNELS, "start", session["kernel"]["id"])

    def run(self, path: str, code: str) -> None:
        with self._channel(path) as channel:
            channel.run(code)

    def interrupt(self, path: str) -> None:
        _, kernel_id = self._sessions[path]
        with self._channel(path) as channel:
            request = channel.send("import time\nwhile True: time.sleep(0.05)")
            for _ in range(MOST_INTERRUPTS):  # one that comes before the cell has begun is for nothing
                time.sleep(0.5)
                self._ask("POST", f"/api/kernels/{kernel_id}/interrupt")
                self._expect(KERNELS, "interrupt", kernel_id)
                if channel.answer(request, timeout_s=3.0) is not None:
                    return
        raise TimeoutError(f"the kernel did not react to {MOST_INTERRUPTS} interrupts")

    def restart(self, path: str) -> None:
        _, kernel_id = self._sessions[path]
        self._ask("POST", f"/api/kernels/{kernel_id}/restart")
        self._expect(KERNELS, "restart", kernel_id)

    def shut_down(self, path: str) -> None:
        session_id, kernel_id = self._sessions.pop(path)
        self._ask("DELETE", f"/api/sessions/{session_id}")
        self._expect(KERNELS, "shutdown", kernel_id)

    def _channel(self, path: str) -> KernelChannel:
        return KernelChannel(self._server.url, self._sessions[path][1], self._server.headers)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._http.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _expect(self, schema_id: str, action: str, subject: str) -> None:
        self.expected[Expected(schema_id, action, subject)] += 1


class Step(NamedTuple):
    """One thing that the user does."""

    text: str
    act: Callable[[User], None]


FIRST, SECOND, THIRD = "Penguins.ipynb", "Penguins-Copy1.ipynb", "Scratch.ipynb"
SCRIPT = (
    Step("Look at the folder", lambda user: user.list()),
    Step("Create a notebook", lambda user: user.create("Untitled.ipynb")),
    Step(f"Rename it to {FIRST}", lambda user: user.rename("Untitled.ipynb", FIRST)),
    Step("Start a kernel for it", lambda user: user.start_kernel(FIRST)),
    Step("Run a cell", lambda user: user.run(FIRST, "penguins = [3750, 3800, 3250]; sum(penguins) / 3")),
    Step(f"Save {FIRST}", lambda user: user.save_notebook(FIRST)),
    Step("Upload penguins.csv", lambda user: user.save_text("penguins.csv", "species,mass\nAdelie,3750\n")),
    Step("Write notes.md", lambda user: user.save_text("notes.md", "# Notes\n")),
    Step("Rename notes.md to README.md", lambda user: user.rename("notes.md", "README.md")),
    Step("Run a cell that never ends, and interrupt it", lambda user: user.interrupt(FIRST)),
    Step(f"Save {FIRST}", lambda user: user.save_notebook(FIRST)),
    Step(f"Copy {FIRST}", lambda user: user.copy(FIRST, SECOND)),
    Step("Start a kernel for the copy", lambda user: user.start_kernel(SECOND)),
    Step("Run a cell in it", lambda user: user.run(SECOND, "import time; time.sleep(0.6)")),
    Step("Restart that kernel", lambda user: user.restart(SECOND)),
    Step("Run the cell again", lambda user: user.run(SECOND, "import time; time.sleep(0.4)")),
    Step("Save the copy", lambda user: user.save_notebook(SECOND)),
    Step("Read README.md", lambda user: user.read("README.md")),
    Step("Write analysis.py", lambda user: user.save_text("analysis.py", "print('hello')\n")),
    Step(f"Shut down the kernel of {FIRST}", lambda user: user.shut_down(FIRST)),
    Step("Create another notebook", lambda user: user.create("Untitled.ipynb")),
    Step(f"Rename it to {THIRD}", lambda user: user.rename("Untitled.ipynb", THIRD)),
    Step("Start a kernel for it", lambda user: user.start_kernel(THIRD)),
    Step("Run a cell", lambda user: user.run(THIRD, "2 ** 100")),
    Step("Shut down its kernel", lambda user: user.shut_down(THIRD)),
    Step(f"Delete {THIRD}", lambda user: user.delete(THIRD)),
    Step("Delete penguins.csv", lambda user: user.delete("penguins.csv")),
    Step("Shut down the kernel of the copy", lambda user: user.shut_down(SECOND)),
)
