"""A browser and a server, which the tests of this directory share.

Not beside the other tests of the server: pytest-jupyter's event loop and Playwright's do not go together. For the same
reason the browser is gone with the last test of the directory, and not with that of the session.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, sync_playwright
from server.running import RunningServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# Without --no-sandbox chromium does not start as root, as in a container.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync"]
CONFIG = 'c.ServerApp.jpserver_extensions = {"jupyter_telemetry": True, "zz_page_standin": True}\n'


@pytest.fixture(scope="package")
def server(tmp_path_factory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("server") / "home", CONFIG) as running:
        yield running


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    # None: the browser that `playwright install chromium` fetches.
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def tell(server) -> Callable[[str], None]:
    """Bring the server's stand-in into a state, or let something happen there."""
    return lambda what: server.client.post(f"/test/{what}").raise_for_status() and None


@pytest.fixture
def show(server, chromium, tell) -> Iterator[Callable[..., Page]]:
    """Open the page in a state; `page.said` is what the console said, `page.asked` what was asked of the network."""
    contexts = []

    def open_page(state: str, *, scheme: str = "light", width: int = 1280, height: int = 800, zoom: int = 1) -> Page:
        tell(state)
        size = {"width": width // zoom, "height": height // zoom}
        context = chromium.new_context(
            color_scheme=scheme, viewport=size, device_scale_factor=zoom, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("dialog", lambda dialog: page.said.append(dialog.message))
        page.on("request", lambda asked: page.asked.append(asked.url))
        page.goto(f"{server.client.base_url}/telemetry?token={server.token}")
        page.wait_for_selector("footer", state="visible")
        return page

    yield open_page
    for context in contexts:
        context.close()
