"""The floor: what the same line costs whoever does nothing but encode and write it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson

from .event import CLASSIFIED_CAPSULE, EVENT, PLAIN_CAPSULE
from .subjects import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .subjects import Maker

__all__ = ["LINE_BYTES", "floor", "floor_classified", "floor_lasting"]

LINE_BYTES = {"event": len(orjson.dumps(EVENT)), "line": len(orjson.dumps(PLAIN_CAPSULE)) + 1}


def _floor_of(capsule: dict[str, Any], *, lasting: bool = False) -> Maker:
    @contextmanager
    def make(directory: Path) -> Iterator[Subject]:
        fd = os.open(directory / "floor.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

        def run(times: int) -> None:
            write, dumps, option = os.write, orjson.dumps, orjson.OPT_APPEND_NEWLINE
            for _ in range(times):
                write(fd, dumps(capsule, option=option))

        def run_lasting(times: int) -> None:
            for _ in range(times):
                run(1)
                os.fdatasync(fd)

        yield Subject(run_lasting if lasting else run)
        os.close(fd)

    return make


floor = _floor_of(PLAIN_CAPSULE)
floor_classified = _floor_of(CLASSIFIED_CAPSULE)
floor_lasting = _floor_of(PLAIN_CAPSULE, lasting=True)
"""The floor of what is to be on the disk when the call returns."""
