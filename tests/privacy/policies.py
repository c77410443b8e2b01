"""Policies, in as few words as a test needs."""

from __future__ import annotations

from jupyter_telemetry.privacy.statement import statement

__all__ = ["policy"]


def policy(allowed=("a",), **changes):
    """State a policy that allows `allowed` and says nothing else but `changes`."""
    said = {"redactions": {}, "classifications": {}, "destinations": [], "notice": {}, "consent": ()}
    return statement(allowed_schemas=allowed, **{**said, **changes})
