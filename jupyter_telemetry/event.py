"""Event: a pydantic model that is an event schema."""

from __future__ import annotations

import re
from collections import deque
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError, PydanticUndefined

from .errors import InvalidEvent, InvalidSchema, invalid_event

__all__ = ["Event", "checked_schema", "dump"]

# The order in which people read a schema; what is not named here stands in between, as pydantic gives it.
_FIRST = ("title", "description", "type", "properties", "required")
_LAST = ("$id", "version")
_ATTRIBUTES = ("_id", "_title", "_version")
# What pydantic writes for a datetime without an offset.
_NAIVE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?")
_ARRAYS = (list, tuple, set, frozenset, deque)


class Event(BaseModel):
    # No docstring: pydantic would make it the description of models that have none.
    # A subclass states these, or inherits them:
    _id: ClassVar[str]  # the schema's `$id`, a URI
    _title: ClassVar[str]
    _version: ClassVar[int | str]

    model_config = ConfigDict(hide_input_in_errors=True)  # an error of pydantic's holds no value either

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Have `_version: int = 1` say what `_version = 1` says; to pydantic it is a private attribute of instances."""
        for name in _ATTRIBUTES:
            stated = cls.__private_attributes__.pop(name, None)
            if stated is not None and stated.default is not PydanticUndefined:
                setattr(cls, name, stated.default)

    @classmethod
    def schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        """Return the model's event schema: JSON Schema 2020-12 of what record_event_model records.

        Raises InvalidSchema if `_id`, `_title` or `_version` is missing, or a field has a type without a schema.
        """
        return checked_schema(cls)


def checked_schema(model: Any) -> dict[str, Any]:
    """Return the schema of an Event model. Raises InvalidSchema."""
    if not (isinstance(model, type) and issubclass(model, Event)):
        raise InvalidSchema(f"{model!r} is no subclass of jupyter_telemetry.Event")
    missing = [name for name in _ATTRIBUTES if not hasattr(model, name)]
    if missing:
        raise InvalidSchema(
            f"the event model {model.__name__} lacks {', '.join(missing)}: write them in its body, such as _version = 1"
        )
    try:
        plain = _ordered(_schema_of(model))
    except _NoSchemaError as error:
        raise InvalidSchema(
            f"the event model {model.__name__}: the {error.field} has a type without a JSON Schema; give it one that "
            "JSON has, describe it with pydantic.WithJsonSchema, or leave it out with Field(exclude=True)"
        ) from error
    except PydanticUserError as error:
        raise InvalidSchema(f"the event model {model.__name__} has no schema: {error.message}") from error
    return {**plain, "title": model._title, "$id": model._id, "version": model._version}


def dump(event: Any) -> dict[str, Any]:
    """Return an event model's properties as JSON has them, by alias, without validation.

    Raises InvalidEvent if it holds what JSON cannot, or is no event model.
    """
    if not isinstance(event, Event):
        raise _unfit(event, f"is a {type(event).__name__}, not an instance of an Event model")
    properties = _dumped(event)
    if properties is None:  # not in an `except`: pydantic's error holds the value
        raise _unfit(event, "holds a value that cannot be written as JSON")
    return properties


def _dumped(event: Event) -> dict[str, Any] | None:
    write = type(event).__pydantic_serializer__.to_python
    try:
        properties: dict[str, Any] = write(event, mode="json", by_alias=True, warnings=False)
        if _may_hold_datetimes(type(event)):
            values = write(event, mode="python", by_alias=True, warnings=False)
            properties = _in_utc(properties, values)
    except (PydanticSerializationError, ValueError, TypeError, RecursionError):
        return None
    return properties


def _in_utc(written: Any, value: Any) -> Any:
    """Give `written`, what pydantic wrote of `value`, with an offset at each naive datetime."""
    if isinstance(value, datetime):
        return f"{written}Z" if isinstance(written, str) and _NAIVE.fullmatch(written) else written
    if isinstance(written, dict) and isinstance(value, dict) and len(written) == len(value):
        pairs = zip(written.items(), value.values(), strict=True)
        return {name: _in_utc(each, inner) for (name, each), inner in pairs}
    if isinstance(written, list) and isinstance(value, _ARRAYS) and len(written) == len(value):
        return [_in_utc(each, inner) for each, inner in zip(written, value, strict=True)]
    return written


class _NoSchemaError(PydanticInvalidForJsonSchema):
    """A type that has no JSON Schema; pydantic leaves it out where it is one of several."""

    def __init__(self, field: str, error_info: str) -> None:
        super().__init__(error_info)
        self.field = field


def _field_at(trail: list[Any]) -> str:
    """Name the field that the innermost of pydantic's core schemas belongs to."""
    field = model = ""
    for outer, inner in pairwise(trail):
        if outer["type"] in ("model", "dataclass", "typed-dict") and "cls" in outer:
            model = f" of {outer['cls'].__name__}"
        fields = outer.get("fields", {})
        if not isinstance(fields, dict):  # a dataclass's
            fields = {each["name"]: each for each in fields if isinstance(each, dict)}
        names = [name for name, each in fields.items() if each is inner]
        field = f"field {names[0]!r}{model}" if names else field
    return field or "model itself"


class _Recorded(GenerateJsonSchema):
    """The schema of what pydantic writes: times without an offset, durations of 1.5 seconds or of less than none.

    JSON Schema's formats "time" and "duration" have no room for them. It knows which field it is at.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._trail: list[Any] = []

    def generate_inner(self, schema: Any) -> dict[str, Any]:
        self._trail.append(schema)
        try:
            return super().generate_inner(schema)
        finally:
            self._trail.pop()

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> dict[str, Any]:
        raise _NoSchemaError(_field_at(self._trail), error_info)

    def time_schema(self, schema: Any) -> dict[str, Any]:
        return _without_format(super().time_schema(schema))

    def timedelta_schema(self, schema: Any) -> dict[str, Any]:
        return _without_format(super().timedelta_schema(schema))


def _without_format(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "format"}


def _schema_of(model: type[Event]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True, mode="serialization", schema_generator=_Recorded)


@lru_cache(maxsize=1024)
def _may_hold_datetimes(model: type[Event]) -> bool:
    try:
        return "'date-time'" in repr(_schema_of(model))
    except PydanticUserError:  # it has no schema, so is not registered either
        return False


def _unfit(event: object, reason: str) -> InvalidEvent:
    return invalid_event(
        json_path="$",
        rule="json",
        reason=reason,
        schema_id=getattr(type(event), "_id", type(event).__name__),
    )


def _ordered(schema: Any) -> Any:
    """Sort a schema's keys as people read them; names of properties keep their order."""
    if isinstance(schema, list):
        return [_ordered(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    keys = [key for key in _FIRST if key in schema]
    keys += [key for key in schema if key not in (*_FIRST, *_LAST)]
    return {key: _ordered_below(key, schema[key]) for key in keys}


def _ordered_below(key: str, value: Any) -> Any:
    if key in ("properties", "$defs", "patternProperties", "dependentSchemas"):
        return {name: _ordered(each) for name, each in value.items()}
    return value if key in ("default", "examples", "const", "enum") else _ordered(value)
