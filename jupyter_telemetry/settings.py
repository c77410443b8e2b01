"""Settings: the configuration of an EventLog, as traitlets knows it; which of it fits together is checked here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from traitlets import Bool, Enum, Integer, Unicode, validate
from traitlets.config import Configurable
from traitlets.config.loader import DeferredConfig, LazyConfigValue

from .errors import ConfigurationError
from .privacy import Redactions, parse_classifications, parse_consent, read_key
from .privacy.pseudonym import KEY_VARIABLE
from .traits import AllowedSchemas, Handlers, Mapped, Rates, Shippers, resolve_lazy, unshared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from traitlets import Bunch
    from traitlets.config import Config

    from .privacy.pseudonym import PseudonymKey

__all__ = ["NOTICE_KEYS", "SETTINGS", "Settings"]

NOTICE_KEYS = ("controller", "contact", "purpose", "legal_basis", "recipients", "retention")
"""What a person must be told (GDPR art. 13 §1 and §2)."""


class Settings(Configurable):
    """What an operator may say of an EventLog. What cannot be used is a ConfigurationError, and changes nothing."""

    handlers = Handlers(
        help="""Where events go: a list of logging handlers. A handler may also be written as a dict in the form of
        `logging.config.dictConfig`: {"class": "logging.FileHandler", "filename": "events.log"}.
        A callable that returns the list will do. Without handlers, events go nowhere."""
    ).tag(config=True)

    shippers = Shippers(
        help="""Which destinations the journal among the handlers is carried to, in the background: a list of URLs
        ("postgresql://db.example.org/telemetry"), of dicts {"to": URL, option: value, ...} or {"sink": name, ...}, or
        of Shipper objects."""
    ).tag(config=True)

    allowed_schemas = AllowedSchemas(
        help="""Which events are recorded: a list of schema ids, exact or globs such as
        https://events.jupyter.org/jupyter_server/*, or a dict from these to
        {"allowed_properties": [...], "allowed_categories": [...]}. Empty (the default): nothing is recorded."""
    ).tag(config=True)

    redactions = Mapped(
        help="""What becomes of values: a dict from a category to an action, and from a schema id (or glob) to
        {"/path": action}. An action is "null", "drop", "pseudonymise", {"truncate": 8},
        {"generalise": "hour", "day", "week", "suffix", "network", {"parts": 2} or {"bucket": 10}}, or the import path
        of a function. Of several for one value the strictest counts; a value that is not allowed becomes null."""
    ).tag(config=True)

    classifications = Mapped(
        or_text="the path of a file",
        help="""What values are, of schemas that others own: a dict from a schema id (or glob) to
        {"/path": [categories]}, or the path of a YAML or JSON file of that form.""",
    ).tag(config=True)

    pseudonym_key_file = Unicode(
        "",
        help="""The file that holds the secret key of pseudonyms, of 16 bytes at least. Or the environment variable
        JUPYTER_TELEMETRY_PSEUDONYM_KEY holds the key itself.""",
    ).tag(config=True)

    consent = Mapped(
        or_text="a mode",
        help="""What a user decides: "inform" (nothing: it is recorded, and shown), "opt-out", "opt-in"; or a dict from
        a schema id, a glob or a category to one of these, or to {"mode": ..., "reason": ..., "legal_basis": ...,
        "not_erasable": ...}. By default "opt-in" under JupyterHub, and where others than the user have configured what
        is recorded; else "inform".""",
    ).tag(config=True)

    notice = Mapped(
        help="""What users are told beside: a dict with controller, contact, purpose, legal_basis, recipients and
        retention, each a text.""",
    ).tag(config=True)

    on_invalid = Enum(
        ["raise", "log"],
        "raise",
        help="""What becomes of a call that cannot record: "raise" an error (for libraries), or "log" it at most once
        a minute and count it, so that nothing escapes (for servers).""",
    ).tag(config=True)

    max_event_bytes = Integer(
        1024 * 1024,
        min=256,
        help="The longest line that an event may become, metadata included, in bytes of UTF-8.",
    ).tag(config=True)

    max_rates = Rates(
        help="""How many events are recorded in a second: a number, for the events of each schema, or a dict from a
        schema id (or glob) to one. What comes beyond is dropped and counted ("rate_limited"). By default: any
        number."""
    ).tag(config=True)

    fetch_references = Bool(
        False,
        help="""Whether registering a schema may fetch the http and https documents that its $ref names. Recording
        never fetches anything.""",
    ).tag(config=True)

    _configured_handlers: object = None  # as the configuration in force has them
    _found_handlers: object = None
    _key_read: tuple[object, PseudonymKey | None] | None = None  # for which settings, and what was read
    _classifications_read: tuple[object, Mapping[str, Mapping[str, Any]]] | None = None

    def pseudonym_key(self) -> PseudonymKey | None:
        """Return the key of pseudonyms, if one is given. Raises ConfigurationError.

        A file is read when it is named, and not again: what is in force does not depend on its being there still.
        """
        told = self.pseudonym_key_file, os.environ.get(KEY_VARIABLE)
        if self._key_read is None or self._key_read[0] != told:
            self._key_read = told, read_key(self.pseudonym_key_file or None, os.environ)
        return self._key_read[1]

    def parsed_classifications(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the classifications, of their file if they stand in one, read likewise. Raises ConfigurationError."""
        told = self.classifications
        if self._classifications_read is None or self._classifications_read[0] is not told:
            self._classifications_read = told, parse_classifications(told, where="EventLog.classifications")
        return self._classifications_read[1]

    @validate("redactions")
    def _usable_redactions(self, proposal: Bunch) -> Any:
        Redactions(proposal.value, key=self.pseudonym_key, where="EventLog.redactions")
        return proposal.value

    @validate("classifications")
    def _usable_classifications(self, proposal: Bunch) -> Any:
        parse_classifications(proposal.value, where="EventLog.classifications")
        return proposal.value

    @validate("consent")
    def _usable_consent(self, proposal: Bunch) -> Any:
        if proposal.value:
            parse_consent(proposal.value, default_mode="opt-in")
        return proposal.value

    @validate("notice")
    def _usable_notice(self, proposal: Bunch) -> Any:
        for name, text in proposal.value.items():
            if name not in NOTICE_KEYS or not isinstance(text, str):
                raise ConfigurationError(
                    f"EventLog.notice: write a text for each of {', '.join(NOTICE_KEYS)}; not {name!r}"
                )
        return proposal.value

    def _find_my_config(self, cfg: Config) -> Any:
        """Return the configuration of this object; handlers are hidden from traitlets' deep copy in a function."""
        mine = super()._find_my_config(cfg)
        for name in ("handlers", "shippers", "allowed_schemas", *_MAPPED):
            if isinstance(mine.get(name), LazyConfigValue):
                # update_config comes with what changes; all else with the whole configuration.
                mine[name] = resolve_lazy(mine[name], () if cfg is self.config else getattr(self, name))
        handlers = mine.get("handlers", self._configured_handlers)
        self._found_handlers = unshared(handlers)
        if self._found_handlers == self._configured_handlers:  # some other setting changed
            mine.pop("handlers", None)
        elif not isinstance(handlers, DeferredConfig):  # of a command line, for traitlets to parse
            mine["handlers"] = lambda: handlers() if callable(handlers) else handlers
        return mine

    def _load_config(self, cfg: Config, *args: Any, **kwargs: Any) -> None:
        super()._load_config(cfg, *args, **kwargs)
        self._configured_handlers = self._found_handlers  # not before: what failed may be tried again


_MAPPED = ("redactions", "classifications", "consent", "notice", "max_rates")
SETTINGS = tuple(Settings.class_traits(config=True))
