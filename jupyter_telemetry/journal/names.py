"""Where a journal stands, and what a schema's view and file in it are called."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["default_directory", "view_name"]

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
