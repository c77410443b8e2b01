"""What is said in code_blocks.py."""

from __future__ import annotations

import pytest
from code_blocks import Block, blocks_of, commands_of, matches

LINE = '{"__timestamp__":"2026-11-23T17:42:05.123456Z","__id__":"0193b1c5-7a2e-7001-9f3a-0c9d1e2f3a4b"}'


def test_a_block_knows_its_line_and_its_mark():
    page = "# Title\n\n```python\nx = 1\n```\n\n<!-- file: a.json -->\n```json\n{}\n```\n"
    assert list(blocks_of(page)) == [Block("python", "x = 1\n", 4), Block("json", "{}\n", 9, "file", "a.json")]


def test_an_indented_block_loses_its_indentation():
    assert [block.text for block in blocks_of("1. Do\n\n   ```python\n   if x:\n       y\n   ```\n")] == [
        "if x:\n    y\n"
    ]


@pytest.mark.parametrize(
    "page",
    [
        "```json\n{}\n```\n",
        "```\nwhat?\n```\n",
        "<!-- not run -->\n```python\n```\n",
        "<!-- skipped: lazy -->\n```python\n```\n",
        "```console\nls\n```\n",
    ],
)
def test_a_block_that_says_nothing_of_itself_is_an_error(page):
    with pytest.raises(ValueError, match=r"^line "):
        list(blocks_of(page))


def test_a_console_block_is_commands_and_what_they_print():
    block = Block("console", "$ echo a\na\n$ echo \\\n> b\nb\n", 1)
    assert commands_of(block) == [("echo a\n", "a\n"), ("echo \\\nb\n", "b\n")]


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        (LINE, LINE.replace("2026", "2031").replace("0193", "ffff")),
        ("took … s", "took 1.25 s"),
        ("a\n…\nd", "a\nb\nc\nd\n"),
        ("…\nb\n…\n", "a\nb\n\nc\n\n"),
        ("on", "\x1b[32mon\x1b[0m"),
        ("a  \n", "a"),
        ("(.*)", "(.*)"),
    ],
)
def test_times_and_ids_match_others(expected, printed):
    assert matches(expected, printed)


@pytest.mark.parametrize(
    ("expected", "printed"),
    [(LINE, LINE.replace("__id__", "id")), ("took … s", "took\n1 s"), ("a\n…\nd", "a\nb\nc"), (".", "x"), ("", "x")],
)
def test_nothing_else_matches(expected, printed):
    assert not matches(expected, printed)
