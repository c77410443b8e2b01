"""What an auditor of accessibility says of the page, in light and dark, narrow and zoomed."""

from __future__ import annotations

import pytest
from server.zz_page_standin import SWITCHES

from .browser import audit


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
