"""Pseudonyms: the same value is the same pseudonym wherever the same key is, and nobody without it can tell whose."""

from __future__ import annotations

import hashlib
import hmac
import logging
import math
import os
import shlex
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from ..encoding import plain
from ..errors import ConfigurationError
from ..notice import Notices

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KEY_VARIABLE", "PseudonymKey", "derive_user_key", "read_key", "why_not_secret"]

KEY_VARIABLE = "JUPYTER_TELEMETRY_PSEUDONYM_KEY"
MIN_KEY_BYTES = 16
_TRAIT = "EventLog.pseudonym_key_file"

_BLOCK_BYTES = 64  # of SHA-256
_PSEUDONYM_DIGITS = 32  # 128 bits: half of the digest, the least that RFC 2104 §5 advises
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS

# What else is derived from a key begins as no JSON text does: no value has such a pseudonym.
_FOR_ID = b"key id"
_FOR_USER = b"user key:"

_notices = Notices(logging.getLogger("jupyter_telemetry.privacy"))


class PseudonymKey:
    """A key that makes pseudonyms; two are equal if they make the same.

    It holds two states of SHA-256, begun with the secret, and not the secret; it is neither shown nor pickled. Any
    thread may use it.

    id: eight hexadecimal digits that are derived from the secret; they tell keys apart, in every pseudonym.
    """

    __slots__ = ("_fingerprint", "_inner", "_outer", "_prefix", "id")

    def __init__(self, secret: bytes) -> None:
        self._fingerprint = hmac.digest(secret, _FOR_ID, "sha256")
        self.id = self._fingerprint[:4].hex()
        self._prefix = f"pseudonym:{self.id}:"
        # HMAC (RFC 2104 §2) as far as it is the same for every value: 0.5 µs then, where hmac.digest takes 1.2.
        block = (secret if len(secret) <= _BLOCK_BYTES else hashlib.sha256(secret).digest()).ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def pseudonym(self, value: Any) -> str:
        """Return `pseudonym:<key id>:<32 hexadecimal digits>` for a value of JSON.

        Two values have the same if they are equal as JSON: 1 and 1.0 are, 1, "1" and true are not; the order of an
        object's names is nothing. Raises TypeError, ValueError or RecursionError, without the value, for what JSON
        cannot hold.
        """
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(orjson.dumps(value) if type(value) in (str, int, bool) else _canonical(value))
        outer.update(inner.digest())
        return self._prefix + outer.hexdigest()[:_PSEUDONYM_DIGITS]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PseudonymKey) and self._fingerprint == other._fingerprint

    def __hash__(self) -> int:
        return hash(self._fingerprint)

    def __repr__(self) -> str:
        return f"<PseudonymKey {self.id}>"

    def __copy__(self) -> PseudonymKey:
        return self

    def __deepcopy__(self, memo: Any) -> PseudonymKey:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a pseudonym key is not pickled: let each process read it")


def read_key(file: str | None, environ: Mapping[str, str]) -> PseudonymKey | None:
    """Read the key from `c.EventLog.pseudonym_key_file` or from the environment; None if there is none.

    A newline at the end is not part of it. Raises ConfigurationError for a file that cannot be read, or that every
    user may write to; for a key that is too short; and for two that are not the same. Warns, once for each file, if
    every user may read it.
    """
    secrets = []
    if file:
        secrets.append(_secret(_read(file), f"{_TRAIT}: {file!r}"))
    if KEY_VARIABLE in environ:
        secrets.append(_secret(environ[KEY_VARIABLE], f"The environment's {KEY_VARIABLE}"))
    if len(set(secrets)) > 1:
        raise ConfigurationError(
            f"{_TRAIT} ({file!r}) and the environment's {KEY_VARIABLE} are two different keys; remove one of them"
        )
    return PseudonymKey(secrets[0]) if secrets else None


def derive_user_key(key: str | bytes, user: str) -> str:
    """Return the key for one user's own processes, as text for JUPYTER_TELEMETRY_PSEUDONYM_KEY.

    Whoever reads it can undo pseudonyms that were made with it, and no others: neither `key` nor another user's key
    follows from it (HMAC-SHA-256). Raises ConfigurationError if `key` is too short, ValueError without a user.
    """
    if not user:
        raise ValueError("a user's key needs the user's name")
    return hmac.digest(_secret(key, "The key"), _FOR_USER + os.fsencode(user), "sha256").hex()


def _secret(text: str | bytes, what: str) -> bytes:
    secret = os.fsencode(text).rstrip(b"\r\n")
    if len(secret) < MIN_KEY_BYTES:
        found = f"holds {len(secret)} bytes" if secret else "is empty"
        raise ConfigurationError(
            f"{what} {found}, and a pseudonym key has at least {MIN_KEY_BYTES}; make one with: openssl rand -hex 32"
        )
    return secret


def _read(file: str) -> bytes:
    path = Path(file).expanduser()
    try:
        mode = path.stat().st_mode
        content = path.read_bytes() if stat.S_ISREG(mode) else None  # to open a pipe would wait for a writer
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{_TRAIT}: {file!r} cannot be read: {reason}") from error
    if content is None:
        raise ConfigurationError(f"{_TRAIT}: {file!r} is not a regular file; name the file that holds the key")
    if os.name == "posix":
        _check_mode(mode, path)
    return content


def _check_mode(mode: int, path: Path) -> None:
    if mode & stat.S_IWOTH:
        raise ConfigurationError(
            f"{_TRAIT}: every user of this machine may put another key into {str(path)!r}; run: chmod o-rw "
            f"{shlex.quote(str(path))}"
        )
    around = path.resolve().parent
    if (here := around.stat().st_mode) & stat.S_IWOTH and not here & stat.S_ISVTX:
        raise ConfigurationError(
            f"{_TRAIT}: every user of this machine may put another file into {str(around)!r}, where it stands; run: "
            f"chmod o-w {shlex.quote(str(around))}"
        )
    if mode & stat.S_IROTH:  # as mounted secrets are, where nobody else may be on the machine
        _notices.warn_once(path, "%s", _readable_by_all(path))


def why_not_secret(file: str) -> str:
    """Say that every user of the machine may read a key's file; "" if not, or if it is not there."""
    path = Path(file).expanduser()
    try:
        is_open = os.name == "posix" and path.stat().st_mode & stat.S_IROTH
    except (OSError, ValueError):
        return ""
    return _readable_by_all(path) if is_open else ""


def _readable_by_all(path: Path) -> str:
    return (
        f"{_TRAIT}: every user of this machine may read {str(path)!r}, and undo pseudonyms by trying all names; run: "
        f"chmod o-r {shlex.quote(str(path))}"
    )


def _canonical(value: Any) -> bytes:
    """Encode a value so that values which are equal as JSON have the same bytes."""
    return orjson.dumps(_with_whole_numbers(plain(value)), option=_OPTIONS)


def _with_whole_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_whole_numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_whole_numbers(item) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):  # orjson writes it as null
            raise ValueError("JSON has no such number")
        if value.is_integer() and -(2**63) <= value < 2**64:
            return int(value)
    return value
