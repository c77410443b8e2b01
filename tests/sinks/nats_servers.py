"""NATS servers of the tests' own: one, or a cluster of three."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sysconfig
import time
from pathlib import Path
from typing import Any

import nats

from .running import free_port

__all__ = ["NATSServers"]

READY_WITHIN_S = 60.0


class NATSServers:
    """Servers on free ports of 127.0.0.1, with JetStream in a directory.

    settings: more of nats-server's configuration, for all of them.
    """

    def __init__(self, directory: Path, count: int = 1, settings: str = "", **options: Any) -> None:
        self.ports = [free_port() for _ in range(count)]
        self.options = options  # of a client that may do everything
        self._processes: list[subprocess.Popen[bytes] | None] = [None] * count
        self._directory = directory
        routes = [free_port() for _ in range(count)]
        for number, port in enumerate(self.ports):
            place = directory / f"n{number}"
            place.mkdir(parents=True)
            cluster = f"""cluster {{ name: tests, listen: "127.0.0.1:{routes[number]}",
                routes: {json.dumps([f"nats://127.0.0.1:{route}" for route in routes])} }}"""
            (place / "nats.conf").write_text(
                f"""server_name: n{number}
                listen: "127.0.0.1:{port}"
                jetstream {{ store_dir: {json.dumps(str(place))}, max_file: 1G, max_mem: 64M }}
                {cluster if count > 1 else ""}
                {settings}
                """
            )

    def url(self, scheme: str = "nats") -> str:
        return f"{scheme}://" + ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def start(self) -> None:
        """Start all that do not run; return when JetStream answers."""
        for number in range(len(self.ports)):
            self.start_one(number)
        self.wait()

    def start_one(self, number: int) -> None:
        """Start one."""
        if self._processes[number] is None:
            place = self._directory / f"n{number}"
            with (place / "log").open("ab") as log:
                self._processes[number] = subprocess.Popen(
                    [_program(), "-c", str(place / "nats.conf")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )

    def wait(self) -> None:
        """Return when JetStream answers."""
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                self.ask(lambda context: context.account_info())
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def process(self, number: int = 0) -> subprocess.Popen[bytes]:
        """Return the process of one."""
        process = self._processes[number]
        assert process is not None
        return process

    def kill_one(self, number: int) -> None:
        """Kill one with -9."""
        process, self._processes[number] = self._processes[number], None
        if process is not None:
            process.kill()
            process.wait()

    def kill(self) -> None:
        """Kill all with -9."""
        for number in range(len(self.ports)):
            self.kill_one(number)

    def leader(self, stream: str) -> int:
        """Return which server leads a stream, as soon as one does."""
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                return int(self.ask(lambda context: context.stream_info(stream)).cluster.leader[1:])
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def ask(self, question: Any) -> Any:
        """Ask JetStream: `question` makes a coroutine of a context."""

        async def asked() -> Any:
            connection = await nats.connect(
                [
                    f"nats://127.0.0.1:{port}"
                    for port, process in zip(self.ports, self._processes, strict=True)
                    if process
                ],
                connect_timeout=2,
                max_reconnect_attempts=1,
                reconnect_time_wait=0.05,
                error_cb=_be_silent,
                **self.options,
            )
            try:
                return await question(connection.jetstream(timeout=2))
            finally:
                await connection.close()

        return asyncio.run(asked())

    def events(self, stream: str = "TELEMETRY") -> list[dict[str, Any]]:
        """Return all events of a stream, from its first message to its last."""
        return [json.loads(line) for message in self.messages(stream) for line in message.data.splitlines()]

    def messages(self, stream: str = "TELEMETRY") -> list[Any]:
        """Return all messages of a stream."""

        async def read(context: Any) -> list[Any]:
            last = (await context.stream_info(stream)).state.last_seq
            found: list[Any] = []
            if not last:
                return found
            subscription = await context.subscribe(">", stream=stream, ordered_consumer=True)
            while not found or found[-1].metadata.sequence.stream < last:
                found.append(await subscription.next_msg(timeout=20))
            return found

        return self.ask(read)


async def _be_silent(_: Exception) -> None:
    pass


def _program() -> str:
    found = shutil.which("nats-server", path=sysconfig.get_path("scripts")) or shutil.which("nats-server")
    assert found, "there is no nats-server: the extra `test` installs it"
    return found
