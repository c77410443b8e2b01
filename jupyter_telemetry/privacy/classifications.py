"""`classifications`: what an operator says of schemas that others own, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ConfigurationError, InvalidSchema
from ..loading import load_file
from .paths import is_path

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["parse_classifications"]

_HOW = '{"https://example.org/my-event": {"/user/name": ["personal-data"]}}'


def parse_classifications(given: Mapping[str, Any] | str, *, where: str) -> Mapping[str, Mapping[str, Any]]:
    """Return {schema id or glob: {"/path": …}} as it was given, or as the file of that name has it.

    Raises ConfigurationError, which names the place as `where[…]`.
    """
    if isinstance(given, str):
        try:
            return parse_classifications(load_file(given), where=given)
        except (OSError, InvalidSchema) as error:
            raise ConfigurationError(f"{where}: the file {given} cannot be read: {error}") from error
    for pattern, entry in given.items():
        if not isinstance(pattern, str) or not isinstance(entry, dict):
            raise ConfigurationError(f"{where}: write a dict from schema ids to dicts of paths, such as {_HOW}")
        if not entry:  # it would put nothing in the place of what else is said
            raise ConfigurationError(f"{where}[{pattern!r}]: says nothing; leave it out, or write such as {_HOW}")
        for path, said in entry.items():
            place = f"{where}[{pattern!r}][{path!r}]"
            if not isinstance(path, str) or not is_path(path):
                raise ConfigurationError(f"{place}: no path; write one such as '/user/name' or '/files/*/path'")
            if not _is_list_of_names(said["categories"] if isinstance(said, dict) and "categories" in said else said):
                raise ConfigurationError(f'{place}: write a list of categories, such as ["personal-data"]')
    return given


def _is_list_of_names(said: Any) -> bool:
    return isinstance(said, (list, tuple)) and bool(said) and all(isinstance(each, str) and each for each in said)
