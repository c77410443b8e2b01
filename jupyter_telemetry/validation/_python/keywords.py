"""Keywords of JSON Schema as jsonschema-rs has them, where jsonschema's own are unbounded or differ.

Each is what jsonschema calls a keyword: a function of (validator, value under the keyword, instance, schema)
that yields errors. Their messages are empty: see `_violation`.
"""

from __future__ import annotations

import base64
import binascii
import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from jsonschema.exceptions import ValidationError

from .._drafts import Draft
from .._guards import MAX_LOOKED_AT, looks_around
from .formats import FORMATS
from .patterns import compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Errors: TypeAlias = Iterator[ValidationError]
    Keyword: TypeAlias = Callable[[Any, Any, Any, dict[str, Any]], Errors]


class MissingError(ValidationError):
    """A property that is not there: its name is the schema's."""

    def __init__(self, name: str) -> None:
        super().__init__("")
        self.name = name


class GivenUpError(Exception):
    """A pattern is given up: nothing more is tried for this event, whatever combines the pattern.

    It took too long; or, if `long`, the text is too long for it to be tried.
    """

    def __init__(
        self, keyword: str, pattern: str, instance: object, schema: dict[str, Any], *, long: bool = False
    ) -> None:
        super().__init__()
        self.long = long
        self.keyword = keyword
        self.pattern = pattern
        self.instance = instance
        self.schema = schema


def _found(keyword: str, source: str, text: str, at: object, schema: dict[str, Any]) -> bool:
    if keyword == "pattern" and len(text) > MAX_LOOKED_AT and looks_around(source):
        raise GivenUpError(keyword, source, at, schema, long=True)
    try:
        return compiled(source).found_in(text)
    except TimeoutError:
        raise GivenUpError(keyword, source, at, schema) from None


def named_by_patterns(name: str, instance: object, schema: dict[str, Any]) -> list[str]:
    """Give the patterns of `patternProperties` in `schema` that `name` matches."""
    sources = schema.get("patternProperties", {})
    return [each for each in sources if _found("patternProperties", each, name, instance, schema)]


def _pattern(_validator: Any, pattern: str, instance: Any, schema: dict[str, Any]) -> Errors:
    if isinstance(instance, str) and not _found("pattern", pattern, instance, instance, schema):
        yield ValidationError("")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: dict[str, Any]) -> Errors:
    if isinstance(instance, dict):
        for name, value in instance.items():
            for source in named_by_patterns(name, instance, schema):
                yield from validator.descend(value, patterns[source], path=name, schema_path=source)


def extra_names(instance: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """Give the names that `additionalProperties` is about."""
    declared = schema.get("properties", {})
    return [name for name in instance if name not in declared and not named_by_patterns(name, instance, schema)]


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: dict[str, Any]) -> Errors:
    if not isinstance(instance, dict) or allowed is True:
        return
    extras = extra_names(instance, schema)
    if allowed is not False:
        for name in extras:
            yield from validator.descend(instance[name], allowed, path=name)
    elif extras:
        yield ValidationError("")


def _additional_items(validator: Any, allowed: Any, instance: Any, schema: dict[str, Any]) -> Errors:
    first = schema.get("items")
    if not isinstance(instance, list | tuple) or not isinstance(first, list):
        return
    if allowed is not False:
        for index in range(len(first), len(instance)):
            yield from validator.descend(instance[index], allowed, path=index)
    elif len(instance) > len(first):
        yield ValidationError("")


def _property_names(validator: Any, names: Any, instance: Any, _schema: dict[str, Any]) -> Errors:
    if isinstance(instance, dict):
        for name in instance:
            wrong = list(validator.descend(name, names))
            if wrong:
                yield ValidationError("", context=wrong)


def _required(_validator: Any, required: Any, instance: Any, _schema: dict[str, Any]) -> Errors:
    if isinstance(instance, dict):
        yield from (MissingError(name) for name in required if name not in instance)


def _dependencies(validator: Any, dependencies: Any, instance: Any, _schema: dict[str, Any]) -> Errors:
    if not isinstance(instance, dict):
        return
    for name, needed in dependencies.items():
        if name not in instance:
            continue
        if isinstance(needed, list):
            yield from (MissingError(each) for each in needed if each not in instance)
        else:
            yield from validator.descend(instance, needed, schema_path=name)


def _multiple_of(validator: Any, divisor: Any, instance: Any, _schema: dict[str, Any]) -> Errors:
    # Exact, of the numbers as they are written: 0.3 is a multiple of 0.1.
    if validator.is_type(instance, "number") and Fraction(repr(instance)) % Fraction(repr(divisor)):
        yield ValidationError("")


def _unique_items(validator: Any, unique: Any, instance: Any, _schema: dict[str, Any]) -> Errors:
    if unique and validator.is_type(instance, "array") and len(set(map(_identity, instance))) < len(instance):
        yield ValidationError("")


def _identity(value: Any) -> object:
    """Make something hashable that two values share if and only if they are equal in JSON."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, list | tuple):
        return (list, tuple(map(_identity, value)))
    if isinstance(value, dict):
        return (dict, frozenset((name, _identity(each)) for name, each in value.items()))
    return value


def _content(_validator: Any, kind: str, instance: Any, schema: dict[str, Any]) -> Errors:
    """contentMediaType, after contentEncoding (draft-07 validation §8)."""
    if not isinstance(instance, str) or kind != "application/json":
        return
    try:
        json.loads(_decoded(instance) if schema.get("contentEncoding") == "base64" else instance)
    except (ValueError, RecursionError):
        yield ValidationError("")


def _encoding(_validator: Any, kind: str, instance: Any, _schema: dict[str, Any]) -> Errors:
    if isinstance(instance, str) and kind == "base64":
        try:
            _decoded(instance)
        except ValueError:
            yield ValidationError("")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _format(draft: Draft) -> Keyword:
    known = FORMATS[draft]

    def check(_validator: Any, name: Any, instance: Any, _schema: dict[str, Any]) -> Errors:
        if isinstance(instance, str) and name in known and not known[name](instance):
            yield ValidationError("")

    return check


def keywords_of(draft: Draft) -> Mapping[str, Keyword]:
    """Give the keywords that replace or join those of jsonschema's validator of `draft`."""
    found = {
        "additionalProperties": _additional_properties,
        "dependencies": _dependencies,
        "format": _format(draft),
        "multipleOf": _multiple_of,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "required": _required,
        "uniqueItems": _unique_items,
    }
    if draft is not Draft.DRAFT202012:
        found["additionalItems"] = _additional_items
    if draft is not Draft.DRAFT4:
        found["propertyNames"] = _property_names
    if draft in (Draft.DRAFT6, Draft.DRAFT7):
        found |= {"contentEncoding": _encoding, "contentMediaType": _content}
    if draft in (Draft.DRAFT201909, Draft.DRAFT202012):
        found["dependentRequired"] = _dependencies
    return found
