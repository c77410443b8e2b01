"""The lake: in a directory, and in an object store (moto's S3 server)."""

from __future__ import annotations

import socket
import sys
import time
import uuid
from types import SimpleNamespace

import pytest
from lake.lakes import things
from pyarrow import fs

from jupyter_telemetry import ConfigurationError
from jupyter_telemetry._contract import again, deliver, expected, make_batch, numbered
from jupyter_telemetry.analysis import open_lake
from jupyter_telemetry.errors import MissingExtra
from jupyter_telemetry.lake import appending
from jupyter_telemetry.lake.lake import Lake
from jupyter_telemetry.shipping import Batch, Unavailable
from jupyter_telemetry.sinks import make_sink
from jupyter_telemetry.sinks.lake import LakeSink
from jupyter_telemetry.testing import SinkContract

from .relay import Relay
from .running import Program, free_port

ACCESS_KEY, SECRET_KEY = "AKIDUCKPOND", "swordfish-swordfish"


class TestLakeInADirectory(SinkContract):
    @pytest.fixture(autouse=True)
    def _destination(self, tmp_path):
        self.path = tmp_path / "lake"
        self.away = tmp_path / "away"

    def make_sink(self):
        return LakeSink(self.path)

    def at_rest(self):
        return list(Lake(self.path).events())

    def take_down(self):
        if self.path.exists():
            self.path.rename(self.away)
        self.path.touch()  # as root nothing else is refused

    def bring_up(self):
        self.path.unlink()
        if self.away.exists():
            self.away.rename(self.path)


class TestLakeInADirectoryWithoutExchange(TestLakeInADirectory):
    """As on a file system, or a system, on which two names cannot change places."""

    @pytest.fixture(autouse=True)
    def _without(self, monkeypatch):
        monkeypatch.setattr("jupyter_telemetry.lake.place.exchange", lambda one, other: False)


@pytest.fixture(scope="module")
def s3():
    """A relay before moto's S3 server, and its port."""
    port = free_port()
    server = Program("s3_server.py", port)
    server.start()
    relay = Relay(port)
    relay.up()
    yield relay
    relay.down()
    server.kill()


@pytest.fixture
def bucket(s3):
    """Make a new bucket; return its name."""
    name = f"lake-{uuid.uuid4().hex}"
    filesystem = fs.S3FileSystem(
        access_key=ACCESS_KEY,
        secret_key=SECRET_KEY,
        endpoint_override=f"127.0.0.1:{s3.port}",
        scheme="http",
        region="us-east-1",
        allow_bucket_creation=True,
    )
    filesystem.create_dir(name)
    return name


