"""What options mean that several sinks have: seconds, files, and the TLS that these make."""

from __future__ import annotations

import math
import os
import ssl
from typing import Any

from ..errors import ConfigurationError

__all__ = ["expanded", "seconds", "tls_context"]


def seconds(what: str, given: Any, least: float, most: float = math.inf) -> float:
    """Return a number of seconds; on a command line it is a text. Raises ConfigurationError."""
    try:
        found = float(given)
    except (TypeError, ValueError):
        found = math.nan
    if not least <= found <= most or math.isinf(found):
        bounds = f"{least:g} or more" if math.isinf(most) else f"{least:g} to {most:g}"
        raise ConfigurationError(f"{what} is a number of seconds, {bounds}")
    return found


def expanded(path: str | os.PathLike[str] | None) -> str | None:
    """Return the path of a file, in which `~` is somebody's home."""
    return None if path is None else os.path.expanduser(path)


def tls_context(
    what: str, ca_file: str | None, certificate_file: str | None = None, key_file: str | None = None
) -> ssl.SSLContext:
    """Make what TLS needs to know: whom to trust, by default the system's authorities, and who we are.

    Raises ConfigurationError.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        raise ConfigurationError(f"{what}: ca_file {ca_file} holds no certificates") from None
    if certificate_file is not None:
        try:
            context.load_cert_chain(certificate_file, key_file)
        except (OSError, ValueError):
            raise ConfigurationError(
                f"{what}: client_certificate_file and client_key_file are no certificate and its key"
            ) from None
    return context
