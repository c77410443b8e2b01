"""An oracle: it knows of every event whose call returned, while everything is killed, cut and filled, as a seed says.

`run(seed, kind, home)` plays one plan and says what is wrong in the end. As a program it is what the plan kills:
`python oracle.py record|ship|erase …`. A destination is a class with `start`, `stop`, `at_rest` and a `url` that
`sink_of` understands; what is reached by TCP is put behind a FaultyProxy.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from jupyter_telemetry.journal.deadletters import dead_letters
from jupyter_telemetry.journal.erasure import erase
from jupyter_telemetry.journal.reader import JournalReader
from jupyter_telemetry.journal.retention import Limits
from jupyter_telemetry.journal.system import System
from jupyter_telemetry.journal.tombstones import tombstones
from jupyter_telemetry.journal.writer import JournalWriter
from jupyter_telemetry.shipping import BatchLimits, Receipt, Shipper, Unavailable
from jupyter_telemetry.shipping.reckoning import reckon
from jupyter_telemetry.sinks import make_sink

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_telemetry.shipping import Batch, Sink

STEP_S = 0.12
LEASE_S = 0.5  # so that one that is stopped for a moment is taken for dead
FEWEST = 20  # events that a plan records
CLOCK_VARIABLE = "JUPYTER_TELEMETRY_ORACLE_CLOCK_S"  # how far a recorder's clock is from ours
FILE_VARIABLE = "JUPYTER_TELEMETRY_ORACLE_FILE_BYTES"  # how long its files may become

# Destinations


class FaultyProxy:
    """Stands between a sink and a destination that listens on 127.0.0.1, and does to its connections as it is told.

    fault: "" | "down" (none is taken, and all are cut) | "cut" (after some bytes of a batch) | "mute" (what the
    destination answers is lost, and the connection then) | "slow".
    """

    def __init__(self, target: tuple[str, int], chance: random.Random) -> None:
        self.fault = ""
        self._target = target
        self._chance = chance
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._is_over = False
        threading.Thread(target=self._accept, daemon=True).start()

    def set(self, fault: str) -> None:
        """Behave so from now on."""
        self.fault = fault
        if fault == "down":
            for each in list(self._open):
                _cut(each)

    def stop(self) -> None:
        """Cut all, and take no more."""
        self._is_over = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.set("down")

    def _accept(self) -> None:
        while not self._is_over:
            try:
                client, _ = self._socket.accept()
                if self.fault == "down":
                    client.close()
                    continue
                server = socket.create_connection(self._target, timeout=10)
            except OSError:
                continue
            self._open |= {client, server}
            for source, to, is_answer in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass_on, args=(source, to, is_answer), daemon=True).start()

    def _pass_on(self, source: socket.socket, to: socket.socket, is_answer: bool) -> None:
        budget = self._chance.choice([1, 1000, 20_000, 200_000])
        try:
            while data := source.recv(16_384):
                if self.fault == "slow":
                    time.sleep(self._chance.uniform(0, 0.05))
                elif self.fault == "mute" and is_answer:
                    break
                elif self.fault == "cut" and not is_answer and (budget := budget - len(data)) < 0:
                    to.sendall(data[: len(data) // 2])
                    break
                to.sendall(data)
        except OSError:
            pass
        for each in (source, to):
            self._open.discard(each)
            _cut(each)


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class DatabaseServer:
    """A destination that keeps events in SQLite, over TCP: a line of JSON for each request, and one for its answer."""

    is_exact = True

    def __init__(self, home: Path, chance: random.Random) -> None:
        self._path = home / "destination.db"
        self._lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0))
        with self._database() as database:
            database.execute("create table events (id text primary key, line text)")
        threading.Thread(target=self._accept, daemon=True).start()
        self.proxy = FaultyProxy(self._socket.getsockname()[:2], chance)
        self.url = f"oracle://127.0.0.1:{self.proxy.port}"

    def stop(self) -> None:
        """Stop listening."""
        self.proxy.stop()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def at_rest(self) -> list[bytes]:
        """Return the lines of all events, each as often as it stands there."""
        with self._lock, self._database() as database:
            return [line.encode() for (line,) in database.execute("select line from events")]

    @contextlib.contextmanager
    def _database(self) -> Any:
        database = sqlite3.connect(self._path)
        try:
            with database:
                yield database
        finally:
            database.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, client.makefile("rb") as requests:
            for request in requests:
                if not request.endswith(b"\n"):
                    return
                client.sendall(orjson.dumps(self._answer(orjson.loads(request))) + b"\n")

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock, self._database() as database:
            if erased := request.get("erase"):
                database.executemany("delete from events where id = ?", [(each,) for each in erased])
                return {}
            refused = [index for index, line in enumerate(request["lines"]) if '"name":"refuse me"' in line]
            rows = [
                row
                for index, row in enumerate(zip(request["ids"], request["lines"], strict=True))
                if index not in refused
            ]
            database.executemany("insert or ignore into events values (?, ?)", rows)
        return {"refused": refused}


class RemoteSink:
    """The sink of a DatabaseServer."""

    limits = BatchLimits(200, 50_000, 0.05)
    erases = True

    def __init__(self, port: int) -> None:
        self.name = "oracle"
        self._port = port
        self._socket: socket.socket | None = None

    def open(self) -> None:
        if self._socket is None:
            with self._unavailable():
                self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=2.0)

    def send(self, batch: Batch) -> Receipt:
        answer = self._ask({"ids": batch.ids, "lines": [line.decode() for line in batch.lines]})
        return Receipt(dict.fromkeys(answer["refused"], "the destination does not take this"))

    def erase(self, ids: Sequence[str]) -> None:
        self._ask({"erase": list(ids)})

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, request: dict[str, Any]) -> Any:
        if self._socket is None:
            raise Unavailable("there is no connection")
        with self._unavailable():
            self._socket.sendall(orjson.dumps(request) + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                piece = self._socket.recv(65_536)
                if not piece:
                    raise ConnectionResetError
                answer += piece
            return orjson.loads(answer)

    @contextlib.contextmanager
    def _unavailable(self) -> Any:
        try:
            yield
        except OSError as error:
            raise Unavailable(f"the connection failed: {type(error).__name__}") from None


DESTINATIONS: dict[str, Callable[[Path, random.Random], Any]] = {"database": DatabaseServer}


def sink_of(url: str) -> Sink:
    """Return the sink of a destination's URL."""
    return RemoteSink(int(url.rpartition(":")[2])) if url.startswith("oracle:") else make_sink(url)


