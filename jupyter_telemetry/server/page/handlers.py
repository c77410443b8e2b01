"""The addresses below `/telemetry`, and who may ask for them.

Whoever asks is logged in to the server, allowed by its authoriser (resource "telemetry": "read" to look, "write" to
decide and erase), and the one whom the server belongs to; a POST carries Jupyter's XSRF token. Only the page's own
files, which are the same everywhere, are given to anyone who is logged in.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
from datetime import datetime, timezone
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import url_path_join
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated

from ...journal.export import FORMATS
from .backend import Backend, Refusal
from .owner import NOT_THE_OWNER, is_owner

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_server.serverapp import ServerApp

__all__ = ["BACKEND", "add_page"]

BACKEND = "jupyter_telemetry_page"  # where the backend stands in the settings of the server's web application
STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "dom.js": "text/javascript",
    "events.js": "text/javascript",
    "parts.js": "text/javascript",
    "words.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


def add_page(serverapp: ServerApp, backend: Backend) -> None:
    """Put the page and what it asks for under the server's base URL."""
    app = serverapp.web_app
    app.settings[BACKEND] = backend
    names = "|".join(name.replace(".", r"\.") for name in MEDIA_TYPES)
    handlers: list[tuple[str, type[JupyterHandler]]] = [
        ("", PageHandler),
        (rf"/static/({names})", StaticHandler),
        ("/api/state", StateHandler),
        ("/api/events", EventsHandler),
        ("/api/consent", ConsentHandler),
        ("/api/export", ExportHandler),
        ("/api/erase", EraseHandler),
    ]
    base = re.escape(url_path_join(app.settings["base_url"], "telemetry"))
    app.add_handlers(".*$", [(base + path, handler) for path, handler in handlers])  # type: ignore[no-untyped-call]


def _for_owner(method: Callable[..., Any]) -> Any:
    """Let through who is logged in, allowed by the authoriser, and the owner of the server; else 403, or the login."""

    @authenticated
    @authorized
    @wraps(method)
    async def guarded(self: JupyterHandler, *args: str) -> None:
        if not is_owner(self.current_user, os.environ):
            raise HTTPError(403, NOT_THE_OWNER)
        await method(self, *args)

    return guarded


class _Unstored(JupyterHandler):
    """What no cache may keep, and no other site may show."""

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")


class PageHandler(_Unstored):
    """The page itself: it holds nothing of its user, and asks for that when it is shown."""

    auth_resource = "telemetry"

    @property
    def content_security_policy(self) -> str:
        # A second policy rather than more of the first: an operator's own may say less, and both hold.
        return f"{super().content_security_policy}, {_POLICY}"

    @_for_owner
    async def get(self) -> None:
        await self.finish(_filled("page.html", xsrf_token=self.xsrf_token.decode()))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say why not in the page's own looks: Jupyter's page of errors needs styles that the policy forbids."""
        error = (kwargs.get("exc_info") or (None, None))[1]
        message = error.log_message if isinstance(error, HTTPError) and error.log_message else self._reason
        title = "This page is for the owner of this server" if status_code == 403 else "This page cannot be shown"
        self.set_header("Content-Type", "text/html; charset=UTF-8")
        self.finish(_filled("refused.html", title=title, message=message))


class StaticHandler(_Unstored):
    """The page's own files; also for who may not see the page, and is told so."""

    @authenticated
    async def get(self, name: str) -> None:
        self.set_header("Content-Type", f"{MEDIA_TYPES[name]}; charset=UTF-8")
        await self.finish((STATIC / name).read_bytes())


class _Asked(_Unstored, APIHandler):
    """What the page asks for: JSON, made in another thread."""

    auth_resource = "telemetry"
    _track_activity = False  # a page that is left open must not keep a server from being culled

    async def answer(self, ask: Callable[..., Any], *args: Any) -> Any:
        """Return what `ask` of the backend returns; a refusal becomes the status that it says."""
        try:
            return await asyncio.get_running_loop().run_in_executor(None, ask, *args)
        except Refusal as refusal:
            self.log.debug("telemetry page: %s", refusal)
            raise HTTPError(refusal.status, str(refusal)) from None

    @property
    def backend(self) -> Backend:
        return cast("Backend", self.settings[BACKEND])

    def body(self) -> dict[str, Any]:
        """Return the JSON object that came with a request."""
        try:
            body: object = self.get_json_body()
        except UnicodeDecodeError:
            raise HTTPError(400, "JSON is UTF-8") from None
        if not isinstance(body, dict):
            raise HTTPError(400, "a JSON object is needed")
        return body


class StateHandler(_Asked):
    """All that the page shows."""

    @_for_owner
    async def get(self) -> None:
        await self.finish(await self.answer(self.backend.state))


class EventsHandler(_Asked):
    """The last events, if anything happened after a mark."""

    @_for_owner
    async def get(self) -> None:
        await self.finish(await self.answer(self.backend.events, self.get_argument("after", "")))


class ConsentHandler(_Asked):
    """Decisions: {"choices": {subject: true or false}, "policy": the digest of what the user was shown}."""

    @_for_owner
    async def post(self) -> None:
        body = self.body()
        choices, policy = body.get("choices"), body.get("policy")
        if not (isinstance(choices, dict) and choices and all(isinstance(on, bool) for on in choices.values())):
            raise HTTPError(400, '"choices" must be an object from subjects to true or false')
        if not isinstance(policy, str):
            raise HTTPError(400, '"policy" must be the digest that the state has')
        await self.finish(await self.answer(self.backend.decide, choices, policy))


class ExportHandler(_Asked):
    """All that the journal holds, as a download: ?format=jsonl or csv."""

    @_for_owner
    async def get(self) -> None:
        form = self.get_argument("format", "jsonl")
        if form not in FORMATS:
            raise HTTPError(400, f'"format" must be one of {", ".join(FORMATS)}')
        chunks = await self.answer(self.backend.export, form)
        name = f"telemetry-{datetime.now(timezone.utc):%Y-%m-%d}.{form}"
        self.set_header("Content-Type", FORMATS[form].media_type)
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        try:
            while (chunk := await self.answer(next, chunks, None)) is not None:
                self.write(chunk)
                await self.flush()
        except StreamClosedError:
            return  # the user has given it up
        await self.finish(set_content_type=FORMATS[form].media_type)


class EraseHandler(_Asked):
    """Erase what the journal holds: {"confirm": true}."""

    @_for_owner
    async def post(self) -> None:
        if self.body().get("confirm") is not True:
            raise HTTPError(400, '"confirm" must be true')
        await self.finish(await self.answer(self.backend.erase))


def _filled(name: str, **texts: str) -> str:
    """Read a page, and put texts into its places."""
    page = (STATIC / name).read_text("utf-8")
    for place, text in texts.items():
        page = page.replace("{{ " + place + " }}", html.escape(text))
    return page
