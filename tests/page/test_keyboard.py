"""The page with the keyboard alone: decisions, groups, erasing, a download; and where the focus is."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from .browser import press_to


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
