from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from jupyter_telemetry.demo.telling import Teller
from jupyter_telemetry.demo.user import CONTENTS, Expected
from jupyter_telemetry.errors import TelemetryError


def test_missing_events_are_an_error_that_names_them_and_the_log():
    teller = Teller(Console(file=io.StringIO()))
    missing = Counter({Expected(CONTENTS, "save", "a.ipynb"): 2})
    with pytest.raises(TelemetryError) as raised:
        teller.events(Counter(), 35, missing, Path("/tmp/server.log"))
    assert str(raised.value).splitlines() == [
        "the demo failed: of 35 events that its script caused, 2 are not in the journal; "
        "the server's log is /tmp/server.log",
        f"  2 × save a.ipynb ({CONTENTS})",
    ]


def test_what_is_recorded_is_said():
    console = Console(file=io.StringIO(), width=100)
    Teller(console).events(Counter({"a": 40, "b": 2}), 35, Counter(), Path("log"))
    assert console.file.getvalue() == (
        "✓ 42 events are recorded, among them all 35 that the script must have caused.\n"
    )
