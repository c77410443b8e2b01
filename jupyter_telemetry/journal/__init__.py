"""The journal: events as JSON Lines in a directory, written before the call returns, read back in order.

    DIRECTORY/                  0700
      <name>.open.jsonl         0600  a segment that its writer may still append to
      <name>.jsonl              0600  a sealed segment
      schemas/<view>-<hash>.json      each schema once
      tombstones/<name>.jsonl         the ids of what was erased

The parts: handler (what EventLog and logging see) → writer (a line into a segment) → segment (one file), with
retention (the limit of bytes), schemas and losses (what could not be kept); reader (all segments in order) →
follow (what comes), or export (all of them); erasure (what goes, while others record) with rewriting, lock and
tombstones. names says what things are called.
"""

from .handler import JournalHandler
from .names import default_directory, view_name
from .reader import Damage, JournalReader

__all__ = ["Damage", "JournalHandler", "JournalReader", "default_directory", "view_name"]
