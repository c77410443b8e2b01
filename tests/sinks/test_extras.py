"""A sink without its library says which extra to install, when it is made."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
sys.modules[{missing!r}] = None
from jupyter_telemetry.errors import MissingExtra
from jupyter_telemetry.sinks import make_sink
try:
    make_sink({given!r})
except MissingExtra as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("missing", "given", "extra"),
    [
        ("httpx", "https://example.org/in", "http"),
        ("zstandard", {"to": "https://example.org/in", "compression": "zstd"}, "http"),
        ("httpx", "otlp+http://127.0.0.1:4318", "otlp"),
        ("opentelemetry.proto", "otlp+http://127.0.0.1:4318", "otlp"),
        ("confluent_kafka", "kafka://127.0.0.1:9092/t", "kafka"),
    ],
)
def test_a_missing_library_is_said_at_once(missing, given, extra):
    program = PROGRAM.format(missing=missing, given=given)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert f"pip install 'jupyter_telemetry[{extra}]'" in done.stdout, done.stderr
