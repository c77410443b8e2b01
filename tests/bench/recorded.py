"""What a subject has recorded."""

import orjson

from bench.contests import CONTESTS
from bench.subjects import lines_below

CALLS = 5
METADATA = {"__timestamp__", "__schema__", "__schema_version__", "__metadata_version__", "__id__"}


def recorded_by(where, directory):
    contest = CONTESTS[where]
    make = contest.makers()[contest.first]
    with make(directory) as subject:
        subject.run(CALLS)
    return [orjson.loads(line) for line in lines_below(directory)]


def properties_of(event):
    return {name: value for name, value in event.items() if name not in METADATA}
