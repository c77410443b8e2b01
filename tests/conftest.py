"""What all tests share.

The plugin under test is loaded here, and not by its entry point, so that coverage sees its import.
"""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import Phase, settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as behind a shell's `&`: tests interrupt what they start
    signal.signal(signal.SIGINT, signal.default_int_handler)


pytest_plugins = ["jupyter_telemetry.testing"]

# No test asserts a time, and machines are noisy.
settings.register_profile("patient", deadline=None, print_blob=True)
# For whoever wants to know that something fails, not what is the least that does.
settings.register_profile("as-found", settings.get_profile("patient"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("patient")


@pytest.fixture
def in_threads():
    """Run a function in several threads at once, with the number of its thread; raise what one of them raises."""

    def run(function, count: int = 4) -> None:
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(function, range(count)))

    return run
