"""What a seed says, played: what is killed, cut, filled and erased, and when."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_telemetry import TelemetryError
from shipping.scene import expire_oldest

from .destinations import DESTINATIONS, kind_of
from .disk import LEFT_BYTES, SmallDisk
from .network import FAULTS, Trap
from .programs import LOST, UNSURE, shipper_of
from .verdict import Evidence, told_in, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from .destinations import Destination

__all__ = ["run"]

STEPS = 25
PATIENCE_S = 30.0
TESTS = Path(__file__).parents[2]

Program = subprocess.Popen[bytes]


def run(seed: int, home: Path, kind: str = "", steps: int = STEPS) -> tuple[list[str], list[str]]:
    """Play the plan of a seed, in an empty directory; return what is wrong in the end, and what was done.

    kind: of the destination, if it shall be another than the seed says.
    """
    kind = kind or kind_of(seed)
    plan = Plan(seed, kind, home, steps)
    return plan.play(), [f"{kind}, seed {seed}", *plan.log]


class Plan:
    """Plays what a seed says; all that it starts ends with it."""

    def __init__(self, seed: int, kind: str, home: Path, steps: int) -> None:
        self.log: list[str] = []
        self._began = time.monotonic()
        self._chance = random.Random(f"{kind} {seed}")
        self._home = home
        self._steps = steps
        self._step = 0
        self._destination = DESTINATIONS[kind](home, seed)
        # Every third one, so that each destination's plans are among them, fills the journal's own disk.
        self._disk = SmallDisk(home / "journal's disk") if seed % 3 == 2 else None
        self._journal = (self._disk.directory if self._disk else home) / "journal"
        self._journal.mkdir()
        self._expired: set[str] = set()
        self._recorders: list[Program] = []
        self._shippers: list[Program] = []
        self._erasers: list[Program] = []
        self._compactors: list[Program] = []
        self._paused: dict[Program, int] = {}  # until which step
        self._mends: dict[Callable[[], None], int] = {}  # what ends a fault, and at which step
        self._file_bytes: int | None = None  # how long the files of shippers may become
        self._actions = self._actions_for(self._destination)

    def _actions_for(self, destination: Destination) -> dict[Callable[[], None], int]:
        """Return what is done at a step, and how often beside the rest."""
        actions: dict[Callable[[], None], int] = {
            self._kill_recorder: 3,
            self._end_recorder: 1,
            self._kill_shipper: 4,
            self._pause_shipper: 2,
            self._limit_shippers: 1,
            self._erase: 1,
            self._kill_eraser: 1,
            self._expire: 1,
            self._pass: 5,
        }
        if destination.proxy is not None:
            actions[self._break_network] = 5
        if destination.is_killable:
            actions[self._kill_destination] = 4
        if destination.disk is not None and destination.disk.is_small:
            actions[self._fill_disk] = 3
        if self._disk is not None:
            actions[self._fill_journals_disk] = 5
        if destination.lake is not None:
            actions[self._compact] = 2
            actions[self._kill_compactor] = 1
        return actions

    def play(self) -> list[str]:
        """Return what is wrong in the end."""
        destination = self._destination
        try:
            destination.start()
            for _ in range(2):
                self._start_recorder()
                self._start_shipper()
            if not self._has_arrived():
                return ["nothing has arrived, though all was well"]
            for self._step in range(self._steps):  # noqa: B020 - it is told in the log
                self._end_what_is_over()
                self._chance.choices(list(self._actions), list(self._actions.values()))[0]()
                time.sleep(destination.step_s)
            return self._end()
        except TelemetryError as error:
            return [f"what is at rest cannot be read: {error}"]
        finally:
            self._kill(self._recorders + self._shippers + self._erasers + self._compactors)
            destination.stop()
            if self._disk is not None:
                self._disk.close()

    def _end(self) -> list[str]:
        """Mend all, have what is left shipped, and judge."""
        for mend in list(self._mends):
            self._mend(mend)
        self._kill(self._recorders + self._shippers)
        for process in self._erasers + self._compactors:  # who reads a lake meanwhile may find a file gone
            process.wait(PATIENCE_S)
        self._say(f"{len(self._destination.at_rest())} are at rest by what was killed")
        shipper = shipper_of(self._journal, self._destination.sink)
        deadline = time.monotonic() + PATIENCE_S
        while not (is_all := shipper.ship(10)) and time.monotonic() < deadline:
            time.sleep(0.05)
        wrong = verdict(self._evidence(shipper.place))
        return wrong if is_all else [f"not all was shipped: {shipper.state.reason}", *wrong]

    def _has_arrived(self) -> bool:
        """Say, as soon as it is, whether something is at rest: else nothing is under way that could be cut."""
        deadline = time.monotonic() + PATIENCE_S
        while not (at_rest := self._destination.at_rest()) and time.monotonic() < deadline:
            time.sleep(0.05)
        self._say(f"{len(at_rest)} are at rest")
        return bool(at_rest)

    def _evidence(self, place: Path) -> Evidence:
        told = told_in(self._home.glob("told*"))
        at_rest = self._destination.at_rest()
        whats = [what for what, _ in told.values()]
        lost = f"{whats.count(LOST)} of them as lost, {whats.count(UNSURE)} perhaps"
        self._say(f"{len(told)} were told, {lost}; {len(at_rest)} are at rest")
        return Evidence(
            self._journal,
            place,
            told,
            at_rest,
            frozenset(self._expired),
            sum(eraser.returncode != 0 for eraser in self._erasers),
            (self._home / "said").read_text(errors="replace"),
            self._destination.erases,
            self._destination.keeps_lines,
        )

    def _end_what_is_over(self) -> None:
        for process in [each for each, until in self._paused.items() if until <= self._step]:
            del self._paused[process]
            process.send_signal(signal.SIGCONT)
        for mend in [each for each, until in self._mends.items() if until <= self._step]:
            self._mend(mend)

    def _break(self, what: str, mend: Callable[[], None], most_steps: int) -> None:
        """Say that something is broken now, and that it is mended a few steps later."""
        self._say(what)
        self._mends[mend] = self._step + self._chance.randrange(1, most_steps)

    def _mend(self, mend: Callable[[], None]) -> None:
        del self._mends[mend]
        mend()

    # Recorders and shippers

    def _kill_recorder(self) -> None:
        self._say("a recorder is killed")
        self._kill([self._recorders.pop(0)])
        self._start_recorder()

    def _end_recorder(self) -> None:
        self._say("a recorder ends, as it should")
        recorder = self._recorders.pop(0)
        recorder.terminate()
        recorder.wait(PATIENCE_S)
        self._start_recorder()

    def _kill_shipper(self) -> None:
        self._say("a shipper is killed")
        self._kill([self._shippers.pop(0)])
        self._start_shipper()

    def _pause_shipper(self) -> None:
        self._say("a shipper is stopped for a while")
        process = self._chance.choice(self._shippers)
        process.send_signal(signal.SIGSTOP)
        self._paused[process] = self._step + self._chance.randrange(2, 10)

    def _limit_shippers(self) -> None:
        self._file_bytes = self._chance.choice([0, 300, 3000, 20_000])
        self._set_limits()
        self._break(f"shippers write no file of more than {self._file_bytes} bytes", self._lift_limits, 5)

    def _lift_limits(self) -> None:
        self._say("shippers write what they will")
        self._file_bytes = None
        self._set_limits()

    def _set_limits(self) -> None:
        limit = resource.RLIM_INFINITY if self._file_bytes is None else self._file_bytes
        for process in self._shippers:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    # The destination, and the way to it

    def _break_network(self) -> None:
        assert self._destination.proxy is not None
        fault = self._chance.choice(FAULTS)
        self._destination.proxy.set(fault)
        self._break(f"the network: {fault}", self._mend_network, 6)

    def _mend_network(self) -> None:
        assert self._destination.proxy is not None
        self._say("the network is well")
        self._destination.proxy.set("")

    def _kill_destination(self) -> None:
        assert self._destination.proxy is not None
        trap = Trap(
            self._chance.random() < 0.5,
            self._chance.choice([1, 1000, 10_000]),
            self._chance.choice([0.0, 0.5, 1.0]),
            self._destination.kill,
        )
        if self._chance.random() < 0.3:
            self._destination.kill()
            self._break("the destination is killed", self._start_destination, 5)
        else:
            self._destination.proxy.lay(trap)
            when = "before an answer" if trap.in_answer else "in a batch"
            self._break(f"the destination is killed {when}", self._start_destination, 5)

    def _start_destination(self) -> None:
        assert self._destination.proxy is not None
        self._destination.proxy.lay(None)
        self._destination.kill()  # if nothing came by until now
        self._destination.start()
        self._say("the destination is there again")

    def _fill_disk(self) -> None:
        assert self._destination.disk is not None
        left = self._chance.choice(LEFT_BYTES)
        self._destination.disk.fill(left)
        self._break(f"the destination's disk is full but for {left} bytes", self._free_disk, 6)

    def _free_disk(self) -> None:
        assert self._destination.disk is not None
        self._say("there is room on the destination's disk")
        self._destination.disk.free()

    # The journal's own disk

    def _fill_journals_disk(self) -> None:
        assert self._disk is not None
        left = self._chance.choice(LEFT_BYTES)
        self._disk.fill(left)
        self._break(f"the journal's disk is full but for {left} bytes", self._free_journals_disk, 6)

    def _free_journals_disk(self) -> None:
        assert self._disk is not None
        self._say("there is room on the journal's disk")
        self._disk.free()

    # What else is done

    def _erase(self) -> None:
        self._say("an erasure")
        self._erasers.append(self._start("erase", str(self._journal)))

    def _kill_eraser(self) -> None:
        running = [each for each in self._erasers if each.poll() is None]
        if running:
            self._say("an erasure is killed")
            self._kill(running[:1])

    def _expire(self) -> None:
        if not any(each.poll() is None for each in self._erasers):
            try:
                found = expire_oldest(self._journal, sealed_for_s=1.0)
            except OSError as error:
                self._say(f"nothing expires: {error.strerror}")
                return
            self._expired |= set(found)
            self._say(f"{len(found)} events expire")

    def _compact(self) -> None:
        self._say("a compaction")
        self._compactors.append(self._start("compact", str(self._destination.lake)))

    def _kill_compactor(self) -> None:
        self._say("compactions are killed")
        self._kill(self._compactors)

    def _pass(self) -> None:
        self._say("nothing")

    # Programs

    def _start_recorder(self) -> None:
        chance, destination = self._chance, self._destination
        settings: dict[str, Any] = {
            "sink": chance.choice([None, None, destination.sink]),
            "durability": chance.choice(["process", "process", "memory", "disk"]),
            "clocks_s": destination.clocks_s,
            "file_bytes": chance.choice([0, 0, 4000, 30_000]),
            "full_while": str(self._disk.sign) if self._disk and not self._disk.is_small else "",
            "unacceptable": destination.unacceptable,
        }
        name = f"recorder {len(list(self._home.glob('told*')))} {chance.random()}"
        ships = ", and ships" if settings["sink"] else ""
        room = f", with files of at most {settings['file_bytes']} bytes" if settings["file_bytes"] else ""
        self._say(f"a recorder starts, at the durability {settings['durability']}{ships}{room}")
        self._recorders.append(self._start("record", str(self._journal), name, json.dumps(settings)))

    def _start_shipper(self) -> None:
        self._shippers.append(self._start("ship", str(self._journal), json.dumps(self._destination.sink)))
        self._set_limits()

    def _start(self, *command: str) -> Program:
        told = self._home / f"told{len(list(self._home.glob('told*')))}"
        path = os.pathsep.join([str(TESTS), *filter(None, sys.path)])
        with told.open("wb") as output, (self._home / "said").open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "shipping.oracle.programs", *command],
                stdout=output,
                stderr=errors,
                env={**os.environ, "PYTHONPATH": path},
            )

    def _kill(self, processes: list[Program]) -> None:
        for process in processes:
            self._paused.pop(process, None)
            process.kill()
        for process in processes:
            process.wait()

    def _say(self, what: str) -> None:
        self.log.append(f"{time.monotonic() - self._began:5.1f} s, step {self._step}: {what}")
