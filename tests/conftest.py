"""The plugin under test is loaded here, and not by its entry point, so that coverage sees its import."""

pytest_plugins = ["jupyter_telemetry.testing"]
