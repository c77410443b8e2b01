"""A batch: events on their way to a sink, as the lines that stand in the journal."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ..journal.line import HEAD, id_of
from ..lockfile import LockLost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["Batch", "Head", "Overtaken"]


class Overtaken(LockLost):
    """What was taken was erased, or deleted, meanwhile: it is taken anew. A sink lets it through."""


class Head(NamedTuple):
    """The metadata of an event."""

    timestamp: str  # RFC 3339
    schema_id: str
    version: str  # as text: 1 and "1" name the same version
    event_id: str


class Batch:
    """Events to send, in the order in which their segments hold them.

    Parameters
    ----------
    lines: one event each, as UTF-8 JSON that ends in a newline.
    schemas: gives the newest recorded schema of (id, version as text), or None.
    journal: a name of the journal that they come from: random, the same as long as that stands.
    sent_before: they may have been sent before, a moment ago or by a shipper that did not live to see the answer. If
        not, the destination has none of them.
    check: raises LockLost, which the sink lets through, when another shipper has taken over, or something of the batch
        was erased; a sink that cannot tell a second delivery calls it before the step that cannot be undone.
    """

    def __init__(
        self,
        lines: Sequence[bytes],
        schemas: Callable[[str, str], Mapping[str, Any] | None] = lambda *_: None,
        *,
        journal: str = "",
        sent_before: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.lines = tuple(lines)
        self.schemas = schemas
        self.journal = journal
        self.sent_before = sent_before
        self.check = check

    def __len__(self) -> int:
        return len(self.lines)

    @cached_property
    def size(self) -> int:
        """Bytes of all lines."""
        return sum(map(len, self.lines))

    @cached_property
    def heads(self) -> tuple[Head, ...]:
        """The metadata of each event."""
        return tuple(map(_head, self.lines))

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The `__id__` of each event."""
        return tuple(id_of(line).decode() for line in self.lines)  # most sinks need no more of the heads

    @cached_property
    def events(self) -> tuple[dict[str, Any], ...]:
        """Each event as a dict."""
        return tuple(map(orjson.loads, self.lines))

    def part(self, indices: Iterable[int], *, sent_before: bool = False) -> Batch:
        """Return a batch of some of the events, which may have been sent before if this one, or `sent_before`, says."""
        return Batch(
            [self.lines[index] for index in indices],
            self.schemas,
            journal=self.journal,
            sent_before=self.sent_before or sent_before,
            check=self.check,
        )


def _head(line: bytes) -> Head:
    if found := HEAD.match(line):
        timestamp, schema_id, version, _, event_id = found.groups()
        return Head(timestamp.decode(), schema_id.decode(), version.strip(b'"').decode(), event_id.decode())
    event = orjson.loads(line)
    return Head(event["__timestamp__"], event["__schema__"], str(event["__schema_version__"]), event["__id__"])
