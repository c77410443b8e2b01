"""EventLog: configuration, registration, and the road of an event."""

from __future__ import annotations

import json
import logging
import os
import threading
from time import monotonic
from typing import IO, TYPE_CHECKING, Any

from traitlets import observe

from .attachment import Attachment
from .dispatch import Dispatch
from .errors import ConfigurationError, ConsentError, SchemaNotRegistered, TelemetryError
from .farewell import farewell
from .forksafe import Lock
from .governance import govern, problems
from .loading import load_file, load_url
from .notice import Notices
from .privacy import DECISION_SCHEMA, DecisionStore, Lookout, decision_event, default_mode
from .privacy.modes import files_that_speak, says_mode_of_all, stated_modes
from .record import event_record
from .registry import SchemaRegistry
from .route import Counters
from .routemaker import RouteMaker
from .settings import SETTINGS, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from traitlets import Bunch
    from typing_extensions import Self

    from .event import Event
    from .governance import Governance
    from .outlet import Outlet
    from .privacy import Classification, Decision, Decisions, Limits
    from .route import Route
    from .schema import EventSchema
    from .shipping import Shipper

__all__ = ["EventLog"]

_INFO = logging.INFO
DECIDED_BY = tuple(DECISION_SCHEMA["properties"]["by"]["enum"])
LOOK_INTERVAL_S = 2.0  # between two looks at what the user has decided elsewhere
OVERDUE_INTERVAL_S = 0.05  # between two looks whether such a look was answered at last
MAX_DEPTH_OF_CALLS = 8  # handlers that record events themselves, which come to handlers that do


