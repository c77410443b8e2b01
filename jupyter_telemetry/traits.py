"""traitlets types for the configuration."""

from __future__ import annotations

import ast
import json
import logging
import os
from typing import TYPE_CHECKING, Any, NoReturn

from traitlets import List, TraitType
from traitlets.config.loader import LazyConfigValue

from .errors import ConfigurationError
from .handlers import close_handlers, make_handler

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["AllowedSchemas", "HandlerList", "Handlers", "Mapped", "Rates", "Shippers", "resolve_lazy", "unshared"]

_SHIPPER_TEXTS: dict[str, Any] = {"to": str, "sink": str, "journal": (str, os.PathLike)}
_ENTRY_KEYS = ("allowed_properties", "allowed_categories")


def _frozen(what: str) -> Any:
    def refuse(self: Any, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(f"{what} cannot be changed in place: {self.instead}")

    return refuse


class _FrozenList(list):  # type: ignore[type-arg]
    """A list whose change in place is an error, since nobody would notice it."""

    instead = "assign a new list to the trait"
    append = extend = insert = remove = pop = clear = sort = reverse = _frozen("this list")
    __setitem__ = __delitem__ = __imul__ = _frozen("this list")

    def __iadd__(self, other: Any) -> Any:  # type: ignore[misc]  # `log.allowed_schemas += […]` assigns, so it is noticed
        return [*self, *other]

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __reduce__(self) -> Any:
        return (list, (list(self),))


class _FrozenDict(dict):  # type: ignore[type-arg]
    """A dict whose change in place is an error."""

    instead = "assign a new dict to the trait"
    update = setdefault = pop = popitem = clear = _frozen("this dict")
    __setitem__ = __delitem__ = _frozen("this dict")

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]  # as with the list
        return {**self, **other}

    def __deepcopy__(self, memo: Any) -> Any:
        return self

    def __reduce__(self) -> Any:
        return (dict, (dict(self),))


class HandlerList(_FrozenList):
    """Handlers without repetition."""

    instead = "use add_handler or remove_handler"


if TYPE_CHECKING:
    _List = TraitType[Any, Any]  # a list, a dict, a callable: whoever assigns to it may
else:
    _List = List


class _Collected(_List):
    """A List so that a command line collects an option, or its alias, that stands there several times."""

    def set(self, obj: Any, value: Any) -> None:
        """Set the value as it is; List makes one of a str."""
        TraitType.set(self, obj, value)


class Handlers(_Collected):
    """A list of logging handlers; each may be a dict in the form of `logging.config.dictConfig`.

    Takes also a callable that returns such a list (it survives the deep copy of a configuration), and None for
    an empty one. Its value is a HandlerList. What is made from dicts is given to the object's `_adopt`: it
    is its to close.
    """

    info_text = "a list of logging handlers or of dicts in dictConfig's form, or a callable that returns one"

    def validate(self, obj: Any, value: Any) -> HandlerList:
        """Return the handlers; make those that are given as dicts."""
        value = _called(value) if callable(value) else value
        if isinstance(value, _Unreadable):
            raise value.error(self)
        if value is not None and not isinstance(value, (list, tuple)):
            raise ConfigurationError(
                f"EventLog.handlers: write a list of logging handlers, not a {type(value).__name__}: "
                'c.EventLog.handlers = [logging.FileHandler("events.log")]'
            )
        made: list[logging.Handler] = []
        handlers: dict[int, logging.Handler] = {}
        try:
            for each in value or ():
                handler = self._handler(each)
                handlers[id(handler)] = handler
                if handler is not each:
                    made.append(handler)
        except ConfigurationError:
            close_handlers(made)
            raise
        obj._adopt(made)
        return HandlerList(handlers.values())

    @staticmethod
    def _handler(given: Any) -> logging.Handler:
        if isinstance(given, dict):
            return make_handler(given)
        if isinstance(given, logging.Handler):
            return given
        hint = "; call it to make one" if isinstance(given, type) else ""
        raise ConfigurationError(
            f"EventLog.handlers: {given!r} is no logging.Handler and no dict in dictConfig's form{hint}"
        )

    def from_string(self, s: str) -> Any:
        """Parse what stands on a command line: JSON."""
        return _parsed(s)

    def from_string_list(self, s_list: list[str]) -> Any:
        """Parse an option that stands on a command line several times: the handlers add up."""
        parts = [self.from_string(s) for s in s_list]
        unreadable = next((part for part in parts if isinstance(part, _Unreadable)), None)
        return unreadable or [
            each for part in parts for each in (part if isinstance(part, list) else [part] if part else [])
        ]


