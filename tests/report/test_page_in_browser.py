"""The page in a real browser, without a network."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, sync_playwright

from jupyter_telemetry.analysis.report import to_html
from jupyter_telemetry.analysis.report.figures import FieldValues

from .journals import COMMAND_VIEW, HOSTILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Without --no-sandbox chromium does not start as root, as in a container; the page loads nothing and runs nothing.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync"]
CHARTS = ["#activity-chart", "#rhythm-chart", "#lifetimes-chart", "#lives-chart", "#fields-chart"]


@pytest.fixture(scope="module")
def address(office_figures, tmp_path_factory) -> str:
    hostile = FieldValues(COMMAND_VIEW, HOSTILE[0], tuple((text[:300], 9) for text in HOSTILE[:8]), 9, 1)
    constant = FieldValues(HOSTILE[4], HOSTILE[3], ((HOSTILE[7], 9),), 1)
    figures = replace(office_figures, fields=(*office_figures.fields, hostile), constants=(constant,))
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(to_html(figures, title=HOSTILE[0]), "utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    # None: the browser that `playwright install chromium` fetches.
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=[("light", 1100), ("dark", 1100), ("light", 375), ("dark", 375)], ids=lambda p: f"{p[0]}-{p[1]}")
def page(request, chromium, address) -> Iterator[Page]:
    """The page, loaded; `page.said` is what the console said, `page.asked` what was asked of the network."""
    scheme, width = request.param
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 800}, offline=True)
    page = context.new_page()
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("dialog", lambda dialog: page.said.append(dialog.message))
    page.on("request", lambda asked: page.asked.append(asked.url))
    page.goto(address, wait_until="load")
    yield page
    context.close()


def test_the_page_loads_nothing_says_nothing_and_executes_nothing(page, address):
    page.wait_for_timeout(200)
    assert page.asked == [address]
    assert page.said == []
    assert page.locator("script, img").count() == 0


def test_all_charts_are_seen_within_the_width_of_the_screen(page):
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for chart in CHARTS:
        box = page.locator(chart).bounding_box()
        assert box["height"] > 40, chart
        assert box["x"] >= 0, chart
        assert box["x"] + box["width"] <= width, chart


def test_marks_have_their_size_and_colour(page):
    marks = page.locator("#activity-chart .bin rect:not(.hit)")
    boxes = [marks.nth(index).bounding_box() for index in range(marks.count())]
    assert len(boxes) > 40
    assert all(box["width"] > 1 and box["height"] > 0 for box in boxes)
    fills = set(marks.evaluate_all("marks => marks.map(mark => getComputedStyle(mark).fill)"))
    assert len(fills) == 3
    assert "rgb(0, 0, 0)" not in fills
    card = page.locator(".card").first.evaluate("card => getComputedStyle(card).backgroundColor")
    assert card not in fills
    shades = page.locator("#rhythm-chart td[class^=l]").evaluate_all(
        "cells => [...new Set(cells.map(cell => getComputedStyle(cell).backgroundColor))]"
    )
    assert len(shades) == 6


def test_texts_do_not_overlap_the_next(page):
    texts = page.locator("#activity-chart svg[role=img] text:visible, #lives-chart .ticks text:visible")
    boxes = [texts.nth(index).bounding_box() for index in range(texts.count())]
    assert len(boxes) > 3
    for one, other in pairwise(boxes):
        if abs(one["y"] - other["y"]) < 5:
            assert one["x"] + one["width"] <= other["x"]


def test_the_figures_behind_a_chart_open_without_a_script(page):
    table = page.locator("details table").first
    assert not table.is_visible()
    page.locator("summary").first.click()
    assert table.is_visible()
    assert table.locator("tbody tr").count() >= 20


def test_a_reader_of_the_screen_gets_names_and_tables(page):
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("heading", level=2).all_inner_texts() == [
        "Activity over time",
        "By weekday and hour",
        "Kernels",
        "What the events say",
        "Schemas",
    ]
    assert page.get_by_role("img", name="Events per day, by schema").count() == 1
    assert page.get_by_role("table", name="Events by weekday and hour of the day, UTC").count() == 1
    assert page.get_by_role("table", name="When each kernel lived").count() == 1


def test_the_colours_follow_the_scheme(page, request):
    back = page.evaluate("getComputedStyle(document.body).backgroundColor")
    scheme = request.node.callspec.params["page"][0]
    assert back == {"light": "rgb(245, 246, 248)", "dark": "rgb(15, 18, 22)"}[scheme]
