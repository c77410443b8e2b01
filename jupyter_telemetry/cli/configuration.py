"""What the Jupyter configuration says of events: read from the same files as a Jupyter Server reads.

The files are `jupyter_config` and then `jupyter_server_config`, `.py` and `.json`, in the directories of
`jupyter --paths`, and under them what `jupyter_server_config.d/*.json` say of EventLog; jupyter_server itself is not
imported. Reading them starts nothing: handlers given as dicts are not made, and a logging.FileHandler that a `.py`
file makes does not open its file (one with mode "w" would empty the log of a running server).
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import logging
import logging.handlers
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_core.application import JupyterApp
from traitlets.config.loader import Config, JSONFileConfigLoader, LazyConfigValue, PyFileConfigLoader

from ..convention import DROPPED, dropped_files
from ..destination import destinations
from ..errors import ConfigurationError
from ..handlers import walk
from ..journal import JournalHandler, default_directory
from ..traits import AllowedSchemas, resolve_lazy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Configuration", "ConfiguredHandler", "read_configuration"]

_NAMES = ("jupyter_config", "jupyter_server_config")
_SECTION = "EventLog"


@dataclass(frozen=True)
class ConfiguredHandler:
    """A handler of c.EventLog.handlers."""

    name: str  # its class
    directory: Path | None = None  # of the journal, if it is one
    destinations: tuple[str, ...] = ()  # where it sends events, in words
    problem: str = ""  # why it cannot be made, as far as that is known without making it


@dataclass(frozen=True)
class Configuration:
    """The section EventLog, of all files together."""

    files: tuple[Path, ...]  # that were read
    handlers: tuple[ConfiguredHandler, ...]
    allowed_schemas: dict[str, dict[str, list[str]]]  # {} for an id or glob: nothing more is said of it
    contact: str  # whom to ask about what is recorded; "" if nobody is named
    section: Config  # EventLog as it stands in the files
    given_handlers: tuple[Any, ...] | None  # handlers and dicts as they stand there, not to be used; None: nothing is
    unknown: dict[str, str]  # settings that there are not, as they are written → what was meant

    @property
    def keeps_journal(self) -> bool:
        """Whether a Jupyter Server writes a journal."""
        return self.given_handlers is None or bool(self.journals)

    @property
    def journals(self) -> list[Path]:
        """Return the directories of the journals, without repetition."""
        return list(dict.fromkeys(each.directory for each in self.handlers if each.directory is not None))


def read_configuration(file: Path | None = None) -> Configuration:
    """Read what a Jupyter Server would, or what one started with `--config=FILE` would.

    Raises ConfigurationError for a file that fails, or a value that cannot be used.
    """
    config, files = Config(), []
    with _quiet():
        for path in _files(file):
            loaded = _load(path)
            if _SECTION in loaded or path.parent.name != DROPPED:  # most of what lies there switches extensions on
                config.merge(loaded)
                files.append(path)
        section = config.get(_SECTION, Config())
        given = _called(_resolved(section.get("handlers"), []))  # None: nothing is said
        handlers = tuple(_handlers(given))
    allowed = AllowedSchemas().validate(None, _resolved(section.get("allowed_schemas"), []) or [])
    entries = allowed if isinstance(allowed, dict) else {schema_id: {} for schema_id in allowed}
    return Configuration(
        tuple(files),
        handlers,
        {schema_id: {key: [*names] for key, names in entry.items()} for schema_id, entry in entries.items()},
        _contact(_resolved(section.get("notice"), {})),
        section,
        None if given is None else _usable(given),
        _unknown(config),
    )


def _unknown(config: Config) -> dict[str, str]:
    """Find the settings that no EventLog has, with the nearest that it has, or all."""
    found: dict[str, str] = {}
    for name in config:
        if name != _SECTION and name.lower() == _SECTION.lower():
            found[f"c.{name}"] = f"did you mean c.{_SECTION}?"
    names = set(config.get(_SECTION, ())) - {"handlers", "allowed_schemas"}
    if names:
        from ..eventlog import EventLog  # takes longer than all else here

        known = sorted(EventLog.class_trait_names(config=True))
        for name in sorted(names.difference(known)):
            near = difflib.get_close_matches(name, known, n=1)
            meant = f"did you mean c.{_SECTION}.{near[0]}?" if near else f"there are {', '.join(known)}."
            found[f"c.{_SECTION}.{name}"] = meant
    return found


def _files(file: Path | None) -> list[Path]:
    """List the files there are, those that win last."""
    paths = [Path(each) for each in reversed(JupyterApp().config_file_paths)]
    names = _NAMES if file is None else _NAMES[:1]
    found = dropped_files(paths)
    found += [path / f"{name}{suffix}" for name in names for path in paths for suffix in (".py", ".json")]
    return [path for path in found if path.is_file()] + ([file] if file is not None else [])


def _load(path: Path) -> Config:
    loader = JSONFileConfigLoader if path.suffix == ".json" else PyFileConfigLoader
    try:
        return loader(path.name, path=str(path.parent)).load_config()
    except (Exception, SystemExit) as error:  # it may be any code
        where = f", line {line}" if (line := _line_in(error, path)) else ""
        raise ConfigurationError(f"the configuration {path} fails{where}: {type(error).__name__}: {error}") from error


def _line_in(error: BaseException, path: Path) -> int | None:
    """Return the last line of the file that the error came through."""
    if isinstance(error, SyntaxError):
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] if lines else None


def _contact(notice: Any) -> str:
    contact = notice.get("contact") if isinstance(notice, dict) else None
    return contact if isinstance(contact, str) else ""


def _resolved(value: Any, default: Any) -> Any:
    return resolve_lazy(value, default) if isinstance(value, LazyConfigValue) else value


def _called(given: Any) -> Any:
    if not callable(given):
        return given
    try:
        return given()
    except Exception as error:
        raise ConfigurationError(f"EventLog.handlers: the function fails: {type(error).__name__}: {error}") from error


def _handlers(given: Any) -> Iterator[ConfiguredHandler]:
    for each in given if isinstance(given, (list, tuple)) else ():
        if isinstance(each, (dict, logging.Handler)):
            yield from _with_those_behind(each)
        else:
            yield ConfiguredHandler(type(each).__name__, problem="neither a logging.Handler nor a dict")
    if given is not None and not isinstance(given, (list, tuple)):
        yield ConfiguredHandler(type(given).__name__, problem="c.EventLog.handlers must be a list")


def _usable(given: Any) -> tuple[Any, ...]:
    listed = given if isinstance(given, (list, tuple)) else ()
    return tuple(each for each in listed if isinstance(each, (dict, logging.Handler)))


def _with_those_behind(given: logging.Handler | dict[str, Any]) -> Iterator[ConfiguredHandler]:
    """Describe a handler and all that it hands on to; close them, for they were made for this process only."""
    for each in list(walk(given)):
        if isinstance(each, logging.Handler):
            directory = each.directory if isinstance(each, JournalHandler) else None
            yield ConfiguredHandler(type(each).__qualname__, directory, tuple(destinations([each])))
            if not isinstance(each, logging.handlers.MemoryHandler):  # which would forget what is behind it
                each.close()
        else:
            yield _of_dict(each)


def _of_dict(given: Mapping[str, Any]) -> ConfiguredHandler:
    maker = given.get("class", given.get("()"))
    name = maker if isinstance(maker, str) else getattr(maker, "__qualname__", "?")
    try:
        found = _found(maker)
    except (ImportError, AttributeError, ValueError) as error:
        return ConfiguredHandler(name, problem=f"cannot be imported: {error}")
    place = None
    if isinstance(found, type) and issubclass(found, JournalHandler):
        directory = given.get("directory") or default_directory()
        place = Path(os.path.abspath(os.path.expanduser(directory)))
    return ConfiguredHandler(getattr(found, "__qualname__", name), place, tuple(destinations([given])))


def _found(maker: Any) -> Any:
    """Return what a dict's "class" names."""
    if not isinstance(maker, str):
        if maker is None:
            raise ValueError('it has no "class"')
        return maker
    module, _, attribute = maker.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


class _Aside:
    """What takes the place of the standard output, and of its name: a handler must tell where it would write to."""

    name = "<stdout>"

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Run a configuration's code without effect on this process's output, and without opening log files."""
    original = logging.FileHandler.__init__

    def delayed(
        self: logging.FileHandler,
        filename: Any,
        mode: str = "a",
        encoding: str | None = None,
        delay: bool = False,  # noqa: ARG001 - whatever it says, the file is not opened
        errors: str | None = None,
    ) -> None:
        original(self, filename, mode, encoding, True, errors)

    logging.FileHandler.__init__ = delayed  # type: ignore[method-assign]
    try:
        with contextlib.redirect_stdout(_Aside(sys.stderr)):  # a machine may read ours
            yield
    finally:
        logging.FileHandler.__init__ = original  # type: ignore[method-assign]
