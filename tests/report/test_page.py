from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser

import pytest

from jupyter_telemetry.analysis.report import to_html
from jupyter_telemetry.analysis.report.figures import FieldValues, KernelLife, Kernels
from jupyter_telemetry.analysis.report.page import headlines, period, rhythm_summary, value

from .conftest import figures_of
from .journals import COMMAND_VIEW, HOSTILE, MONDAY


class _Page(HTMLParser):
    """What a browser would see: tags, attributes, texts."""

    VOID = ("meta", "br", "col", "link", "img", "input")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def html(office_figures):
    # Every hostile value is among those that the page shows.
    values = tuple((text[:300], 9) for text in HOSTILE)
    hostile = FieldValues(COMMAND_VIEW, HOSTILE[0], values[:8], 9, 1)
    life = KernelLife(HOSTILE[1], HOSTILE[2], None, 1.0, 1.0, 0, 0)
    kernels = replace(office_figures.kernels, latest=(*office_figures.kernels.latest, life))
    constant = FieldValues(HOSTILE[4], HOSTILE[3], values[:1], 1)
    schema = replace(
        office_figures.schemas[0], title=HOSTILE[0], schema_id=HOSTILE[6], version=HOSTILE[1], view=HOSTILE[5]
    )
    series = replace(office_figures.activity.series[0], name=HOSTILE[0])
    return to_html(
        replace(
            office_figures,
            fields=(*office_figures.fields, hostile),
            constants=(constant,),
            kernels=kernels,
            schemas=(*office_figures.schemas, schema),
            activity=replace(office_figures.activity, series=(series, *office_figures.activity.series[1:])),
            journal=f"/tmp/{HOSTILE[0]}",
            notes=(HOSTILE[6],),
        ),
        title=HOSTILE[1],
    )


def test_the_page_refers_to_nothing_outside_of_it(html):
    page = _Page(html)
    assert not {"script", "img", "link", "iframe", "object", "embed", "form", "a", "base", "image", "use"} & set(
        page.tags
    )
    assert not [
        name for _, name, _ in page.attributes if name in ("src", "href", "xlink:href", "style", "srcset", "action")
    ]
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    (style,) = re.findall("<style>(.*?)</style>", html, re.DOTALL)
    assert re.findall(r"url\(([^)]*)\)|@import", style) == ["#fade-out", "#fade-in"]


