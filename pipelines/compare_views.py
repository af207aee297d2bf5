"""A comparison of runs as a table for the terminal and as a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.compare import Comparison, Row
from pipelines.drawing import BLUE, INK, PALE, legible, picture

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
        text.append(f"{pair.run} against {pair.baseline} on {pair.examples} examples: {gaps}{sure}")
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
    """One line a run, one panel a figure, to the PNG ``path``; panels over more than a factor of 30 are logarithmic."""
    runs = comparison.runs
    metrics = [name for name in _METRICS if any(name in row.metrics for row in runs)][:3]
    figures = {title: one for title, one in _FIGURES.items() if any(getattr(row, one[0]) is not None for row in runs)}
    names = legible(
        [f"{row.model}\n{row.run}" if len({r.model for r in runs}) < len(runs) else row.model for row in runs], 60
    )
    columns = 4
    rows = -(-(len(metrics) + len(figures)) // columns)
    with picture(path, 3.1 * columns, (1.1 + 0.42 * len(runs)) * rows + 0.5, names) as figure:
        data = ", ".join(legible(sorted({row.data for row in runs})))
        figure.suptitle(f"{data}: metrics with 95 % intervals", x=0.01, ha="left")
        figure.set_layout_engine("constrained", hspace=0.12)
        axes = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
        for axis in axes:
            axis.tick_params(axis="y", length=0)
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
                f"{one.value:.4f}", (one.value, place), (0, 6), textcoords="offset points", ha="center", fontsize=8
            )
    axis.set_title(name.replace("_", " "))
    axis.grid(axis="x")
    axis.margins(x=0.18)


def _bars(axis: "Axes", values: list[float | None], factor: float, style: str, title: str) -> None:
    known = [value * factor for value in values if value is not None]
    if min(known) > 0 and max(known) / min(known) > 30:
        title += " (log)"
        axis.set_xscale("log")
        axis.set_xlim(min(known) / 10, max(known) * 30)
    else:
        axis.set_xlim(0, max(known) * 1.45)
    for place, value in enumerate(values):
        if value is not None:
            axis.barh(place, value * factor, 0.5, color=PALE)
            axis.annotate(
                f"{value * factor:{style}}", (value * factor, place), (4, 0), textcoords="offset points", va="center",
                fontsize=8, color=INK,
            )  # fmt: skip
    axis.set_title(title)
    axis.xaxis.set_visible(False)
    axis.spines["bottom"].set_visible(False)
