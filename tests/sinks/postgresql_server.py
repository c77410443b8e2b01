"""A PostgreSQL of the tests' own, as Debian packages it."""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psutil
import psycopg

from .running import free_port

__all__ = ["PASSWORD", "PostgreSQLServer"]

PASSWORD = "correct horse battery staple"
READY_WITHIN_S = 60.0


class PostgreSQLServer:
    """A server on a free port of 127.0.0.1, with one superuser, `shipper`, who needs a password.

    It runs as another user where the tests run as root, which PostgreSQL refuses.

    is_synced: whether what it is made of is on the disk before it starts, as a power cut demands and no kill does.
    """

    def __init__(self, *, is_synced: bool = True) -> None:
        self.port = free_port()
        self.directory = Path(tempfile.mkdtemp(prefix="telemetry-postgresql-"))
        self.data = self.directory / "data"
        self._user = _user()
        self._process: subprocess.Popen[bytes] | None = None
        password = self.directory / "password"
        password.write_text(PASSWORD)
        if self._user:
            os.chown(self.directory, pwd.getpwnam(self._user).pw_uid, -1)
            os.chown(password, pwd.getpwnam(self._user).pw_uid, -1)
        initdb = (_program("initdb"), "-D", str(self.data), "-U", "shipper", "-E", "UTF8", "--no-locale")
        options = () if is_synced else ("--no-sync",)
        self._run(*initdb, "-A", "scram-sha-256", f"--pwfile={password}", "--no-instructions", *options)

    def url(self, database: str = "postgres", *, user: str = "shipper", port: int | None = None) -> str:
        """Return the URL of a database, without a password."""
        return f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Connect as the superuser; each statement is a transaction."""
        return psycopg.connect(self.url(database), password=PASSWORD, autocommit=True, connect_timeout=5)

    def start(self) -> None:
        """Start; return when it answers. What a kill left is recovered first, from its log."""
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_wal_size": "256MB",
            "fsync": "on",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log = self.directory / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [_program("postgres"), "-D", str(self.data), *options],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=self.directory,
                **self._as_user(),
            )
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL does not start:\n{log.read_text('utf-8', 'replace')}") from None
                time.sleep(0.05)
            else:
                return

    def processes(self) -> list[psutil.Process]:
        """Return the server's processes, the first one first."""
        assert self._process is not None
        first = psutil.Process(self._process.pid)
        return [first, *first.children(recursive=True)]

    def kill(self) -> None:
        """Kill all of it at once, with -9."""
        processes = self.processes()
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):  # one of a connection, that has just ended
                process.suspend()  # no part of it may see that another is gone, and tidy up
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        assert self._process is not None
        self._process.wait()
        while any(map(_is_there, processes[1:])):
            time.sleep(0.005)

    def close(self) -> None:
        """Stop it, and take its data away."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        shutil.rmtree(self.directory)

    def _run(self, *command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=self.directory, **self._as_user())

    def _as_user(self) -> dict[str, object]:
        return {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": []} if self._user else {}


def _is_there(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE  # of which its new parent has not heard
    except psutil.NoSuchProcess:
        return False


def _program(name: str) -> str:
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    found = str(newest[-1]) if newest else shutil.which(name)
    assert found, f"there is no {name}: .ci/services installs it"
    return found


def _user() -> str:
    if os.geteuid() != 0:
        return ""
    known = {each.pw_name for each in pwd.getpwall()} - {getpass.getuser()}
    return "postgres" if "postgres" in known else "nobody"
