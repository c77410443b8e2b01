"""The handlers of an EventLog: made from configuration, and kept from printing an event when they fail."""

from __future__ import annotations

import logging
import logging.config
import logging.handlers
import queue
import sys
import weakref
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from . import forksafe
from .errors import ConfigurationError
from .record import LINES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "LIMITS",
    "behind",
    "close_handlers",
    "is_line_handler",
    "limits_of",
    "make_handler",
    "quieten",
    "restore",
    "walk",
]


def is_line_handler(handler: logging.Handler) -> bool:
    """Say whether a handler takes an event's line itself: it has `write_event` and `write_schema`.

    `write_event(line: bytes)` gets one event as UTF-8 JSON that ends in a newline, in the recording thread.
    `write_schema(schema_id, version, schema: bytes)` gets the schema behind it before its first event, and may
    get it again. Neither may raise.
    """
    return hasattr(handler, "write_event") and hasattr(handler, "write_schema")


# Making and closing

LIMITS = ("allowed_schemas", "redactions")  # the keys of a handler's dict that are the log's, not logging's
_DICTCONFIG_MAKES_LISTENERS = sys.version_info >= (3, 12)


def make_handler(config: dict[str, Any]) -> logging.Handler:
    """Make a handler from a dict in the form of `logging.config.dictConfig`.

    What stands elsewhere and has a name in dictConfig stands in the dict itself: `formatter` and each of `filters`
    as a dict (or an object), the `target` of a MemoryHandler and each of the `handlers` that the listener of a
    QueueHandler feeds (from Python 3.12 on) as such a dict again. A listener is started.

    `allowed_schemas` and `redactions` are limits of this handler's own, see limits_of.

    Raises ConfigurationError.
    """
    name = config.get("class", config.get("()"))
    if name is None:
        raise ConfigurationError(
            'EventLog.handlers: a handler given as a dict needs a "class", such as '
            '{"class": "logging.handlers.RotatingFileHandler", "filename": "events.log"}'
        )
    made: list[logging.Handler] = []
    try:
        handler = _make({key: value for key, value in config.items() if key not in LIMITS}, made)
    except Exception as error:
        close_handlers(made)
        if isinstance(error, ConfigurationError):
            raise
        raise ConfigurationError(
            f"EventLog.handlers: a handler of {name!r} cannot be made: {type(error).__name__}: {error}; its other "
            'keys are the arguments of that class, "level", "filters", and "formatter": {"format": "…"}'
        ) from error
    if not isinstance(handler, logging.Handler):
        raise ConfigurationError(f"EventLog.handlers: {name!r} makes no logging.Handler")
    # logging.config closes every handler there is, and traitlets calls it for each application that it makes.
    handler.close = handler.flush  # type: ignore[method-assign]
    if limits := limits_of(config):
        handler.event_limits = limits  # type: ignore[attr-defined]
    return handler


