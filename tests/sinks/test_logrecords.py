"""Events as log records."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from jupyter_telemetry._contract import make_batch, numbered
from jupyter_telemetry.sinks.logrecords import log_records


def value_of(value: AnyValue):
    """Return what an AnyValue holds."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [value_of(each) for each in value.array_value.values]
    if kind == "kvlist_value":
        return {each.key: value_of(each.value) for each in value.kvlist_value.values}
    return getattr(value, kind)


def records_of(**event):
    """Return the record of an event."""
    line = {"__timestamp__": "2026-11-23T17:42:05.123456Z", "__schema__": "s", "__schema_version__": 1, "__id__": "i"}
    request = ExportLogsServiceRequest.FromString(log_records([{**line, **event}], {}))
    (record,) = request.resource_logs[0].scope_logs[0].log_records
    return record


@pytest.mark.parametrize(
    ("written", "nanoseconds"),
    [
        ("2026-11-23T17:42:05.123456Z", 1795455725123456000),
        ("2026-11-23T00:00:00.000000Z", 1795392000000000000),
        ("1969-12-31T23:59:59.999999Z", 0),
        ("9999-12-31T23:59:59.999999Z", 0),
        ("2026-11-23T17:42:60.123456Z", 0),
        ("2026-11-23T17:42:05Z", 0),
        ("2026-11-23T17:42:05.123456+01:00", 0),
        ("2026-13-23T17:42:05.123456Z", 0),
        ("", 0),
    ],
)
def test_a_time_that_no_number_can_say_stays_a_text(written, nanoseconds):
    record = records_of(__timestamp__=written)
    assert record.time_unix_nano == nanoseconds
    found = [value_of(each.value) for each in record.attributes if each.key == "jupyter.event.timestamp"]
    assert found == ([] if nanoseconds else [written])


def test_an_integer_past_63_bits_is_a_text():
    attributes = {each.key: value_of(each.value) for each in records_of(a=2**63, b=[2**64 - 1], c=2**63 - 1).attributes}
    assert (attributes["a"], attributes["b"], attributes["c"]) == (str(2**63), [str(2**64 - 1)], 2**63 - 1)


def test_a_property_takes_no_metadata_s_place():
    record = records_of(**{"log.record.uid": "mine", "jupyter.event.schema_version": 7})
    assert [(each.key, value_of(each.value)) for each in record.attributes] == [
        ("jupyter.event.schema_version", 1),
        ("log.record.uid", "i"),
        ("_log.record.uid", "mine"),
        ("_jupyter.event.schema_version", 7),
    ]


def test_metadata_of_a_collector_are_attributes():
    attributes = {each.key: value_of(each.value) for each in records_of(__subject__="ada", __source__="r").attributes}
    assert (attributes["jupyter.event.subject"], attributes["jupyter.event.source"]) == ("ada", "r")


def test_what_is_sent_again_is_the_same_byte_for_byte():
    batch = make_batch(numbered(5))
    assert log_records(batch.events, {"a": "b"}) == log_records(batch.events, {"a": "b"})
