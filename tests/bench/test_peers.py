"""The others are measured doing what their figure is said to be of."""

import pytest
from recorded import CALLS, recorded_by

from bench.contests import CONTESTS, OLD
from bench.event import EVENT


@pytest.mark.filterwarnings("ignore::DeprecationWarning:(?!jupyter_telemetry)")
@pytest.mark.parametrize("where", ["structlog", "stdlib", "jupyter_events", "QueueListener"])
def test_peers_write_the_whole_event_once_per_call(where, tmp_path):
    events = recorded_by(where, tmp_path)
    assert len(events) == CALLS
    assert all(event.items() >= EVENT.items() for event in events)


def test_opentelemetry_writes_nothing_and_says_so(tmp_path):
    assert recorded_by("opentelemetry", tmp_path) == []
    with CONTESTS["opentelemetry"].makers()["subject"](tmp_path) as subject:
        assert subject.lines_per_call is None


@pytest.mark.parametrize("where", ["BatchLogRecordProcessor", "produce", "INSERT"])
def test_peers_that_send_write_no_file_here(where, tmp_path):
    recorded_by(where, tmp_path)
    assert not list(tmp_path.iterdir())


def test_0_1_0_is_measured_only_where_it_is_installed(tmp_path):
    assert CONTESTS[OLD].python == OLD
    with pytest.raises(RuntimeError, match="environment of its own"):
        recorded_by(OLD, tmp_path)
