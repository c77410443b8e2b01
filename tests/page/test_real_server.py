"""The page in a real browser, on a real server with its log, journal and file of decisions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from server.running import RunningServer

from .browser import audit

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def test_with_a_configuration_that_cannot_be_used_it_shows_gives_out_and_erases_what_there_is(chromium, tmp_path):
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
