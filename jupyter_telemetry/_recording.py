"""The EventLog of the pytest plugin; apart from it, so that loading the plugin stays cheap."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from traitlets import validate

from .envelope import METADATA_NAMES
from .eventlog import EventLog
from .privacy import Limits

if TYPE_CHECKING:
    from traitlets import Bunch

    from .privacy import Classification
    from .schema import EventSchema


class _Recorder(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


class RecordingEventLog(EventLog):
    """An EventLog that keeps its events in memory, as they were written.

    Until `allowed_schemas` is set, it allows all that is registered, whole.
    """

    def __init__(self, **kwargs: Any) -> None:
        self._allows_all = True
        super().__init__(**kwargs)
        self._recorder = _Recorder()
        self.add_handler(self._recorder)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The capsules: metadata and properties."""
        return [json.loads(line) for line in self._recorder.lines]

    @property
    def recorded(self) -> list[dict[str, Any]]:
        """The events' own properties, without the metadata."""
        return [{k: v for k, v in event.items() if k not in METADATA_NAMES} for event in self.events]

    def clear(self) -> None:
        """Forget the events recorded so far."""
        self._recorder.lines.clear()

    @validate("allowed_schemas")
    def _chosen(self, proposal: Bunch) -> Any:
        self._allows_all = False
        self._routes = {}  # an empty list is no change of value, which traitlets would tell of
        return proposal.value

    def _limits(self, schema: EventSchema, classification: Classification) -> Limits | None:
        return Limits(allows_all=True) if self._allows_all else super()._limits(schema, classification)
