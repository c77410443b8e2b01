"""The demo: a real Jupyter Server, a scripted user in it, an application beside it, and what they recorded.

play is the whole; server, user (with kernel) and application do the work, stage shows it live, telling says the
rest, and questions are what it asks.
"""

from .play import play

__all__ = ["play"]
