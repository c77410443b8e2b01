"""What all tests share.

The plugin under test is loaded here, and not by its entry point, so that coverage sees its import.
"""

from hypothesis import Phase, settings

pytest_plugins = ["jupyter_telemetry.testing"]

# No test asserts a time, and machines are noisy.
settings.register_profile("patient", deadline=None, print_blob=True)
# For whoever wants to know that something fails, not what is the least that does.
settings.register_profile("as-found", settings.get_profile("patient"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("patient")
