"""A server extension that emits what a test asks it to, and arranges the bus as an operator might."""

from __future__ import annotations

import json
import logging
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

SCHEMA_ID = "https://example.org/probe"
SCHEMA = {
    "$id": SCHEMA_ID,
    "version": "1",
    "type": "object",
    "properties": {"path": {"type": "string"}},
    "required": ["path"],
}


class Failing(logging.Handler):
    """An operator's handler that fails."""

    def emit(self, record: logging.LogRecord) -> None:
        raise RuntimeError("no events today")


def shout(schema_id: str, data: dict[str, Any]) -> dict[str, Any]:
    """A modifier, of an operator, that fails for some payloads and changes the rest in place."""
    if data.get("explode"):
        raise RuntimeError("exploded")
    if isinstance(data.get("path"), str):
        data["path"] = data["path"].upper()
    return data


class EmitHandler(APIHandler):
    """Emits the event in the body; answers what `emit` returned, its time apart."""

    @web.authenticated
    def post(self) -> None:
        """Emit while a request is answered, as ContentsManager does."""
        body = self.get_json_body()
        data = body["data"]
        if body.get("unserialisable"):
            data = {"path": object()}
        capsule = self.event_logger.emit(schema_id=body["schema_id"], data=data)
        self.finish(json.dumps({"capsule": capsule and {k: v for k, v in capsule.items() if k != "__timestamp__"}}))


class ArrangeHandler(APIHandler):
    """Adds to the bus, or takes off it, what the body names."""

    failing = Failing()

    @web.authenticated
    def post(self) -> None:
        """Arrange the bus."""
        bus = self.event_logger
        what = self.get_json_body()["what"]
        if what == "modifier":
            bus.add_modifier(schema_id=SCHEMA_ID, modifier=shout)
        elif what == "no modifier":
            bus.remove_modifier(schema_id=SCHEMA_ID, modifier=shout)
        elif what == "failing handler":
            bus.handlers = []
            bus.register_handler(self.failing)
        elif what == "no failing handler":
            bus.remove_handler(self.failing)
        self.finish({})


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    serverapp.event_logger.register_event_schema(dict(SCHEMA))
    base = serverapp.web_app.settings["base_url"]
    handlers = [("probe/emit", EmitHandler), ("probe/arrange", ArrangeHandler)]
    serverapp.web_app.add_handlers(".*$", [(url_path_join(base, path), handler) for path, handler in handlers])
