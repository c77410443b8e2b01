"""A journal, a lake, or both, as a database: open it, ask it in SQL."""

from __future__ import annotations

import contextlib
import difflib
import itertools
import os
import re
import threading
import weakref
from collections import deque
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any, TypeVar

from ..columns.sqltext import identifier
from ..errors import LakeError, MissingExtra, QueryError
from ..journal import JournalReader
from .holdings import Holdings
from .result import Result
from .views import EVENTS, View, create, create_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from typing_extensions import Self

    from ..lake.lake import Lake

__all__ = ["JournalDatabase", "open_journal", "open_lake"]

T = TypeVar("T")

_HEED_S = 0.2  # on Windows a thread that waits without a limit hears no Ctrl-C
_RESULTS = "results"  # a database of its own, so that SHOW TABLES shows the journal's
_SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET enable_progress_bar = false",
    "SET temp_directory = ''",  # or it would write beside the user's notebooks
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET allow_persistent_secrets = false",
    "SET python_enable_replacements = false",  # or a name may mean a variable of ours
    f"ATTACH ':memory:' AS {_RESULTS}",
    "CREATE SCHEMA journal",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
_QUESTIONS = ("SELECT", "EXPLAIN", "MULTI")  # MULTI: a PIVOT
_CATALOGUE = re.compile(r"\b(?:show|describe|desc|summarize|information_schema|duckdb_\w+|pg_\w+|sqlite_\w+)\b", re.I)


def open_journal(directory: str | os.PathLike[str] | None = None) -> JournalDatabase:
    """Open the journal in a directory to ask it questions; without one, the default journal.

    >>> with open_journal() as journal:  # doctest: +SKIP
    ...     journal.sql("SELECT __schema__, count(*) FROM events GROUP BY ALL").pandas()

    Raises JournalError if there is no such directory, and MissingExtra where DuckDB is not installed.
    """
    return JournalDatabase(directory)


def open_lake(
    url: str | os.PathLike[str], *, journal: str | os.PathLike[str] | None = None, **options: Any
) -> JournalDatabase:
    """Open a lake to ask it questions; with a journal's directory, both as one: no event comes twice.

    options: those of `jupyter_telemetry.lake.Lake`.

    Raises LakeError, JournalError, ConfigurationError, and MissingExtra where DuckDB or pyarrow is not installed.
    """
    from ..lake.lake import Lake

    return JournalDatabase(journal, lake=Lake(url, **options))