class Shippers(_Collected):
    """A list of shippers; each may be a URL, or a dict with "to" or "sink", and their options."""

    info_text = "a list of shippers, or of URLs and dicts that make one"

    def validate(self, obj: Any, value: Any) -> Any:
        """Return a copy that cannot be changed unnoticed; nothing is made here."""
        if isinstance(value, _Unreadable):
            raise value.error(self)
        if isinstance(value, (str, dict)):
            value = [value]
        if value is not None and not isinstance(value, (list, tuple)):
            raise ConfigurationError(
                f"EventLog.shippers: write a list, not a {type(value).__name__}: "
                'c.EventLog.shippers = [{"to": "postgresql://db.example.org/telemetry"}]'
            )
        for place, each in enumerate(value or ()):
            self._check(each, f"EventLog.shippers[{place}]")
        return _FrozenList(_frozen_copy(each) for each in value or ())

    @staticmethod
    def _check(given: Any, where: str) -> None:
        """Check the form; making the shipper checks what its options, and the sink's, may be."""
        told = given if isinstance(given, str) or hasattr(given, "start") else None
        if isinstance(given, dict):
            for name, value in given.items():
                if not isinstance(name, str):
                    raise ConfigurationError(f"{where}: the name of an option is a text, not a {type(name).__name__}")
                if name in _SHIPPER_TEXTS and not isinstance(value, _SHIPPER_TEXTS[name]):
                    raise ConfigurationError(f"{where}[{name!r}]: write a text, not a {type(value).__name__}")
            told = given.get("to") or given.get("sink")
        if not told or isinstance(given, type):
            raise ConfigurationError(
                f'{where}: write a URL, a dict with "to" (a URL) or "sink" (a name), or in Python a Shipper; '
                f"not {_kind(given)}"
            )

    def from_string(self, s: str) -> Any:
        """Parse what stands on a command line: one URL, or JSON."""
        return _parsed(s) if s.lstrip()[:1] in ("[", "{") else [s]

    def from_string_list(self, s_list: list[str]) -> Any:
        """Parse an option that stands on a command line several times: the shippers add up."""
        parts = [self.from_string(s) for s in s_list]
        unreadable = next((part for part in parts if isinstance(part, _Unreadable)), None)
        return unreadable or [each for part in parts for each in (part if isinstance(part, list) else [part])]


class AllowedSchemas(_Collected):
    """Which events are recorded: a list of ids and globs, or a dict from these to what is kept of them.

    `{"https://example.org/save": {"allowed_categories": ["personal-data"], "allowed_properties": ["path"]}}`
    """

    info_text = "a list of schema ids and globs, or a dict from them to allowed_properties and allowed_categories"

    def validate(self, obj: Any, value: Any) -> Any:
        """Return a copy that cannot be changed unnoticed."""
        if isinstance(value, _Unreadable):
            raise value.error(self)
        if isinstance(value, dict):
            return _FrozenDict({_schema_id(each): _entry(each, entry) for each, entry in value.items()})
        if isinstance(value, (list, tuple, set, frozenset)):
            ids = _FrozenList(dict.fromkeys(_schema_id(each) for each in value))
            if not {".", ":", "/", "-", "_"}.isdisjoint(ids):
                raise ConfigurationError(
                    "EventLog.allowed_schemas: these are the characters of an id; `extend` and `update` take a list, "
                    "`append` takes one id"
                )
            return ids
        raise ConfigurationError(
            f"EventLog.allowed_schemas: write a list of schema ids, not a {type(value).__name__}: "
            'c.EventLog.allowed_schemas = ["https://example.org/my-event"]'
        )

    def from_string(self, s: str) -> Any:
        """Parse what stands on a command line: one id, or JSON."""
        return _parsed(s) if s.lstrip()[:1] in ("[", "{") else [s]

    def from_string_list(self, s_list: list[str]) -> Any:
        """Parse an option that stands on a command line several times."""
        parts = [self.from_string(s) for s in s_list]
        if unreadable := next((part for part in parts if isinstance(part, _Unreadable)), None):
            return unreadable
        return _added(parts)


class Mapped(_Collected):
    """A dict from names to what is said of them, copied so that it cannot be changed unnoticed; by default empty.

    `or_text` names what a text may be instead, such as "the path of a file"; None: nothing.
    """

    def __init__(self, *, or_text: str | None = None, **metadata: Any) -> None:
        self._or_text = or_text
        self.info_text = "a dict" + (f", or {or_text}" if or_text else "")
        super().__init__(**metadata)
        self.default_value = _FrozenDict()

    def make_dynamic_default(self) -> Any:
        """Return the default: traitlets' List makes a list of it."""
        return self.default_value

    def validate(self, obj: Any, value: Any) -> Any:
        """Return a copy that cannot be changed unnoticed."""
        if isinstance(value, _Unreadable):
            raise value.error(self)
        if isinstance(value, str) and self._or_text:
            return value
        if isinstance(value, dict) and all(isinstance(name, str) for name in value):
            return _FrozenDict({name: _frozen_copy(each) for name, each in value.items()})
        if value is None or (isinstance(value, (list, tuple)) and not value):
            return _FrozenDict()
        raise ConfigurationError(f"EventLog.{self.name}: write {self.info_text}, not a {type(value).__name__}")

    def from_string(self, s: str) -> Any:
        """Parse what stands on a command line: JSON, or the text that may stand instead."""
        return _parsed(s) if not self._or_text or s.lstrip()[:1] == "{" else s

    def from_string_list(self, s_list: list[str]) -> Any:
        """Parse an option that stands on a command line several times: the entries add up, a text counts alone."""
        parts = [self.from_string(s) for s in s_list]
        odd = next((part for part in parts if not isinstance(part, dict)), None)
        return odd if odd is not None else {name: each for part in parts for name, each in part.items()}


