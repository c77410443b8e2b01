"""What a user has decided: one file in their Jupyter data directory, which every server of that home obeys.

The file is never changed, only replaced as a whole: a process that is killed half-way leaves what was there. Who
replaces it holds a lock, which is a file too, since `flock` does not reach across every NFS.

Where the file is there and cannot be read, nothing is known of what was refused, and nobody may take that for
consent: `Decisions.problem` says why. The next decision puts such a file aside; the new one remembers that earlier
decisions were lost.
"""

from __future__ import annotations

import contextlib
import os
import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConsentError
from ..lockfile import LockFile, LockLost
from ..privatefile import make_private, replacing
from ..timestamp import utc_text
from .ledger import Decision, Decisions, Ledger, Unreadable
from .statement import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MAX_BYTES", "Decision", "DecisionStore", "Decisions", "default_file"]

MAX_BYTES = 32 * 1024**2  # of the file; a decision takes some 300

_STALE_S = 10.0  # after which a lock that nobody lets go was left by a killed process
_WAIT_S = 30.0
_TRIES = 5  # to write, when others take our lock for one that was left behind
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a FIFO must not hang a server
_NOT_THERE = "there is no file"


def default_file() -> Path:
    """Return the file of the user whose process this is; it follows JUPYTER_DATA_DIR, and need not exist."""
    from jupyter_core.paths import jupyter_data_dir  # when needed

    return Path(jupyter_data_dir(), "telemetry", "consent.json")


