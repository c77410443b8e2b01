"""NATSSink, and what it knows of JetStream."""

from __future__ import annotations

from .sink import NATSSink

__all__ = ["NATSSink"]
