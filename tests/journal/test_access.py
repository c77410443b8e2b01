from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

from jupyter_telemetry.journal import JournalHandler
from jupyter_telemetry.journal.access import directory_mode, file_mode, is_open_to_group, open_to_group, shared_mode
from jupyter_telemetry.journal.accounts import account
from jupyter_telemetry.journal.cursors import behind
from jupyter_telemetry.journal.deadletters import dead_letters, write_dead_letters
from jupyter_telemetry.journal.erasure import erase

from .lines import line

SCHEMA = ("https://example.org/a", 1, b'{"$id":"https://example.org/a","version":1}')


def modes(journal: Path) -> dict[str, str]:
    """Return the mode of each file and directory, by name; segments are called so."""
    found = {}
    for path in [journal, *sorted(journal.rglob("*"))]:
        name = "." if path == journal else str(path.relative_to(journal))
        name = name if path.parent != journal or not name.startswith("20") else "segment"
        found[name] = oct(stat.S_IMODE(path.stat(follow_symlinks=False).st_mode))[2:]
    return found


def test_a_journal_is_its_owners_alone_unless_told_otherwise(directory):
    handler = JournalHandler(directory)
    handler.write_schema(*SCHEMA)
    handler.write_event(line(1))
    handler.close()

    assert not is_open_to_group(directory)
    assert (file_mode(directory), directory_mode(directory), shared_mode(directory)) == (0o600, 0o700, 0o700)
    found = modes(directory)
    assert {mode for name, mode in found.items()} == {"600", "700"}


def test_its_group_reads_all_and_writes_only_where_it_ships(directory):
    handler = JournalHandler(directory, group_readable=True)
    handler.write_schema(*SCHEMA)
    handler.write_event(line(1))
    account(directory, "lost", 1, "a")
    handler.close()
    write_dead_letters(directory, "there", [(line(1), "no", "segment")])

    found = modes(directory)
    (schema,) = (name for name in found if name.startswith("schemas/"))
    (dead,) = (name for name in found if name.startswith("dead-letter/there/"))
    assert found == {
        ".": "2750",
        "segment": "640",
        "accounts.jsonl": "640",
        "name": "640",
        "schemas": "2750",
        schema: "640",
        "shipping": "2770",
        "dead-letter": "2770",
        "dead-letter/there": "2770",
        dead: "640",
    }


def test_a_journal_that_was_private_is_opened_with_what_it_holds(directory):
    handler = JournalHandler(directory)
    handler.write_schema(*SCHEMA)
    handler.write_event(line(1))
    handler.close()
    open_to_group(directory)
    open_to_group(directory)

    assert set(modes(directory).values()) == {"2750", "2770", "640"}


def test_an_erasure_leaves_it_open(directory):
    handler = JournalHandler(directory, group_readable=True)
    handler.write_event(line(1))
    handler.write_event(line(2).replace(b"org/a", b"org/b"))
    handler.close()
    erase(directory, erases=lambda schema_id: schema_id.endswith("b"), settle_s=0.0)

    assert set(modes(directory).values()) == {"2750", "2770", "640"}


SIDECAR = """
import _strptime, encodings.ascii, json, os, sys  # all that is imported later too: root's Python may be nobody else's
from pathlib import Path

directory, uid, gid = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
from jupyter_telemetry.journal import JournalReader
from jupyter_telemetry.journal.cursors import Cursor, Progress
from jupyter_telemetry.journal.deadletters import remove_dead_letters, write_dead_letters
from jupyter_telemetry.journal.identity import journal_name

if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)

refused = []
for path in (directory, *directory.glob("2*")):
    if os.access(path, os.W_OK):
        refused.append(str(path))
(segment,) = JournalReader(directory).segments()
cursor = Cursor("there", {segment.name: Progress(segment.inode, segment.size, 1)})
place = directory / "shipping" / "there"
cursor.save(place / "cursor.json", lambda: None)
letters = [(line, "no", "segment") for line in JournalReader(directory).lines()]
write_dead_letters(directory, "there", letters)
# As a shipper does whose forerunner was killed: it sends the same again, and takes back what that had buried.
ids = {event["__id__"] for event in JournalReader(directory).events()}
remove_dead_letters(directory, "there", ids, lambda: None)
write_dead_letters(directory, "there", letters)
print(json.dumps({
    "uid": os.geteuid(),
    "numbers": [event["number"] for event in JournalReader(directory).events()],
    "schemas": len(JournalReader(directory).schemas()),
    "name": journal_name(directory),
    "writable": refused,
}))
"""


def test_a_program_of_another_user_in_the_group_reads_and_ships_it(tmp_path):
    """Root becomes another user for it; any other user can be but itself, and may then write what it owns."""
    is_root = os.geteuid() == 0
    place = Path("/tmp") if is_root else tmp_path  # pytest's own directories are root's alone
    uid, gid = (54321, 54320) if is_root else (os.geteuid(), os.getegid())
    directory = place / f"journal-of-a-group-{os.getpid()}"
    directory.mkdir()
    try:
        os.chown(directory, -1, gid)
        handler = JournalHandler(directory, group_readable=True)
        handler.write_schema(*SCHEMA)
        handler.write_event(line(1))
        handler.close()
        assert directory.stat().st_gid == gid

        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", SIDECAR, str(directory), str(uid), str(gid)]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False, env=environment, cwd="/")
        assert (done.returncode, done.stderr.decode()) == (0, "")
        told = json.loads(done.stdout)
        assert (told["uid"], told["numbers"], told["schemas"]) == (uid, [1], 1)
        assert told["name"] == (directory / "name").read_text()
        if is_root:
            assert told["writable"] == []

        # What it wrote, the owner reads and replaces.
        assert list(behind(directory).values()) == [0]
        assert len(list(dead_letters(directory))) == 1
        assert erase(directory, settle_s=0.0).left == ()
        assert list(dead_letters(directory)) == []
        assert {mode for name, mode in modes(directory).items() if name.startswith("shipping/")} == {"2770", "640"}
    finally:
        subprocess.run(["rm", "-rf", str(directory)], check=True)
