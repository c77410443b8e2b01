"""CloudEvents 1.0: an event as others read it, in the JSON event format, many in a batch.

`id` is `__id__`, `type` and `dataschema` the schema's id, `time` `__timestamp__`, `subject` `__subject__`; `source`
says where it comes from; `data` is the event's own properties. The extension attributes are `schemaversion` and
`metadataversion`, and further metadata under their names without underscores.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import orjson

from ..journal.line import HEAD

__all__ = ["CONTENT_TYPE", "CloudEvents"]

CONTENT_TYPE = "application/cloudevents-batch+json"

_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
_NAMED = {"__id__": "id", "__timestamp__": "time", "__schema__": "type", "__subject__": "subject"}


class CloudEvents:
    """Writes the events of one journal.

    Parameters
    ----------
    journal: its name, which says nothing of a user or a place.
    """

    def __init__(self, journal: str) -> None:
        self._source = f"urn:jupyter-telemetry:journal:{quote(journal or 'unnamed', safe='')}"
        self._known: dict[tuple[bytes, bytes, bytes], bytes] = {}

    def batch(self, lines: tuple[bytes, ...]) -> bytes:
        """Return a batch of events (JSON event format §4)."""
        return b"[" + b",".join(map(self.event, lines)) + b"]"

    def event(self, line: bytes) -> bytes:
        """Return one event."""
        found = HEAD.match(line)
        if found is None or line.startswith(b',"__', found.end()):  # more metadata
            return self._parsed(orjson.loads(line))
        timestamp, schema_id, version, metadata_version, event_id = found.groups()
        if not (schema_id and event_id):  # neither may be empty (CloudEvents 1.0 §3)
            return self._parsed(orjson.loads(line))
        key = (schema_id, version, metadata_version)
        same = self._known.get(key)
        if same is None:
            same = self._known[key] = self._same(schema_id.decode(), orjson.loads(version), int(metadata_version))
        data = line[found.end() : -1]  # ,"name":value} or }
        data = b"{" + data[1:] if data[0:1] == b"," else b"{}"
        return b'%b,"id":"%b","time":"%b","data":%b}' % (same, event_id, timestamp, data)

    def _same(self, schema_id: str, version: Any, metadata_version: int) -> bytes:
        """Return what is the same in all events of a schema's version, up to the first that is not."""
        return orjson.dumps(
            {
                "specversion": "1.0",
                "type": schema_id,
                "source": self._source,
                **_schema_attributes(schema_id, version),
                "metadataversion": metadata_version,
                "datacontenttype": "application/json",
            }
        )[:-1]

    def _parsed(self, event: dict[str, Any]) -> bytes:
        metadata = {name: event.pop(name) for name in [*event] if name.startswith("__")}
        source = metadata.pop("__source__", None)
        attributes: dict[str, Any] = {
            "specversion": "1.0",
            "source": self._source if source is None else quote(str(source), safe=":/?#[]@!$&'()*+,;=-._~%"),
            **_schema_attributes(metadata["__schema__"], metadata.pop("__schema_version__")),
        }
        for name, value in metadata.items():
            if value is not None:  # an attribute has a value or is not there
                attributes[_NAMED.get(name) or _extension(name)] = value
        return orjson.dumps({**attributes, "datacontenttype": "application/json", "data": event})


def _schema_attributes(schema_id: str, version: Any) -> dict[str, Any]:
    is_integer = isinstance(version, int) and -(2**31) <= version < 2**31  # CloudEvents §Type System
    found = {"schemaversion": version if is_integer else str(version)}
    if _ABSOLUTE_URI.fullmatch(schema_id):
        found["dataschema"] = schema_id
    return found


def _extension(name: str) -> str:
    """Name an extension attribute: lower-case letters and digits (CloudEvents §Naming Conventions)."""
    return "".join(each for each in name.lower() if each.isascii() and each.isalnum())
