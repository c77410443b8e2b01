"""Emulate power cuts, by hand, as root: `python -m tests.journal.power_loss [--cuts 20]`.

A recorder writes into a journal on an ext4 file system in an image on a loop device. At a random moment it is stopped
(SIGSTOP), and the image is copied as it is: what the operating system holds in memory only is not in the copy. The copy
is mounted, which replays ext4's own journal, and read. Each event whose call returned must be there at the durability
"disk"; at "process" those that are not must be of the last second, and the time that a sync takes. Nothing that is read
may differ from what was written. (What a disk loses that lies about its cache is not emulated.)
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_telemetry.journal import JournalReader

if TYPE_CHECKING:
    from collections.abc import Iterator

SLACK_S = 0.5  # for a sync that is under way

RECORDER = """
import os, sys, time
from jupyter_telemetry.journal import JournalHandler
from tests.journal.recorder import new_line

handler = JournalHandler(sys.argv[1], durability=sys.argv[2], max_segment_bytes=300_000)
while True:
    event_id, line = new_line()
    handler.write_event(line)
    os.write(1, b"%b %.6f %b" % (event_id, time.monotonic(), line))
    time.sleep(0.0002)
"""


def run(*command: object) -> None:
    subprocess.run([str(each) for each in command], check=True, capture_output=True)


@contextlib.contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    """Mount an image for as long as that lasts."""
    place.mkdir(exist_ok=True)
    run("mount", "-o", "loop", image, place)
    try:
        yield place
    finally:
        run("umount", place)


def cut(durability: str, after_s: float, work: Path) -> tuple[int, int, float, int]:
    """Cut the power once; return how many events were told, how many are missing, how old they are, what is damaged."""
    image, copy = work / "image", work / "copy"
    with image.open("wb") as file:
        file.truncate(256 * 1024**2)
    run("mkfs.ext4", "-q", image)
    with mounted(image, work / "disk") as disk, (work / "told").open("wb") as output:
        command = [sys.executable, "-c", RECORDER, str(disk / "journal"), durability]
        recorder = subprocess.Popen(command, stdout=output)
        try:
            time.sleep(after_s)
            recorder.send_signal(signal.SIGSTOP)
            stopped_at = time.monotonic()
            run("cp", "--sparse=always", image, copy)
        finally:
            recorder.kill()
            recorder.wait()
    told = {}
    for text in (work / "told").read_bytes().splitlines(keepends=True):
        event_id, at, line = text.split(b" ", 2)
        told[event_id] = float(at), line
    damage = []
    with mounted(copy, work / "again") as again:
        found = {}
        for line in JournalReader(again / "journal").lines(damage=damage.append):
            found[line[line.index(b'"__id__":"') + 10 :][:36]] = line
    misread = [event_id for event_id, (_, line) in told.items() if found.get(event_id, line) != line]
    assert not misread, f"{len(misread)} events were misread"
    missing = [at for event_id, (at, _) in told.items() if event_id not in found]
    return len(told), len(missing), max((stopped_at - at for at in missing), default=0.0), len(damage)


def main() -> int:
    """Cut the power often; the exit status says whether what is promised held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=20, help="at each durability")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    if os.geteuid():
        parser.error("mounting needs root")
    chance, failed = random.Random(args.seed), 0
    print(f"seed {args.seed}")
    for durability, allowed_s in (("disk", 0.0), ("process", 1.0 + SLACK_S)):
        for _ in range(args.cuts):
            with tempfile.TemporaryDirectory() as work:
                told, missing, age_s, damaged = cut(durability, chance.uniform(0.5, 4.0), Path(work))
            holds = age_s <= allowed_s and (durability != "disk" or not missing)
            failed += not holds
            print(
                f"{durability}: {told} events told, {missing} missing, the oldest {age_s:.2f} s before the cut, "
                f"{damaged} lines damaged{'' if holds else ': NOT AS PROMISED'}",
                flush=True,
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
