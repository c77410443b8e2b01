"""pytest-jupyter's fixtures, for the tests of this directory only."""

from __future__ import annotations

from pytest_jupyter.jupyter_server import *  # noqa: F403 - a plugin: its fixtures and hooks
