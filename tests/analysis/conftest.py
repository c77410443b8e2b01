"""What the tests of questions to journals share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_telemetry.analysis import open_journal

from .journals import Journal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


@pytest.fixture
def ask(journal: Journal):
    """Open the test's journal anew, ask, and return the rows."""

    def _ask(question: str, parameters=None) -> list[tuple]:
        with open_journal(journal.directory) as database:
            return database.sql(question, parameters).rows()

    return _ask


@pytest.fixture
def database(journal: Journal):
    """The test's journal, open, with two events."""
    journal.events({"name": "a", "count": 1}, {"name": "b", "count": 2})
    with open_journal(journal.directory) as database:
        yield database
