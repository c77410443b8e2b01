"""The three questions of the demo."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["QUESTIONS", "Question"]


class Question(NamedTuple):
    """What one may want to know, and how SQL asks it."""

    text: str
    sql: str


QUESTIONS = (
    Question(
        "Which actions?",
        """\
SELECT action, count(*) AS events
FROM jupyter_server_contents_service_v1
GROUP BY action
ORDER BY events DESC, action""",
    ),
    Question(
        "On what kinds of file?",
        """\
SELECT coalesce(nullif(regexp_extract(path, '[.]([^./]+)$', 1), ''), '(folder)') AS kind,
       count(*) FILTER (action = 'save') AS saved,
       count(*) FILTER (action <> 'save') AS other_actions,
       count(DISTINCT path) AS files
FROM jupyter_server_contents_service_v1
GROUP BY kind
ORDER BY saved DESC, kind""",
    ),
    Question(
        "How long did kernels live?",
        """\
SELECT kernel_name,
       left(kernel_id, 8) AS kernel,
       count(*) FILTER (action = 'restart') AS restarts,
       count(*) FILTER (action = 'interrupt') AS interrupts,
       round(epoch(max(__timestamp__) FILTER (action = 'shutdown')
                 - min(__timestamp__) FILTER (action = 'start')), 1) AS lifetime_s
FROM jupyter_server_kernel_actions_v1
GROUP BY ALL
ORDER BY lifetime_s DESC""",
    ),
)
