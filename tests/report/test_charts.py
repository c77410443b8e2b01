from __future__ import annotations

import itertools
import math
import re
from pathlib import Path

import pytest

import jupyter_telemetry.analysis.report as report
from jupyter_telemetry.analysis.report.charts import Tick, bars, columns, level_ranges, levels, percent, spans
from jupyter_telemetry.analysis.report.figures import OTHERS, Activity, KernelLife, Kernels, Series
from jupyter_telemetry.analysis.report.timeaxis import Clock, TimeAxis

UTC = Clock("UTC")


def _activity(*series):
    axis = TimeAxis.over(1_795_450_000, 1_795_450_000 + len(series[0][1]) - 1, UTC)
    return Activity(axis, tuple(Series(name, counts) for name, counts in series))


def test_columns_stack_the_series_from_the_bottom():
    chart = columns(_activity(("a", (6, 0, 2)), (OTHERS, (4, 0, 0))))
    first, last = chart.columns  # a bin without events has no column
    assert [(each.style, each.y, each.height) for each in first.segments] == [("s0", 88, 132), ("others", 0, 88)]
    assert [(each.style, each.y, each.height) for each in last.segments] == [("s0", 176, 44)]
    assert first.tip.splitlines() == ["Mon 23 Nov 2026, 16:06:40 — 10 events", "a: 6", "others: 4"]
    assert chart.legend == (("s0", "a", 8), ("others", "others", 4))
    assert [(tick.position, tick.text) for tick in chart.y_ticks] == [(220, "0"), (110, "5"), (0, "10")]


@pytest.mark.parametrize(
    ("most", "texts"),
    [
        (1, ["0", "1"]),
        (3, ["0", "1", "2", "3"]),
        (8, ["0", "2", "4", "6", "8"]),
        (9, ["0", "5", "10"]),
        (437, ["0", "200", "400", "600"]),
        (1_000_000, ["0", "500,000", "1,000,000"]),
    ],
)
def test_the_scale_has_round_whole_numbers_up_to_the_most(most, texts):
    chart = columns(_activity(("a", (most,))))
    assert [tick.text for tick in chart.y_ticks] == texts


def test_a_column_of_few_beside_many_is_still_seen():
    chart = columns(_activity(("a", (1_000_000, 1))))
    assert chart.columns[1].segments[0].height >= 0.75


def test_all_of_a_chart_is_within_its_width():
    chart = columns(_activity(("a", tuple(range(1, 50)))))
    assert all(each.x >= 0 and each.x + each.width <= 100 for each in chart.columns)
    assert all(0 <= tick.position <= 94 for tick in chart.x_ticks)


def test_every_other_tick_is_left_out_where_there_is_little_room():
    chart = columns(_activity(("a", (1,) * 30)))
    assert [tick.minor for tick in chart.x_ticks] == [number % 2 == 1 for number in range(len(chart.x_ticks))]


def test_bars_compare_with_the_longest():
    assert [(each.name, each.width, each.share) for each in bars([("a", 200), ("b", 50), (None, 0)], 250)] == [
        ("a", 100, "80%"),
        ("b", 25, "20%"),
        (None, 0, "0%"),
    ]


def test_a_bar_of_few_beside_many_is_still_seen():
    assert bars([("a", 1_000_000), ("b", 1)], 1_000_001)[1].width >= 0.3


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 0, "0%"), (0, 9, "0%"), (1, 1000, "<1%"), (999, 1000, ">99%"), (9, 9, "100%"), (1, 3, "33%")],
)
def test_a_share_is_never_nothing_of_something_nor_all_of_not_all(part, whole, text):
    assert percent(part, whole) == text


