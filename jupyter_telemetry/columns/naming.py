"""Names for views, columns and fields that SQL can tell apart."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["distinct_names", "has_sql_name"]


def has_sql_name(name: str) -> bool:
    """Say whether SQL can name a column so: it has no empty names, and DuckDB's parser ends at a NUL."""
    return bool(name) and "\0" not in name


def distinct_names(wanted: Mapping[str, str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Give each key the name that it wants, if it is not `taken` and no other wants it; case makes no difference.

    All that want the same name get the start of a hash of their key as suffix: none is first.
    """
    used = {name.lower() for name in taken}
    claims = Counter(name.lower() for name in wanted.values())
    free = {key for key, name in wanted.items() if name.lower() not in used and claims[name.lower()] == 1}
    used |= {wanted[key].lower() for key in free}
    names: dict[str, str] = {}
    for key, name in wanted.items():
        names[key] = name if key in free else _suffixed(name, key, used)
        used.add(names[key].lower())
    return names


def _suffixed(name: str, key: str, used: set[str]) -> str:
    digest = hashlib.sha256(key.encode()).hexdigest()
    length = 6
    while f"{name}_{digest[:length]}".lower() in used:
        length += 1
    return f"{name}_{digest[:length]}"
