"""A comparison of runs as a table for the terminal and as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.compare import Comparison, Row
from pipelines.drawing import BLUE, INK, legible, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_METRICS = (
    "accuracy", "f1", "log_loss", "calibration_error", "mask_ap50", "mask_ap", "ap50", "ap", "miou", "pixel_accuracy",
)  # fmt: skip
"""The ones that matter most, in this order."""
_FIGURES = {
    "parameters": ("parameters", 1.0, ",.0f"),
    "GFLOPs": ("flops", 1e-9, ",.3f"),
    "ONNX, MB": ("bytes", 1e-6, ",.1f"),
    "training, s": ("training_seconds", 1.0, ",.1f"),
    "latency, ms": ("latency_ms", 1.0, ",.2f"),
}
"""Title -> field of `Row`, factor, format."""


def table(comparison: Comparison) -> str:
    """One column a run, one line a figure; below it, each run's difference to the first on the same examples."""
    runs = comparison.runs
    lines = [[title, *(getattr(row, title) for row in runs)] for title in ("model", "run", "data")]
    lines += [[name, *(_metric(row, name) for row in runs)] for name in _shown(runs)]
    for title, (field, factor, style) in _FIGURES.items():
        values = [getattr(row, field) for row in runs]
        lines.append([title, *("-" if value is None else f"{value * factor:{style}}" for value in values)])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    for pair in comparison.pairs:
        gaps = ", ".join(
            f"{name} {gap.value:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]" for name, gap in pair.differences.items()
        )
        sure = "" if pair.p_value is None else f" (McNemar's p {pair.p_value:.3g})"
        text.append(f"{pair.run} against {pair.baseline} on {pair.examples} examples, 95 % intervals: {gaps}{sure}")
    return "\n".join(text)


def _shown(runs: tuple[Row, ...]) -> list[str]:
    found = [name for row in runs for name in row.metrics]
    return [name for name in dict.fromkeys((*_METRICS, *found)) if name in found]


def _metric(row: Row, name: str) -> str:
    if name not in row.metrics:
        return "-"
    one = row.metrics[name]
    return f"{one.value:.4f} [{one.low:.4f}, {one.high:.4f}]"


def draw(comparison: Comparison, path: Path) -> None:
    """One line a run, one panel a figure, to the PNG ``path``."""
    runs = comparison.runs
    metrics = [name for name in _METRICS if any(name in row.metrics for row in runs)][:3]
    figures = {title: one for title, one in _FIGURES.items() if any(getattr(row, one[0]) is not None for row in runs)}
    names = legible([_called(row, runs) for row in runs], 60)
    columns = 4
    rows = -(-(len(metrics) + len(figures)) // columns)
    with picture(path, 3.1 * columns, (1.1 + 0.42 * len(runs)) * rows + 0.6, names) as figure:
        data = ", ".join(legible(sorted({row.data for row in runs})))
        figure.suptitle(f"{data}: metrics with 95 % intervals", x=0.01, ha="left", fontsize=12, fontweight="bold")
        figure.set_layout_engine("constrained", hspace=0.14, wspace=0.06, rect=(0, 0.04, 0.995, 0.96))
        axes = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
        for axis in axes:
            axis.tick_params(axis="y", length=0, labelsize=9)
            axis.spines["left"].set_visible(False)
        for axis in axes[len(metrics) + len(figures) :]:
            axis.set_visible(False)
        for axis, name in zip(axes, metrics, strict=False):
            _intervals(axis, runs, name)
        for axis, (title, (field, factor, style)) in zip(axes[len(metrics) :], figures.items(), strict=False):
            _bars(axis, [getattr(row, field) for row in runs], factor, style, title)
        axes[0].set_yticks(range(len(runs)), names)
        axes[0].set_ylim(len(runs) - 0.4, -0.6)


def _intervals(axis: "Axes", runs: tuple[Row, ...], name: str) -> None:
    for place, row in enumerate(runs):
        if one := row.metrics.get(name):
            axis.plot([one.low, one.high], [place, place], color=BLUE, linewidth=2)
            axis.plot(one.value, place, "o", color=BLUE, markersize=5)
            axis.annotate(
                f"{one.value:.4f}", (one.value, place), (0, 6), textcoords="offset points", ha="center", fontsize=8.5
            )
    axis.set_title(name.replace("_", " "))
    axis.grid(axis="x")
    axis.margins(x=0.18)
    axis.tick_params(axis="x", labelsize=8.5)
    axis.locator_params(axis="x", nbins=4)


def _called(row: Row, runs: Sequence[Row]) -> str:
    """The model, with the data where these differ, and below it the run where two of these are alike; without what its
    folder's name says of both."""

    def title(one: Row) -> str:
        return one.model if len({other.data for other in runs}) == 1 else f"{one.model} on {one.data}"

    if len({title(one) for one in runs}) == len(runs):
        return title(row)
    return f"{title(row)}\n{row.run.replace(f'-{row.data}-{row.model}', '')}"


def _bars(axis: "Axes", values: list[float | None], factor: float, style: str, title: str) -> None:
    """Bars from 0 with their figures, which stand for an axis; their lengths are in proportion, however far apart."""
    most = max(value * factor for value in values if value is not None)
    axis.set_xlim(0, most * 1.5 or 1)
    for place, value in enumerate(values):
        if value is not None:
            axis.barh(place, value * factor, 0.42, color=BLUE)
            axis.annotate(
                f"{value * factor:{style}}", (value * factor, place), (5, 0), textcoords="offset points", va="center",
                fontsize=8.5, color=INK,
            )  # fmt: skip
    axis.axvline(0, color="#9aa0a6", linewidth=0.8)
    axis.set_title(title)
    axis.xaxis.set_visible(False)
    axis.spines["bottom"].set_visible(False)
