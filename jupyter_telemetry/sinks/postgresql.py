"""PostgreSQL: a table in which each event is one row, once by its id."""

from __future__ import annotations

import contextlib
import hashlib
import re
import uuid
from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, MissingExtra
from ..secret import Secret, without_secrets
from ..shipping.sink import BatchLimits, CannotErase, Receipt, Refused, SinkError, Unavailable
from .deadline import Deadline
from .inherited import abandon

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import Connection
    from psycopg.sql import Composed

    from ..shipping.batch import Batch

__all__ = ["PostgreSQLSink"]

MARK = "events of jupyter_telemetry, layout "  # the comment on the table: by it a later version knows what stands there
LAYOUTS: tuple[str, ...] = (
    """
    create table {table} (
        id uuid primary key,
        "timestamp" timestamptz not null,
        schema text not null,
        version text not null,
        event jsonb not null,
        received timestamptz not null default now()
    );
    create index on {table} (schema, "timestamp");
    create index on {table} using brin ("timestamp");
    """,
)
"""What makes each layout of the table from the one before it; the last one is what this version writes."""

SEND_TIMEOUT_S = 45.0  # for a whole batch: whatever the server and the network do, `send` is over then
STATEMENT_TIMEOUT_S = 30
LOCK_TIMEOUT_S = 10
CONNECTION = {
    "application_name": "jupyter_telemetry",
    "client_encoding": "UTF8",
    "connect_timeout": "10",  # seconds, for each host
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",  # milliseconds
}
"""What a connection has unless the URL says otherwise."""

# Within each transaction, not for the session: a pooler may give another session to each.
_BEFORE = f"""
    set local client_min_messages = warning;
    set local statement_timeout = '{STATEMENT_TIMEOUT_S}s';
    set local lock_timeout = '{LOCK_TIMEOUT_S}s';
    set local idle_in_transaction_session_timeout = '{STATEMENT_TIMEOUT_S}s';
    select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off';
"""
_STAGE = """
    create temporary table if not exists jupyter_telemetry_stage_1 (
        id uuid, "timestamp" timestamptz, schema text, version text, event jsonb
    ) on commit delete rows;
"""
_COPY = "copy pg_temp.jupyter_telemetry_stage_1 from stdin"
# Without a conflict target, for which a role would have to be allowed to read.
_INSERT = """
    insert into {table} (id, "timestamp", schema, version, event)
    select id, "timestamp", schema, version, event from pg_temp.jupyter_telemetry_stage_1
    on conflict do nothing
"""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # in another form it is another `__id__`
_NAMESPACE = uuid.UUID("7d1d5c0e-5f6b-5b8e-9a53-2f1f6f0d7c11")  # of the keys of all other ids
_ZERO = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_TO_BLAME = ("22", "23", "54")  # classes of SQLSTATE: data exception, integrity constraint, program limit exceeded
_TO_MEND = {
    "42501": "the role that ships needs more rights",
    "3F000": "there is no such schema: create it",
}