@pytest.mark.parametrize("most", [1, 4, 25, 437, 10_000])
def test_a_shade_stands_for_the_counts_that_the_key_says(most):
    counts = sorted({0, 1, most, *(most * number // 30 for number in range(31))})
    rhythm = (tuple(counts), (0,) * len(counts))
    shades, ranges = levels(rhythm), level_ranges(rhythm)
    assert shades[1] == [0] * len(counts)
    for count, shade in zip(counts, shades[0], strict=True):
        if not count:
            assert shade == 0
            continue
        low, _, high = ranges[shade - 1].replace(",", "").partition("–")
        assert int(low) <= count <= int(high or low)


def test_spans_show_when_kernels_lived_and_which_end_is_not_known():
    lives = (
        KernelLife("a", None, 0.0, 100.0, 100.0, 0, 0),
        KernelLife("b", None, 50.0, None, 75.0, 0, 0),
        KernelLife("c", None, None, 100.0, 100.0, 0, 0),
    )
    rows = spans(Kernels(latest=lives), UTC).rows
    assert [(each.x, each.width, each.open_start, each.open_end) for each in rows] == [
        (0, 100, False, False),
        (50, 25, False, True),
        (0, 100, True, False),
    ]


def test_a_short_life_is_still_seen_within_the_chart():
    lives = (KernelLife("a", None, 0.0, 1e6, 1e6, 0, 0), KernelLife("b", None, 1e6 - 1, 1e6, 1e6, 0, 0))
    row = spans(Kernels(latest=lives), UTC).rows[1]
    assert row.width >= 1
    assert row.x + row.width <= 100


@pytest.mark.parametrize(
    ("seconds", "texts"),
    [
        (0, ["00:00:00", "00:00:01"]),
        (300, ["00:00:00", "00:05:00"]),
        (7200, ["00:00", "02:00"]),
        (2 * 86400, ["Thu 00:00", "Sat 00:00"]),
        (9 * 86400, ["1 Jan", "10 Jan"]),
    ],
)
def test_the_ticks_of_spans_are_short_enough_for_two_on_a_phone(seconds, texts):
    life = KernelLife("a", None, 0.0, float(seconds), float(seconds), 0, 0)
    ticks = spans(Kernels(latest=(life,)), UTC).ticks
    assert [tick.text for tick in ticks if not tick.minor] == texts
    assert [tick.position for tick in ticks] == [0, 25, 50, 75, 100]
    assert isinstance(ticks[0], Tick)


# What colour-blind readers see, after Machado, Oliveira & Fernandes 2009, at full severity.
_VISION = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}
_LMS = ((0.4122215, 0.5363325, 0.0514460), (0.2119035, 0.6806995, 0.1073970), (0.0883025, 0.2817188, 0.6299787))
_LAB = ((0.2104543, 0.7936178, -0.0040720), (1.9779985, -2.4285922, 0.4505937), (0.0259040, 0.7827718, -0.8086758))


def _times(matrix, vector):
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def _linear(colour):
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return tuple(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)


def _oklab(linear):
    return _times(_LAB, tuple(max(0.0, part) ** (1 / 3) for part in _times(_LMS, linear)))


def _luminance(colour):
    return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), _linear(colour), strict=True))


def _palettes():
    style = Path(report.__file__).with_name("page.css").read_text("utf-8")
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part)) for part in style.split("@media", 2)[:2])
    return {"light": light, "dark": dark}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("vision", list(_VISION))
def test_colour_blind_readers_can_tell_the_series_apart(scheme, vision):
    palette = _palettes()[scheme]
    seen = [
        _oklab(_times(_VISION[vision], _linear(palette[name]))) for name in ("s0", "s1", "s2", "s3", "s4", "others")
    ]
    assert min(math.dist(one, other) for one, other in itertools.combinations(seen, 2)) > 0.1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_and_texts_stand_out_from_what_is_behind_them(scheme):
    palette = _palettes()[scheme]

    def contrast(name, behind):  # WCAG 2.2
        low, high = sorted((_luminance(palette[name]), _luminance(palette[behind])))
        return (high + 0.05) / (low + 0.05)

    assert min(contrast(name, "card") for name in ("s0", "s1", "s2", "s3", "s4", "others")) >= 3  # §1.4.11
    assert (
        min(contrast(name, behind) for name in ("text", "soft") for behind in ("card", "page", "faint")) >= 4.5
    )  # §1.4.3
    assert min(contrast("accent", "page"), contrast("warn", "warn-back")) >= 4.5
