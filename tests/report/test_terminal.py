from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from jupyter_telemetry.analysis.report import to_terminal
from jupyter_telemetry.analysis.report.figures import FieldValues

from .conftest import figures_of
from .journals import COMMAND_VIEW, HOSTILE, MONDAY


def _text(figures, width=100, **options):
    console = Console(file=io.StringIO(), width=width, **options)
    console.print(to_terminal(figures))
    return console.file.getvalue()


def test_the_report_tells_in_plain_text_what_the_page_does(recorder, journal):
    for second in (0, 0, 0, 2):
        recorder.save(MONDAY + timedelta(seconds=second), action="save" if second else "get")
    recorder.kernel(MONDAY, "start")
    recorder.kernel(MONDAY + timedelta(seconds=2), "restart")
    recorder.kernel(MONDAY + timedelta(seconds=2.5), "shutdown")
    lines = [line.rstrip() for line in _text(figures_of(journal)).splitlines()]
    assert lines[:2] == ["Telemetry report · 2 November 2026", "Times are UTC."]
    for line in (
        "7        2                2.5 s                      1        2.5 s",
        " jupyter_server_contents_service_v1  4  █ ▃",
        " jupyter_server_kernel_actions_v1    3  ▄ █",
        " All events come on Monday from 00:00 to 01:00.",
        " under 10 s  ████████████████  1  100%",
        " python3 k1  2.5 s, 1 restart",
        " get                ████████████████        3",
        "   jupyter_server_contents_service_v1        4     57%   2 Nov 2026, 00:00   2 Nov 2026, 00:00",
    ):
        assert line in lines
    assert sum("███" in line for line in lines if line.startswith(" Mon ")) == 1


def test_hostile_values_reach_no_terminal(office_figures):
    hostile = FieldValues(COMMAND_VIEW, HOSTILE[2], tuple((text, 9) for text in HOSTILE[:8]), 9, 1)
    figures = replace(office_figures, fields=(hostile,), notes=(HOSTILE[2],), damaged_lines=3)
    text = _text(figures)
    assert "\\x1b]0;owned" in text
    assert "3 damaged lines are not counted" in text
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert "[31m" not in text.replace("\\x1b[31m", "")


def test_values_are_no_markup(recorder, journal):
    for command in ("[red]x[/red]", "[red]x[/red]", "[/]"):
        recorder.command(MONDAY, command=command)
    assert "[red]x[/red]" in _text(figures_of(journal))


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_report_keeps_to_the_width(office_figures, width):
    assert max(map(len, _text(office_figures, width).splitlines())) <= width


def test_on_a_terminal_there_are_colours(office_figures):
    assert "\x1b[38;5;33m" in _text(office_figures, force_terminal=True, color_system="256")


def test_without_kernels_and_fields_their_parts_are_left_out(recorder, journal):
    recorder.command(MONDAY, elapsed=0.5)
    text = _text(figures_of(journal))
    assert "Kernels" not in text
    assert "What the events say" not in text
