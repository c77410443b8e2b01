"""What the Jupyter configuration says of events: read from the same files as a Jupyter Server reads.

The files are `jupyter_config` and then `jupyter_server_config`, `.py` and `.json`, in the directories of
`jupyter --paths`. Under them comes what the files of extensions, such as `jupyter_lab_config.py`, say of EventLog or
ServerEventLog: a server merges its own over that of each extension that it links, and which those are is not known
here. Under these, what `jupyter_server_config.d/*.json` say of EventLog, and under it all, what the environment says.
jupyter_server itself is not imported. Reading them starts nothing: handlers given as dicts are not made, and a
logging.FileHandler that a `.py` file makes does not open its file (one with mode "w" would empty the log of a running
server).
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
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_core.application import JupyterApp
from traitlets.config.loader import Config, JSONFileConfigLoader, LazyConfigValue, PyFileConfigLoader

from ..convention import DROPPED, SECTIONS, dropped_files, settings_in_environment
from ..destination import destinations, journal_directory
from ..errors import ConfigurationError
from ..handlers import walk
from ..traits import AllowedSchemas, Shippers, resolve_lazy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Configuration", "ConfiguredHandler", "is_of_extension", "read_configuration"]

_NAMES = ("jupyter_config", "jupyter_server_config")
_SECTION = SECTIONS[0]


@dataclass(frozen=True)
class ConfiguredHandler:
    """A handler of c.EventLog.handlers."""

    name: str  # its class
    directory: Path | None = None  # of the journal, if it is one
    destinations: tuple[str, ...] = ()  # where it sends events, in words
    problem: str = ""  # why it cannot be made, as far as that is known without making it
    given: Any = field(default=None, compare=False, repr=False)  # what stands in the list: itself, or what it is behind


@dataclass(frozen=True)
class Configuration:
    """The sections EventLog and ServerEventLog, of all files together."""

    files: tuple[Path, ...]  # that were read
    handlers: tuple[ConfiguredHandler, ...]
    allowed_schemas: dict[str, dict[str, list[str]]]  # {} for an id or glob: nothing more is said of it
    contact: str  # whom to ask about what is recorded; "" if nobody is named
    section: Config  # EventLog as it stands in the files, and ServerEventLog over it
    shippers: tuple[Any, ...]  # as they stand there, not to be used
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
    config, files = Config({_SECTION: settings_in_environment(os.environ)}), []
    with _quiet():
        for path in _files(file):
            loaded = _load(path)
            if path == file or not _is_of_others(path) or any(name in loaded for name in SECTIONS):
                config.merge(loaded)
                files.append(path)
        section = Config()
        for name in SECTIONS:
            section.merge(config.get(name, Config()))
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
        tuple(Shippers().validate(None, _resolved(section.get("shippers"), []))),
        None if given is None else _usable(given),
        _unknown(config, section),
    )


def _unknown(config: Config, section: Config) -> dict[str, str]:
    """Find the settings that no EventLog has, with the nearest that it has, or all."""
    found: dict[str, str] = {}
    for name in config:
        for known_name in SECTIONS:
            if name != known_name and name.lower() == known_name.lower():
                found[f"c.{name}"] = f"did you mean c.{known_name}?"
    names = set(section) - {"handlers", "allowed_schemas"}
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
    found = dropped_files(paths) + _of_extensions(paths)
    found += [path / f"{name}{suffix}" for name in names for path in paths for suffix in (".py", ".json")]
    return [path for path in found if path.is_file()] + ([file] if file is not None else [])


def _of_extensions(places: list[Path]) -> list[Path]:
    """List the files of extensions that speak of an EventLog, by name; no other is run."""
    found = [
        (path.stem, place, path)
        for place, directory in enumerate(places)
        for path in sorted(directory.glob("jupyter_*_config.*"), key=lambda each: each.suffix != ".py")
        if is_of_extension(path) and path.is_file()
    ]
    found.sort(key=lambda each: each[:2])
    return [path for *_, path in found if _SECTION.encode() in _read(path)]


def is_of_extension(path: Path) -> bool:
    """Say whether a file is an extension's own: it counts in a server in which that extension is on."""
    return path.suffix in (".py", ".json") and path.stem not in _NAMES and fnmatchcase(path.stem, "jupyter_*_config")


def _is_of_others(path: Path) -> bool:
    """Say whether a file may be about something else: most of what is dropped switches extensions on."""
    return path.parent.name == DROPPED or is_of_extension(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"the configuration {path} cannot be read: {error.strerror}") from error


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
            yield from (replace(found, given=each) for found in _with_those_behind(each))
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
            yield ConfiguredHandler(type(each).__qualname__, journal_directory(each), tuple(destinations([each])))
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
    words = tuple(destinations([given]))
    return ConfiguredHandler(getattr(found, "__qualname__", name), journal_directory(given), words)


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