class JournalDatabase:
    """A journal, a lake, or both as one, that answer questions in SQL (DuckDB's), and change nothing.

    Its views: `events`, with the metadata columns `__timestamp__`, `__schema__`, `__schema_version__`,
    `__metadata_version__` and `__id__`, and `event`, the rest as JSON; and for each recorded schema a view with the
    metadata and a typed column for each property (`views` lists them). A value that is not what its column says is
    NULL there, or the nearest value if there is one, and stands as it was recorded in the JSON object
    `__misfits__`; properties without a column stand in `__extra__`. Both are NULL ordinarily.

    All questions see the same events: those that there were when it was opened, or last refreshed. Events that
    retention removes meanwhile are gone; where a lake's files were compacted meanwhile, it is refreshed. A line that is
    torn or damaged is no row, nor is JSON without an event's metadata (`SELECT count(*) FROM journal.lines WHERE line
    IS NULL` counts those that are no JSON).

    SQL reaches nothing else: no file, no network, no extension, no variable of the program.

    Any thread may use it; questions wait for each other. `close`, or a `with` block, frees what it holds.
    """

    def __init__(self, directory: str | os.PathLike[str] | None = None, *, lake: Lake | None = None) -> None:
        reader = None if lake is not None and directory is None else JournalReader(directory)
        self._holdings = Holdings(reader, lake)
        self._created: set[str] = set()
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._discarded: deque[str] = deque()  # tables of results that are gone
        self._connection: Any = _connect(self._holdings)
        self._close = weakref.finalize(self, self._connection.close)
        try:
            self.refresh()
        except BaseException:
            self.close()
            raise

    @property
    def directory(self) -> str:
        """Where the journal stands; "" where only a lake is asked."""
        return "" if self._holdings.reader is None else str(self._holdings.reader.directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it; results that were not converted are gone. Closing twice does nothing."""
        with self._lock:
            self._connection = None
            self._close()

    def refresh(self) -> None:
        """See the events and schemas that there are now.

        Raises JournalError if the journal is gone or cannot be read, LakeError likewise.
        """
        with self._lock:
            self._look(self._connected())

    def _look(self, connection: Any) -> None:
        self._holdings.look()
        for name in self._created:
            connection.execute(f"DROP VIEW {identifier(name)}")
        self._created = set()
        connection.execute(create_lines(self._holdings.mount.snapshot.longest_line))

    def sql(self, question: str, parameters: Sequence[object] | Mapping[str, object] | None = None) -> Result:
        """Ask a question: one SELECT (or FROM, WITH, PIVOT, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN).

        `parameters` are the values for `?` or `$name` in it.

        Raises QueryError with DuckDB's own message. That may hold values of events, such as one that a cast in the
        question failed at: who may ask may see them.
        """
        with self._lock:
            connection = self._connected()
            try:
                result, table = _interruptibly(connection, lambda: self._answer(connection, question, parameters))
            except LakeError:  # a lake's files may be compacted into others at any moment
                self._look(connection)
                result, table = _interruptibly(connection, lambda: self._answer(connection, question, parameters))
        weakref.finalize(result, self._discarded.append, table).atexit = False
        return result

    def views(self) -> list[View]:
        """List the views of the recorded schemas by name, with their columns, and count their events."""
        with self._lock:
            connection = self._connected()
            counts = _interruptibly(connection, lambda: self._counts(connection))
        return [
            view.about(counts.get((view.schema_id, view.version), 0))
            for _, view in sorted(self._holdings.views.items())
        ]

    def _answer(self, connection: Any, question: str, parameters: Any) -> tuple[Result, str]:
        """Ask, and keep the answer in a table; return it with the table's name."""
        with _errors_of_duckdb(self._holdings):
            self._drop_discarded(connection)
            _refuse_all_but_questions(connection, question)
            self._create_views(connection, self._mentioned(question))
            relation = self._relation(connection, question, parameters)
            table = f"{_RESULTS}.r{next(self._numbers)}"
            columns, types = relation.columns, relation.types
            relation.project(", ".join(f"#{at + 1} AS c{at + 1}" for at in range(len(columns)))).to_table(table)
            ((count,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608  # our name
        return Result(lambda selected, take: self._fetch(table, selected, take), columns, types, count), table

    def _counts(self, connection: Any) -> dict[tuple[str, str], int]:
        """Count the events of each schema in each version."""
        with _errors_of_duckdb(self._holdings):
            self._create_views(connection, {EVENTS})
            rows = connection.execute(
                f"SELECT __schema__, __schema_version__, count(*) FROM {EVENTS} GROUP BY ALL"  # noqa: S608  # the same
            )
            return {(schema_id, version): count for schema_id, version, count in rows.fetchall()}

    def _connected(self) -> Any:
        if self._connection is None:
            raise QueryError(f"{self._holdings.place} was closed; open it again")
        return self._connection

    def _mentioned(self, question: str) -> set[str]:
        """Return the views that a question may be about: making one takes milliseconds, and a hundred are felt."""
        text = question.lower()
        known = {EVENTS, *self._holdings.views}
        return known if _CATALOGUE.search(text) else {name for name in known if name in text}

    def _create_views(self, connection: Any, names: set[str]) -> None:
        for name in sorted(names - self._created):
            connection.execute(create(identifier(name), self._holdings.rows(name, connection)))
            self._created.add(name)

    def _relation(self, connection: Any, question: str, parameters: Any) -> Any:
        from duckdb import CatalogException

        try:
            return connection.sql(question, params=parameters)
        except CatalogException as error:
            unknown = re.match(r"Catalog Error: Table with name (.+?) does not exist!", str(error), re.DOTALL)
            if unknown is None or unknown[1].lower() in self._created:
                raise
            known = {EVENTS, *self._holdings.views}
            if known > self._created:  # it may be spelled in a way that hid it
                self._create_views(connection, known)
                return self._relation(connection, question, parameters)
            raise QueryError(self._no_such_view(unknown[1])) from error

    def _no_such_view(self, name: str) -> str:
        near = difflib.get_close_matches(name.lower(), [EVENTS, *self._holdings.views], cutoff=0.5)
        advice = f"did you mean {' or '.join(near)}?" if near else "SHOW TABLES lists those there are"
        return f"there is no view {name} in {self._holdings.place}: {advice}"

    def _fetch(self, table: str, selected: str, take: Callable[[Any], Any]) -> Any:
        with self._lock, _errors_of_duckdb(self._holdings):
            connection = self._connected()
            self._drop_discarded(connection)
            return take(connection.sql(f"SELECT {selected} FROM {table}"))  # noqa: S608  # names that result quotes

    def _drop_discarded(self, connection: Any) -> None:
        with contextlib.suppress(IndexError):
            while True:
                connection.execute(f"DROP TABLE {self._discarded.popleft()}")


def _connect(holdings: Holdings) -> Any:
    """Start a DuckDB that can read what is asked, and nothing else."""
    try:
        import duckdb
    except ImportError:
        raise MissingExtra("asking a journal", "analysis") from None
    filesystems = holdings.filesystems()
    connection = duckdb.connect(":memory:")
    for filesystem in filesystems:
        connection.register_filesystem(filesystem)
    if not holdings.is_far:
        with contextlib.suppress(duckdb.CatalogException):  # before 2.0 there are no such threads
            connection.execute("SET async_threads = 0")
    for setting in (*holdings.allowed(), *_SETTINGS):
        connection.execute(setting)
    return connection


@contextlib.contextmanager
def _errors_of_duckdb(holdings: Holdings) -> Iterator[None]:
    """Raise what DuckDB raises as errors of ours."""
    from duckdb import Error

    try:
        yield
    except Error as error:
        if (failure := holdings.take_failure()) is not None:
            raise failure from None
        raise QueryError(str(error)) from error


def _interruptibly(connection: Any, ask: Callable[[], T]) -> T:
    """Ask in a thread of its own, where the caller is the main thread, so that Ctrl-C is heard at once.

    DuckDB itself looks for a signal only while the main thread happens to do some of the work.
    """
    if threading.current_thread() is not threading.main_thread():
        return ask()
    answered: Future[T] = Future()
    threading.Thread(target=_ask_into, args=[answered, ask], name="question to a journal", daemon=True).start()
    interrupted = False
    while not answered.done():
        try:
            wait([answered], _HEED_S)  # not a join: one that is interrupted takes the thread for ended until 3.13
        except KeyboardInterrupt:
            interrupted = True
            connection.interrupt()
    if interrupted:
        raise KeyboardInterrupt
    return answered.result()


def _ask_into(answered: Future[T], ask: Callable[[], T]) -> None:
    try:
        answered.set_result(ask())
    except BaseException as error:  # whatever it is, the caller gets it
        answered.set_exception(error)


def _refuse_all_but_questions(connection: Any, text: str) -> None:
    statements = connection.extract_statements(text)
    if not any(statement.query for statement in statements):  # what DuckDB 1 makes of a PIVOT
        statements = statements[-1:]
    if len(statements) != 1:
        raise QueryError(f"one question at a time, not {len(statements)}" if statements else "there is no question")
    kind = str(statements[0].type).rpartition(".")[2]
    if kind not in _QUESTIONS:
        raise QueryError(f"a journal only answers questions, such as SELECT; this is {kind.replace('_', ' ')}")
