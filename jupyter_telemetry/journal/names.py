"""Where a journal stands, and what a schema's view and file in it are called."""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DefaultPlace", "default_directory", "default_place", "refuse_planted", "view_name"]

_HUB = ("JUPYTERHUB_API_TOKEN", "JUPYTERHUB_USER", "JUPYTERHUB_SERVICE_NAME")  # which a Hub gives to what it spawns

_LONGEST_ID = 100  # characters; a file name has room for 255 bytes, PostgreSQL's identifiers for 63
_LONGEST_VERSION = 40


def default_directory() -> Path:
    """Return the directory of a journal that nobody configured: below Jupyter's own data directory.

    It follows JUPYTER_DATA_DIR, and need not exist.
    """
    from jupyter_core.paths import (
        jupyter_data_dir,  # when needed: a journal elsewhere imports nothing of Jupyter
    )

    return Path(jupyter_data_dir(), "telemetry", "journal")


class DefaultPlace(NamedTuple):
    """Where a journal is to stand, and how its events are to come there."""

    directory: Path
    durability: str  # as of JournalHandler
    is_scratch: bool  # other users may write beside it: it must be private
    reason: str  # for people


def default_place(environ: Mapping[str, str], *, has_shipper: bool, scratch: str | None = None) -> DefaultPlace:
    """Decide where a journal stands that nobody placed.

    Under a JupyterHub a home is often a network disk, which may block whoever writes to it for as long as its server
    is away. So there a journal that is shipped stands on the local disk; one that is not outlives the container in
    the home, and is written to by a thread, for which nobody waits.

    Parameters
    ----------
    environ: of the process.
    has_shipper: whether the journal is carried to a destination.
    scratch: the directory for temporary files; by default the system's.
    """
    variable = next((name for name in _HUB if environ.get(name)), None)
    home = default_directory()
    if variable is None:
        return DefaultPlace(
            home, "process", False, "it is not under a JupyterHub, so its home is taken for a local disk"
        )
    hub = f"{variable} is set, so this belongs to a JupyterHub, where a home may be on a network"
    if not has_shipper:
        return DefaultPlace(home, "memory", False, f"{hub}; nothing ships it, so it has to outlive the container")
    user = os.getuid() if hasattr(os, "getuid") else "journal"
    local = Path(scratch or tempfile.gettempdir(), f"jupyter_telemetry-{user}")
    try:
        refuse_planted(local)
    except OSError as error:
        return DefaultPlace(home, "memory", False, f"{hub}; the local {local} cannot be used: {error.strerror}")
    return DefaultPlace(local, "process", True, f"{hub}; it is shipped from the local disk")


def refuse_planted(directory: str | os.PathLike[str]) -> None:
    """Raise OSError if what stands there is not a directory of ours alone: in `/tmp` anybody may have made it."""
    try:
        found = os.lstat(directory)
    except FileNotFoundError:
        return
    is_ours = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
    if not stat.S_ISDIR(found.st_mode) or not is_ours or (os.name == "posix" and found.st_mode & 0o077):
        raise PermissionError(errno.EPERM, "it is not a directory of this user alone", os.fspath(directory))


def view_name(schema_id: str, version: int | str) -> str:
    """Name a schema as a readable SQL identifier: lower-case ASCII letters, digits and `_`.

    The scheme, a host that begins with `events.`, a file's suffix and a last part that repeats the version are
    left out. Two schemas may get the same name: whoever lists names tells them apart.

    >>> view_name("https://events.jupyter.org/jupyter_server/contents_service/v1", "1")
    'jupyter_server_contents_service_v1'
    >>> view_name("url.to.event.schema", 1)
    'url_to_event_schema_v1'
    """
    suffix = _identifier(str(version))[:_LONGEST_VERSION] or "0"
    if not re.match(r"v\d", suffix):
        suffix = f"v{suffix}"
    text = re.sub(r"^(?:[A-Za-z][A-Za-z0-9+.-]*://(?:events\.[^/]*/)?|urn:)", "", schema_id)
    text = re.sub(r"\.(?:ya?ml|json)$", "", text.rstrip("#/"), flags=re.IGNORECASE)
    body = _identifier(text)
    body = re.sub(rf"(?:^|_){suffix}$", "", body)[-_LONGEST_ID:].strip("_") or "event"
    if body[0].isdigit():
        body = f"event_{body}"
    return f"{body}_{suffix}"


def _identifier(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
