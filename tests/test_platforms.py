"""What is promised for systems where the tests are not run: docs/explanation/platforms.md.

Each runs in a process without forks, in which a file that is open can be neither renamed nor deleted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

COMMON = """
import windows_like
import os, sys
from pathlib import Path
from jupyter_telemetry import EventLog
from jupyter_telemetry.journal import JournalHandler, JournalReader
from jupyter_telemetry.journal.retention import ORPHAN_SLACK_S, Limits, Retention
from jupyter_telemetry.journal.segment import scan

directory = Path("journal")
SAVE = "https://example.org/save"


def new_log(**settings):
    handler = JournalHandler(directory, **settings)
    log = EventLog(handlers=[handler], allowed_schemas=[SAVE])
    log.register_schema({"$id": SAVE, "version": 1})
    return log, handler


def record(log, *numbers):
    for number in numbers:
        log.record_event(SAVE, 1, {"number": number, "pad": "x" * 1000})


def read():
    return [event["number"] for event in JournalReader(directory).events(damage=print)]


def sealed():
    return [segment.sealed for segment in scan(directory)]


def room(max_bytes=10**9, later_s=0.0):
    newest = max(segment.modified_at for segment in scan(directory))
    limits = Limits(max_segment_bytes=1000, max_segment_age_s=60.0, max_bytes=max_bytes, max_age_s=86400.0)
    return sum(Retention(str(directory), limits).make_room(now=newest + later_s).expired.values())
"""


def on_windows(tmp_path, code):
    """Run code in a process that is a little like one on Windows; return what it prints."""
    tests = Path(__file__).parent
    path = os.pathsep.join([str(tests), str(tests.parent)])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", COMMON + textwrap.dedent(code)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_it_is_a_little_like_windows(tmp_path):
    code = """
    print(hasattr(os, "fork"), hasattr(os, "register_at_fork"))
    file = Path("file")
    with file.open("w"):
        for change in file.unlink, lambda: file.rename("other"), lambda: os.replace("file", "other"):
            try:
                change()
            except PermissionError:
                print("refused")
    file.unlink()
    """
    assert on_windows(tmp_path, code) == ["False False", "refused", "refused", "refused"]


def test_without_forks_events_are_recorded_sealed_and_read(tmp_path):
    code = """
    log, handler = new_log()
    record(log, 1, 2)
    print(read(), sealed())
    log.close()
    handler.close()
    print(read(), sealed(), len(JournalReader(directory).schemas()), handler.counts())
    """
    said = ["[1, 2] [False]", "[1, 2] [True] 1 {'written': 2, 'lost': 0, 'expired': 0}"]
    assert on_windows(tmp_path, code) == said


def test_a_segment_that_is_read_while_it_is_to_be_sealed_stays_open_and_is_sealed_at_the_next_try(tmp_path):
    code = """
    log, handler = new_log()
    record(log, 1)
    with scan(directory)[0].path.open():
        handler.close()
        record(log, 2)
        print(sealed())
        room(later_s=61 + ORPHAN_SLACK_S)
        print(sealed(), read())
    handler.close()
    print(sealed())
    room(later_s=61 + ORPHAN_SLACK_S)
    print(sealed(), read(), handler.counts())
    """
    assert on_windows(tmp_path, code) == [
        "[False, False]",
        "[False, False] [1, 2]",
        "[False, True]",
        "[True, True] [1, 2] {'written': 2, 'lost': 0, 'expired': 0}",
    ]


def test_a_segment_that_is_read_while_room_is_needed_stays_until_the_next_try(tmp_path):
    code = """
    log, handler = new_log(max_segment_bytes=1024**2)
    for number in 1, 2, 3:
        record(log, number)
        handler.close()
    with scan(directory)[0].path.open():
        print(room(max_bytes=4000), read())
    print(room(max_bytes=2500), read())
    """
    assert on_windows(tmp_path, code) == ["1 [1, 3]", "1 [3]"]


def test_reading_a_journal_keeps_no_segment_from_being_sealed(tmp_path):
    code = """
    log, handler = new_log()
    record(log, *range(10))
    reader = JournalReader(directory)
    lines, following = reader.lines(), reader.follow(last=None, timeout_s=0.0)
    next(lines), next(following)
    handler.close()
    print(sealed(), len(list(lines)), len(list(following)))
    """
    assert on_windows(tmp_path, code) == ["[True] 9 9"]


def test_a_question_keeps_no_segment_from_being_sealed(tmp_path):
    code = """
    from jupyter_telemetry.analysis import open_journal

    log, handler = new_log()
    record(log, *range(10))
    with open_journal(directory) as journal:
        print(journal.sql("SELECT count(*) FROM events").rows())
        handler.close()
        print(sealed(), journal.sql("SELECT count(*) FROM events").rows())
    """
    assert on_windows(tmp_path, code) == ["[(10,)]", "[True] [(10,)]"]


def test_a_schema_that_is_read_while_it_is_to_be_replaced_is_stored_later(tmp_path):
    code = """
    import logging
    logging.getLogger("jupyter_telemetry").setLevel(logging.ERROR)
    log, handler = new_log()
    record(log, 1)
    (stored,) = (directory / "schemas").iterdir()
    whole = stored.read_bytes()
    stored.write_bytes(b"")  # as a power cut leaves it
    again, second = new_log()
    with stored.open():
        record(again, 2)
    print(len(stored.read_bytes()), [path.name for path in (directory / "schemas").iterdir()] == [stored.name])
    second.close()
    print(stored.read_bytes() == whole)
    """
    assert on_windows(tmp_path, code) == ["0 True", "True"]