class PostgreSQLSink:
    """Events as rows of a table, which is created where it is missing.

    The columns are `id` (the `__id__`; of one that is no UUID in its usual form, a UUIDv5 of it), `timestamp`,
    `schema`, `version`, `event` (all of the event, as JSONB), and `received` (when the row was written). A batch is one
    transaction; what is there already is left as it is.

    Parameters
    ----------
    to: a URL of libpq's, without a password: `postgresql://user@host:port/database?sslmode=verify-full`. What it
        leaves open is as for psql: `service=…`, `~/.pgpass`, the environment.
    table: its name, with or without a schema before it.
    password_file, password_variable: where the password stands, if libpq does not know.

    Raises ConfigurationError, MissingExtra.
    """

    limits = BatchLimits(10_000, 8 * 1024**2, 5.0)
    erases = True

    def __init__(
        self,
        to: str = "postgresql://",
        *,
        table: str = "telemetry_events",
        password_file: str | None = None,
        password_variable: str | None = None,
    ) -> None:
        try:
            import psycopg
        except ImportError:
            raise MissingExtra("the sink postgresql", "postgresql") from None
        self._psycopg = psycopg
        self._parameters = _parameters(to)
        self._table = _parts(table)
        self._password = Secret("password", file=password_file, variable=password_variable)
        self._connection: Connection[Any] | None = None
        self.name = f"{_place(self._parameters)}/{table}"

    @classmethod
    def from_url(cls, url: str, **options: Any) -> PostgreSQLSink:
        """Make one of a URL."""
        return cls(url, **options)

    def __repr__(self) -> str:
        return f"<PostgreSQLSink {self.name}>"

    # What a sink does

    def open(self) -> None:
        """Connect, and create or migrate the table. Raises Unavailable, ConfigurationError."""
        if self._connection is not None and not self._connection.closed:
            return
        parameters: dict[str, Any] = {**CONNECTION, **self._parameters}
        if (password := self._password.read()) is not None:
            parameters["password"] = password
        try:
            self._connection = self._psycopg.connect(**parameters)
        except self._psycopg.Error as error:
            raise Unavailable(f"no connection to {self.name}: {_first_line(error)}") from None
        self._connection.isolation_level = self._psycopg.IsolationLevel.READ_COMMITTED
        try:
            with self._transaction() as connection:
                self._prepare(connection)
        except BaseException:
            self.close()
            raise

    def send(self, batch: Batch) -> Receipt:
        """Write a batch in one transaction. Raises Unavailable, Refused."""
        whole = b"".join(batch.lines)
        refused = _with_zeros(batch) if b"\\u0000" in whole else {}
        rows = b"".join(_rows(batch, refused, whole))
        if rows:
            with self._transaction() as connection:
                connection.execute(_STAGE)
                with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
                    copy.write(rows)
                connection.execute(self._sql(_INSERT))
        return Receipt(refused)

    def erase(self, ids: Sequence[str]) -> None:
        """Delete rows. Raises Unavailable; CannotErase where the role may not."""
        with self._transaction() as connection:
            try:
                connection.execute(self._sql("delete from {table} where id = any(%s)"), [list(map(_key, ids))])
            except self._psycopg.errors.InsufficientPrivilege:
                raise CannotErase(
                    f"the role that ships to {self.name} may not delete: its owner can grant delete and select (id)"
                ) from None

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()

    def abandon(self) -> None:
        """In the child of a fork: forget the parent's connection, without a word on it."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.closed:
            abandon(connection, [connection.fileno()])

    # How

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection[Any]]:
        """Begin, and commit at the end. Raises what the server says, as what the shipper understands."""
        connection = self._connection
        if connection is None:
            raise Unavailable(f"{self.name} is not open")
        try:
            with Deadline(connection.fileno(), SEND_TIMEOUT_S), connection.transaction():
                connection.execute(_BEFORE)
                yield connection
        except self._psycopg.Error as error:
            raise self._meaning(error) from None

    def _meaning(self, error: Any) -> SinkError | ConfigurationError:
        """Say what an error of psycopg's is: by its code, since its text may hold what stands in an event."""
        code = error.sqlstate
        if code is None:
            return Unavailable(f"the connection to {self.name} is broken ({type(error).__name__})")
        reason = f"PostgreSQL says {code} {type(error).__name__}"
        if code[:2] in _TO_BLAME:
            return Refused(reason)
        if code in _TO_MEND:
            return ConfigurationError(f"{self.name}: {_TO_MEND[code]} ({reason})")
        return Unavailable(f"{self.name}: {reason}")

    def _sql(self, statement: str) -> Composed:
        sql = self._psycopg.sql
        composed: Composed = sql.SQL(statement).format(table=sql.Identifier(*self._table))
        return composed

    def _prepare(self, connection: Connection[Any]) -> None:
        """Make the table what this version writes, one at a time of all who would."""
        ((encoding,),) = connection.execute("select getdatabaseencoding()")
        if encoding != "UTF8":
            raise ConfigurationError(f"{self.name}: the database's encoding is {encoding}; events need UTF8")
        if self._layout(connection) == len(LAYOUTS):
            return
        key = hashlib.sha256("\0".join(("jupyter_telemetry", *self._table)).encode()).digest()[:8]
        connection.execute("select pg_advisory_xact_lock(%s)", [int.from_bytes(key, "big", signed=True)])
        for layout in range(self._layout(connection), len(LAYOUTS)):
            connection.execute(self._sql(LAYOUTS[layout]))
        connection.execute(self._sql(f"comment on table {{table}} is '{MARK}{len(LAYOUTS)}'"))

    def _layout(self, connection: Connection[Any]) -> int:
        """Return which layout the table has; 0 if there is none. Raises ConfigurationError for one that is not ours."""
        row = connection.execute(
            # From pg_class: by locking it the server hears of tables that others have just made.
            "select obj_description(oid, 'pg_class') from pg_class where oid = to_regclass(%s)",
            [self._sql("{table}").as_string(connection)],
        ).fetchone()
        if row is None:
            return 0
        found = re.fullmatch(re.escape(MARK) + r"(\d+)", row[0] or "")
        if found is None:
            raise ConfigurationError(f"{self.name}: a table of that name is there that is not of jupyter_telemetry")
        if int(found[1]) > len(LAYOUTS):
            raise ConfigurationError(f"{self.name}: a later version of jupyter_telemetry has made this table: use that")
        return int(found[1])