def shipper_of(journal: str | Path, url: str) -> Shipper:
    """Return a shipper that does not wait long."""
    return Shipper(
        journal,
        sink_of(url),
        batch_age_s=0.02,
        first_backoff_s=0.02,
        longest_backoff_s=0.2,
        lease_s=LEASE_S,
        poll_interval_s=0.02,
    )


# What is killed


def record(directory: str, name: str, url: str) -> None:
    """Record until killed, and tell each event when its call has returned: its schema, or "lost", id and digest.

    With a URL it ships too, in a thread.
    """
    ahead_s = float(os.environ.get(CLOCK_VARIABLE, "0"))
    limit = int(os.environ.get(FILE_VARIABLE, "0")) or resource.RLIM_INFINITY
    chance = random.Random(name)
    writer = JournalWriter(
        directory,
        Limits(chance.choice([5000, 50_000, 10_000_000]), 3600.0, 10**9, 30 * 86400.0),
        system=System(wall_clock=lambda: time.time() + ahead_s),
    )
    if url:
        shipper_of(directory, url).start()
    for number in range(10**9):
        milliseconds = int((time.time() + ahead_s) * 1000)
        schema = chance.choice("abb")
        event = {
            "__timestamp__": "2026-11-23T17:42:05.123456Z",
            "__schema__": schema,
            "__schema_version__": 1,
            "__metadata_version__": 2,
            "__id__": f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-7000-8000-{os.urandom(6).hex()}",
            "name": "refuse me" if chance.random() < 0.01 else f"{name} {number}",
            "padding": "ü" * chance.choice([0, 10, 100, 1000]),
        }
        line = orjson.dumps(event) + b"\n"
        lost = writer.counts()["lost"]
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        writer.write(line)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        what = schema if writer.counts()["lost"] == lost else "lost"
        os.write(1, f"{what} {event['__id__']} {_digest(line)}\n".encode())
        time.sleep(chance.choice([0, 0, 0, 0.001, 0.002, 0.01]))


def ship(directory: str, url: str) -> None:
    """Ship until killed."""
    shipper_of(directory, url).start()
    while True:
        time.sleep(10)


def erase_a(directory: str) -> None:
    """Erase the schema "a"."""
    erase(directory, erases=lambda schema: schema == "a")


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()[:16]


# The plan


