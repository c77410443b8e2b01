"""The lake: in a directory, and in an object store (moto's S3 server)."""

from __future__ import annotations

import uuid

import pytest
from pyarrow import fs

from jupyter_telemetry._contract import deliver, expected, make_batch, numbered
from jupyter_telemetry.lake.lake import Lake
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
