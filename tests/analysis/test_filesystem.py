from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest

from jupyter_telemetry.analysis.filesystem import PATH, SnapshotFile, make_filesystem
from jupyter_telemetry.analysis.snapshot import Snapshot
from jupyter_telemetry.errors import MissingExtra
from jupyter_telemetry.journal import JournalReader

if TYPE_CHECKING:
    from .journals import Journal


@pytest.fixture
def snapshot(journal: Journal) -> Snapshot:
    journal.segment(b"12345\n")
    return Snapshot(JournalReader(journal.directory).segments())


def test_a_file_is_read_from_where_it_was_left(snapshot: Snapshot):
    file = SnapshotFile(snapshot)

    assert [file.read(2), file.tell(), file.read(), file.read(1)] == [b"12", 2, b"345\n", b""]


def test_a_file_is_read_from_where_it_was_sought(snapshot: Snapshot):
    file = SnapshotFile(snapshot)

    assert [file.seek(3), file.tell(), file.read(1), file.tell(), file.read(1)] == [3, 3, b"4", 4, b"5"]
    file.close()


def test_threads_that_share_a_file_do_not_read_from_where_another_sought(snapshot: Snapshot):
    file = SnapshotFile(snapshot)
    file.seek(3)
    other = threading.Thread(target=file.seek, args=[0])
    other.start()
    other.join()

    assert file.read(1) == b"4"


def test_the_filesystem_has_one_file(snapshot: Snapshot):
    filesystem = make_filesystem([snapshot])

    assert filesystem.info(PATH) == {"name": PATH, "size": 6, "type": "file"}
    assert filesystem.glob(PATH) == [PATH]
    assert filesystem.open(PATH, "rb").read() == b"12345\n"


@pytest.mark.parametrize("mode", ["wb", "ab", "r+b", "rb+", "xb"])
def test_nothing_can_be_written(snapshot: Snapshot, mode: str):
    with pytest.raises(PermissionError, match="a journal is not written by a query"):
        make_filesystem([snapshot]).open(PATH, mode)


def test_without_fsspec_it_says_which_extra_to_install(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)

    with pytest.raises(MissingExtra, match=r"pip install 'jupyter_telemetry\[analysis\]'"):
        make_filesystem([snapshot])
