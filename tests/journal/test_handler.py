from __future__ import annotations

import gc
import json
import logging
import logging.config
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_telemetry.errors import ConfigurationError
from jupyter_telemetry.journal import JournalHandler, JournalReader

from .lines import content, line, names, numbers


@pytest.fixture
def handler(directory):
    with_close = JournalHandler(directory)
    yield with_close
    with_close.close()


def event_record(text: object, **more: object) -> logging.LogRecord:
    """Make a record as EventLog makes it."""
    return logging.makeLogRecord({"msg": text, "levelno": logging.INFO, "schema_id": "a", **more})


def test_an_events_line_is_in_its_file_when_the_call_returns(handler, directory):
    handler.write_event(line(1))

    assert content(directory) == line(1)
    assert handler.counts() == {"written": 1, "lost": 0, "expired": 0}


def test_a_schema_stands_beside_the_events(handler, directory):
    handler.write_schema("https://example.org/a", 1, b'{"$id":"https://example.org/a","version":1}')

    assert JournalReader(directory).schemas() == {
        ("https://example.org/a", "1"): {"$id": "https://example.org/a", "version": 1}
    }


def test_constructing_touches_nothing(handler, directory):
    assert not directory.exists()
    assert handler.directory == directory


def test_the_default_directory_is_jupyters(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    handler = JournalHandler()
    handler.close()

    assert handler.directory == tmp_path / "telemetry" / "journal"


def test_a_directory_may_be_given_as_text_below_home_or_relative(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    handlers = [JournalHandler("~/a"), JournalHandler("a"), JournalHandler(str(tmp_path / "a"))]
    monkeypatch.chdir("/")
    for handler in handlers:
        handler.close()

    assert {handler.directory for handler in handlers} == {tmp_path / "a"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_segment_bytes": 0}, "max_segment_bytes must be a whole number of bytes above 0, not 0"),
        ({"max_segment_bytes": "1"}, "max_segment_bytes must be a whole number of bytes above 0, not '1'"),
        ({"max_bytes": 1.5}, "max_bytes must be a whole number of bytes above 0, not 1.5"),
        ({"max_bytes": True}, "max_bytes must be a whole number of bytes above 0, not True"),
        ({"max_segment_age_s": -1}, "max_segment_age_s must be a number of seconds above 0, not -1"),
        ({"max_age_s": 0}, "max_age_s must be a number of seconds above 0, not 0"),
        ({"sync_interval_s": "1"}, "sync_interval_s must be a number of seconds above 0, not '1'"),
        ({"queue_bytes": 1.5}, "queue_bytes must be a whole number of bytes above 0, not 1.5"),
        ({"exit_timeout_s": -1}, "exit_timeout_s must be a number of seconds above 0, not -1"),
        ({"durability": "safe"}, 'durability must be one of "memory", "process", "disk", not \'safe\''),
        ({"max_segment_age_s": float("nan")}, "max_segment_age_s must be a number of seconds above 0, not nan"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_an_error(directory, settings, message):
    with pytest.raises(ConfigurationError) as caught:
        JournalHandler(directory, **settings)

    assert str(caught.value) == f"JournalHandler: {message}"


def test_a_directory_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")

    for name in ("file", "dangling"):
        with pytest.raises(ConfigurationError) as caught:
            JournalHandler(tmp_path / name)
        assert str(caught.value) == f"JournalHandler: directory {tmp_path / name} is there and is no directory"


@pytest.mark.parametrize("directory", ["a\0b", 7, b"a"])
def test_a_directory_that_is_no_path_is_an_error(directory):
    with pytest.raises(ConfigurationError) as caught:
        JournalHandler(directory)

    assert str(caught.value) == f"JournalHandler: directory must be a path, not {directory!r}"


def test_a_formatter_is_an_error_and_none_is_not(handler):
    handler.setFormatter(None)
    with pytest.raises(ConfigurationError, match="JournalHandler takes no formatter"):
        handler.setFormatter(logging.Formatter("%(message)s"))


def test_a_record_of_an_event_log_is_kept(handler, directory):
    handler.handle(event_record(line(1)[:-1].decode()))

    assert content(directory) == line(1)


def test_filters_and_level_are_honoured(handler, directory):
    logger = logging.Logger("events")
    logger.addHandler(handler)
    handler.addFilter(lambda record: "7" not in record.getMessage()[-4:])
    for number in (5, 7, 8):
        logger.handle(event_record(line(number)[:-1].decode()))
    handler.setLevel(logging.WARNING)
    logger.handle(event_record(line(9)[:-1].decode()))

    assert numbers(JournalReader(directory).lines()) == [5, 8]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (logging.makeLogRecord({"msg": "started"}), "a log record that is no event"),
        (event_record("{}\n{}"), "a log record of more than one line"),
        (event_record("\ud800"), "a log record without a line of UTF-8"),
        (event_record("%d", args=("x",)), "a log record without a line of UTF-8"),
    ],
)
def test_a_record_that_is_no_line_is_lost_and_never_printed(handler, directory, record, reason, caplog, capsys):
    handler.handle(record)

    assert not directory.exists()
    assert handler.counts() == {"written": 0, "lost": 1, "expired": 0}
    assert caplog.messages == [f"journal {directory}: 1 events lost ({reason})"]
    assert capsys.readouterr() == ("", "")


def test_a_journal_that_its_own_warnings_reach_does_not_go_in_circles(handler):
    log = logging.getLogger("jupyter_telemetry.journal")
    log.addHandler(handler)
    try:
        handler.emit(event_record("two\nlines"))
    finally:
        log.removeHandler(handler)

    assert handler.counts()["lost"] == 2


def test_close_seals_and_twice_is_harmless(handler, directory):
    handler.write_event(line(1))
    handler.flush()
    handler.close()
    handler.close()

    assert names(directory) == ["sealed"]
    assert handler.counts() == {"written": 1, "lost": 0, "expired": 0}


def test_the_last_reference_seals_too(directory):
    handler = JournalHandler(directory)
    handler.write_event(line(1))
    del handler
    gc.collect()

    assert names(directory) == ["sealed"]


def test_the_end_of_the_interpreter_seals(directory):
    script = """
import sys
from jupyter_telemetry.journal import JournalHandler
handler = JournalHandler(sys.argv[1])
handler.write_event(b"{}\\n")
"""
    done = subprocess.run([sys.executable, "-c", script, str(directory)], capture_output=True, check=True)

    assert names(directory) == ["sealed"]
    assert (done.stdout, done.stderr) == (b"", b"")


def test_it_can_be_made_from_a_dict_as_logging_config_has_it(directory):
    config = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {
            "journal": {
                "class": "jupyter_telemetry.journal.JournalHandler",
                "directory": str(directory),
                "max_segment_bytes": 1000,
                "level": "INFO",
            }
        },
    }
    made = logging.config.DictConfigurator(json.loads(json.dumps(config)))
    handler = made.configure_handler(made.config["handlers"]["journal"])
    handler.close()

    assert repr(handler) == f"<JournalHandler {directory} (INFO)>"


def test_four_threads_share_a_handler(handler, directory, in_threads):
    in_threads(lambda thread: [handler.write_event(line(thread * 1000 + number)) for number in range(1000)])

    assert sorted(numbers(JournalReader(directory).lines(damage=pytest.fail))) == list(range(4000))
    assert handler.counts()["written"] == 4000


def test_paths_are_what_pathlib_makes_of_them(handler):
    assert isinstance(handler.directory, Path)


def test_a_handler_that_others_have_closed_goes_on(tmp_path):
    """traitlets configures logging for each application, and that closes every handler of the process."""
    handler = JournalHandler(tmp_path / "journal")
    handler.write_event(line(1))
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})
    handler.write_event(line(2))
    handler.close()
    assert list(JournalReader(tmp_path / "journal").lines()) == [line(1), line(2)]
    assert handler.counts()["lost"] == 0