class DecisionStore:
    """The file of a user's decisions; any thread of any number of processes may use it.

    Parameters
    ----------
    file: default_file() if none is given, looked up when it is first needed.
    clock: the time of a decision, with its zone.
    stale_lock_s: after which a lock that nobody lets go was left by a killed process.
    """

    def __init__(
        self,
        file: Path | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        stale_lock_s: float = _STALE_S,
    ) -> None:
        self._file = file
        self._clock = clock
        self._stale_lock_s = stale_lock_s
        self._mark: object = None  # of what was read last

    @property
    def file(self) -> Path:
        """Where the decisions stand. Raises RuntimeError where the user has no home."""
        if self._file is None:
            self._file = default_file()
        return self._file

    def read(self) -> Decisions:
        """Read all decisions. Never raises: what keeps them from being read is the result's `problem`."""
        try:
            fd, self._mark = self._open()
        except Unreadable as reason:
            self._mark = str(reason)
            return Decisions(problem=self._about(reason))
        try:
            decisions = Ledger(_content(fd)).decisions()
        except Unreadable as reason:
            return Decisions(problem=self._about(reason))
        return decisions._replace(problem=decisions.problem and self._about(decisions.problem))

    def changed(self) -> bool:
        """Say whether the file is another one than when it was last read; never raises.

        It opens the file and does not read it: cheap enough for every few seconds.
        """
        try:
            fd, mark = self._open()
        except Unreadable as reason:
            return str(reason) != self._mark
        if fd is not None:
            os.close(fd)
        return mark != self._mark

    def unanswered(self) -> Decisions:
        """Return what is known while the disk that the file stands on does not answer: nothing."""
        return Decisions(problem=self._about("cannot be read: its disk does not answer"))

    def decide(self, choices: Mapping[str, bool], *, statement: dict[str, Any], shown: str, by: str) -> list[Decision]:
        """Write decisions down, all or none of them; when this returns they are on the disk.

        It waits while other processes write theirs: not for the thread of an event loop.

        Parameters
        ----------
        choices: by subject, whether it is granted.
        statement: the policy that they are about; see statement.statement.
        shown: the words in which the user was shown that policy.
        by: where they decided: "page" or "command line".

        Raises ConsentError if they cannot be written; then nothing has changed.
        """
        moment = utc_text(self._clock())
        policy = digest(statement)
        made = [Decision(subject, bool(granted), moment, policy, by, shown) for subject, granted in choices.items()]
        if not made:
            return []
        try:
            make_private(str(self.file.parent))
            for _ in range(_TRIES):
                name = self.file.with_name(f"{self.file.name}.lock")
                lock = LockFile(name, stale_s=self._stale_lock_s, wait_s=_WAIT_S)
                with contextlib.suppress(LockLost), lock:
                    self._replace(self._added(made, statement), lock)
                    return made
        except (OSError, RuntimeError) as error:
            raise self._refused(getattr(error, "strerror", None) or str(error)) from error
        raise self._refused("other processes take its lock all the time")

    def _open(self) -> tuple[int | None, object]:
        """Open the file, if there is one; return it and what tells it from another. Raises Unreadable."""
        fd = self._opened()
        if fd is None and self._stands():
            fd = self._opened()  # another process may have made it meanwhile
            if fd is None and self._stands():
                raise Unreadable("leads nowhere, or what it should stand in is no directory")
        if fd is None:
            return None, _NOT_THERE
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise Unreadable("is no regular file")
            if not _is_ours(found, self.file.parent):
                raise Unreadable(f"belongs to another user (uid {found.st_uid}): its decisions are not yours")
        except OSError as error:  # a file server forgets files that are open
            os.close(fd)
            raise Unreadable(f"cannot be read: {error.strerror}") from None
        except BaseException:
            os.close(fd)
            raise
        return fd, (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def _opened(self) -> int | None:
        try:
            # An NFS client believes for up to a minute what it knows of a directory, also that a file is not there;
            # it asks the server when the directory, or the file, is opened.
            with contextlib.suppress(OSError):
                os.close(os.open(self.file.parent, os.O_RDONLY))
            return os.open(self.file, _READ)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, RuntimeError) as error:
            raise Unreadable(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None

    def _stands(self) -> bool:
        """Say whether something is there: a link that leads nowhere was a file, on a disk that is not mounted, say."""
        return any(os.path.lexists(each) and not os.path.isdir(each) for each in (self.file, self.file.parent))

    def _about(self, reason: object) -> str:
        return (
            f"{self._file or 'the file of decisions'} {reason}. What was decided there is not known, and counts as "
            "refused until it is decided again"
        )

    def _refused(self, reason: str) -> ConsentError:
        return ConsentError(
            f"the decision cannot be written to {self._file or 'the Jupyter data directory'}: {reason}. It is not in "
            "force. Make room there, or make the directory writable; DO_NOT_TRACK=1 in the environment refuses "
            "without a file"
        )

    # Under the lock

    def _added(self, made: list[Decision], statement: dict[str, Any]) -> bytes:
        """Return the file's next content. What cannot be read is kept under another name."""
        try:
            ledger = Ledger(_content(self._open()[0]))
        except Unreadable:
            ledger = Ledger()
            aside = self.file.with_name(f"{self.file.name}.unreadable-{os.urandom(4).hex()}")
            ledger.lost.append(aside.name)
            # A second name, not a new one: if this process ends now, the file must still be there, and be unreadable.
            with contextlib.suppress(OSError, NotImplementedError):  # a directory, or another user's
                os.link(self.file, aside, follow_symlinks=False)
        for decision in made:
            ledger.add(decision, statement)
        return ledger.encode()

    def _replace(self, content: bytes, lock: LockFile) -> None:
        """Put a new file in the place of the old one. Raises OSError, LockLost: then nothing has changed."""
        directory, name = self.file.parent, self.file.name
        for left in directory.glob(f".{name}.*.tmp"):  # by a process that was killed
            with contextlib.suppress(OSError):
                left.unlink()
        with replacing(self.file, lasting=True, check=lock.check) as file:
            file.write(content)


def _content(fd: int | None) -> bytes | None:
    """Read an open file to its end, and close it. Raises Unreadable."""
    if fd is None:
        return None
    try:
        with os.fdopen(fd, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise Unreadable(f"is longer than {MAX_BYTES:,} bytes")
    return content


def _is_ours(found: os.stat_result, directory: Path) -> bool:
    """Say whether a file is this user's own: nobody else may decide for them.

    A file server may show all files under one other owner: then the directory is that one's too.
    """
    return not hasattr(os, "geteuid") or found.st_uid == os.geteuid() or found.st_uid == os.stat(directory).st_uid
