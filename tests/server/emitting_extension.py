"""A server extension that emits events of its own, in every way that extensions do.

It stands in alphabetical order before jupyter_telemetry, so it is linked and loaded before it.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.extension.application import ExtensionApp

from jupyter_telemetry.server import get_eventlog

SCHEMA_ID = "https://example.org/emitting"
SCHEMA = {
    "$id": SCHEMA_ID,
    "version": "1",
    "type": "object",
    "properties": {"when": {"type": "string"}},
    "required": ["when"],
}


class EmittingExtension(ExtensionApp):
    """Registers its schema and emits while it is loaded; its own config file is jupyter_emitting_config."""

    name = "emitting"

    def initialize_settings(self) -> None:
        """Register and emit on the bus; the server's EventLog is there already."""
        bus = self.serverapp.event_logger
        bus.register_event_schema(dict(SCHEMA))
        bus.emit(schema_id=SCHEMA_ID, data={"when": "loaded"})
        assert self.serverapp.web_app.settings["eventlog"] is get_eventlog(self.serverapp)

    async def stop_extension(self) -> None:
        """Emit when the server stops."""
        self.serverapp.event_logger.emit(schema_id=SCHEMA_ID, data={"when": "stopped"})


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": __name__, "app": EmittingExtension}]