def test_the_policy_of_the_page_allows_its_own_style_and_nothing_else(html):
    (policy,) = re.findall('<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)
    (style,) = re.findall("<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_hostile_values_are_shown_as_what_they_are(html):
    text = "\n".join(_Page(html).texts)
    assert "</script><img src=x onerror=alert(1)>.ipynb" in text
    assert "<svg onload=alert(2)>" in text
    assert "\\x1b]0;owned\\x07\\x1b[31mred\\x1b[0m" in text
    assert "\\u202egnp.exe" in text
    assert "{{ 7 * 7 }}{% raw %}" in text
    assert not [char for char in html if char in "\x1b\x07\u202e\u200b" or ("\x00" <= char < " " and char != "\n")]


def test_the_page_is_small(html):
    assert len(html.encode()) < 150_000


def test_an_id_stands_once(html):
    ids = [value for _, name, value in _Page(html).attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_every_figure_of_the_activity_stands_in_a_table(office_figures):
    html = to_html(office_figures)
    table = html.partition("<details>")[2].partition("</details>")[0]
    cells = [int(cell.replace(",", "")) for cell in re.findall(r'<td class="n">([\d,]+)</td>', table)]
    assert sum(cells) == office_figures.events


def test_what_is_missing_is_said_with_what_to_do(recorder, journal):
    recorder.command(MONDAY, elapsed=0.5)
    figures = figures_of(journal)
    html = to_html(figures)
    assert "No kernel events are recorded" in html
    assert "&#34;allowed_categories&#34;" in html or '"allowed_categories"' in html
    assert "No field has few enough different values" in html
    assert "All events come on Monday from 00:00 to 01:00." in html


def test_kernels_without_an_id_are_said_to_have_none(recorder, journal):
    recorder.kernel(MONDAY, "start", None, status="error")
    assert "the field <code>kernel_id</code> is not kept" in to_html(figures_of(journal))


def test_a_life_without_end_is_explained_only_where_there_is_one(recorder, journal):
    recorder.kernel(MONDAY, "start")
    assert "A bar fades where an end is not known" in to_html(figures_of(journal))
    recorder.kernel(MONDAY + timedelta(seconds=9), "shutdown")
    html = to_html(figures_of(journal))
    assert "A bar fades" not in html
    assert "Each kernel" in html


def test_damage_and_what_was_left_out_is_said(office_figures):
    one = to_html(replace(office_figures, damaged_lines=1, fields_left_out=1))
    assert "1 damaged line of the journal could not be read and is not counted" in one
    assert "1 more field with few values is not shown" in one
    many = to_html(replace(office_figures, damaged_lines=1234, fields_left_out=2))
    assert "1,234 damaged lines of the journal could not be read and are not counted" in many
    assert "2 more fields with few values are not shown" in many


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ((2026, 11, 3), (2026, 11, 3), "3 November 2026"),
        ((2026, 11, 3), (2026, 11, 28), "3–28 November 2026"),
        ((2026, 10, 30), (2026, 11, 2), "30 October – 2 November 2026"),
        ((2025, 12, 31), (2026, 1, 1), "31 December 2025 – 1 January 2026"),
    ],
)
def test_the_period_is_said_as_people_say_it(office_figures, first, last, text):
    first, last = (datetime(*day, 12, tzinfo=timezone.utc).timestamp() for day in (first, last))
    assert period(replace(office_figures, first=first, last=last)) == text


def test_the_headlines_say_what_matters(recorder, journal):
    recorder.save(MONDAY)
    assert headlines(figures_of(journal)) == [
        ("1", "event"),
        ("1", "kind of event"),
        ("0 ms", "from first to last event"),
    ]
    recorder.kernel(MONDAY + timedelta(days=3), "start")
    assert headlines(figures_of(journal))[2:] == [("2", "of 4 days with events"), ("1", "kernel")]
    recorder.kernel(MONDAY + timedelta(days=3, minutes=2), "shutdown")
    assert headlines(figures_of(journal))[3:] == [("1", "kernel"), ("2 min", "median life of a kernel")]


def test_the_busiest_hour_is_said(recorder, journal):
    for _ in range(3):
        recorder.save(MONDAY + timedelta(hours=9))
    recorder.save(MONDAY + timedelta(hours=10))
    assert rhythm_summary(figures_of(journal)) == "Most events come on Mondays from 09:00 to 10:00: 3, which is 75%."


@pytest.mark.parametrize(
    ("given", "shown"), [(None, "null or absent"), ("", "“”"), ("  ", "“  ”"), ("a", "a"), ("x" * 900, "x" * 199 + "…")]
)
def test_a_value_that_one_cannot_see_is_made_visible(given, shown):
    assert value(given) == shown


def test_kernels_tell_of_all_that_happened_to_them():
    from jupyter_telemetry.analysis.report.page import _kernel_headlines

    kernels = Kernels(seen=2, unfinished=1, restarts=1, interrupts=2, failures=1, median_s=5.0, longest_s=60.0)
    assert _kernel_headlines(kernels) == [
        ("2", "kernels"),
        ("5.0 s", "median life"),
        ("1 min", "longest life"),
        ("1", "restart"),
        ("2", "interrupts"),
        ("1", "without a recorded end"),
        ("1", "failed action"),
    ]


@pytest.mark.parametrize(("module", "function"), [("jinja2", "to_html"), ("rich", "to_terminal")])
def test_without_its_extra_the_error_says_what_to_install(module, function):
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from jupyter_telemetry.analysis import report\n"
        "from jupyter_telemetry.errors import MissingExtra\n"
        f"try: report.{function}(report.Figures.__new__(report.Figures))\n"
        "except MissingExtra as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("needs an extra: pip install 'jupyter_telemetry[cli]'\n")
