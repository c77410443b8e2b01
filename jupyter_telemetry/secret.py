"""Secrets of a configuration: read from a file or an environment variable when they are needed, and never shown."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from .errors import ConfigurationError

__all__ = ["Secret", "without_secrets"]

_SECRET = re.compile("pass(word|wd|phrase)|token|secret|signature|credential", re.IGNORECASE)


class Secret:
    """Where a password or token stands; it is read anew for each connection, so that it may be rotated.

    Parameters
    ----------
    what: its name in messages, such as `password`.
    file: a path; the newline at its end is no part of the secret.
    variable: of the environment.

    Raises ConfigurationError if both are given.
    """

    def __init__(self, what: str, *, file: str | os.PathLike[str] | None = None, variable: str | None = None) -> None:
        if file is not None and variable is not None:
            raise ConfigurationError(f"{what}: give {what}_file or {what}_variable, not both")
        self._what = what
        self._file = None if file is None else Path(os.path.expanduser(file))
        self._variable = variable

    def read(self) -> str | None:
        """Return the secret; None if none is configured. Raises ConfigurationError if it is not there."""
        if self._file is not None:
            try:
                found = self._file.read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
                raise ConfigurationError(f"{self._what}_file {self._file} cannot be read: {why}") from None
            if not found:
                raise ConfigurationError(f"{self._what}_file {self._file} is empty")
            return found
        if self._variable is not None:
            found = os.environ.get(self._variable, "")
            if not found:
                raise ConfigurationError(f"{self._what}_variable: {self._variable} is not set in the environment")
            return found
        return None

    def __repr__(self) -> str:
        return f"<Secret {self._what}>"


def without_secrets(url: str, what: str) -> str:
    """Return a URL that holds no password, neither before its host nor among its parameters.

    Raises ConfigurationError for one that does: it would be shown, and logged.
    """
    try:
        parts = urlsplit(url)
        holds_one = parts.password is not None or any(
            _SECRET.search(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)
        )
    except ValueError:
        raise ConfigurationError(f"{what}: the URL cannot be read") from None
    if holds_one:
        raise ConfigurationError(f"{what}: the URL holds a password; give it as password_file or password_variable")
    return url
