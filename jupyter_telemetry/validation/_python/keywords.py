"""Keywords of JSON Schema as jsonschema-rs has them, where jsonschema's own are unbounded or differ.

Each is what jsonschema calls a keyword: a function of (validator, value under the keyword, instance, schema)
that yields errors. Their messages are empty: jsonschema's would hold the value, written out at each error, however
large it is. Keywords with subschemas are judged elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from jsonschema.exceptions import ValidationError

from .._drafts import Draft
from .formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Errors: TypeAlias = Iterator[ValidationError]
    Keyword: TypeAlias = Callable[[Any, Any, Any, dict[str, Any]], Errors]


def _type(validator: Any, types: Any, instance: Any, _schema: dict[str, Any]) -> Errors:
    if not any(validator.is_type(instance, each) for each in ([types] if isinstance(types, str) else types)):
        yield ValidationError("")


def _const(_validator: Any, value: Any, instance: Any, _schema: dict[str, Any]) -> Errors:
    if _identity(instance) != _identity(value):
        yield ValidationError("")


def _enum(_validator: Any, values: Any, instance: Any, _schema: dict[str, Any]) -> Errors:
    if _identity(instance) not in map(_identity, values):
        yield ValidationError("")


def _count(kind: str, *, most: bool) -> Keyword:
    def check(validator: Any, limit: Any, instance: Any, _schema: dict[str, Any]) -> Errors:
        if validator.is_type(instance, kind) and (len(instance) > limit if most else len(instance) < limit):
            yield ValidationError("")

    return check


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
        "enum": _enum,
        "format": _format(draft),
        "maxItems": _count("array", most=True),
        "maxProperties": _count("object", most=True),
        "minItems": _count("array", most=False),
        "minProperties": _count("object", most=False),
        "multipleOf": _multiple_of,
        "type": _type,
        "uniqueItems": _unique_items,
    }
    if draft is not Draft.DRAFT4:
        found["const"] = _const
    if draft in (Draft.DRAFT6, Draft.DRAFT7):
        found |= {"contentEncoding": _encoding, "contentMediaType": _content}
    return found