def test_sealing_ends_the_segment_in_hand_and_recording_goes_on(handler, directory):
    handler.seal()
    handler.write_event(line(1))
    handler.seal()
    handler.seal()
    assert names(directory) == ["sealed"]

    handler.write_event(line(2))
    assert names(directory) == ["sealed", "open"]
    assert handler.counts() == {"written": 2, "lost": 0, "expired": 0}


@pytest.mark.parametrize("durability", ["memory", "process", "disk"])
def test_each_durability_keeps_events_and_schemas_of_calls_and_of_records(directory, durability):
    handler = JournalHandler(directory, durability=durability)
    assert handler.durability == durability
    handler.write_schema("https://example.org/a", 1, b'{"$id":"https://example.org/a","version":1}')
    handler.write_event(line(1))
    handler.handle(event_record(line(2)[:-1].decode()))
    handler.handle(logging.makeLogRecord({"msg": "no event"}))
    handler.flush()
    handler.seal()
    assert names(directory) == ["sealed"]
    handler.write_event(line(3))
    handler.close()

    assert numbers(JournalReader(directory).lines()) == [1, 2, 3]
    assert len(JournalReader(directory).schemas()) == 1
    assert handler.counts() == {"written": 3, "lost": 1, "expired": 0}
    assert repr(handler) == f"<JournalHandler {directory} (NOTSET)>"


def test_under_a_hub_a_journal_that_nobody_placed_is_written_by_a_thread(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTERHUB_USER", "x")
    made = [JournalHandler(), JournalHandler(durability="disk"), JournalHandler(tmp_path / "journal")]
    for handler in made:
        handler.close()

    assert [handler.durability for handler in made] == ["memory", "disk", "process"]
    assert made[0].directory == tmp_path / "telemetry" / "journal"
