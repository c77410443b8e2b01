"""Run the code of one page of README or docs: `python run_page.py PAGE`, in a directory of its own.

Ends with status 0 if the page is right, else prints what is not.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from code_blocks import Block, blocks_of, commands_of, matches

READY_WITHIN_S = 60.0
COMMAND_TIMEOUT_S = 240.0  # a cluster of Spark starts several Java machines


class WrongPage(Exception):
    """What a page says is not what happens."""


class Runner:
    """Runs the blocks of a page in turn."""

    def __init__(self, page: Path) -> None:
        self._page = page
        self._printed: str | None = None  # by the block before
        self._background: list[subprocess.Popen[bytes]] = []
        # Models and pickles look up their module by name.
        self._module = sys.modules["page"] = ModuleType("page")

    def run(self, block: Block) -> None:
        """Do what the page says is to be done with a block. Raises WrongPage, and what its code raises."""
        if block.mark == "prints":
            self._compare(block.text, self._printed)
            return
        self._printed = None
        if block.mark == "not run" or (block.language == "text" and not block.mark):
            return
        if block.mark == "file":
            path = Path(block.argument).expanduser()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            self._run_python(block)
        elif block.mark == "in the background until":
            self._start(block)
        elif block.language == "console":
            self._run_commands(block)
        else:
            raise WrongPage(f"a block of {block.language} cannot be run")

    def close(self) -> None:
        """Stop what runs in the background."""
        for process in self._background:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)

    def _run_python(self, block: Block) -> None:
        code = compile("\n" * (block.line - 1) + block.text, str(self._page), "exec", dont_inherit=True)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, self._module.__dict__)
        self._printed = printed.getvalue()

    def _run_commands(self, block: Block) -> None:
        expected_status = int(block.argument) if block.mark == "exit status" else 0
        for command, expected in commands_of(block):
            done = subprocess.run(
                command,
                shell=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=COMMAND_TIMEOUT_S,
            )
            self._printed = done.stdout.decode()
            if done.returncode != expected_status:
                raise WrongPage(f"$ {command}ended with status {done.returncode}:\n{self._printed}")
            if expected:
                self._compare(expected, self._printed)

    def _start(self, block: Block) -> None:
        output = Path(f".background-{len(self._background)}")
        ((command, _),) = commands_of(block)
        with output.open("wb") as stream:
            process = subprocess.Popen(
                command,
                shell=True,
                stdout=stream,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._background.append(process)
        deadline = time.monotonic() + READY_WITHIN_S
        while block.argument not in output.read_text("utf-8", "replace"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise WrongPage(f"$ {command}never said {block.argument!r}:\n{output.read_text('utf-8', 'replace')}")
            time.sleep(0.1)

    @staticmethod
    def _compare(expected: str, printed: str | None) -> None:
        if printed is None or not matches(expected, printed):
            raise WrongPage(f"the page says\n\n{expected}\nbut printed is\n\n{printed}")


def run_page(page: Path) -> int:
    """Run a page; print what is wrong and return 1, or return 0."""
    runner = Runner(page)
    try:
        for block in blocks_of(page.read_text(encoding="utf-8")):
            try:
                runner.run(block)
            except Exception as error:
                what: Any = error if isinstance(error, WrongPage) else traceback.format_exc()
                print(f"{page.name}, line {block.line}: {what}", file=sys.stderr)
                return 1
    finally:
        runner.close()
    return 0


if __name__ == "__main__":
    sys.exit(run_page(Path(sys.argv[1])))
