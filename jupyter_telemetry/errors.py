"""The errors of jupyter_telemetry: one tree, and no event's value in any text.

TelemetryError
├── InvalidEvent             (ValueError; jsonschema.ValidationError where jsonschema is imported)
├── InvalidSchema            (ValueError)
├── SchemaNotRegistered      (ValueError)
├── SchemaAlreadyRegistered  (ValueError)
├── ConfigurationError       (traitlets.TraitError)
├── ConsentError
├── JournalError
├── LakeError
├── QueryError               (ValueError)
└── MissingExtra             (ImportError)
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from traitlets import TraitError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "ConfigurationError",
    "ConsentError",
    "InvalidEvent",
    "InvalidSchema",
    "JournalError",
    "LakeError",
    "MissingExtra",
    "QueryError",
    "SchemaAlreadyRegistered",
    "SchemaNotRegistered",
    "TelemetryError",
]


class TelemetryError(Exception):
    """Base of all errors that this package raises on purpose; they may cross to another process."""

    def __reduce__(self) -> Any:
        kind = InvalidEvent if isinstance(self, InvalidEvent) else type(self)
        return _rebuilt, (kind, self.args, self.__dict__)


class ConfigurationError(TelemetryError, TraitError):
    """A configured value that cannot be used; the text names the trait and what to write instead."""


class ConsentError(TelemetryError):
    """A decision of a user that cannot be written down; it is not in force."""


class JournalError(TelemetryError):
    """A journal that cannot be opened or read."""


class LakeError(TelemetryError):
    """A lake that cannot be opened, read or compacted."""


class QueryError(TelemetryError, ValueError):
    """A question that cannot be answered: bad SQL, an unknown view."""


class MissingExtra(TelemetryError, ImportError):
    """A part whose optional dependency is not installed; the text says which extra to install."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an extra: pip install 'jupyter_telemetry[{extra}]'")


class SchemaNotRegistered(TelemetryError, ValueError):
    """No schema is registered under this (id, version)."""

    def __init__(self, message: str, *, schema_id: object = None, version: object = None) -> None:
        super().__init__(message)
        self.schema_id = schema_id
        self.version = version


class SchemaAlreadyRegistered(TelemetryError, ValueError):
    """Another schema stands under this (id, version) already."""

    def __init__(self, message: str, *, schema_id: str, version: int | str) -> None:
        super().__init__(message)
        self.schema_id = schema_id
        self.version = version


class InvalidSchema(TelemetryError, ValueError):
    """A schema that cannot be registered.

    `json_path` is where in the schema document, `schema_id` its `$id` if it has a usable one.
    """

    def __init__(self, message: str, *, json_path: str = "$", schema_id: str | None = None) -> None:
        super().__init__(message)
        self.json_path = json_path
        self.schema_id = schema_id


class InvalidEvent(TelemetryError, ValueError):
    """An event that its schema, or JSON, has no room for.

    Parameters
    ----------
    json_path: where in the event, as a JSONPath: `$.user.name`, `$.files[3]`; a name that the schema
        does not declare is a value, and stands there as `*`.
    rule: the keyword of the schema that failed (`required`, `type`, …), or a rule of this package
        (`json`, `depth`, `size`, `work`, `reserved-name`).
    reason: what the rule asks for, from the schema; never the event's value.
    schema_id: the schema's id.
    schema_path: where the rule stands in the schema, from its root.
    expected: what the schema says under that keyword (None for a rule of this package).
    """

    def __init__(
        self,
        *,
        json_path: str,
        rule: str,
        reason: str,
        schema_id: str,
        schema_path: Sequence[str | int] = (),
        expected: Any = None,
    ) -> None:
        super().__init__(f"{schema_id}: {json_path}: {reason} (rule: {rule})")
        self._json_path = json_path
        self.rule = rule
        self.reason = reason
        self.schema_id = schema_id
        self.rule_path = tuple(schema_path)
        self.expected = expected

    @property
    def json_path(self) -> str:
        """Where in the event the rule failed."""
        return self._json_path


def _rebuilt(kind: type[TelemetryError], args: tuple[Any, ...], state: dict[str, Any]) -> TelemetryError:
    if kind is InvalidEvent:
        kind = _invalid_event_class()
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


_jsonschema_twins: dict[type, type[InvalidEvent]] = {}


def invalid_event(
    *,
    json_path: str,
    rule: str,
    reason: str,
    schema_id: str,
    schema_path: Sequence[str | int] = (),
    expected: Any = None,
) -> InvalidEvent:
    """Make an InvalidEvent that `except jsonschema.ValidationError` catches too, if jsonschema is imported.

    jsonschema is never imported for it: whoever wants to catch its error has done so already.
    """
    return _invalid_event_class()(
        json_path=json_path,
        rule=rule,
        reason=reason,
        schema_id=schema_id,
        schema_path=schema_path,
        expected=expected,
    )


def _invalid_event_class() -> type[InvalidEvent]:
    exceptions = sys.modules.get("jsonschema.exceptions")
    return _twin(exceptions.ValidationError) if exceptions is not None else InvalidEvent


def _twin(foreign: type) -> type[InvalidEvent]:
    twin = _jsonschema_twins.get(foreign)
    if twin is None:

        class _InvalidEvent(InvalidEvent, foreign):  # type: ignore[misc]
            def __init__(self, **fields: Any) -> None:
                InvalidEvent.__init__(self, **fields)
                # What jsonschema's own readers look at; its values stay empty.
                self.message = f"{self.json_path}: {self.reason}"
                self.validator = self.rule
                self.validator_value = self.expected
                self.path = self.relative_path = ()
                self.schema_path = self.relative_schema_path = self.rule_path
                self.context: list[Any] = []
                self.cause = self.instance = self.schema = self.parent = None

            def __str__(self) -> str:
                return ValueError.__str__(self)

            def __repr__(self) -> str:
                return f"<InvalidEvent: {self}>"

        _InvalidEvent.__name__ = _InvalidEvent.__qualname__ = "InvalidEvent"
        _InvalidEvent.__module__ = InvalidEvent.__module__
        twin = _jsonschema_twins[foreign] = _InvalidEvent
    return twin
