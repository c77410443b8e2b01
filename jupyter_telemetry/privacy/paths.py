"""Paths into an event, as configuration writes them: `/user/name`, `/files/*/path`.

Written as JSON pointers (RFC 6901): `~1` is a slash in a name, `~0` a tilde. `*` stands for any one name or index.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ANY", "Paths", "is_by_path", "is_path", "parse_path", "path_text"]

ANY = "*"

_Said = TypeVar("_Said")
_Way = tuple[tuple[str, ...], _Said]


def is_path(text: str) -> bool:
    """Say whether a text is written as a path, and not as the bare name of a property at the top."""
    return text.startswith("/")


def is_by_path(said: object) -> bool:
    """Say whether this is {"/path": …}, and not one thing that is said of all."""
    return isinstance(said, Mapping) and any(isinstance(name, str) and is_path(name) for name in said)


def parse_path(text: str) -> tuple[str, ...]:
    """Return the steps of a path; a text that does not begin with `/` is the name of a property at the top."""
    if not is_path(text):
        return (text,)
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text[1:].split("/"))


def path_text(steps: Iterable[str | int]) -> str:
    """Write steps as a path."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


class Paths(Generic[_Said]):
    """What is said of the values at some paths, seen from one place in an event; immutable, and comparable.

    `here` is what is said of the value at this place itself. `step` leads to a place inside it.
    """

    __slots__ = ("_hash", "_next", "_ways", "here")

    def __init__(self, ways: Iterable[_Way[_Said]] = ()) -> None:
        self._ways = frozenset(ways)
        self._hash = hash(self._ways)
        self.here: frozenset[_Said] = frozenset(said for steps, said in self._ways if not steps)
        self._next: dict[str, list[_Way[_Said]]] = {}
        for steps, said in self._ways:
            if steps:
                self._next.setdefault(steps[0], []).append((steps[1:], said))

    def step(self, name: str | int | None) -> Paths[_Said]:
        """Return the same as seen from a member or an element; None is any that no path names."""
        if not self._ways:
            return self
        named = () if name is None else self._next.get(str(name), ())
        return Paths((*self._next.get(ANY, ()), *named))

    @property
    def all(self) -> set[_Said]:
        """All that is said of any value."""
        return {said for _, said in self._ways}

    @property
    def leads_on(self) -> bool:
        """Whether anything is said of values inside this place."""
        return bool(self._next)

    @property
    def names(self) -> set[str]:
        """The names and indexes, as text, of which a path speaks next."""
        return self._next.keys() - {ANY}

    def __bool__(self) -> bool:
        return bool(self._ways)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Paths) and self._ways == other._ways

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"<Paths {sorted(path_text(steps) for steps, _ in self._ways)}>"
