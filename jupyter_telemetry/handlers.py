"""The handlers of an EventLog: made from configuration, and kept from printing an event when they fail."""

from __future__ import annotations

import logging
import logging.config
import sys
from typing import TYPE_CHECKING, Any

from .errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["close_handlers", "is_line_handler", "make_handler", "quieten", "restore"]


def is_line_handler(handler: logging.Handler) -> bool:
    """Say whether a handler takes an event's line itself: it has `write_event` and `write_schema`.

    `write_event(line: bytes)` gets one event as UTF-8 JSON that ends in a newline, in the recording thread.
    `write_schema(schema_id, version, schema: bytes)` gets the schema behind it before its first event, and may
    get it again. Neither may raise.
    """
    return hasattr(handler, "write_event") and hasattr(handler, "write_schema")


def make_handler(config: dict[str, Any]) -> logging.Handler:
    """Make a handler from a dict in the form of `logging.config.dictConfig`.

    `formatter` may be a dict of the same form; so may the `target` of a MemoryHandler.

    Raises ConfigurationError.
    """
    config = dict(config)
    if "class" not in config and "()" not in config:
        raise ConfigurationError(
            'EventLog.handlers: a handler given as a dict needs a "class", such as '
            '{"class": "logging.handlers.RotatingFileHandler", "filename": "events.log"}'
        )
    name = config.get("class", config.get("()"))
    try:
        parts: dict[str, Any] = {"version": 1, "formatters": {}, "filters": {}, "handlers": {}}
        maker = logging.config.DictConfigurator(parts)
        if isinstance(config.get("formatter"), dict):
            parts["formatters"]["own"] = maker.configure_formatter(config["formatter"])
            config["formatter"] = "own"
        if isinstance(config.get("target"), dict):
            parts["handlers"]["target"] = make_handler(config["target"])
            config["target"] = "target"
        maker = logging.config.DictConfigurator(parts)
        handler = maker.configure_handler(config)
    except ConfigurationError:
        raise
    except Exception as error:
        cause = error.__cause__ or error
        raise ConfigurationError(
            f"EventLog.handlers: a handler of {name!r} cannot be made: {type(cause).__name__}: {cause}; its other "
            "keys are the arguments of that class"
        ) from error
    if not isinstance(handler, logging.Handler):
        raise ConfigurationError(f"EventLog.handlers: {name!r} makes no logging.Handler")
    if (listener := getattr(handler, "listener", None)) is not None:
        listener.start()  # of a QueueHandler, which Python 3.12 makes together with its listener
    # logging.config closes every handler there is, and traitlets calls it for each application that it makes.
    handler.close = handler.flush  # type: ignore[method-assign]
    return handler


def close_handlers(handlers: list[logging.Handler]) -> None:
    """Close handlers that make_handler made, which nothing else does, and empty the list."""
    while handlers:
        handler = handlers.pop()
        if (listener := getattr(handler, "listener", None)) is not None:
            listener.stop()
        target = getattr(handler, "target", None)  # which a MemoryHandler forgets when it is closed
        vars(handler).pop("close", None)
        handler.close()
        if isinstance(target, logging.Handler) and "close" in vars(target):
            handlers.append(target)


def quieten(handler: logging.Handler, on_failure: Callable[[logging.Handler, BaseException | None], None]) -> None:
    """Have a failure of `handler` reported to `on_failure` instead of printed with the whole event.

    logging.Handler.handleError prints the record. A subclass's own handleError still runs (SocketHandler's
    drops its socket), with a record and an exception that hold nothing of the event.
    """

    def handle_error(_: logging.LogRecord) -> None:
        on_failure(handler, sys.exc_info()[1])
        if type(handler).handleError is not logging.Handler.handleError:
            try:
                raise _HandlerFailed from None
            except _HandlerFailed:
                type(handler).handleError(handler, logging.makeLogRecord({"msg": "<an event, not shown>"}))

    handler.handleError = handle_error  # type: ignore[method-assign, assignment]


def restore(handler: logging.Handler) -> None:
    """Undo quieten."""
    handler.__dict__.pop("handleError", None)


class _HandlerFailed(Exception):
    """Stands in for an exception whose text may hold an event's values."""
