"""The demo from beginning to end: start, act, check, ask, report, stop."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..analysis import open_journal
from ..analysis.report import make_figures, to_html
from ..errors import MissingExtra, TelemetryError
from ..journal import JournalReader
from .application import INSTRUMENTS, BatchDone
from .questions import QUESTIONS
from .telling import Teller

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from .server import DemoServer
    from .stage import Stage
    from .user import Expected, Step, User

__all__ = ["play"]

PAUSE_S = 0.12  # between two steps, so that one can watch
APPLICATION_TIMEOUT_S = 30.0
_NEEDED = ("jupyter_server", "ipykernel", "httpx", "websocket")


def play(console: Console, output: Path) -> Path:
    """Play the demo; return the path of the report, which stands in `output` beside the journal that it is about.

    Raises TelemetryError if anything fails, or if an event is missing that the script must have caused; MissingExtra.
    """
    if any(find_spec(module) is None for module in _NEEDED):
        raise MissingExtra("the demo", "demo")
    output.mkdir(parents=True, exist_ok=True)
    journal = output / f"journal-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}"
    log, report = output / "server.log", output / "report.html"
    teller = Teller(console)
    with _ended_by_signals():
        expected = _act(teller, journal, log)
    teller.events(*_compare(journal, expected), log)
    with open_journal(journal) as database:
        for number, question in enumerate(QUESTIONS, 1):
            teller.question(number, question, database.sql(question.sql))
        report.write_text(to_html(make_figures(database), "The demo of jupyter_telemetry"), "utf-8")
    teller.end(journal, report)
    return report


def _act(teller: Teller, journal: Path, log: Path) -> Counter[Expected]:
    """Start a server and an application, work in them, and stop them; return what must be recorded."""
    from .server import DemoServer
    from .stage import Stage
    from .user import SCRIPT, Expected, User

    with tempfile.TemporaryDirectory(prefix="jupyter-telemetry-demo-", ignore_cleanup_errors=True) as home:
        server = DemoServer(Path(home), journal.resolve(), log)
        teller.begin(server.configuration, len(SCRIPT))
        with Stage(teller.console, journal, steps=len(SCRIPT) + 3) as stage:
            stage.step("Start an application with events of its own")
            with _application(journal, log.with_name("application.log")) as application:
                stage.step("Start a Jupyter Server")
                with server, User(server) as user:
                    for step in SCRIPT:
                        _do(step, user, server, stage)
                    stage.step("Stop the server")
                _wait_for(application, log.with_name("application.log"))
    return user.expected + Counter(Expected(BatchDone._id, "", str(batch)) for batch in range(len(INSTRUMENTS)))


def _do(step: Step, user: User, server: DemoServer, stage: Stage) -> None:
    import httpx
    from websocket import WebSocketException

    stage.step(step.text)
    try:
        step.act(user)
    except (httpx.HTTPError, WebSocketException, OSError, LookupError) as error:  # TimeoutError is an OSError
        raise server.failure(f"“{step.text}”: {type(error).__name__}: {error}") from error
    time.sleep(PAUSE_S)


@contextlib.contextmanager
def _application(journal: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the application beside; when the context is left, it is gone."""
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - this interpreter
            [sys.executable, "-m", f"{__package__}.application", str(journal)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours
        )
    try:
        yield process
    finally:
        process.kill()  # does nothing to one that has ended
        process.wait()


def _wait_for(application: subprocess.Popen[bytes], log: Path) -> None:
    try:
        status = application.wait(APPLICATION_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise TelemetryError(f"the demo failed: the application did not end; it said: {log}") from None
    if status != 0:
        raise TelemetryError(f"the demo failed: the application ended with status {status}; it said: {log}")


def _compare(journal: Path, expected: Counter[Expected]) -> tuple[Counter[str], int, Counter[Expected]]:
    """Return how many events each schema has, how many were expected, and which of these are missing."""
    from .user import Expected

    recorded: Counter[Expected] = Counter()
    schemas: Counter[str] = Counter()
    for event in JournalReader(journal).events():
        recorded[Expected.of(event)] += 1
        schemas[event["__schema__"]] += 1
    return schemas, expected.total(), expected - recorded


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let what is started be stopped when this process is told to end, too; Ctrl-C does so anyway."""

    def end(signum: int, _: Any) -> None:
        raise SystemExit(128 + signum)

    signals = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {signum: signal.signal(signum, end) for signum in signals}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
