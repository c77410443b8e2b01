"""Ask a journal questions in SQL, and take the answers to pandas, polars or Arrow.

`open_journal` gives a JournalDatabase; its `sql` gives a Result. The parts: snapshot (what the journal holds at one
moment) → filesystem (the only file that DuckDB sees) → views (their SQL, with inference: the types that a schema
gives its properties, and sqltypes: how a JSON value becomes one) → database (open, ask) → result (rows and frames).
"""

from .database import JournalDatabase, open_journal, open_lake
from .result import Result
from .views import Column, View

__all__ = ["Column", "JournalDatabase", "Result", "View", "open_journal", "open_lake"]