class TestLakeInAnObjectStore(SinkContract):
    secrets = (ACCESS_KEY, SECRET_KEY)

    @pytest.fixture(autouse=True)
    def _destination(self, s3, bucket, tmp_path):
        self.relay = s3
        self.url = f"s3://{bucket}/telemetry/lake"
        (tmp_path / "id").write_text(ACCESS_KEY + "\n")
        (tmp_path / "key").write_text(SECRET_KEY + "\n")
        self.options = {
            "endpoint": f"http://127.0.0.1:{s3.port}",
            "region": "us-east-1",
            "access_key_file": str(tmp_path / "id"),
            "secret_key_file": str(tmp_path / "key"),
        }

    def make_sink(self):
        return LakeSink.from_url(self.url, **self.options)

    def at_rest(self):
        return list(Lake(self.url, **self.options).events())

    def take_down(self):
        self.relay.down()

    def bring_up(self):
        self.relay.up()

    def test_a_reply_that_is_lost_makes_no_duplicate(self):
        batch = make_batch(numbered(100))
        sink = self.make_sink()
        sink.open()
        for part in (batch.part(range(50)), batch.part(range(50, 100))):
            self.relay.lose_replies = 3
            deliver(sink, part)
        self.relay.lose_replies = 0
        assert self.found() == expected(batch)

    def test_who_is_stopped_in_the_middle_of_a_write_takes_away_nothing_of_who_has_taken_over(self, monkeypatch):
        batch = make_batch(numbered(300))
        parts = [batch.part(range(start, start + 100)) for start in (0, 100, 200)]
        stopped = self.make_sink()
        stopped.open()
        stopped.send(parts[0])

        def be_stopped():
            """For a week, behind the last look at the lease and before the request."""
            later = SimpleNamespace(time=lambda: time.time() + 7 * 86400, monotonic=time.monotonic)
            monkeypatch.setattr(appending, "time", later)
            self.send(self.make_sink(), again(parts[1]))
            self.send(self.make_sink(), parts[2])

        stopped.send(Batch(parts[1].lines, parts[1].schemas, journal=batch.journal, check=be_stopped))
        stopped.close()
        assert {event["__id__"]: event for event in self.at_rest()} == expected(batch)

    def test_what_is_compacted_there_is_read_once_while_it_is_deleted(self):
        lake = Lake(self.url, **self.options)
        batches = [things(5, journal=f"j{n}", first=5 * n) for n in range(3)]
        for batch in batches:
            self.send(self.make_sink(), batch)
        delete, lake.place.delete = lake.place.delete, lambda paths: None
        lake.compact()
        assert len(lake.place.files("schema=example_org_thing_v1")) == 4
        assert self.found() == {key: value for batch in batches for key, value in expected(batch).items()}
        lake.place.delete = delete
        lake.compact()
        assert len(lake.files()) == 1
        assert len(self.found()) == 15

    def test_it_is_asked_like_a_directory(self):
        self.send(self.make_sink(), things(5))
        with open_lake(self.url, **self.options) as lake:
            assert lake.sql("SELECT sum(count), min(name) FROM example_org_thing_v1").rows() == [(10, "thing 0")]
            assert lake.sql("SELECT count(*) FROM events").rows() == [(5,)]

    def test_a_bucket_that_is_not_there_and_keys_that_are_not_whole_are_said(self):
        elsewhere = LakeSink("s3://no-such-bucket-anywhere/x", **self.options)
        with pytest.raises(Unavailable) as caught:
            elsewhere.open()
        assert "it is not there" in str(caught.value) or "no such bucket" in str(caught.value)
        half = {name: value for name, value in self.options.items() if name != "secret_key_file"}
        with pytest.raises(ConfigurationError, match="access_key and secret_key"):
            LakeSink(self.url, **half).open()

    def test_a_server_that_does_not_answer_is_given_up(self, monkeypatch):
        monkeypatch.setattr("jupyter_telemetry.lake.lake.REQUEST_TIMEOUT_S", 0.3)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            options = {**self.options, "endpoint": f"http://127.0.0.1:{silent.getsockname()[1]}"}
            with pytest.raises(Unavailable):
                LakeSink(self.url, **options).open()


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("s3://bucket/lake?x=1", {}),
        ("s3://key:secret@bucket/lake", {}),
        ("s3://bucket/lake", {"endpoint": "http://key:secret@host"}),
        ("gs://bucket", {}),
        ("/srv/lake", {"endpoint": "http://host"}),
    ],
)
def test_what_is_no_lake_is_refused(url, options):
    with pytest.raises(ConfigurationError) as caught:
        LakeSink.from_url(url, **options)
    assert "secret" not in str(caught.value)


def test_a_lake_is_made_of_a_path_or_a_url(tmp_path):
    by_path, by_url = make_sink(str(tmp_path / "a lake")), make_sink((tmp_path / "a lake").as_uri())
    assert by_path.name == by_url.name == (tmp_path / "a lake").as_uri()
    with pytest.raises(ConfigurationError, match="endpont"):
        make_sink({"to": str(tmp_path), "endpont": "x"})
    assert make_sink("s3://bucket/lake").name == "s3://bucket/lake"
    assert make_sink({"to": "s3://b/l", "endpoint": "https://minio:9000"}).name == "s3://b/l@minio:9000"


def test_without_pyarrow_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("pyarrow", "jupyter_telemetry.lake"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"jupyter_telemetry\[lake\]"):
        LakeSink("x")
