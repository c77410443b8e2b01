"""The destinations that a Shipper can carry a journal to, each an extra; others come as entry points.

`make_sink` makes one from configuration: of a URL, or of a dict. Another package offers a sink by an entry point of
the group `jupyter_telemetry.sinks`: its name is what stands under "sink", or the scheme of a URL, and it names a class
with a class method `from_url(url, **options)` or, for a dict without "to", one that takes the options.
"""

from __future__ import annotations

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
        raise ConfigurationError(
            f"sink {name!r}: {error}; its options are the arguments of {kind.__name__}, see its documentation"
        ) from None
    return sink


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
    if name in _OWN:
        module, _, attribute = _OWN[name].partition(":")
        return getattr(import_module(module, __name__), attribute)
    for point in entry_points(group=GROUP):
        if point.name == name:
            return point.load()
    raise ConfigurationError(f"there is no sink {name!r}; known are {', '.join(known_sinks())}")
