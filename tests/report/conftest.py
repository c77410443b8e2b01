from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jupyter_telemetry.analysis import open_journal
from jupyter_telemetry.analysis.report import make_figures

from .journals import NOW, Recorder, office_month

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jupyter_telemetry.analysis.report import Figures


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of four busy weeks, with hostile names."""
    return office_month(tmp_path_factory.mktemp("office") / "journal")


@pytest.fixture(scope="session")
def office_figures(office: Path) -> Figures:
    return figures_of(office)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def recorder(journal: Path) -> Recorder:
    """Records into `journal`."""
    with Recorder(journal) as recorder:
        yield recorder


def figures_of(journal: Path, now: Callable[[], float] = NOW.timestamp, **options: object) -> Figures:
    with open_journal(journal) as database:
        return make_figures(database, now=now, **{"zone": "UTC", **options})
