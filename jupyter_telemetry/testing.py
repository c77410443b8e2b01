"""A pytest plugin for those who test the events of their own code.

It comes with the package. Its fixture is an EventLog that records whatever is registered with it:

    def test_saving_is_recorded(recording_eventlog):
        recording_eventlog.register_schema(SCHEMA)
        save(eventlog=recording_eventlog)
        assert recording_eventlog.recorded == [{"action": "save"}]

For those who write a sink: SinkContract, the tests that every sink passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._contract import SinkContract
    from ._recording import RecordingEventLog

__all__ = ["SinkContract", "recording_eventlog"]


def __getattr__(name: str) -> Any:
    if name == "SinkContract":  # pytest loads this module in every run, of whatever project
        from ._contract import SinkContract

        return SinkContract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@pytest.fixture
def recording_eventlog() -> Iterator[RecordingEventLog]:
    """Give an EventLog, and what it recorded: `.events`, the capsules; `.recorded`, without their metadata.

    Until its `allowed_schemas` is set, it allows all that is registered.
    """
    # Imported here: pytest loads this module in every run, of whatever project.
    from ._recording import RecordingEventLog

    with RecordingEventLog() as log:
        yield log
