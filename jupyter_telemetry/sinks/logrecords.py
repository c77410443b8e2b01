"""Events as OpenTelemetry's log records, by its semantic conventions for events (status: development, 1.54).

`event_name` is the schema's id; an event's own properties are attributes, structured where they are, and the body stays
empty ("Events SHOULD NOT use body"). `log.record.uid` is `__id__`: whoever reads tells by it what came twice. All other
metadata stand under `jupyter.event.` and their name without underscores, such as `jupyter.event.schema_version`.

Sent again, a record is the same byte for byte: a store that drops what equals what it has then drops it.
"""

from __future__ import annotations

import calendar
import time
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from .. import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import ScopeLogs

__all__ = ["EVENT_ID", "log_records"]

EVENT_ID = "log.record.uid"
METADATA_PREFIX = "jupyter.event."
INFO = 9  # SeverityNumber; an event has no severity, and its logging record has this level
MOST_INTEGER = 2**63 - 1
_TIME_LENGTH = len("2026-11-23T17:42:05.123456Z")
_seconds: dict[str, int] = {}  # of the texts seen last: events come many a second


def log_records(events: Iterable[Mapping[str, Any]], resource: Mapping[str, Any]) -> bytes:
    """Return a request that exports events, as UTF-8 JSON makes them (an ExportLogsServiceRequest)."""
    request = ExportLogsServiceRequest()
    logs = request.resource_logs.add()
    for name, value in resource.items():
        _put(logs.resource.attributes.add(key=name).value, value)
    scope = logs.scope_logs.add()
    scope.scope.name = "jupyter_telemetry"
    scope.scope.version = __version__
    for event in events:
        _add(scope, event)
    content: bytes = request.SerializeToString()
    return content


def _add(scope: ScopeLogs, event: Mapping[str, Any]) -> None:
    moment = _nanoseconds(event["__timestamp__"])
    record = scope.log_records.add(
        # Of the same time: when it was sent would differ each time that it is.
        time_unix_nano=moment or 0,
        observed_time_unix_nano=moment or 0,
        severity_number=INFO,
        event_name=event["__schema__"],
    )
    add = record.attributes.add
    for name, value in event.items():
        if name.startswith("__"):
            if name == "__schema__" or (name == "__timestamp__" and moment is not None):
                continue
            name = EVENT_ID if name == "__id__" else METADATA_PREFIX + name.strip("_")
        elif name == EVENT_ID or name.startswith(METADATA_PREFIX):
            name = f"_{name}"  # a key stands once
        _put(add(key=name).value, value)


def _put(to: AnyValue, value: Any) -> None:
    """Set a value as JSON has it; a null is an AnyValue without one."""
    kind = type(value)
    if kind is str:
        to.string_value = value
    elif kind is bool:
        to.bool_value = value
    elif kind is int:
        if value <= MOST_INTEGER:
            to.int_value = value
        else:  # up to 2**64 - 1 in JSON; a double would be another number
            to.string_value = str(value)
    elif kind is float:
        to.double_value = value
    elif kind is dict:
        to.kvlist_value.SetInParent()
        add = to.kvlist_value.values.add
        for name, each in value.items():
            _put(add(key=name).value, each)
    elif kind is list:
        to.array_value.SetInParent()
        append = to.array_value.values.add
        for each in value:
            _put(append(), each)
    else:
        to.SetInParent()


def _nanoseconds(timestamp: str) -> int | None:
    """Return nanoseconds since 1970, as EventLog writes times; None for what no unsigned number can say."""
    whole = timestamp[:19]
    seconds = _seconds.get(whole)
    if seconds is None:
        if len(_seconds) > 10_000:
            _seconds.clear()
        try:
            seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S"))
        except ValueError:
            return None
        _seconds[whole] = seconds
    fraction = timestamp[20:26]
    if whole[17:] > "59":  # a leap second, which no count of seconds has
        return None
    if len(timestamp) != _TIME_LENGTH or timestamp[19] != "." or timestamp[26] != "Z" or not fraction.isdecimal():
        return None
    nanoseconds = seconds * 10**9 + int(fraction) * 1000
    return nanoseconds if 0 < nanoseconds < 2**64 else None
