"""The Jupyter Server extension: the server's EventLog, and the bridge that brings Jupyter's own events into it.

It is on as soon as the package is installed, and does nothing until the operator allows something. Importing it
imports neither jupyter_server nor jupyter_events.
"""

from .extension import get_eventlog

__all__ = ["get_eventlog"]
