"""The EventLog of a Jupyter Server, and where its configuration stands."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from traitlets import TraitError, default
from traitlets.config import Config
from traitlets.config.loader import LazyConfigValue

from ..convention import SECTIONS, default_handlers, dropped_files, settings_in_environment
from ..destination import destinations, journal_directory
from ..errors import TelemetryError
from ..eventlog import EventLog
from ..handlers import walk
from ..journal import JournalHandler
from ..traits import resolve_lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_server.serverapp import ServerApp

    from ..governance import Governance

__all__ = ["ServerEventLog", "configure_again", "configured_eventlog"]

SECTION = SECTIONS[0]
_OF_USERS = ("consent", "notice")  # what is told of, and promised for, events that were recorded before


class ServerEventLog(EventLog):
    """An EventLog out of which no error comes, and which keeps a journal, unless it is configured otherwise."""

    section = Config()  # the configuration that it was made from
    unusable = ""  # why that could not be used; then nothing is recorded
    idle_journals: tuple[JournalHandler, ...] = ()  # those that it names, to be read; nothing is written to them
    idle_destinations: tuple[str, ...] = ()  # where it would send events, in words
    knows_grounds = True  # whether it is known what may not be erased
    _way_to_agree = "by `jupyter telemetry consent grant` or on the server's page /telemetry"
    _way_to_set = ""
    _reads_environment = True

    @default("on_invalid")
    def _log_what_is_invalid(self) -> str:
        return "log"

    @default("handlers")
    def _keep_a_journal(self) -> list[dict[str, Any]]:
        return [*default_handlers(self.shippers)]

    def _config_files(self) -> list[Path]:
        """Return the files that were read for the server and for its extensions, of which each has its own.

        Of `jupyter_server_config.d`, traitlets reads none, and this log all.
        """
        dropped = dropped_files(getattr(self.parent, "config_file_paths", ()))
        manager = getattr(self.parent, "extension_manager", None)
        linked = [app for apps in getattr(manager, "extension_apps", {}).values() for app in apps]
        read = [*super()._config_files(), *(file for app in linked for file in app.loaded_config_files)]
        return [*map(Path, read), *dropped]

    def explain_schemas(self) -> None:
        """Leave the schemas of all that may be recorded in the journal: commands tell of it before the first event."""
        for schema in self.registry:
            classification = self.governance.classification(schema)
            if self.governance.admitted(schema.id, classifies=classification.classifies) is not None:
                self._routemaker.explain(schema)

    def watch(self, tell: Callable[[bool], None]) -> None:
        """Call `tell` with whether anything is allowed: now, and whenever `allowed_schemas` changes."""
        self.observe(lambda _: tell(bool(self.allowed_schemas)), "allowed_schemas")
        tell(bool(self.allowed_schemas))

    def obeyed(self) -> Governance:
        """Return what is in force, with what the user has decided elsewhere: also where nothing happens meanwhile."""
        if self._look_at is not None:
            self._look_for_decisions()
        return self.governance

    # For the bridge: nothing here raises on account of an event, whatever `on_invalid` says

    def names(self, schema_id: str) -> bool:
        """Say whether `allowed_schemas` means this id, registered or not."""
        return self.governance.policy.limits(schema_id) is not None

    def drops(self, schema_id: str, version: str) -> bool:
        """Say whether nothing is kept of a schema's events, and count one if so: its payload is not needed.

        Raises SchemaNotRegistered.
        """
        if self._look_at is not None and monotonic() >= self._look_at:  # where all is denied, record_event never looks
            self._look_for_decisions()
        route = self._routes.get((schema_id, version)) or self._find_route(schema_id, version)
        if route.denied:
            route.counters.not_allowed += 1
        return route.denied

    def take(self, schema_id: str, version: str, event: Any, timestamp_override: Any) -> None:
        """Record an event."""
        try:
            self.record_event(schema_id, version, event, timestamp_override)
        except Exception as error:
            self._say(error, schema_id)

    def refuse(self, error: Exception, schema_id: str, version: str | None) -> None:
        """Count an event that cannot be recorded, and say so at most once a minute."""
        try:
            self._refuse(error, schema_id, version)
        except Exception as raised:
            self._say(raised, schema_id)

    def _say(self, error: Exception, schema_id: str) -> None:
        what = error if isinstance(error, TelemetryError) else type(error).__name__
        with suppress(Exception):  # of a handler of the server's own log
            self._notices.warn(("bus", schema_id), "An event of %s was not recorded: %s", schema_id, what)


def configured_eventlog(serverapp: ServerApp) -> ServerEventLog:
    """Make the EventLog of a server from its configuration; one that records nothing if that cannot be used.

    Raises TraitError for bad configuration if the server is to fail when an extension does.
    """
    config = configuration_of(serverapp)
    try:
        log = ServerEventLog(parent=serverapp, config=config)
    except TraitError as error:
        if serverapp.reraise_server_extension_failures:
            raise
        serverapp.log.error("EventLog: bad configuration, NOTHING IS RECORDED: %s", error)
        log = _without_recording(serverapp, config)
        log.unusable = str(error)
    log.section = _said(config)
    return log


def _without_recording(serverapp: ServerApp, config: Config) -> ServerEventLog:
    """Make a log that records nothing, and knows of an unusable configuration what users are told and promised.

    What may not be erased, and in which journals events are, holds also while nothing else of it does.
    """
    section = Config()
    for name in SECTIONS:
        section.merge(config[name])
    for names in (_OF_USERS, _OF_USERS[:1], ()):
        usable = Config({SECTION: {name: section[name] for name in names if name in section}})
        try:
            log = ServerEventLog(parent=serverapp, config=usable, handlers=[])
        except TraitError:
            continue
        log.knows_grounds = "consent" in names
        break
    journals, log.idle_destinations = _places_of(section.get("handlers"), section.get("shippers"))
    for directory in journals:
        with suppress(TelemetryError):  # a directory that no journal can be in
            log.idle_journals = (*log.idle_journals, JournalHandler(directory))
    return log


def _places_of(given: Any, shippers: Any) -> tuple[list[Path], tuple[str, ...]]:
    """Return the directories of the journals among configured handlers, and where these send events, in words.

    Each once, and as far as it can be found out.
    """
    if given is None:
        given = default_handlers(shippers)
    made = False
    try:
        if isinstance(given, LazyConfigValue):
            given = resolve_lazy(given, [])
        if made := callable(given):
            given = given()
    except Exception:  # that it fails is what is wrong
        return [], ()
    listed = given if isinstance(given, (list, tuple)) else ()
    usable = [each for each in listed if isinstance(each, (dict, logging.Handler))]
    known = [each for handler in usable for each in walk(handler)]
    words = tuple(destinations(usable))
    found = [directory for each in known if (directory := journal_directory(each)) is not None]
    for each in known if made else ():  # for this alone
        if isinstance(each, logging.Handler):
            each.close()
    return list(dict.fromkeys(found)), words


def configure_again(log: ServerEventLog, serverapp: ServerApp) -> None:
    """Take over what was added to the configuration since: an ExtensionApp that is linked brings its own file.

    traitlets tells nobody of such a change (Configurable.update_config).
    """
    config = configuration_of(serverapp)
    said = _said(config)
    if said == log.section:
        return
    log.section = said
    try:
        log.config = config
    except TraitError as error:
        serverapp.log.error("EventLog: bad configuration, not taken over: %s", error)
        if log.unusable:
            log.unusable = str(error)
        return
    if log.unusable:
        log.unusable, log.idle_journals, log.idle_destinations, log.knows_grounds = "", (), (), True
        if not any("handlers" in config[name] for name in SECTIONS):
            log.handlers = [*default_handlers(log.shippers)]


def _said(config: Config) -> Config:
    return Config({name: config[name] for name in SECTIONS})


def configuration_of(serverapp: ServerApp) -> Config:
    """Return a server's configuration, with the `EventLog` sections of `jupyter_server_config.d/*.json` under it.

    Under these stands what the environment says.

    Jupyter Server itself reads nothing from that directory but which extensions are on.
    """
    from jupyter_server.services.config.manager import ConfigManager

    files: Any = ConfigManager(read_config_path=serverapp.config_file_paths, log=serverapp.log)
    config = Config({SECTION: settings_in_environment(os.environ)})
    config.merge(Config({SECTION: files.get("jupyter_server_config").get(SECTION, {})}))
    config.merge(serverapp.config)
    return config
