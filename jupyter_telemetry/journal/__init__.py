"""The journal: events as JSON Lines in a directory, written before the call returns, read back in order.

    DIRECTORY/                  0700
      <name>.open.jsonl         0600  a segment that its writer may still append to
      <name>.jsonl              0600  a sealed segment
      schemas/<view>-<hash>.json      each schema once
      tombstones/<name>.jsonl         the ids of what was erased
      accounts.jsonl                  how many events are gone, and why

The parts: handler (what EventLog and logging see) → queueing (if nobody may wait) → writer (a line into the segment
in hand) → holding (which segment that is) → segment (one file), with syncing (what is on the disk), retention (the
limits), schemas, losses and accounts (what could not be kept, or is gone); reader (all segments in order) →
follow (what comes), or export (all of them); erasure (what goes, while others record) with rewriting, lock and
tombstones; cursors and deadletters (how far destinations have had it). access says who may read it, names what
things are called.
"""

from .handler import JournalHandler
from .names import default_directory, view_name
from .reader import Damage, JournalReader

__all__ = ["Damage", "JournalHandler", "JournalReader", "default_directory", "view_name"]
