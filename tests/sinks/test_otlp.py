"""The OTLP sink: against a receiver that decodes with OpenTelemetry's messages, and through a real collector, rotel."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from jupyter_telemetry import ConfigurationError
from jupyter_telemetry._contract import SCHEMA_ID, deliver, expected, make_batch, numbered
from jupyter_telemetry.shipping import Refused, TooLarge, Unavailable
from jupyter_telemetry.sinks import make_sink
from jupyter_telemetry.sinks.otlp import OTLPSink
from jupyter_telemetry.testing import SinkContract

from .collector import Collector
from .running import WebServer, send_once
from .test_logrecords import value_of

TOKEN = "swordfish-swordfish"


def as_recorded(record: LogRecord):
    """Put together what a log record was made of."""
    attributes = {each.key: value_of(each.value) for each in record.attributes}
    moment = datetime.fromtimestamp(record.time_unix_nano // 10**9, timezone.utc)
    written = f"{moment:%Y-%m-%dT%H:%M:%S}.{record.time_unix_nano % 10**9 // 1000:06d}Z"
    metadata = {
        "__timestamp__": attributes.pop("jupyter.event.timestamp", written),
        "__schema__": record.event_name,
        "__schema_version__": attributes.pop("jupyter.event.schema_version"),
        "__metadata_version__": attributes.pop("jupyter.event.metadata_version"),
        "__id__": attributes.pop("log.record.uid"),
    }
    return {**metadata, **attributes}


def kept(receiver):
    """Return the log records that a receiver has."""
    return [LogRecord.FromString(record) for (record,) in receiver.rows("select record from events")]


@pytest.fixture
def receiver(tmp_path):
    """A receiver without TLS."""
    place = tmp_path / "receiver"
    place.mkdir()
    receiver = WebServer("otlp_receiver.py", place)
    receiver.start()
    yield receiver
    receiver.kill()


class TestOTLPSink(SinkContract):
    """To a receiver that answers with a partial success."""

    is_exact = False  # readers tell by log.record.uid
    path = ""

    @pytest.fixture(autouse=True)
    def _destination(self, receiver):
        self.receiver = receiver

    def make_sink(self):
        return make_sink(f"otlp+{self.receiver.url(self.path)}")

    def at_rest(self):
        return [as_recorded(record) for record in kept(self.receiver)]

    def take_down(self):
        self.receiver.kill()

    def bring_up(self):
        self.receiver.start()

    def unacceptable(self):
        return {"name": "refuse me"}


class TestOTLPSinkToAStrictReceiver(TestOTLPSink):
    """To one that refuses a request with a bad event as a whole."""

    path = "/strict/v1/logs"


class TestOTLPSinkThroughACollector(SinkContract):
    """Through rotel, which keeps what it acknowledged in memory: it is stopped in an orderly manner, not killed."""

    is_exact = False

    @pytest.fixture(autouse=True)
    def _destination(self, tmp_path, receiver):
        self.receiver = receiver
        self.collector = Collector(tmp_path, receiver)
        self.collector.start()
        yield
        self.collector.kill()

    def make_sink(self):
        return make_sink({"sink": "otlp", "to": f"http://127.0.0.1:{self.collector.port}"})

    def at_rest(self):
        self.collector.stop()
        found = [as_recorded(record) for record in kept(self.receiver)]
        self.collector.start()
        return found

    def take_down(self):
        self.collector.stop()

    def bring_up(self):
        self.collector.start()

    def test_its_200_is_no_durability(self):
        self.receiver.kill()
        batch = make_batch(numbered(10))
        receipt = self.send(self.make_sink(), batch)
        assert not receipt.refused
        assert not receipt.deferred
        self.collector.kill()
        self.receiver.start()
        self.collector.start()
        assert self.at_rest() == []


def test_a_record_is_an_event_by_the_conventions(receiver):
    batch = make_batch([(SCHEMA_ID, 1, {"name": "n", "size": 3})])
    sink = OTLPSink(receiver.url(""), service_name="hub", resource="deployment.environment.name=course, a=b")
    send_once(sink, batch)
    ((resource, scope),) = receiver.rows("select resource, scope from events")
    assert {each.key: each.value.string_value for each in Resource.FromString(resource).attributes} == {
        "service.name": "hub",
        "service.instance.id": "0123456789abcdef",
        "deployment.environment.name": "course",
        "a": "b",
    }
    assert scope == "jupyter_telemetry"
    (record,) = kept(receiver)
    assert record.event_name == SCHEMA_ID
    assert record.severity_number == 9
    assert record.time_unix_nano == record.observed_time_unix_nano != 0
    assert not record.HasField("body")
    assert {each.key: value_of(each.value) for each in record.attributes} == {
        "jupyter.event.schema_version": 1,
        "jupyter.event.metadata_version": 2,
        "log.record.uid": batch.ids[0],
        "name": "n",
        "size": 3,
    }


def test_a_batch_that_is_rejected_whole_is_not_sent_again(receiver):
    batch = make_batch([(SCHEMA_ID, 1, {"name": "refuse me"})] * 8)
    assert sorted(deliver(OTLPSink(receiver.url("")), batch)) == list(range(8))
    assert len(receiver.requests()) == 1


def test_a_warning_is_no_rejection(receiver):
    response = ExportLogsServiceResponse()
    response.partial_success.error_message = "slow down"
    receiver.replies({"status": 200, "body": response.SerializeToString().decode()})
    receipt = send_once(OTLPSink(receiver.url("")), make_batch(numbered(3)))
    assert (dict(receipt.refused), list(receipt.deferred)) == ({}, [])


def test_a_page_that_says_200_is_no_collector(receiver):
    receiver.replies({"status": 200, "body": "<html>Welcome</html>"})
    with pytest.raises(Unavailable, match="not OTLP"):
        send_once(OTLPSink(receiver.url("")), make_batch(numbered(3)))


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Refused), (413, TooLarge)]
    + [(status, Unavailable) for status in (401, 403, 404, 415, 429, 500, 502, 503, 504)],
)
def test_a_status_says_what_is_to_become_of_a_batch(receiver, status, error):
    receiver.replies({"status": status, "body": "event 0", "headers": {"Retry-After": "11"}})
    with pytest.raises(error) as caught:
        send_once(OTLPSink(receiver.url("")), make_batch(numbered(3)))
    assert type(caught.value) is error
    assert getattr(caught.value, "retry_after_s", 11) == 11
    assert "event 0" not in str(caught.value)
    assert len(receiver.requests()) == 1


def test_headers_come_from_files(receiver, tmp_path):
    (tmp_path / "headers").write_text("X-Scope-OrgID: course\n")
    (tmp_path / "token").write_text(TOKEN)
    sink = OTLPSink(receiver.url(""), headers_file=tmp_path / "headers", token_file=tmp_path / "token")
    send_once(sink, make_batch(numbered(1)))
    (request,) = receiver.requests()
    assert request["X-Scope-OrgID"] == "course"
    assert request["Authorization"] == f"Bearer {TOKEN}"
    assert request["Content-Encoding"] == "gzip"
    assert TOKEN not in f"{sink!r} {sink.name}"


@pytest.mark.parametrize("options", [{"compression": "zstd"}, {"resource": "no equals sign"}, {"timeout_s": 0}])
def test_what_cannot_be_meant_is_said_at_once(options):
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        OTLPSink("http://collector:4318", **options)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("otlp+http://collector:4318", "otlp+http://collector:4318/v1/logs"),
        ("OTLP+HTTPS://collector/", "otlp+https://collector/v1/logs"),
        ("otlp+https://example.org/otlp/v1/logs", "otlp+https://example.org/otlp/v1/logs"),
    ],
)
def test_without_a_path_it_is_the_standard_one(url, name):
    assert make_sink(url).name == name


def test_json_of_what_is_expected_is_what_is_decoded(receiver):
    batch = make_batch(numbered(2))
    send_once(OTLPSink(receiver.url(""), compression="none"), batch)
    assert {event["__id__"]: event for event in map(as_recorded, kept(receiver))} == json.loads(
        json.dumps(expected(batch))
    )
