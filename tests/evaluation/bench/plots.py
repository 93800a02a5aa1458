"""Charts as SVG: small, the same from the same figures, readable without colour and by a screen reader."""

from __future__ import annotations

from io import StringIO
from typing import Final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from tests.evaluation.bench.findings import Chart

COLOURS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Okabe and Ito's: told apart by the colour-blind, too."""
HATCHES: Final = ("", "//", "\\\\", "xx", "--", "||")
"""Lines only: dots would make a file ten times as large."""
MARKERS: Final = ("o", "s", "^", "D", "v", "P")
LINES: Final = ("-", "--", ":", "-.", "-", "--")
_STYLE: Final = {
    "svg.hashsalt": "greffier",  # ids are the same each time
    "svg.fonttype": "none",  # text stays text: smaller, and it can be read aloud
    "font.family": "sans-serif",
    "font.size": 11,
    "hatch.linewidth": 0.6,
}
_GROUP_WIDTH: Final = 0.8


def svg(chart: Chart) -> str:
    """The chart as SVG."""
    with rc_context(_STYLE):  # type: ignore[arg-type]  # its keys are spelt out in a type of its own
        figure = Figure(figsize=(8, 4.2), layout="constrained", facecolor="white")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        {"lines": _lines, "bars": _bars, "rows": _rows}[chart.kind](axes, chart)
        axes.set_title(chart.title, loc="left", fontweight="bold")
        axes.spines[["top", "right"]].set_visible(False)
        if chart.logarithmic:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:g}")
        if len(chart.series) > 1:
            figure.legend(loc="outside lower center", ncols=min(3, len(chart.series)), frameon=False)
        text = StringIO()
        figure.savefig(
            text, format="svg", metadata={"Title": chart.title, "Description": chart.description, "Date": None}
        )
    lines = (line.rstrip() for line in text.getvalue().splitlines())
    return "\n".join(lines).replace("<svg ", f'<svg role="img" aria-label="{_attribute(chart.description)}" ', 1) + "\n"


def _upright(axes: Axes, chart: Chart) -> None:
    axes.set_xticks(range(len(chart.places)), chart.places)
    axes.set_xlabel(chart.place_label)
    axes.set_ylabel(chart.value_label)


def _lines(axes: Axes, chart: Chart) -> None:
    _upright(axes, chart)
    for n, series in enumerate(chart.series):
        axes.plot(series.values, color=COLOURS[n], marker=MARKERS[n], linestyle=LINES[n], label=series.label)
        for place, value in enumerate(series.values):
            axes.annotate(_short(value), (place, value), (0, 7), textcoords="offset points", ha="center")


def _bars(axes: Axes, chart: Chart) -> None:
    _upright(axes, chart)
    width = _GROUP_WIDTH / len(chart.series)
    for n, series in enumerate(chart.series):
        shift = (n - (len(chart.series) - 1) / 2) * width
        at = [place + shift for place in range(len(series.values))]
        bars = axes.bar(
            at, series.values, width * 0.92, color=COLOURS[n], hatch=HATCHES[n], edgecolor="white", label=series.label
        )
        axes.bar_label(bars, labels=[_short(value) for value in series.values], padding=2, fontsize=9)


def _rows(axes: Axes, chart: Chart) -> None:
    """One series, its places one below the other: they may have long names."""
    (series,) = chart.series
    bars = axes.barh(range(len(chart.places)), series.values, 0.6, color=COLOURS[0])
    axes.bar_label(bars, labels=[_short(value) for value in series.values], padding=4)
    axes.set_yticks(range(len(chart.places)), chart.places)
    axes.set_ylabel(chart.place_label)
    axes.set_xlabel(chart.value_label)
    axes.invert_yaxis()
    axes.margins(x=0.1)


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 or not value else f"{value:.2g}"


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
