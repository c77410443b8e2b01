"""The destinations that a Shipper can carry a journal to, each an extra; others come as entry points.

`make_sink` makes one from configuration: of a URL, or of a dict. Another package offers a sink by an entry point of
the group `jupyter_telemetry.sinks`: its name is what stands under "sink", or the scheme of a URL, and it names a class
with a class method `from_url(url, **options)` or, for a dict without "to", one that takes the options.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from ..errors import ConfigurationError
from ..shipping.sink import Sink

__all__ = ["GROUP", "known_sinks", "make_sink", "sink_class", "sink_name"]

GROUP = "jupyter_telemetry.sinks"

_OWN = {
    "lake": ".lake:LakeSink",
    "postgresql": ".postgresql:PostgreSQLSink",
    "nats": ".nats:NATSSink",
    "kafka": ".kafka:KafkaSink",
    "otlp": ".otlp:OTLPSink",
    "http": ".http:HTTPSink",
}
_HAND_ON_TO = {"lake": "..lake.lake:Lake", "nats": ".nats.access:Access"}  # which takes what else they are given
_PATHS = ("/", "./", "../", "~", ".\\", "..\\", "\\")  # how a path begins that can be nothing else
_SCHEMES = {
    "file": "lake",
    "s3": "lake",
    "postgres": "postgresql",
    "tls": "nats",
    "otlp+http": "otlp",
    "otlp+https": "otlp",
    "https": "http",
}


def known_sinks() -> list[str]:
    """Return the names under which sinks can be asked for, those of other packages too."""
    return sorted({*_OWN, *(point.name for point in entry_points(group=GROUP))})


def make_sink(given: str | dict[str, Any] | Sink) -> Sink:
    """Make a sink of a URL (`postgresql://db/telemetry`), or of a dict {"sink": name, "to": URL, option: value, …}.

    Raises ConfigurationError for what cannot be made, MissingExtra where a library is missing.
    """
    if not isinstance(given, (str, dict)):
        if isinstance(given, type) or not isinstance(given, Sink):
            raise ConfigurationError(f"a sink is a URL, a dict or a Sink, not {type(given).__name__}")
        return given
    options = {"to": given} if isinstance(given, str) else dict(given)
    url = options.pop("to", None)
    name = options.pop("sink", None) or sink_name(url)
    kind = sink_class(name)
    try:
        sink: Sink = kind(**options) if url is None else kind.from_url(url, **options)
    except TypeError as error:
        if why := _mismatch(name, kind, url, options):
            known = ", ".join(_options(name, kind))
            raise ConfigurationError(
                f"sink {name!r}: {why}; its options are the arguments of {kind.__name__}: {known}"
            ) from error
        raise  # it is not the options, but what the sink does with them
    return sink


def _mismatch(name: str, kind: Any, url: Any, options: dict[str, Any]) -> str:
    """Say which options do not fit the arguments that a sink's class takes; "" if they fit."""
    call, given = (kind, ()) if url is None else (kind.from_url, (url,))
    try:
        inspect.signature(call).bind(*given, **options)
    except TypeError as error:
        return str(error)
    known = _options(name, kind)
    unknown = sorted(set(options) - set(known))
    return f"it has no option {unknown[0]!r}" if unknown and "…" not in known else ""


def _options(name: str, kind: Any) -> list[str]:
    """List the options of a sink's class, in their order; "…" among them if it takes any."""
    calls = [kind, *([kind.from_url] if hasattr(kind, "from_url") else [])]
    if name in _HAND_ON_TO:
        calls.insert(0, _found(_HAND_ON_TO[name]))
    told = [list(inspect.signature(call).parameters.values()) for call in calls]
    takes_any = any(each.kind is each.VAR_KEYWORD for each in told[0])
    named = [
        each.name
        for parameters in reversed(told)
        for place, each in enumerate(parameters)
        if each.kind is each.KEYWORD_ONLY or (each.kind is each.POSITIONAL_OR_KEYWORD and place)  # the first is the URL
    ]
    return [*dict.fromkeys(named), *(["…"] if takes_any else [])]


def sink_name(url: Any) -> str:
    """Return the name of the sink that a URL, or the path of a lake, asks for. Raises ConfigurationError."""
    if not isinstance(url, str) or not url:
        raise ConfigurationError(
            'a sink needs a URL, such as "postgresql://db.example.org/telemetry", or a dict with "sink" and its options'
        )
    scheme, colon, _ = url.partition(":")
    if url.startswith(_PATHS) or (colon and len(scheme) == 1):  # or one on a Windows drive
        return "lake"
    if not colon or "/" in scheme:
        raise ConfigurationError(
            "a sink's URL needs a scheme, such as postgresql://; the path of a lake begins with /, ./ or ~"
        )
    return _SCHEMES.get(scheme.lower(), scheme.lower())


def sink_class(name: Any) -> Any:
    """Return the class of a sink by its name. Raises ConfigurationError."""
    if isinstance(name, str) and name in _OWN:
        return _found(_OWN[name])
    for point in entry_points(group=GROUP):
        if point.name == name:
            return point.load()
    raise ConfigurationError(f"there is no sink {name!r}; known are {', '.join(known_sinks())}")


def _found(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(import_module(module, __name__), attribute)
