"""The lake: in a directory, and in an object store (moto's S3 server)."""

from __future__ import annotations

import re
import shutil

import pytest

from jupyter_telemetry.lake import Lake
from jupyter_telemetry.sinks.lake import LakeSink
from jupyter_telemetry.testing import SinkContract

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
