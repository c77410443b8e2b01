"""The web server that keeps nothing."""

import time
import urllib.request

import pytest

from bench.listener import listening


@pytest.mark.parametrize("answers_after_s", [0.0, 0.2])
def test_it_takes_everything_and_answers_when_it_was_told_to(answers_after_s):
    with listening(answers_after_s) as url:
        start = time.monotonic()
        with urllib.request.urlopen(url, b"something") as answer:
            assert answer.status == 200
        assert time.monotonic() - start >= answers_after_s
