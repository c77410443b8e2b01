"""The EventLog of a Jupyter Server, and where its configuration stands."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from traitlets import TraitError, default
from traitlets.config import Config

from ..convention import DEFAULT_HANDLERS, dropped_files
from ..errors import TelemetryError
from ..eventlog import EventLog

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_server.serverapp import ServerApp

    from ..governance import Governance

__all__ = ["ServerEventLog", "configure_again", "configured_eventlog"]

SECTION = "EventLog"


class ServerEventLog(EventLog):
    """An EventLog out of which no error comes, and which keeps a journal, unless it is configured otherwise."""

    section = Config()  # the configuration that it was made from
    _way_to_agree = "by `jupyter telemetry consent grant` or on the server's page /telemetry"
    _way_to_set = ""

    @default("on_invalid")
    def _log_what_is_invalid(self) -> str:
        return "log"

    @default("handlers")
    def _keep_a_journal(self) -> list[dict[str, str]]:
        return [dict(each) for each in DEFAULT_HANDLERS]

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
        log = ServerEventLog(parent=serverapp, config=Config(), handlers=[])
    log.section = config[SECTION]
    return log


def configure_again(log: ServerEventLog, serverapp: ServerApp) -> None:
    """Take over what was added to the configuration since: an ExtensionApp that is linked brings its own file.

    traitlets tells nobody of such a change (Configurable.update_config).
    """
    config = configuration_of(serverapp)
    if config[SECTION] != log.section:
        log.section = config[SECTION]
        try:
            log.config = config
        except TraitError as error:
            serverapp.log.error("EventLog: bad configuration, not taken over: %s", error)


def configuration_of(serverapp: ServerApp) -> Config:
    """Return a server's configuration, with the `EventLog` sections of `jupyter_server_config.d/*.json` under it.

    Jupyter Server itself reads nothing from that directory but which extensions are on.
    """
    from jupyter_server.services.config.manager import ConfigManager

    files: Any = ConfigManager(read_config_path=serverapp.config_file_paths, log=serverapp.log)
    config = Config({SECTION: files.get("jupyter_server_config").get(SECTION, {})})
    config.merge(serverapp.config)
    return config