def limits_of(handler: logging.Handler | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a handler may get less than others do: {"allowed_schemas": …, "redactions": …}, or one of them.

    They stand in its dict, or in Python are set as the handler's attribute `event_limits` before it is added; its
    class may have them, too.
    """
    if isinstance(handler, logging.Handler):
        return getattr(handler, "event_limits", None) or {}
    return {key: handler[key] for key in LIMITS if key in handler}


def _make(config: dict[str, Any], made: list[logging.Handler]) -> Any:
    parts: dict[str, Any] = {"version": 1, "formatters": {}, "filters": {}, "handlers": {"this": config}}
    _name_formatter_and_filters(config, parts)
    kind = config.get("class")
    if isinstance(kind, str):
        kind = logging.config.BaseConfigurator({}).resolve(kind)
    if isinstance(kind, type):
        _name_handlers_behind(kind, config, parts, made)
    maker = logging.config.DictConfigurator(parts)
    for section, make in (("formatters", maker.configure_formatter), ("filters", maker.configure_filter)):
        named = maker.config[section]
        for name in named:
            if isinstance(named[name], dict):
                named[name] = make(named[name])
    handler: Any = maker.configure_handler(maker.config["handlers"]["this"])
    if isinstance(kind, type) and (listener := getattr(handler, "listener", None)) is not None:
        if listener.handlers:
            listener.start()
        else:  # the user feeds handlers from this queue
            handler.listener = None
    return handler


def _name_formatter_and_filters(config: dict[str, Any], parts: dict[str, Any]) -> None:
    formatter = config.get("formatter")
    if isinstance(formatter, (dict, logging.Formatter)):
        parts["formatters"]["own"] = formatter
        config["formatter"] = "own"
    filters = config.get("filters")
    if isinstance(filters, (list, tuple)):
        config["filters"] = list(filters)
        for index, each in enumerate(filters):
            if isinstance(each, dict) or hasattr(each, "filter") or callable(each):
                parts["filters"][f"own {index}"] = each
                config["filters"][index] = f"own {index}"


def _name_handlers_behind(
    kind: type, config: dict[str, Any], parts: dict[str, Any], made: list[logging.Handler]
) -> None:
    def name(given: Any) -> str:
        if isinstance(given, dict):
            given = make_handler(given)
            made.append(given)
        elif not isinstance(given, logging.Handler):
            raise ConfigurationError(f"EventLog.handlers: a handler behind another is a dict too, not {given!r}")
        key = f"behind {len(parts['handlers'])}"
        parts["handlers"][key] = given
        return key

    if issubclass(kind, logging.handlers.MemoryHandler) and "target" in config:
        config["target"] = name(config["target"])
    if issubclass(kind, logging.handlers.QueueHandler):
        if "handlers" not in config and "queue" not in config:
            raise ConfigurationError(
                'EventLog.handlers: a QueueHandler needs "handlers", a list of handlers that its listener feeds'
            )
        if "handlers" in config:
            if not _DICTCONFIG_MAKES_LISTENERS:
                raise ConfigurationError(
                    "EventLog.handlers: a QueueHandler given as a dict has a listener from Python 3.12 on; before, "
                    "make it and its QueueListener yourself"
                )
            config["handlers"] = [name(each) for each in config["handlers"]]
        elif _DICTCONFIG_MAKES_LISTENERS:
            config["handlers"] = []  # Python 3.12.0 and 3.12.1 make no QueueHandler without


def close_handlers(handlers: list[logging.Handler]) -> list[tuple[logging.Handler, Exception]]:
    """Close handlers that make_handler made, which nothing else does, and empty the list; return what failed."""
    failed: list[tuple[logging.Handler, Exception]] = []
    while handlers:
        handler = handlers.pop()
        # A MemoryHandler forgets its target when it is closed.
        made_behind = [each for each in behind(handler) if isinstance(each, logging.Handler) and "close" in vars(each)]
        vars(handler).pop("close", None)
        listener = getattr(handler, "listener", None)
        for shut in (listener.stop, handler.close) if listener is not None else (handler.close,):
            try:
                shut()
            except Exception as error:  # one that fails must not keep the others from it
                failed.append((handler, error))
        handlers += made_behind
    return failed


# Handlers behind handlers


def behind(handler: object) -> list[logging.Handler | Mapping[str, Any]]:
    """List the handlers that a handler feeds by itself, or the dicts that make them; a dict feeds what it will make.

    Those are the target of a MemoryHandler, and what the listener of a QueueHandler feeds, as far as it knows that.
    """
    if isinstance(handler, Mapping):
        target, fed = handler.get("target"), handler.get("handlers")
    else:
        target, fed = getattr(handler, "target", None), getattr(getattr(handler, "listener", None), "handlers", ())
    listed = [target, *(fed if isinstance(fed, Iterable) else ())]
    return [each for each in listed if isinstance(each, (logging.Handler, Mapping))]


def walk(handler: logging.Handler | Mapping[str, Any]) -> Iterator[logging.Handler | Mapping[str, Any]]:
    """Yield a handler, or a dict that makes one, and all behind it: each once, also where one feeds itself.

    What is behind one is looked for when the next is asked for: a MemoryHandler that is closed has forgotten it.
    """
    seen: dict[int, object] = {}  # kept here, so that no other gets its id
    waiting = [handler]
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen[id(each)] = each
            yield each
            waiting += reversed(behind(each))


def _handlers_in(handler: logging.Handler) -> Iterator[logging.Handler]:
    return (each for each in walk(handler) if isinstance(each, logging.Handler))


def _leave_to_the_parent(handler: logging.Handler) -> None:
    """Have the child of a fork hold nothing back that its parent recorded, and deliver what it records itself."""
    if isinstance(handler, logging.handlers.BufferingHandler):
        handler.buffer = []
    listener = getattr(handler, "listener", None)
    if isinstance(handler, logging.handlers.QueueHandler) and listener is not None and "close" in vars(handler):
        handler.queue = listener.queue = queue.Queue()
        listener.start()  # its thread is not in the child


# Failing


def quieten(handler: logging.Handler, on_failure: Callable[[logging.Handler, BaseException | None], None]) -> None:
    """Have a failure of `handler`, or of one behind it, told to `on_failure` instead of printed with the event.

    `on_failure` is a method, whose object this does not keep alive; several may be told. logging.Handler.handleError
    prints the record. A subclass's own handleError still runs (SocketHandler's drops its socket), with a record and
    an exception that hold nothing of the event. A record that is no event is treated as it was. A stream's handler
    without a formatter gets one that does the same, only sooner. A SocketHandler that has no connection fails.
    """
    for each in _handlers_in(handler):
        _quieten(each, on_failure)


def _quieten(handler: logging.Handler, on_failure: Callable[[logging.Handler, BaseException | None], None]) -> None:
    watch = vars(handler).get("handleError")
    if not isinstance(watch, _Watch):
        watch = _Watch(handler)
        handler.handleError = watch  # type: ignore[method-assign]
    if (method := weakref.WeakMethod(on_failure)) not in watch.told:
        watch.told = (*(each for each in watch.told if each() is not None), method)
    if _keeps_silent(handler):
        handler.send = _Sending(handler)  # type: ignore[attr-defined]
    forksafe.guard(handler, _leave_to_the_parent)
    if isinstance(handler, logging.StreamHandler) and getattr(handler, "formatter", LINES) is None:
        handler.formatter = LINES


def restore(handler: logging.Handler, on_failure: Callable[[logging.Handler, BaseException | None], None]) -> None:
    """Undo quieten."""
    for each in _handlers_in(handler):
        watch = vars(each).get("handleError")
        if isinstance(watch, _Watch):
            watch.forget(each, on_failure)


def _keeps_silent(handler: logging.Handler) -> bool:
    """Say whether logging's own `send` of a SocketHandler drops what it cannot send, and tells nobody."""
    own = getattr(type(handler), "send", None) is logging.handlers.SocketHandler.send
    return own and "send" not in vars(handler)


