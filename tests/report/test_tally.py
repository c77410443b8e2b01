from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from jupyter_telemetry.errors import JournalError, QueryError

from .conftest import figures_of
from .journals import COMMAND, COMMAND_VIEW, CONTENTS, CONTENTS_VIEW, KERNELS_VIEW, MONDAY, NOW, Recorder, lines_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_the_figures_agree_with_the_lines_of_the_journal(office, office_figures):
    events = lines_of(office)
    moments = [datetime.fromisoformat(event["__timestamp__"].replace("Z", "+00:00")) for event in events]
    by_schema = Counter(event["__schema__"] for event in events)
    rhythm = Counter((moment.weekday(), moment.hour) for moment in moments)
    figures = office_figures
    assert figures.events == len(events)
    assert (figures.first, figures.last) == (min(moments).timestamp(), max(moments).timestamp())
    assert figures.days_active == len({moment.date() for moment in moments})
    assert [(each.schema_id, each.events) for each in figures.schemas] == by_schema.most_common()
    assert [each.view for each in figures.schemas] == [CONTENTS_VIEW, COMMAND_VIEW, KERNELS_VIEW]
    assert figures.rhythm == tuple(tuple(rhythm[day, hour] for hour in range(24)) for day in range(7))
    assert figures.activity.axis.unit == "day"
    assert {each.name: each.total for each in figures.activity.series} == {
        CONTENTS_VIEW: by_schema[CONTENTS["$id"]],
        COMMAND_VIEW: by_schema[COMMAND["$id"]],
        KERNELS_VIEW: by_schema["https://events.jupyter.org/jupyter_server/kernel_actions/v1"],
    }
    by_day = Counter(moment.date() for moment in moments)
    assert [count for count in figures.activity.totals if count] == [by_day[day] for day in sorted(by_day)]
    assert (figures.damaged_lines, figures.notes, figures.fields_left_out) == (0, (), 0)


def test_a_short_period_is_counted_in_short_bins(recorder, journal):
    for seconds in (0, 0.4, 1.2, 7):
        recorder.save(MONDAY + timedelta(seconds=seconds))
    activity = figures_of(journal).activity
    assert activity.axis.unit == "second"
    assert activity.totals == (2, 1, 0, 0, 0, 0, 0, 1)


def test_weekday_and_hour_are_those_of_the_zone(recorder, journal):
    recorder.save(MONDAY + 23.5 * HOUR)
    assert figures_of(journal, zone="UTC").rhythm[0][23] == 1
    assert figures_of(journal, zone="Asia/Kathmandu").rhythm[1][5] == 1
    assert figures_of(journal, zone="Asia/Kathmandu").days_active == 1


def test_the_rare_schemas_are_shown_together(journal):
    schemas = [{"$id": f"https://example.org/s{number}", "version": 1, "type": "object"} for number in range(8)]
    with Recorder(journal, *schemas) as recorder:
        for number, schema in enumerate(schemas):
            for _ in range(10 - number):
                recorder.record(schema, MONDAY)
    figures = figures_of(journal)
    totals = [(each.name, each.total) for each in figures.activity.series]
    assert totals == [(f"example_org_s{number}_v1", 10 - number) for number in range(5)] + [("others", 5 + 4 + 3)]
    assert len(figures.schemas) == 8


def test_a_schema_that_is_not_stored_is_counted_all_the_same(recorder, journal):
    recorder.save(MONDAY)
    for path in (journal / "schemas").iterdir():
        path.unlink()
    figures = figures_of(journal)
    assert [(each.view, each.title, each.events) for each in figures.schemas] == [(CONTENTS_VIEW, "", 1)]
    assert figures.fields == ()


def test_what_has_an_impossible_date_is_left_out_and_said(recorder, journal):
    recorder.save(datetime(1970, 1, 1, tzinfo=timezone.utc))
    recorder.save(datetime(9999, 12, 31, tzinfo=timezone.utc))
    recorder.save(MONDAY)
    figures = figures_of(journal)
    assert figures.events == 1
    assert figures.notes == ("2 events are left out: dated before the year 2000 or in the future.",)


def test_since_leaves_out_what_is_older_without_a_word(recorder, journal):
    recorder.save(MONDAY)
    recorder.save(MONDAY + 3 * DAY)
    recorder.save(NOW + 2 * DAY)
    recorder.kernel(MONDAY, "start")
    figures = figures_of(journal, since=(MONDAY + DAY).timestamp())
    assert (figures.events, figures.kernels) == (1, None)
    assert figures.notes == ("1 event is left out: dated before the year 2000 or in the future.",)


def test_damaged_lines_are_counted(recorder, journal):
    recorder.save(MONDAY)
    (segment,) = journal.glob("*.jsonl")
    segment.write_bytes(b"not json\n" + segment.read_bytes() + b"{torn")
    assert figures_of(journal).damaged_lines == 1


def test_without_events_there_is_nothing_to_report(recorder, journal):
    recorder.save(MONDAY)
    with pytest.raises(QueryError, match="no events in this period"):
        figures_of(journal, since=NOW.timestamp())


def test_without_a_journal_there_is_nothing_to_report(tmp_path):
    with pytest.raises(JournalError, match="there is no journal"):
        figures_of(tmp_path / "nowhere")
