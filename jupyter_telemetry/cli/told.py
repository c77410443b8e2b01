"""A disclosure in the terminal: what is recorded of a user, in which form, why, where it goes, what they decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from ..printable import printable

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["show", "standing"]

_STANDINGS = {
    "no switch": "recorded; there is nothing to decide",
    "granted": "recorded: you agreed",
    "refused": "not recorded: you refused",
    "asked again": "you agreed, and more is recorded since: decide again",
    "do not track": "not recorded: DO_NOT_TRACK is set",
    "unusable": "not recorded: the configuration cannot be used",
    "unreadable": "not recorded: what you decided cannot be read; decide again",
}
_NOTICE = {
    "controller": "Who",
    "contact": "Whom to ask",
    "purpose": "What for",
    "legal_basis": "Legal basis",
    "recipients": "Who gets it",
    "retention": "How long",
}


def standing(switch: dict[str, Any]) -> str:
    """Say in words how things stand with a switch of a disclosure."""
    if switch["why"] == "undecided":
        return (
            f"you have not decided: {'recorded until you refuse' if switch['on'] else 'not recorded until you agree'}"
        )
    when = f" ({switch['decided_at']})" if switch["why"] in ("granted", "refused") else ""
    grounds = "; ".join(text.rstrip(".") for text in (switch["reason"], switch["legal_basis"]) if text)
    return _STANDINGS[switch["why"]] + when + (f" – {grounds}" if grounds else "")


def show(disclosed: dict[str, Any], console: Console) -> None:
    """Print a disclosure."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")

    def row(name: str, text: str) -> None:
        grid.add_row(name, Text(printable(text, keep="\n")))

    for name, words in _NOTICE.items():
        row(words, disclosed["notice"][name] or "not said by whoever runs this")
    for each in disclosed["destinations"]:
        row("Goes to", each["where"] + (f" ({each['limits']})" if each["limits"] else ""))
    for switch in disclosed["switches"]:
        row("Decided", f"{switch['subject']}: {standing(switch)}")
        for reason in switch["asked_again"]:
            row("", f"  {reason}")
    console.print(grid)
    for each in disclosed["collected"]:
        console.print()
        _show_schema(each, console)


def _show_schema(told: dict[str, Any], console: Console) -> None:
    title = Text(printable(told["title"]), "bold")
    title.append(printable(f"  {told['schema']}, version {told['version']}"), "dim")
    if not told["recorded"]:
        title.append("  not recorded now", "yellow")
    console.print(title)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("  field", "example", "as it is recorded", "in which form"):
        table.add_column(name, overflow="fold")
    before, after = told["example"]["before"], told["example"]["after"]
    for field in told["fields"]:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in field["path"].split("/")[1:]]
        cells = (f"  {field['path']}", _at(before, steps), _at(after, steps), field["form"])
        style = "" if field["kept"] else "dim"
        table.add_row(*(Text(printable(cell), style) for cell in cells))
    console.print(table)
    if told["not_erasable"]:
        console.print(Text(printable(f"  It may not be erased: {told['not_erasable']}"), "dim"))


def _at(example: Any, steps: list[str]) -> str:
    """Return what stands at a path of an example, as text; "" for what is not there."""
    for step in steps:
        if isinstance(example, dict) and step in example:
            example = example[step]
        elif isinstance(example, list) and example:
            example = example[0]
        else:
            return ""
    return example if isinstance(example, str) else "null" if example is None else str(example)
