"""The page in a real browser: what it shows, with the keyboard alone, and what an auditor of accessibility says.

Not beside the other tests of the server: pytest-jupyter's event loop and Playwright's do not go together.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from server.running import RunningServer
from server.zz_page_standin import HOSTILE, SWITCHES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Without --no-sandbox chromium does not start as root, as in a container.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync"]
CONFIG = 'c.ServerApp.jpserver_extensions = {"jupyter_telemetry": True, "zz_page_standin": True}\n'
AXE = Path(sys.prefix) / "axe" / "axe.min.js"  # which .ci/axe fetches
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("server") / "home", CONFIG) as running:
        yield running


@pytest.fixture(scope="module")
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


def audit(page: Page) -> list[str]:
    """Return what axe finds: rule, and where."""
    assert AXE.is_file(), f"{AXE} is not there: run .ci/axe {sys.executable}"
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "async rules => (await axe.run(document, {runOnly: rules})).violations"
        ".map(each => each.id + ': ' + each.nodes.map(node => node.target + ' ' + node.failureSummary).join('; '))",
        RULES,
    )
    assert page.evaluate("axe.version")
    return found


def press_to(page: Page, *, name: str | re.Pattern[str], role: str = "button", key: str = "Tab") -> None:
    """Go with the keyboard alone to what has this role and name."""
    wanted = page.get_by_role(role, name=name).first.element_handle()
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate("wanted => wanted === document.activeElement", wanted):
            return
    raise AssertionError(f"the keyboard does not come to {role} {name}")


# What it shows


@pytest.mark.parametrize("state", SWITCHES)
def test_the_page_asks_its_own_server_alone_and_says_nothing_to_the_console(state, show, server):
    page = show(state)
    page.wait_for_timeout(200)
    assert page.said == []
    assert {url.partition("/telemetry")[0] for url in page.asked} == {str(server.client.base_url).rstrip("/")}


@pytest.mark.parametrize(
    ("state", "headline", "switch", "why"),
    [
        ("opt-in", "Some of what you do here is recorded.", "false", "It stays off unless you turn it on."),
        ("opt-out", "Some of what you do here is recorded.", "true", "It is on unless you turn it off."),
        ("granted", "Some of what you do here is recorded.", "true", "On: you agreed on November 20, 2026."),
        ("refused", "Nothing is recorded.", "false", "Off: you said no on November 20, 2026."),
        ("asked-again", "Some of what you do here is recorded.", "false", "it is off until you agree again."),
        ("do-not-track", "Nothing is recorded.", None, "this environment says DO_NOT_TRACK"),
        ("unreadable", "Nothing is recorded until you decide.", "false", "your earlier decision cannot be read."),
        ("nothing", "Nothing is recorded here.", None, None),
    ],
)
def test_every_state_is_said_in_words(state, headline, switch, why, show):
    page = show(state)
    expect(page.get_by_role("heading", level=1)).to_have_text(headline)
    first = page.get_by_role("switch")
    assert (first.first.get_attribute("aria-checked") if first.count() else None) == switch
    if why:
        expect(page.locator("#switch-0-why")).to_contain_text(why)
    else:
        assert page.get_by_role("heading").count() == 1  # and nothing else to read


def test_what_offers_no_switch_says_why_and_on_which_ground(show):
    row = show("granted").locator("#switches li").last
    expect(row.get_by_role("switch")).to_have_count(0)
    expect(row).to_contain_text("There is no switch for this.")
    expect(row).to_contain_text("Reason: Grades depend on it.")
    expect(row).to_contain_text("Legal basis: Examinations Act § 12 (GDPR art. 6 (1) c)")


def test_who_is_asked_again_sees_what_has_grown(show):
    page = show("asked-again")
    assert page.locator(".changes li").all_inner_texts() == [
        "The names of kernels are recorded now",
        "It now also goes to HTTP at collector.example.edu",
    ]


def test_it_says_who_why_how_long_and_where_it_goes(show):
    about = show("granted").get_by_role("complementary")
    assert about.locator("dt").all_inner_texts() == [
        "Responsible",
        "Why",
        "Legal basis",
        "Who receives it",
        "Kept for",
        "Questions to",
    ]
    expect(about).to_contain_text("90 days, then deleted")
    expect(about.get_by_role("link", name="privacy@example.edu")).to_have_attribute(
        "href", "mailto:privacy@example.edu"
    )
    assert about.locator("#where li").all_inner_texts() == [
        "A journal on this machine\n\nCan be erased here.",
        "HTTP at collector.example.edu\n\nCannot be erased from here.\n\nWithout names of files",
        "A file on this machine\n\nCannot be erased from here.",
    ]


def test_of_what_the_download_lacks_it_says_what_it_is_and_whom_to_ask(show):
    data = show("granted").locator("#data")
    expect(data.locator("summary")).to_have_text(
        [
            "Not in the download: what HTTP at collector.example.edu has received. Ask privacy@example.edu.",
            "Not in the download: what a file on this machine has received. Ask privacy@example.edu.",
        ]
    )
    data.locator("summary").first.click()
    first, second = data.locator("details").all()
    expect(first.locator("p")).to_have_text("By the configuration as it is now, this is sent there:")
    assert first.locator("li").all_inner_texts() == [
        "Files that you open, save, rename or delete: kept as it is: Action; left empty: File, Old name",
        "Exercises that you hand in (not recorded now): kept as it is: Exercise, Of another",
    ]
    expect(second.locator("p")).to_have_text("By the configuration as it is now, nothing is sent there.")


def test_a_configuration_that_cannot_be_used_is_said_with_its_reason(show):
    page = show("unusable")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is recorded: the configuration cannot be used.")
    expect(page.locator("#lead")).to_have_text(
        "Nothing is recorded until it is mended. What was recorded before is still here. "
        "To have it mended, ask privacy@example.edu."
    )
    expect(page.locator("#unusable")).to_have_text(
        "What is wrong, for who runs this server: EventLog.pseudonym_key_file: '/tmp/none/key' cannot be read: "
        "No such file or directory."
    )
    expect(page.locator("tbody tr")).to_have_count(11)


def test_a_real_server_with_such_a_configuration_shows_gives_out_and_erases_what_there_is(chromium, tmp_path):
    text = (
        "c.EventLog.allowed_schemas = {'https://events.jupyter.org/jupyter_server/contents_service/v1': {}}\n"
        "c.EventLog.consent = 'inform'\n"
        "c.EventLog.notice = {'contact': 'ops@example.edu'}\n"
    )
    with RunningServer(tmp_path / "home", text) as before:
        before.client.get("/api/contents").raise_for_status()
    bad = (
        "c.EventLog.redactions = {'personal-data': 'pseudonymise'}\nc.EventLog.pseudonym_key_file = '/tmp/none/key'\n"
        "c.EventLog.handlers = [{'class': 'jupyter_telemetry.journal.JournalHandler'},\n"
        "    {'class': 'logging.StreamHandler'}]\n"
    )
    with RunningServer(tmp_path / "home", text + bad) as server:
        context = chromium.new_context(reduced_motion="reduce", accept_downloads=True)
        page = context.new_page()
        page.goto(f"{server.client.base_url}/telemetry?token={server.token}")
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "Nothing is recorded: the configuration cannot be used."
        )
        expect(page.locator("#lead")).to_contain_text("ask ops@example.edu.")
        expect(page.locator("#unusable")).to_contain_text("EventLog.pseudonym_key_file: '/tmp/none/key' cannot be read")
        expect(page.locator("#data summary")).to_have_text(
            "Not in the download: what the standard error output has received. Ask ops@example.edu."
        )
        rows = page.locator("tbody tr").count()
        assert rows
        assert audit(page) == []
        with page.expect_download() as download:
            page.get_by_role("link", name="Download everything").click()
        assert len(download.value.path().read_bytes().splitlines()) == rows
        server.client.get("/api/contents").raise_for_status()
        page.get_by_role("button", name="Erase…").click()
        page.get_by_role("button", name="Erase it for good").click()
        expect(page.locator("#data-status")).to_have_text(
            f"Done. {'1 event' if rows == 1 else f'{rows} events'} erased."
        )
        expect(page.locator("tbody tr")).to_have_count(0)
        context.close()
        assert "NOTHING IS RECORDED" in server.log


def test_each_field_says_in_which_form_it_is_kept_with_an_example(show):
    page = show("granted")
    page.locator(".group > summary").first.click()
    fields = page.locator(".group").first.locator(".fields > li")
    assert [re.sub(r"\s+", " ", text) for text in fields.all_text_contents()] == [
        "ActionWhat was done: get, save, rename, …Kept as it isIt says nothing about you.For example rename",
        "FileWhich file or directory.Replaced by a pseudonymIt may hold names, and what you work on."
        "For example thesis/chapter 3.ipynb → becomes pseudonym 6f1b2c9d…",
        "Old nameWhich file it was before.Left emptyNothing allows it to be kept."
        "For example thesis/draft.ipynb → becomes empty",
    ]


# Live


def test_new_events_appear_by_themselves_and_can_be_stopped(show, tell):
    page = show("granted")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(11)
    tell("happen")
    expect(rows).to_have_count(12, timeout=15_000)
    expect(page.locator("#last-status")).to_have_text("1 new event")
    pause = page.get_by_role("button", name="Pause")
    pause.click()
    expect(pause).to_have_attribute("aria-pressed", "true")
    tell("happen")
    page.wait_for_timeout(4000)
    expect(rows).to_have_count(12)
    pause.click()
    expect(rows).to_have_count(13)


def test_an_event_shows_its_line_as_it_was_written(show, server):
    page = show("granted")
    written = server.client.get("/telemetry/api/state").json()["events"]["lines"][-1]
    row = page.locator("tbody tr").first
    expect(row.locator("pre")).to_be_hidden()
    row.get_by_role("button").click()
    assert row.locator("pre").text_content() == written
    row.get_by_role("button").click()
    expect(row.locator("pre")).to_be_hidden()


def test_a_row_that_is_open_stays_so_when_new_events_come(show, tell):
    page = show("granted")
    page.locator("tbody tr").first.get_by_role("button").click()
    tell("happen")
    expect(page.locator("tbody tr")).to_have_count(12, timeout=15_000)
    expect(page.locator("tbody tr").nth(1).locator("pre")).to_be_visible()


def test_few_rows_are_shown_at_first_and_all_on_demand(show):
    page = show("granted")
    expect(page.locator("tbody tr:visible")).to_have_count(5)
    page.get_by_role("button", name="Show all 11").click()
    expect(page.locator("tbody tr:visible")).to_have_count(11)


def test_what_others_decide_meanwhile_is_shown(show, tell):
    page = show("granted")
    tell("refused")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is recorded.", timeout=15_000)


def test_hostile_values_are_text(show):
    page = show("hostile")
    page.locator("summary").first.click()
    page.locator("tbody tr").first.get_by_role("button").click()
    page.wait_for_timeout(300)
    assert page.title() == "What is recorded about you"
    assert page.locator("main img, main script").count() == 0
    assert page.said == []
    assert page.locator("body").inner_text().count(HOSTILE) > 15


# The keyboard alone


def test_a_decision_needs_the_keyboard_alone_and_the_focus_stays(show, server):
    page = show("opt-in")
    title = "Your work on this server"
    press_to(page, role="switch", name=title)
    page.keyboard.press("Space")
    switch = page.get_by_role("switch", name=title)
    expect(switch).to_have_attribute("aria-checked", "true")
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_have_text(f"Saved. “{title}” is on.")
    expect(switch).to_be_focused()
    assert server.client.get("/telemetry/api/state").json()["switches"][0]["why"] == "granted"
    page.keyboard.press("Enter")
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(switch).to_be_focused()
    assert server.client.get("/telemetry/api/state").json()["switches"][0]["why"] == "refused"


def test_who_leaves_it_off_is_not_asked_again(show, server):
    page = show("opt-in")
    press_to(page, name="Leave it off")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Leave it off")).to_have_count(0)
    expect(page.get_by_role("switch")).to_be_focused()
    assert server.client.get("/telemetry/api/state").json()["switches"][0]["why"] == "refused"


def test_a_decision_about_what_has_changed_meanwhile_is_not_taken(show, tell, server):
    page = show("opt-in")
    tell("change_policy")
    press_to(page, role="switch", name="Your work on this server")
    page.keyboard.press("Space")
    expect(page.locator("#decide-status")).to_contain_text("Please look again, and decide.")
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "false")
    assert server.client.get("/telemetry/api/state").json()["switches"][0]["why"] == "undecided"
    page.keyboard.press("Space")
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "true")


def test_groups_open_and_close_with_the_keyboard(show):
    page = show("granted")
    fields = page.locator(".group").first.locator(".fields")
    page.locator(".elsewhere > summary").last.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(fields).to_be_visible()
    page.keyboard.press("Space")
    expect(fields).to_be_hidden()


def test_erasing_needs_a_confirmation_that_escape_takes_back(show, server):
    page = show("granted")
    press_to(page, name="Erase…")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Erase what was recorded?")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    expect(dialog).to_contain_text("“Exercises that you hand in” has to stay: examination records are kept")
    expect(dialog).to_contain_text(
        "It does not reach what already went elsewhere: HTTP at collector.example.edu, a file on this machine."
    )
    for _ in range(5):  # past the last button: the focus does not get behind the dialog
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Erase…")).to_be_focused()
    assert server.client.get("/telemetry/api/state").json()["events"]["lines"]


def test_what_was_erased_and_what_had_to_stay_is_said(show, server):
    page = show("granted")
    press_to(page, name="Erase…")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#data-status")).to_have_text(
        "Done. 11 events erased. 2 events of “Exercises that you hand in” had to stay: "
        "examination records are kept for five years (Examinations Act § 12)."
    )
    expect(page.get_by_role("button", name="Erase…")).to_be_focused()
    expect(page.locator("#events")).to_have_text("Nothing has been recorded yet.")
    assert server.client.get("/telemetry/api/state").json()["events"]["lines"] == []


def test_a_download_is_started_with_the_keyboard(show, tmp_path):
    page = show("granted")
    press_to(page, role="link", name="Download everything")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert re.fullmatch(r"telemetry-\d{4}-\d\d-\d\d\.jsonl", download.value.suggested_filename)
    download.value.save_as(tmp_path / "events.jsonl")
    assert len([json.loads(line) for line in (tmp_path / "events.jsonl").read_text("utf-8").splitlines()]) == 11


def test_where_the_focus_is_can_be_seen(show):
    page = show("opt-in")
    for _ in range(14):
        page.keyboard.press("Tab")
        style = page.evaluate("getComputedStyle(document.activeElement).outline")
        assert "solid 2px" in style or "2px" in style, page.evaluate("document.activeElement.outerHTML")


# The token


def test_the_token_does_not_stay_in_the_address(show, server):
    page = show("granted")
    assert page.url == f"{server.client.base_url}/telemetry"
    page.reload()
    expect(page.get_by_role("switch")).to_be_visible()


# Accessible, in light and dark, narrow and zoomed


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", [state for state in SWITCHES if state != "hostile"])
def test_an_auditor_finds_nothing(state, scheme, show):
    page = show(state, scheme=scheme)
    assert audit(page) == []
    if page.locator("summary:visible").count():
        page.locator(".elsewhere > summary").first.click()
        page.locator(".group > summary").first.click()
        page.locator(".whole > summary:visible").first.click()
        page.locator("tbody tr").first.get_by_role("button").click()
        assert audit(page) == []
        page.get_by_role("button", name="Erase…").click()
        assert audit(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height", "zoom"), [(1280, 800, 2), (1280, 1024, 4), (375, 800, 1)])
def test_narrow_and_zoomed_all_is_within_the_screen(width, height, zoom, scheme, show):
    page = show("granted", scheme=scheme, width=width, height=height, zoom=zoom)
    page.locator(".elsewhere > summary").first.click()
    page.locator(".group > summary").first.click()
    page.locator("tbody tr").first.get_by_role("button").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width // zoom
    assert audit(page) == []


def test_the_colours_follow_the_scheme(show):
    back = "getComputedStyle(document.body).backgroundColor"
    assert show("granted", scheme="light").evaluate(back) == "rgb(245, 246, 248)"
    assert show("granted", scheme="dark").evaluate(back) == "rgb(15, 18, 22)"


def test_all_headings_are_on_one_screen_of_a_laptop(show):
    page = show("granted", width=1440, height=900)
    headings = page.get_by_role("heading", level=2)
    assert headings.all_inner_texts() == [
        "Your decision",
        "Who, why, how long",
        "Where it goes",
        "Your data",
        "What is recorded",
        "The last events",
    ]
    for place in range(headings.count()):
        box = headings.nth(place).bounding_box()
        assert box["y"] + box["height"] < 900


def test_nothing_moves_for_those_who_want_no_motion(show):
    page = show("granted")
    durations = page.evaluate(
        "[...document.querySelectorAll('*')].map(each => getComputedStyle(each).transitionDuration)"
    )
    assert set(durations) == {"0s"}


# A real server, log, journal and file of decisions


REAL = """
c.ServerApp.jpserver_extensions = {"jupyter_telemetry": True}
c.EventLog.allowed_schemas = ["https://events.jupyter.org/jupyter_server/contents_service/v1"]
c.EventLog.redactions = {"personal-data": {"generalise": "suffix"}}
c.EventLog.consent = "opt-in"
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("real") / "home", REAL) as running:
        yield running


