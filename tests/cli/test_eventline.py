from __future__ import annotations

import pytest

from jupyter_telemetry.cli.eventline import EventLine

EVENT = {
    "__timestamp__": "2024-11-25T17:42:05.123456Z",
    "__schema__": "https://example.org/save",
    "__schema_version__": 1,
}
HEAD = "2024-11-25 17:42:05.123  example_org_save_v1"


@pytest.mark.parametrize(
    ("properties", "shown"),
    [
        ({}, ""),
        ({"a": 1, "b": 1.5, "c": True, "d": False, "e": 0}, "  a=1  b=1.5  c=true  d=false  e=0"),
        ({"gone": None}, ""),
        ({"a": "", "b": "two words", "c": "k=v"}, '  a=""  b="two words"  c="k=v"'),
        ({"a": "x" * 200}, "  a=" + "x" * 79 + "…"),
        ({"a": [1, "b", {"c": None}]}, "  a=[1, b, {c=null}]"),
        ({"a": {"b": {"c": {"d": {"e": 1}}, "l": [[[1]]]}}}, "  a={b={c={d={…}}, l=[[…]]}}"),
        ({"\x1b[31m": "[red]not markup[/red]"}, '  \\x1b[31m="[red]not markup[/red]"'),
    ],
)
def test_an_event_is_shown_in_one_line(properties, shown):
    assert EventLine({**EVENT, **properties}).text(None).plain == HEAD + shown


def test_a_time_that_is_none_is_shown_as_it_is():
    line = EventLine({**EVENT, "__timestamp__": "\x1byesterday"}).text(None)
    assert line.plain == "\\x1byesterday  example_org_save_v1"


def test_a_line_is_cut_to_the_width():
    assert len(EventLine({**EVENT, "path": "x" * 60}).text(60).plain) == 60
