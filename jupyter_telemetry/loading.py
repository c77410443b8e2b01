"""Schema documents from outside: a file, an open file, a URL — bounded in size and time."""

from __future__ import annotations

import contextlib
import os
import string
import threading
import time
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote, urljoin

import orjson

from .errors import InvalidSchema

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Mapping
    from urllib.request import OpenerDirector

__all__ = ["MAX_SCHEMA_BYTES", "external_references", "load_file", "load_url"]

MAX_SCHEMA_BYTES = 1024 * 1024
FETCH_TIMEOUT_S = 10.0  # for the whole of one document
MAX_REDIRECTS = 3
MAX_DEPTH = 200
MAX_MERGED = 10_000  # names that YAML's `<<` copies, in all of a document

_NO_TEXT = "not text in UTF-8, so neither JSON nor YAML"


def load_file(file: str | bytes | os.PathLike[Any] | IO[str] | IO[bytes]) -> dict[str, Any]:
    """Read a schema, JSON or YAML, from a path or an open file (which stays open).

    Raises InvalidSchema; OSError if the file cannot be read.
    """
    if isinstance(file, (str, bytes, os.PathLike)):
        source = os.fsdecode(file)
        if "\0" in source:
            raise InvalidSchema(f"{source!r}: no path holds a null character")
        with open(file, "rb") as stream:
            return _parsed(stream.read(MAX_SCHEMA_BYTES + 1), source)
    if not callable(getattr(file, "read", None)):
        raise InvalidSchema(f"a schema file is given as its path or as the open file, not as a {type(file).__name__}")
    source = str(getattr(file, "name", "the open file"))
    try:
        content = file.read(MAX_SCHEMA_BYTES + 1)
    except UnicodeDecodeError:
        raise InvalidSchema(f"{source}: {_NO_TEXT}") from None
    return _parsed(content, source)