class NotConnectedError(ConnectionError):
    """A SocketHandler has no connection: nobody listens, or it waits before it tries again."""


class _Sending:
    """Stands in a SocketHandler as its `send`."""

    def __init__(self, handler: logging.Handler) -> None:
        self._handler = weakref.ref(handler)

    def __call__(self, pickled: bytes) -> None:
        handler: Any = self._handler()
        if handler is None:
            return
        logging.handlers.SocketHandler.send(handler, pickled)
        if handler.sock is None:  # after what was sent, or after it was not
            raise NotConnectedError


class _Watch:
    """Stands in a handler as its handleError."""

    def __init__(self, handler: logging.Handler) -> None:
        self._handler = weakref.ref(handler)
        self._before: Callable[[logging.LogRecord], None] | None = vars(handler).get("handleError")
        self.told: tuple[weakref.WeakMethod[Any], ...] = ()

    def __call__(self, record: logging.LogRecord) -> None:
        handler = self._handler()
        if handler is None:
            return
        handle_error = self._before or type(handler).handleError.__get__(handler)
        error = sys.exc_info()[1]
        is_silent = isinstance(error, NotConnectedError)
        if not hasattr(record, "schema_id"):
            if not is_silent:
                handle_error(record)
            return
        for method in self.told:
            if (on_failure := method()) is not None:
                on_failure(handler, error)
        if not is_silent and (self._before or type(handler).handleError is not logging.Handler.handleError):
            _handle_nothing(handle_error)

    def forget(self, handler: logging.Handler, on_failure: Callable[..., None]) -> None:
        method = weakref.WeakMethod(on_failure)
        left = list(self.told)
        if method in left:
            left.remove(method)
        self.told = tuple(left)
        if not left:
            vars(handler).pop("handleError", None)
            if isinstance(vars(handler).get("send"), _Sending):
                del handler.send  # type: ignore[attr-defined]
            if getattr(handler, "formatter", None) is LINES:  # absent where no Handler.__init__ has run
                handler.formatter = None
            if self._before is not None:
                handler.handleError = self._before  # type: ignore[method-assign, assignment]


class _HandlerFailed(Exception):
    """Stands in for an exception whose text may hold an event's values."""


def _handle_nothing(handle_error: Callable[[logging.LogRecord], None]) -> None:
    """Call a handleError with an exception, a traceback and a record in which nothing is of an event."""
    try:
        raise _HandlerFailed
    except _HandlerFailed as stand_in:
        stand_in.__context__ = None
        handle_error(logging.makeLogRecord({"msg": "<an event, not shown>"}))
