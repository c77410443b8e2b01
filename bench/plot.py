"""The plot: what an event costs each subject, in floors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

from .rounds import figure, short

if TYPE_CHECKING:
    from .rounds import Measured

__all__ = ["LABELS", "draw"]

LABELS = {
    "not allowed": "jupyter_telemetry: not allowed",
    "journal": "jupyter_telemetry: journal",
    "journal, filtered": "jupyter_telemetry: journal, filtered",
    "journal, model": "jupyter_telemetry: journal, event model",
    "FileHandler": "jupyter_telemetry: FileHandler",
    "FileHandler, filtered": "jupyter_telemetry: FileHandler, filtered",
    "structlog": "structlog with orjson",
    "opentelemetry": "OpenTelemetry SDK, batches, exports nothing",
    "stdlib": "logging with python-json-logger",
    "jupyter_events": "jupyter_events",
    "0.1.0": "jupyter_telemetry 0.1.0",
}
_OURS, _OTHERS, _TEXT = "#c2500a", "#5b6f86", "#3c3c3c"


def draw(measured: Measured, path: Path) -> None:
    """Draw a bar for each subject, the cheapest on top; the line on it goes from the lowest to the highest round."""
    costs = {name: measured.above_the_floor(name) for name in LABELS if name in measured.rounds}
    names = sorted(costs, key=lambda name: figure(costs[name]).median, reverse=True)
    canvas = Canvas(figsize=(8.2, 0.42 * len(names) + 1.1), layout="constrained", facecolor="white")
    axes = canvas.add_subplot()
    for at, name in enumerate(names):
        median = figure(costs[name]).median
        colour = _OURS if LABELS[name].startswith("jupyter_telemetry:") else _OTHERS
        axes.barh(at, median, color=colour, height=0.62)
        axes.plot([min(costs[name]), max(costs[name])], [at, at], color=_TEXT, linewidth=1.2)
        axes.annotate(short(median), (max(costs[name]), at), (5, 0), textcoords="offset points", va="center")
    axes.axvline(1, color=_TEXT, linewidth=1, linestyle=":")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.set_xlim(right=axes.get_xlim()[1] * 1.8)
    axes.set_yticks(range(len(names)), [LABELS[name] for name in names])
    axes.set_xlabel("cost of one event, in floors (logarithmic)")
    axes.annotate("the floor", (1, len(names) - 0.45), (0, 2), textcoords="offset points", ha="center", color=_TEXT)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Text stays text, and the same figures give the same file.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "bench", "font.family": "sans-serif"}):
        canvas.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
