from __future__ import annotations

from datetime import timedelta

from report.journals import MONDAY, Recorder

from jupyter_telemetry.analysis import open_journal
from jupyter_telemetry.demo.questions import QUESTIONS


def test_the_questions_are_answered(tmp_path):
    with Recorder(tmp_path) as recorder:
        recorder.save(MONDAY, "a.ipynb")
        recorder.save(MONDAY, "data.d/b", action="get")
        recorder.save(MONDAY, "c.ipynb", action="delete")
        recorder.kernel(MONDAY, "start")
        recorder.kernel(MONDAY + timedelta(seconds=1), "restart")
        recorder.kernel(MONDAY + timedelta(seconds=2.5), "shutdown")
    with open_journal(tmp_path) as database:
        answers = [database.sql(question.sql).rows() for question in QUESTIONS]
    assert answers == [
        [("delete", 1), ("get", 1), ("save", 1)],
        [("ipynb", 1, 1, 2), ("(folder)", 0, 1, 1)],
        [("python3", "k1", 1, 0, 2.5)],
    ]
