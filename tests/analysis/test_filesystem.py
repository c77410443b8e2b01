from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest

from jupyter_telemetry.analysis.filesystem import PATH, Mount, make_filesystem
from jupyter_telemetry.analysis.snapshot import Snapshot
from jupyter_telemetry.errors import MissingExtra
from jupyter_telemetry.journal import JournalReader

if TYPE_CHECKING:
    from .journals import Journal


@pytest.fixture
def mount(journal: Journal) -> Mount:
    journal.segment(b"12345\n")
    mount = Mount()
    mount.snapshot = Snapshot(JournalReader(journal.directory).segments())
    return mount


def test_a_file_is_read_from_where_it_was_left(mount: Mount):
    file = mount.open()

    assert [file.read(2), file.tell(), file.read(), file.read(1)] == [b"12", 2, b"345\n", b""]


def test_a_file_is_read_from_where_it_was_sought(mount: Mount):
    file = mount.open()

    assert [file.seek(3), file.tell(), file.read(1), file.tell(), file.read(1)] == [3, 3, b"4", 4, b"5"]
    file.close()


def test_threads_that_share_a_file_do_not_read_from_where_another_sought(mount: Mount):
    file = mount.open()
    file.seek(3)
    other = threading.Thread(target=file.seek, args=[0])
    other.start()
    other.join()

    assert file.read(1) == b"4"


def test_a_file_that_fails_keeps_the_reason(journal: Journal, mount: Mount):
    (path,) = journal.directory.glob("*.jsonl")
    path.unlink()
    path.mkdir()

    with pytest.raises(IsADirectoryError) as caught:
        mount.open().read()

    assert mount.failure is caught.value


def test_the_filesystem_has_one_file(mount: Mount):
    filesystem = make_filesystem(mount)

    assert filesystem.info(PATH) == {"name": PATH, "size": 6, "type": "file"}
    assert filesystem.glob(PATH) == [PATH]
    assert filesystem.open(PATH, "rb").read() == b"12345\n"


@pytest.mark.parametrize("mode", ["wb", "ab", "r+b", "rb+", "xb"])
def test_nothing_can_be_written(mount: Mount, mode: str):
    with pytest.raises(PermissionError, match="a journal is not written by a query"):
        make_filesystem(mount).open(PATH, mode)


def test_without_fsspec_it_says_which_extra_to_install(mount: Mount, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)

    with pytest.raises(MissingExtra, match=r"pip install 'jupyter_telemetry\[analysis\]'"):
        make_filesystem(mount)
