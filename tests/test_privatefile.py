"""Files and directories are their owner's alone, and one takes another's place as a whole or not at all."""

from __future__ import annotations

import os
import stat

import pytest

from jupyter_telemetry.privatefile import create, draft_of, make_private, replacing, sync_directory


@pytest.fixture(params=[0o000, 0o022, 0o277])
def any_umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def test_a_file_is_private_whatever_the_umask(tmp_path, any_umask):
    os.close(create(tmp_path / "file"))

    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_a_file_is_created_only_where_nothing_stands(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    (tmp_path / "file").write_text("theirs")

    for name in ("link", "file"):
        with pytest.raises(FileExistsError):
            create(tmp_path / name)

    assert (tmp_path / "file").read_text() == "theirs"
    assert sorted(os.listdir(tmp_path)) == ["file", "link"]


def test_a_draft_is_hidden_and_gone_in_the_end(tmp_path):
    with draft_of(tmp_path / "file", ".draft") as draft:
        os.close(create(draft))
        (name,) = os.listdir(tmp_path)
        assert name.startswith(".file.")
        assert name.endswith(".draft")

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("lasting", [False, True])
def test_a_new_file_takes_the_place_of_what_stood_there_at_once(tmp_path, lasting):
    (tmp_path / "victim").write_text("theirs")
    (tmp_path / "file").symlink_to(tmp_path / "victim")

    with replacing(tmp_path / "file", lasting=lasting) as file:
        file.write(b"new")
        file.flush()
        assert (tmp_path / "file").read_text() == "theirs"

    assert (tmp_path / "file").read_text() == "new"
    assert (tmp_path / "victim").read_text() == "theirs"
    assert stat.S_IMODE((tmp_path / "file").lstat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["file", "victim"]


def test_a_relative_file_is_replaced_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with replacing("file", lasting=True) as file:
        file.write(b"new")

    assert (tmp_path / "file").read_text() == "new"


def test_who_fails_or_may_not_go_on_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def refuse():
        assert len(os.listdir(tmp_path)) == 2
        raise PermissionError

    with pytest.raises(PermissionError), replacing(path, check=refuse) as file:
        file.write(b"new")
    with pytest.raises(TypeError), replacing(path) as file:
        file.writelines([b"new", None])

    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_directory_that_is_not_there_cannot_be_synced(tmp_path):
    sync_directory(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_directory(tmp_path / "nowhere")


def test_directories_are_private_whatever_the_umask_and_made_by_any_of_many(tmp_path, any_umask, in_threads):
    in_threads(lambda _: make_private(str(tmp_path / "journal")), 8)

    assert stat.S_IMODE((tmp_path / "journal").stat().st_mode) == 0o700


def test_parents_are_made_too(tmp_path):
    make_private(str(tmp_path / "a" / "b" / "journal"))

    assert (tmp_path / "a" / "b" / "journal").is_dir()


def test_an_empty_directory_is_made_private_and_one_in_use_is_left_as_it_is(tmp_path):
    for name, mode in [("empty", 0o755), ("used", 0o750), ("everybody's", 0o1777)]:
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
    (tmp_path / "used" / "file").touch()

    for name in ("empty", "used", "everybody's"):
        make_private(str(tmp_path / name))

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"empty": 0o700, "used": 0o750, "everybody's": 0o1777}


def test_a_relative_directory_is_made_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    make_private("journal")

    assert (tmp_path / "journal").is_dir()


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()

    for directory in (tmp_path / "file", tmp_path / "file" / "journal"):
        with pytest.raises((FileExistsError, NotADirectoryError)):
            make_private(str(directory))
