"""The page in a real browser: what it shows of each state, and what appears by itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from server.zz_page_standin import HOSTILE, SWITCHES

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


# The token


def test_the_token_does_not_stay_in_the_address(show, server):
    page = show("granted")
    assert page.url == f"{server.client.base_url}/telemetry"
    page.reload()
    expect(page.get_by_role("switch")).to_be_visible()