class Plan:
    """Plays what a seed says; all that it starts ends with it."""

    def __init__(self, seed: int, kind: str, home: Path, steps: int) -> None:
        self.chance = random.Random(f"{kind} {seed}")
        self.home = home
        self.journal = home / "journal"
        self.journal.mkdir()
        self.destination = DESTINATIONS[kind](home, random.Random(seed))
        self.log: list[str] = []
        self.expired: set[str] = set()
        self._steps = steps
        self._recorders: list[subprocess.Popen[bytes]] = []
        self._shippers: list[subprocess.Popen[bytes]] = []
        self._erasers: list[subprocess.Popen[bytes]] = []
        self._stopped: dict[subprocess.Popen[bytes], int] = {}  # until which step
        self.killed_erasers = 0

    def play(self) -> list[str]:
        """Return what is wrong in the end."""
        try:
            for _ in range(2):
                self._start_recorder()
                self._start_shipper()
            for step in range(self._steps):
                self._step(step)
                time.sleep(STEP_S)
            self._end(self._recorders + self._shippers)
            self._set_fault("")
            for eraser in self._erasers:
                eraser.wait(30)
            shipper = shipper_of(self.journal, self.destination.url)
            deadline = time.monotonic() + 30
            while not (is_all := shipper.ship(10)) and time.monotonic() < deadline:
                time.sleep(0.05)
            wrong = Judgement(self, shipper.place).wrong()
            return wrong if is_all else [f"not all was shipped: {shipper.state.reason}", *wrong]
        finally:
            self._end(self._recorders + self._shippers + self._erasers)
            self.destination.stop()

    def _step(self, step: int) -> None:
        for process in [each for each, until in self._stopped.items() if until <= step]:
            del self._stopped[process]
            process.send_signal(signal.SIGCONT)
        action, weight = zip(
            (self._kill_recorder, 4),
            (self._kill_shipper, 4),
            (self._pause_shipper, 2),
            (self._break, 5),
            (self._mend, 4),
            (self._erase, 1),
            (self._kill_eraser, 1),
            (self._expire, 1),
            (self._pass, 3),
            strict=True,
        )
        self.chance.choices(action, weight)[0](step)

    def _kill_recorder(self, step: int) -> None:
        self._say(step, "a recorder is killed")
        self._end([self._recorders.pop(0)])
        self._start_recorder()

    def _kill_shipper(self, step: int) -> None:
        self._say(step, "a shipper is killed")
        self._end([self._shippers.pop(0)])
        self._start_shipper()

    def _pause_shipper(self, step: int) -> None:
        self._say(step, "a shipper is stopped for a while")
        process = self.chance.choice(self._shippers)
        process.send_signal(signal.SIGSTOP)
        self._stopped[process] = step + self.chance.randrange(2, 10)

    def _break(self, step: int) -> None:
        fault = self.chance.choice(["down", "cut", "mute", "slow"])
        self._say(step, f"the network: {fault}")
        self._set_fault(fault)

    def _mend(self, step: int) -> None:
        self._say(step, "the network is well")
        self._set_fault("")

    def _set_fault(self, fault: str) -> None:
        if self.destination.proxy is not None:
            self.destination.proxy.set(fault)

    def _erase(self, step: int) -> None:
        self._say(step, "an erasure")
        self._erasers.append(self._start("erase", str(self.journal)))

    def _kill_eraser(self, step: int) -> None:
        running = [each for each in self._erasers if each.poll() is None]
        if running:
            self._say(step, "an erasure is killed")
            self.killed_erasers += 1
            self._end(running[:1])

    def _expire(self, step: int) -> None:
        from shipping.scene import expire_oldest

        if not any(each.poll() is None for each in self._erasers):
            found = expire_oldest(self.journal, sealed_for_s=1.0)
            self.expired |= set(found)
            self._say(step, f"{len(found)} events expire")

    def _pass(self, step: int) -> None:
        self._say(step, "nothing")

    def _start_recorder(self) -> None:
        environment = {
            # Ahead by less than makes a writer take the others' segments for those of dead ones (retention).
            CLOCK_VARIABLE: str(self.chance.choice([0, 0, 0, -86400, -3600, 3600, 86400])),
            FILE_VARIABLE: str(self.chance.choice([0, 0, 4000, 30_000])),
        }
        url = self.chance.choice(["", "", self.destination.url])
        name = f"recorder {len(list(self.home.glob('told*')))} {self.chance.random()}"
        self._recorders.append(self._start("record", str(self.journal), name, url, environment=environment))

    def _start_shipper(self) -> None:
        self._shippers.append(self._start("ship", str(self.journal), self.destination.url))

    def _start(self, *command: str, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        told = self.home / f"told{len(list(self.home.glob('told*')))}"
        said = self.home / "said"
        path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
        with told.open("wb") as output, said.open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, __file__, *command],
                stdout=output,
                stderr=errors,
                env={**os.environ, **(environment or {}), "PYTHONPATH": path},
            )

    def _end(self, processes: list[subprocess.Popen[bytes]]) -> None:
        for process in processes:
            self._stopped.pop(process, None)
            process.kill()
        for process in processes:
            process.wait()

    def _say(self, step: int, what: str) -> None:
        self.log.append(f"{step}: {what}")

    def told(self) -> dict[str, tuple[str, str]]:
        """Return what the recorders told, by id: the schema, or "lost", and the digest."""
        found = {}
        for path in self.home.glob("told*"):
            for line in path.read_text().splitlines(keepends=True):
                if line.endswith("\n"):  # else its recorder was killed meanwhile
                    what, event_id, digest = line.split()
                    found[event_id] = what, digest
        return found


