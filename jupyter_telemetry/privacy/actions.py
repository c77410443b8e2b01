"""What may be done to a value before it is written, how an operator states it, and which of several is strictest.

From the loosest to the strictest: keep; generalise, truncate and functions, of which each leaves a part of its own, so
that of two kinds null is left; pseudonymise; null; drop.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import math
from dataclasses import dataclass, field
from fractions import Fraction
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from ..encoding import find_misfit, plain
from ..errors import ConfigurationError
from ..printable import cut
from .generalisation import (
    TIME_UNITS,
    Unfit,
    first_parts,
    network_of,
    rounded_down,
    rounded_time,
    suffix_of,
    text_of,
)
from .pseudonym import KEY_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from .pseudonym import PseudonymKey

__all__ = [
    "DROP",
    "KEEP",
    "NULL",
    "Action",
    "parse_action",
    "strictest",
]

# Those that leave a part rank alike: a time that is cut to 40 characters is whole, one that is rounded and cut is not.
_RANKS = {"keep": 0, "generalise": 1, "truncate": 1, "callable": 1, "pseudonymise": 2, "null": 3, "drop": 4}
_TAKE_CONTAINERS = {"keep", "callable", "pseudonymise", "null", "drop"}
_STATED = ("null", "drop", "pseudonymise", "truncate", "generalise")
_EXACT = {str, int, float, bool}
_MAX_BUCKET = 2**64

_HOW_TO_STATE = (
    '"null", "drop", "pseudonymise", {"truncate": 8}, {"generalise": …} or a function, as "package.module:function"'
)
_HOW_TO_GENERALISE = '"hour", "day", "week", "suffix", "network", {"parts": 2} or {"bucket": 10}'


@dataclass(frozen=True)
class Action:
    """One thing that is done to a value; equal to another if it does the same.

    name: "keep", "null", "drop", "pseudonymise", "truncate", "generalise" or "callable".
    text: what it does, in words for users: "cut to 8 characters".
    apply: from a value of JSON to what is written of it: null for a dropped one that is taken for a value all the same.
        None stays None. It may raise anything, with the value in it if a callable does; it never changes the value it
        is given.
    """

    name: str
    text: str = field(compare=False)
    apply: Callable[[Any], Any] = field(compare=False, repr=False)
    _kind: str = field(default="", repr=False)
    _measure: Hashable = field(default=None, repr=False)

    @property
    def takes_containers(self) -> bool:
        """Whether it fits an object or array as a whole; the others fit what is in it at most."""
        return self.name in _TAKE_CONTAINERS

    @property
    def time_unit(self) -> str | None:
        """The unit that a time is rounded to: "hour", "day" or "week"; None if it is no time that is rounded."""
        return str(self._measure) if self._kind == "time" else None

    @property
    def _rank(self) -> int:
        # What two unlike actions make is null, and ranks as they do: a stricter one still wins over both.
        return int(str(self._measure)) if self._kind == "unlike" else _RANKS[self.name]


KEEP = Action("keep", "kept as it is", lambda value: value)
NULL = Action("null", "replaced by null", lambda _: None)
DROP = Action("drop", "left out, name and all", lambda _: None)


def strictest(actions: Iterable[Action]) -> Action:
    """Return the strictest of some actions; KEEP of none.

    Of two that rank alike: fewer characters, the coarser time, fewer parts; of two buckets the least common multiple,
    which is the coarser if one is a multiple of the other. Of two that are unlike, null. The order, and which are
    taken together first, changes nothing.
    """
    found = KEEP
    for action in actions:
        if action._rank > found._rank:
            found = action
        elif action._rank == found._rank and action != found:
            found = _both(found, action)
    return found


def parse_action(spec: object, *, where: str, key: PseudonymKey | None) -> Action:
    """Make the action that an operator states; `where` is the place in the configuration, for messages.

    `key` is what it pseudonymises with. A function is imported. Raises ConfigurationError.
    """
    if isinstance(spec, str):
        return _named(spec, where, key)
    if isinstance(spec, dict) and len(spec) == 1:
        ((name, argument),) = spec.items()
        return _with_argument(name, argument, where)
    raise _refusal(where, f"{_shown(spec)} is no action; write {_HOW_TO_STATE}")


def _named(name: str, where: str, key: PseudonymKey | None) -> Action:
    if name in ("null", "drop"):
        return NULL if name == "null" else DROP
    if name == "pseudonymise":
        return _pseudonymise(key, where)
    if name == "truncate":
        raise _refusal(where, 'how many characters stay? write {"truncate": 8}')
    if name == "generalise":
        raise _refusal(where, f'to what? write {{"generalise": …}} with {_HOW_TO_GENERALISE}')
    if name == "keep":
        raise _refusal(where, '"keep" is no redaction; allowed_categories and allowed_properties say what is kept')
    if "." in name or ":" in name:
        return _call(name, _imported(name, where))
    raise _unknown(where, name)


def _with_argument(name: object, argument: object, where: str) -> Action:
    if name == "truncate":
        return _truncate(_count(argument, '{"truncate": 8}', where))
    if name == "generalise":
        return _generalise(argument, where)
    if name in _STATED:
        raise _refusal(where, f'"{name}" takes nothing beside it; write "{name}"')
    raise _unknown(where, name)


def _generalise(to: object, where: str) -> Action:
    if isinstance(to, str) and to in _GENERALISED:
        return _GENERALISED[to]
    if isinstance(to, dict) and len(to) == 1:
        ((name, measure),) = to.items()
        if name == "parts":
            return _parts(_count(measure, '{"generalise": {"parts": 2}}', where))
        if name == "bucket":
            return _bucket(_size(measure, where))
    near = _nearest(next(iter(to), "") if isinstance(to, dict) else to, [*_GENERALISED, "parts", "bucket"])
    raise _refusal(
        where, f'nothing is generalised to {_shown(to)}{near}; write {{"generalise": …}} with {_HOW_TO_GENERALISE}'
    )


def _pseudonymise(key: PseudonymKey | None, where: str) -> Action:
    if key is None:
        raise _refusal(
            where,
            f'"pseudonymise" needs a key; name its file in c.EventLog.pseudonym_key_file, or set {KEY_VARIABLE} '
            "in the environment",
        )
    make = key.pseudonym

    def apply(value: Any) -> str | None:
        return None if value is None else make(value)

    return Action("pseudonymise", "replaced by a pseudonym", apply, "pseudonym", key)


def _truncate(length: int) -> Action:
    text = f"cut to {length} character" + "s" * (length != 1)
    return Action("truncate", text, _to_values(lambda value: text_of(value)[:length]), "truncate", length)


def _time(unit: str) -> Action:
    apply = _to_values(lambda value: rounded_time(value, unit))
    return Action("generalise", f"rounded down to the {unit}", apply, "time", unit)


def _parts(count: int) -> Action:
    text = f"only its first {count} parts" if count != 1 else "only its first part"
    return Action("generalise", text, _to_values(lambda value: first_parts(value, count)), "parts", count)


def _bucket(size: Fraction) -> Action:
    number = size.numerator if size.denominator == 1 else float(size)
    apply = _to_values(lambda value: rounded_down(value, size))
    return Action("generalise", f"rounded down to a multiple of {number}", apply, "bucket", size)


def _call(path: str, function: Callable[[Any], Any]) -> Action:
    """Return the action of an operator's function; it is given nothing but JSON, and gives nothing else."""

    def call(value: Any) -> Any:
        if find_misfit(value, ()):
            raise Unfit("is not JSON")
        result = function(plain(value))
        if find_misfit(result, ()):
            raise Unfit("became what is not JSON")
        return plain(result)

    apply = _to_values(call)
    return Action("callable", f"changed by {path}", apply, "callable", path.replace(":", "."))


