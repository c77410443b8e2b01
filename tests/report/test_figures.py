from __future__ import annotations

import json
from datetime import timedelta

from .conftest import figures_of
from .journals import CONTENTS, CONTENTS_VIEW, KERNELS, KERNELS_VIEW, MONDAY


def test_the_figures_as_json_are_whole(recorder, journal):
    recorder.save(MONDAY)
    recorder.kernel(MONDAY + timedelta(seconds=1), "start")
    recorder.kernel(MONDAY + timedelta(seconds=2), "shutdown")
    figures = json.loads(json.dumps(figures_of(journal).as_dict()))
    rhythm = [[0] * 24 for _ in range(7)]
    rhythm[0][0] = 3
    start, middle, end = (f"2026-11-02T00:00:0{second}.000Z" for second in range(3))
    constants = {(each["view"], each["field"]): each["values"] for each in figures.pop("fields")}
    assert constants[CONTENTS_VIEW, "path"] == [{"value": "a.ipynb", "events": 1}]
    assert figures == {
        "journal": str(journal),
        "made_at": "2026-11-30T00:00:00.000Z",
        "time_zone": "UTC",
        "events": 3,
        "first": start,
        "last": end,
        "days_active": 1,
        "damaged_lines": 0,
        "notes": [],
        "schemas": [
            {
                "view": KERNELS_VIEW,
                "schema_id": KERNELS["$id"],
                "version": "1",
                "title": "Kernel Manager activities",
                "events": 2,
                "first": middle,
                "last": end,
            },
            {
                "view": CONTENTS_VIEW,
                "schema_id": CONTENTS["$id"],
                "version": "1",
                "title": "Contents Manager activities",
                "events": 1,
                "first": start,
                "last": start,
            },
        ],
        "activity": {
            "bin": "second",
            "edges": [start, middle, end, "2026-11-02T00:00:03.000Z"],
            "series": {KERNELS_VIEW: [0, 1, 1], CONTENTS_VIEW: [1, 0, 0]},
        },
        "by_weekday_and_hour": rhythm,
        "kernels": {
            "events": 2,
            "seen": 1,
            "ended": 1,
            "unfinished": 0,
            "restarts": 0,
            "interrupts": 0,
            "failures": 0,
            "median_s": 1.0,
            "longest_s": 1.0,
            "lifetimes": {"under 10 s": 1},
            "latest": [
                {
                    "kernel_id": "k1",
                    "name": "python3",
                    "started": middle,
                    "ended": end,
                    "last_seen": end,
                    "restarts": 0,
                    "interrupts": 0,
                    "lifetime_s": 1.0,
                }
            ],
        },
    }


def test_without_kernels_the_json_says_null(recorder, journal):
    recorder.save(MONDAY)
    assert figures_of(journal).as_dict()["kernels"] is None
