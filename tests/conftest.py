"""What all tests share.

The plugin under test is loaded here, and not by its entry point, so that coverage sees its import.
"""

from hypothesis import settings

pytest_plugins = ["jupyter_telemetry.testing"]

# No test asserts a time, and machines are noisy.
settings.register_profile("patient", deadline=None, print_blob=True)
settings.load_profile("patient")
