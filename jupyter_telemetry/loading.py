"""Schema documents from outside: a file, an open file, a URL — bounded in size and time."""

from __future__ import annotations

import os
import time
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urljoin

import orjson

from .errors import InvalidSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_SCHEMA_BYTES", "external_references", "load_file", "load_url"]

MAX_SCHEMA_BYTES = 1024 * 1024
FETCH_TIMEOUT_S = 10.0  # for the whole of one document
MAX_REDIRECTS = 3


def load_file(file: str | os.PathLike[str] | IO[str] | IO[bytes]) -> dict[str, Any]:
    """Read a schema, JSON or YAML, from a path or an open file (which stays open).

    Raises InvalidSchema; OSError if the file cannot be read.
    """
    if isinstance(file, (str, os.PathLike)):
        with open(file, "rb") as stream:
            return _parsed(stream.read(MAX_SCHEMA_BYTES + 1), os.fspath(file))
    return _parsed(file.read(MAX_SCHEMA_BYTES + 1), str(getattr(file, "name", "the open file")))


def load_url(url: str, *, timeout_s: float = FETCH_TIMEOUT_S) -> dict[str, Any]:
    """Fetch a schema, JSON or YAML, from a http, https or file URL.

    Raises InvalidSchema: another scheme, no answer within `timeout_s`, more than MAX_SCHEMA_BYTES, more than
    MAX_REDIRECTS redirects, or a document that is no schema.
    """
    # Slow to import, and most schemas come from files.
    from http.client import HTTPException
    from urllib.error import URLError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    def check_scheme(url: str) -> None:
        if url.partition(":")[0].lower() not in ("http", "https", "file"):
            raise InvalidSchema(f"{url}: schemas are loaded from http, https and file URLs only")

    class _Redirects(HTTPRedirectHandler):
        max_redirections = MAX_REDIRECTS

        def redirect_request(self, *request: Any) -> Request | None:
            check_scheme(request[-1])
            return super().redirect_request(*request)

    check_scheme(url)
    deadline = time.monotonic() + timeout_s
    try:
        with build_opener(_Redirects).open(url, timeout=timeout_s) as answer:
            content = _read_until(answer, deadline)
    except TimeoutError:
        raise InvalidSchema(f"{url}: no schema within {timeout_s} s") from None
    except (URLError, HTTPException, OSError) as error:
        raise InvalidSchema(f"{url}: cannot be fetched: {error}") from None
    return _parsed(content, url)


def _read_until(answer: IO[bytes], deadline: float) -> bytes:
    content = b""
    while len(content) <= MAX_SCHEMA_BYTES and (chunk := answer.read1(65536)):  # type: ignore[attr-defined]
        content += chunk
        if time.monotonic() > deadline:
            raise TimeoutError
    return content


def _parsed(content: str | bytes, source: str) -> dict[str, Any]:
    if len(content) > MAX_SCHEMA_BYTES:
        raise InvalidSchema(f"{source}: longer than {MAX_SCHEMA_BYTES} bytes; that is no schema")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
    except UnicodeDecodeError:
        raise InvalidSchema(f"{source}: not text in UTF-8, so neither JSON nor YAML") from None
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

    try:
        return yaml.load(text, Loader=_JSONLoader)  # noqa: S506  a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "cannot be parsed"
        raise InvalidSchema(f"{source}: neither JSON nor YAML: {where}{problem}") from None


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
            found.add(urljoin(base, ref).partition("#")[0])
    return found - {base}
