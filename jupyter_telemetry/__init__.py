"""Structured, schema-validated, privacy-preserving event telemetry."""

__version__ = "1.0.0.dev0"