def _to_values(do: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Leave null as it is, and give `do` JSON's own types: a subclass of str may answer as it likes."""

    def apply(value: Any) -> Any:
        if value is None:
            return None
        return do(value if type(value) in _EXACT or isinstance(value, (dict, list, tuple)) else plain(value))

    return apply


_GENERALISED = {unit: _time(unit) for unit in TIME_UNITS} | {
    "suffix": Action("generalise", "only the suffix of its file", _to_values(suffix_of), "suffix"),
    "network": Action("generalise", "only its network", _to_values(network_of), "network"),
}


def _both(first: Action, second: Action) -> Action:
    """Return the action, of the same rank, that says no more than either."""
    if first._kind == second._kind and first._kind in _TOGETHER:
        together = _TOGETHER[first._kind](first._measure, second._measure)
        if together is not None:
            return together
    return Action(NULL.name, NULL.text, NULL.apply, "unlike", first._rank)


def _least_common_multiple(a: Fraction, b: Fraction) -> Action | None:
    numerator = math.lcm(a.numerator, b.numerator)
    size = Fraction(numerator, math.gcd(a.denominator, b.denominator))
    return _bucket(size) if size <= _MAX_BUCKET else None


_TOGETHER: dict[str, Callable[[Any, Any], Action | None]] = {
    "truncate": lambda a, b: _truncate(min(a, b)),
    "time": lambda a, b: _time(max(a, b, key=TIME_UNITS.index)),
    "parts": lambda a, b: _parts(min(a, b)),
    "bucket": _least_common_multiple,
}


def _count(value: object, example: str, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _refusal(where, f"{_shown(value)} is not a whole number from 1; write such as {example}")
    return value


def _size(value: object, where: str) -> Fraction:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not 0 < float(str(value)) <= _MAX_BUCKET:
        raise _refusal(where, f'{_shown(value)} is no size of a bucket; write a number above 0: {{"bucket": 10}}')
    return Fraction(str(value))


def _imported(path: str, where: str) -> Callable[[Any], Any]:
    module, _, name = path.partition(":") if ":" in path else path.rpartition(".")
    try:
        function = attrgetter(name)(importlib.import_module(module))
    except Exception as error:
        raise ConfigurationError(
            f"{where}: cannot import {path!r} ({type(error).__name__}: {error}); write a function that this process "
            f'can import, as "package.module:function"'
        ) from error
    if not callable(function) or inspect.iscoroutinefunction(function) or not _takes_one_argument(function):
        raise _refusal(
            where,
            f"{path!r} is not a function that takes one argument, the value, and returns what is written instead "
            "(a coroutine function does not)",
        )
    return function  # type: ignore[no-any-return]


def _takes_one_argument(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return False
    except ValueError:
        pass  # some of C's have no signature
    return True


def _unknown(where: str, name: object) -> ConfigurationError:
    return _refusal(where, f"{_shown(name)} is no action{_nearest(name, _STATED)}; write {_HOW_TO_STATE}")


def _refusal(where: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"{where}: {what}")


def _nearest(name: object, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(name).lower(), list(known), 1, 0.5)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _shown(value: object) -> str:
    return cut(repr(value), 60)
