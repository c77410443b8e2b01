"""Where a handler sends events, in words for a user: the same for a handler and for the dict that makes one.

No words hold a path, a process's number or anything else that differs between two starts: a user would be asked again
for each.
"""

from __future__ import annotations

import logging
import logging.config
import logging.handlers
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .handlers import behind, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["JOURNAL", "destinations", "journal_directory"]

JOURNAL = "a journal on this machine"

_SETTINGS = ("address", "host", "port", "secure", "stream", "toaddrs")
_HANDS_ON = (logging.handlers.MemoryHandler, logging.handlers.QueueHandler)  # and sends nowhere itself
_DEVICES = {
    "/dev/stdout": "the standard output",
    "/dev/fd/1": "the standard output",
    "/proc/self/fd/1": "the standard output",
    "/dev/stderr": "the standard error output",
    "/dev/fd/2": "the standard error output",
    "/proc/self/fd/2": "the standard error output",
}


def destinations(handlers: Iterable[logging.Handler | Mapping[str, Any]]) -> list[str]:
    """Say where handlers send events, without repetition, in the order of the handlers.

    Each is a handler, or a dict in the form of `logging.config.dictConfig` that would make it; nothing is made here.
    What is behind a QueueHandler or a MemoryHandler is told in its place. A class that nothing is known of is told by
    its name, and a NullHandler not at all.
    """
    return list(dict.fromkeys(words for handler in handlers for each in walk(handler) for words in _words(each)))


def journal_directory(handler: logging.Handler | Mapping[str, Any]) -> Path | None:
    """Return where the handler of a journal, or the dict that would make it, keeps events; None for any other."""
    from .journal import JournalHandler  # when needed
    from .journal.names import default_place

    if isinstance(handler, logging.Handler):
        return handler.directory if isinstance(handler, JournalHandler) else None
    kind, _ = _class_and_settings(handler)
    if not isinstance(kind, type) or not issubclass(kind, JournalHandler):
        return None
    try:
        given = handler.get("directory")
        place = given or default_place(os.environ, has_shipper=bool(handler.get("has_shipper"))).directory
        return Path(os.path.abspath(os.path.expanduser(place)))
    except TypeError:  # making it will say what is wrong
        return None


def _words(handler: logging.Handler | Mapping[str, Any]) -> Iterator[str]:
    """Say where one handler itself sends to, whatever it feeds."""
    kind, told = _class_and_settings(handler)
    if not isinstance(kind, type):
        yield _name(kind)
    elif issubclass(kind, logging.NullHandler):
        return
    elif not (issubclass(kind, _HANDS_ON) and behind(handler)):
        yield _place(kind, told) or _name(kind)


def _class_and_settings(handler: logging.Handler | Mapping[str, Any]) -> tuple[object, Mapping[str, Any]]:
    """Return a handler's class, and what it was made with as far as that shows where it sends to.

    The class may be some callable, or a name, where it cannot be found out.
    """
    if not isinstance(handler, Mapping):
        told = {name: getattr(handler, name) for name in _SETTINGS if hasattr(handler, name)}
        return type(handler), {**told, "filename": getattr(handler, "baseFilename", None)}
    kind = handler.get("class", handler.get("()"))
    if isinstance(kind, str):
        try:
            kind = logging.config.BaseConfigurator({}).resolve(kind)
        except Exception:  # importing runs any code; making the handler will say what is wrong
            return kind, handler
    defaults = {"address": ("localhost", logging.handlers.SYSLOG_UDP_PORT), "stream": sys.stderr}
    return kind, {**defaults, **handler}


def _place(kind: type, told: Mapping[str, Any]) -> str:
    """Say where a handler of a class that is known sends to; "" for any other, or if it does not tell."""
    if hasattr(kind, "directory") and hasattr(kind, "write_event"):
        return JOURNAL
    return next((words(told) for known, words in _KNOWN if issubclass(kind, known)), "")


def _file(told: Mapping[str, Any]) -> str:
    return _DEVICES.get(str(told.get("filename")), "a file on this machine")


def _stream(told: Mapping[str, Any]) -> str:
    stream = told.get("stream")
    name = getattr(stream, "name", None)
    if stream in ("ext://sys.stdout", sys.stdout, sys.__stdout__) or name == "<stdout>":
        return "the standard output"
    if stream in ("ext://sys.stderr", sys.stderr, sys.__stderr__) or name == "<stderr>":
        return "the standard error output"
    if isinstance(name, str):
        return _file({"filename": name})
    return "" if stream is None or isinstance(stream, str) else f"a stream ({_name(type(stream))})"


def _syslog(told: Mapping[str, Any]) -> str:
    address = told.get("address")
    if isinstance(address, (list, tuple)) and len(address) == 2:
        return f"syslog at {_host_and_port(*address)}"
    return "syslog on this machine"


def _http(told: Mapping[str, Any]) -> str:
    host = str(told.get("host") or "").rpartition("@")[2]  # what is before it may be a password
    return host and f"{'HTTPS' if told.get('secure') else 'HTTP'} at {host}"


def _socket(told: Mapping[str, Any]) -> str:
    host, port = told.get("host"), told.get("port")
    if host is None:
        return ""
    return "a socket on this machine" if port is None else f"a socket at {_host_and_port(host, port)}"


def _mail(told: Mapping[str, Any]) -> str:
    addresses = told.get("toaddrs") or ()
    return f"e-mail to {addresses if isinstance(addresses, str) else ', '.join(map(str, addresses))}"


def _host_and_port(host: object, port: object) -> str:
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


_KNOWN: tuple[tuple[type, Callable[[Mapping[str, Any]], str]], ...] = (
    (logging.FileHandler, _file),
    (logging.StreamHandler, _stream),
    (logging.handlers.SysLogHandler, _syslog),
    (logging.handlers.HTTPHandler, _http),
    (logging.handlers.SocketHandler, _socket),
    (logging.handlers.SMTPHandler, _mail),
    (logging.handlers.NTEventLogHandler, lambda _: "the event log of this machine"),
)


def _name(kind: object) -> str:
    if isinstance(kind, str):
        return kind
    module = getattr(kind, "__module__", None)
    name = getattr(kind, "__qualname__", None)
    return f"{module}.{name}" if name else f"a handler made by an object of {type(kind).__qualname__}"
