"""A pytest plugin for those who test the events of their own code.

It comes with the package. Its fixture is an EventLog that records whatever is registered with it:

    def test_saving_is_recorded(recording_eventlog):
        recording_eventlog.register_schema(SCHEMA)
        save(eventlog=recording_eventlog)
        assert recording_eventlog.recorded == [{"action": "save"}]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._recording import RecordingEventLog

__all__ = ["recording_eventlog"]


@pytest.fixture
def recording_eventlog() -> Iterator[RecordingEventLog]:
    """Give an EventLog, and what it recorded: `.events`, the capsules; `.recorded`, without their metadata.

    Until its `allowed_schemas` is set, it allows all that is registered.
    """
    # Imported here: pytest loads this module in every run, of whatever project.
    from ._recording import RecordingEventLog

    with RecordingEventLog() as log:
        yield log
