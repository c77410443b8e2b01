"""The contract of a sink holds for one that keeps it, and fails for those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_telemetry.testing import SinkContract

from .database import DatabaseSink, events_in

if TYPE_CHECKING:
    from pathlib import Path


class TestDatabaseSink(SinkContract):
    @pytest.fixture(autouse=True)
    def _destination(self, tmp_path: Path) -> None:
        self.path = tmp_path / "events.db"

    def make_sink(self):
        return DatabaseSink(self.path)

    def at_rest(self):
        return events_in(self.path)

    def take_down(self):
        self.path.with_suffix(".down").touch()

    def bring_up(self):
        self.path.with_suffix(".down").unlink()

    def unacceptable(self):
        return {"name": "refuse me"}
