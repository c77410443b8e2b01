"""The extension's entry points, which Jupyter Server calls by name."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from ..printable import printable
from .bridge import Bridge
from .eventlog import configure_again, configured_eventlog

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from .eventlog import ServerEventLog

__all__ = ["get_eventlog"]

_ATTRIBUTE = "_jupyter_telemetry_eventlog"
SETTING = "eventlog"


def get_eventlog(serverapp: ServerApp) -> ServerEventLog:
    """Return the EventLog of a Jupyter Server: always the same, also while it allows nothing.

    Other extensions register their schemas with it and record into it; in a request handler it is
    `self.settings["eventlog"]`. It is made when it is first asked for, and closed when the server stops.
    """
    log: ServerEventLog | None = getattr(serverapp, _ATTRIBUTE, None)
    if log is None:
        log = configured_eventlog(serverapp)
        setattr(serverapp, _ATTRIBUTE, log)
        _close_with(serverapp, log)
    return log


def _link_jupyter_server_extension(serverapp: ServerApp) -> None:
    """Bring the events of the server's bus into its EventLog; called before any extension is loaded."""
    log = get_eventlog(serverapp)
    serverapp.tornado_settings[SETTING] = log  # becomes web_app.settings
    if serverapp.event_logger is not None:
        Bridge(serverapp.event_logger, log).follow()


def _load_jupyter_server_extension(serverapp: ServerApp) -> None:
    """Put the EventLog where request handlers find it, and the page `/telemetry`; all extensions are linked now."""
    log = get_eventlog(serverapp)
    configure_again(log, serverapp)
    # It is there already, unless an extension's configuration has replaced tornado_settings.
    serverapp.web_app.settings[SETTING] = log
    # Not before: importing the extension imports nothing of Jupyter Server.
    from .metrics import expose
    from .page.backend import Backend
    from .page.handlers import BACKEND, add_page

    if BACKEND not in serverapp.web_app.settings:
        add_page(serverapp, Backend(log))
    expose(log)
    # When the loop runs, all extensions are loaded, and have registered their schemas.
    serverapp.io_loop.add_callback(_say_what_is_odd, serverapp, log)


def _say_what_is_odd(serverapp: ServerApp, log: ServerEventLog) -> None:
    """Say, at the start and not with the first event, what in the configuration is likely a mistake."""
    if log.allowed_schemas:
        for problem in log.check_policy():
            serverapp.log.warning("%s", printable(problem))
        log.explain_schemas()


def _close_with(serverapp: ServerApp, log: ServerEventLog) -> None:
    """Close a log that has recorded when the server stops, after the last events of its kernels.

    An extension's own `stop_extension` comes before the kernels are shut down. What this does not reach is closed
    at the end of the interpreter.
    """
    hooked = not hasattr(serverapp, "_cleanup")  # there is no public hook so late

    def hook(allowed: bool) -> None:
        nonlocal hooked
        if allowed and not hooked:
            hooked = True
            cleanup = serverapp._cleanup

            @wraps(cleanup)
            async def cleanup_and_close() -> None:
                try:
                    await cleanup()
                finally:
                    log.close()

            serverapp._cleanup = cleanup_and_close  # type: ignore[method-assign]

    log.watch(hook)