class EventLog(Settings):
    """Record structured events: each is validated, filtered, sealed, and handed to logging handlers as one line.

    Any thread may record; all changes take effect for the next event. Use it as a context manager, or call
    close(), to close the handlers that it made itself.
    """

    # In words. Who made the log in a program of their own has told no command, and no page, what it records.
    _way_to_agree = "which the program asks for by EventLog.decide"
    _way_to_set = ', or EventLog(consent="inform")'
    _ships = True  # starts its shippers
    _reads_environment = False  # its configuration may stand there

    def __init__(self, **kwargs: Any) -> None:
        if unknown := [name for name in kwargs if not self.has_trait(name)]:  # which traitlets only deprecates
            known = ", ".join(sorted(self.trait_names(config=True)))
            raise TypeError(f"{type(self).__name__} has no setting {unknown[0]!r}; it has {known}")
        # _lock guards what is written below; recording only reads _routes, which is replaced as a whole.
        self._lock = Lock()
        self._routes: dict[tuple[str, int | str], Route] = {}
        self._under_way = threading.local()  # how deep this thread is in handlers that record
        self._unknown = 0  # refused calls that named no registered schema
        self._fetched: dict[str, dict[str, Any]] = {}
        self._raises = True
        self._decisions = DecisionStore()
        self._lookout = Lookout(self._decisions)
        self._in_force: dict[str, Any] | None = None  # the settings; None while the log is being made
        self._look_at: float | None = None  # when to look for decisions that others have made; None: no matter
        self.registry = SchemaRegistry()
        self._notices = Notices(getattr(kwargs.get("parent"), "log", None) or logging.getLogger("jupyter_telemetry"))
        self._attachment = Attachment(self._notices)
        self._dispatch = Dispatch()
        self._routemaker = RouteMaker(self.registry, self._attachment, self._notices)
        super().__init__(**kwargs)
        self._configure()

    # The road of an event

    def record_event(
        self,
        schema_id: str | None = None,
        version: int | str | None = None,
        event: dict[str, Any] | None = None,
        timestamp_override: datetime | None = None,
        *,
        schema_name: str | None = None,
    ) -> dict[str, Any] | None:
        """Record one event; hand its encoded line to every handler that wants it.

        Parameters
        ----------
        schema_id, version: of a registered schema; `schema_name` is 0.1.0's word for `schema_id`.
        event: the properties; never changed.
        timestamp_override: the event's time, if not now; a naive one is UTC.

        Returns the capsule as recorded (it may share nested values with `event`), or None if the configuration
        does not allow it, or not so many.

        Raises SchemaNotRegistered, InvalidEvent — unless `on_invalid` is "log".
        """
        try:
            if self._look_at is not None and monotonic() >= self._look_at:
                self._look_for_decisions()
            try:
                route = self._routes[schema_id, version]  # type: ignore[index]
            except (KeyError, TypeError):
                route = self._find_route(schema_name if schema_id is None else schema_id, version)
            if route.denied:
                route.counters.not_allowed += 1
                return None
            if route.rate is not None and not route.rate.take():
                self._limit(route)
                return None
            route.validate(event)
            kept = route.filter(event)  # type: ignore[arg-type]
            capsule = route.seal(kept, timestamp_override)
            line = route.encode(capsule, kept)
        except Exception as error:
            self._refuse(error, schema_name if schema_id is None else schema_id, version)
            return None
        self._hand_out(route.outlet, capsule, line)
        for outlet in route.narrower:
            self._hand_out_narrower(route, outlet, event, capsule)  # type: ignore[arg-type]
        route.counters.recorded += 1
        return capsule

    def record_event_model(self, event: Event) -> dict[str, Any] | None:
        """Record an instance of an Event model, by alias; see record_event."""
        from .event import dump

        schema_id, version = getattr(event, "_id", None), getattr(event, "_version", None)
        try:
            properties = dump(event)
        except Exception as error:
            self._refuse(error, schema_id, version)
            return None
        return self.record_event(schema_id, version, properties)

    def _hand_out(self, outlet: Outlet, capsule: dict[str, Any], line: bytes) -> None:
        record = None
        for handler in outlet.line_handlers:
            try:
                if handler.level <= _INFO and not handler.filters:
                    handler.write_event(line)  # type: ignore[attr-defined]
                else:
                    record = record or event_record(outlet, capsule, line)
                    _handle(handler, record)
            except Exception as error:  # a failing handler must not break the caller
                self._attachment.failed(handler, error)
        if outlet.record_handlers:
            self._hand_records_out(outlet, record or event_record(outlet, capsule, line))

    def _hand_out_narrower(self, route: Route, outlet: Outlet, event: dict[str, Any], capsule: dict[str, Any]) -> None:
        """Hand out what handlers with limits of their own may have; an event that does not fit them is counted."""
        try:
            own, line = outlet.form(event, capsule)
        except Exception as error:
            for handler in (*outlet.line_handlers, *outlet.record_handlers):
                self._attachment.failed(handler, error)
            return
        self._hand_out(outlet, own, line)

    def _hand_records_out(self, outlet: Outlet, record: logging.LogRecord) -> None:
        depth = getattr(self._under_way, "depth", 0)
        self._under_way.depth = depth + 1
        try:
            for handler in outlet.record_handlers:
                try:
                    if depth == MAX_DEPTH_OF_CALLS:
                        raise RecursionError
                    _handle(handler, record)
                except Exception as error:
                    self._attachment.failed(handler, error)
        finally:
            self._under_way.depth = depth

    # Registration

    def register_schema(self, schema: Mapping[str, Any]) -> None:
        """Register a JSON schema given as a dict, which is neither kept nor changed; the same one again is no error.

        Raises InvalidSchema, SchemaAlreadyRegistered.
        """
        self.registry.register(schema, may_fetch=self.fetch_references)

    def register_schema_file(self, file: str | os.PathLike[str] | IO[str] | IO[bytes]) -> None:
        """Register a schema from a JSON or YAML file: its path, or the open file.

        Raises InvalidSchema, SchemaAlreadyRegistered; OSError if the file cannot be read.
        """
        self.register_schema(load_file(file))

    def register_schema_url(self, url: str) -> None:
        """Register a schema from a http, https or file URL, fetched once; never while recording.

        Raises InvalidSchema (it cannot be fetched, or is no event schema), SchemaAlreadyRegistered.
        """
        with self._lock:
            known = self._fetched.get(url) if isinstance(url, str) else None
        schema = known or load_url(url)
        self.register_schema(schema)
        with self._lock:
            self._fetched[url] = schema

    def register_event_model(self, model: type[Event]) -> None:
        """Register the schema of an Event model.

        Raises InvalidSchema (`_id`, `_title` or `_version` is missing, too), SchemaAlreadyRegistered.
        """
        from .event import checked_schema
        from .validation import Draft

        self.registry.register(checked_schema(model), draft=Draft.DRAFT202012)

    # Handlers

    def add_handler(self, handler: logging.Handler) -> None:
        """Send the events that follow to `handler` too; twice the same is once."""
        with self._lock:
            self.handlers = [*self.handlers, handler]

    def remove_handler(self, handler: logging.Handler) -> None:
        """Send no more events to `handler`; it stays open unless the log made it."""
        with self._lock:
            self.handlers = [each for each in self.handlers if each is not handler]

    def flush(self) -> None:
        """Flush all handlers."""
        self._attachment.flush()

    def close(self) -> None:
        """Flush all handlers, stop the shippers, and close the handlers that the log made; then it has none."""
        with farewell():
            self.flush()
            self._dispatch.close()
            try:
                with self._lock:
                    self.shippers = []
                    self.handlers = []
            finally:
                self._attachment.close_own()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def schemas(self) -> dict[tuple[str, int | str], dict[str, Any]]:
        """The registered schemas by (id, version), as 0.1.0 had them: a copy."""
        return {(schema.id, schema.version): json.loads(schema.text) for schema in self.registry}

    @property
    def running_shippers(self) -> tuple[Shipper, ...]:
        """The shippers at work, in the order of `shippers`; those that were made from dicts too."""
        return self._dispatch.shippers

    # Consent

    def decide(
        self, choices: Mapping[str, bool], *, shown: str, by: str, statement: dict[str, Any] | None = None
    ) -> list[Decision]:
        """Write down what the user decides, have it in force with the next event, and record it as an event.

        Parameters
        ----------
        choices: by subject of `consent`, whether its events may be recorded.
        shown: the words in which the user was told what `governance.statement` says.
        by: "page" or "command line".
        statement: what the policy said when the user was shown it; by default what it says now.

        Not for the thread of an event loop: it waits for the disk. Raises ConsentError; then nothing has changed.
        """
        governance = self.governance
        governance.consent.check(choices)
        if by not in DECIDED_BY:
            raise ConsentError(f"a user decides on one of {', '.join(DECIDED_BY)}, not {by!r}")
        decided = self._decisions.decide(choices, statement=statement or governance.statement, shown=shown, by=by)
        self._obey(self._decisions.read())
        self.record_decisions(decided)
        return decided

    def record_decisions(self, decisions: Iterable[Decision]) -> None:
        """Record decisions that were written down, wherever anything is recorded at all: they say nothing of whom."""
        if not self.allowed_schemas:
            return
        self.register_schema(DECISION_SCHEMA)
        modes = {standing.setting.subject: standing.setting.mode for standing in self.governance.consent.standings}
        for decision in decisions:
            event = decision_event(decision, modes.get(decision.subject, "inform"))
            self.record_event(DECISION_SCHEMA["$id"], DECISION_SCHEMA["version"], event)

    # What became of the events

    def counts(self) -> dict[str, int]:
        """Return how many calls recorded, were not allowed to or invalid; how often handlers and redactions failed."""
        counters = list(self._routemaker.counters.values())
        return {
            "recorded": sum(each.recorded for each in counters),
            "not_allowed": sum(each.not_allowed for each in counters),
            "invalid": sum(each.invalid for each in counters) + self._unknown,
            "rate_limited": sum(each.rate_limited for each in counters),
            "handler_failures": self._attachment.failures,
            "redaction_failures": sum(each.redaction_failures for each in counters),
        }

    def counts_by_schema(self) -> dict[str, dict[str, int]]:
        """Return the same of each schema, by its id, as far as it is known which schema a call was about."""
        found: dict[str, dict[str, int]] = {}
        for (schema_id, _), each in sorted(self._routemaker.counters.items()):
            counts = found.setdefault(schema_id, dict.fromkeys(Counters.__slots__, 0))
            for name in counts:
                counts[name] += getattr(each, name)
        return found

    # Configuration

    def check_policy(self) -> list[str]:
        """Say what in the configuration is likely a mistake: it names what no registered schema has; [] if nothing.

        Call it once all schemas are registered. Each text says what, where, and what to write instead.
        """
        return problems(self.governance, self, self.handlers, self.registry)

    def _adopt(self, handlers: list[logging.Handler]) -> None:
        """Take handlers that the trait made from configuration for the log's own."""
        self._attachment.adopt(handlers)

    @observe(*SETTINGS)
    def _on_change(self, _: Bunch) -> None:
        if self._in_force is None:  # what fits together shows when all is there
            return
        try:
            self._configure()
        except ConfigurationError:
            self._trait_values.update(self._in_force)  # several may have changed at once
            raise

    def _configure(self) -> None:
        """Take over the configuration. Raises ConfigurationError; then what was in force stays so."""
        with self._lock:
            governance = self._governed()
            if self._ships:
                self._dispatch.attach(self.shippers, self.handlers)
            self._enforce(governance)
            self._in_force = {name: getattr(self, name) for name in SETTINGS}

    def _enforce(self, governance: Governance) -> None:
        """Have a policy in force from now on, and all other settings: routes are made anew, each at its next event."""
        with self._lock:
            self._attachment.attach(self.handlers)
            self.governance = governance
            self._raises = self.on_invalid == "raise"
            self._routemaker.rates = self.max_rates
            self._routes = {}
            self._look_at = monotonic() + LOOK_INTERVAL_S if governance.consent.depends_on_decisions else None

    def _governed(self) -> Governance:
        """Make one of what the configuration and the user's decisions say. Raises ConfigurationError."""
        files = [*self._config_files()]
        mode, why = default_mode(os.environ, files, reads_environment=self._reads_environment)
        in_use = self._attachment.handlers
        governance = govern(self, self.handlers, self._decisions, default_mode=mode, in_use=in_use)
        if self.allowed_schemas and not says_mode_of_all(self.consent):
            self._say_mode(mode, why, governance)
        if self.allowed_schemas:
            self._say_stated(files, governance)
        return governance

    def _say_mode(self, mode: str, why: str, governance: Governance) -> None:
        """Say once which mode of consent holds where the configuration states none: nothing falls silent unsaid."""
        setting = "EventLog.consent['*']" if self.consent else "EventLog.consent"
        if governance.consent.of_schema("").on:
            self._notices.inform_once(("consent", mode), "%s is %s by default: %s.", setting, mode, why)
        else:
            self._notices.warn_once(
                ("consent", mode),
                "%s is %s by default: %s. Nothing is recorded until the user agrees, %s; to change that, set c.%s%s.",
                setting,
                mode,
                why,
                self._way_to_agree,
                setting,
                self._way_to_set,
            )

    def _say_stated(self, files: Iterable[str | os.PathLike[str]], governance: Governance) -> None:
        """Say once which modes of consent are stated, and where."""
        modes = stated_modes(self.consent)
        kind = ("stated", tuple(modes.items()))
        if not modes or self._notices.was_said(kind):
            return
        whole = isinstance(self.consent, str)
        said = ", ".join(f"EventLog.consent{'' if whole else f'[{s!r}]'} is {mode}" for s, mode in modes.items())
        where = "as the program sets it"
        if any("consent" in self.config[name] for name in self.section_names() if name in self.config):
            speaking = ", ".join(map(str, files_that_speak(files, "consent")))
            where = "as c.EventLog.consent says" + (f" in {speaking}" if speaking else "")
        standings = governance.consent.standings
        if any(each.setting.subject in modes and each.setting.mode == "opt-in" and not each.on for each in standings):
            where += f". What is opt-in is recorded once the user agrees, {self._way_to_agree}"
        self._notices.inform_once(kind, "%s, %s.", said, where)

    def _config_files(self) -> Iterable[str | os.PathLike[str]]:
        """Return the files that the configuration may stand in."""
        app = self.parent
        while app is not None and not hasattr(app, "loaded_config_files"):
            app = getattr(app, "parent", None)
        return getattr(app, "loaded_config_files", ())

    def _look_for_decisions(self) -> None:
        """Take over what the user has decided elsewhere: in another server, on the command line."""
        self._look_at = monotonic() + LOOK_INTERVAL_S
        if (found := self._lookout.look()) is not None:
            self._obey(found)
        if self._lookout.is_overdue:
            self._look_at = monotonic() + OVERDUE_INTERVAL_S

    def _obey(self, decisions: Decisions) -> None:
        """Take over what the user has decided; whether files of the configuration are still there is no matter."""
        with self._lock:
            self._enforce(self.governance.under(decisions))

    def _find_route(self, schema_id: object, version: object) -> Route:
        """Return the route of (id, version), made if need be. Raises SchemaNotRegistered."""
        schema = self.registry.get(schema_id, version)
        if (known := self._routes.get((schema.id, version))) is not None:  # type: ignore[arg-type]
            return known
        with self._lock:
            known = self._routes.get((schema.id, schema.version))
            route = known or self._make_route(schema)
            # One dict is never both read and written: a new one takes its place.
            self._routes = {**self._routes, (schema.id, version): route, (schema.id, schema.version): route}  # type: ignore[dict-item]
        if not known:
            self._routemaker.say_what_is_odd(
                route, self.governance
            )  # not under the lock: a logger's handlers may record events themselves
        return route

    def _make_route(self, schema: EventSchema) -> Route:
        classification = self.governance.classification(schema)
        limits = self._limits(schema, classification)
        return self._routemaker.make(schema, self.governance, classification, limits, self.max_event_bytes)

    def _limits(self, schema: EventSchema, classification: Classification) -> Limits | None:
        """Return what may be kept of a schema's events; None: nothing."""
        return self.governance.limits(schema.id, classifies=classification.classifies)

    # What fails

    def _limit(self, route: Route) -> None:
        route.counters.rate_limited += 1
        self._routemaker.say_limited(route.schema.id, route.rate.rate)  # type: ignore[union-attr]  # it has one

    def _refuse(self, error: Exception, schema_id: object, version: object) -> None:
        counters = None
        # Else id and version may be anything, and any number of them.
        if (
            not isinstance(error, SchemaNotRegistered)
            and isinstance(schema_id, str)
            and isinstance(version, (int, str))
        ):
            counters = self._routemaker.counters.get((schema_id, str(version)))
        if counters is None:
            self._unknown += 1
        else:
            counters.invalid += 1
        if self._raises:
            raise error
        of = schema_id if counters else None
        # The text of an error that is not ours may hold the event.
        what = error if isinstance(error, TelemetryError) else f"{type(error).__name__}, of {of or 'no known schema'}"
        self._notices.warn((type(error).__name__, of), "An event was not recorded: %s", what)


def _handle(handler: logging.Handler, record: logging.LogRecord) -> None:
    if record.levelno >= handler.level:
        handler.handle(record)