class Judgement:
    """Compares what was told with what is anywhere."""

    def __init__(self, plan: Plan, place: Path) -> None:
        self._told = plan.told()
        self._place = place
        self._plan = plan
        rest = plan.destination.at_rest()
        self._rest = {orjson.loads(line)["__id__"]: _digest(line) for line in rest}
        times = Counter(orjson.loads(line)["__id__"] for line in rest)
        self._twice = [each for each, count in times.items() if count > 1] if plan.destination.is_exact else []
        letters = [letter.event_id for letter in dead_letters(plan.journal)]
        self._letters = set(letters)
        self._twice += [each for each, count in Counter(letters).items() if count > 1]
        there = JournalReader(plan.journal).events()
        self._there = {event["__id__"] for event in there}
        self._named = {event_id for tombstone in tombstones(plan.journal) for event_id in tombstone.ids()}
        self._erased = self._named - self._there - self._letters

    def wrong(self) -> list[str]:
        """Return what is wrong, in words."""
        told, rest, letters, erased, expired = self._told, self._rest, self._letters, self._erased, self._plan.expired
        kept = {each for each, (what, _) in told.items() if what != "lost"}
        # A killed erasure has left what it named in the journal; the destination was told to erase it all the same.
        half_erased = self._named & (self._there | expired) if self._plan.killed_erasers else set()
        found = {
            "lost without a word": kept - rest.keys() - letters - erased - expired - half_erased,
            "told to be lost, and there": (told.keys() - kept) & (rest.keys() | letters),
            "not as they were recorded": {each for each in kept & rest.keys() if told[each][1] != rest[each]},
            "twice": set(self._twice),
            "at rest and dead letters": rest.keys() & letters,
            "erased and at rest": erased & rest.keys() - half_erased,
            "of another schema, and erased": {each for each in erased & told.keys() if told[each][0] == "b"},
            "waiting": self._there - rest.keys() - letters - self._named,
        }
        wrong = [
            f"{len(ids)} {what}: {', '.join(map(self._about, sorted(ids)[:3]))}" for what, ids in found.items() if ids
        ]
        return wrong + self._wrong_in_the_reckoning() + self._wrong_with_the_plan()

    def _wrong_with_the_plan(self) -> list[str]:
        """A plan in which programs die by themselves, or nothing is recorded, shows nothing."""
        said = (self._plan.home / "said").read_text(errors="replace")
        failed = [said[said.index("Traceback") :][:2000]] if "Traceback" in said else []
        few = len(self._told) < FEWEST
        return failed + [f"only {len(self._told)} events were recorded"] * few

    def _about(self, event_id: str) -> str:
        where = {"on a tombstone": self._named, "in the journal": self._there, "expired": self._plan.expired}
        found = [name for name, ids in where.items() if event_id in ids]
        return f"{event_id} ({self._told.get(event_id, ('untold',))[0]}; {'; '.join(found) or 'nowhere'})"

    def _wrong_in_the_reckoning(self) -> list[str]:
        counted = reckon(self._plan.journal, self._place)
        recorded = self._rest.keys() | self._letters | self._erased | self._plan.expired | self._there
        slack = len(self._plan.expired & self._named)
        if (
            counted.waiting == 0
            and counted.refused == len(self._letters)
            and counted.erased == len(self._erased)
            and len(recorded) <= sum(counted) <= len(recorded) + slack
        ):
            return []
        return [f"the reckoning: {counted}, but {len(recorded)} were recorded, {len(self._erased)} erased"]


def run(seed: int, kind: str, home: Path, steps: int = 25) -> list[str]:
    """Play the plan of a seed; return what is wrong, and then what was done. [] if nothing is wrong."""
    plan = Plan(seed, kind, home, steps)
    wrong = plan.play()
    return [*wrong, *plan.log] if wrong else []


if __name__ == "__main__":
    {"record": record, "ship": ship, "erase": erase_a}[sys.argv[1]](*sys.argv[2:])