def test_a_user_reads_agrees_sees_what_is_recorded_downloads_and_erases_it(real, chromium, tmp_path):
    (real.notebooks / "thesis.txt").write_text("A thesis.")
    ask = real.client.get
    ask("/api/contents/thesis.txt").raise_for_status()
    page = chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{real.client.base_url}/telemetry?token={real.token}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is recorded until you decide.")
    page.get_by_text("Files that you open, save, rename or delete").click()
    expect(page.locator(".field", has_text="Which file").first).to_contain_text("Only the suffix of its file")
    assert audit(page) == []

    page.get_by_role("switch", name="Everything that is recorded here").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Some of what you do here is recorded.")
    ask("/api/contents/thesis.txt").raise_for_status()
    row = page.locator("tbody tr", has_text="Files that you open")
    expect(row).to_contain_text("Which file .txt", timeout=15_000)
    assert "thesis" not in page.locator("tbody").text_content()

    with page.expect_download() as download:
        page.get_by_role("link", name="Download as a table (CSV)").click()
    download.value.save_as(tmp_path / "events.csv")
    assert len((tmp_path / "events.csv").read_text("utf-8").splitlines()) == 3  # columns, the decision, the event

    page.get_by_role("button", name="Erase…").click()
    page.get_by_role("button", name="Erase it for good").click()
    expect(page.locator("#data-status")).to_have_text(
        "Done. 1 event erased. "
        "1 event of “What you decide on this page” had to stay: It is the record of what you decided.",
        timeout=30_000,
    )
    expect(row).to_have_count(0)

    page.get_by_role("switch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing is recorded.")
    ask("/api/contents/thesis.txt").raise_for_status()
    decisions = [json.loads(line).get("decision") for line in ask("/telemetry/api/export").text.splitlines()]
    assert decisions == ["granted", "refused"]
    assert audit(page) == said == []
    page.context.close()