class Rates(Mapped):
    """A dict from schema ids, or globs, to events per second, or one number for each schema; by default empty."""

    def __init__(self, **metadata: Any) -> None:
        super().__init__(**metadata)
        self.info_text = "a number of events per second, or a dict from schema ids or globs to such numbers"

    def validate(self, obj: Any, value: Any) -> Any:
        """Return a dict; a number is meant for every schema."""
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = {"*": value}
        rates = super().validate(obj, value)
        for name, rate in rates.items():
            if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 < rate < float("inf"):
                raise ConfigurationError(
                    f"EventLog.{self.name}: write a number of events per second above 0 for {name!r}, not {rate!r}"
                )
        return rates

    def from_string(self, s: str) -> Any:
        """Parse what stands on a command line: a number, or JSON."""
        try:
            return float(s)
        except ValueError:
            return super().from_string(s)


def resolve_lazy(lazy: LazyConfigValue, value: Any) -> Any:
    """Work out `c.EventLog.allowed_schemas.append(…)`, `.update(…)` and the like, upon a value.

    traitlets does this by the type of the value and drops in silence what does not fit it; here ids and entries
    add up.
    """
    # Not lazy.to_dict(), which forgets what was inserted where something was prepended.
    listed = [*lazy._prepend, *value, *lazy._extend]
    for index, each in lazy._inserts:
        listed.insert(index, each)
    entries = value if isinstance(value, dict) else []
    return _added([listed, entries, lazy._update or ()])


def unshared(value: Any) -> Any:
    """Copy the lists and dicts of a configured value, and nothing that stands in them."""
    if isinstance(value, dict):
        return {key: unshared(each) for key, each in value.items()}
    return [unshared(each) for each in value] if isinstance(value, (list, tuple)) else value


def _frozen_copy(value: Any) -> Any:
    if isinstance(value, dict):
        return _FrozenDict({name: _frozen_copy(each) for name, each in value.items()})
    return _FrozenList(map(_frozen_copy, value)) if isinstance(value, (list, tuple, set, frozenset)) else value


def _added(parts: Iterable[Any]) -> Any:
    """Put lists of ids and dicts of entries into one list, or one dict if any is one; a mere id changes no entry."""
    parts = list(parts)
    if not any(isinstance(part, dict) for part in parts):
        return [each for part in parts for each in part]
    entries: dict[str, Any] = {}
    for part in parts:
        for each in part:
            entries[each] = part[each] if isinstance(part, dict) else entries.get(each, {})
    return entries


def _kind(given: object) -> str:
    if not given:
        return f"an empty {type(given).__name__}" if isinstance(given, (str, dict)) else repr(given)
    if isinstance(given, dict):
        return f"a dict with {', '.join(map(repr, given))} alone"
    return f"the class {given.__name__}" if isinstance(given, type) else f"a {type(given).__name__}"


def _schema_id(value: Any) -> str:
    if isinstance(value, str) and value:
        return value
    raise ConfigurationError(
        f"EventLog.allowed_schemas: a schema id is a str that is not empty, not a {type(value).__name__}"
    )


def _entry(schema_id: str, entry: Any) -> _FrozenDict:
    where = f"EventLog.allowed_schemas[{schema_id!r}]"
    if entry is None:
        entry = {}
    if not isinstance(entry, dict):
        raise ConfigurationError(f"{where}: write a dict with the keys {' and '.join(_ENTRY_KEYS)}")
    for key, names in entry.items():
        if key not in _ENTRY_KEYS:
            raise ConfigurationError(f"{where}: unknown key {key!r}; known are {' and '.join(_ENTRY_KEYS)}")
        if not isinstance(names, (list, tuple, set, frozenset)) or not all(isinstance(n, str) for n in names):
            raise ConfigurationError(f"{where}[{key!r}]: write a list of strings")
    return _FrozenDict({key: _FrozenList(names) for key, names in entry.items()})


class _Unreadable:
    """Text of a command line that cannot be parsed: traitlets swallows an error here, so it comes in `validate`."""

    def __init__(self, text: str) -> None:
        self.text = text

    def error(self, trait: TraitType[Any, Any]) -> ConfigurationError:
        return ConfigurationError(f"EventLog.{trait.name}: neither JSON nor a Python literal: {self.text!r}")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text)  # what traitlets' own containers take
    except (ValueError, SyntaxError):
        return _Unreadable(text)


def _called(factory: Any) -> Any:
    try:
        return factory()
    except Exception as error:
        raise ConfigurationError(
            f"EventLog.handlers: the callable that is to return the handlers failed: {type(error).__name__}: {error}"
        ) from error
