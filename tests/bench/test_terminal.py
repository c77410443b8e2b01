"""What is shown meanwhile and at the end."""

from bench.promises import promises
from bench.terminal import Progress, show


def test_the_tables_are_shown(measured, capsys):
    rows = promises(measured)
    show(rows, [("a subject", "4.00", "8.00")])
    shown = capsys.readouterr().out
    assert "reached" in shown
    assert "a subject" in shown


def test_progress_says_which_step_of_how_many(capsys):
    progress = Progress(2)
    progress("one thing")
    progress("another")
    progress.end()
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("]")[0] for line in lines] == ["[1/2", "[2/2"]
    assert lines[1].endswith("another")
