"""What a database asks: a journal, a lake, or both as one, and the SQL of the views on them.

Where both hold an event, it is the lake's: those of the journal are passed over whose `__id__` the lake has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..columns.naming import distinct_names
from ..columns.sqltext import literal
from ..errors import JournalError
from ..journal import view_name
from ..journal.line import earliest_id
from .filesystem import PATH, Mount, make_filesystem
from .lakefiles import LAKE, LakeFiles, make_lake_filesystem
from .lakeviews import LakeSource, lake_events, lake_ids, lake_rows, scan
from .snapshot import Snapshot
from .views import EVENTS, SchemaView, journal_events, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..journal import JournalReader
    from ..lake.lake import Lake
    from ..lake.schemas import LakeSchema

__all__ = ["Holdings"]

SLACK_S = 86400.0  # by which an event may be older, by its id, than the segment that it stands in

Key = tuple[str, str]  # a schema's id, and its version as text


class Holdings:
    """A journal, a lake, or both; what they held when they were looked at last. Raises LakeError."""

    def __init__(self, reader: JournalReader | None, lake: Lake | None) -> None:
        self.reader = reader
        self.mount = Mount()
        self.views: dict[str, SchemaView] = {}
        self._files = None if lake is None else LakeFiles(lake)
        self._stored: list[LakeSchema] = []
        self._least = ""  # no id of the journal comes before

    @property
    def place(self) -> str:
        """Where they stand, for messages."""
        parts = [] if self.reader is None else [f"the journal at {self.reader.directory}"]
        parts += [] if self._files is None else [f"the lake {self._files.lake.name}"]
        return " and ".join(parts)

    @property
    def is_far(self) -> bool:
        """Whether each reading takes long, so that many at once are worth their threads, which wait for each other."""
        return self._files is not None and not self._files.lake.place.is_directory

    def filesystems(self) -> list[Any]:
        """Make the filesystems that DuckDB is given. Raises MissingExtra."""
        return [make_filesystem(self.mount), *([make_lake_filesystem(self._files)] if self._files else [])]

    def allowed(self) -> list[str]:
        """Return the settings that let DuckDB read them."""
        settings = [f"SET allowed_paths = [{literal(PATH)}]"]
        return settings + ([f"SET allowed_directories = [{literal(LAKE + '://')}]"] if self._files else [])

    def look(self) -> None:
        """Look at what they hold now. Raises JournalError, LakeError."""
        texts: dict[Key, list[Mapping[str, Any]]] = {}
        snapshot = Snapshot([])
        if self.reader is not None:
            if not self.reader.directory.is_dir():
                raise JournalError(
                    f"there is no journal at {self.reader.directory}: nothing has been recorded there yet, or it is "
                    "elsewhere. Open the directory that the JournalHandler was given"
                )
            for stored in self.reader.stored_schemas():
                texts.setdefault((stored.schema_id, stored.version), []).insert(0, stored.schema)
            segments = self.reader.segments()
            begun = [segment.begun_at for segment in segments]
            known = [each.timestamp() for each in begun if each is not None]
            self._least = earliest_id(min(known) - SLACK_S).decode() if len(known) == len(begun) and known else ""
            snapshot = Snapshot(segments)
        if self._files is not None:
            self._files.refresh()
            self._stored = self._files.lake.schemas()
            for each in self._stored:
                found = texts.setdefault((each.schema_id, each.version), [])
                if each.text not in found:
                    found.append(each.text)
        self.mount.snapshot = snapshot
        self.views = _named(texts)

    def rows(self, name: str, connection: Any) -> str:
        """Write the selection that a view stands for."""
        if name == EVENTS:
            journal = "" if self.reader is None else journal_events()
            elsewhere = lake_events(self._sources(connection))
            empty = f"SELECT * FROM ({journal_events()}) WHERE false"  # noqa: S608  # our own words
            return together(journal, elsewhere, lake_ids("*", self._least)) or empty
        view = self.views[name]
        journal = "" if self.reader is None else view.rows()
        elsewhere, ids = [], ""
        for source in self._sources(connection, (view.schema_id, view.version)):
            elsewhere.append(lake_rows(source, view.properties()))
            ids = lake_ids(source.directory, self._least)
        if len(elsewhere) > 1:
            ids = lake_ids("*", self._least)
        empty = f"SELECT * FROM ({view.rows()}) WHERE false"  # noqa: S608  # the same
        return together(journal, elsewhere, ids) or empty

    def take_failure(self) -> Exception | None:
        """Return as an error of ours what went wrong in a file, and forget it: DuckDB keeps only its traceback."""
        if (failure := self.mount.take_failure()) is not None:
            return JournalError(f"a segment cannot be read: {failure}")
        if self._files is not None and (failure := self._files.take_failure()) is not None:
            return self._files.lake.unreadable(failure)
        return None

    def _sources(self, connection: Any, key: Key | None = None) -> list[LakeSource]:
        """Return where the lake has events: of one schema, or all."""
        if self._files is None:
            return []
        wanted = None if key is None else {each.directory for each in self._stored if _key(each) == key}
        return [
            self._source(directory, newest, key, connection)
            for directory, newest in self._files.directories().items()
            if wanted is None or directory in wanted
        ]

    def _source(self, directory: str, newest: str, key: Key | None, connection: Any) -> LakeSource:
        from ..lake.table import Layout  # where there is a lake, there is pyarrow

        assert self._files is not None  # asked by _sources
        stored = [each for each in self._stored if each.directory == directory]
        keys = {_key(each) for each in stored}
        differ = len(stored) != 1
        described = connection.execute(f"DESCRIBE SELECT * FROM {scan(directory, differ=differ)}").fetchall()  # noqa: S608  # quoted
        texts = [dict(each.text) for each in stored if key in (None, _key(each))]
        layout = Layout.of_schemas(texts) if texts and (key or len(keys) == 1) else self._files.layout(newest)
        condition = (
            f"__schema__ = {literal(key[0])} AND __schema_version__ = {literal(key[1])}"
            if key and len(keys) > 1
            else ""
        )
        return LakeSource(directory, layout.columns, frozenset(row[0] for row in described), differ, condition)


def _key(schema: LakeSchema) -> Key:
    return schema.schema_id, schema.version


def _named(texts: Mapping[Key, Iterable[Mapping[str, Any]]]) -> dict[str, SchemaView]:
    wanted = {f"{schema_id}\n{version}": view_name(schema_id, version) for schema_id, version in texts}
    names = distinct_names(wanted, taken=[EVENTS])
    return {
        name: SchemaView(name, schema_id, version, [dict(each) for each in texts[schema_id, version]])
        for name, (schema_id, version) in zip(names.values(), texts, strict=True)
    }