def load_url(url: str, *, timeout_s: float = FETCH_TIMEOUT_S) -> dict[str, Any]:
    """Fetch a schema, JSON or YAML, from a http, https or file URL.

    Raises InvalidSchema: another scheme, no whole answer within `timeout_s`, more than MAX_SCHEMA_BYTES, more than
    MAX_REDIRECTS redirects, or a document that is no schema.
    """
    if not isinstance(url, str):
        raise InvalidSchema(f"a schema URL is a str, this is a {type(url).__name__}")
    _check_scheme(url)
    fetch = _Fetch(url, timeout_s)
    # In a thread: a timeout of urllib's is of one step, and looking up a name has none.
    thread = threading.Thread(target=fetch.run, name="jupyter_telemetry-fetch", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if fetch.error is None and fetch.content is None:
        fetch.hang_up()
        raise InvalidSchema(f"{url}: no schema within {timeout_s} s")
    if fetch.error is not None:
        raise fetch.error
    return _parsed(fetch.content, url)


class _Fetch:
    """The fetch of one document: `content` or `error` is set when it has ended."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self.content: bytes | None = None
        self.error: InvalidSchema | None = None
        self._url = url
        self._timeout_s = timeout_s
        self._sockets: list[socket.socket] = []
        self._given_up = False

    def run(self) -> None:
        try:
            self.content = self._read()
        except InvalidSchema as error:
            self.error = error
        except TimeoutError:
            self.error = InvalidSchema(f"{self._url}: no schema within {self._timeout_s} s")
        except Exception as error:  # of URLError, HTTPException, OSError, ValueError (no URL), and of proxies
            self.error = InvalidSchema(f"{self._url}: cannot be fetched: {error}")

    def hang_up(self) -> None:
        """End the thread, by its next look at a socket."""
        import socket

        self._given_up = True
        for each in self._sockets:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)  # a TLS socket's own would say goodbye first

    def _read(self) -> bytes:
        deadline = time.monotonic() + self._timeout_s
        url = quote(self._url, safe=string.punctuation)
        with self._opener().open(url, timeout=self._timeout_s) as answer:
            return _read_until(answer, deadline)

    def _opener(self) -> OpenerDirector:
        # Slow to import, and most schemas come from files.
        from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener

        class _Redirects(HTTPRedirectHandler):
            max_redirections = MAX_REDIRECTS

            def redirect_request(self, req: Request, fp: IO[bytes], *rest: Any) -> Request | None:
                _check_scheme(rest[-1])
                fp.close()  # before urllib reads all of it
                return super().redirect_request(req, fp, *rest)

        def kept(connection_class: Any) -> Callable[..., Any]:
            return lambda *args, **kwargs: self._keep(connection_class(*args, **kwargs))

        class _HTTP(HTTPHandler):
            def do_open(self, http_class: Any, req: Request, **args: Any) -> Any:
                return super().do_open(kept(http_class), req, **args)

        class _HTTPS(HTTPSHandler):
            def do_open(self, http_class: Any, req: Request, **args: Any) -> Any:
                return super().do_open(kept(http_class), req, **args)

        return build_opener(_Redirects, _HTTP, _HTTPS)

    def _keep(self, connection: Any) -> Any:
        """Keep the socket of a connection for hang_up, once it has one."""
        connect = connection.connect

        def connect_and_keep() -> None:
            connect()
            self._sockets.append(connection.sock)
            if self._given_up:
                raise TimeoutError

        connection.connect = connect_and_keep
        return connection


def _check_scheme(url: str) -> None:
    if url.partition(":")[0].lower() not in ("http", "https", "file"):
        raise InvalidSchema(f"{url}: schemas are loaded from http, https and file URLs only")


def _read_until(answer: IO[bytes], deadline: float) -> bytes:
    content = b""
    while len(content) <= MAX_SCHEMA_BYTES and (chunk := answer.read1(65536)):  # type: ignore[attr-defined]
        content += chunk
        if time.monotonic() > deadline:
            raise TimeoutError
    return content


def _parsed(content: object, source: str) -> dict[str, Any]:
    if not isinstance(content, (str, bytes)):
        raise InvalidSchema(f"{source}: its read() gives a {type(content).__name__}, not a text")
    if len(content) > MAX_SCHEMA_BYTES:
        raise InvalidSchema(f"{source}: longer than {MAX_SCHEMA_BYTES} bytes; that is no schema")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
    except UnicodeDecodeError:
        raise InvalidSchema(f"{source}: {_NO_TEXT}") from None
    try:
        document = orjson.loads(text)
    except (ValueError, RecursionError):
        document = _parsed_yaml(text, source)
    if document is None:
        raise InvalidSchema(f"{source}: is empty; a schema is a JSON object")
    if not isinstance(document, dict):
        raise InvalidSchema(f"{source}: holds a {type(document).__name__}; a schema is a JSON object")
    return document


def _parsed_yaml(text: str, source: str) -> Any:
    """Parse YAML 1.1 as far as JSON goes: no object tags; a date stays the text that it is."""
    import yaml  # jupyter's own schemas are YAML, but most are JSON, which is parsed without it

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class _JSONLoader(base):  # type: ignore[misc]
        yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }
        merged = 0

        def flatten_mapping(self, node: Any) -> None:
            """Copy what `<<` names; that of that grows by a power at each level."""
            for key, value in node.value:
                if key.tag == "tag:yaml.org,2002:merge":
                    for each in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                        if isinstance(each, yaml.MappingNode):
                            self.flatten_mapping(each)
                            self.merged += len(each.value)
            if self.merged > MAX_MERGED:
                raise InvalidSchema(f"{source}: its merge keys (<<) copy more than {MAX_MERGED} names")
            super().flatten_mapping(node)

    try:
        # First the parser alone: what builds the document recurses in C, and would end the process.
        _check_depth(yaml.parse(text, Loader=base), source)
        return yaml.load(text, Loader=_JSONLoader)  # noqa: S506  a SafeLoader
    except InvalidSchema:
        raise
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "cannot be parsed"
        raise InvalidSchema(f"{source}: neither JSON nor YAML: {where}{problem}") from None


def _check_depth(parsed: Iterable[Any], source: str) -> None:
    import yaml

    depth = 0
    for each in parsed:
        if isinstance(each, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise InvalidSchema(f"{source}: nested deeper than {MAX_DEPTH} levels")
        elif isinstance(each, yaml.CollectionEndEvent):
            depth -= 1


def external_references(document: Mapping[str, Any], base: str) -> set[str]:
    """Return the URIs, without fragments, of the other documents that a schema's `$ref`s name."""
    found: set[str] = set()
    seen: set[int] = set()  # YAML's aliases can make a document circular
    waiting: list[Any] = [document]
    while waiting:
        each = waiting.pop()
        if not isinstance(each, (dict, list)) or id(each) in seen:
            continue
        seen.add(id(each))
        waiting += each.values() if isinstance(each, dict) else each
        ref = each.get("$ref") if isinstance(each, dict) else None
        if isinstance(ref, str) and not ref.startswith("#"):
            with contextlib.suppress(ValueError):  # no URI; it leads nowhere, which is said when it is followed
                found.add(urljoin(base, ref).partition("#")[0])
    return found - {base}
