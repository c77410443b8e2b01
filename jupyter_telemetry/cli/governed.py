"""What the configuration and the user's decisions come to, as a Jupyter Server would have it; nothing is started."""

from __future__ import annotations

import importlib.util
import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets import TraitError
from traitlets.config import Config

from ..convention import default_handlers
from ..disclosure import decision_schema, disclose
from ..errors import ConfigurationError, InvalidSchema, JournalError
from ..eventlog import EventLog
from ..governance import govern, problems
from ..loading import load_file
from ..privacy import DECISION_SCHEMA, DecisionStore, default_mode
from ..privacy.pseudonym import PseudonymKey, why_not_secret
from ..schema import EventSchema
from .configuration import read_configuration
from .source import source_by

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator

    from ..governance import Governance
    from .configuration import Configuration
    from .source import Source

__all__ = ["Governed", "find_governed"]

_IF_UNKNOWN = "; what a server registers is known here once it has run: until then, name the schema's file by --schema"


class _Log(EventLog):
    """A log with the settings of a configuration, and without handlers.

    What is recorded can be told, and decided, without the key of pseudonyms: a terminal need not have the server's
    environment. Where there is none that can be read, one is made up; nothing is recorded with it.
    """

    _ships = False
    _reads_environment = True

    def __init__(self, configuration: Configuration) -> None:
        self._files = configuration.files
        self._stand_in: PseudonymKey | None = PseudonymKey(os.urandom(32))
        settings = set(EventLog.class_trait_names(config=True)) - {"handlers"}  # `status` says which others there are
        section = Config({name: value for name, value in configuration.section.items() if name in settings})
        super().__init__(config=Config({"EventLog": section}), on_invalid="log")

    def pseudonym_key(self) -> PseudonymKey | None:
        try:
            return super().pseudonym_key() or self._stand_in
        except ConfigurationError:
            if self._stand_in is None:
                raise
            return self._stand_in

    @contextmanager
    def with_its_own_key(self) -> Iterator[None]:
        """Let no other key stand in."""
        stand_in, self._stand_in = self._stand_in, None
        try:
            yield
        finally:
            self._stand_in = stand_in

    def _config_files(self) -> Iterable[str | os.PathLike[str]]:
        return self._files

    def _say_mode(self, mode: str, why: str, governance: Governance) -> None:
        """Say nothing: the command shows how things stand."""

    def _say_stated(self, files: Iterable[str | os.PathLike[str]], governance: Governance) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Governed:
    """The policy in force, and the schemas that are known: those of the journal, and Jupyter Server's own.

    Raises ConfigurationError, on the first use, for a configuration that cannot be used.
    """

    source: Source
    configuration: Configuration

    @cached_property
    def log(self) -> _Log:
        """A log of the same settings, without handlers."""
        return _Log(self.configuration)

    @cached_property
    def handlers(self) -> tuple[logging.Handler | dict[str, Any], ...]:
        """The configured handlers, or the dicts that would make them."""
        given = self.configuration.given_handlers
        return default_handlers(self.configuration.shippers) if given is None else given

    @cached_property
    def decisions(self) -> DecisionStore:
        """Where the user's decisions stand."""
        return DecisionStore()

    @cached_property
    def unusable(self) -> str:
        """Why a server that finds the configuration like this records nothing; "" if it can be used."""
        for each in self.configuration.handlers:
            if each.problem:
                return f"EventLog.handlers: {each.name}: {each.problem}"
        try:
            with self.log.with_its_own_key():
                govern(self.log, self.handlers, self.decisions, default_mode="inform")
        except TraitError as error:
            return str(error)
        return ""

    def governance(self) -> Governance:
        """Return what is in force now."""
        mode, _ = default_mode(os.environ, self.configuration.files, reads_environment=True)
        return govern(self.log, self.handlers, self.decisions, default_mode=mode)

    @cached_property
    def schemas(self) -> list[EventSchema]:
        """The schemas that are known; those that cannot be read are left out."""
        known = {(each.id, str(each.version)): each for each in self._schemas()}
        return [*known.values()]

    def problems(self, governance: Governance, schemas: list[EventSchema]) -> list[str]:
        """Say what in the configuration is likely a mistake."""
        registered = [schema for schema in schemas if schema.id != DECISION_SCHEMA["$id"]]  # nobody allows it
        unknown = [
            f"{written}: there is no such setting, and it does nothing; {meant}"
            for written, meant in self.configuration.unknown.items()
        ]
        return [
            *unknown,
            *self.problems_of_key(),
            *problems(governance, self.log, self.handlers, registered, _IF_UNKNOWN),
        ]

    def notes(self, governance: Governance) -> list[str]:
        """Say what the configuration leaves unsaid that users must be told."""
        unsaid = [name for name, text in governance.statement["notice"].items() if not text]
        if not unsaid or not governance.policy.patterns:
            return []
        return [f"EventLog.notice does not say {', '.join(unsaid)}: users must be told (GDPR art. 13)"]

    def disclosed(self) -> dict[str, Any]:
        """Return what is recorded, as a user is told; see disclosure.disclose."""
        return disclose(self.governance(), self.schemas, self.handlers)

    def problems_of_key(self) -> list[str]:
        """Say why nothing is recorded, as without the key of pseudonyms, or who could undo them."""
        if self.unusable:
            return [self.unusable]
        file = self.log.pseudonym_key_file
        return [warning] if file and (warning := why_not_secret(file)) else []

    def _schemas(self) -> Iterator[EventSchema]:
        yield decision_schema()
        for file in _of_jupyter_server():
            try:
                yield EventSchema(load_file(file))
            except (InvalidSchema, OSError):
                continue
        try:
            recorded = self.source.reader.schemas()
        except JournalError:
            return
        for document in recorded.values():
            try:
                yield EventSchema(document)
            except InvalidSchema:
                continue


def find_governed(journal: Path | None, config: Path | None) -> Governed:
    """Work out what is in force, and which journal is meant. Raises ConfigurationError."""
    configuration = read_configuration(config)
    return Governed(source_by(journal, configuration), configuration)


def _of_jupyter_server() -> list[Path]:
    """List the schemas that Jupyter Server ships, if it is installed; it is not imported."""
    found = importlib.util.find_spec("jupyter_server")
    places = found.submodule_search_locations if found is not None else None
    return sorted(file for place in places or () for file in Path(place, "event_schemas").glob("**/*.yaml"))