def _with_zeros(batch: Batch) -> dict[int, str]:
    """Return which events hold the one character that PostgreSQL's text has no room for."""
    reason = "the event holds \\u0000, which JSONB cannot hold"
    return {index: reason for index, line in enumerate(batch.lines) if b"\\u0000" in line and _ZERO.search(line)}


def _rows(batch: Batch, without: dict[int, str], whole: bytes) -> Iterator[bytes]:
    """Yield the rows of a batch, whose lines are `whole`, in COPY's text format: a line's own newline ends its row."""
    kinds: dict[tuple[str, str], str] = {}
    # White space is such between the parts of the JSON: within them, it is escaped.
    meant = [pair for pair in ((b"\\", b"\\\\"), (b"\t", b" "), (b"\r", b" ")) if pair[0] in whole]
    for index, ((timestamp, schema_id, version, event_id), line) in enumerate(
        zip(batch.heads, batch.lines, strict=True)
    ):
        if without and index in without:
            continue
        kind = kinds.get((schema_id, version))
        if kind is None:
            kind = kinds[schema_id, version] = f"{_escaped(schema_id)}\t{_escaped(version)}"
        yield f"{_key(event_id)}\t{_escaped(timestamp)}\t{kind}\t".encode()
        for special, escaped in meant:
            line = line.replace(special, escaped)
        yield line


def _escaped(text: str) -> str:
    if text.isprintable() and "\\" not in text:
        return text
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _key(event_id: str) -> str:
    """Return the primary key of an event: its id, or a UUID for any other text."""
    return event_id if _UUID.fullmatch(event_id) else str(uuid.uuid5(_NAMESPACE, event_id))


def _parameters(to: str) -> dict[str, str]:
    """Return what a URL says, as libpq's parameters. Raises ConfigurationError."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    without_secrets(to, "sink postgresql")
    try:
        found = {name: str(value) for name, value in conninfo_to_dict(to).items()}
    except ProgrammingError:  # its text holds a part of the URL
        raise ConfigurationError("sink postgresql: libpq does not understand the URL") from None
    if {"password", "sslpassword"} & found.keys():
        raise ConfigurationError(
            "sink postgresql: the URL holds a password; give it as password_file or password_variable"
        )
    return found


def _place(parameters: dict[str, str]) -> str:
    """Name a database: the user is no part of it, as long as there is another name."""
    from psycopg.pq import Conninfo

    known = {each.keyword.decode(): each.val.decode() for each in Conninfo.get_defaults() if each.val}
    if service := parameters.get("service", known.get("service", "")):
        known = {"service": service}
    known |= parameters
    hosts = known.get("host", known.get("hostaddr", "")).split(",")
    ports = known.get("port", "").split(",")
    ports = ports if len(ports) == len(hosts) else ports[:1] * len(hosts)
    places = ",".join(f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=True))
    parts = (
        f"service={service}" if service and not any(hosts) else places,
        known.get("dbname") or known.get("user", ""),
    )
    return f"postgresql://{'/'.join(part for part in parts if part or not service)}"


def _parts(table: str) -> tuple[str, ...]:
    parts = tuple(table.split(".")) if isinstance(table, str) else ()
    if len(parts) not in (1, 2) or not all(part and "\0" not in part and len(part.encode()) <= 63 for part in parts):
        raise ConfigurationError('sink postgresql: table must be a name such as "telemetry_events" or "logs.events"')
    return parts


def _first_line(error: Exception) -> str:
    """Return what libpq says of a connection that does not come about: it names hosts and users, and no password."""
    return (str(error).splitlines() or [type(error).__name__])[0]
