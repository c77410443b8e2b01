"""Make the pictures of README and docs anew, from a real run of the demo: `python docs/pictures.py`.

It needs the extra `test`, and Chromium for the report and for a server's page.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import BrowserContext, sync_playwright
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from jupyter_telemetry.demo import play
from jupyter_telemetry.demo.server import DemoServer
from jupyter_telemetry.demo.user import User

STATIC = Path(__file__).parent / "_static"
WIDTH = 92  # columns
STEP = 14  # at which, or soon after, the table is shown
QUESTION = 1
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_BAR = re.compile(r"━ +(\d+)/\d+ ")
_FONT_FACE = re.compile(
    r"@font-face \{.*?\}\s*", re.DOTALL
)  # which would be loaded from elsewhere
THEME = TerminalTheme(
    (27, 31, 39),
    (214, 219, 227),
    [
        *((27, 31, 39), (224, 108, 117), (125, 200, 130), (220, 180, 100)),
        *((97, 165, 240), (205, 125, 220), (86, 190, 205), (190, 196, 206)),
    ],
    [
        *((110, 118, 130), (240, 130, 138), (150, 220, 150), (235, 200, 130)),
        *((130, 185, 250), (220, 150, 235), (110, 210, 222), (255, 255, 255)),
    ],
)


def terminal(lines: list[str]) -> str:
    """Draw the demo as it looks while it works, and its last answer."""
    plain = [_ESCAPE.sub("", line) for line in lines]
    step = next(
        at
        for at, line in enumerate(plain)
        if (bar := _BAR.search(line)) and int(bar[1]) >= STEP
    )
    table = max(
        at
        for at, line in enumerate(plain[:step])
        if line.endswith("Events as they are recorded".ljust(WIDTH))
    )
    done = next(at for at, line in enumerate(plain) if line.startswith("✓"))
    question = next(
        at for at, line in enumerate(plain) if line.startswith(f"Question {QUESTION}")
    )
    end = next(
        at
        for at, line in enumerate(plain)
        if line.startswith(f"Question {QUESTION + 1}")
    )
    bar = re.split("Events as they", lines[step])[0]
    title = "Events as they" + re.split("Events as they", lines[table])[-1]
    answer = [line for line in lines[question:end] if _ESCAPE.sub("", line).strip()]
    shown = [title, *lines[table + 1 : step], bar, "", lines[done], "", *answer]
    console = Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    for line in ["\x1b[1m$ make demo\x1b[0m", "", *shown]:
        console.print(Text.from_ansi(line), soft_wrap=True)
    return _FONT_FACE.sub(
        "", console.export_svg(title="jupyter_telemetry", theme=THEME, unique_id="demo")
    )


# A server whose operator has said all that there is to say.
SERVER = """
c.EventLog.allowed_schemas = ["https://events.jupyter.org/jupyter_server/*"]
c.EventLog.redactions = {"personal-data": {"generalise": "suffix"}}
c.EventLog.consent = "opt-in"
c.EventLog.notice = {
    "controller": "Example University",
    "contact": "privacy@example.org",
    "purpose": "to see which kinds of files people work with",
    "legal_basis": "your consent",
    "recipients": "the three people who run this service",
    "retention": "until the end of term",
}
"""


def draw_page(browser: BrowserContext, directory: Path) -> None:
    """Draw the page /telemetry of a server after some work, and the user's consent."""
    server = DemoServer(directory, directory / "journal", directory / "log")
    server.configuration = SERVER
    with server, User(server) as user:
        page = browser.new_page()
        page.emulate_media(reduced_motion="reduce")
        page.goto(f"{server.url}/telemetry?token={server.token}")
        with page.expect_response("**/telemetry/api/consent"):
            page.get_by_role("switch").click()
        user.save_text("thesis.tex", "Penguins")
        user.read("thesis.tex")
        user.create("Untitled.ipynb")
        user.rename("Untitled.ipynb", "Penguins.ipynb")
        page.get_by_text("Files that you open").first.click()
        page.mouse.move(0, 0)
        page.get_by_text("rename").last.wait_for()
        page.screenshot(path=STATIC / "page.png")


def main() -> None:
    """Run the demo once; draw it, its report, and a server's page."""
    console = Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    with (
        tempfile.TemporaryDirectory() as output,
        tempfile.TemporaryDirectory() as profile,
        tempfile.TemporaryDirectory() as home,
    ):
        report = play(console, Path(output))
        lines = console.export_text(styles=True).splitlines()
        (STATIC / "demo.svg").write_text(terminal(lines), encoding="utf-8")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch_persistent_context(
                profile,
                executable_path=shutil.which("chromium"),
                args=CHROMIUM,
                viewport={"width": 1100, "height": 720},
                color_scheme="light",
            )
            page = browser.new_page()
            page.goto(report.resolve().as_uri())
            page.screenshot(path=STATIC / "report.png")
            draw_page(browser, Path(home))
            browser.close()


if __name__ == "__main__":
    sys.exit(main())
